// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title A root's epoch, the times that decide whether it is read, and its mark, in one word
/// @notice From the lowest bit: epoch, activeFrom, snapshotTime (64 bits each), mark. All zero: no root. A word is handed on in
/// place of a struct, because every publication and every read would pay for the struct's memory.
type Times is uint256;

using { epochIn, activeFromIn, snapshotTimeIn, markIn, marked, isRead } for Times global;

function timesOf(uint64 epoch, uint64 activeFrom, uint64 snapshotTime, ICreditOracle.Mark mark) pure returns (Times) {
    return Times.wrap(
        uint256(epoch) | uint256(activeFrom) << 64 | uint256(snapshotTime) << 128 | uint256(uint8(mark)) << 192
    );
}

function epochIn(Times times) pure returns (uint64) {
    return uint64(Times.unwrap(times));
}

function activeFromIn(Times times) pure returns (uint64) {
    return uint64(Times.unwrap(times) >> 64);
}

function snapshotTimeIn(Times times) pure returns (uint64) {
    return uint64(Times.unwrap(times) >> 128);
}

function markIn(Times times) pure returns (ICreditOracle.Mark) {
    return ICreditOracle.Mark(Times.unwrap(times) >> 192);
}

/// @dev The same with another mark.
function marked(Times times, ICreditOracle.Mark mark) pure returns (Times) {
    return timesOf(epochIn(times), activeFromIn(times), snapshotTimeIn(times), mark);
}

/// @dev Whether this is `epoch`'s root, it stands, and it is active at `time`. Standing is 0.
function isRead(Times times, uint64 epoch, uint256 time) pure returns (bool) {
    return epochIn(times) == epoch && activeFromIn(times) <= time && Times.unwrap(times) >> 192 == 0;
}
