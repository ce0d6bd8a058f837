// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract WriteOffTest is LoanFixture {
    function test_writeOff__when_it_is_not_the_pools_owner__then_refused(address stranger) public {
        vm.assume(stranger != LENDER);
        uint256 loanId = _borrow(MEI, 100 * USD);
        _default(loanId);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotThePoolsOwner.selector, stranger, LENDER));
        loans.writeOff(loanId);
    }

    function test_writeOff__when_it_is_not_in_default_or_off_already__then_refused() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        vm.startPrank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId + 1));
        loans.writeOff(loanId + 1);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotDefaulted.selector, loanId));
        loans.writeOff(loanId);
        _defaultAsLender(loanId);
        loans.writeOff(loanId);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotDefaulted.selector, loanId));
        loans.writeOff(loanId);
    }

    function test_writeOff__when_done__then_it_is_owed_as_before() public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).owed;
        _default(loanId);
        uint256 assets = pool.totalAssets();
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanWrittenOff(loanId, _who(MEI), address(pool), address(coin), owed);
        vm.prank(LENDER);
        loans.writeOff(loanId);
        vm.assertEq(pool.totalAssets(), assets); // the loss was marked at default
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 100_00);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.AlreadyDefaulted.selector, loanId));
        loans.markDefault(loanId);
    }

    function test_writeOff__when_paid_after_it__then_it_is_a_recovery(uint128 part) public {
        address payer = address(0xB0B);
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint128 owed = loans.loanOf(loanId).owed;
        part = uint128(_bound(part, 1, owed - 1));
        _default(loanId);
        vm.prank(LENDER);
        loans.writeOff(loanId);
        coin.mint(payer, owed);
        vm.startPrank(payer);
        coin.approve(address(loans), owed);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanRecovered(loanId, _who(MEI), payer, address(coin), part, owed - part);
        vm.expectEmit(address(pool));
        emit ILoanPool.LossRecovered(FULL_ROW, part);
        loans.repay(loanId, part);
        vm.assertEq(pool.lossOf(FULL_ROW).recovered, part);
        loans.repay(loanId, owed);
        vm.stopPrank();
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Repaid);
        vm.assertEq(loans.openLoansOf(_who(MEI)).length, 0);
    }

    function _defaultAsLender(uint256 loanId) private {
        vm.stopPrank();
        _default(loanId);
        vm.startPrank(LENDER);
    }
}
