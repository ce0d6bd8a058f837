// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ERC3009 } from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import { IPayments } from "../src/IPayments.sol";
import { ISigned } from "../src/ISigned.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";

contract PayForWithAuthorizationTest is PaymentsFixture {
    bytes32 internal constant SALT = keccak256("salt");
    uint256 internal constant AFTER = NOW - 1;

    function _refused(IPayments.Order memory order, bytes memory signature, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(RELAYER);
        payments.payForWithAuthorization(order, AFTER, SALT, signature);
        _assertPaid(0);
    }

    /// @dev A change of any field is another nonce at least, so the coin knows no such signature.
    function test_authorization__when_any_field_is_not_what_was_signed__then_refused(uint8 which, uint64 other) public {
        IPayments.Order memory order = _order(1e6);
        bytes memory signature = _authorization(ANN, order, SALT);
        other = uint64(_bound(other, 1, 1e6));
        if (which % 7 == 0) order.payee = _who(CAT);
        if (which % 7 == 1) order.amount += other;
        if (which % 7 == 2) order.purpose = IPayments.Purpose(other % 3);
        if (which % 7 == 3) order.memoHash = bytes32(uint256(other));
        if (which % 7 == 4) order.deadline += other;
        if (which % 7 == 5) order.nonce += other;
        if (which % 7 == 6) order.relayer = RELAYER;
        _refused(order, signature, abi.encodeWithSelector(ERC3009.ERC3009InvalidSignature.selector));
    }

    function test_authorization__when_signed_by_another_or_cut_off__then_refused() public {
        IPayments.Order memory order = _order(1e6);
        bytes memory theirs = _authorization(BEN, order, SALT);
        _refused(order, theirs, abi.encodeWithSelector(ERC3009.ERC3009InvalidSignature.selector));
        _refused(order, new bytes(64), abi.encodeWithSelector(ISigned.WrongSignature.selector, order.payer));
    }

    function test_authorization__when_late__then_the_coin_refuses(uint64 deadline) public {
        IPayments.Order memory order = _order(1e6);
        order.deadline = uint64(_bound(deadline, 0, NOW));
        bytes memory signature = _authorization(ANN, order, SALT);
        bytes4 reason = ERC3009.ERC3009InvalidAuthorizationTime.selector;
        _refused(order, signature, abi.encodeWithSelector(reason, AFTER, uint256(order.deadline)));
    }

    function test_authorization__when_another_relayer_is_named__then_refused() public {
        IPayments.Order memory order = _order(1e6);
        order.relayer = _who(CAT);
        bytes memory signature = _authorization(ANN, order, SALT);
        _refused(order, signature, abi.encodeWithSelector(IPayments.ForOtherRelayer.selector, order.relayer));
    }

    function test_authorization__when_brought_twice__then_the_coin_refuses() public {
        IPayments.Order memory order = _order(1e6);
        bytes memory signature = _authorization(ANN, order, SALT);
        payments.payForWithAuthorization(order, AFTER, SALT, signature);
        bytes32 nonce = payments.authorizationNonceOf(order, SALT);
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, order.payer, nonce));
        payments.payForWithAuthorization(order, AFTER, SALT, signature);
        _assertPaid(1e6);
    }

    /// @dev What IPayments warns of: the payee has its money, and nothing is said of what for.
    function test_authorization__when_somebody_brought_it_to_the_coin__then_paid_but_not_told() public {
        IPayments.Order memory order = _order(1e6);
        bytes memory signature = _authorization(ANN, order, SALT);
        bytes32 nonce = payments.authorizationNonceOf(order, SALT);
        (uint8 v, bytes32 r, bytes32 s) = _parts(signature);
        vm.prank(_who(CAT));
        coin.transferWithAuthorization(order.payer, order.payee, 1e6, AFTER, LATER, nonce, v, r, s);
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, order.payer, nonce));
        payments.payForWithAuthorization(order, AFTER, SALT, signature);
        _assertPaid(1e6);
    }

    function test_authorization__when_signed__then_paid_without_any_allowance(uint256 amount, bytes32 salt) public {
        IPayments.Order memory order = _order(_bound(amount, 1, FUNDS));
        bytes memory signature = _authorization(ANN, order, salt);
        _expectPaid(order);
        vm.prank(RELAYER);
        payments.payForWithAuthorization(order, AFTER, salt, signature);
        _assertPaid(order.amount);
        vm.assertTrue(coin.authorizationState(order.payer, payments.authorizationNonceOf(order, salt)));
    }
}
