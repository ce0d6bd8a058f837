// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract PostScoreTest is Fixture {
    /// @dev Where `_posted` lies, as `forge inspect CreditOracle storage-layout` says.
    uint256 internal constant POSTED_SLOT = 9;

    function _post(File[] memory files, uint256 i, uint64 epoch) private {
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, i, epoch);
        vm.prank(files[i].borrower);
        oracle.postScore(proof);
    }

    function _scoreNow(address borrower) private view returns (uint16 score, uint64 epoch) {
        (score,,, epoch,) = oracle.scoreOf(borrower);
    }

    function _tooOld(address borrower, uint64 maxAge, uint64 limit) private {
        (,,,, uint64 snapshotTime) = oracle.scoreOf(borrower);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, limit));
        oracle.getScoreNoOlderThan(borrower, maxAge);
        _nothing(borrower, maxAge);
    }

    function _nothing(address borrower, uint64 maxAge) private view {
        (bool ok, uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime) =
            oracle.tryGetScore(borrower, maxAge);
        vm.assertFalse(ok);
        vm.assertEq(uint256(score) + width + status + epoch + snapshotTime, 0);
    }

    function test_postScore__when_caller_is_not_the_borrower__then_refused(address other) public {
        File[] memory files = _files(3);
        vm.assume(other != files[1].borrower);
        _publishActive(1, _tree(files)[0]);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 1);
        vm.prank(other);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, other, proof.score));
        oracle.postScore(proof);
        (uint16 score,) = _scoreNow(files[1].borrower);
        vm.assertEq(score, 0);
    }

    function test_postScore__when_the_snapshot_is_too_old__then_refused() public {
        File[] memory files = _files(3);
        _publishActive(1, _tree(files)[0]);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(uint256(snapshotTime) + MAX_AGE + 1);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 1);
        vm.prank(files[1].borrower);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, MAX_AGE));
        oracle.postScore(proof);
    }

    function test_postScore__when_a_newer_one_is_posted__then_refused(uint64 newer) public {
        newer = uint64(_bound(newer, 2, type(uint64).max));
        File[] memory files = _files(3);
        _publishActive(1, _tree(files)[0]);
        bytes32 slot = keccak256(abi.encode(files[1].borrower, POSTED_SLOT));
        vm.store(address(oracle), slot, bytes32(uint256(newer) << 40));
        (, uint64 epoch) = _scoreNow(files[1].borrower);
        vm.assertEq(epoch, newer);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 1);
        vm.prank(files[1].borrower);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NewerPosted.selector, 1, newer));
        oracle.postScore(proof);
    }

    function test_getScore__when_nothing_is_posted__then_refused(address borrower, uint64 maxAge) public {
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NothingPosted.selector, borrower));
        oracle.getScoreNoOlderThan(borrower, maxAge);
        _nothing(borrower, maxAge);
    }

    function test_getScore__when_too_old__then_refused(uint64 maxAge) public {
        File[] memory files = _files(3);
        _publishActive(1, _tree(files)[0]);
        _post(files, 1, 1);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        uint64 age = uint64(block.timestamp) - snapshotTime;
        maxAge = uint64(_bound(maxAge, 0, age - 1));
        _tooOld(files[1].borrower, maxAge, maxAge);
        vm.warp(uint256(snapshotTime) + MAX_AGE + 1);
        _tooOld(files[1].borrower, type(uint64).max, MAX_AGE);
    }

    function test_postScore__when_proven__then_it_is_read_without_a_proof(uint8 which, bool disputed) public {
        File[] memory files = _files(5);
        uint256 i = which % 5;
        if (disputed) files[i].status |= 128;
        _publishActive(1, _tree(files)[0]);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.expectEmit(address(oracle));
        emit ICreditOracle.ScorePosted(files[i].borrower, 1, files[i].status, files[i].score, 25, snapshotTime);
        _post(files, i, 1);

        (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 time) =
            oracle.getScoreNoOlderThan(files[i].borrower, MAX_AGE);
        bytes memory expected = abi.encode(files[i].score, uint16(25), files[i].status, uint64(1), snapshotTime);
        vm.assertEq(abi.encode(score, width, status, epoch, time), expected);
        (score, width, status, epoch, time) = oracle.scoreOf(files[i].borrower);
        vm.assertEq(abi.encode(score, width, status, epoch, time), expected);
        bool ok;
        (ok, score, width, status, epoch, time) = oracle.tryGetScore(files[i].borrower, MAX_AGE);
        vm.assertTrue(ok);
        vm.assertEq(abi.encode(score, width, status, epoch, time), expected);
    }

    function test_postScore__when_posted_again_later__then_the_later_one_stands() public {
        File[] memory files = _files(3);
        _publishActive(1, _tree(files)[0]);
        _post(files, 1, 1);
        _post(files, 1, 1); // the same again changes nothing
        files[1].score = 777;
        _publishActive(2, _tree(files)[0]);
        _post(files, 1, 2);
        (uint16 score, uint64 epoch) = _scoreNow(files[1].borrower);
        vm.assertEq(score, 777);
        vm.assertEq(epoch, 2);
    }
}
