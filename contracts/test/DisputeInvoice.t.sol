// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

contract DisputeInvoiceTest is ReceivableFixture {
    bytes32 private constant REASON = keccak256("never delivered");
    uint64 private constant EVER = type(uint64).max;

    function test_dispute__when_not_by_the_buyer__then_refused(address caller) public {
        vm.assume(caller != BUYER);
        bytes32 id = _issue(100 * USD);
        vm.prank(caller);
        vm.expectRevert(_notAllowed(caller, BUYER));
        receivables.dispute(id, REASON);
    }

    /// @notice Accepted is accepted; and one dispute is enough.
    function test_dispute__when_accepted_disputed_or_ended__then_refused() public {
        bytes32 disputed = _issue(100 * USD);
        _dispute(disputed);
        _refused(disputed, IReceivables.Status.Disputed);
        _refused(_accepted(100 * USD), IReceivables.Status.Accepted);
        _refused(_ended(IReceivables.Status.Voided), IReceivables.Status.Voided);
        _refused(_ended(IReceivables.Status.Paid), IReceivables.Status.Paid);
    }

    function _refused(bytes32 id, IReceivables.Status status) private {
        vm.prank(BUYER);
        vm.expectRevert(_wrongStatus(id, status));
        receivables.dispute(id, REASON);
    }

    function test_dispute__when_issued__then_nothing_is_owed_and_nobody_is_paid() public {
        bytes32 id = _issue(100 * USD);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceDisputed(id, SUPPLIER, BUYER, address(coin), 100 * USD, REASON);
        _dispute(id);
        _assertStatus(id, IReceivables.Status.Disputed);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 0);
        vm.expectRevert(_wrongStatus(id, IReceivables.Status.Disputed));
        receivables.pay(id, USD);
    }

    function test_disputeFor__when_late_or_not_what_was_signed__then_refused(bytes32 other) public {
        vm.assume(other != REASON);
        bytes32 id = _issue(100 * USD);
        uint64 past = uint64(block.timestamp) - 1;
        bytes memory signature = _signDispute(BUYER_KEY, id, REASON, past);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.SignatureExpired.selector, past));
        receivables.disputeFor(id, REASON, past, signature);
        bytes memory reason = abi.encodeWithSelector(IReceivables.WrongSignature.selector, BUYER);
        signature = _signDispute(BUYER_KEY, id, REASON, EVER);
        vm.expectRevert(reason);
        receivables.disputeFor(id, other, EVER, signature);
        signature = _signAcceptance(BUYER_KEY, id, EVER);
        vm.expectRevert(reason);
        receivables.disputeFor(id, REASON, EVER, signature);
    }

    function test_disputeFor__when_signed__then_anyone_can_bring_it_once(address bringer) public {
        bytes32 id = _issue(100 * USD);
        bytes memory signature = _signDispute(BUYER_KEY, id, REASON, EVER);
        vm.prank(bringer);
        receivables.disputeFor(id, REASON, EVER, signature);
        _assertStatus(id, IReceivables.Status.Disputed);
        _accept(id);
        vm.expectRevert(_wrongStatus(id, IReceivables.Status.Accepted));
        receivables.disputeFor(id, REASON, EVER, signature);
    }
}
