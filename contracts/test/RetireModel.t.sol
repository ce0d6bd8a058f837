// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IModelRegistry } from "../src/IModelRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

contract RetireModelTest is RegistryFixture {
    function _refusedAsScoring(bytes32 modelId) private {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.StillScores.selector, modelId));
        registry.retire(modelId);
    }

    function test_retire__when_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        registry.retire(A);
    }

    function test_retire__when_retired_before__then_refused() public {
        _retire(A);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Retired));
        registry.retire(A);
    }

    function test_retire__when_it_scores__then_refused() public {
        _refusedAsScoring(MODEL);
    }

    function test_retire__when_it_is_to_score__then_refused() public {
        _prepare(A);
        _prepare(B);
        _activate(A, _soonest());
        _activate(B, _soonest() + 1);
        _refusedAsScoring(A); // next, and not the last that is scheduled
        _refusedAsScoring(B);
        _enter(_soonest() - 1);
        _refusedAsScoring(A);
    }

    function test_retire__when_the_owner_named_it_without_the_registry__then_refused() public {
        vm.startPrank(OWNER);
        oracle.scheduleModel(A, _soonest());
        vm.stopPrank();
        _refusedAsScoring(A);
    }

    function test_retire__when_another_took_its_place__then_for_ever() public {
        _prepare(A);
        uint64 fromEpoch = _soonest();
        _activate(A, fromEpoch);
        vm.prank(OWNER);
        oracle.scheduleModel(B, fromEpoch); // A is void
        vm.prank(OWNER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.Retired(A);
        registry.retire(A);
        vm.assertEq(_stateOf(A), uint256(IModelRegistry.State.Retired));
    }

    function test_retire__of_the_first_model_once_another_scores__then_done() public {
        _prepare(A);
        _activate(A, _soonest());
        _enter(_soonest());
        _retire(MODEL);
        vm.assertEq(_stateOf(MODEL), uint256(IModelRegistry.State.Retired));
    }
}
