// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title The feed interface that lending protocols know from Chainlink
/// @notice Function names and types are theirs, so that code written for their feeds takes ours.
interface AggregatorV3Interface {
    /// @notice How many decimal places an answer has.
    function decimals() external view returns (uint8);

    /// @notice What the feed is of, in words.
    function description() external view returns (string memory);

    /// @notice Of the feed's code, not of an answer.
    function version() external view returns (uint256);

    /// @notice One round's answer.
    function getRoundData(uint80 roundId)
        external
        view
        returns (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The latest round's answer.
    function latestRoundData()
        external
        view
        returns (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
