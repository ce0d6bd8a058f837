// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract MarkOverdueTest is LoanFixture {
    address private constant SAVER = address(0x5A7E);

    function test_markOverdue__when_there_is_no_such_loan__then_refused(uint256 loanId) public {
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId));
        loans.markOverdue(loanId);
    }

    function test_markOverdue__when_nothing_is_late__then_refused(uint64 early) public {
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        (, uint128 amount) = loans.nextDueOf(loanId);
        _repay(_who(MEI), loanId, amount);
        uint256 until = _due(loanId, 2);
        vm.warp(_bound(early, block.timestamp, until));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotOverdue.selector, loanId, until));
        loans.markOverdue(loanId);
    }

    function test_markOverdue__when_marked_or_in_default__then_refused() public {
        uint256 loanId = _overdue();
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AlreadyOverdue.selector, loanId));
        loans.markOverdue(loanId);
        _default(loanId);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AlreadyDefaulted.selector, loanId));
        loans.markOverdue(loanId);
    }

    function test_markOverdue__when_late__then_nothing_changes_for_the_borrower() public {
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        vm.warp(_due(loanId, 1) + 1);
        ITermLoans.Loan memory loan = loans.loanOf(loanId);
        vm.expectEmit(address(pool));
        emit ILoanPool.OverdueChanged(120 * USD);
        loans.markOverdue(loanId);
        loan.state = ITermLoans.State.Overdue;
        vm.assertEq(abi.encode(loans.loanOf(loanId)), abi.encode(loan));
        vm.warp(_due(loanId, 1) + 5 days + 1);
        loans.markDelinquent(loanId);
        vm.warp(_due(loanId, 3) + 5 days + 1);
        loans.markDefault(loanId);
    }

    /// @notice Of two lenders who own half each, the one who leaves before the loss bears it no less than the one who stays; and
    /// who comes meanwhile pays for what may still come back.
    function test_redeem__when_a_loan_is_overdue__then_who_leaves_is_paid_nothing_for_it() public {
        _deposit(pool, SAVER, FUNDS * USD);
        uint256 shares = pool.balanceOf(SAVER);
        uint256 loanId = _overdue();
        uint256 share = (FUNDS - 60) * USD; // half of all but 120 dollars
        vm.assertEq(pool.overdue(), 120 * USD);
        vm.assertEq(pool.totalAssets(), 2 * FUNDS * USD);
        vm.assertEq(pool.maxWithdraw(SAVER), share);
        vm.assertTrue(shares - pool.previewWithdraw(share) < 1e6); // less than a unit's worth
        vm.assertEq(pool.previewDeposit(FUNDS * USD), shares);
        vm.prank(SAVER);
        vm.assertEq(pool.redeem(shares, SAVER, SAVER), share);
        _default(loanId);
        vm.assertEq(pool.overdue(), 0);
        vm.assertTrue(pool.previewRedeem(pool.balanceOf(LENDER)) + 1 >= share); // no more is left to the one who stayed
    }

    /// @notice A mark that comes just before somebody leaves is not paid for by who named the least.
    function test_redeem__when_a_mark_comes_first__then_no_worse_than_named(uint256 shares) public {
        shares = _bound(shares, FUNDS * USD, 1e6 * FUNDS * USD / 2); // from a dollar's worth to half of all
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        vm.warp(_due(loanId, 1) + 1);
        uint256 least = pool.previewRedeem(shares);
        uint256 most = pool.previewWithdraw(least);
        loans.markOverdue(loanId);
        (uint256 pays, uint256 takes) = (pool.previewRedeem(shares), pool.previewWithdraw(least));
        vm.startPrank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.PaysLess.selector, pays, least));
        pool.redeemAtLeast(shares, SAVER, LENDER, least);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.TakesMore.selector, takes, most));
        pool.withdrawAtMost(least, SAVER, LENDER, most);
        vm.assertEq(coin.balanceOf(SAVER), 0);
        vm.assertEq(pool.redeemAtLeast(shares, SAVER, LENDER, pays), pays);
        takes = pool.previewWithdraw(least);
        vm.assertEq(pool.withdrawAtMost(least, SAVER, LENDER, takes), takes);
        vm.assertEq(coin.balanceOf(SAVER), pays + least);
    }

    function test_redeemAtLeast__of_anothers_shares__then_refused() public {
        uint256 shares = pool.balanceOf(LENDER) / 2;
        vm.startPrank(SAVER);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        pool.redeemAtLeast(shares, SAVER, LENDER, 0);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        pool.withdrawAtMost(USD, SAVER, LENDER, type(uint256).max);
    }

    function test_redeem__when_all_is_overdue_but_some_coin__then_that_coin_is_paid() public {
        vm.prank(LENDER);
        pool.withdraw((FUNDS - 500) * USD, LENDER, LENDER);
        uint256 loanId = _borrow(MEI, 450 * USD);
        vm.warp(_due(loanId, 1) + 1);
        loans.markOverdue(loanId);
        uint256 most = pool.maxWithdraw(LENDER);
        vm.prank(LENDER);
        pool.withdraw(most, LENDER, LENDER);
        vm.assertTrue(pool.idle() <= 1); // rounded down
        vm.assertTrue(pool.balanceOf(LENDER) > 0);
    }

    function test_repay__when_overdue__then_what_is_late_must_be_paid_before_it_is_sound(uint128 part) public {
        uint256 loanId = _overdue();
        (, uint128 late) = loans.nextDueOf(loanId);
        part = uint128(_bound(part, 1, late - 1));
        _repay(_who(BO), loanId, part);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Overdue);
        vm.assertEq(pool.overdue(), pool.lent());
        _repay(_who(BO), loanId, late - part);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Open);
        vm.assertEq(pool.overdue(), 0);
        vm.warp(_due(loanId, 2) + 1);
        loans.markOverdue(loanId); // and again
        _repay(_who(BO), loanId, type(uint128).max);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Repaid);
        vm.assertEq(pool.overdue(), 0);
    }

    function test_cancel__when_overdue__then_nothing_is_overdue_and_guarantors_are_free() public {
        _vouch(GUARANTOR, _who(MEI), uint96(100 * USD));
        ITermLoans.Draw memory draw = _covered(100 * USD, GUARANTOR);
        draw.interval = 1 hours;
        uint256 loanId = _borrow(MEI, draw);
        vm.warp(_due(loanId, 1) + 1);
        loans.markOverdue(loanId);
        vm.startPrank(_who(MEI));
        coin.approve(address(loans), 100 * USD);
        loans.cancel(loanId);
        vm.stopPrank();
        vm.assertEq(pool.overdue() + pool.lent(), 0);
        vm.assertEq(loans.vouchOf(pool, _who(MEI), GUARANTOR).free, 100 * USD);
    }

    /// @notice 120 dollars in twelve instalments, the first of them a second late.
    function _overdue() private returns (uint256 loanId) {
        loanId = _borrow(MEI, _monthly(120 * USD, 12));
        vm.warp(_due(loanId, 1) + 1);
        loans.markOverdue(loanId);
    }
}
