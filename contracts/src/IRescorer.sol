// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title One scorecard, scored on chain
/// @notice Holds a scorecard's tables and scores any feature vector as the committee's nodes do, to the point. With an opening
/// of the features that a leaf commits to, it tells whether a published score is what the scorecard gives.
///
/// What is promised: equal to the Python package on every vector. What is not: that the tables are those of the active model.
/// Compare `tablesHash` with that of `encode` in models/encoding.py for the scorecard that the model's manifest names.
interface IRescorer {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @param status 0 insufficient (the rest is 0 too), 1 scored, 2 thin
    /// @param score 300 to 850, clamped and capped
    /// @param width half-width of the 90 % interval
    /// @param total base and points, neither clamped nor capped
    struct Rescore {
        uint8 status;
        uint16 score;
        uint16 width;
        int256 total;
    }

    /// @notice What opens a proof's `detail`: the borrower has it, and nobody else needs to.
    /// @param features in the scorecard's order; a missing one is the lowest int64
    /// @param reasons up to four reason codes, most important first
    struct Opening {
        int64[] features;
        uint32 reasons;
        bytes32 salt2;
        bytes32 salt3;
    }

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice The tables are of a version that this library does not read.
    error UnknownVersion(uint256 version);
    /// @notice The tables end before what they announce at byte `place`.
    error TablesEnd(uint256 place);
    /// @notice A number in the tables at byte `place` is outside its limits.
    error BadTables(uint256 place);
    /// @notice The scorecard takes `expected` features.
    error WrongFeatureCount(uint256 found, uint256 expected);
    /// @notice The tables are empty, or too long to lie in one contract.
    error BadLength(uint256 length);
    /// @notice The opening is not that of the proof.
    error WrongOpening(bytes32 found, bytes32 expected);

    // ------------------------------------------------------------------------------------------------------------- reads

    /// @notice The score of these features.
    /// @param features in the scorecard's order; a missing one is the lowest int64
    function score(int64[] calldata features) external view returns (Rescore memory);

    /// @notice Scores the features behind a proof that the oracle accepts; reverts as `verifyScore` does, or with WrongOpening.
    /// @return equal whether status (disputed or not), score and width are what the scorecard gives for the features
    /// @return found what it gives
    function check(address borrower, ICreditOracle.ScoreProof calldata proof, Opening calldata opening, uint64 maxAge)
        external
        view
        returns (bool equal, Rescore memory found);

    /// @notice keccak256 of the tables.
    function tablesHash() external view returns (bytes32);
}
