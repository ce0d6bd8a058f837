// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { SignedWords } from "./SignedWords.sol";
import { Times, timesOf } from "./Times.sol";

/// @title The ring of roots, and who may intervene
/// @notice The last roots, of which the highest that is active, neither held nor vetoed, is read.
/// @dev The ring is indexed by epoch modulo its size, so a skipped epoch leaves an older root where it is, and every look-up
/// compares the epoch that is stored. Vetoes only meet roots that nobody has read, so no read is ever taken back.
abstract contract Roots is SignedWords, Ownable2Step {
    /// @dev One slot: all that a publication reads besides the committee and the model.
    struct Head {
        uint40 latestEpoch;
        uint40 committeeFrom;
        uint40 modelFrom;
        uint40 pausedUntil;
        uint16 minMeanScore;
        uint16 maxMeanScore;
        uint16 maxMovedBps;
        uint16 maxPsiBps;
        uint24 minBorrowers;
    }

    struct Entry {
        bytes32 root;
        Times times;
    }

    /// @dev One slot. The guardian pauses again only once `latestEpoch` has reached `pauseFrom`.
    struct Guard {
        address guardian;
        uint40 lastVetoed;
        uint40 pauseFrom;
    }

    uint64 private constant LONGEST_PAUSE = 3 days;

    Head internal _head;
    Guard private _guard;
    mapping(uint64 place => Entry) private _ring;

    constructor(Limits memory limits_, address guardian_) {
        _setLimits(limits_);
        _setGuardian(guardian_);
    }

    modifier onlyGuardian() {
        if (msg.sender != _guard.guardian) _checkOwner();
        _;
    }

    // ------------------------------------------------------------------------------------------------------------- reading

    /// @inheritdoc ICreditOracle
    function latestEpoch() external view returns (uint64) {
        return _head.latestEpoch;
    }

    /// @inheritdoc ICreditOracle
    function currentEpoch() external view returns (uint64) {
        (, Times times) = _current(block.timestamp);
        return times.epochIn();
    }

    /// @inheritdoc ICreditOracle
    function standingEpoch() external view returns (uint64) {
        (, Times times) = _current(type(uint64).max);
        return times.epochIn();
    }

    /// @inheritdoc ICreditOracle
    function rootOf(uint64 epoch) external view returns (Root memory root) {
        Entry storage entry = _at(epoch);
        Times times = entry.times;
        if (!_isKept(epoch, times)) return root;
        return Root(entry.root, epoch, times.activeFromIn(), times.snapshotTimeIn(), times.markIn());
    }

    /// @inheritdoc ICreditOracle
    function limits() external view returns (Limits memory) {
        Head memory head = _head;
        return Limits(head.minBorrowers, head.minMeanScore, head.maxMeanScore, head.maxMovedBps, head.maxPsiBps);
    }

    /// @inheritdoc ICreditOracle
    function guardian() external view returns (address) {
        return _guard.guardian;
    }

    /// @inheritdoc ICreditOracle
    function pausedUntil() external view returns (uint64) {
        return _head.pausedUntil;
    }

    // -------------------------------------------------------------------------------------------------------- intervention

    /// @inheritdoc ICreditOracle
    function veto(uint64 epoch, bytes32 reasonHash) external onlyGuardian {
        Entry storage entry = _published(epoch);
        Times times = entry.times;
        if (times.activeFromIn() <= block.timestamp) revert NotUpcoming(epoch, times.activeFromIn());
        if (times.markIn() == Mark.Vetoed) revert AlreadyVetoed(epoch);
        uint40 last = _guard.lastVetoed;
        if (last != 0 && !_passedBetween(last, epoch) && msg.sender != owner()) revert VetoInARow(epoch, last);

        entry.times = times.marked(Mark.Vetoed);
        if (epoch > last) _guard.lastVetoed = uint40(epoch);
        emit Vetoed(epoch, msg.sender, reasonHash);
    }

    /// @inheritdoc ICreditOracle
    function pause(uint64 until) external onlyGuardian {
        uint64 longest = uint64(block.timestamp) + LONGEST_PAUSE;
        if (until <= block.timestamp || until > longest) revert PauseOutOfRange(until, longest);
        uint40 latest = _head.latestEpoch;
        if (msg.sender != owner()) {
            if (latest < _guard.pauseFrom) revert PauseInARow(latest);
            _guard.pauseFrom = latest + 1;
        }
        _head.pausedUntil = uint40(until);
        emit Paused(until);
    }

    /// @inheritdoc ICreditOracle
    function unpause() external onlyGuardian {
        _head.pausedUntil = 0;
        emit Unpaused();
    }

    /// @inheritdoc ICreditOracle
    function release(uint64 epoch) external onlyOwner {
        Entry storage entry = _published(epoch);
        Times times = entry.times;
        if (times.markIn() != Mark.Held) revert NotHeld(epoch);
        entry.times = times.marked(Mark.Standing);
        emit Released(epoch);
    }

    /// @inheritdoc ICreditOracle
    function setLimits(Limits calldata limits_) external onlyOwner {
        _setLimits(limits_);
    }

    /// @inheritdoc ICreditOracle
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    // ------------------------------------------------------------------------------------------------------------ internal

    /// @dev Stores the root of a checked report; returns when it is read.
    function _store(EpochReport calldata report, Head memory head) internal returns (uint64 activeFrom) {
        activeFrom = uint64(block.timestamp) + DELAY;
        Mark mark = _isInside(report, head) ? Mark.Standing : Mark.Held;
        _head.latestEpoch = uint40(report.epoch); // it has ended, so it fits
        Entry storage entry = _at(report.epoch);
        entry.root = report.root;
        entry.times = timesOf(report.epoch, activeFrom, report.snapshotTime, mark);
        if (mark == Mark.Held) emit HeldBack(report.epoch);
    }

    /// @dev The current root and its snapshot's time, if a proof of this epoch can be checked against it.
    function _readable(uint64 epoch) internal view returns (bytes32 root, uint64 snapshotTime) {
        (Entry storage entry, Times times) = _current(block.timestamp);
        uint64 current = times.epochIn();
        if (current == 0) revert NoRoot();
        if (epoch != current) revert NotCurrentEpoch(epoch, current);
        return (entry.root, times.snapshotTimeIn());
    }

    /// @dev The highest epoch that stands and is active at `time`; times all zero when there is none.
    function _current(uint256 time) private view returns (Entry storage entry, Times times) {
        uint64 epoch = _head.latestEpoch;
        uint64 gone = epoch > RING_SIZE ? epoch - RING_SIZE : 0;
        do {
            entry = _at(epoch);
            times = entry.times;
            if (times.isRead(epoch, time)) return (entry, times); // at epoch 0, when there is no root at all, they are zero
        } while (--epoch > gone);
        return (entry, Times.wrap(0));
    }

    function _at(uint64 epoch) private view returns (Entry storage) {
        return _ring[epoch % RING_SIZE];
    }

    function _published(uint64 epoch) private view returns (Entry storage entry) {
        entry = _at(epoch);
        if (!_isKept(epoch, entry.times)) revert NotInRing(epoch);
    }

    /// @dev Whether the times at an epoch's place are its own: a skipped epoch leaves those of an older one where they were.
    function _isKept(uint64 epoch, Times found) private view returns (bool) {
        return epoch != 0 && found.epochIn() == epoch && uint256(epoch) + RING_SIZE > _head.latestEpoch;
    }

    /// @dev Whether the ring holds a root between two epochs that was not vetoed.
    function _passedBetween(uint64 lower, uint64 upper) private view returns (bool) {
        uint64 gone = upper > RING_SIZE ? upper - RING_SIZE : 0;
        uint64 last = lower > gone ? lower : gone;
        for (uint64 epoch = upper - 1; epoch > last; --epoch) {
            Times times = _at(epoch).times;
            if (times.epochIn() == epoch && times.markIn() != Mark.Vetoed) return true;
        }
        return false;
    }

    function _isInside(EpochReport calldata report, Head memory head) private pure returns (bool) {
        uint16 mean = report.meanScore;
        return report.borrowers >= head.minBorrowers
            && (mean == 0 || (mean >= head.minMeanScore && mean <= head.maxMeanScore))
            && report.movedBps <= head.maxMovedBps && report.psiBps <= head.maxPsiBps;
    }

    function _setLimits(Limits memory l) private {
        if (l.minMeanScore > l.maxMeanScore) revert LimitsOutOfOrder(l.minMeanScore, l.maxMeanScore);
        Head storage head = _head;
        head.minBorrowers = l.minBorrowers;
        head.minMeanScore = l.minMeanScore;
        head.maxMeanScore = l.maxMeanScore;
        head.maxMovedBps = l.maxMovedBps;
        head.maxPsiBps = l.maxPsiBps;
        emit LimitsSet(l);
    }

    function _setGuardian(address guardian_) private {
        _guard.guardian = guardian_;
        emit GuardianSet(guardian_);
    }
}
