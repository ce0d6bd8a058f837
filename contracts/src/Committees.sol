// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title Committees kept as contract code
/// @notice Reading n members as code costs one cold account and three gas a word, against 2,100 gas a member from storage.
/// @dev The code is STOP (so that nobody can call it), then words: digest, quorum, secret's hash, n members, n identity keys.
library Committees {
    /// @dev More would not fit the reports' mask.
    uint256 internal constant MAX_MEMBERS = 32;

    /// @dev Words before the first member.
    uint256 private constant HEADER = 3;

    /// @dev Creation code that returns all that follows its own 11 bytes.
    bytes11 private constant RETURN_THE_REST = 0x600B5981380380925939F3;

    /// @dev The digest that reports carry.
    function digest(ICreditOracle.Committee memory committee) internal pure returns (bytes32) {
        return keccak256(abi.encode(committee.members, committee.identityKeys, committee.quorum, committee.secretHash));
    }

    /// @dev Reverts unless the committee is one that can sign.
    function check(ICreditOracle.Committee memory committee) internal pure {
        uint256 n = committee.members.length;
        if (n == 0 || n > MAX_MEMBERS) revert ICreditOracle.CommitteeSizeOutOfRange(n);
        if (committee.identityKeys.length != n) {
            revert ICreditOracle.IdentityKeysMismatch(n, committee.identityKeys.length);
        }
        uint256 least = (n + 2) / 3; // f + 1 with f = ⌊(n − 1) / 3⌋
        if (committee.quorum < least || committee.quorum > n) {
            revert ICreditOracle.QuorumOutOfRange(committee.quorum, least, n);
        }
        if (committee.secretHash == 0) revert ICreditOracle.SecretHashZero();
        for (uint256 i = 0; i < n; ++i) {
            _checkMember(committee, i);
        }
    }

    /// @dev Stores a checked committee and returns where.
    function store(ICreditOracle.Committee memory committee) internal returns (address pointer) {
        bytes memory creation = abi.encodePacked(
            RETURN_THE_REST,
            hex"00",
            digest(committee),
            uint256(committee.quorum),
            committee.secretHash,
            committee.members, // packed encoding pads the elements of an array to words
            committee.identityKeys
        );
        assembly ("memory-safe") {
            pointer := create(0, add(creation, 0x20), mload(creation))
        }
        if (pointer == address(0)) revert ICreditOracle.CommitteeNotStored();
    }

    /// @dev The stored code, to be read with the functions below.
    function load(address pointer) internal view returns (bytes memory) {
        return pointer.code;
    }

    function digestIn(bytes memory code) internal pure returns (bytes32) {
        return _word(code, 0);
    }

    function quorumIn(bytes memory code) internal pure returns (uint256) {
        return uint256(_word(code, 1));
    }

    function sizeIn(bytes memory code) internal pure returns (uint256) {
        return (code.length / 32 - HEADER) / 2;
    }

    function memberIn(bytes memory code, uint256 index) internal pure returns (address) {
        return address(uint160(uint256(_word(code, HEADER + index))));
    }

    /// @dev The whole committee.
    function unpack(bytes memory code) internal pure returns (ICreditOracle.Committee memory committee) {
        uint256 n = sizeIn(code);
        committee.members = new address[](n);
        committee.identityKeys = new bytes32[](n);
        committee.quorum = uint8(quorumIn(code));
        committee.secretHash = _word(code, 2);
        for (uint256 i = 0; i < n; ++i) {
            committee.members[i] = memberIn(code, i);
            committee.identityKeys[i] = _word(code, HEADER + n + i);
        }
    }

    /// @dev Where the member stands in the list; the list's length when it does not.
    function indexIn(bytes memory code, address member) internal pure returns (uint256 index) {
        uint256 n = sizeIn(code);
        while (index < n && memberIn(code, index) != member) ++index;
    }

    /// @dev The committee without one member: its quorum stays, or is as many as are left.
    function without(ICreditOracle.Committee memory committee, uint256 index)
        internal
        pure
        returns (ICreditOracle.Committee memory rest)
    {
        uint256 left = committee.members.length - 1;
        rest.members = new address[](left);
        rest.identityKeys = new bytes32[](left);
        for (uint256 i = 0; i < left; ++i) {
            uint256 source = i < index ? i : i + 1;
            rest.members[i] = committee.members[source];
            rest.identityKeys[i] = committee.identityKeys[source];
        }
        rest.quorum = committee.quorum < left ? committee.quorum : uint8(left);
        rest.secretHash = committee.secretHash;
    }

    function _checkMember(ICreditOracle.Committee memory committee, uint256 index) private pure {
        address member = committee.members[index];
        bytes32 key = committee.identityKeys[index];
        bool bad = member == address(0) || key == 0;
        for (uint256 i = 0; i < index; ++i) {
            bad = bad || committee.members[i] == member || committee.identityKeys[i] == key;
        }
        if (bad) revert ICreditOracle.BadMember(index, member);
    }

    /// @dev Word `index` behind the STOP byte. Callers keep `index` within the code.
    function _word(bytes memory code, uint256 index) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(code, add(33, shl(5, index))))
        }
    }
}
