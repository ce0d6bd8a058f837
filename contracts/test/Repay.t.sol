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

    function test_repay__when_more_is_offered_than_owed__then_only_that_is_taken(address payer, uint128 extra) public {
        vm.assume(payer != address(0) && payer != address(loans) && payer != _who(MEI));
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).outstanding;
        extra = uint128(_bound(extra, 0, type(uint128).max - owed));
        vm.assertEq(_repay(payer, loanId, owed + extra), owed);
        vm.assertEq(coin.balanceOf(payer), extra);
        vm.assertEq(loans.openLoansOf(_who(MEI)).length, 0);
        vm.assertEq(loans.exposureOf(_who(MEI)), 0);
    }

    function test_repay__when_in_parts_by_anyone__then_the_rest_stays_open(address payer, uint128 part) public {
        vm.assume(payer != address(0) && payer != address(loans));
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).outstanding;
        part = uint128(_bound(part, 1, owed - 1));
        coin.mint(payer, owed);
        vm.startPrank(payer);
        coin.approve(address(loans), owed);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanRepaid(loanId, _who(MEI), payer, part, owed - part);
        loans.repay(loanId, part);
        vm.assertEq(loans.loanOf(loanId).outstanding, owed - part);
        vm.assertEq(loans.exposureOf(_who(MEI)), 100 * USD);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanRepaid(loanId, _who(MEI), payer, owed - part, 0);
        loans.repay(loanId, owed);
        vm.assertEq(coin.balanceOf(address(loans)), 1_000_000 * USD + owed - 100 * USD);
    }

    function test_repay__when_after_a_default__then_it_still_counts() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        vm.warp(uint256(loans.loanOf(loanId).dueTime) + 5 days + 1);
        loans.markDefault(loanId);
        _repay(_who(MEI), loanId, type(uint128).max);
        vm.assertEq(loans.loanOf(loanId).outstanding, 0);
        vm.assertEq(loans.exposureOf(_who(MEI)), 0);
        vm.assertTrue(loans.loanOf(loanId).defaulted);
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
        uint256 exposure = 0;
        for (uint256 i = 0; i < open.length; ++i) {
            vm.assertEq(seen & (1 << open[i]), 0);
            seen |= 1 << open[i];
            exposure += loans.loanOf(open[i]).principal;
        }
        for (uint256 loanId = 1; loanId <= 6; ++loanId) {
            vm.assertEq((seen >> loanId) & 1 == 1, loans.loanOf(loanId).outstanding > 0);
        }
        vm.assertEq(loans.exposureOf(_who(MEI)), exposure);
    }
}
