// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract RepayTest is LoanFixture {
    function test_repay__when_there_is_no_such_loan__then_refused(uint256 loanId) public {
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId));
        loans.repay(loanId, 1);
    }

    function test_repay__when_nothing_is_paid__then_refused() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        vm.expectRevert(ITermLoans.AmountZero.selector);
        loans.repay(loanId, 0);
    }

    function test_repay__when_it_is_repaid__then_refused() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        _repay(_who(MEI), loanId, 200 * USD);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Repaid);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId));
        loans.repay(loanId, 1);
    }

    function test_repay__when_the_payer_has_not_approved__then_nothing_changes() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 before = loans.loanOf(loanId).outstanding;
        bytes4 selector = IERC20Errors.ERC20InsufficientAllowance.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, address(loans), 0, USD));
        loans.repay(loanId, USD);
        vm.assertEq(loans.loanOf(loanId).outstanding, before);
    }

    function test_repay__when_more_is_offered_than_owed__then_only_that_is_taken(uint128 extra) public {
        address payer = address(0xB0B);
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).outstanding;
        extra = uint128(_bound(extra, 0, type(uint128).max - owed));
        vm.assertEq(_repay(payer, loanId, owed + extra), owed);
        vm.assertEq(coin.balanceOf(payer), extra);
        vm.assertEq(loans.openLoansOf(_who(MEI)).length, 0);
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 0);
    }

    function test_repay__when_in_parts_by_anyone__then_the_rest_stays_open(uint128 part) public {
        address payer = address(0xB0B);
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).outstanding;
        part = uint128(_bound(part, 1, owed - 1));
        coin.mint(payer, owed);
        vm.startPrank(payer);
        coin.approve(address(loans), owed);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanRepaid(loanId, _who(MEI), payer, address(coin), part, owed - part);
        loans.repay(loanId, part);
        vm.assertEq(loans.loanOf(loanId).outstanding, owed - part);
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 100_00);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanRepaid(loanId, _who(MEI), payer, address(coin), owed - part, 0);
        loans.repay(loanId, owed);
        vm.assertEq(pool.idle(), FUNDS * USD + owed - 100 * USD);
        vm.assertEq(pool.lent(), 0);
    }

    /// @notice However it is cut up, the pool's assets never fall by a payment, and end with exactly the interest.
    function test_repay__in_any_parts__then_assets_only_rise(uint128 principal, uint128[5] memory parts) public {
        principal = uint128(_bound(principal, 1, 500 * USD));
        uint256 loanId = _borrow(MEI, _monthly(principal, 12));
        uint128 owed = loans.loanOf(loanId).owed;
        uint256 assets = pool.totalAssets();
        for (uint256 i = 0; i < 5 && loans.loanOf(loanId).outstanding != 0; ++i) {
            _repay(_who(BO), loanId, uint128(_bound(parts[i], 1, owed)));
            vm.assertTrue(pool.totalAssets() >= assets);
            assets = pool.totalAssets();
        }
        if (loans.loanOf(loanId).outstanding != 0) _repay(_who(BO), loanId, owed);
        vm.assertEq(pool.totalAssets(), FUNDS * USD + owed - principal);
    }

    function test_repay__of_each_instalment__then_they_are_equal_but_for_one_unit(uint128 principal, uint16 n) public {
        principal = uint128(_bound(principal, 12, 500 * USD));
        n = uint16(_bound(n, 1, 12));
        uint256 loanId = _borrow(MEI, _monthly(principal, n));
        uint128 least = loans.loanOf(loanId).owed / n;
        for (uint256 k = 1; k <= n; ++k) {
            (uint64 dueTime, uint128 amount) = loans.nextDueOf(loanId);
            vm.assertEq(dueTime, _due(loanId, k));
            vm.assertTrue(amount == least || amount == least + 1);
            vm.assertEq(_repay(_who(MEI), loanId, amount), amount);
        }
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Repaid);
    }

    function test_repay__when_in_default__then_the_pool_recovers() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        _default(loanId);
        vm.assertEq(pool.totalAssets(), (FUNDS - 100) * USD);
        uint128 owed = loans.loanOf(loanId).outstanding;
        _repay(_who(MEI), loanId, type(uint128).max);
        vm.assertEq(loans.loanOf(loanId).outstanding, 0);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Repaid);
        vm.assertEq(pool.totalAssets(), (FUNDS - 100) * USD + owed);
        vm.assertEq(pool.lossOf(FULL_ROW).recovered, owed);
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 0);
    }

    function test_repay__when_the_pool_is_unlisted__then_open_loans_go_on() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        vm.prank(OWNER);
        loans.unlistPool(pool);
        _borrowRefused(MEI, _once(USD), 650, abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(pool)));
        _repay(_who(MEI), loanId, 50 * USD);
        _default(loanId);
        _repay(_who(MEI), loanId, type(uint128).max);
        vm.assertTrue(pool.totalAssets() > FUNDS * USD);
        uint256 shares = pool.balanceOf(LENDER);
        vm.prank(LENDER);
        pool.redeem(shares, LENDER, LENDER);
        vm.assertEq(pool.totalSupply(), 0);
    }

    /// @notice In whatever order loans are repaid, the book lists exactly those that are open.
    function test_repay__in_any_order__then_the_book_is_right(uint8[6] memory order) public {
        for (uint256 i = 0; i < 6; ++i) {
            _borrow(MEI, uint128(i + 1) * USD);
        }
        for (uint256 i = 0; i < 6; ++i) {
            uint256 loanId = 1 + order[i] % 6;
            if (loans.loanOf(loanId).outstanding > 0) _repay(_who(MEI), loanId, 100 * USD);
            _checkBook();
        }
    }

    function _checkBook() private view {
        uint256[] memory open = loans.openLoansOf(_who(MEI));
        uint256 seen = 0;
        uint256 sum = 0;
        for (uint256 i = 0; i < open.length; ++i) {
            vm.assertEq(seen & (1 << open[i]), 0);
            seen |= 1 << open[i];
            sum += loans.loanOf(open[i]).principal;
        }
        for (uint256 loanId = 1; loanId <= 6; ++loanId) {
            vm.assertEq((seen >> loanId) & 1 == 1, loans.loanOf(loanId).outstanding > 0);
        }
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, sum / 1e4);
        vm.assertEq(pool.lent(), sum);
    }
}
