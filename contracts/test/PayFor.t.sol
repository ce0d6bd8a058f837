// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { IPayments } from "../src/IPayments.sol";
import { ISigned } from "../src/ISigned.sol";
import { Payments } from "../src/Payments.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";
import { Wallet1271 } from "./Wallet1271.sol";

contract PayForTest is PaymentsFixture {
    function _refused(IPayments.Order memory order, bytes memory signature, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(RELAYER);
        payments.payFor(order, signature);
        _assertPaid(0);
        vm.assertEq(payments.nonces(_who(ANN)), 0);
    }

    function _wrong(IPayments.Order memory order, bytes memory signature) private {
        _refused(order, signature, abi.encodeWithSelector(ISigned.WrongSignature.selector, order.payer));
    }

    function test_payFor__when_late__then_refused(uint64 deadline) public {
        IPayments.Order memory order = _order(1e6);
        order.deadline = uint64(_bound(deadline, 0, NOW - 1));
        _allow(FUNDS);
        _refused(
            order,
            _signed(ANN, _digest(order)),
            abi.encodeWithSelector(ISigned.SignatureExpired.selector, order.deadline)
        );
    }

    /// @dev `which` field is changed after signing.
    function test_payFor__when_it_is_not_exactly_what_was_signed__then_refused(uint8 which, uint64 other) public {
        IPayments.Order memory order = _order(1e6);
        bytes memory signature = _signed(ANN, _digest(order));
        _allow(FUNDS);
        other = uint64(_bound(other, 1, 1e6));
        if (which % 6 == 0) order.payee = _who(CAT);
        if (which % 6 == 1) order.amount += other;
        if (which % 6 == 2) order.purpose = IPayments.Purpose(other % 3); // it was 3
        if (which % 6 == 3) order.memoHash = bytes32(uint256(other));
        if (which % 6 == 4) order.deadline += other;
        if (which % 6 == 5) order.payer = _who(CAT);
        _wrong(order, signature);
    }

    function test_payFor__when_the_signature_is_anothers_or_mirrored_or_none__then_refused() public {
        IPayments.Order memory order = _order(1e6);
        _allow(FUNDS);
        _wrong(order, _signed(BEN, _digest(order)));
        _wrong(order, _mirrored(ANN, _digest(order)));
        _wrong(order, "");
        _wrong(order, new bytes(65));
        order.payer = address(0);
        _wrong(order, new bytes(65));
    }

    function test_payFor__when_signed_for_another_chain_or_contract__then_refused() public {
        IPayments.Order memory order = _order(1e6);
        _allow(FUNDS);
        _wrong(order, _signed(ANN, _digestAt(order, address(payments), block.chainid + 1)));
        _wrong(order, _signed(ANN, _digestAt(order, address(new Payments()), block.chainid)));
    }

    function test_payFor__when_another_relayer_is_named__then_refused(address relayer) public {
        vm.assume(relayer != address(0) && relayer != RELAYER);
        IPayments.Order memory order = _order(1e6);
        order.relayer = relayer;
        _allow(FUNDS);
        bytes memory signature = _signed(ANN, _digest(order));
        _refused(order, signature, abi.encodeWithSelector(IPayments.ForOtherRelayer.selector, relayer));
    }

    function test_payFor__when_brought_twice__then_refused() public {
        IPayments.Order memory order = _order(1e6);
        bytes memory signature = _signed(ANN, _digest(order));
        _allow(FUNDS);
        payments.payFor(order, signature);
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, order.payer, 1));
        payments.payFor(order, signature);
        _assertPaid(1e6);
    }

    function test_payFor__when_the_payer_skipped_the_nonce__then_refused() public {
        IPayments.Order memory order = _order(1e6);
        _allow(FUNDS);
        vm.prank(_who(ANN));
        payments.skipNonce();
        bytes memory signature = _signed(ANN, _digest(order));
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, order.payer, 1));
        payments.payFor(order, signature);
        _assertPaid(0);
    }

    function test_payFor__when_signed__then_anyone_or_the_named_relayer_brings_it(uint256 amount, bool named) public {
        IPayments.Order memory order = _order(_bound(amount, 1, FUNDS));
        if (named) order.relayer = RELAYER;
        _allow(order.amount);
        bytes memory signature = _signed(ANN, _digest(order));
        vm.assertEq(payments.digestOf(order), _digest(order));
        _expectPaid(order);
        vm.prank(RELAYER);
        payments.payFor(order, signature);
        _assertPaid(order.amount);
        vm.assertEq(payments.nonces(_who(ANN)), 1);
    }

    function test_payFor__when_the_payer_is_a_contract__then_it_decides(uint256 amount) public {
        IPayments.Order memory order = _order(_bound(amount, 1, FUNDS));
        order.payer = address(new Wallet1271(_who(ANN)));
        coin.mint(order.payer, order.amount);
        vm.prank(order.payer);
        coin.approve(address(payments), order.amount);
        _wrong(order, _signed(BEN, _digest(order)));
        payments.payFor(order, _signed(ANN, _digest(order)));
        vm.assertEq(coin.balanceOf(order.payee), order.amount);
    }

    function test_payForWithPermit__when_signed_by_another__then_the_permit_is_no_use() public {
        IPayments.Order memory order = _order(1e6);
        IPayments.Permit memory permit = _permit(ANN, order.amount, LATER);
        bytes memory signature = _signed(BEN, _digest(order));
        vm.expectRevert(abi.encodeWithSelector(ISigned.WrongSignature.selector, order.payer));
        payments.payForWithPermit(order, signature, permit);
        _assertPaid(0);
    }

    function test_payForWithPermit__when_signed__then_paid_also_after_the_permit_was_used(bool first) public {
        IPayments.Order memory order = _order(1e6);
        IPayments.Permit memory permit = _permit(ANN, order.amount, LATER);
        bytes memory signature = _signed(ANN, _digest(order));
        if (first) {
            coin.permit(order.payer, address(payments), order.amount, permit.deadline, permit.v, permit.r, permit.s);
        }
        _expectPaid(order);
        vm.prank(RELAYER);
        payments.payForWithPermit(order, signature, permit);
        _assertPaid(order.amount);
    }
}
