// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ISigned } from "../src/ISigned.sol";
import { IWalletLinks } from "../src/IWalletLinks.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { LinksFixture } from "./LinksFixture.sol";
import { Wallet1271 } from "./Wallet1271.sol";

contract LinkTest is LinksFixture {
    function _refused(uint256 a, uint256 b, uint64 deadline, bytes memory word, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(_who(a));
        links.link(_who(b), deadline, word);
    }

    function _wrong(uint256 a, uint256 b, bytes memory word) private {
        _refused(a, b, LATER, word, abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(b)));
        _assertAlone(a);
        _assertAlone(b);
    }

    function test_link__when_late__then_refused(uint64 deadline) public {
        deadline = uint64(_bound(deadline, 0, NOW - 1));
        bytes memory word = _wordOf(2, _who(2), _who(1), 0, deadline);
        _refused(1, 2, deadline, word, abi.encodeWithSelector(ISigned.SignatureExpired.selector, deadline));
    }

    function test_link__when_it_is_not_exactly_what_was_signed__then_refused() public {
        _wrong(1, 2, _word(3, _who(1))); // by another
        _wrong(1, 2, _wordOf(3, _who(2), _who(1), 0, LATER)); // in another's name
        _wrong(1, 2, _word(2, _who(3))); // with another
        _wrong(1, 2, _wordOf(2, _who(1), _who(2), 0, LATER)); // the other way round
        _wrong(1, 2, _wordOf(2, _who(2), _who(1), 1, LATER)); // a later nonce
        _wrong(1, 2, _wordOf(2, _who(2), _who(1), 0, LATER + 1)); // another deadline
        _wrong(1, 2, _mirrored(2, _digestAt(address(links), block.chainid, _who(2), _who(1), 0, LATER)));
        _wrong(1, 2, "");
    }

    function test_link__when_signed_for_another_chain_or_contract__then_refused() public {
        _wrong(1, 2, _signed(2, _digestAt(address(links), block.chainid + 1, _who(2), _who(1), 0, LATER)));
        address twin = address(new WalletLinks(DELAY));
        _wrong(1, 2, _signed(2, _digestAt(twin, block.chainid, _who(2), _who(1), 0, LATER)));
    }

    function test_link__when_used_before__then_refused() public {
        bytes memory word = _word(2, _who(1));
        _link(1, 2);
        _unlink(1);
        vm.warp(NOW + DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISigned.SignatureExpired.selector, LATER));
        vm.prank(_who(1));
        links.link(_who(2), LATER, word);
        vm.warp(NOW); // in time again, but used
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(2)));
        vm.prank(_who(1));
        links.link(_who(2), LATER, word);
    }

    function test_link__when_the_other_skipped_the_nonce__then_refused() public {
        bytes memory word = _word(2, _who(1));
        vm.prank(_who(2));
        links.skipNonce();
        _wrong(1, 2, word);
    }

    function test_link__when_with_itself__then_refused() public {
        _refused(1, 1, LATER, _word(1, _who(1)), abi.encodeWithSelector(IWalletLinks.SelfLink.selector, _who(1)));
    }

    function test_link__when_both_are_in_the_same_person__then_the_loop_is_refused() public {
        _link(1, 2);
        _link(2, 3);
        bytes32 person = _person(1);
        bytes memory reason = abi.encodeWithSelector(IWalletLinks.BothLinked.selector, person, person);
        _refused(3, 1, LATER, _word(1, _who(3)), reason);
        _refused(1, 2, LATER, _word(2, _who(1)), reason);
        _assertWallets(person, _keys(1, 2, 3));
    }

    function test_link__when_they_are_in_two_persons__then_refused() public {
        _link(1, 2);
        _link(3, 4);
        bytes memory reason = abi.encodeWithSelector(IWalletLinks.BothLinked.selector, _person(2), _person(1));
        _refused(3, 2, LATER, _word(2, _who(3)), reason);
    }

    function test_link__when_one_is_leaving__then_refused_until_it_is_out(uint64 time) public {
        _link(1, 2);
        _link(1, 3);
        _unlink(2);
        vm.warp(_bound(time, NOW, NOW + DELAY - 1));
        uint64 deadline = type(uint64).max;
        bytes memory word = _wordOf(4, _who(4), _who(2), 0, deadline);
        bytes memory reason = abi.encodeWithSelector(IWalletLinks.Leaving.selector, _who(2), NOW + DELAY);
        _refused(2, 4, deadline, word, reason);
        vm.warp(NOW + DELAY);
        vm.prank(_who(2));
        links.link(_who(4), deadline, word);
        _assertWallets(_person(2), _keys(2, 4));
        _assertWallets(_person(1), _keys(1, 3));
    }

    function test_link__when_a_ninth_would_join__then_refused_until_one_is_out() public {
        for (uint256 key = 2; key <= MOST; ++key) {
            _link(1, key);
        }
        bytes memory reason = abi.encodeWithSelector(IWalletLinks.TooManyWallets.selector, _person(1), MOST);
        _refused(1, 9, LATER, _word(9, _who(1)), reason);
        _unlink(5);
        _refused(1, 9, LATER, _word(9, _who(1)), reason);
        vm.warp(NOW + DELAY);
        _link(9, 1);
        vm.assertEq(links.personOf(_who(9)), _person(1));
        vm.assertEq(links.walletsOf(_person(1)).length, MOST);
        _assertAlone(5);
    }

    function test_link__when_both_are_in_none__then_a_new_person() public {
        bytes memory word = _word(2, _who(1));
        vm.expectEmit(address(links));
        emit IWalletLinks.Linked(_person(1), _who(1), _who(2));
        vm.expectEmit(address(links));
        emit IWalletLinks.Linked(_person(1), _who(2), _who(1));
        vm.prank(_who(1));
        links.link(_who(2), LATER, word);
        _assertWallets(_person(1), _keys(1, 2));
        vm.assertEq(links.nonces(_who(2)), 1);
        vm.assertEq(links.nonces(_who(1)), 0);
    }

    function test_link__when_one_is_in_a_person__then_the_other_joins_it(bool callerIs) public {
        _link(1, 2);
        (uint256 caller, uint256 other) = callerIs ? (uint256(2), uint256(3)) : (uint256(3), uint256(2));
        bytes memory word = _word(other, _who(caller));
        vm.expectEmit(address(links));
        emit IWalletLinks.Linked(_person(1), _who(3), _who(2));
        vm.prank(_who(caller));
        links.link(_who(other), LATER, word);
        _assertWallets(_person(1), _keys(1, 2, 3));
    }

    function test_link__when_the_other_is_a_contract__then_it_decides() public {
        address wallet = address(new Wallet1271(_who(2)));
        bytes memory refused = _wordOf(3, wallet, _who(1), 0, LATER);
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, wallet));
        vm.prank(_who(1));
        links.link(wallet, LATER, refused);
        bytes memory word = _wordOf(2, wallet, _who(1), 0, LATER);
        vm.prank(_who(1));
        links.link(wallet, LATER, word);
        vm.assertEq(links.personOf(wallet), _person(1));
    }

    function test_linkFor__when_one_of_the_words_is_missing__then_refused() public {
        bytes memory one = _word(1, _who(2));
        bytes memory two = _word(2, _who(1));
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(2)));
        links.linkFor(_who(1), _who(2), LATER, one, one);
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(1)));
        links.linkFor(_who(1), _who(2), LATER, two, two);
        _assertAlone(1);
        _assertAlone(2);
    }

    function test_linkFor__when_both_signed__then_anyone_can_bring_it_once(address bringer) public {
        bytes memory one = _word(1, _who(2));
        bytes memory two = _word(2, _who(1));
        vm.prank(bringer);
        links.linkFor(_who(1), _who(2), LATER, one, two);
        _assertWallets(_person(1), _keys(1, 2));
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(1)));
        links.linkFor(_who(1), _who(2), LATER, one, two);
    }
}
