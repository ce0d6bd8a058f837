// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC3009 } from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { IPayments } from "./IPayments.sol";
import { Signed } from "./Signed.sol";

/// @title Payments
/// @notice See IPayments, which says what is promised.
/// @dev No owner, and nothing kept but the payers' nonces.
contract Payments is IPayments, Signed, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "Order(address payer,address payee,address coin,uint256 amount,uint8 purpose,bytes32 memoHash,uint256 nonce,"
        "uint64 deadline,address relayer)"
    );

    constructor() EIP712("Payments", "1") { }

    /// @dev The body moves the order's coin: its payee has exactly the amount more afterwards.
    modifier pays(Order memory order) {
        if (order.amount == 0) revert AmountZero();
        if (order.payee == order.payer || order.payee == address(0)) revert BadPayee(order.payee);
        _checkCoin(order.coin);
        uint256 before = IERC20(order.coin).balanceOf(order.payee);
        _;
        uint256 moved = IERC20(order.coin).balanceOf(order.payee) - before;
        if (moved != order.amount) revert CoinMovedLess(order.amount, moved);
        emit Paid(order.payer, order.payee, order.coin, order.amount, order.purpose, order.memoHash);
    }

    // --------------------------------------------------------------------------------------------------------------- payer

    /// @inheritdoc IPayments
    function pay(IERC20 coin, address payee, uint256 amount, Purpose purpose, bytes32 memoHash) external nonReentrant {
        _pay(_ofCaller(coin, payee, amount, purpose, memoHash));
    }

    /// @inheritdoc IPayments
    function payWithPermit(
        IERC20 coin,
        address payee,
        uint256 amount,
        Purpose purpose,
        bytes32 memoHash,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        Order memory order = _ofCaller(coin, payee, amount, purpose, memoHash);
        _permit(order, Permit(deadline, v, r, s));
        _pay(order);
    }

    // ------------------------------------------------------------------------------------------------------------ relayers

    /// @inheritdoc IPayments
    function payFor(Order calldata order, bytes calldata signature) external nonReentrant {
        _checkOrder(order, signature);
        _pay(order);
    }

    /// @inheritdoc IPayments
    function payForWithPermit(Order calldata order, bytes calldata signature, Permit calldata permit)
        external
        nonReentrant
    {
        _checkOrder(order, signature);
        _permit(order, permit);
        _pay(order);
    }

    /// @inheritdoc IPayments
    function payForWithAuthorization(Order calldata order, uint256 validAfter, bytes32 salt, bytes calldata signature)
        external
        nonReentrant
        pays(order)
    {
        _checkRelayer(order.relayer);
        if (signature.length != 65) revert WrongSignature(order.payer);
        IERC3009(order.coin)
            .transferWithAuthorization(
                order.payer,
                order.payee,
                order.amount,
                validAfter,
                order.deadline,
                authorizationNonceOf(order, salt),
                uint8(signature[64]),
                bytes32(signature[:32]),
                bytes32(signature[32:64])
            );
    }

    // --------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc IPayments
    function digestOf(Order calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(_hashOf(order));
    }

    /// @inheritdoc IPayments
    function authorizationNonceOf(Order calldata order, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(digestOf(order), salt));
    }

    // ------------------------------------------------------------------------------------------------------------- private

    function _ofCaller(IERC20 coin, address payee, uint256 amount, Purpose purpose, bytes32 memoHash)
        private
        view
        returns (Order memory)
    {
        return Order(msg.sender, payee, address(coin), amount, purpose, memoHash, 0, 0, address(0));
    }

    /// @dev All fields are words in place, which is EIP-712's encoding.
    function _hashOf(Order calldata order) private pure returns (bytes32) {
        return keccak256(abi.encode(ORDER_TYPEHASH, order));
    }

    function _checkOrder(Order calldata order, bytes calldata signature) private {
        _checkRelayer(order.relayer);
        _useCheckedNonce(order.payer, order.nonce);
        _checkSigned(order.payer, _hashOf(order), order.deadline, signature);
    }

    function _checkRelayer(address relayer) private view {
        if (relayer != address(0) && relayer != msg.sender) revert ForOtherRelayer(relayer);
    }

    function _checkCoin(address coin) private view {
        if (coin.code.length == 0) revert NoContract(coin);
    }

    /// @dev Whoever sees a permit can bring it to the coin first; what it was to allow is then allowed, and that is enough.
    function _permit(Order memory order, Permit memory permit) private {
        _checkCoin(order.coin);
        try IERC20Permit(order.coin)
            .permit(order.payer, address(this), order.amount, permit.deadline, permit.v, permit.r, permit.s) { }
        catch {
            uint256 allowance = IERC20(order.coin).allowance(order.payer, address(this));
            if (allowance < order.amount) revert PermitRefused(order.payer, allowance, order.amount);
        }
    }

    function _pay(Order memory order) private pays(order) {
        // slither-disable-next-line arbitrary-send-erc20 (the payer is the caller, or signed this order)
        IERC20(order.coin).safeTransferFrom(order.payer, order.payee, order.amount);
    }
}
