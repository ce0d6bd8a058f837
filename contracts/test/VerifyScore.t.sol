// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract VerifyScoreTest is Fixture {
    function _publishFiles(uint256 size) private returns (File[] memory made) {
        made = _files(size);
        _publishActive(1, _tree(made)[0]);
    }

    function _refused(address borrower, ICreditOracle.ScoreProof memory proof, bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.verifyScore(borrower, proof, MAX_AGE);
    }

    function _notProven(address borrower, ICreditOracle.ScoreProof memory proof) private {
        _refused(borrower, proof, abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, borrower, proof.score));
    }

    function test_verifyScore__when_no_root_is_read_yet__then_refused() public {
        File[] memory made = _files(3);
        ICreditOracle.ScoreProof memory proof = _scoreProof(made, 0, 1);
        _refused(made[0].borrower, proof, abi.encodeWithSelector(ICreditOracle.NoRoot.selector));
        _publish(_report(1, _tree(made)[0]));
        _refused(made[0].borrower, proof, abi.encodeWithSelector(ICreditOracle.NoRoot.selector));
        vm.warp(block.timestamp + DELAY);
        oracle.verifyScore(made[0].borrower, proof, MAX_AGE);
    }

    function test_verifyScore__when_proof_is_of_another_epoch__then_refused(uint64 epoch) public {
        vm.assume(epoch != 1);
        File[] memory made = _publishFiles(3);
        ICreditOracle.ScoreProof memory proof = _scoreProof(made, 0, epoch);
        _refused(made[0].borrower, proof, abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, epoch, 1));
    }

    function test_verifyScore__when_a_newer_root_is_read__then_the_older_proof_is_refused() public {
        File[] memory made = _publishFiles(3);
        _publishActive(2, keccak256("newer root"));
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, 1, 2);
        _refused(made[0].borrower, _scoreProof(made, 0, 1), reason);
    }

    function test_verifyScore__when_older_than_the_reader_allows__then_refused(uint64 maxAge) public {
        File[] memory made = _publishFiles(3);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        uint64 age = uint64(block.timestamp) - snapshotTime;
        maxAge = uint64(_bound(maxAge, 0, age - 1));
        ICreditOracle.ScoreProof memory proof = _scoreProof(made, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, maxAge));
        oracle.verifyScore(made[0].borrower, proof, maxAge);
        oracle.verifyScore(made[0].borrower, proof, age);
    }

    function test_verifyScore__when_older_than_the_deployment_allows__then_refused_whatever_is_asked(uint64 maxAge)
        public
    {
        File[] memory made = _publishFiles(3);
        maxAge = uint64(_bound(maxAge, MAX_AGE, type(uint64).max));
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        ICreditOracle.ScoreProof memory proof = _scoreProof(made, 0, 1);
        vm.warp(uint256(snapshotTime) + MAX_AGE);
        oracle.verifyScore(made[0].borrower, proof, maxAge);
        vm.warp(uint256(snapshotTime) + MAX_AGE + 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, MAX_AGE));
        oracle.verifyScore(made[0].borrower, proof, maxAge);
    }

    function test_verifyScore__when_proof_is_of_another_borrower__then_refused(address other, uint8 which) public {
        File[] memory made = _publishFiles(5);
        uint256 i = which % made.length;
        vm.assume(other != made[i].borrower);
        _notProven(other, _scoreProof(made, i, 1));
        _notProven(made[(i + 1) % made.length].borrower, _scoreProof(made, i, 1));
    }

    function test_verifyScore__when_any_part_is_changed__then_refused(uint8 part, uint8 which) public {
        File[] memory made = _publishFiles(5);
        uint256 i = which % made.length;
        ICreditOracle.ScoreProof memory proof = _scoreProof(made, i, 1);
        part = part % 8;
        if (part == 0) proof.status = 3 - proof.status;
        if (part == 1) proof.status |= 128;
        if (part == 2) proof.score += 1;
        if (part == 3) proof.width -= 1;
        if (part == 4) proof.salt ^= bytes32(uint256(1));
        if (part == 5) proof.detail ^= bytes32(uint256(1));
        if (part == 6) proof.top ^= bytes32(uint256(1));
        if (part == 7) proof.path[0] ^= bytes32(uint256(1));
        _notProven(made[i].borrower, proof);
    }

    function test_verifyScore__when_path_is_short_or_long__then_refused() public {
        File[] memory made = _publishFiles(5);
        ICreditOracle.ScoreProof memory proof = _scoreProof(made, 2, 1);
        bytes32[] memory longer = new bytes32[](proof.path.length + 1);
        for (uint256 i = 0; i < proof.path.length; ++i) {
            longer[i] = proof.path[i];
        }
        proof.path = longer;
        _notProven(made[2].borrower, proof);
        proof.path = new bytes32[](0);
        _notProven(made[2].borrower, proof);
    }

    function test_verifyScore__when_status_is_insufficient__then_refused_even_if_the_root_holds_it(bool disputed)
        public
    {
        File[] memory made = _files(3);
        made[1].status = disputed ? 128 : 0;
        _publishActive(1, _tree(made)[0]);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.Insufficient.selector, made[1].borrower);
        _refused(made[1].borrower, _scoreProof(made, 1, 1), reason);
    }

    function test_verifyScore__when_proven__then_all_of_it_is_returned(uint8 size, uint8 which, bool disputed) public {
        File[] memory made = _files(_bound(size, 1, 9));
        uint256 i = which % made.length;
        if (disputed) made[i].status |= 128;
        _publishActive(1, _tree(made)[0]);
        (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime) =
            oracle.verifyScore(made[i].borrower, _scoreProof(made, i, 1), MAX_AGE);
        vm.assertEq(score, made[i].score);
        vm.assertEq(width, made[i].width);
        vm.assertEq(status, made[i].status);
        vm.assertEq(epoch, 1);
        vm.assertEq(snapshotTime, oracle.endOf(1) - 6);
    }
}
