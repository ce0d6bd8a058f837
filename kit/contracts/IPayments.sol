// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Payments that say what they are for
/// @notice The coin goes from payer to payee directly and never lies here; beside the coin's own Transfer there is one event with the
/// purpose and the hash of a memo. A payer without gas signs an order (see ISigned), and a relayer brings it.
///
/// Both parties, the amount, the purpose and the hash are public for ever. The memo itself stays off chain: hash it together with a
/// random salt, else a guess of it can be tested by anyone.
///
/// What is promised: coin moves only from an account that calls or that signed this very order; the payee receives
/// exactly the amount, or nothing happens. Amounts are raw units of the coin, times seconds.
interface IPayments {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice What a payment is for, as its payer says.
    enum Purpose {
        None,
        Wage,
        Rent,
        Remittance,
        Trade,
        Other
    }

    /// @notice A payment as its payer signs it. Typed data: this struct, `purpose` as uint8; domain "Payments", version "1".
    /// @param payer whose coin it is
    /// @param payee who receives it
    /// @param coin the token
    /// @param amount above zero
    /// @param purpose what it is for
    /// @param memoHash hash of the memo and a salt; 0: none
    /// @param nonce the payer's next one. By authorization of the coin (EIP-3009): any number
    /// @param deadline the last second in which it counts
    /// @param relayer who alone may bring it; zero: anyone
    struct Order {
        address payer;
        address payee;
        address coin;
        uint256 amount;
        Purpose purpose;
        bytes32 memoHash;
        uint256 nonce;
        uint64 deadline;
        address relayer;
    }

    /// @notice The payer's permit (EIP-2612) to this contract, over exactly the order's amount.
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice `payer` paid `amount` to `payee`. The coin's own Transfer stands in the same transaction.
    event Paid(
        address indexed payer,
        address indexed payee,
        address indexed coin,
        uint256 amount,
        Purpose purpose,
        bytes32 memoHash
    );

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice Amounts are above zero.
    error AmountZero();
    /// @notice A payment goes to somebody else, and to somebody.
    error BadPayee(address payee);
    /// @notice There is no contract at this address.
    error NoContract(address given);
    /// @notice The coin gave the payee another amount than was paid: one that takes a fee is refused.
    error CoinMovedLess(uint256 asked, uint256 moved);
    /// @notice Only this account may bring the order.
    error ForOtherRelayer(address relayer);
    /// @notice The coin did not take the permit, and there is no allowance of so much either.
    error PermitRefused(address payer, uint256 allowance, uint256 amount);

    // ------------------------------------------------------------------------------------------------------------- payer

    /// @notice The caller pays. Needs an allowance to this contract.
    function pay(IERC20 coin, address payee, uint256 amount, Purpose purpose, bytes32 memoHash) external;

    /// @notice The caller pays with a permit over `amount`, in one transaction. A permit that somebody used before does not matter:
    /// the allowance counts.
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
    ) external;

    // ----------------------------------------------------------------------------------------------------------- relayers

    /// @notice Brings an order that its payer signed. Needs the payer's allowance to this contract.
    function payFor(Order calldata order, bytes calldata signature) external;

    /// @notice As `payFor`, with the payer's permit over the amount.
    function payForWithPermit(Order calldata order, bytes calldata signature, Permit calldata permit) external;

    /// @notice Brings an order of which the payer signed only the coin's authorization (EIP-3009, TransferWithAuthorization): from
    /// payer to payee, `validBefore` the order's deadline, and as nonce `authorizationNonceOf(order, salt)`, so that one
    /// signature covers purpose and memo too. Needs no allowance. Whoever sees it can bring it to the coin itself: then the
    /// payee has the amount and nothing is said of its purpose.
    /// @param signature 65 bytes: r, s, v
    function payForWithAuthorization(Order calldata order, uint256 validAfter, bytes32 salt, bytes calldata signature)
        external;

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @notice What the payer signs of an order.
    function digestOf(Order calldata order) external view returns (bytes32);

    /// @notice keccak256(abi.encode(digestOf(order), salt)).
    function authorizationNonceOf(Order calldata order, bytes32 salt) external view returns (bytes32);
}
