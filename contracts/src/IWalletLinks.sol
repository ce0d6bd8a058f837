// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Which wallets are one person
interface IWalletLinks {
    /// @notice The person that a wallet belongs to; 0: to none.
    function personOf(address wallet) external view returns (bytes32 person);

    /// @notice The wallets of a person now.
    function walletsOf(bytes32 person) external view returns (address[] memory);

    /// @notice The wallet itself, those linked with it, and those that left less than the delay ago and so still count.
    function bookOf(address wallet) external view returns (address[] memory);
}
