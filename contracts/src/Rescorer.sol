// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "./ICreditOracle.sol";
import { IRescorer } from "./IRescorer.sol";
import { Scorecards } from "./Scorecards.sol";

/// @title One scorecard, scored on chain
/// @notice See IRescorer. The tables lie in the code of a contract of their own, behind a STOP: reading 10,000 bytes that way
/// costs about 4,000 gas, from storage it would cost 660,000.
contract Rescorer is IRescorer {
    uint256 private constant MOST_BYTES = 24_575;
    uint8 private constant DISPUTED = 128;

    ICreditOracle private immutable ORACLE;
    address private immutable TABLES;

    /// @inheritdoc IRescorer
    bytes32 public immutable tablesHash;

    /// @param oracle whose proofs `check` takes
    /// @param tables the scorecard, as models/encoding.py encodes it
    constructor(ICreditOracle oracle, bytes memory tables) {
        if (tables.length == 0 || tables.length > MOST_BYTES) revert BadLength(tables.length);
        ORACLE = oracle;
        tablesHash = keccak256(tables);
        // Returns what follows these eleven bytes: PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN; then STOP.
        bytes memory creation =
            abi.encodePacked(hex"61", uint16(tables.length + 1), hex"80600a5f395ff3", hex"00", tables);
        address made;
        assembly ("memory-safe") {
            made := create(0, add(creation, 0x20), mload(creation))
        }
        if (made == address(0)) revert BadLength(tables.length);
        TABLES = made;
    }

    /// @inheritdoc IRescorer
    function score(int64[] calldata features) external view returns (Rescore memory) {
        return Scorecards.score(_tables(), features);
    }

    /// @inheritdoc IRescorer
    function check(address borrower, ICreditOracle.ScoreProof calldata proof, Opening calldata opening, uint64 maxAge)
        external
        view
        returns (bool equal, Rescore memory found)
    {
        bytes32 detail = Scorecards.detail(opening);
        if (detail != proof.detail) revert WrongOpening(detail, proof.detail);
        ORACLE.verifyScore(borrower, proof, maxAge);
        found = Scorecards.score(_tables(), opening.features);
        equal = found.status == proof.status & ~DISPUTED && found.score == proof.score && found.width == proof.width;
    }

    function _tables() private view returns (bytes memory) {
        address source = TABLES;
        bytes memory tables = new bytes(source.code.length - 1);
        assembly ("memory-safe") {
            extcodecopy(source, add(tables, 0x20), 1, mload(tables))
        }
        return tables;
    }
}
