// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AggregatorV3Interface } from "./AggregatorV3Interface.sol";
import { IBorrowerFeed } from "./IBorrowerFeed.sol";
import { ICreditOracle } from "./ICreditOracle.sol";

/// @title BorrowerFeed
/// @notice See IBorrowerFeed, which says what is promised.
contract BorrowerFeed is IBorrowerFeed {
    /// @dev A full record without an open dispute.
    uint8 private constant SCORED = 1;

    ICreditOracle private immutable ORACLE;

    /// @inheritdoc IBorrowerFeed
    address public immutable borrower;

    /// @inheritdoc IBorrowerFeed
    uint64 public immutable maxAge;

    /// @inheritdoc AggregatorV3Interface
    uint8 public constant decimals = 0;

    /// @inheritdoc AggregatorV3Interface
    uint256 public constant version = 1;

    /// @inheritdoc AggregatorV3Interface
    string public constant description = "Credit score, 300 to 850";

    /// @param oracle that the borrower posts to
    /// @param borrower_ whose score it is
    /// @param maxAge_ the oldest snapshot to show, in seconds
    // slither-disable-next-line missing-zero-check (a feed of nobody shows nothing: every read reverts)
    constructor(ICreditOracle oracle, address borrower_, uint64 maxAge_) {
        ORACLE = oracle;
        borrower = borrower_;
        maxAge = maxAge_;
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint16 score, uint64 epoch, uint64 snapshotTime) = _read();
        if (roundId != epoch) revert RoundNotShown(roundId, epoch);
        return _round(score, epoch, snapshotTime);
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint16 score, uint64 epoch, uint64 snapshotTime) = _read();
        return _round(score, epoch, snapshotTime);
    }

    /// @dev Reverts as the oracle does when nothing young enough is posted.
    function _read() private view returns (uint16 score, uint64 epoch, uint64 snapshotTime) {
        uint8 status;
        (score,, status, epoch, snapshotTime) = ORACLE.getScoreNoOlderThan(borrower, maxAge);
        if (status != SCORED) revert StatusNotShown(borrower, status);
    }

    function _round(uint16 score, uint64 epoch, uint64 snapshotTime)
        private
        pure
        returns (uint80, int256, uint256, uint256, uint80)
    {
        return (epoch, int256(uint256(score)), snapshotTime, snapshotTime, epoch);
    }
}
