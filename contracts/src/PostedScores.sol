// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";
import { Proofs } from "./Proofs.sol";
import { Roots } from "./Roots.sol";

/// @title Proofs checked, and scores that borrowers have posted
/// @notice What is posted was proven against the root that was current at that moment.
abstract contract PostedScores is Roots {
    /// @dev One slot a borrower.
    struct Posted {
        uint16 score;
        uint16 width;
        uint8 status;
        uint64 epoch;
        uint64 snapshotTime;
    }

    bytes32 private constant CONSENT_TYPEHASH =
        keccak256("PostConsent(address borrower,uint64 epoch,uint256 nonce,uint64 deadline,address caller)");

    /// @dev The status without the flag of an open dispute.
    uint8 private constant STATUS_MASK = 127;

    mapping(address borrower => Posted) private _posted;

    // -------------------------------------------------------------------------------------------------------------- proofs

    /// @inheritdoc ICreditOracle
    function verifyScore(address borrower, ScoreProof calldata proof, uint64 maxAge)
        public
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        bytes32 root;
        (root, snapshotTime) = _readableBy(borrower, proof.epoch, proof.status);
        _checkAge(snapshotTime, maxAge);
        if (!Proofs.holds(root, borrower, proof)) revert ScoreNotProven(borrower, proof.score);
        return (proof.score, proof.width, proof.status, proof.epoch, snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function verifyAtLeast(address borrower, AtLeastProof calldata proof, uint64 maxAge)
        external
        view
        returns (uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        if (!Proofs.isThreshold(proof.threshold)) revert BadThreshold(proof.threshold);
        bytes32 root;
        (root, snapshotTime) = _readableBy(borrower, proof.epoch, proof.status);
        _checkAge(snapshotTime, maxAge);
        if (!Proofs.holds(root, borrower, proof)) revert AtLeastNotProven(borrower, proof.threshold);
        return (proof.status, proof.epoch, snapshotTime);
    }

    // ------------------------------------------------------------------------------------------------------- posted scores

    /// @inheritdoc ICreditOracle
    function postScore(ScoreProof calldata proof) external {
        _post(msg.sender, proof);
    }

    /// @inheritdoc ICreditOracle
    function postScoreFor(
        address borrower,
        ScoreProof calldata proof,
        PostConsent calldata consent,
        bytes calldata signature
    ) external {
        if (consent.caller != address(0) && consent.caller != msg.sender) {
            revert ConsentForOtherCaller(consent.caller);
        }
        if (consent.epoch != proof.epoch) revert ConsentForOtherEpoch(consent.epoch, proof.epoch);
        _useCheckedNonce(borrower, consent.nonce);
        _checkSigned(borrower, keccak256(abi.encode(CONSENT_TYPEHASH, borrower, consent)), consent.deadline, signature);
        _post(borrower, proof);
    }

    /// @inheritdoc ICreditOracle
    function withdrawScore() external {
        delete _posted[msg.sender];
        _useNonce(msg.sender);
        emit ScoreWithdrawn(msg.sender);
    }

    /// @inheritdoc ICreditOracle
    function scoreOf(address borrower) external view returns (uint16, uint16, uint8, uint64, uint64) {
        Posted memory posted = _posted[borrower];
        return (posted.score, posted.width, posted.status, posted.epoch, posted.snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function getScoreNoOlderThan(address borrower, uint64 maxAge)
        external
        view
        returns (uint16, uint16, uint8, uint64, uint64)
    {
        Posted memory posted = _posted[borrower];
        if (posted.epoch == 0) revert NothingPosted(borrower);
        _checkAge(posted.snapshotTime, maxAge);
        return (posted.score, posted.width, posted.status, posted.epoch, posted.snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function tryGetScore(address borrower, uint64 maxAge)
        external
        view
        returns (bool ok, uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        Posted memory posted = _posted[borrower];
        if (posted.epoch == 0 || !_isYoung(posted.snapshotTime, maxAge)) return (false, 0, 0, 0, 0, 0);
        return (true, posted.score, posted.width, posted.status, posted.epoch, posted.snapshotTime);
    }

    // ------------------------------------------------------------------------------------------------------------- private

    function _post(address borrower, ScoreProof calldata proof) private {
        (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime) =
            verifyScore(borrower, proof, MAX_AGE);
        uint64 posted = _posted[borrower].epoch;
        if (posted > epoch) revert NewerPosted(epoch, posted);
        _posted[borrower] = Posted(score, width, status, epoch, snapshotTime);
        emit ScorePosted(borrower, epoch, status, score, width, snapshotTime);
    }

    /// @dev The current root and its snapshot's time, if the proof is of it and its status is one that has a score.
    function _readableBy(address borrower, uint64 epoch, uint8 status) private view returns (bytes32, uint64) {
        if (status & STATUS_MASK == 0) revert Insufficient(borrower);
        return _readable(epoch);
    }
}
