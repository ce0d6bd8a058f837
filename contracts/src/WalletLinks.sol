// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { IWalletLinks } from "./IWalletLinks.sol";
import { Signed } from "./Signed.sol";

/// @title Wallet links
/// @notice See IWalletLinks, which says what is promised.
/// @dev No owner. A wallet's place says where it is; the list of a person may still hold wallets that are out since, until the next one
/// joins.
contract WalletLinks is IWalletLinks, Signed {
    /// @dev `number` of the person, 0: never in one; `leavesAt` 0: it stays, else it is out from then on.
    struct Place {
        uint192 number;
        uint64 leavesAt;
    }

    bytes32 private constant LINK_TYPEHASH =
        keccak256("Link(address wallet,address with,uint256 nonce,uint64 deadline)");

    /// @dev So that whoever goes through a person's wallets has an end of it.
    uint256 private constant MAX_WALLETS = 8;
    uint64 private constant MAX_DELAY = 365 days;

    /// @inheritdoc IWalletLinks
    uint64 public immutable delay;

    uint192 private _lastNumber;
    mapping(address wallet => Place) private _places;
    // slither-disable-next-line uninitialized-state (_join writes by reference)
    mapping(bytes32 person => address[]) private _wallets;

    /// @param delay_ seconds from `unlink` until it takes effect: longer than a score from before it can be used
    constructor(uint64 delay_) EIP712("WalletLinks", "1") {
        if (delay_ > MAX_DELAY) revert LinkDelayTooLong(delay_, MAX_DELAY);
        delay = delay_;
    }

    // ------------------------------------------------------------------------------------------------------------- wallets

    /// @inheritdoc IWalletLinks
    function link(address other, uint64 deadline, bytes calldata signature) external {
        _checkLink(other, msg.sender, deadline, signature);
        _link(msg.sender, other);
    }

    /// @inheritdoc IWalletLinks
    function linkFor(address a, address b, uint64 deadline, bytes calldata signatureA, bytes calldata signatureB)
        external
    {
        _checkLink(a, b, deadline, signatureA);
        _checkLink(b, a, deadline, signatureB);
        _link(a, b);
    }

    /// @inheritdoc IWalletLinks
    function unlink() external {
        bytes32 person = _stayingIn(msg.sender);
        if (person == 0) revert NotLinked(msg.sender);
        _leave(person, msg.sender);
        address[] memory wallets = walletsOf(person);
        uint256 staying = 0;
        address last = address(0);
        for (uint256 i = 0; i < wallets.length; ++i) {
            if (_places[wallets[i]].leavesAt != 0) continue;
            ++staying;
            last = wallets[i];
        }
        if (staying == 1) _leave(person, last);
    }

    // --------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc IWalletLinks
    function personOf(address wallet) public view returns (bytes32) {
        return _isIn(_places[wallet]) ? _idOf(_places[wallet].number) : bytes32(0);
    }

    /// @inheritdoc IWalletLinks
    function walletsOf(bytes32 person) public view returns (address[] memory wallets) {
        address[] storage listed = _wallets[person];
        wallets = new address[](listed.length);
        uint256 count = 0;
        for (uint256 i = 0; i < wallets.length; ++i) {
            if (personOf(listed[i]) == person) wallets[count++] = listed[i];
        }
        assembly ("memory-safe") {
            mstore(wallets, count) // shorter than it was made
        }
    }

    /// @inheritdoc IWalletLinks
    function bookOf(address wallet) external view returns (address[] memory wallets) {
        bytes32 person = personOf(wallet);
        if (person != 0) return walletsOf(person);
        wallets = new address[](1);
        wallets[0] = wallet;
    }

    /// @inheritdoc IWalletLinks
    function leavesAt(address wallet) external view returns (uint64) {
        return _isIn(_places[wallet]) ? _places[wallet].leavesAt : 0;
    }

    // ------------------------------------------------------------------------------------------------------------- private

    function _checkLink(address wallet, address with, uint64 deadline, bytes calldata signature) private {
        bytes32 message = keccak256(abi.encode(LINK_TYPEHASH, wallet, with, _useNonce(wallet), deadline));
        _checkSigned(wallet, message, deadline, signature);
    }

    function _link(address a, address b) private {
        if (a == b) revert SelfLink(a);
        bytes32 personA = _stayingIn(a);
        bytes32 personB = _stayingIn(b);
        if (personA != 0 && personB != 0) revert BothLinked(personA, personB);
        if (personA != 0) return _join(_places[a].number, b, a);
        if (personB != 0) return _join(_places[b].number, a, b);
        uint192 number = ++_lastNumber;
        _join(number, a, b);
        _join(number, b, a);
    }

    function _join(uint192 number, address wallet, address with) private {
        bytes32 person = _idOf(number);
        address[] storage listed = _wallets[person];
        for (uint256 i = listed.length; i > 0; --i) {
            if (personOf(listed[i - 1]) == person) continue;
            listed[i - 1] = listed[listed.length - 1];
            listed.pop();
        }
        if (listed.length == MAX_WALLETS) revert TooManyWallets(person, MAX_WALLETS);
        listed.push(wallet);
        _places[wallet] = Place(number, 0);
        emit Linked(person, wallet, with);
    }

    function _leave(bytes32 person, address wallet) private {
        uint64 effectiveTime = uint64(block.timestamp) + delay;
        _places[wallet].leavesAt = effectiveTime;
        emit Unlinked(person, wallet, effectiveTime);
    }

    /// @dev The person of a wallet that has not asked to leave it; 0: it is in none.
    function _stayingIn(address wallet) private view returns (bytes32 person) {
        person = personOf(wallet);
        uint64 effectiveTime = _places[wallet].leavesAt;
        if (person != 0 && effectiveTime != 0) revert Leaving(wallet, effectiveTime);
    }

    function _isIn(Place memory place) private view returns (bool) {
        return place.number != 0 && (place.leavesAt == 0 || block.timestamp < place.leavesAt);
    }

    function _idOf(uint192 number) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), uint256(number)));
    }
}
