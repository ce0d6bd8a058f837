// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

contract FinanceInvoiceTest is ReceivableFixture {
    uint256 private constant FINANCIER_KEY = 0xF14A;

    function _refused(address financier, bytes32 id, uint256 advance, bytes memory reason) private {
        _fund(financier, advance % (1000 * USD));
        vm.prank(financier);
        vm.expectRevert(reason);
        receivables.finance(id, SUPPLIER, advance);
        vm.assertTrue(receivables.claimOf(id, financier) == 0 || receivables.financierOf(id) == financier);
    }

    // ------------------------------------------------------------------------------------------------------------- offers

    function test_offer__when_not_a_holder__then_refused(address caller) public {
        vm.assume(caller != SUPPLIER);
        bytes32 id = _accepted(100 * USD);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotAHolder.selector, id, caller));
        receivables.offer(id, FINANCIER, 1);
    }

    function test_offer__when_more_than_the_claim_is_asked__then_refused(uint256 least) public {
        least = _bound(least, 100 * USD + 1, type(uint256).max);
        bytes32 id = _accepted(100 * USD);
        vm.prank(SUPPLIER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TooMuch.selector, least, 100 * USD));
        receivables.offer(id, FINANCIER, least);
    }

    function test_offer__when_taken_back__then_not_offered(uint256 least) public {
        least = _bound(least, 1, 100 * USD);
        bytes32 id = _accepted(100 * USD);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceOffered(id, SUPPLIER, FINANCIER, address(coin), 100 * USD, least);
        _offer(SUPPLIER, id, FINANCIER, least);
        (uint256 asked, uint256 claim) = receivables.offerOf(id, SUPPLIER, FINANCIER);
        vm.assertEq(asked, least);
        vm.assertEq(claim, 100 * USD);
        _offer(SUPPLIER, id, FINANCIER, 0);
        bytes4 selector = IReceivables.NotOffered.selector;
        _refused(FINANCIER, id, 100 * USD, abi.encodeWithSelector(selector, id, SUPPLIER, FINANCIER));
    }

    // ------------------------------------------------------------------------------------------------------------ finance

    function test_finance__when_not_offered_to_the_caller__then_refused(address financier) public {
        vm.assume(financier != FINANCIER && financier != SUPPLIER && financier != BUYER && financier != address(0));
        bytes32 id = _accepted(100 * USD);
        _offer(SUPPLIER, id, FINANCIER, 80 * USD);
        bytes4 selector = IReceivables.NotOffered.selector;
        _refused(financier, id, 90 * USD, abi.encodeWithSelector(selector, id, SUPPLIER, financier));
    }

    function test_finance__when_the_advance_is_too_low_or_above_the_claim__then_refused(uint256 low, uint256 high)
        public
    {
        low = _bound(low, 0, 80 * USD - 1);
        high = _bound(high, 100 * USD + 1, type(uint256).max);
        bytes32 id = _accepted(100 * USD);
        _offer(SUPPLIER, id, FINANCIER, 80 * USD);
        bytes4 selector = IReceivables.AdvanceTooLow.selector;
        _refused(FINANCIER, id, low, abi.encodeWithSelector(selector, low, 80 * USD));
        _refused(FINANCIER, id, high, abi.encodeWithSelector(IReceivables.TooMuch.selector, high, 100 * USD));
    }

    /// @notice Neither is the financier sold less than it saw, nor does the holder give more.
    function test_finance__when_the_claim_changed_since_the_offer__then_refused(uint8 how) public {
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, 50 * USD);
        _offer(SUPPLIER, id, FINANCIER, 40 * USD);
        uint256 changed = _change(id, how % 4);
        bytes4 selector = IReceivables.ClaimChanged.selector;
        _refused(FINANCIER, id, 40 * USD, abi.encodeWithSelector(selector, id, 50 * USD, changed));
        _offer(SUPPLIER, id, FINANCIER, 1);
        _finance(FINANCIER, id, SUPPLIER, changed);
    }

    /// @notice Of the supplier's 50: a payment, a part given away, a part received, a credit note.
    function _change(bytes32 id, uint256 how) private returns (uint256 claim) {
        if (how == 0) _pay(BUYER, id, 20 * USD);
        else if (how == 1) _split(SUPPLIER, id, BEN, 5 * USD);
        else if (how == 2) _split(ANN, id, SUPPLIER, 10 * USD);
        else _credit(id, 20 * USD);
        uint256[4] memory claims = [40 * USD, 45 * USD, 60 * USD, 30 * USD];
        return claims[how];
    }

    function test_finance__when_by_the_holder_the_supplier_the_buyer_or_who_is_linked__then_refused() public {
        bytes32 id = _accepted(100 * USD);
        address linked = vm.addr(FINANCIER_KEY);
        _assign(SUPPLIER, id, ANN);
        _selfRefused(id, ANN, ANN);
        _selfRefused(id, SUPPLIER, SUPPLIER);
        _selfRefused(id, BUYER, BUYER);
        _link(FINANCIER_KEY, BUYER_KEY);
        _selfRefused(id, linked, BUYER);
    }

    function _selfRefused(bytes32 id, address financier, address other) private {
        _offer(ANN, id, financier, 80 * USD);
        _fund(financier, 80 * USD);
        vm.prank(financier);
        vm.expectRevert(_selfDealing(financier, other));
        receivables.finance(id, ANN, 80 * USD);
    }

    function test_finance__when_overdue__then_refused_and_not_a_second_before(uint64 late) public {
        bytes32 id = _accepted(100 * USD);
        _offer(SUPPLIER, id, FINANCIER, 80 * USD);
        uint64 dueTime = receivables.invoiceOf(id).dueTime;
        vm.warp(_bound(late, uint256(dueTime) + 1, uint256(dueTime) + 365 days));
        bytes4 selector = IReceivables.InvoiceOverdue.selector;
        _refused(FINANCIER, id, 80 * USD, abi.encodeWithSelector(selector, id, dueTime));
        vm.warp(dueTime);
        _finance(FINANCIER, id, SUPPLIER, 80 * USD);
    }

    function test_finance__when_not_accepted__then_refused() public {
        bytes32 id = _issue(100 * USD);
        _refused(FINANCIER, id, 80 * USD, _wrongStatus(id, IReceivables.Status.Issued));
        _dispute(id);
        _refused(FINANCIER, id, 80 * USD, _wrongStatus(id, IReceivables.Status.Disputed));
    }

    /// @notice No double pledging: not by the financier, not by the holder of a part, not after it was given on.
    function test_finance__when_financed_before__then_refused(bool givenOn) public {
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, 50 * USD);
        _offer(SUPPLIER, id, FINANCIER, 40 * USD);
        _finance(FINANCIER, id, SUPPLIER, 40 * USD);
        if (givenOn) _assign(FINANCIER, id, SUPPLIER);
        _offer(ANN, id, BEN, 40 * USD);
        _fund(BEN, 40 * USD);
        vm.prank(BEN);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.AlreadyFinanced.selector, id, FINANCIER));
        receivables.finance(id, ANN, 40 * USD);
    }

    function test_finance__when_offered__then_the_advance_and_the_claim_change_hands(uint256 least, uint256 advance)
        public
    {
        least = _bound(least, 1, 100 * USD);
        advance = _bound(advance, least, 100 * USD);
        bytes32 id = _accepted(100 * USD);
        _offer(SUPPLIER, id, FINANCIER, least);
        _fund(FINANCIER, advance);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceFinanced(id, SUPPLIER, BUYER, SUPPLIER, FINANCIER, address(coin), advance);
        vm.prank(FINANCIER);
        receivables.finance(id, SUPPLIER, advance);
        vm.assertEq(receivables.financierOf(id), FINANCIER);
        vm.assertEq(receivables.claimOf(id, FINANCIER), 100 * USD);
        vm.assertEq(coin.balanceOf(SUPPLIER), advance);
        (uint256 asked,) = receivables.offerOf(id, SUPPLIER, FINANCIER);
        vm.assertEq(asked, 0);
        _pay(BUYER, id, 100 * USD);
        vm.assertEq(coin.balanceOf(FINANCIER), 100 * USD);
        vm.assertEq(coin.balanceOf(SUPPLIER), advance);
    }
}
