// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";
import { Wallet1271 } from "./Wallet1271.sol";

contract AcceptInvoiceTest is ReceivableFixture {
    uint64 private constant EVER = type(uint64).max;

    function _refused(bytes32 id, uint64 deadline, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.WrongSignature.selector, BUYER));
        receivables.acceptFor(id, deadline, signature);
    }

    function test_accept__when_not_by_the_buyer__then_refused(address caller) public {
        vm.assume(caller != BUYER);
        bytes32 id = _issue(100 * USD);
        vm.prank(caller);
        vm.expectRevert(_notAllowed(caller, BUYER));
        receivables.accept(id);
    }

    function test_accept__when_accepted_or_ended__then_refused() public {
        bytes32 id = _accepted(100 * USD);
        _acceptRefused(id, IReceivables.Status.Accepted);
        _acceptRefused(_ended(IReceivables.Status.Voided), IReceivables.Status.Voided);
        _acceptRefused(_ended(IReceivables.Status.Credited), IReceivables.Status.Credited);
        _acceptRefused(_ended(IReceivables.Status.Paid), IReceivables.Status.Paid);
    }

    function _acceptRefused(bytes32 id, IReceivables.Status status) private {
        vm.prank(BUYER);
        vm.expectRevert(_wrongStatus(id, status));
        receivables.accept(id);
    }

    function test_accept__when_buyer_and_supplier_were_linked_since__then_refused() public {
        bytes32 id = _issue(100 * USD);
        _link(SUPPLIER_KEY, BUYER_KEY);
        vm.prank(BUYER);
        vm.expectRevert(_selfDealing(SUPPLIER, BUYER));
        receivables.accept(id);
    }

    function test_accept__when_issued_or_disputed__then_the_supplier_has_the_claim(bool disputed) public {
        bytes32 id = _issue(100 * USD);
        if (disputed) _dispute(id);
        uint64 dueTime = receivables.invoiceOf(id).dueTime;
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceAccepted(id, SUPPLIER, BUYER, address(coin), 100 * USD, dueTime);
        _accept(id);
        _assertStatus(id, IReceivables.Status.Accepted);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 100 * USD);
        vm.assertEq(receivables.holdersOf(id).length, 1);
    }

    /// @notice Of what was credited while it was in dispute, nothing is owed.
    function test_accept__when_a_part_was_credited_in_dispute__then_the_rest_is_owed(uint256 part) public {
        part = _bound(part, 1, 100 * USD - 1);
        bytes32 id = _issue(100 * USD);
        _dispute(id);
        _credit(id, part);
        _accept(id);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 100 * USD - part);
        vm.assertEq(receivables.invoiceOf(id).outstanding, 100 * USD - part);
    }

    // ------------------------------------------------------------------------------------------------------ by signature

    function test_acceptFor__when_late__then_refused(uint64 deadline) public {
        deadline = uint64(_bound(deadline, 0, block.timestamp - 1));
        bytes32 id = _issue(100 * USD);
        bytes memory signature = _signAcceptance(BUYER_KEY, id, deadline);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.SignatureExpired.selector, deadline));
        receivables.acceptFor(id, deadline, signature);
    }

    function test_acceptFor__when_it_is_not_exactly_what_was_signed__then_refused(uint256 key, uint64 later) public {
        key = _bound(key, 1, 1 << 250);
        vm.assume(key != BUYER_KEY);
        later = uint64(_bound(later, 1, 1 << 60));
        bytes32 id = _issue(100 * USD);
        bytes32 other = _issue(100 * USD);
        uint64 deadline = uint64(block.timestamp);
        _refused(id, deadline + later, _signAcceptance(BUYER_KEY, id, deadline));
        _refused(id, deadline, _signAcceptance(BUYER_KEY, other, deadline));
        _refused(id, deadline, _signAcceptance(key, id, deadline));
        _refused(id, deadline, "");
        _refused(id, deadline, new bytes(65));
        _assertStatus(id, IReceivables.Status.Issued);
    }

    function test_acceptFor__when_signed_for_another_chain__then_refused() public {
        bytes32 id = _issue(100 * USD);
        vm.chainId(block.chainid + 1);
        bytes memory signature = _signAcceptance(BUYER_KEY, id, EVER);
        vm.chainId(31_337);
        _refused(id, EVER, signature);
    }

    function test_acceptFor__when_signed_for_another_contract__then_refused() public {
        bytes32 id = _issue(100 * USD);
        bytes32 digest = _typedBy("Receivables", address(links), _acceptance(id, EVER));
        _refused(id, EVER, _signed(BUYER_KEY, digest));
    }

    function test_acceptFor__when_used_before__then_refused() public {
        bytes32 id = _issue(100 * USD);
        bytes memory signature = _signAcceptance(BUYER_KEY, id, EVER);
        receivables.acceptFor(id, EVER, signature);
        vm.expectRevert(_wrongStatus(id, IReceivables.Status.Accepted));
        receivables.acceptFor(id, EVER, signature);
    }

    /// @notice Who signed, and disputes before anybody brings the signature, has changed its mind.
    function test_acceptFor__when_disputed_since_it_was_signed__then_void() public {
        bytes32 id = _issue(100 * USD);
        bytes memory signature = _signAcceptance(BUYER_KEY, id, EVER);
        _dispute(id);
        _refused(id, EVER, signature);
        receivables.acceptFor(id, EVER, _signAcceptance(BUYER_KEY, id, EVER));
        _assertStatus(id, IReceivables.Status.Accepted);
    }

    function test_acceptFor__when_signed_unseen__then_void_once_opened() public {
        bytes32 id = _issueHidden(100 * USD, "salt");
        bytes memory signature = _signAcceptance(BUYER_KEY, id, EVER);
        receivables.open(id, 100 * USD, "salt");
        _refused(id, EVER, signature);
    }

    function test_acceptFor__when_signed__then_anyone_can_bring_it(address bringer, uint64 deadline) public {
        deadline = uint64(_bound(deadline, block.timestamp, EVER));
        bytes32 id = _issue(100 * USD);
        bytes memory signature = _signAcceptance(BUYER_KEY, id, deadline);
        vm.prank(bringer);
        receivables.acceptFor(id, deadline, signature);
        _assertStatus(id, IReceivables.Status.Accepted);
    }

    function test_acceptFor__when_the_buyer_is_a_contract__then_it_decides() public {
        address wallet = address(new Wallet1271(BUYER));
        bytes32 document = _document();
        vm.prank(SUPPLIER);
        bytes32 id = receivables.issue(wallet, address(coin), 100 * USD, _dueTime(), 0, document);
        bytes memory signature = _signAcceptance(SUPPLIER_KEY, id, EVER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.WrongSignature.selector, wallet));
        receivables.acceptFor(id, EVER, signature);
        receivables.acceptFor(id, EVER, _signAcceptance(BUYER_KEY, id, EVER));
        _assertStatus(id, IReceivables.Status.Accepted);
    }
}
