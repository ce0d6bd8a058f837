// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";
import { Wallet1271 } from "./Wallet1271.sol";

contract PostScoreForTest is Fixture {
    bytes32 internal constant TYPEHASH =
        keccak256("PostConsent(address borrower,uint64 epoch,uint256 nonce,uint64 deadline,address caller)");
    uint256 internal constant KEY = 0xB0B;

    address internal immutable BORROWER = vm.addr(KEY);

    function _filesOf(address borrower) private pure returns (File[] memory files) {
        files = _files(5);
        files[3].borrower = borrower;
    }

    function _proofOf(address borrower, uint64 epoch) private pure returns (ICreditOracle.ScoreProof memory) {
        return _scoreProof(_filesOf(borrower), 3, epoch);
    }

    function _publishOf(address borrower, uint64 epoch) private {
        _publishActive(epoch, _tree(_filesOf(borrower))[0]);
    }

    function _consent(uint256 nonce) private view returns (ICreditOracle.PostConsent memory) {
        return ICreditOracle.PostConsent(1, nonce, uint64(block.timestamp) + 1 hours, address(0));
    }

    function _words(address borrower, ICreditOracle.PostConsent memory c) private view returns (bytes memory) {
        return _signed(KEY, _typed(abi.encode(TYPEHASH, borrower, c.epoch, c.nonce, c.deadline, c.caller)));
    }

    function _refused(ICreditOracle.PostConsent memory c, bytes memory signature, bytes memory reason) private {
        ICreditOracle.ScoreProof memory proof = _proofOf(BORROWER, 1);
        vm.expectRevert(reason);
        oracle.postScoreFor(BORROWER, proof, c, signature);
        (,,, uint64 epoch,) = oracle.scoreOf(BORROWER);
        vm.assertEq(epoch, 0);
    }

    function test_postScoreFor__when_late__then_refused(uint64 by) public {
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        bytes memory signature = _words(BORROWER, c);
        vm.warp(uint256(c.deadline) + _bound(by, 1, 1 days));
        _refused(c, signature, abi.encodeWithSelector(ICreditOracle.SignatureExpired.selector, c.deadline));
    }

    function test_postScoreFor__when_another_caller_is_named__then_refused(address caller) public {
        vm.assume(caller != address(0) && caller != address(this));
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        c.caller = caller;
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.ConsentForOtherCaller.selector, caller);
        _refused(c, _words(BORROWER, c), reason);
    }

    function test_postScoreFor__when_for_another_epoch__then_refused(uint64 epoch) public {
        vm.assume(epoch != 1);
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        c.epoch = epoch;
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.ConsentForOtherEpoch.selector, epoch, 1);
        _refused(c, _words(BORROWER, c), reason);
    }

    function test_postScoreFor__when_for_another_nonce__then_refused(uint256 nonce) public {
        vm.assume(nonce != 0);
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(nonce);
        bytes memory reason = abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, BORROWER, 0);
        _refused(c, _words(BORROWER, c), reason);
    }

    function test_postScoreFor__when_it_is_not_exactly_what_was_signed__then_refused(uint64 later) public {
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        bytes memory signature = _words(BORROWER, c);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.WrongSignature.selector, BORROWER);
        c.deadline += uint64(_bound(later, 1, 1 << 60));
        _refused(c, signature, reason);
        c = _consent(0);
        c.caller = address(this);
        _refused(c, signature, reason);
        c.caller = address(0);
        _refused(c, _words(address(0xBAD), c), reason);
        _refused(c, _signed(KEY + 1, keccak256("anything")), reason);
        _refused(c, "", reason);
    }

    function test_postScoreFor__when_the_proof_is_wrong__then_refused_and_the_nonce_stays() public {
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        bytes memory signature = _words(BORROWER, c);
        ICreditOracle.ScoreProof memory proof = _proofOf(BORROWER, 1);
        proof.score += 1;
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, BORROWER, proof.score));
        oracle.postScoreFor(BORROWER, proof, c, signature);
        vm.assertEq(oracle.nonces(BORROWER), 0);
    }

    function test_postScoreFor__when_used_before_or_withdrawn__then_refused() public {
        _publishOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        bytes memory signature = _words(BORROWER, c);
        oracle.postScoreFor(BORROWER, _proofOf(BORROWER, 1), c, signature);
        ICreditOracle.PostConsent memory open = _consent(1);
        bytes memory words = _words(BORROWER, open);
        vm.prank(BORROWER);
        oracle.withdrawScore();
        _refused(c, signature, abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, BORROWER, 2));
        _refused(open, words, abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, BORROWER, 2));
    }

    function test_postScoreFor__when_consented__then_it_is_posted(address bringer, bool named) public {
        vm.assume(bringer != address(0));
        _publishOf(BORROWER, 1);
        ICreditOracle.ScoreProof memory proof = _proofOf(BORROWER, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        if (named) c.caller = bringer;
        bytes memory signature = _words(BORROWER, c);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(c.deadline);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.ScorePosted(BORROWER, 1, proof.status, proof.score, proof.width, snapshotTime);
        vm.prank(bringer);
        oracle.postScoreFor(BORROWER, proof, c, signature);
        (uint16 score,,, uint64 epoch,) = oracle.getScoreNoOlderThan(BORROWER, MAX_AGE);
        vm.assertEq(score, proof.score);
        vm.assertEq(epoch, 1);
        vm.assertEq(oracle.nonces(BORROWER), 1);
    }

    function test_postScoreFor__when_the_borrower_is_a_contract__then_it_decides() public {
        address wallet = address(new Wallet1271(BORROWER));
        _publishOf(wallet, 1);
        ICreditOracle.ScoreProof memory proof = _proofOf(wallet, 1);
        ICreditOracle.PostConsent memory c = _consent(0);
        bytes memory signature = _words(wallet, c);
        oracle.postScoreFor(wallet, proof, c, signature);
        (uint16 score,,,,) = oracle.getScoreNoOlderThan(wallet, MAX_AGE);
        vm.assertEq(score, proof.score);
    }
}
