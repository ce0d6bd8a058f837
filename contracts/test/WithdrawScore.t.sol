// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract WithdrawScoreTest is Fixture {
    function _withdraw(address borrower) private {
        vm.expectEmit(address(oracle));
        emit ICreditOracle.ScoreWithdrawn(borrower);
        vm.prank(borrower);
        oracle.withdrawScore();
    }

    function test_withdrawScore__when_nothing_is_posted__then_open_consents_die_all_the_same(address borrower) public {
        _withdraw(borrower);
        vm.assertEq(oracle.nonces(borrower), 1);
    }

    function test_withdrawScore__of_one_borrower__then_no_read_shows_it_and_others_stay(uint64 maxAge) public {
        File[] memory files = _files(4);
        _publishActive(1, _tree(files)[0]);
        for (uint256 i = 1; i < 3; ++i) {
            ICreditOracle.ScoreProof memory proof = _scoreProof(files, i, 1);
            vm.prank(files[i].borrower);
            oracle.postScore(proof);
        }
        address borrower = files[1].borrower;
        _withdraw(borrower);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NothingPosted.selector, borrower));
        oracle.getScoreNoOlderThan(borrower, maxAge);
        (bool ok, uint16 tried,,,,) = oracle.tryGetScore(borrower, maxAge);
        (uint16 stored,,, uint64 epoch, uint64 time) = oracle.scoreOf(borrower);
        vm.assertFalse(ok);
        vm.assertEq(uint256(tried) + stored + epoch + time, 0);
        (uint16 other,,,,) = oracle.getScoreNoOlderThan(files[2].borrower, MAX_AGE);
        vm.assertEq(other, files[2].score);
    }

    function test_withdrawScore__then_it_can_be_posted_again() public {
        File[] memory files = _files(4);
        _publishActive(1, _tree(files)[0]);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 1);
        vm.prank(files[1].borrower);
        oracle.postScore(proof);
        _withdraw(files[1].borrower);
        vm.prank(files[1].borrower);
        oracle.postScore(proof);
        (uint16 score,,,,) = oracle.getScoreNoOlderThan(files[1].borrower, MAX_AGE);
        vm.assertEq(score, files[1].score);
    }
}
