// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { ICreditOracle } from "./ICreditOracle.sol";

/// @title Leaves, ladders and paths: what a root commits to
/// @notice Pure. The tree is OpenZeppelin's StandardMerkleTree, so their libraries check it too.
library Proofs {
    uint16 internal constant LOWEST_SCORE = 300;
    uint16 internal constant HIGHEST_SCORE = 850;
    uint16 internal constant STEP = 10;

    /// @dev keccak256 applied `times` times.
    function climb(bytes32 rung, uint256 times) internal pure returns (bytes32 top) {
        assembly ("memory-safe") {
            mstore(0, rung)
            for { } times { times := sub(times, 1) } { mstore(0, keccak256(0, 0x20)) }
            top := mload(0)
        }
    }

    /// @dev Hashed twice, so that no inner node can pass for a leaf.
    function leaf(address borrower, uint8 status, bytes32 opening, bytes32 top) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(borrower, status, opening, top))));
    }

    /// @dev Whether `root` holds the score that the proof shows.
    function holds(bytes32 root, address borrower, ICreditOracle.ScoreProof calldata proof)
        internal
        pure
        returns (bool)
    {
        bytes32 opening = keccak256(abi.encode(proof.score, proof.width, proof.salt, proof.detail));
        return MerkleProof.verifyCalldata(proof.path, root, leaf(borrower, proof.status, opening, proof.top));
    }

    /// @dev Whether `root` holds a ladder that reaches the threshold from the proof's rung.
    function holds(bytes32 root, address borrower, ICreditOracle.AtLeastProof calldata proof)
        internal
        pure
        returns (bool)
    {
        bytes32 top = climb(proof.rung, (proof.threshold - LOWEST_SCORE) / STEP);
        return MerkleProof.verifyCalldata(proof.path, root, leaf(borrower, proof.status, proof.opening, top));
    }

    /// @dev The multiples of 10 from 310 to 850.
    function isThreshold(uint16 threshold) internal pure returns (bool) {
        return threshold > LOWEST_SCORE && threshold <= HIGHEST_SCORE && threshold % STEP == 0;
    }
}
