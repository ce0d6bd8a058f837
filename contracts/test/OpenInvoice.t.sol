// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

contract OpenInvoiceTest is ReceivableFixture {
    bytes32 private constant SALT = keccak256("salt");

    function test_open__when_it_is_not_what_was_committed_to__then_refused(uint256 amount, bytes32 salt) public {
        vm.assume(amount != 250 * USD || salt != SALT);
        amount = _bound(amount, 1, type(uint256).max);
        bytes32 id = _issueHidden(250 * USD, SALT);
        bytes32 commitment = receivables.invoiceOf(id).commitment;
        vm.expectRevert(abi.encodeWithSelector(IReceivables.WrongOpening.selector, id, commitment));
        receivables.open(id, amount, salt);
        vm.assertEq(receivables.invoiceOf(id).amount, 0);
    }

    function test_open__when_nothing_was_committed_to__then_refused_for_ever() public {
        bytes32 id = _issueHidden(0, SALT);
        bytes32 commitment = receivables.invoiceOf(id).commitment;
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BadAmount.selector, 0, commitment));
        receivables.open(id, 0, SALT);
    }

    function test_open__when_it_is_open__then_refused() public {
        bytes32 id = _issueHidden(250 * USD, SALT);
        receivables.open(id, 250 * USD, SALT);
        bytes memory reason = abi.encodeWithSelector(IReceivables.AmountOpen.selector, id);
        vm.expectRevert(reason);
        receivables.open(id, 250 * USD, SALT);
        id = _issue(USD);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.AmountOpen.selector, id));
        receivables.open(id, USD, 0);
    }

    function test_open__when_the_invoice_is_void__then_refused() public {
        bytes32 id = _issueHidden(250 * USD, SALT);
        _void(id);
        vm.expectRevert(_wrongStatus(id, IReceivables.Status.Voided));
        receivables.open(id, 250 * USD, SALT);
    }

    /// @notice Unknown is not zero: nothing that needs a number is done before.
    function test_open__when_not_done__then_only_accepting_and_assigning_work() public {
        bytes32 id = _acceptedHidden(250 * USD, SALT);
        bytes memory reason = abi.encodeWithSelector(IReceivables.AmountNotOpen.selector, id);
        vm.startPrank(SUPPLIER);
        vm.expectRevert(reason);
        receivables.split(id, ANN, 1);
        vm.expectRevert(reason);
        receivables.credit(id, 1, 0);
        vm.expectRevert(reason);
        receivables.offer(id, FINANCIER, 1);
        vm.stopPrank();
        vm.startPrank(BUYER);
        vm.expectRevert(reason);
        receivables.pay(id, 1);
        vm.stopPrank();
        vm.prank(FINANCIER);
        vm.expectRevert(reason);
        receivables.finance(id, SUPPLIER, 1);
        _assign(SUPPLIER, id, ANN);
    }

    /// @notice In any order with acceptance; anyone who knows it may.
    function test_open__when_it_fits__then_the_amount_is_known(uint256 amount, bytes32 salt, bool first, address opener)
        public
    {
        amount = _bound(amount, 1, type(uint256).max);
        bytes32 id = _issueHidden(amount, salt);
        if (!first) _accept(id);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceOpened(id, SUPPLIER, BUYER, address(coin), amount);
        vm.prank(opener);
        receivables.open(id, amount, salt);
        if (first) _accept(id);
        vm.assertEq(receivables.invoiceOf(id).amount, amount);
        vm.assertEq(receivables.invoiceOf(id).outstanding, amount);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), amount);
    }

    function test_open__when_the_claim_was_assigned_unseen__then_the_new_holder_has_all() public {
        bytes32 id = _acceptedHidden(250 * USD, SALT);
        _assign(SUPPLIER, id, ANN);
        receivables.open(id, 250 * USD, SALT);
        vm.assertEq(receivables.claimOf(id, ANN), 250 * USD);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 0);
    }
}
