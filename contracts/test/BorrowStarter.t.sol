// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract BorrowStarterTest is LoanFixture {
    function test_borrowStarter__when_the_owner_has_not_allowed_it__then_refused(address borrower) public {
        vm.prank(borrower);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.StarterNotAllowed.selector, borrower));
        loans.borrowStarter(pool, _once(USD));
    }

    function test_borrowStarter__when_the_owner_has_taken_it_back__then_refused() public {
        _allowStarter(_who(BO), 50 * USD);
        _allowStarter(_who(BO), 0);
        vm.prank(_who(BO));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.StarterNotAllowed.selector, _who(BO)));
        loans.borrowStarter(pool, _once(USD));
    }

    function test_borrowStarter__when_the_pool_is_not_listed__then_refused() public {
        LoanPool unlisted = _newPool(coin, USD);
        vm.prank(_who(BO));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(unlisted)));
        loans.borrowStarter(unlisted, _once(USD));
    }

    function test_borrowStarter__when_open_loans_exceed_the_limit__then_refused(uint128 limit, uint128 first) public {
        limit = uint128(_bound(limit, 2, type(uint128).max / USD)); // dollars
        uint128 most = limit < 100 ? limit : 100; // the terms' limit holds too
        first = uint128(_bound(first, 1, most));
        _allowStarter(_who(BO), limit * USD);
        vm.startPrank(_who(BO));
        loans.borrowStarter(pool, _once(first * USD));
        uint256 together = (uint256(most) + 1) * 100;
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, _who(BO), together, uint256(most) * 100));
        loans.borrowStarter(pool, _once((most - first + 1) * USD));
    }

    function test_borrowStarter__when_loans_by_proof_use_up_the_limit__then_refused() public {
        _allowStarter(_who(MEI), 50 * USD);
        _borrow(MEI, 50 * USD);
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(selector, _who(MEI), 51_00, 50_00));
        loans.borrowStarter(pool, _once(USD));
    }

    function test_borrowStarter__when_allowed__then_the_loan_is_marked() public {
        _allowStarter(_who(BO), 50 * USD);
        uint128 owed = loans.quote(pool, 50 * USD, MONTH, 1, 2000).owed;
        uint64 dueTime = uint64(block.timestamp) + MONTH;
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDrawn(1, _who(BO), address(pool), address(coin), 50 * USD, owed, dueTime, 1, true);
        vm.prank(_who(BO));
        loans.borrowStarter(pool, _once(50 * USD));
        vm.assertEq(loans.loanOf(1).row, 0);
        vm.assertEq(pool.lossOf(0).drawn, 50 * USD);
        vm.assertEq(coin.balanceOf(_who(BO)), 50 * USD);
    }

    /// @notice Who has no record is not lent more than who has the poorest.
    function test_borrowStarter__when_the_terms_allow_more_than_the_table__then_they_are_refused() public {
        ILoanPool.Terms memory terms = _terms(USD);
        terms.starterLimit = 200 * USD + 1;
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.StarterAboveTable.selector, 200 * USD + 1, 200 * USD));
        pool.setTerms(terms);
        ILoanPool.Row[] memory table = _table(USD);
        table[2].limit = 99 * USD;
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.StarterAboveTable.selector, 100 * USD, 99 * USD));
        pool.setTable(table);
    }
}
