// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract MarkDelinquentTest is LoanFixture {
    function test_markDelinquent__when_there_is_no_such_loan__then_refused(uint256 loanId) public {
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId));
        loans.markDelinquent(loanId);
    }

    /// forge-config: default.fuzz.runs = 32
    function test_markDelinquent__when_the_grace_is_not_over__then_refused(uint64 early, uint16 k) public {
        k = uint16(_bound(k, 1, 12));
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        for (uint256 i = 1; i < k; ++i) {
            _payNext(loanId);
        }
        uint256 until = _due(loanId, k) + 5 days;
        vm.warp(_bound(early, block.timestamp, until));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotDelinquent.selector, loanId, until));
        loans.markDelinquent(loanId);
    }

    function test_markDelinquent__when_in_default__then_refused() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        _default(loanId);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AlreadyDefaulted.selector, loanId));
        loans.markDelinquent(loanId);
    }

    function test_markDelinquent__when_each_is_marked_once__then_refused_after_the_last() public {
        uint256 loanId = _borrow(MEI, _monthly(90 * USD, 3));
        vm.warp(_due(loanId, 3) + 5 days + 1);
        for (uint256 k = 1; k <= 3; ++k) {
            loans.markDelinquent(loanId);
            vm.assertEq(loans.loanOf(loanId).marked, k);
        }
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AllMarked.selector, loanId));
        loans.markDelinquent(loanId);
        ITermLoans.Loan memory loan = loans.loanOf(loanId);
        vm.assertEq(loan.outstanding, loan.owed + loan.fees);
        vm.assertTrue(loan.fees >= loan.owed / 20 && loan.fees <= loan.owed / 20 + 3);
    }

    function test_markDelinquent__when_part_of_it_is_paid__then_the_fee_is_on_the_rest(uint128 part) public {
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        (uint64 dueTime, uint128 amount) = loans.nextDueOf(loanId);
        part = uint128(_bound(part, 1, amount - 1));
        _repay(_who(MEI), loanId, part);
        uint128 overdue = amount - part;
        uint128 fee = (overdue * 500 + 9999) / 10_000;
        uint128 before = loans.loanOf(loanId).outstanding;
        vm.warp(uint256(dueTime) + 5 days + 1);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDelinquent(loanId, _who(MEI), address(pool), address(coin), overdue, fee, dueTime);
        loans.markDelinquent(loanId);
        vm.assertEq(loans.loanOf(loanId).outstanding, before + fee);
        vm.assertEq(loans.loanOf(loanId).fees, fee);
        bytes4 selector = ITermLoans.NotDelinquent.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, loanId, _due(loanId, 2) + 5 days));
        loans.markDelinquent(loanId);
    }

    /// @notice Payments go to instalments first: a fee that is unpaid makes no later instalment late, and takes no fee itself.
    function test_markDelinquent__when_only_the_fee_is_unpaid__then_nothing_is_late_until_the_last_date() public {
        uint256 loanId = _borrow(MEI, _monthly(90 * USD, 3));
        vm.warp(_due(loanId, 1) + 5 days + 1);
        loans.markDelinquent(loanId);
        _payNext(loanId);
        _payNext(loanId);
        (uint64 dueTime, uint128 amount) = loans.nextDueOf(loanId);
        ITermLoans.Loan memory loan = loans.loanOf(loanId);
        vm.assertEq(dueTime, _due(loanId, 3));
        vm.assertEq(amount, loan.outstanding);
        _repay(_who(MEI), loanId, loan.outstanding - loan.fees);
        vm.warp(_due(loanId, 3) + 5 days + 1);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AllMarked.selector, loanId));
        loans.markDelinquent(loanId);
        vm.assertEq(pool.lent(), 0);
        loans.markDefault(loanId); // the fee is owed all the same
        vm.assertEq(pool.lossOf(FULL_ROW).marked, 0);
    }

    function test_markDelinquent__when_the_pool_raises_fees_later__then_the_loans_own_hold() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        ILoanPool.Terms memory terms = _terms(USD);
        (terms.lateFeeBps, terms.grace) = (1000, 0);
        _setTerms(terms);
        uint256 until = _due(loanId, 1) + 5 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotDelinquent.selector, loanId, until));
        loans.markDelinquent(loanId);
        vm.warp(until + 1);
        loans.markDelinquent(loanId);
        vm.assertEq(loans.loanOf(loanId).fees, (loans.loanOf(loanId).owed * 500 + 9999) / 10_000);
    }

    function _payNext(uint256 loanId) private {
        (, uint128 amount) = loans.nextDueOf(loanId);
        _repay(_who(MEI), loanId, amount);
    }
}
