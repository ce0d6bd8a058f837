// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Vm } from "./Vm.sol";

/// @notice Accounts with keys, and what they sign.
abstract contract PeopleFixture {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint64 internal constant NOW = 1_700_000_000;
    uint64 internal constant LATER = NOW + 1 hours;
    uint256 internal constant ANN = 0xA11;
    uint256 internal constant BEN = 0xB0B;
    uint256 internal constant CAT = 0xCA7;
    address internal constant RELAYER = address(0x4E1A);

    /// @notice The order of secp256k1: with it the other signature of the same words is made.
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function setUp() public virtual {
        vm.warp(NOW);
    }

    function _who(uint256 key) internal pure returns (address) {
        return vm.addr(key);
    }

    /// @notice The digest of EIP-712 typed data, in the plainest way.
    function _typed(string memory name, address verifier, uint256 chain, bytes memory encoded)
        internal
        pure
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                chain,
                verifier
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(encoded)));
    }

    function _signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _parts(bytes memory signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /// @notice The same words with the other s, which a careless contract would take as well.
    function _mirrored(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, N - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }

    function _bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + value % (most - least + 1);
    }
}
