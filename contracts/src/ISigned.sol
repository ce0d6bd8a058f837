// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Words that an account signs and somebody else brings
/// @notice Typed data (EIP-712) of the contract's own domain, so that a signature counts on one contract of one chain; with the
/// account's next nonce, so that it counts once. A contract's word is what its `isValidSignature` says (ERC-1271).
interface ISigned {
    /// @notice The signature is brought after its deadline.
    error SignatureExpired(uint64 deadline);
    /// @notice The account did not sign this: other fields, chain or contract, a used nonce, or another key.
    error WrongSignature(address account);

    /// @notice Makes void what the caller has signed with its next nonce, and nobody has brought yet.
    function skipNonce() external;

    /// @notice The nonce that the account's next signature needs.
    function nonces(address account) external view returns (uint256);
}
