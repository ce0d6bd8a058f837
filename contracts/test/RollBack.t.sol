// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IModelRegistry } from "../src/IModelRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

contract RollBackTest is RegistryFixture {
    /// @dev A scores, then B, and B's first epoch runs.
    function _aThenB() private {
        _prepare(A);
        _prepare(B);
        _activate(A, _soonest());
        _activate(B, _soonest() + 1);
        _enter(_soonest() + 1);
        vm.assertEq(registry.active(), B);
    }

    function test_rollBack__when_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER);
        _aThenB();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        registry.rollBack(99);
    }

    function test_rollBack__when_nothing_came_before__then_refused(uint64 fromEpoch) public {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NothingBefore.selector, MODEL));
        registry.rollBack(fromEpoch);
    }

    function test_rollBack__when_the_one_before_is_retired__then_refused() public {
        _aThenB();
        _retire(A);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Retired));
        registry.rollBack(99);
    }

    function test_rollBack__when_the_epoch_is_too_soon__then_refused_by_the_oracle() public {
        _aThenB();
        uint64 now_ = _epochNow();
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooSoon.selector, now_, now_ + 2));
        registry.rollBack(now_);
        vm.assertEq(registry.active(), B);
    }

    function test_rollBack__then_the_model_before_scores_and_a_second_one_leads_further(uint8 ahead) public {
        _aThenB();
        uint64 fromEpoch = _soonest() + ahead % 5;
        vm.prank(OWNER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.RolledBack(B, A, fromEpoch);
        registry.rollBack(fromEpoch);
        vm.assertEq(oracle.modelAt(fromEpoch - 1), B);
        _enter(fromEpoch);
        vm.assertEq(registry.active(), A);
        vm.assertEq(_stateOf(B), uint256(IModelRegistry.State.Approved));
        _rollBack(_soonest());
        _enter(_soonest());
        vm.assertEq(registry.active(), MODEL);
        fromEpoch = _soonest();
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NothingBefore.selector, MODEL));
        registry.rollBack(fromEpoch);
    }

    function test_rollBack__before_the_model_scored_at_all__then_it_never_does() public {
        _prepare(A);
        uint64 fromEpoch = _soonest();
        _activate(A, fromEpoch);
        _rollBack(fromEpoch);
        _enter(fromEpoch);
        vm.assertEq(registry.active(), MODEL);
        vm.assertEq(oracle.modelAt(type(uint64).max), MODEL);
    }

    function test_rollBack__of_one_that_took_the_place_of_a_scheduled_one__then_to_what_really_scored() public {
        _prepare(A);
        _prepare(B);
        uint64 fromEpoch = _soonest();
        _activate(A, fromEpoch);
        _activate(B, fromEpoch); // A never scores
        _enter(fromEpoch);
        _rollBack(_soonest());
        _enter(_soonest());
        vm.assertEq(registry.active(), MODEL);
    }
}
