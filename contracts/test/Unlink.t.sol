// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IWalletLinks } from "../src/IWalletLinks.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { LinksFixture } from "./LinksFixture.sol";

contract UnlinkTest is LinksFixture {
    function test_unlink__when_in_no_person__then_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IWalletLinks.NotLinked.selector, _who(1)));
        _unlink(1);
    }

    function test_unlink__when_leaving_already__then_refused_and_the_time_stays() public {
        _link(1, 2);
        _link(1, 3);
        _unlink(2);
        vm.warp(NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IWalletLinks.Leaving.selector, _who(2), NOW + DELAY));
        _unlink(2);
        vm.assertEq(links.leavesAt(_who(2)), NOW + DELAY);
    }

    function test_unlink__when_out_since__then_refused() public {
        _link(1, 2);
        _unlink(2);
        vm.warp(NOW + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IWalletLinks.NotLinked.selector, _who(2)));
        _unlink(2);
    }

    function test_unlink__when_others_stay__then_it_counts_until_the_delay_is_over(uint64 time) public {
        _link(1, 2);
        _link(2, 3);
        vm.expectEmit(address(links));
        emit IWalletLinks.Unlinked(_person(1), _who(2), NOW + DELAY);
        _unlink(2);
        vm.warp(_bound(time, NOW, NOW + DELAY - 1));
        _assertWallets(_person(1), _keys(1, 2, 3));
        vm.warp(NOW + DELAY);
        _assertWallets(_person(1), _keys(1, 3));
        _assertAlone(2);
    }

    /// @dev Nobody is a person with himself: the last one goes with the last but one, and both can link anew.
    function test_unlink__when_one_would_be_left__then_it_leaves_too(uint64 time) public {
        _link(1, 2);
        vm.expectEmit(address(links));
        emit IWalletLinks.Unlinked(_person(1), _who(1), NOW + DELAY);
        vm.expectEmit(address(links));
        emit IWalletLinks.Unlinked(_person(1), _who(2), NOW + DELAY);
        _unlink(1);
        vm.warp(_bound(time, NOW, NOW + DELAY - 1));
        _assertWallets(_person(1), _keys(1, 2));
        vm.warp(NOW + DELAY);
        _assertAlone(1);
        _assertAlone(2);
        vm.assertEq(links.walletsOf(_person(1)).length, 0);
        _link(1, 2);
        _assertWallets(_person(2), _keys(1, 2));
    }

    function test_unlink__when_two_leave_at_two_times__then_the_last_one_leaves_with_the_second(uint64 gap) public {
        gap = uint64(_bound(gap, 1, DELAY - 1));
        _link(1, 2);
        _link(1, 3);
        _unlink(1);
        vm.warp(NOW + gap);
        _unlink(2);
        vm.assertEq(links.leavesAt(_who(3)), NOW + gap + DELAY);
        vm.warp(NOW + DELAY);
        _assertAlone(1);
        _assertWallets(_person(1), _keys(2, 3));
        vm.warp(NOW + gap + DELAY);
        _assertAlone(2);
        _assertAlone(3);
    }

    function test_unlink__when_it_comes_back__then_it_is_there_once() public {
        _link(1, 2);
        _link(1, 3);
        _link(1, 4);
        _unlink(2);
        _unlink(3);
        vm.warp(NOW + DELAY);
        _link(2, 4);
        _assertWallets(_person(1), _keys(1, 4, 2));
    }

    function test_deploy__when_nobody_would_ever_get_out__then_refused(uint64 delay) public {
        delay = uint64(_bound(delay, 365 days + 1, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IWalletLinks.LinkDelayTooLong.selector, delay, 365 days));
        new WalletLinks(delay);
    }

    function test_deploy__when_there_is_no_delay__then_a_wallet_is_out_at_once() public {
        links = new WalletLinks(0);
        _link(1, 2);
        _unlink(1);
        _assertAlone(1);
        _assertAlone(2);
        vm.assertEq(links.delay(), 0);
    }
}
