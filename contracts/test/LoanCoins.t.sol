// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { ExactCoins } from "../src/ExactCoins.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";
import { FalseCoin, FeeCoin, HookCoin, SizedCoin } from "./mocks/LoanCoins.sol";

/// @notice Coins that keep a fee, that answer false, that call back.
contract LoanCoinsTest is LoanFixture {
    // ---------------------------------------------------------------------------------------------------------- decimals

    /// @notice In coins of 2 and of 18 decimals a loan of twelve instalments, marked as late once, ends with nothing owed, and
    /// the pool has just what was paid beside its principal.
    function test_sizedCoin__of_few_or_many_decimals__then_all_adds_up(uint16 cents) public {
        _wholeLoanIn(2, uint128(_bound(cents, 100, 50_000)));
        _wholeLoanIn(18, uint128(_bound(cents, 100, 49_999)) * 1e16 + 1);
    }

    function _wholeLoanIn(uint8 decimals, uint128 principal) private {
        uint256 start = block.timestamp;
        uint128 unit = uint128(10 ** decimals);
        coin = new SizedCoin(decimals);
        pool = _listedPool(coin, unit);
        uint256 loanId = _borrow(MEI, _monthly(principal, 12));
        uint256 interest =
            (uint256(principal) * 1200 * 13 * MONTH + 2 * 365 days * 10_000 - 1) / (2 * 365 days * 10_000);
        vm.assertEq(loans.loanOf(loanId).owed, principal + interest);
        (, uint128 late) = loans.nextDueOf(loanId);
        vm.warp(_due(loanId, 1) + 5 days + 1);
        loans.markDelinquent(loanId);
        uint128 paid = _repay(_who(BO), loanId, type(uint128).max);
        vm.assertEq(paid, principal + interest + (uint256(late) * 500 + 9999) / 10_000);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Repaid);
        vm.assertEq(pool.lent() + pool.overdue(), 0);
        vm.assertEq(pool.idle(), FUNDS * unit + paid - principal);
        vm.warp(start);
    }

    // --------------------------------------------------------------------------------------------------------------- fee

    function test_feeCoin__then_every_way_in_and_out_is_refused() public {
        FeeCoin fee = new FeeCoin();
        coin = fee;
        pool = _listedPool(fee, USD);
        uint256 loanId = _borrow(MEI, 100 * USD);
        fee.keepFee();
        bytes memory reason = abi.encodeWithSelector(ExactCoins.CoinMovedLess.selector, 100 * USD, 99 * USD);
        _borrowRefused(MEI, _once(100 * USD), 650, reason);
        fee.mint(address(this), 300 * USD);
        fee.approve(address(pool), 100 * USD);
        fee.approve(address(loans), 200 * USD);
        vm.expectRevert(reason);
        pool.deposit(100 * USD, address(this));
        vm.expectRevert(reason);
        loans.repay(loanId, 100 * USD);
        vm.expectRevert(reason);
        loans.vouch(pool, _who(MEI), uint96(100 * USD), type(uint64).max);
        vm.startPrank(_who(MEI));
        fee.approve(address(loans), 100 * USD);
        vm.expectRevert(reason);
        loans.cancel(loanId);
    }

    // ------------------------------------------------------------------------------------------------------------- false

    function test_falseCoin__when_it_answers_false__then_refused() public {
        FalseCoin liar = new FalseCoin();
        coin = liar;
        pool = _listedPool(liar, USD);
        uint256 loanId = _borrow(MEI, 100 * USD);
        _vouch(GUARANTOR, _who(MEI), uint96(USD));
        liar.refuse();
        bytes memory reason = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, liar);
        _borrowRefused(MEI, _once(100 * USD), 650, reason);
        vm.expectRevert(reason);
        loans.repay(loanId, 1);
        vm.expectRevert(reason);
        pool.deposit(1, address(this));
        vm.prank(GUARANTOR);
        vm.expectRevert(reason);
        loans.unvouch(pool, _who(MEI));
        vm.prank(LENDER);
        vm.expectRevert(reason);
        pool.withdraw(1, LENDER, LENDER);
    }

    // -------------------------------------------------------------------------------------------------------------- hook

    function test_hookCoin__when_it_calls_the_book_back__then_refused() public {
        _bookRefuses(false);
        _bookRefuses(true);
    }

    /// @dev The coin calls before or after it moves.
    function _bookRefuses(bool after_) private {
        HookCoin hook = _hooked();
        uint256 loanId = _borrow(MEI, 100 * USD);
        _vouch(GUARANTOR, _who(MEI), uint96(USD));
        hook.mint(address(this), 100 * USD);
        hook.approve(address(loans), 100 * USD);
        bytes[4] memory calls = [
            abi.encodeCall(ITermLoans.repay, (loanId, 1)),
            abi.encodeCall(ITermLoans.cancel, (loanId)),
            abi.encodeCall(ITermLoans.markDefault, (loanId)),
            abi.encodeCall(ITermLoans.unvouch, (pool, _who(MEI)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            hook.hook(address(loans), calls[i], after_);
            vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
            loans.repay(loanId, 10 * USD);
        }
        hook.hook(address(loans), abi.encodeCall(ITermLoans.markDelinquent, (loanId)), after_);
        vm.expectPartialRevert(ITermLoans.NotDelinquent.selector); // it moves no coin, and may run
        loans.repay(loanId, 10 * USD);
    }

    /// @notice While a payment is under way the pool's books are a step behind: no shares are made or paid out.
    function test_hookCoin__when_it_calls_the_pool_in_a_payment__then_refused() public {
        _restingPoolRefuses(false);
        _restingPoolRefuses(true);
    }

    /// @dev The coin calls before or after it moves.
    function _restingPoolRefuses(bool after_) private {
        HookCoin hook = _hooked();
        uint256 loanId = _borrow(MEI, 100 * USD);
        hook.mint(address(hook), USD);
        hook.mint(address(this), 100 * USD);
        hook.approve(address(loans), 100 * USD);
        hook.hook(address(pool), abi.encodeCall(pool.deposit, (0, address(hook))), after_);
        vm.expectRevert(ILoanPool.BookBusy.selector);
        loans.repay(loanId, 10 * USD);
        hook.hook(address(pool), abi.encodeCall(pool.redeem, (0, address(hook), address(hook))), after_);
        vm.expectRevert(ILoanPool.BookBusy.selector);
        loans.repay(loanId, 10 * USD);
        hook.hook(address(pool), abi.encodeCall(pool.deposit, (0, address(hook))), after_);
        bytes memory reason = abi.encodeWithSelector(ILoanPool.BookBusy.selector);
        _borrowRefused(MEI, _once(USD), 650, reason);
    }

    function test_hookCoin__when_it_calls_the_pool_in_a_deposit__then_refused() public {
        _poolRefuses(false);
        _poolRefuses(true);
    }

    /// @dev The coin calls before or after it moves.
    function _poolRefuses(bool after_) private {
        HookCoin hook = _hooked();
        hook.mint(address(this), 100 * USD);
        hook.approve(address(pool), 100 * USD);
        hook.hook(address(pool), abi.encodeCall(pool.deposit, (0, address(hook))), after_);
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        pool.deposit(USD, address(this));
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        vm.prank(LENDER);
        pool.withdraw(USD, LENDER, LENDER);
    }

    function _hooked() private returns (HookCoin hook) {
        hook = new HookCoin();
        coin = hook;
        pool = _listedPool(hook, USD);
    }
}
