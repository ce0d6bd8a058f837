// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

contract CreditInvoiceTest is ReceivableFixture {
    bytes32 private constant NOTE = keccak256("credit note");

    function _refused(address caller, bytes32 id, uint256 amount, bytes memory reason) private {
        vm.prank(caller);
        vm.expectRevert(reason);
        receivables.credit(id, amount, NOTE);
    }

    function test_credit__when_not_by_the_supplier__then_refused(address caller) public {
        vm.assume(caller != SUPPLIER);
        _refused(caller, _accepted(100 * USD), USD, _notAllowed(caller, SUPPLIER));
    }

    function test_credit__when_issued_or_ended__then_refused() public {
        bytes32 id = _issue(100 * USD);
        _refused(SUPPLIER, id, USD, _wrongStatus(id, IReceivables.Status.Issued));
        id = _ended(IReceivables.Status.Voided);
        _refused(SUPPLIER, id, USD, _wrongStatus(id, IReceivables.Status.Voided));
        id = _ended(IReceivables.Status.Paid);
        _refused(SUPPLIER, id, USD, _wrongStatus(id, IReceivables.Status.Paid));
        id = _ended(IReceivables.Status.Credited);
        _refused(SUPPLIER, id, USD, _wrongStatus(id, IReceivables.Status.Credited));
    }

    function test_credit__when_it_is_nothing__then_refused() public {
        bytes memory reason = abi.encodeWithSelector(IReceivables.AmountZero.selector);
        _refused(SUPPLIER, _accepted(100 * USD), 0, reason);
    }

    /// @notice Nobody can take back what others hold, be it given, split or financed.
    function test_credit__when_more_than_the_supplier_holds__then_refused(uint256 part, uint256 amount) public {
        part = _bound(part, 1, 100 * USD);
        amount = _bound(amount, 100 * USD - part + 1, type(uint256).max);
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, part);
        bytes4 selector = IReceivables.TooMuch.selector;
        _refused(SUPPLIER, id, amount, abi.encodeWithSelector(selector, amount, 100 * USD - part));
        id = _financed(100 * USD, 80 * USD);
        _refused(SUPPLIER, id, 1, abi.encodeWithSelector(selector, 1, 0));
    }

    function test_credit__when_a_part__then_that_much_less_is_owed(uint256 part) public {
        part = _bound(part, 1, 100 * USD - 1);
        bytes32 id = _accepted(100 * USD);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceCredited(id, SUPPLIER, BUYER, address(coin), part, NOTE);
        _credit(id, part);
        _assertStatus(id, IReceivables.Status.Accepted);
        vm.assertEq(receivables.invoiceOf(id).outstanding, 100 * USD - part);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 100 * USD - part);
    }

    function test_credit__when_the_whole__then_credited(bool disputed) public {
        bytes32 id = _issue(100 * USD);
        if (disputed) _dispute(id);
        else _accept(id);
        _credit(id, 100 * USD);
        _assertStatus(id, IReceivables.Status.Credited);
        vm.assertEq(receivables.invoiceOf(id).endTime, block.timestamp);
        vm.assertEq(receivables.holdersOf(id).length, 0);
    }

    /// @notice Which of the two was last says how it ended.
    function test_credit__when_the_rest_after_a_payment__then_credited_and_the_reverse() public {
        bytes32 id = _accepted(100 * USD);
        _pay(BUYER, id, 60 * USD);
        _credit(id, 40 * USD);
        _assertStatus(id, IReceivables.Status.Credited);
        id = _accepted(100 * USD);
        _credit(id, 40 * USD);
        _pay(BUYER, id, 60 * USD);
        _assertStatus(id, IReceivables.Status.Paid);
    }

    // -------------------------------------------------------------------------------------------------------------- void

    function test_void__when_not_by_the_supplier__then_refused(address caller) public {
        vm.assume(caller != SUPPLIER);
        bytes32 id = _issue(100 * USD);
        vm.prank(caller);
        vm.expectRevert(_notAllowed(caller, SUPPLIER));
        receivables.void(id);
    }

    function test_void__when_accepted_or_ended__then_refused() public {
        _voidRefused(_accepted(100 * USD), IReceivables.Status.Accepted);
        _voidRefused(_ended(IReceivables.Status.Voided), IReceivables.Status.Voided);
        _voidRefused(_ended(IReceivables.Status.Paid), IReceivables.Status.Paid);
    }

    function _voidRefused(bytes32 id, IReceivables.Status status) private {
        vm.prank(SUPPLIER);
        vm.expectRevert(_wrongStatus(id, status));
        receivables.void(id);
    }

    function test_void__when_issued_or_disputed__then_it_is_over(bool disputed, bool hidden) public {
        bytes32 id = hidden ? _issueHidden(100 * USD, "salt") : _issue(100 * USD);
        if (disputed) _dispute(id);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceVoided(id, SUPPLIER, BUYER, address(coin), hidden ? 0 : 100 * USD);
        _void(id);
        _assertStatus(id, IReceivables.Status.Voided);
        vm.assertEq(receivables.invoiceOf(id).endTime, block.timestamp);
    }
}
