// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IModelRegistry } from "../src/IModelRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

contract ActivateModelTest is RegistryFixture {
    function test_activate__when_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER);
        _prepare(A);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        registry.activate(A, 9);
    }

    function test_activate__when_only_proposed__then_refused() public {
        _propose(A);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Proposed));
        registry.activate(A, 9);
    }

    function test_activate__when_retired__then_refused() public {
        _prepare(A);
        _retire(A);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Retired));
        registry.activate(A, 9);
    }

    function test_activate__when_within_the_delay__then_refused(uint64 wait) public {
        wait = uint64(_bound(wait, 0, LOOK - 1));
        _propose(A);
        _approve(A);
        uint64 activeAfter = uint64(block.timestamp) + LOOK;
        vm.warp(block.timestamp + wait);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotYet.selector, A, activeAfter));
        registry.activate(A, 9);
    }

    function test_activate__when_the_epoch_is_too_soon__then_refused_by_the_oracle(uint64 fromEpoch) public {
        _prepare(A);
        uint64 soonest = _soonest();
        fromEpoch = uint64(_bound(fromEpoch, 0, soonest - 1));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooSoon.selector, fromEpoch, soonest));
        registry.activate(A, fromEpoch);
        vm.assertEq(registry.modelOf(A).fromEpoch, 0);
    }

    function test_activate__when_the_oracle_names_another_registry__then_refused() public {
        _prepare(A);
        vm.prank(OWNER);
        oracle.setModelRegistry(address(oracle));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(registry)));
        registry.activate(A, 9);
    }

    function test_activate__when_it_scores_already__then_refused() public {
        _prepare(A);
        _activate(A, _soonest());
        _enter(_soonest());
        uint64 fromEpoch = _soonest();
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ScoresAlready.selector, A, fromEpoch));
        registry.activate(A, fromEpoch);
    }

    function test_activate__then_the_oracle_takes_that_model_from_the_epoch_on(uint8 ahead) public {
        _prepare(A);
        uint64 fromEpoch = _soonest() + ahead % 20;
        vm.prank(OWNER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.Activated(A, fromEpoch, MODEL);
        registry.activate(A, fromEpoch);
        vm.assertEq(oracle.modelAt(fromEpoch - 1), MODEL);
        vm.assertEq(oracle.modelAt(fromEpoch), A);
        _enter(fromEpoch - 1);
        vm.assertEq(_stateOf(A), uint256(IModelRegistry.State.Approved));
        vm.assertEq(_stateOf(MODEL), uint256(IModelRegistry.State.Active));
        _enter(fromEpoch);
        vm.assertEq(_stateOf(A), uint256(IModelRegistry.State.Active));
        vm.assertEq(_stateOf(MODEL), uint256(IModelRegistry.State.None));
        vm.assertEq(registry.active(), A);
        vm.assertEq(registry.modelOf(A).before, MODEL);
    }

    function test_activate__then_only_its_reports_are_published() public {
        _prepare(A);
        _activate(A, 3);
        ICreditOracle.EpochReport memory report = _report(3, keccak256("root"));
        report.modelId = MODEL;
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.WrongModel.selector, 3, MODEL, A));
        oracle.publish(report, THREE, signatures);
        report.modelId = A;
        _publish(report);
        vm.assertEq(oracle.latestEpoch(), 3);
    }

    /// @dev The registry never says that a model scores which does not, whatever the owner does beside it.
    function test_active__when_the_owner_names_models_without_the_registry__then_still_the_oracles(
        bytes32 modelId,
        uint8 ahead
    ) public {
        vm.assume(modelId != 0 && modelId != A);
        _prepare(A);
        _activate(A, _soonest());
        uint64 fromEpoch = _soonest() + ahead % 5;
        vm.prank(OWNER);
        oracle.scheduleModel(modelId, fromEpoch);
        for (uint64 epoch = _epochNow(); epoch < fromEpoch + 3; ++epoch) {
            if (epoch > _epochNow()) _enter(epoch);
            vm.assertEq(registry.active(), oracle.modelAt(epoch));
            bool scores = oracle.modelAt(epoch) == A;
            vm.assertEq(_stateOf(A) == uint256(IModelRegistry.State.Active), scores);
        }
    }
}
