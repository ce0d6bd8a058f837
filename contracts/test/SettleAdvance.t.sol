// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { IInvoiceFinance } from "../src/IInvoiceFinance.sol";
import { IReceivables } from "../src/IReceivables.sol";
import { FinanceFixture } from "./FinanceFixture.sol";

contract SettleAdvanceTest is FinanceFixture {
    function test_settle__when_there_is_no_advance__then_refused(bytes32 id) public {
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.NoAdvance.selector, id));
        pool.settle(id);
    }

    function test_settle__when_something_is_outstanding__then_refused(uint256 paid) public {
        bytes32 id = _drawn(100 * USD);
        paid = _bound(paid, 1, 100 * USD - 1);
        _pay(BUYER, id, paid);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.NotYetPaid.selector, id));
        pool.settle(id);
    }

    function test_settle__when_settled_before__then_refused() public {
        bytes32 id = _drawn(100 * USD);
        _pay(BUYER, id, 100 * USD);
        pool.settle(id);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.NoAdvance.selector, id));
        pool.settle(id);
    }

    /// @notice The pool keeps the face when paid on the due date, less when earlier, more when later, never more than the
    /// claim; the supplier gets the rest, whoever settles, and however late.
    function test_settle__when_paid__then_the_supplier_gets_what_is_left(uint256 amount, uint256 paidAt, uint256 idle)
        public
    {
        amount = _bound(amount, 1000, 500 * USD);
        bytes32 id = _drawn(amount);
        IInvoiceFinance.Advance memory drawn = pool.advanceOf(id);
        uint256 time = _bound(paidAt, 0, 5 * YEAR);
        vm.warp(block.timestamp + time);
        _pay(BUYER, id, amount);
        vm.warp(block.timestamp + _bound(idle, 0, YEAR));
        uint256 fee = _interest(drawn.face, 800, time);
        uint256 most = amount - drawn.advance;
        uint256 reserve = fee < most ? most - fee : 0;
        uint256 before = coin.balanceOf(SUPPLIER);
        vm.expectEmit(address(pool));
        emit IInvoiceFinance.AdvanceSettled(id, SUPPLIER, most - reserve, reserve);
        vm.prank(ANN);
        vm.assertEq(pool.settle(id), reserve);
        vm.assertEq(coin.balanceOf(SUPPLIER) - before, reserve);
        vm.assertEq(coin.balanceOf(address(pool)), 1_000_000 * USD + most - reserve);
        if (time == MONTH) vm.assertEq(drawn.advance + fee, drawn.face);
        vm.assertEq(pool.reserved() + pool.advancedTo(SUPPLIER) + pool.advancedOn(BUYER), 0);
    }

    function test_settle__when_paid_on_the_due_date__then_the_pool_keeps_the_face() public {
        bytes32 id = _drawn(100 * USD);
        vm.warp(receivables.invoiceOf(id).dueTime);
        _pay(BUYER, id, 100 * USD);
        vm.assertEq(pool.settle(id), 10 * USD);
    }

    /// @notice The supplier's other wallet pays nothing for it, and what the supplier kept can still be credited.
    function test_settle__when_the_rest_was_credited__then_settled() public {
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, 40 * USD);
        _offer(SUPPLIER, id, address(pool), 1);
        _draw(id);
        _assign(ANN, id, SUPPLIER);
        _credit(id, 40 * USD);
        _pay(BUYER, id, 60 * USD);
        vm.assertEq(pool.settle(id), 60 * USD - 54 * USD + _interest(54 * USD, 800, MONTH));
    }

    /// @notice A claim that somebody gives to the pool is the pool's, and not the supplier's reserve.
    function test_settle__when_the_pool_was_given_more__then_the_reserve_is_the_same() public {
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, 40 * USD);
        _offer(SUPPLIER, id, address(pool), 1);
        _draw(id);
        _assign(ANN, id, address(pool));
        vm.warp(receivables.invoiceOf(id).dueTime);
        _pay(BUYER, id, 100 * USD);
        vm.assertEq(pool.settle(id), 6 * USD);
    }

    // -------------------------------------------------------------------------------------------------------------- losses

    function test_writeOff__when_not_by_the_owner_not_lost_or_twice__then_refused(address caller, uint256 time) public {
        vm.assume(caller != POOL_OWNER);
        bytes32 id = _drawn(100 * USD);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        pool.writeOff(id);
        uint256 until = uint256(receivables.invoiceOf(id).dueTime) + 90 days;
        vm.warp(_bound(time, block.timestamp, until));
        vm.startPrank(POOL_OWNER);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.NotYetLost.selector, id, until));
        pool.writeOff(id);
        vm.warp(until + 1);
        pool.writeOff(id);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.AlreadyWrittenOff.selector, id));
        pool.writeOff(id);
        vm.stopPrank();
    }

    function test_writeOff__when_paid__then_refused() public {
        bytes32 id = _drawn(100 * USD);
        uint256 until = uint256(receivables.invoiceOf(id).dueTime) + 90 days;
        vm.warp(until + 1);
        _pay(BUYER, id, 100 * USD);
        vm.prank(POOL_OWNER);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.NotYetLost.selector, id, until));
        pool.writeOff(id);
    }

    /// @notice The loss is the pool's; the limits of both stay used up until the buyer pays.
    function test_writeOff__when_lost__then_nothing_is_reserved_and_it_can_still_be_settled() public {
        bytes32 id = _drawn(100 * USD);
        uint256 advance = pool.advanceOf(id).advance;
        vm.warp(uint256(receivables.invoiceOf(id).dueTime) + 90 days + 1);
        vm.expectEmit(address(pool));
        emit IInvoiceFinance.AdvanceWrittenOff(id, SUPPLIER, BUYER, advance);
        vm.prank(POOL_OWNER);
        pool.writeOff(id);
        vm.assertEq(pool.reserved(), 0);
        vm.assertEq(pool.advancedTo(SUPPLIER), advance);
        _pay(BUYER, id, 100 * USD);
        uint256 fee = _interest(90 * USD, 800, MONTH + 90 days + 1);
        vm.assertEq(pool.settle(id), 100 * USD - advance - fee);
        vm.assertEq(pool.reserved() + pool.advancedTo(SUPPLIER), 0);
    }

    /// @notice Nor does a reserve that was given up take the coin of those that stand.
    function test_settle__when_written_off_and_the_coin_is_others__then_refused_until_it_is_there() public {
        bytes32 id = _drawn(100 * USD);
        vm.warp(uint256(receivables.invoiceOf(id).dueTime) + 90 days + 1);
        vm.startPrank(POOL_OWNER);
        pool.writeOff(id);
        pool.withdraw(coin.balanceOf(address(pool)));
        vm.stopPrank();
        _pay(BUYER, id, 100 * USD);
        vm.prank(POOL_OWNER);
        pool.withdraw(100 * USD);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.Reserved.selector, 0, 0));
        pool.settle(id);
        coin.mint(address(pool), 100 * USD);
        vm.assertTrue(pool.settle(id) > 0);
    }

    // --------------------------------------------------------------------------------------------------------------- owner

    function test_withdraw__when_it_may_be_owed_to_suppliers__then_refused(uint256 amount) public {
        bytes32 id = _drawn(100 * USD);
        _pay(BUYER, id, 100 * USD); // paid and not yet settled
        uint256 balance = coin.balanceOf(address(pool));
        uint256 reserved = pool.reserved();
        amount = _bound(amount, balance - reserved + 1, type(uint128).max);
        vm.startPrank(POOL_OWNER);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.Reserved.selector, balance, reserved));
        pool.withdraw(amount);
        pool.withdraw(balance - reserved);
        vm.stopPrank();
        pool.settle(id);
        vm.assertEq(coin.balanceOf(POOL_OWNER), balance - reserved);
    }

    function test_owner__when_somebody_else__then_refused(address caller) public {
        vm.assume(caller != POOL_OWNER);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(reason);
        pool.withdraw(1);
        vm.expectRevert(reason);
        pool.setTable(_table(), _terms());
        vm.stopPrank();
    }

    function test_setTable__when_a_line_says_nothing_that_can_be__then_refused(uint8 which, uint16 value) public {
        IInvoiceFinance.Row[] memory table = _table();
        IInvoiceFinance.Row memory row = table[1];
        which %= 5;
        if (which < 2 && value > 300 && value <= 850 && value % 10 == 0) ++value;
        if (which == 0) row.supplierAtLeast = value;
        if (which == 1) row.buyerAtLeast = value;
        if (which == 2) row.supplierStatuses = value % 2 == 0 ? 4 : uint8(_bound(value, 8, 255));
        if (which == 3) row.buyerStatuses = value % 2 == 0 ? 0 : uint8(_bound(value, 8, 255));
        if (which == 4) row.advanceBps = value % 2 == 0 ? 0 : uint16(_bound(value, 10_001, type(uint16).max));
        vm.prank(POOL_OWNER);
        vm.expectRevert(abi.encodeWithSelector(IInvoiceFinance.BadRow.selector, 1));
        pool.setTable(table, _terms());
    }

    function test_setTable__when_set__then_later_advances_are_on_it_and_earlier_ones_stay() public {
        bytes32 id = _drawn(100 * USD);
        IInvoiceFinance.Row[] memory table = new IInvoiceFinance.Row[](1);
        table[0] = IInvoiceFinance.Row(310, 310, 1, 1, 5000, 0);
        vm.expectEmit(address(pool));
        emit IInvoiceFinance.TableSet(table, _terms());
        _setTable(table, _terms());
        vm.assertEq(abi.encode(pool.table()), abi.encode(table));
        vm.assertEq(abi.encode(pool.terms()), abi.encode(_terms()));
        vm.assertEq(_draw(_offered(100 * USD)), 50 * USD);
        vm.warp(receivables.invoiceOf(id).dueTime);
        _pay(BUYER, id, 100 * USD);
        vm.assertEq(pool.settle(id), 10 * USD);
    }

    function test_collect__when_nothing_is_kept__then_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NothingKept.selector, address(pool), address(coin)));
        pool.collect();
    }
}
