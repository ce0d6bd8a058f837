// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "../ICreditOracle.sol";

/// @title A CreditOracle for lenders' own tests: no committee, no tree, every answer by one call
/// @notice Only what a lender reads: `verifyScore`, `verifyAtLeast`, `scoreOf`, `getScoreNoOlderThan`, `tryGetScore`,
/// `currentEpoch` and `rootOf`, with the answers and the errors of the real one (a test compares them, case by case). Hand it to a lender as
/// `ICreditOracle(address(mock))`. There is one epoch, 1, whose snapshot is of the moment of deployment; age it by moving time.
/// What `scored`, `thin` and `disputed` set can be proven, with `scoreProof` and `atLeastProof`, and is posted as well.
/// Never deploy it where money is: it believes whatever it is told.
contract MockCreditOracle {
    struct File {
        uint16 score;
        uint8 status;
        bool posted;
    }

    uint64 public constant EPOCH = 1;
    uint64 public constant MAX_AGE = 15 days;
    uint16 public constant WIDTH = 25;
    uint8 private constant STATUS_MASK = 127;

    ICreditOracle.Root private _root;
    mapping(address borrower => File) private _files;

    /// @notice Scores are from 300 to 850.
    error NoSuchScore(uint16 score);
    /// @notice Nothing can be that old yet: a test's clock starts at 1, so move it on first.
    error ClockTooEarly(uint256 time);

    constructor() {
        uint64 time = uint64(block.timestamp);
        _root = ICreditOracle.Root({
            root: keccak256("root"),
            epoch: EPOCH,
            activeFrom: time,
            snapshotTime: time,
            mark: ICreditOracle.Mark.Standing
        });
    }

    // ------------------------------------------------------------------------------------------------------- what is so

    /// @notice A full record.
    function scored(address borrower, uint16 score) external {
        _set(borrower, score, 1);
    }

    /// @notice A short record: the interval is wider.
    function thin(address borrower, uint16 score) external {
        _set(borrower, score, 2);
    }

    /// @notice A full record with an open dispute.
    function disputed(address borrower, uint16 score) external {
        _set(borrower, score, 129);
    }

    /// @notice The borrower deleted what it had posted. Proofs still hold.
    function withdrawn(address borrower) external {
        _files[borrower].posted = false;
    }

    /// @notice The snapshot is older than the oracle shows to anybody.
    function stale() external {
        if (block.timestamp <= MAX_AGE) revert ClockTooEarly(block.timestamp);
        _root.snapshotTime = uint64(block.timestamp) - MAX_AGE - 1;
    }

    /// @notice The only root is held back, because its figures lie outside the limits: nothing is proven or was ever posted.
    function held() external {
        _root.mark = ICreditOracle.Mark.Held;
    }

    /// @notice The only root is published and not read yet: nothing is proven or was ever posted.
    function upcoming() external {
        _root.activeFrom = uint64(block.timestamp) + 1 days;
    }

    // ----------------------------------------------------------------------------------------------------------- proofs

    /// @notice What the borrower would hand over. Change a field, and it does not hold.
    function scoreProof(address borrower) external view returns (ICreditOracle.ScoreProof memory proof) {
        (proof.epoch, proof.status) = (EPOCH, _files[borrower].status);
        (proof.score, proof.width) = (_files[borrower].score, WIDTH);
    }

    /// @notice What the borrower would hand over; above the score it does not hold.
    function atLeastProof(address borrower, uint16 threshold)
        external
        view
        returns (ICreditOracle.AtLeastProof memory proof)
    {
        (proof.epoch, proof.status, proof.threshold) = (EPOCH, _files[borrower].status, threshold);
    }

    // ------------------------------------------------------------------------------------------------ as ICreditOracle

    function verifyScore(address borrower, ICreditOracle.ScoreProof calldata proof, uint64 maxAge)
        external
        view
        returns (uint16, uint16, uint8, uint64, uint64)
    {
        _checkReadable(borrower, proof.epoch, proof.status, maxAge);
        File memory file = _files[borrower];
        if (proof.score != file.score || proof.width != WIDTH || proof.status != file.status) {
            revert ICreditOracle.ScoreNotProven(borrower, proof.score);
        }
        return (file.score, WIDTH, file.status, EPOCH, _root.snapshotTime);
    }

    function verifyAtLeast(address borrower, ICreditOracle.AtLeastProof calldata proof, uint64 maxAge)
        external
        view
        returns (uint8, uint64, uint64)
    {
        uint16 threshold = proof.threshold;
        if (threshold <= 300 || threshold > 850 || threshold % 10 != 0) revert ICreditOracle.BadThreshold(threshold);
        _checkReadable(borrower, proof.epoch, proof.status, maxAge);
        File memory file = _files[borrower];
        if (threshold > file.score || proof.status != file.status) {
            revert ICreditOracle.AtLeastNotProven(borrower, threshold);
        }
        return (file.status, EPOCH, _root.snapshotTime);
    }

    function scoreOf(address borrower) external view returns (uint16, uint16, uint8, uint64, uint64) {
        return _isPosted(borrower) ? _posted(borrower) : (0, 0, 0, 0, 0);
    }

    function getScoreNoOlderThan(address borrower, uint64 maxAge)
        external
        view
        returns (uint16, uint16, uint8, uint64, uint64)
    {
        if (!_isPosted(borrower)) revert ICreditOracle.NothingPosted(borrower);
        _checkAge(maxAge);
        return _posted(borrower);
    }

    function tryGetScore(address borrower, uint64 maxAge)
        external
        view
        returns (bool ok, uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        if (!_isPosted(borrower) || !_isYoung(_least(maxAge))) return (false, 0, 0, 0, 0, 0);
        (score, width, status, epoch, snapshotTime) = _posted(borrower);
        ok = true;
    }

    function currentEpoch() public view returns (uint64) {
        return _root.mark == ICreditOracle.Mark.Standing && _root.activeFrom <= block.timestamp ? EPOCH : 0;
    }

    function rootOf(uint64 epoch) external view returns (ICreditOracle.Root memory root) {
        if (epoch == EPOCH) root = _root;
    }

    // --------------------------------------------------------------------------------------------------------- private

    function _set(address borrower, uint16 score, uint8 status) private {
        if (score < 300 || score > 850) revert NoSuchScore(score);
        _files[borrower] = File({ score: score, status: status, posted: true });
    }

    /// @dev In the real one's order.
    function _checkReadable(address borrower, uint64 epoch, uint8 status, uint64 maxAge) private view {
        if (status & STATUS_MASK == 0) revert ICreditOracle.Insufficient(borrower);
        if (currentEpoch() == 0) revert ICreditOracle.NoRoot();
        if (epoch != EPOCH) revert ICreditOracle.NotCurrentEpoch(epoch, EPOCH);
        _checkAge(maxAge);
    }

    function _checkAge(uint64 maxAge) private view {
        if (!_isYoung(_least(maxAge))) revert ICreditOracle.TooOld(_root.snapshotTime, _least(maxAge));
    }

    function _isYoung(uint64 maxAge) private view returns (bool) {
        return block.timestamp <= uint256(_root.snapshotTime) + maxAge;
    }

    function _least(uint64 maxAge) private pure returns (uint64) {
        return maxAge < MAX_AGE ? maxAge : MAX_AGE;
    }

    function _isPosted(address borrower) private view returns (bool) {
        return _files[borrower].posted && currentEpoch() != 0;
    }

    function _posted(address borrower) private view returns (uint16, uint16, uint8, uint64, uint64) {
        return (_files[borrower].score, WIDTH, _files[borrower].status, EPOCH, _root.snapshotTime);
    }
}
