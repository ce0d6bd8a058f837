// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";
import { Roots } from "./Roots.sol";
import { Timeline } from "./Timeline.sol";

/// @title The chains whose events count
/// @notice A chain, once listed, stays; one that is dead is frozen at a block, so that what happened on it still counts.
/// @dev In a chain's timeline 0 stands for "not listed", else `frozenAt` has the bit LISTED above it.
abstract contract SourceChains is Roots {
    uint256 private constant MAX_SOURCES = 32;
    uint256 private constant LISTED = 1 << 64;

    /// @dev In ascending order of ids.
    uint64[] private _chainIds;
    mapping(uint64 chainId => Timeline) private _timelines;
    mapping(uint64 chainId => uint64 fromEpoch) private _newestFrom;

    constructor(uint64[] memory sourceChains) {
        uint64 previous = 0;
        for (uint256 i = 0; i < sourceChains.length; ++i) {
            if (sourceChains[i] <= previous) revert SourcesNotAscending(sourceChains[i], previous);
            previous = sourceChains[i];
            _setSource(previous, 0, 0);
        }
        if (_timelines[uint64(block.chainid)].valueAt(0, 0) == 0) revert HomeSourceNeeded(uint64(block.chainid));
    }

    /// @inheritdoc ICreditOracle
    function scheduleSource(uint64 chainId, uint64 frozenAt, uint64 fromEpoch) external onlyOwner {
        _checkAhead(fromEpoch);
        if (chainId == 0) revert SourcesNotAscending(0, 0);
        if (chainId == block.chainid && frozenAt != 0) revert HomeSourceNeeded(chainId);
        _setSource(chainId, frozenAt, fromEpoch);
    }

    /// @inheritdoc ICreditOracle
    function sourcesAt(uint64 epoch) external view returns (Source[] memory sources) {
        uint256 known = _chainIds.length;
        sources = new Source[](known);
        uint256 count = 0;
        for (uint256 i = 0; i < known; ++i) {
            uint64 chainId = _chainIds[i];
            uint256 value = uint256(_timelines[chainId].valueAt(_newestFrom[chainId], epoch));
            if (value != 0) sources[count++] = Source(chainId, uint64(value));
        }
        assembly ("memory-safe") {
            mstore(sources, count) // chains that are not listed yet leave the end of it empty
        }
    }

    function _setSource(uint64 chainId, uint64 frozenAt, uint64 fromEpoch) private {
        Timeline storage timeline = _timelines[chainId];
        uint64 newestFrom = _newestFrom[chainId];
        if (timeline.changes[newestFrom].value == 0) _insert(chainId);
        _newestFrom[chainId] = timeline.change(newestFrom, fromEpoch, bytes32(LISTED | frozenAt));
        emit SourceScheduled(chainId, frozenAt, fromEpoch);
    }

    function _insert(uint64 chainId) private {
        uint256 place = _chainIds.length;
        if (place == MAX_SOURCES) revert TooManySources(MAX_SOURCES);
        _chainIds.push(chainId);
        for (; place > 0 && _chainIds[place - 1] > chainId; --place) {
            _chainIds[place] = _chainIds[place - 1];
        }
        _chainIds[place] = chainId;
    }
}
