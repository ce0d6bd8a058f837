// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IModelRegistry } from "../src/IModelRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

contract ApproveModelTest is RegistryFixture {
    function test_approve__when_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER);
        _propose(A);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        registry.approve(A);
    }

    function test_approve__when_never_proposed__then_refused(bytes32 modelId) public {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, modelId, IModelRegistry.State.None));
        registry.approve(modelId);
    }

    function test_approve__when_approved_before__then_the_delay_does_not_begin_anew() public {
        _prepare(A);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Approved));
        registry.approve(A);
    }

    function test_approve__then_it_may_be_activated_after_the_delay(uint32 wait) public {
        vm.warp(block.timestamp + wait);
        _propose(A);
        uint64 activeAfter = uint64(block.timestamp) + LOOK;
        vm.prank(OWNER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.Approved(A, activeAfter);
        registry.approve(A);
        vm.assertEq(registry.modelOf(A).activeAfter, activeAfter);
        vm.assertEq(_stateOf(A), uint256(IModelRegistry.State.Approved));
    }
}
