// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract VetoTest is Fixture {
    bytes32 internal constant REASON = keccak256("the scores of 2,000 borrowers are of another month");

    function _veto(address by, uint64 epoch) private {
        vm.prank(by);
        oracle.veto(epoch, REASON);
    }

    function _refusedInARow(uint64 epoch, uint64 last) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.VetoInARow.selector, epoch, last));
        _veto(GUARDIAN, epoch);
    }

    function test_veto__when_a_stranger_asks__then_refused(address stranger) public {
        vm.assume(stranger != OWNER && stranger != GUARDIAN);
        _publish(_report(1, "root"));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        _veto(stranger, 1);
    }

    function test_veto__when_the_epoch_is_not_in_the_ring__then_refused(uint64 epoch) public {
        _publish(_report(1, "root"));
        vm.assume(epoch != 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotInRing.selector, epoch));
        _veto(OWNER, epoch);
    }

    function test_veto__when_the_root_is_read_already__then_refused(uint32 later) public {
        _publish(_report(1, "root"));
        uint64 activeFrom = oracle.rootOf(1).activeFrom;
        vm.warp(uint256(activeFrom) + later);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotUpcoming.selector, 1, activeFrom));
        _veto(OWNER, 1);
    }

    function test_veto__when_vetoed__then_refused() public {
        _publish(_report(1, "root"));
        _veto(GUARDIAN, 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AlreadyVetoed.selector, 1));
        _veto(OWNER, 1);
    }

    function test_veto__of_the_guardian__when_the_root_before_was_vetoed_too__then_only_the_owner_can() public {
        _publishActive(1, "root");
        _publish(_report(2, "root"));
        _veto(GUARDIAN, 2);
        _publish(_report(3, "root"));
        _refusedInARow(3, 2);
        _veto(OWNER, 3);
        _publish(_report(4, "root"));
        _refusedInARow(4, 3); // the owner's vetoes count too
    }

    function test_veto__of_the_guardian__when_a_root_has_passed__then_it_can_again() public {
        _publishActive(1, "root");
        _publish(_report(2, "root"));
        _veto(GUARDIAN, 2);
        _publishActive(3, "root");
        _publish(_report(4, "root"));
        _veto(GUARDIAN, 4);
        vm.assertEq(oracle.currentEpoch(), 3);
    }

    /// @notice Skipped epochs are no roots that have passed, not even when the ring has forgotten what was vetoed.
    function test_veto__of_the_guardian__when_only_skipped_epochs_lie_between__then_refused(uint64 skipped) public {
        skipped = uint64(_bound(skipped, 0, 3 * RING));
        _publish(_report(1, "root"));
        _veto(GUARDIAN, 1);
        _publish(_report(2 + skipped, "root"));
        _refusedInARow(2 + skipped, 1);
    }

    /// @notice With reports that are published late two roots can be upcoming at once.
    function test_veto__of_the_guardian__when_the_later_of_two_upcoming_was_vetoed__then_not_the_earlier() public {
        ICreditOracle.Config memory c = _config();
        (c.delay, c.maxAge, c.reportLife, c.ringSize) = (3 days, 30 days, 8 days, 8);
        _deploy(c);
        ICreditOracle.EpochReport memory first = _report(1, "root");
        _warp(oracle.endOf(2) + 30);
        _publish(first);
        _publish(_report(2, "root"));
        _veto(GUARDIAN, 2);
        _refusedInARow(1, 2);
        _veto(OWNER, 1);
        vm.assertEq(oracle.standingEpoch(), 0);
        vm.warp(block.timestamp + 3 days);
        vm.assertEq(oracle.currentEpoch(), 0);
        _publish(_report(3, "root"));
        _refusedInARow(3, 2); // the highest that was vetoed is remembered, not the last in time
    }

    function test_veto__when_done__then_the_root_before_is_read_and_nothing_of_this_one(bool byOwner) public {
        File[] memory files = _files(4);
        bytes32 root = _tree(files)[0];
        _publishActive(1, root);
        _publish(_report(2, root));
        address by = byOwner ? OWNER : GUARDIAN;
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Vetoed(2, by, REASON);
        _veto(by, 2);
        vm.assertTrue(oracle.rootOf(2).mark == ICreditOracle.Mark.Vetoed);
        vm.assertEq(oracle.latestEpoch(), 2);
        vm.assertEq(oracle.standingEpoch(), 1);
        _warp(block.timestamp + DELAY);
        vm.assertEq(oracle.currentEpoch(), 1);
        oracle.verifyScore(files[1].borrower, _scoreProof(files, 1, 1), MAX_AGE);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 2);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, 2, 1));
        oracle.verifyScore(files[1].borrower, proof, MAX_AGE);
    }

    function test_publish__when_the_epoch_was_vetoed__then_refused() public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        _publish(report);
        _veto(GUARDIAN, 1);
        report.root = "a better root";
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.EpochNotRising.selector, 1, 1));
        oracle.publish(report, THREE, signatures);
    }

    function test_setGuardian__when_not_the_owner__then_refused() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        oracle.setGuardian(GUARDIAN);
    }

    function test_setGuardian__when_set__then_only_the_new_one_can_veto(address next) public {
        vm.assume(next != GUARDIAN && next != OWNER);
        vm.assertEq(oracle.guardian(), GUARDIAN);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.GuardianSet(next);
        vm.prank(OWNER);
        oracle.setGuardian(next);
        vm.assertEq(oracle.guardian(), next);
        _publish(_report(1, "root"));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        _veto(GUARDIAN, 1);
        _veto(next, 1);
    }
}
