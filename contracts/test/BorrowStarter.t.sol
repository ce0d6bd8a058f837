// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract BorrowStarterTest is LoanFixture {
    function test_borrowStarter__when_the_lender_has_not_allowed_it__then_refused(address borrower) public {
        vm.prank(borrower);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.StarterNotAllowed.selector, borrower));
        loans.borrowStarter(USD, MONTH);
    }

    function test_borrowStarter__when_the_lender_has_taken_it_back__then_refused() public {
        _allowStarter(_who(BO), 50 * USD);
        _allowStarter(_who(BO), 0);
        vm.prank(_who(BO));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.StarterNotAllowed.selector, _who(BO)));
        loans.borrowStarter(USD, MONTH);
    }

    function test_borrowStarter__when_open_loans_exceed_the_limit__then_refused(uint128 limit, uint128 first) public {
        limit = uint128(_bound(limit, 2, type(uint128).max));
        uint128 most = limit < 800 * USD ? limit : 800 * USD; // the policy's limit holds too
        first = uint128(_bound(first, 1, most));
        _allowStarter(_who(BO), limit);
        vm.startPrank(_who(BO));
        loans.borrowStarter(first, MONTH);
        uint256 together = uint256(most) + 1;
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.ExposureExceeded.selector, _who(BO), together, most));
        loans.borrowStarter(most - first + 1, MONTH);
    }

    function test_borrowStarter__when_loans_by_proof_use_up_the_limit__then_refused() public {
        _allowStarter(_who(MEI), 50 * USD);
        _borrow(MEI, 50 * USD);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.ExposureExceeded.selector, _who(MEI), 51 * USD, 50 * USD));
        loans.borrowStarter(USD, MONTH);
    }

    function test_borrowStarter__when_allowed__then_the_loan_is_marked() public {
        _allowStarter(_who(BO), 50 * USD);
        uint128 owed = loans.owedFor(50 * USD, MONTH);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDrawn(1, _who(BO), 50 * USD, owed, uint64(block.timestamp) + MONTH, true);
        vm.prank(_who(BO));
        loans.borrowStarter(50 * USD, MONTH);
        vm.assertTrue(loans.loanOf(1).starter);
        vm.assertEq(coin.balanceOf(_who(BO)), 50 * USD);
    }
}
