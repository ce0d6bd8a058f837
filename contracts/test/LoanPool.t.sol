// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC4626 } from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract LoanPoolTest is LoanFixture {
    address private constant SAVER = address(0x5A7E);

    function test_pool__when_another_than_the_book_lends_or_books__then_refused(address stranger) public {
        vm.assume(stranger != address(loans));
        bytes memory reason = abi.encodeWithSelector(ILoanPool.NotTheBook.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        pool.lend(stranger, 1, USD);
        vm.expectRevert(reason);
        pool.noteRepaid(1);
        vm.expectRevert(reason);
        pool.noteCancelled(1, 1, 1);
        vm.expectRevert(reason);
        pool.noteDefault(1, 1, 1);
        vm.expectRevert(reason);
        pool.noteRecovered(1, 1);
        vm.expectRevert(reason);
        pool.noteOverdue(1);
        vm.expectRevert(reason);
        pool.noteSound(1);
    }

    function test_redeem__when_the_coin_is_lent__then_only_what_lies_here(uint128 principal) public {
        principal = uint128(_bound(principal, 1, 500 * USD));
        _borrow(MEI, principal);
        uint256 idle = FUNDS * USD - principal;
        vm.assertEq(pool.maxWithdraw(LENDER), idle);
        vm.startPrank(LENDER);
        bytes4 selector = ERC4626.ERC4626ExceededMaxWithdraw.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, LENDER, idle + 1, idle));
        pool.withdraw(idle + 1, LENDER, LENDER);
        uint256 shares = pool.balanceOf(LENDER);
        vm.expectPartialRevert(ERC4626.ERC4626ExceededMaxRedeem.selector);
        pool.redeem(shares, LENDER, LENDER);
        pool.redeem(pool.maxRedeem(LENDER), LENDER, LENDER);
        vm.assertEq(coin.balanceOf(LENDER), idle);
        vm.assertEq(pool.maxWithdraw(LENDER), 0);
    }

    /// @notice Many can lend: each bears gains and losses by its share, also who comes between them.
    function test_deposit__of_two__then_gains_and_losses_are_shared(uint128 amount) public {
        amount = uint128(_bound(amount, USD, 10 * FUNDS * USD));
        uint256 first = _borrow(MEI, 500 * USD);
        _deposit(pool, SAVER, amount);
        _near(pool.maxWithdraw(SAVER), amount);
        _default(first);
        uint256 all = (FUNDS - 500) * USD + amount;
        _near(pool.previewRedeem(pool.balanceOf(SAVER)), all * amount / (FUNDS * USD + amount));
        _repay(_who(MEI), first, type(uint128).max);
        vm.assertTrue(pool.previewRedeem(pool.balanceOf(SAVER)) >= amount);
        uint256 sum = pool.previewRedeem(pool.balanceOf(SAVER)) + pool.previewRedeem(pool.balanceOf(LENDER));
        vm.assertTrue(sum <= pool.totalAssets());
    }

    /// @notice Who makes the first shares dear by a donation loses a hundred thousand times what the next depositor does.
    function test_deposit__after_a_donation_to_an_empty_pool__then_the_attacker_loses_most(
        uint96 donation,
        uint96 amount
    ) public {
        donation = uint96(_bound(donation, 1, FUNDS * USD));
        amount = uint96(_bound(amount, USD, FUNDS * USD));
        vm.prank(LENDER);
        pool.withdraw(FUNDS * USD, LENDER, LENDER);
        address attacker = address(0xBAD);
        _deposit(pool, attacker, 1);
        coin.mint(address(pool), donation);
        _deposit(pool, SAVER, amount);
        uint256 lost = amount - pool.previewRedeem(pool.balanceOf(SAVER));
        uint256 cost = uint256(donation) + 1 - pool.previewRedeem(pool.balanceOf(attacker));
        vm.assertTrue(lost <= cost / 100_000 + 2);
    }

    function test_lossOf__of_a_row__then_expected_against_realised() public {
        uint256 first = _borrow(MEI, 400 * USD);
        _borrow(MEI, 200 * USD);
        _default(first);
        ILoanPool.Loss memory loss = pool.lossOf(FULL_ROW);
        vm.assertEq(loss.drawn, 600 * USD);
        vm.assertEq(loss.expected, 18 * USD); // 3 %
        vm.assertEq(loss.marked, 400 * USD);
        vm.assertEq(loss.called + loss.recovered, 0);
        vm.assertEq(pool.lossOf(WIDTH_ROW).drawn, 0);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.UnknownRow.selector, 4));
        pool.lossOf(4);
        _setTable(_table(USD));
        vm.assertEq(pool.lossOf(FULL_ROW).marked, 400 * USD); // a new table leaves it
        vm.assertEq(pool.lossOf(5).drawn, 0);
    }

    function test_decimals__then_six_more_than_the_coins() public view {
        vm.assertEq(pool.decimals(), 12);
        vm.assertEq(other.decimals(), 24);
    }

    /// @notice Equal but for one unit, and never more.
    function _near(uint256 actual, uint256 ideal) private pure {
        vm.assertTrue(actual <= ideal && actual + 2 >= ideal);
    }
}
