// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { Receivables } from "../src/Receivables.sol";
import { IWalletLinks } from "../src/IWalletLinks.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

contract IssueInvoiceTest is ReceivableFixture {
    bytes32 private constant DOCUMENT = keccak256("invoice 17");

    function _refused(address buyer, uint256 amount, uint64 dueTime, bytes32 commitment, bytes memory reason) private {
        vm.prank(SUPPLIER);
        vm.expectRevert(reason);
        receivables.issue(buyer, address(coin), amount, dueTime, commitment, DOCUMENT);
        vm.assertEq(receivables.invoiceOfDocument(SUPPLIER, DOCUMENT), 0);
    }

    function test_issue__when_the_buyer_is_nobody__then_refused() public {
        bytes memory reason = abi.encodeWithSelector(IReceivables.BadParties.selector, SUPPLIER, address(0));
        _refused(address(0), USD, _dueTime(), 0, reason);
    }

    function test_issue__when_the_buyer_is_the_supplier__then_refused() public {
        _refused(SUPPLIER, USD, _dueTime(), 0, _selfDealing(SUPPLIER, SUPPLIER));
    }

    function test_issue__when_the_buyer_is_linked_with_the_supplier__then_refused_until_the_link_has_ended() public {
        _link(SUPPLIER_KEY, BUYER_KEY);
        _refused(BUYER, USD, _dueTime(), 0, _selfDealing(SUPPLIER, BUYER));
        vm.prank(BUYER);
        links.unlink();
        vm.warp(block.timestamp + LINK_DELAY - 1);
        _refused(BUYER, USD, _dueTime(), 0, _selfDealing(SUPPLIER, BUYER));
        vm.warp(block.timestamp + 1);
        _issue(USD);
    }

    function test_issue__when_there_are_no_links__then_linked_wallets_are_others() public {
        receivables = new Receivables(IWalletLinks(address(0)));
        _link(SUPPLIER_KEY, BUYER_KEY);
        _assertStatus(_issue(USD), IReceivables.Status.Issued);
    }

    function test_issue__when_amount_is_neither_or_both_told_and_committed_to__then_refused(uint256 amount) public {
        amount = _bound(amount, 1, type(uint256).max);
        bytes4 selector = IReceivables.BadAmount.selector;
        _refused(BUYER, 0, _dueTime(), 0, abi.encodeWithSelector(selector, 0, 0));
        _refused(BUYER, amount, _dueTime(), DOCUMENT, abi.encodeWithSelector(selector, amount, DOCUMENT));
    }

    function test_issue__when_the_due_date_does_not_lie_ahead__then_refused(uint64 dueTime) public {
        dueTime = uint64(_bound(dueTime, 0, block.timestamp));
        bytes4 selector = IReceivables.BadDueTime.selector;
        _refused(BUYER, USD, dueTime, 0, abi.encodeWithSelector(selector, dueTime, block.timestamp));
    }

    function test_issue__when_the_currency_is_no_contract__then_refused() public {
        vm.prank(SUPPLIER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BadCurrency.selector, ANN));
        receivables.issue(BUYER, ANN, USD, _dueTime(), 0, DOCUMENT);
    }

    function test_issue__when_there_is_no_document__then_refused() public {
        vm.prank(SUPPLIER);
        vm.expectRevert(IReceivables.DocumentHashZero.selector);
        receivables.issue(BUYER, address(coin), USD, _dueTime(), 0, 0);
    }

    /// @notice To whomever, over whatever, by whichever of the supplier's wallets, and even after the first is void.
    function test_issue__when_the_supplier_issued_the_document_before__then_refused(bool voided) public {
        uint256 otherKey = 0x07;
        vm.startPrank(SUPPLIER);
        bytes32 first = receivables.issue(BUYER, address(coin), USD, _dueTime(), 0, DOCUMENT);
        if (voided) receivables.void(first);
        bytes memory reason = abi.encodeWithSelector(IReceivables.AlreadyIssued.selector, first);
        vm.expectRevert(reason);
        receivables.issue(ANN, address(coin), 2 * USD, _dueTime() + 1, 0, DOCUMENT);
        vm.stopPrank();
        _link(SUPPLIER_KEY, otherKey);
        vm.prank(vm.addr(otherKey));
        vm.expectRevert(reason);
        receivables.issue(ANN, address(coin), USD, _dueTime(), 0, DOCUMENT);
    }

    /// @notice Who sees a hash on its way to a block, and issues it first, to the same buyer or another, takes nothing.
    function test_issue__when_a_stranger_was_first__then_the_supplier_issues_it_all_the_same(address thief) public {
        vm.assume(thief != address(0) && thief != SUPPLIER && thief != BUYER && thief != ANN);
        vm.startPrank(thief);
        bytes32 copy = receivables.issue(BUYER, address(coin), USD, _dueTime(), 0, DOCUMENT);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.AlreadyIssued.selector, copy));
        receivables.issue(ANN, address(coin), USD, _dueTime(), 0, DOCUMENT);
        vm.stopPrank();
        vm.prank(SUPPLIER);
        bytes32 id = receivables.issue(BUYER, address(coin), USD, _dueTime(), 0, DOCUMENT);
        _accept(id);
        vm.assertEq(receivables.invoiceOfDocument(SUPPLIER, DOCUMENT), id);
        _assertStatus(copy, IReceivables.Status.Issued); // of another id, which the buyer does not owe
    }

    function test_issue__when_told__then_it_stands_as_issued(uint256 amount, uint64 dueTime) public {
        amount = _bound(amount, 1, type(uint256).max);
        dueTime = uint64(_bound(dueTime, block.timestamp + 1, type(uint64).max));
        bytes32 id = keccak256(abi.encode(SUPPLIER, BUYER, DOCUMENT));
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceIssued(id, SUPPLIER, BUYER, address(coin), amount, dueTime, 0, DOCUMENT);
        vm.prank(SUPPLIER);
        vm.assertEq(receivables.issue(BUYER, address(coin), amount, dueTime, 0, DOCUMENT), id);
        IReceivables.Invoice memory found = receivables.invoiceOf(id);
        IReceivables.Invoice memory expected = IReceivables.Invoice(
            SUPPLIER, BUYER, 0, address(coin), IReceivables.Status.Issued, dueTime, amount, amount, 0
        );
        vm.assertEq(abi.encode(found), abi.encode(expected));
        vm.assertEq(receivables.invoiceOfDocument(SUPPLIER, DOCUMENT), id);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 0); // nobody owes it yet
    }

    function test_issue__when_committed_to__then_the_amount_is_unknown(bytes32 commitment) public {
        vm.assume(commitment != 0);
        vm.prank(SUPPLIER);
        bytes32 id = receivables.issue(BUYER, address(coin), 0, _dueTime(), commitment, DOCUMENT);
        IReceivables.Invoice memory found = receivables.invoiceOf(id);
        vm.assertEq(found.amount, 0);
        vm.assertEq(found.outstanding, 0);
        vm.assertEq(found.commitment, commitment);
    }

    function test_invoiceOf__when_there_is_none__then_all_zero_and_no_verb_works(bytes32 id) public {
        vm.assertEq(receivables.invoiceOf(id).supplier, address(0));
        bytes[9] memory calls = [
            abi.encodeCall(IReceivables.open, (id, 1, 0)),
            abi.encodeCall(IReceivables.credit, (id, 1, 0)),
            abi.encodeCall(IReceivables.void, (id)),
            abi.encodeCall(IReceivables.accept, (id)),
            abi.encodeCall(IReceivables.dispute, (id, 0)),
            abi.encodeCall(IReceivables.pay, (id, 1)),
            abi.encodeCall(IReceivables.offer, (id, ANN, 1)),
            abi.encodeCall(IReceivables.finance, (id, ANN, 1)),
            abi.encodeCall(IReceivables.assign, (id, ANN))
        ];
        bytes memory reason = abi.encodeWithSelector(IReceivables.UnknownInvoice.selector, id);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory answer) = address(receivables).call(calls[i]);
            vm.assertFalse(done);
            vm.assertEq(answer, reason);
        }
    }
}
