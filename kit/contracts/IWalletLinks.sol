// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Which wallets are one person
/// @notice A person is two to eight wallets; a wallet is in one person at most. Wallets are linked by a word of both sides.
///
/// A link is public for ever: unlinking ends it from a later moment on, and does not make it unknown. Bad events of the time of the link
/// stay on both sides (the scores see to that).
///
/// A wallet that leaves is counted until the delay is over, so that nobody sheds what is owed by leaving. When only one would stay, it
/// leaves with the last other: nobody is a person with himself.
///
/// Person: keccak256(abi.encode(chain id, this contract, number)), numbers from 1. Typed data (see ISigned): Link(address wallet,address
/// with,uint256 nonce,uint64 deadline), signed by `wallet`; domain "WalletLinks", version "1". Times are seconds.
interface IWalletLinks {
    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice `wallet` is in `person` from now on, by its link with `with`. The first link of a person tells both.
    event Linked(bytes32 indexed person, address indexed wallet, address indexed with);

    /// @notice `wallet` is in `person` until `effectiveTime`, and no longer from then on.
    event Unlinked(bytes32 indexed person, address indexed wallet, uint64 effectiveTime);

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice A wallet is linked with another one.
    error SelfLink(address wallet);
    /// @notice Both wallets are in a person already: the same one, or two.
    error BothLinked(bytes32 person, bytes32 other);
    /// @notice A person has so many wallets at most.
    error TooManyWallets(bytes32 person, uint256 most);
    /// @notice The wallet is leaving its person: it can link anew from `effectiveTime` on.
    error Leaving(address wallet, uint64 effectiveTime);
    /// @notice The wallet is in no person.
    error NotLinked(address wallet);
    /// @notice No wallet would ever get out.
    error LinkDelayTooLong(uint64 delay, uint64 most);

    // ------------------------------------------------------------------------------------------------------------ wallets

    /// @notice Links the caller with `other`, which signed Link(other, caller, …). Who is in no person joins the other's.
    function link(address other, uint64 deadline, bytes calldata signature) external;

    /// @notice Links two wallets that both signed: `signatureA` is over Link(a, b, …), `signatureB` over Link(b, a, …).
    function linkFor(address a, address b, uint64 deadline, bytes calldata signatureA, bytes calldata signatureB)
        external;

    /// @notice The caller leaves its person, once the delay is over.
    function unlink() external;

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @notice The person that the wallet is in now; 0: in none.
    function personOf(address wallet) external view returns (bytes32 person);

    /// @notice The wallets that are in the person now, those that are leaving included; none, or two to eight.
    function walletsOf(bytes32 person) external view returns (address[] memory wallets);

    /// @notice The wallets whose debts count together with those of `wallet`: its person's, or itself alone.
    function bookOf(address wallet) external view returns (address[] memory wallets);

    /// @notice From when on a wallet that has asked to leave is out; 0: it has not, or is in no person.
    function leavesAt(address wallet) external view returns (uint64 effectiveTime);

    /// @notice Seconds from `unlink` until it takes effect.
    function delay() external view returns (uint64);
}
