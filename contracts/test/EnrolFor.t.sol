// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";
import { Wallet1271 } from "./Wallet1271.sol";

contract EnrolForTest is Fixture {
    bytes32 internal constant TYPEHASH =
        keccak256("Enrolment(address account,bool scored,uint256 nonce,uint64 deadline)");
    uint256 internal constant KEY = 0xB0B;

    address internal immutable BORROWER = vm.addr(KEY);

    function _words(address account, bool scored, uint256 nonce, uint64 deadline) private view returns (bytes memory) {
        return _signed(KEY, _typed(abi.encode(TYPEHASH, account, scored, nonce, deadline)));
    }

    function _refused(address account, bool scored, uint64 deadline, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.WrongSignature.selector, account));
        oracle.setEnrolmentFor(account, scored, deadline, signature);
    }

    function test_enrolFor__when_late__then_refused(uint64 deadline) public {
        deadline = uint64(_bound(deadline, 0, block.timestamp - 1));
        bytes memory signature = _words(BORROWER, true, 0, deadline);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.SignatureExpired.selector, deadline));
        oracle.setEnrolmentFor(BORROWER, true, deadline, signature);
    }

    function test_enrolFor__when_it_is_not_exactly_what_was_signed__then_refused(uint64 later, address other) public {
        later = uint64(_bound(later, 1, 1 << 60));
        vm.assume(other != BORROWER && other.code.length == 0);
        uint64 deadline = uint64(block.timestamp);
        bytes memory signature = _words(BORROWER, true, 0, deadline);
        _refused(BORROWER, false, deadline, signature);
        _refused(BORROWER, true, deadline + later, signature);
        _refused(other, true, deadline, signature);
        _refused(BORROWER, true, deadline, _words(BORROWER, true, 1, deadline));
        _refused(BORROWER, true, deadline, "");
        _refused(BORROWER, true, deadline, new bytes(65));
        vm.assertFalse(oracle.isEnrolled(BORROWER));
        vm.assertEq(oracle.nonces(BORROWER), 0);
    }

    function test_enrolFor__when_used_before__then_refused() public {
        uint64 deadline = type(uint64).max;
        bytes memory signature = _words(BORROWER, true, 0, deadline);
        oracle.setEnrolmentFor(BORROWER, true, deadline, signature);
        vm.prank(BORROWER);
        oracle.withdraw();
        _refused(BORROWER, true, deadline, signature);
        vm.assertFalse(oracle.isEnrolled(BORROWER));
    }

    function test_enrolFor__when_signed_for_another_oracle__then_refused() public {
        bytes memory signature = _words(BORROWER, true, 0, type(uint64).max);
        _deploy(_config());
        _refused(BORROWER, true, type(uint64).max, signature);
    }

    function test_enrolFor__when_it_is_so_already__then_refused_and_the_nonce_stays() public {
        bytes memory signature = _words(BORROWER, false, 0, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotEnrolled.selector, BORROWER));
        oracle.setEnrolmentFor(BORROWER, false, type(uint64).max, signature);
        vm.prank(BORROWER);
        oracle.enrol();
        signature = _words(BORROWER, true, 0, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AlreadyEnrolled.selector, BORROWER));
        oracle.setEnrolmentFor(BORROWER, true, type(uint64).max, signature);
        vm.assertEq(oracle.nonces(BORROWER), 0);
    }

    function test_enrolFor__when_a_wallet_refuses__then_refused() public {
        address wallet = address(new Wallet1271(address(0xBAD)));
        _refused(wallet, true, type(uint64).max, _words(wallet, true, 0, type(uint64).max));
    }

    function test_enrolFor__when_signed__then_anyone_can_bring_it(address bringer, uint64 deadline) public {
        deadline = uint64(_bound(deadline, block.timestamp, type(uint64).max));
        bytes memory signature = _words(BORROWER, true, 0, deadline);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Enrolled(BORROWER);
        vm.prank(bringer);
        oracle.setEnrolmentFor(BORROWER, true, deadline, signature);
        vm.assertTrue(oracle.isEnrolled(BORROWER));
        vm.assertEq(oracle.nonces(BORROWER), 1);
        signature = _words(BORROWER, false, 1, deadline);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Withdrawn(BORROWER);
        vm.prank(bringer);
        oracle.setEnrolmentFor(BORROWER, false, deadline, signature);
        vm.assertFalse(oracle.isEnrolled(BORROWER));
    }

    function test_enrolFor__when_the_account_is_a_contract__then_it_decides() public {
        address wallet = address(new Wallet1271(BORROWER));
        oracle.setEnrolmentFor(wallet, true, type(uint64).max, _words(wallet, true, 0, type(uint64).max));
        vm.assertTrue(oracle.isEnrolled(wallet));
    }
}
