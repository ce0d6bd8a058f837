// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract MarkDefaultTest is LoanFixture {
    function test_markDefault__when_there_is_no_such_loan_or_it_is_repaid__then_refused(uint256 loanId) public {
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId));
        loans.markDefault(loanId);
        uint256 repaid = _borrow(MEI, USD);
        _repay(_who(MEI), repaid, 2 * USD);
        vm.warp(block.timestamp + 365 days);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, repaid));
        loans.markDefault(repaid);
    }

    function test_markDefault__when_the_grace_is_not_over__then_refused(uint64 early) public {
        uint256 loanId = _borrow(MEI, USD);
        uint256 until = _due(loanId, 1) + 5 days;
        vm.warp(_bound(early, block.timestamp, until));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotInDefault.selector, loanId, until));
        loans.markDefault(loanId);
    }

    function test_markDefault__when_the_pool_shortens_the_grace_later__then_the_loans_own_holds() public {
        uint256 loanId = _borrow(MEI, USD);
        ILoanPool.Terms memory terms = _terms(USD);
        terms.grace = 0;
        _setTerms(terms);
        uint256 until = _due(loanId, 1) + 5 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotInDefault.selector, loanId, until));
        loans.markDefault(loanId);
    }

    function test_markDefault__when_marked_already__then_refused() public {
        uint256 loanId = _borrow(MEI, USD);
        _default(loanId);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AlreadyDefaulted.selector, loanId));
        loans.markDefault(loanId);
    }

    /// @notice Of twelve instalments, `paid` in time: three must stand unpaid, or the last be over.
    /// forge-config: default.fuzz.runs = 32
    function test_markDefault__of_instalments__then_after_the_third_that_is_unpaid(uint8 paid) public {
        paid %= 12;
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        for (uint256 k = 0; k < paid; ++k) {
            (, uint128 amount) = loans.nextDueOf(loanId);
            _repay(_who(MEI), loanId, amount);
        }
        uint256 third = paid + 3 < 12 ? paid + 3 : 12;
        uint256 until = _due(loanId, third) + 5 days;
        vm.assertEq(loans.defaultTimeOf(loanId), until);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotInDefault.selector, loanId, until));
        loans.markDefault(loanId);
        vm.warp(until + 1);
        loans.markDefault(loanId);
        uint256 left = uint256(12 - paid) * 10 * USD;
        uint256 marked = pool.lossOf(FULL_ROW).marked;
        vm.assertTrue(marked <= left && marked + 1 >= left);
    }

    function test_markDefault__when_the_grace_is_over__then_anyone_can(address anyone, uint32 late, uint128 part)
        public
    {
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).owed;
        part = uint128(_bound(part, 1, owed - 1));
        _repay(_who(MEI), loanId, part);
        uint256 left = uint256(owed - part) * 100 * USD / owed;
        vm.assertEq(pool.lent(), left);
        vm.warp(_due(loanId, 1) + 5 days + 1 + late);
        vm.expectEmit(address(pool));
        emit ILoanPool.LossMarked(FULL_ROW, uint128(left), 0);
        vm.prank(anyone);
        loans.markDefault(loanId);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Defaulted);
        vm.assertEq(loans.openLoansOf(_who(MEI)).length, 1);
        vm.assertEq(pool.lent(), 0);
        vm.assertEq(pool.totalAssets(), (FUNDS - 100) * USD + part);
    }

    function test_markDefault__then_it_says_what_is_unpaid() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).owed;
        vm.warp(_due(loanId, 1) + 5 days + 1);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDefaulted(loanId, _who(MEI), address(pool), address(coin), owed);
        loans.markDefault(loanId);
    }
}
