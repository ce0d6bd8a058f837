// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract VouchTest is LoanFixture {
    address private constant SECOND = address(0x60A3);

    // ------------------------------------------------------------------------------------------------------------- vouch

    function test_vouch__when_for_a_wallet_of_ones_own__then_refused() public {
        bytes4 selector = ITermLoans.OwnGuarantor.selector;
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(selector, _who(MEI), _who(MEI)));
        loans.vouch(pool, _who(MEI), 1, type(uint64).max);
        _link(MEI, BO);
        vm.prank(_who(BO));
        vm.expectRevert(abi.encodeWithSelector(selector, _who(BO), _who(MEI)));
        loans.vouch(pool, _who(MEI), 1, type(uint64).max);
    }

    function test_vouch__when_nothing_or_in_the_past_or_not_listed__then_refused(uint64 past) public {
        past = uint64(_bound(past, 0, block.timestamp - 1));
        vm.expectRevert(ITermLoans.AmountZero.selector);
        loans.vouch(pool, _who(MEI), 0, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.VouchInThePast.selector, past));
        loans.vouch(pool, _who(MEI), 1, past);
        LoanPool unlisted = _newPool(coin, USD);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(unlisted)));
        loans.vouch(unlisted, _who(MEI), 1, type(uint64).max);
    }

    function test_vouch__when_taken_back__then_all_is_as_before(uint96 first, uint96 second) public {
        first = uint96(_bound(first, 1, type(uint96).max / 2));
        second = uint96(_bound(second, 1, type(uint96).max / 2));
        _vouch(GUARANTOR, _who(MEI), first);
        _vouch(GUARANTOR, _who(MEI), second);
        vm.assertEq(coin.balanceOf(address(loans)), uint256(first) + second);
        vm.expectEmit(address(loans));
        emit ITermLoans.Unvouched(GUARANTOR, _who(MEI), address(pool), first + second);
        vm.prank(GUARANTOR);
        vm.assertEq(loans.unvouch(pool, _who(MEI)), uint256(first) + second);
        vm.assertEq(coin.balanceOf(GUARANTOR), uint256(first) + second);
        vm.prank(GUARANTOR);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NothingVouched.selector, GUARANTOR, 0, type(uint64).max));
        loans.unvouch(pool, _who(MEI));
    }

    // --------------------------------------------------------------------------------------------------------------- lock

    function test_borrow__when_the_guarantor_has_left_nothing__then_refused() public {
        bytes4 selector = ITermLoans.NothingVouched.selector;
        bytes memory reason = abi.encodeWithSelector(selector, GUARANTOR, 0, 0);
        _borrowRefused(MEI, _covered(USD, GUARANTOR), 650, reason);
        _vouch(GUARANTOR, _who(BO), uint96(USD)); // for another borrower
        _borrowRefused(MEI, _covered(USD, GUARANTOR), 650, reason);
    }

    function test_borrow__when_the_vouch_has_ended__then_refused() public {
        uint64 notAfter = uint64(block.timestamp);
        coin.mint(GUARANTOR, USD);
        vm.startPrank(GUARANTOR);
        coin.approve(address(loans), USD);
        loans.vouch(pool, _who(MEI), uint96(USD), notAfter);
        vm.stopPrank();
        vm.warp(uint256(notAfter) + 1);
        bytes4 selector = ITermLoans.NothingVouched.selector;
        bytes memory reason = abi.encodeWithSelector(selector, GUARANTOR, USD, notAfter);
        _borrowRefused(MEI, _covered(USD, GUARANTOR), 650, reason);
    }

    function test_borrow__when_the_guarantor_became_the_same_person__then_refused() public {
        _vouch(_who(BO), _who(MEI), uint96(USD));
        _link(MEI, BO);
        bytes memory reason = abi.encodeWithSelector(ITermLoans.OwnGuarantor.selector, _who(BO), _who(MEI));
        _borrowRefused(MEI, _covered(USD, _who(BO)), 650, reason);
    }

    function test_borrow__when_there_are_too_many_guarantors__then_refused() public {
        ITermLoans.Draw memory draw = _once(USD);
        draw.guarantors = new address[](9);
        _borrowRefused(MEI, draw, 650, abi.encodeWithSelector(ITermLoans.TooManyGuarantors.selector, 9, 8));
    }

    function test_borrow__when_covered__then_the_limit_rises_by_what_is_locked(uint96 stake) public {
        stake = uint96(_bound(stake, USD, 500 * USD));
        _borrow(MEI, 500 * USD);
        _borrow(MEI, 300 * USD); // the limit
        _vouch(GUARANTOR, _who(MEI), stake);
        uint128 most = stake / 1e4 * 1e4; // whole cents
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        uint256 cents = uint256(most) / 1e4;
        if (most < 500 * USD) {
            bytes memory reason = abi.encodeWithSelector(selector, _who(MEI), 800_00 + cents + 1, 800_00 + cents);
            _borrowRefused(MEI, _covered(most + 1e4, GUARANTOR), 650, reason);
        }
        vm.expectEmit(address(loans));
        emit ITermLoans.GuaranteeLocked(3, GUARANTOR, _who(MEI), address(coin), most);
        _borrow(MEI, _covered(most, GUARANTOR));
        (uint256 exposure, uint256 guaranteed) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 800_00 + cents);
        vm.assertEq(guaranteed, cents);
    }

    function test_borrow__when_the_first_stake_covers_all__then_no_other_is_touched() public {
        _vouch(GUARANTOR, _who(MEI), uint96(80 * USD));
        ITermLoans.Draw memory draw = _once(50 * USD);
        draw.guarantors = new address[](2);
        (draw.guarantors[0], draw.guarantors[1]) = (GUARANTOR, SECOND); // who left nothing here
        uint256 loanId = _borrow(MEI, draw);
        ITermLoans.Guarantee[] memory given = loans.guaranteesOf(loanId);
        vm.assertEq(given.length, 1);
        vm.assertEq(given[0].amount, 50 * USD);
        ITermLoans.Vouch memory left = loans.vouchOf(pool, _who(MEI), GUARANTOR);
        vm.assertEq(left.free, 30 * USD);
        vm.assertEq(left.locked, 50 * USD);
    }

    /// @notice A stake covers one loan at a time, also when its guarantor is named twice.
    function test_borrow__when_a_guarantor_is_named_twice__then_no_stake_is_locked_twice() public {
        _vouch(GUARANTOR, _who(MEI), uint96(10 * USD));
        ITermLoans.Draw memory draw = _once(100 * USD);
        draw.guarantors = new address[](2);
        (draw.guarantors[0], draw.guarantors[1]) = (GUARANTOR, GUARANTOR);
        bytes4 selector = ITermLoans.NothingVouched.selector;
        bytes memory reason = abi.encodeWithSelector(selector, GUARANTOR, 0, type(uint64).max);
        _borrowRefused(MEI, draw, 650, reason);
    }

    // -------------------------------------------------------------------------------------------------- repaid, cancelled

    function test_guarantee__when_the_loan_is_repaid_or_cancelled__then_it_is_free() public {
        _checkFreed(false);
        _checkFreed(true);
    }

    function _checkFreed(bool isCancelled) private {
        _vouch(GUARANTOR, _who(MEI), uint96(80 * USD));
        uint256 loanId = _borrow(MEI, _covered(100 * USD, GUARANTOR));
        vm.prank(GUARANTOR);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.NothingVouched.selector, GUARANTOR, 0, type(uint64).max));
        loans.unvouch(pool, _who(MEI));
        if (isCancelled) {
            vm.startPrank(_who(MEI));
            coin.approve(address(loans), 100 * USD);
            vm.expectEmit(address(loans));
            emit ITermLoans.GuaranteeReleased(loanId, GUARANTOR, _who(MEI), address(coin), 80 * USD);
            loans.cancel(loanId);
            vm.stopPrank();
        } else {
            _repay(_who(MEI), loanId, type(uint128).max);
        }
        (, uint256 guaranteed) = loans.exposureOf(_who(MEI));
        vm.assertEq(guaranteed, 0);
        vm.assertEq(loans.guaranteesOf(loanId).length, 0);
        vm.prank(GUARANTOR);
        vm.assertEq(loans.unvouch(pool, _who(MEI)), 80 * USD);
    }

    // ------------------------------------------------------------------------------------------------------------ default

    /// @notice Guarantors pay what is unpaid in equal shares of their stakes; the rest is free.
    function test_guarantee__at_default__then_called_in_equal_shares(uint96 a, uint96 b, uint128 part) public {
        (uint256 loanId, uint128 unpaid) = _twoGuarantors(a, b, part);
        ITermLoans.Guarantee[] memory locked = loans.guaranteesOf(loanId);
        uint256 sum = uint256(locked[0].amount) + locked[1].amount;
        uint256 called = sum < unpaid ? sum : unpaid;
        uint256 idle = pool.idle();
        _default(loanId);
        ITermLoans.Guarantee[] memory paid = loans.guaranteesOf(loanId);
        vm.assertEq(pool.idle() - idle, called);
        vm.assertEq(pool.lossOf(FULL_ROW).called, called);
        vm.assertEq(uint256(paid[0].amount) + paid[1].amount, called);
        uint256 fair = called * locked[0].amount / sum;
        vm.assertTrue(paid[0].amount >= fair && paid[0].amount <= fair + 1);
        (, uint256 guaranteed) = loans.exposureOf(_who(MEI));
        vm.assertEq(guaranteed, 0);
        _checkStakes();
    }

    /// @notice What the borrower pays after a default is the guarantors' first.
    function test_guarantee__when_recovered__then_returned_first(uint96 a, uint96 b, uint128 part, uint128 back)
        public
    {
        (uint256 loanId, uint128 unpaid) = _twoGuarantors(a, b, part);
        _default(loanId);
        uint256 called = pool.lossOf(FULL_ROW).called;
        back = uint128(_bound(back, 1, unpaid));
        _repay(_who(MEI), loanId, back);
        vm.assertEq(pool.lossOf(FULL_ROW).recovered, back < called ? 0 : back - called);
        _checkStakes();
        if (back < unpaid) _repay(_who(MEI), loanId, unpaid);
        uint256 given = uint256(_stake(a)) + _stake(b);
        vm.assertEq(_takeBack(GUARANTOR) + _takeBack(SECOND), given);
        vm.assertEq(coin.balanceOf(address(loans)), 0);
    }

    function test_guarantee__after_a_default__then_nothing_is_locked_until_vouched_anew() public {
        _vouch(GUARANTOR, _who(MEI), uint96(300 * USD));
        uint256 loanId = _borrow(MEI, _covered(100 * USD, GUARANTOR));
        vm.expectEmit(address(loans));
        emit ITermLoans.GuaranteeCalled(loanId, GUARANTOR, _who(MEI), address(coin), 100 * USD);
        _default(loanId);
        ITermLoans.Vouch memory given = loans.vouchOf(pool, _who(MEI), GUARANTOR);
        vm.assertEq(given.free, 200 * USD);
        vm.assertEq(given.locked, 0);
        vm.assertEq(given.notAfter, 0);
        coin.mint(_who(BO), 200 * USD);
        vm.startPrank(_who(BO));
        coin.approve(address(loans), 200 * USD);
        vm.expectEmit(address(loans));
        emit ITermLoans.GuaranteeReturned(loanId, GUARANTOR, _who(MEI), address(coin), 100 * USD);
        loans.repay(loanId, 200 * USD);
        vm.stopPrank();
        _republish();
        bytes4 selector = ITermLoans.NothingVouched.selector;
        bytes memory reason = abi.encodeWithSelector(selector, GUARANTOR, 300 * USD, 0);
        _borrowRefused(MEI, _covered(USD, GUARANTOR), 650, reason);
    }

    function _twoGuarantors(uint96 a, uint96 b, uint128 part) private returns (uint256 loanId, uint128 unpaid) {
        _vouch(GUARANTOR, _who(MEI), _stake(a));
        _vouch(SECOND, _who(MEI), _stake(b));
        ITermLoans.Draw memory draw = _once(500 * USD);
        draw.guarantors = new address[](2);
        (draw.guarantors[0], draw.guarantors[1]) = (GUARANTOR, SECOND);
        loanId = _borrow(MEI, draw);
        _repay(_who(MEI), loanId, uint128(_bound(part, 1, 500 * USD)));
        unpaid = loans.loanOf(loanId).outstanding;
    }

    function _stake(uint96 seed) private pure returns (uint96) {
        return seed % uint96(300 * USD) + 1;
    }

    function _takeBack(address guarantor) private returns (uint256) {
        vm.prank(guarantor);
        return loans.unvouch(pool, _who(MEI));
    }

    /// @notice All coin in the book is somebody's stake.
    function _checkStakes() private view {
        ITermLoans.Vouch memory a = loans.vouchOf(pool, _who(MEI), GUARANTOR);
        ITermLoans.Vouch memory b = loans.vouchOf(pool, _who(MEI), SECOND);
        vm.assertEq(coin.balanceOf(address(loans)), uint256(a.free) + a.locked + b.free + b.locked);
    }
}
