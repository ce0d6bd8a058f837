// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Emits the logs it is told to
/// @notice For development chains only: its runtime code, set at the address of a recorded protocol, replays that protocol's
/// history as logs of the protocol's own shape. It keeps no state, so its code works at any address.
contract LogReplayer {
    /// @param topics at most four; the first is the hash of the event's signature
    /// @param data the event's other arguments, encoded
    struct Log {
        bytes32[] topics;
        bytes data;
    }

    /// @notice A log has at most four topics.
    error TooManyTopics(uint256 topics);

    /// @notice Emits exactly this log.
    function replay(bytes32[] calldata topics, bytes calldata data) external {
        _emit(topics, data);
    }

    /// @notice Emits exactly these logs, in order.
    function replayAll(Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            _emit(logs[i].topics, logs[i].data);
        }
    }

    function _emit(bytes32[] calldata topics, bytes memory data) private {
        if (topics.length > 4) revert TooManyTopics(topics.length);
        assembly ("memory-safe") {
            let at := add(data, 0x20)
            let size := mload(data)
            let t := topics.offset
            switch topics.length
            case 0 { log0(at, size) }
            case 1 { log1(at, size, calldataload(t)) }
            case 2 { log2(at, size, calldataload(t), calldataload(add(t, 0x20))) }
            case 3 { log3(at, size, calldataload(t), calldataload(add(t, 0x20)), calldataload(add(t, 0x40))) }
            default {
                log4(
                    at,
                    size,
                    calldataload(t),
                    calldataload(add(t, 0x20)),
                    calldataload(add(t, 0x40)),
                    calldataload(add(t, 0x60))
                )
            }
        }
    }
}
