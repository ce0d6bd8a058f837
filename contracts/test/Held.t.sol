// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract HeldTest is Fixture {
    /// @notice Publishes epoch 1 with one figure changed; whether its root is held.
    function _isHeld(ICreditOracle.EpochReport memory report) private returns (bool) {
        _publish(report);
        return oracle.rootOf(report.epoch).mark == ICreditOracle.Mark.Held;
    }

    function _hold(uint64 epoch, bytes32 root) private {
        ICreditOracle.EpochReport memory report = _report(epoch, root);
        report.movedBps = 1001;
        _publish(report);
    }

    function _release(uint64 epoch) private {
        vm.prank(OWNER);
        oracle.release(epoch);
    }

    function test_publish__with_too_few_borrowers__then_held(uint32 borrowers) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        report.borrowers = borrowers;
        vm.assertEq(_isHeld(report), borrowers < 100);
    }

    function test_publish__with_a_mean_outside__then_held_unless_not_measured(uint16 mean) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        report.meanScore = mean;
        vm.assertEq(_isHeld(report), mean != 0 && (mean < 500 || mean > 750));
    }

    function test_publish__with_more_moved_than_allowed__then_held(uint16 moved) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        report.movedBps = moved;
        vm.assertEq(_isHeld(report), moved > 1000);
    }

    function test_publish__with_a_population_too_unlike_training__then_held(uint32 psi) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        report.psiBps = psi;
        vm.assertEq(_isHeld(report), psi > 2500);
    }

    function test_publish__at_each_limit__then_it_stands_and_beyond_it_is_held() public {
        uint64 epoch = 0;
        uint32[4] memory borrowers = [uint32(100), 99, 1000, 1000];
        uint16[4] memory means = [uint16(500), 600, 499, 750];
        uint16[4] memory moved = [uint16(1000), 0, 0, 1001];
        for (uint256 i = 0; i < 4; ++i) {
            ICreditOracle.EpochReport memory report = _report(++epoch, "root");
            (report.borrowers, report.meanScore, report.movedBps) = (borrowers[i], means[i], moved[i]);
            vm.assertEq(_isHeld(report), i != 0);
        }
        ICreditOracle.EpochReport memory last = _report(++epoch, "root");
        last.psiBps = 2501;
        vm.assertTrue(_isHeld(last));
    }

    function test_publish__when_held__then_it_says_so_and_the_root_before_is_read() public {
        File[] memory files = _files(4);
        bytes32 root = _tree(files)[0];
        _publishActive(1, root);
        ICreditOracle.EpochReport memory report = _report(2, root);
        report.borrowers = 99;
        vm.expectEmit(address(oracle));
        emit ICreditOracle.HeldBack(2);
        _publish(report);
        _warp(block.timestamp + DELAY);
        vm.assertEq(oracle.currentEpoch(), 1);
        vm.assertEq(oracle.standingEpoch(), 1);
        vm.assertEq(oracle.latestEpoch(), 2);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 2);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, 2, 1));
        oracle.verifyScore(files[1].borrower, proof, MAX_AGE);
    }

    /// @notice A population that has changed for good is read again once the owner has looked; until then nothing is bricked.
    function test_reads__when_all_roots_are_held__then_none_is_read_and_publishing_goes_on() public {
        for (uint64 epoch = 1; epoch <= 2 * RING; ++epoch) {
            _hold(epoch, "root");
        }
        _warp(block.timestamp + DELAY);
        vm.assertEq(oracle.currentEpoch(), 0);
        vm.assertEq(oracle.standingEpoch(), 0);
        _release(2 * RING);
        vm.assertEq(oracle.currentEpoch(), 2 * RING);
    }

    /// @notice Two epochs inside the limits that have followed are read in place of the held one: see docs/decisions/0013.
    function test_reads__when_roots_inside_the_limits_follow__then_they_are_read() public {
        _publishActive(1, "root");
        _hold(2, "root");
        _publishActive(3, "root");
        vm.assertEq(oracle.currentEpoch(), 3);
        _publishActive(4, "root");
        vm.assertEq(oracle.currentEpoch(), 4);
        _release(2);
        vm.assertEq(oracle.currentEpoch(), 4);
    }

    function test_release__when_not_the_owner__then_refused() public {
        _hold(1, "root");
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        oracle.release(1);
    }

    function test_release__when_not_in_the_ring__then_refused(uint64 epoch) public {
        vm.assume(epoch != 1);
        _hold(1, "root");
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotInRing.selector, epoch));
        _release(epoch);
    }

    function test_release__when_it_stands_or_was_vetoed__then_refused() public {
        _publish(_report(1, "root"));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotHeld.selector, 1));
        _release(1);
        _hold(2, "root");
        vm.prank(GUARDIAN);
        oracle.veto(2, "reason");
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotHeld.selector, 2));
        _release(2);
    }

    function test_release__when_held__then_it_is_read_in_its_turn(bool early) public {
        File[] memory files = _files(4);
        bytes32 root = _tree(files)[0];
        _publishActive(1, root);
        _hold(2, root);
        uint256 activeFrom = oracle.rootOf(2).activeFrom;
        if (!early) _warp(activeFrom);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Released(2);
        _release(2);
        vm.assertTrue(oracle.rootOf(2).mark == ICreditOracle.Mark.Standing);
        vm.assertEq(oracle.standingEpoch(), 2);
        vm.assertEq(oracle.currentEpoch(), early ? 1 : 2);
        _warp(activeFrom);
        oracle.verifyScore(files[1].borrower, _scoreProof(files, 1, 2), MAX_AGE);
    }

    function test_setLimits__when_not_the_owner__then_refused() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        oracle.setLimits(_limits());
    }

    function test_setLimits__when_the_least_mean_is_above_the_greatest__then_refused(uint16 least, uint16 most) public {
        vm.assume(least > most);
        ICreditOracle.Limits memory limits = ICreditOracle.Limits(1, least, most, 1, 1);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.LimitsOutOfOrder.selector, least, most));
        oracle.setLimits(limits);
    }

    function test_setLimits__for_any__then_they_are_read_back_and_nothing_else_changes(
        ICreditOracle.Limits memory limits
    ) public {
        vm.assume(limits.minMeanScore <= limits.maxMeanScore);
        _publish(_report(3, "root"));
        vm.prank(GUARDIAN);
        oracle.pause(uint64(block.timestamp) + 1);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.LimitsSet(limits);
        vm.prank(OWNER);
        oracle.setLimits(limits);
        vm.assertEq(abi.encode(oracle.limits()), abi.encode(limits));
        vm.assertEq(oracle.latestEpoch(), 3);
        vm.assertEq(oracle.pausedUntil(), block.timestamp + 1);
        vm.assertEq(oracle.modelAt(3), MODEL);
        vm.assertEq(uint256(oracle.rootOf(3).mark), 0);
    }
}
