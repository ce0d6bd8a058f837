// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract CancelTest is LoanFixture {
    function test_cancel__when_it_is_somebody_else__then_refused(address stranger) public {
        vm.assume(stranger != _who(MEI));
        uint256 loanId = _borrow(MEI, 100 * USD);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NotTheBorrower.selector, stranger, _who(MEI)));
        loans.cancel(loanId);
    }

    function test_cancel__when_the_cooling_off_is_over__then_refused(uint32 late) public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        uint256 until = block.timestamp + 2 days;
        vm.warp(until + late % 20 days);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.CoolingOffOver.selector, loanId, until));
        loans.cancel(loanId);
    }

    function test_cancel__when_it_is_over_or_in_default__then_refused() public {
        uint256 loanId = _borrow(MEI, _draw(USD, 1 hours, 1));
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId + 1));
        loans.cancel(loanId + 1);
        _cancel(loanId);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanNotOpen.selector, loanId));
        loans.cancel(loanId);
    }

    /// @notice Whatever was paid already, by anyone: the principal is back, the interest is not asked.
    function test_cancel__when_part_was_paid__then_only_the_rest_of_the_principal_is_taken(uint128 part) public {
        uint256 loanId = _borrow(MEI, 100 * USD);
        part = uint128(_bound(part, 1, loans.loanOf(loanId).owed - 1));
        _repay(address(0xB0B), loanId, part);
        uint256 idle = pool.idle();
        _cancel(loanId);
        vm.assertEq(pool.idle() - idle, part < 100 * USD ? 100 * USD - part : 0);
        vm.assertTrue(pool.totalAssets() >= FUNDS * USD);
    }

    function test_cancel__when_in_time__then_as_if_nothing_had_been(uint128 principal, uint32 time) public {
        principal = uint128(_bound(principal, 1, 500 * USD));
        uint256 loanId = _borrow(MEI, _monthly(principal, 12));
        vm.warp(block.timestamp + time % 2 days);
        coin.mint(_who(MEI), 7);
        vm.startPrank(_who(MEI));
        coin.approve(address(loans), principal);
        vm.expectEmit(address(loans));
        emit ITermLoans.LoanCancelled(loanId, _who(MEI), address(pool), address(coin), principal);
        vm.expectEmit(address(pool));
        emit ILoanPool.LendingUndone(FULL_ROW, principal);
        loans.cancel(loanId);
        vm.stopPrank();
        vm.assertEq(coin.balanceOf(_who(MEI)), 7);
        vm.assertEq(pool.idle(), FUNDS * USD);
        vm.assertEq(pool.lent(), 0);
        vm.assertEq(pool.lossOf(FULL_ROW).drawn, 0);
        vm.assertEq(loans.openLoansOf(_who(MEI)).length, 0);
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 0);
        vm.assertTrue(loans.loanOf(loanId).state == ITermLoans.State.Cancelled);
    }

    function _cancel(uint256 loanId) private {
        vm.startPrank(_who(MEI));
        coin.approve(address(loans), type(uint256).max);
        loans.cancel(loanId);
        vm.stopPrank();
    }
}
