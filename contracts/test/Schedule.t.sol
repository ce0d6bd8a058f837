// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract ScheduleTest is Fixture {
    bytes32 internal constant ROOT = keccak256("root");

    function _schedule(uint256 n, uint64 fromEpoch) private {
        ICreditOracle.Committee memory committee = _committee(n, uint8(n));
        vm.prank(OWNER);
        oracle.scheduleCommittee(committee, fromEpoch);
    }

    function _schedule(bytes32 modelId, uint64 fromEpoch) private {
        vm.prank(OWNER);
        oracle.scheduleModel(modelId, fromEpoch);
    }

    function _sizeAt(uint64 epoch) private view returns (uint256) {
        (ICreditOracle.Committee memory committee,) = oracle.committeeAt(epoch);
        return committee.members.length;
    }

    function test_schedule__when_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER && stranger != address(0)); // no transaction comes from zero, which stands for "no registry"
        ICreditOracle.Committee memory committee = _committee(1, 1);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        oracle.scheduleCommittee(committee, 10);
        vm.expectRevert(reason);
        oracle.scheduleModel("later model", 10);
    }

    function test_schedule__when_less_than_two_epochs_ahead__then_refused(uint64 running, uint64 early) public {
        running = uint64(_bound(running, 1, 1000));
        vm.warp(oracle.endOf(running) - early % WEEK);
        uint64 from = uint64(_bound(early, 0, running + 1));
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.TooSoon.selector, from, running + 2);
        ICreditOracle.Committee memory committee = _committee(1, 1);
        vm.startPrank(OWNER);
        vm.expectRevert(reason);
        oracle.scheduleCommittee(committee, from);
        vm.expectRevert(reason);
        oracle.scheduleModel("later model", from);
    }

    function test_schedule__when_too_far_ahead__then_refused(uint64 from) public {
        from = uint64(_bound(from, 1 << 40, type(uint64).max));
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.TooFarAhead.selector, from, (1 << 40) - 1);
        ICreditOracle.Committee memory committee = _committee(1, 1);
        vm.startPrank(OWNER);
        vm.expectRevert(reason);
        oracle.scheduleCommittee(committee, from);
        vm.expectRevert(reason);
        oracle.scheduleModel("later model", from);
        oracle.scheduleModel("last model", (1 << 40) - 1);
        vm.assertEq(oracle.modelAt((1 << 40) - 1), "last model");
        vm.assertEq(oracle.modelAt((1 << 40) - 2), MODEL);
    }

    function test_setModelRegistry__when_not_the_owner__then_refused() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        oracle.setModelRegistry(GUARDIAN);
    }

    function test_setModelRegistry__when_set__then_it_schedules_models_and_nothing_else(address registry) public {
        vm.assume(registry != OWNER);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.ModelRegistrySet(registry);
        vm.prank(OWNER);
        oracle.setModelRegistry(registry);
        vm.assertEq(oracle.modelRegistry(), registry);
        ICreditOracle.Committee memory committee = _committee(1, 1);
        vm.startPrank(registry);
        oracle.scheduleModel("later model", 3);
        vm.assertEq(oracle.modelAt(3), "later model");
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooSoon.selector, 2, 3));
        oracle.scheduleModel("a model", 2);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, registry));
        oracle.scheduleCommittee(committee, 3);
        vm.stopPrank();
        _schedule("the owner's model", 4);
        vm.assertEq(oracle.modelAt(4), "the owner's model");
    }

    function test_schedule__when_it_is_no_committee_or_model__then_refused() public {
        ICreditOracle.Committee memory committee = _committee(4, 5);
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.QuorumOutOfRange.selector, 5, 2, 4));
        oracle.scheduleCommittee(committee, 10);
        vm.expectRevert(ICreditOracle.ModelIdZero.selector);
        oracle.scheduleModel(0, 10);
    }

    function test_schedule__when_the_committee_cannot_be_stored__then_refused() public {
        address store = vm.computeCreateAddress(address(oracle), 1);
        vm.setNonce(store, type(uint64).max - 1);
        _schedule(1, 10); // the last contract that this one can create
        ICreditOracle.Committee memory committee = _committee(2, 2);
        vm.prank(OWNER);
        vm.expectRevert(ICreditOracle.CommitteeNotStored.selector);
        oracle.scheduleCommittee(committee, 10);
        vm.assertEq(_sizeAt(10), 1);
    }

    function test_schedule__when_committee_changes__then_old_signatures_die_with_its_epoch() public {
        _schedule(7, 3);
        (, bytes32 next) = oracle.committeeAt(3);
        _publish(_report(2, ROOT)); // the old committee reports up to epoch 2

        ICreditOracle.EpochReport memory report = _report(3, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.WrongConfig.selector, 3, committeeDigest, next));
        oracle.publish(report, THREE, signatures);

        report.config = next;
        signatures = _sign(report, THREE);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.QuorumNotReached.selector, 3, 7));
        oracle.publish(report, THREE, signatures);
        oracle.publish(report, 127, _sign(report, 127));
    }

    function test_schedule__when_model_changes__then_reports_need_the_one_of_their_epoch() public {
        _schedule("later model", 3);
        vm.assertEq(oracle.modelAt(2), MODEL);
        ICreditOracle.EpochReport memory report = _report(3, ROOT);
        report.modelId = MODEL;
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.WrongModel.selector, 3, MODEL, bytes32("later model")));
        oracle.publish(report, THREE, signatures);
        _publish(_report(3, ROOT));
    }

    function test_schedule__when_scheduled_again__then_later_changes_are_void_and_earlier_ones_hold() public {
        _schedule(5, 4);
        _schedule(6, 6);
        _schedule(7, 8);
        _schedule(8, 6);
        uint256[5] memory sizes = [uint256(4), 5, 8, 8, 8];
        uint64[5] memory epochs = [uint64(3), 5, 6, 8, 100];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(_sizeAt(epochs[i]), sizes[i]);
        }
    }

    /// @notice Against the plainest model of a timeline: one value an epoch, overwritten from an epoch on.
    function test_schedule__for_any_sequence__then_it_holds_what_was_last_said(uint64[8] memory froms) public {
        bytes32[40] memory plain;
        for (uint256 e = 0; e < 40; ++e) {
            plain[e] = MODEL;
        }
        for (uint256 i = 0; i < froms.length; ++i) {
            uint64 from = uint64(_bound(froms[i], oracle.epochAt(uint64(block.timestamp)) + 2, 39));
            bytes32 id = keccak256(abi.encode(i));
            _schedule(id, from);
            for (uint256 e = from; e < 40; ++e) {
                plain[e] = id;
            }
            vm.warp(block.timestamp + froms[i] % (4 * WEEK));
        }
        for (uint64 e = 0; e < 40; ++e) {
            vm.assertEq(oracle.modelAt(e), plain[e]);
        }
    }

    function test_ownership__when_handed_over__then_it_takes_both() public {
        vm.prank(OWNER);
        oracle.transferOwnership(address(this));
        vm.assertEq(oracle.owner(), OWNER);
        oracle.acceptOwnership();
        vm.assertEq(oracle.owner(), address(this));
    }
}
