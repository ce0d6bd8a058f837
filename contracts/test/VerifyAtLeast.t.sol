// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract VerifyAtLeastTest is Fixture {
    function _publishFile(uint256 score) private returns (File[] memory files) {
        files = _files(5);
        files[2].score = uint16(_bound(score, 300, 850));
        _publishActive(1, _tree(files)[0]);
    }

    function _notProven(address borrower, ICreditOracle.AtLeastProof memory proof) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, borrower, proof.threshold));
        oracle.verifyAtLeast(borrower, proof, MAX_AGE);
    }

    function test_verifyAtLeast__when_no_threshold__then_refused(uint16 threshold) public {
        vm.assume(threshold < 310 || threshold > 850 || threshold % 10 != 0);
        File[] memory files = _publishFile(850);
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, 310);
        proof.threshold = threshold;
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.BadThreshold.selector, threshold));
        oracle.verifyAtLeast(files[2].borrower, proof, MAX_AGE);
    }

    function test_verifyAtLeast__when_no_root_is_read_yet__then_refused() public {
        File[] memory files = _files(3);
        vm.expectRevert(ICreditOracle.NoRoot.selector);
        oracle.verifyAtLeast(files[0].borrower, _atLeastProof(files, 0, 1, 310), MAX_AGE);
    }

    function test_verifyAtLeast__when_proof_is_of_another_epoch__then_refused() public {
        File[] memory files = _publishFile(700);
        _publishActive(2, keccak256("newer root"));
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, 650);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, 1, 2));
        oracle.verifyAtLeast(files[2].borrower, proof, MAX_AGE);
    }

    function test_verifyAtLeast__when_too_old__then_refused(uint64 maxAge) public {
        File[] memory files = _publishFile(700);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        maxAge = uint64(_bound(maxAge, 0, block.timestamp - snapshotTime - 1));
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, 650);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, maxAge));
        oracle.verifyAtLeast(files[2].borrower, proof, maxAge);
    }

    /// @notice Ten above the score is out of reach, with the seed or with any rung between seed and top.
    function test_verifyAtLeast__when_threshold_is_above_the_score__then_refused(
        uint16 score,
        uint16 above,
        uint16 rung
    ) public {
        File[] memory files = _publishFile(_bound(score, 300, 849));
        File memory f = files[2];
        uint16 least = (f.score / 10 + 1) * 10;
        uint16 threshold = least + uint16(above % ((850 - least) / 10 + 1)) * 10;
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, threshold);
        _notProven(f.borrower, proof);
        proof.rung = _climb(f.seed, rung % ((f.score - 300) / 10 + 1));
        _notProven(f.borrower, proof);
    }

    function test_verifyAtLeast__when_a_rung_is_forged__then_refused(uint16 threshold, bytes32 forged) public {
        File[] memory files = _publishFile(700);
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, uint16(_bound(threshold, 31, 85)) * 10);
        vm.assume(forged != proof.rung);
        proof.rung = forged;
        _notProven(files[2].borrower, proof);
    }

    function test_verifyAtLeast__when_proof_is_of_another_borrower__then_refused(address other) public {
        File[] memory files = _publishFile(700);
        vm.assume(other != files[2].borrower);
        _notProven(other, _atLeastProof(files, 2, 1, 650));
    }

    function test_verifyAtLeast__when_any_part_is_changed__then_refused(uint8 part) public {
        File[] memory files = _publishFile(700);
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, 650);
        part = part % 5;
        if (part == 0) proof.status = 2;
        if (part == 1) proof.status |= 128;
        if (part == 2) proof.opening ^= bytes32(uint256(1));
        if (part == 3) proof.path[1] ^= bytes32(uint256(1));
        if (part == 4) proof.threshold = 640; // a lower threshold needs a lower rung
        _notProven(files[2].borrower, proof);
    }

    function test_verifyAtLeast__when_status_is_insufficient__then_refused_even_if_the_root_holds_it(bool disputed)
        public
    {
        File[] memory files = _files(3);
        files[1].status = disputed ? 128 : 0;
        _publishActive(1, _tree(files)[0]);
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 1, 1, 310);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.Insufficient.selector, files[1].borrower));
        oracle.verifyAtLeast(files[1].borrower, proof, MAX_AGE);
    }

    function test_verifyAtLeast__when_threshold_is_at_most_the_score__then_proven(
        uint16 score,
        uint16 threshold,
        bool disputed
    ) public {
        File[] memory files = _files(5);
        files[2].score = uint16(_bound(score, 310, 850));
        if (disputed) files[2].status |= 128;
        _publishActive(1, _tree(files)[0]);
        threshold = uint16(_bound(threshold, 31, files[2].score / 10)) * 10;
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, threshold);
        (uint8 status, uint64 epoch, uint64 snapshotTime) = oracle.verifyAtLeast(files[2].borrower, proof, MAX_AGE);
        vm.assertEq(status, files[2].status);
        vm.assertEq(epoch, 1);
        vm.assertEq(snapshotTime, oracle.endOf(1) - 6);
    }

    function test_verifyAtLeast__when_a_proof_for_more_is_known__then_less_follows_from_it(uint16 threshold) public {
        File[] memory files = _publishFile(850);
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(files, 2, 1, 850);
        proof.threshold = uint16(_bound(threshold, 31, 85)) * 10;
        proof.rung = _climb(proof.rung, (850 - proof.threshold) / 10);
        oracle.verifyAtLeast(files[2].borrower, proof, MAX_AGE);
    }
}
