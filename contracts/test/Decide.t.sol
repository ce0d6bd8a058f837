// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Disputes } from "../src/Disputes.sol";
import { IDisputes } from "../src/IDisputes.sol";
import { DisputesFixture } from "./DisputesFixture.sol";

contract DecideTest is DisputesFixture {
    function _refused(address caller, uint256 fact, IDisputes.Outcome outcome, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        disputes.decide(_who(ANN), _fact(fact), outcome, REASONS);
    }

    function test_decide__when_it_is_not_the_arbiter__then_refused(address caller) public {
        vm.assume(caller != ARBITER);
        _dispute(1);
        address[3] memory callers = [caller, OWNER, _who(ANN)];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory reason = abi.encodeWithSelector(IDisputes.NotTheArbiter.selector, callers[i]);
            _refused(callers[i], 1, IDisputes.Outcome.Upheld, reason);
        }
        _assertDispute(1, true, IDisputes.Outcome.None);
    }

    function test_decide__when_there_is_no_outcome__then_refused() public {
        _dispute(1);
        _refused(ARBITER, 1, IDisputes.Outcome.None, abi.encodeWithSelector(IDisputes.OutcomeMissing.selector));
    }

    function test_decide__when_nobody_asked_or_it_is_decided__then_refused(uint8 first, uint8 second) public {
        IDisputes.Outcome outcome = IDisputes.Outcome(_bound(first, 1, 3));
        bytes memory reason = abi.encodeWithSelector(IDisputes.NotDisputed.selector, _who(ANN), _fact(1));
        _refused(ARBITER, 1, outcome, reason);
        _dispute(1);
        IDisputes.Outcome last = IDisputes.Outcome(_bound(second, 1, 2));
        _decide(1, last);
        _refused(ARBITER, 1, outcome, reason);
        _assertDispute(1, false, last);
        vm.assertEq(disputes.openOf(_who(ANN)), 0);
    }

    function test_decide__when_as_many_are_upheld_as_may_be__then_refused_until_the_next_window(uint64 gap) public {
        vm.warp(NOW - NOW % WEEK); // a window begins
        for (uint256 i = 0; i <= MOST_UPHELD; ++i) {
            _dispute(i);
            vm.assertEq(disputes.upholdableNow(), i < MOST_UPHELD ? MOST_UPHELD - i : 0);
            if (i < MOST_UPHELD) _decide(i, IDisputes.Outcome.Upheld);
        }
        uint256 next = block.timestamp + WEEK;
        bytes memory reason = abi.encodeWithSelector(IDisputes.TooManyUpheld.selector, MOST_UPHELD, next);
        _refused(ARBITER, MOST_UPHELD, IDisputes.Outcome.Upheld, reason);
        vm.warp(next - 1);
        _refused(ARBITER, MOST_UPHELD, IDisputes.Outcome.Upheld, reason);
        _assertDispute(MOST_UPHELD, true, IDisputes.Outcome.None);
        vm.warp(next + gap % (100 * WEEK));
        vm.assertEq(disputes.upholdableNow(), MOST_UPHELD);
        _decide(MOST_UPHELD, IDisputes.Outcome.Upheld);
        vm.assertEq(disputes.upholdableNow(), MOST_UPHELD - 1);
        _assertCounts(IDisputes.Counts(4, 0, 4, 0, 0));
    }

    function test_decide__when_nothing_more_can_be_upheld__then_other_outcomes_can() public {
        disputes = new Disputes(OWNER, ARBITER, 0, WEEK);
        _dispute(1);
        _dispute(2);
        vm.expectPartialRevert(IDisputes.TooManyUpheld.selector);
        _decide(1, IDisputes.Outcome.Upheld);
        _decide(1, IDisputes.Outcome.NotUpheld);
        _decide(2, IDisputes.Outcome.Unconfirmed);
        _assertCounts(IDisputes.Counts(2, 0, 0, 1, 1));
    }

    function test_decide__when_decided__then_told_and_closed_unless_unconfirmed(uint8 which) public {
        IDisputes.Outcome outcome = IDisputes.Outcome(_bound(which, 1, 3));
        _dispute(1);
        vm.expectEmit(address(disputes));
        emit IDisputes.DisputeDecided(_who(ANN), _fact(1), outcome, REASONS);
        _decide(1, outcome);
        bool isOpen = outcome == IDisputes.Outcome.Unconfirmed;
        _assertDispute(1, isOpen, outcome);
        vm.assertEq(disputes.openOf(_who(ANN)), isOpen ? 1 : 0);
    }

    function test_decide__when_unconfirmed_before__then_decided_again() public {
        _dispute(1);
        _decide(1, IDisputes.Outcome.Unconfirmed);
        _decide(1, IDisputes.Outcome.Upheld);
        _assertDispute(1, false, IDisputes.Outcome.Upheld);
        _assertCounts(IDisputes.Counts(1, 0, 1, 0, 1));
    }

    function test_dispute__when_decided_before__then_it_can_be_asked_again(uint8 which) public {
        _dispute(1);
        _decide(1, IDisputes.Outcome(_bound(which, 1, 2)));
        _dispute(1);
        _assertDispute(1, true, IDisputes.Outcome.None);
        vm.assertEq(disputes.counts().disputed, 2);
    }

    function test_setArbiter__when_it_is_not_the_owner__then_refused(address caller) public {
        vm.assume(caller != OWNER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        disputes.setArbiter(caller);
    }

    function test_setArbiter__when_named__then_the_new_one_decides_and_the_old_one_not(address next) public {
        vm.assume(next != ARBITER);
        _dispute(1);
        vm.expectEmit(address(disputes));
        emit IDisputes.ArbiterSet(next);
        vm.prank(OWNER);
        disputes.setArbiter(next);
        _refused(
            ARBITER, 1, IDisputes.Outcome.Upheld, abi.encodeWithSelector(IDisputes.NotTheArbiter.selector, ARBITER)
        );
        vm.prank(next);
        disputes.decide(_who(ANN), _fact(1), IDisputes.Outcome.Upheld, REASONS);
        _assertDispute(1, false, IDisputes.Outcome.Upheld);
    }

    function test_deploy__when_a_window_lasts_no_time__then_refused() public {
        vm.expectRevert(IDisputes.WindowZero.selector);
        new Disputes(OWNER, ARBITER, MOST_UPHELD, 0);
    }
}
