// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IWalletLinks } from "./IWalletLinks.sol";

/// @title Who counts as one person
/// @notice Wallets that are linked, and those that left the bundle too short a time ago to count as others. Without a contract
/// of links each wallet is a person.
abstract contract LinkedWallets {
    /// @notice Where wallets are linked; zero: nowhere.
    IWalletLinks public immutable LINKS;

    constructor(IWalletLinks links) {
        LINKS = links;
    }

    /// @dev The wallet, and all that count as the same person.
    function _walletsWith(address wallet) internal view returns (address[] memory wallets) {
        if (address(LINKS) != address(0)) return LINKS.bookOf(wallet);
        wallets = new address[](1);
        wallets[0] = wallet;
    }

    function _isOnePerson(address one, address other) internal view returns (bool) {
        if (one == other) return true;
        if (address(LINKS) == address(0)) return false;
        address[] memory wallets = LINKS.bookOf(one);
        for (uint256 i = 0; i < wallets.length; ++i) {
            if (wallets[i] == other) return true;
        }
        return false;
    }
}
