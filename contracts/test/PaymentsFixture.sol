// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IPayments } from "../src/IPayments.sol";
import { Payments } from "../src/Payments.sol";
import { DevCoin } from "../src/dev/DevCoin.sol";
import { PeopleFixture } from "./PeopleFixture.sol";

/// @notice Ann has a thousand coins and pays Ben; nothing is allowed yet.
abstract contract PaymentsFixture is PeopleFixture {
    bytes32 internal constant MEMO = keccak256("salt and memo");
    uint256 internal constant FUNDS = 1000e6;

    Payments internal payments;
    DevCoin internal coin;

    function setUp() public virtual override {
        super.setUp();
        payments = new Payments();
        coin = new DevCoin();
        coin.mint(_who(ANN), FUNDS);
    }

    function _allow(uint256 amount) internal {
        vm.prank(_who(ANN));
        coin.approve(address(payments), amount);
    }

    function _order(uint256 amount) internal view returns (IPayments.Order memory) {
        return IPayments.Order({
            payer: _who(ANN),
            payee: _who(BEN),
            coin: address(coin),
            amount: amount,
            purpose: IPayments.Purpose.Remittance,
            memoHash: MEMO,
            nonce: 0,
            deadline: LATER,
            relayer: address(0)
        });
    }

    function _digest(IPayments.Order memory order) internal view returns (bytes32) {
        return _digestAt(order, address(payments), block.chainid);
    }

    function _digestAt(IPayments.Order memory order, address verifier, uint256 chain) internal pure returns (bytes32) {
        bytes32 kind = keccak256(
            "Order(address payer,address payee,address coin,uint256 amount,uint8 purpose,bytes32 memoHash,uint256 nonce,uint64 deadline,address relayer)"
        );
        return _typed("Payments", verifier, chain, abi.encode(kind, order));
    }

    function _permit(uint256 key, uint256 amount, uint256 deadline) internal view returns (IPayments.Permit memory) {
        bytes32 kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        address owner = _who(key);
        bytes memory words = abi.encode(kind, owner, address(payments), amount, coin.nonces(owner), deadline);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _typed("Development USD", address(coin), block.chainid, words));
        return IPayments.Permit(deadline, v, r, s);
    }

    function _authorization(uint256 key, IPayments.Order memory order, bytes32 salt)
        internal
        view
        returns (bytes memory)
    {
        bytes32 kind = keccak256(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 nonce = keccak256(abi.encode(_digest(order), salt));
        bytes memory words = abi.encode(
            kind, order.payer, order.payee, order.amount, uint256(NOW - 1), uint256(order.deadline), nonce
        );
        return _signed(key, _typed("Development USD", address(coin), block.chainid, words));
    }

    function _expectPaid(IPayments.Order memory order) internal {
        vm.expectEmit(address(payments));
        emit IPayments.Paid(order.payer, order.payee, order.coin, order.amount, order.purpose, order.memoHash);
    }

    /// @notice Ann has given exactly this much to Ben, and the contract holds nothing.
    function _assertPaid(uint256 amount) internal view {
        vm.assertEq(coin.balanceOf(_who(ANN)), FUNDS - amount, "payer has");
        vm.assertEq(coin.balanceOf(_who(BEN)), amount, "payee");
        vm.assertEq(coin.balanceOf(address(payments)), 0, "contract");
    }
}
