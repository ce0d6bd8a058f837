// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IModelRegistry } from "../src/IModelRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

contract ProposeModelTest is RegistryFixture {
    function test_propose__when_not_listed__then_refused(address stranger) public {
        vm.assume(stranger != PROPOSER);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotProposer.selector, stranger));
        registry.propose(A, CARD, SIGNER, 7800, 4200);
    }

    function test_propose__when_a_part_is_zero__then_refused(uint8 which) public {
        bytes32[3] memory parts = [A, CARD, SIGNER];
        parts[which % 3] = 0;
        vm.prank(PROPOSER);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ProposalIncomplete.selector, parts[0], parts[1], parts[2])
        );
        registry.propose(parts[0], parts[1], parts[2], 7800, 4200);
    }

    function test_propose__when_a_figure_is_more_than_all__then_refused(uint16 auc, uint16 ks) public {
        vm.assume(auc > 10_000 || ks > 10_000);
        vm.prank(PROPOSER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.FigureOutOfRange.selector, auc, ks));
        registry.propose(A, CARD, SIGNER, auc, ks);
    }

    function test_propose__when_proposed_before__then_refused() public {
        _propose(A);
        vm.prank(PROPOSER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Proposed));
        registry.propose(A, keccak256("another card"), SIGNER, 9900, 9900);
        vm.assertEq(registry.modelOf(A).cardHash, CARD);
    }

    function test_propose__when_retired__then_refused() public {
        _retire(A);
        vm.prank(PROPOSER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.WrongState.selector, A, IModelRegistry.State.Retired));
        registry.propose(A, CARD, SIGNER, 7800, 4200);
    }

    /// @notice Else a proposer could put a card of its own beside the model that scores, and it would be shown as active.
    function test_propose__when_it_scores_or_is_to_score__then_refused() public {
        uint64 soonest = _soonest();
        vm.prank(OWNER);
        oracle.scheduleModel(B, soonest);
        bytes32[2] memory ids = [MODEL, B];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(PROPOSER);
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.StillScores.selector, ids[i]));
            registry.propose(ids[i], CARD, SIGNER, 9999, 9999);
            vm.assertEq(registry.modelOf(ids[i]).proposer, address(0));
        }
    }

    function test_setProposer__when_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        registry.setProposer(stranger, true);
    }

    function test_setProposer__when_unlisted__then_it_proposes_no_more(address account) public {
        vm.assume(account != PROPOSER);
        vm.assertFalse(registry.isProposer(account));
        vm.prank(OWNER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.ProposerSet(account, true);
        registry.setProposer(account, true);
        vm.assertTrue(registry.isProposer(account));
        vm.prank(account);
        registry.propose(A, CARD, SIGNER, 1, 1);
        vm.prank(OWNER);
        registry.setProposer(account, false);
        vm.prank(account);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotProposer.selector, account));
        registry.propose(B, CARD, SIGNER, 1, 1);
    }

    function test_propose__then_it_stands_for_all_to_see_and_scores_nothing(
        bytes32 modelId,
        bytes32 card,
        bytes32 signer,
        uint16 auc,
        uint16 ks
    ) public {
        vm.assume(modelId != 0 && card != 0 && signer != 0 && modelId != MODEL);
        (auc, ks) = (auc % 10_001, ks % 10_001);
        vm.prank(PROPOSER);
        vm.expectEmit(address(registry));
        emit IModelRegistry.Proposed(modelId, PROPOSER, card, signer, auc, ks);
        registry.propose(modelId, card, signer, auc, ks);
        IModelRegistry.Model memory wanted;
        (wanted.state, wanted.proposer) = (IModelRegistry.State.Proposed, PROPOSER);
        (wanted.cardHash, wanted.signer, wanted.aucBps, wanted.ksBps) = (card, signer, auc, ks);
        vm.assertEq(abi.encode(registry.modelOf(modelId)), abi.encode(wanted));
        vm.assertEq(registry.active(), MODEL);
        vm.assertEq(registry.delay(), LOOK);
    }
}
