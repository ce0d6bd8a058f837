// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IWalletLinks } from "../src/IWalletLinks.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { PeopleFixture } from "./PeopleFixture.sol";

/// @notice Links with a delay of a week, and wallets 1, 2, 3 … with those numbers as keys.
abstract contract LinksFixture is PeopleFixture {
    uint64 internal constant DELAY = 7 days;
    uint256 internal constant MOST = 8;

    WalletLinks internal links;

    function setUp() public virtual override {
        super.setUp();
        links = new WalletLinks(DELAY);
    }

    function _word(uint256 key, address with) internal view returns (bytes memory) {
        return _wordOf(key, _who(key), with, links.nonces(_who(key)), LATER);
    }

    function _wordOf(uint256 key, address wallet, address with, uint256 nonce, uint64 deadline)
        internal
        view
        returns (bytes memory)
    {
        return _signed(key, _digestAt(address(links), block.chainid, wallet, with, nonce, deadline));
    }

    function _digestAt(address verifier, uint256 chain, address wallet, address with, uint256 nonce, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        bytes32 kind = keccak256("Link(address wallet,address with,uint256 nonce,uint64 deadline)");
        return _typed("WalletLinks", verifier, chain, abi.encode(kind, wallet, with, nonce, deadline));
    }

    /// @notice Wallet `a` calls with the word of `b`.
    function _link(uint256 a, uint256 b) internal {
        bytes memory word = _wordOf(b, _who(b), _who(a), links.nonces(_who(b)), type(uint64).max);
        vm.prank(_who(a));
        links.link(_who(b), type(uint64).max, word);
    }

    function _unlink(uint256 a) internal {
        vm.prank(_who(a));
        links.unlink();
    }

    function _person(uint256 number) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(links), number));
    }

    function _assertWallets(bytes32 person, uint256[] memory keys) internal view {
        address[] memory wanted = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            wanted[i] = _who(keys[i]);
            vm.assertEq(links.personOf(wanted[i]), person);
            vm.assertEq(abi.encode(links.bookOf(wanted[i])), abi.encode(links.walletsOf(person)));
        }
        vm.assertEq(links.walletsOf(person), wanted);
    }

    /// @notice In no person, and a book of itself.
    function _assertAlone(uint256 key) internal view {
        address[] memory alone = new address[](1);
        alone[0] = _who(key);
        vm.assertEq(links.personOf(alone[0]), bytes32(0));
        vm.assertEq(links.bookOf(alone[0]), alone);
        vm.assertEq(links.leavesAt(alone[0]), 0);
    }

    function _keys(uint256 a, uint256 b) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](2);
        (keys[0], keys[1]) = (a, b);
    }

    function _keys(uint256 a, uint256 b, uint256 c) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](3);
        (keys[0], keys[1], keys[2]) = (a, b, c);
    }
}
