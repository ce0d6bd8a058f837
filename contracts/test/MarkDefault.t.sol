// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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
        uint256 until = uint256(loans.loanOf(loanId).dueTime) + 5 days;
        vm.warp(_bound(early, block.timestamp, until));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotInDefault.selector, loanId, until));
        loans.markDefault(loanId);
    }

    function test_markDefault__when_the_policy_shortens_the_grace_later__then_the_loans_own_holds() public {
        uint256 loanId = _borrow(MEI, USD);
        ITermLoans.Policy memory policy = _policy();
        policy.grace = 0;
        _setPolicy(policy);
        uint256 until = uint256(loans.loanOf(loanId).dueTime) + 5 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotInDefault.selector, loanId, until));
        loans.markDefault(loanId);
    }

    function test_markDefault__when_marked_already__then_refused() public {
        uint256 loanId = _borrow(MEI, USD);
        vm.warp(uint256(loans.loanOf(loanId).dueTime) + 5 days + 1);
        loans.markDefault(loanId);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AlreadyDefaulted.selector, loanId));
        loans.markDefault(loanId);
    }

    function test_markDefault__when_the_grace_is_over__then_anyone_can(address anyone, uint32 late, uint128 part)
        public
    {
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).outstanding;
        part = uint128(_bound(part, 1, owed - 1));
        _repay(_who(MEI), loanId, part);
        vm.warp(uint256(loans.loanOf(loanId).dueTime) + 5 days + 1 + late);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDefaulted(loanId, _who(MEI), owed - part);
        vm.prank(anyone);
        loans.markDefault(loanId);
        vm.assertTrue(loans.loanOf(loanId).defaulted);
        vm.assertEq(loans.openLoansOf(_who(MEI)).length, 1);
    }
}
