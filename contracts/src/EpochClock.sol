// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title The contract's own time
/// @notice Fixed at deployment. Nobody's clock counts but the chain's.
abstract contract EpochClock is ICreditOracle {
    /// @dev Changes are scheduled at least so many epochs ahead.
    uint64 private constant EPOCHS_AHEAD = 2;

    uint64 internal immutable GENESIS;
    uint64 internal immutable EPOCH_LENGTH;
    uint64 internal immutable DELAY;
    uint64 internal immutable MAX_AGE;
    uint64 internal immutable REPORT_LIFE;
    uint64 internal immutable MAX_GAP;
    uint32 internal immutable RING_SIZE;

    constructor(Config memory c) {
        _checkConfig(c);
        GENESIS = c.genesis;
        EPOCH_LENGTH = c.epochLength;
        DELAY = c.delay;
        MAX_AGE = c.maxAge;
        REPORT_LIFE = c.reportLife;
        MAX_GAP = c.maxGap;
        RING_SIZE = c.ringSize;
    }

    /// @inheritdoc ICreditOracle
    function config() external view returns (Config memory) {
        return Config(GENESIS, EPOCH_LENGTH, DELAY, MAX_AGE, REPORT_LIFE, MAX_GAP, RING_SIZE);
    }

    /// @inheritdoc ICreditOracle
    function endOf(uint64 epoch) public view returns (uint256) {
        return uint256(GENESIS) + uint256(epoch) * EPOCH_LENGTH;
    }

    /// @inheritdoc ICreditOracle
    function epochAt(uint64 time) public view returns (uint64) {
        return time <= GENESIS ? 1 : (time - GENESIS - 1) / EPOCH_LENGTH + 1;
    }

    /// @dev Epochs are kept in 40 bits where they are packed.
    function _checkAhead(uint64 fromEpoch) internal view {
        uint64 earliest = _epochNow() + EPOCHS_AHEAD;
        if (fromEpoch < earliest) revert TooSoon(fromEpoch, earliest);
        if (fromEpoch > type(uint40).max) revert TooFarAhead(fromEpoch, type(uint40).max);
    }

    function _epochNow() internal view returns (uint64) {
        return epochAt(uint64(block.timestamp));
    }

    function _checkAge(uint64 snapshotTime, uint64 maxAge) internal view {
        if (!_isYoung(snapshotTime, maxAge)) revert TooOld(snapshotTime, maxAge < MAX_AGE ? maxAge : MAX_AGE);
    }

    function _isYoung(uint64 snapshotTime, uint64 maxAge) internal view returns (bool) {
        uint256 age = block.timestamp - snapshotTime; // a snapshot is never in the future: publish saw to it
        return age <= maxAge && age <= MAX_AGE;
    }

    function _checkConfig(Config memory c) private pure {
        if (c.epochLength == 0) revert EpochLengthZero();
        if (uint256(c.delay) * 2 >= c.epochLength) revert DelayTooLong(c.delay, c.epochLength);
        if (c.maxGap >= c.epochLength) revert GapTooLong(c.maxGap, c.epochLength);
        uint256 leastAge = uint256(c.epochLength) + c.delay + c.reportLife;
        if (c.maxAge < leastAge) revert MaxAgeTooShort(c.maxAge, leastAge);
        uint256 leastRing = (uint256(c.maxAge) + c.epochLength - 1) / c.epochLength + 2; // rounded up
        if (c.ringSize < leastRing) revert RingTooSmall(c.ringSize, leastRing);
    }
}
