// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IDisputes } from "../src/IDisputes.sol";
import { ISigned } from "../src/ISigned.sol";
import { Disputes } from "../src/Disputes.sol";
import { DisputesFixture } from "./DisputesFixture.sol";
import { Wallet1271 } from "./Wallet1271.sol";

contract DisputeTest is DisputesFixture {
    bytes32 internal constant TYPEHASH =
        keccak256("Dispute(address account,bytes32 factId,bytes32 wordsHash,uint256 nonce,uint64 deadline)");

    function _digest(address verifier, uint256 chain, address account, uint256 nonce, uint64 deadline)
        private
        view
        returns (bytes32)
    {
        return _typed("Disputes", verifier, chain, abi.encode(TYPEHASH, account, _fact(1), WORDS, nonce, deadline));
    }

    function _word(uint256 key, address account, uint256 nonce, uint64 deadline) private view returns (bytes memory) {
        return _signed(key, _digest(address(disputes), block.chainid, account, nonce, deadline));
    }

    function _wrong(bytes32 fact, bytes32 words, uint64 deadline, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(ANN)));
        disputes.disputeFor(_who(ANN), fact, words, deadline, signature);
        _assertDispute(1, false, IDisputes.Outcome.None);
    }

    function test_dispute__when_it_is_open_already__then_refused() public {
        _dispute(1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.AlreadyDisputed.selector, _who(ANN), _fact(1)));
        _dispute(1);
        _decide(1, IDisputes.Outcome.Unconfirmed);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.AlreadyDisputed.selector, _who(ANN), _fact(1)));
        _dispute(1);
    }

    function test_dispute__when_eight_are_open__then_refused_until_one_is_closed(uint8 which) public {
        for (uint256 i = 0; i < MOST_OPEN; ++i) {
            _dispute(i);
        }
        vm.assertEq(disputes.openOf(_who(ANN)), MOST_OPEN);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.TooManyDisputes.selector, _who(ANN), MOST_OPEN));
        _dispute(MOST_OPEN);
        uint256 one = _bound(which, 0, MOST_OPEN - 1);
        _decide(one, IDisputes.Outcome.Unconfirmed); // still open
        vm.expectRevert(abi.encodeWithSelector(IDisputes.TooManyDisputes.selector, _who(ANN), MOST_OPEN));
        _dispute(MOST_OPEN);
        _decide(one, IDisputes.Outcome.NotUpheld);
        _dispute(MOST_OPEN);
        vm.prank(_who(BEN));
        disputes.dispute(_fact(0), WORDS); // another's are counted apart
    }

    function test_dispute__when_asked__then_open(bytes32 fact, bytes32 words) public {
        vm.expectEmit(address(disputes));
        emit IDisputes.Disputed(_who(ANN), fact, words);
        vm.prank(_who(ANN));
        disputes.dispute(fact, words);
        (bool isOpen,) = disputes.disputeOf(_who(ANN), fact);
        vm.assertTrue(isOpen);
        (bool isOpenOfBen,) = disputes.disputeOf(_who(BEN), fact);
        vm.assertFalse(isOpenOfBen);
        _assertCounts(IDisputes.Counts(1, 0, 0, 0, 0));
    }

    function test_disputeFor__when_late__then_refused(uint64 deadline) public {
        deadline = uint64(_bound(deadline, 0, NOW - 1));
        bytes memory signature = _word(ANN, _who(ANN), 0, deadline);
        vm.expectRevert(abi.encodeWithSelector(ISigned.SignatureExpired.selector, deadline));
        disputes.disputeFor(_who(ANN), _fact(1), WORDS, deadline, signature);
    }

    function test_disputeFor__when_it_is_not_exactly_what_was_signed__then_refused() public {
        bytes memory signature = _word(ANN, _who(ANN), 0, LATER);
        _wrong(_fact(2), WORDS, LATER, signature);
        _wrong(_fact(1), REASONS, LATER, signature);
        _wrong(_fact(1), WORDS, LATER + 1, signature);
        _wrong(_fact(1), WORDS, LATER, _word(BEN, _who(ANN), 0, LATER));
        _wrong(_fact(1), WORDS, LATER, _word(ANN, _who(BEN), 0, LATER));
        _wrong(_fact(1), WORDS, LATER, _word(ANN, _who(ANN), 1, LATER));
        bytes32 digest = _digest(address(disputes), block.chainid + 1, _who(ANN), 0, LATER);
        _wrong(_fact(1), WORDS, LATER, _signed(ANN, digest));
        address twin = address(new Disputes(OWNER, ARBITER, MOST_UPHELD, WEEK));
        _wrong(_fact(1), WORDS, LATER, _signed(ANN, _digest(twin, block.chainid, _who(ANN), 0, LATER)));
        digest = _digest(address(disputes), block.chainid, _who(ANN), 0, LATER);
        _wrong(_fact(1), WORDS, LATER, _mirrored(ANN, digest));
    }

    function test_disputeFor__when_signed__then_anyone_can_bring_it_once(address bringer) public {
        bytes memory signature = _word(ANN, _who(ANN), 0, LATER);
        vm.prank(bringer);
        disputes.disputeFor(_who(ANN), _fact(1), WORDS, LATER, signature);
        _assertDispute(1, true, IDisputes.Outcome.None);
        _decide(1, IDisputes.Outcome.NotUpheld);
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, _who(ANN)));
        disputes.disputeFor(_who(ANN), _fact(1), WORDS, LATER, signature);
    }

    function test_disputeFor__when_the_account_is_a_contract__then_it_decides() public {
        address wallet = address(new Wallet1271(_who(ANN)));
        disputes.disputeFor(wallet, _fact(1), WORDS, LATER, _word(ANN, wallet, 0, LATER));
        (bool isOpen,) = disputes.disputeOf(wallet, _fact(1));
        vm.assertTrue(isOpen);
    }

    function test_withdrawDispute__when_there_is_none_or_it_is_anothers__then_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotDisputed.selector, _who(BEN), _fact(1)));
        vm.prank(_who(BEN));
        disputes.withdrawDispute(_fact(1));
        _dispute(1);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotDisputed.selector, _who(BEN), _fact(1)));
        vm.prank(_who(BEN));
        disputes.withdrawDispute(_fact(1));
        _decide(1, IDisputes.Outcome.Upheld);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotDisputed.selector, _who(ANN), _fact(1)));
        vm.prank(_who(ANN));
        disputes.withdrawDispute(_fact(1));
        _assertDispute(1, false, IDisputes.Outcome.Upheld);
    }

    function test_withdrawDispute__when_open_or_unconfirmed__then_closed(bool unconfirmed) public {
        _dispute(1);
        if (unconfirmed) _decide(1, IDisputes.Outcome.Unconfirmed);
        vm.expectEmit(address(disputes));
        emit IDisputes.DisputeWithdrawn(_who(ANN), _fact(1));
        vm.prank(_who(ANN));
        disputes.withdrawDispute(_fact(1));
        _assertDispute(1, false, IDisputes.Outcome.None);
        _assertCounts(IDisputes.Counts(1, 1, 0, 0, unconfirmed ? 1 : 0));
        vm.assertEq(disputes.openOf(_who(ANN)), 0);
    }
}
