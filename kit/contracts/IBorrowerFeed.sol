// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { AggregatorV3Interface } from "./AggregatorV3Interface.sol";

/// @title One borrower's posted score as a feed
/// @notice For protocols that read Chainlink's interface and nothing else. The answer is the score, 300 to 850, without
/// decimals; a round is an epoch; `startedAt` and `updatedAt` are the time of the snapshot that the score was made from, which is
/// earlier than the time it was posted.
///
/// What is promised: an answer is a score that the borrower posted, of a full record, not in dispute, and of a snapshot no older than
/// `maxAge` and the oracle's own limit. In every other case the feed reverts; it never answers 0, and never an older score in
/// the place of a missing one. What the interface has no word for is not shown: thin records (status 2), whose
/// interval is wider, and disputed ones (status + 128) revert with StatusNotShown. Who wants those reads the oracle itself.
/// A feed that reverts must not stop its reader: call it by try, or read `tryGetScore` of the oracle.
interface IBorrowerFeed is AggregatorV3Interface {
    /// @notice There is a score, but of a thin record (2), or one in dispute (128 and more).
    error StatusNotShown(address borrower, uint8 status);
    /// @notice Only the posted epoch can be read.
    error RoundNotShown(uint80 roundId, uint64 posted);

    /// @notice Whose score this is.
    function borrower() external view returns (address);

    /// @notice The oldest snapshot that is shown, in seconds; the oracle's own limit holds too.
    function maxAge() external view returns (uint64);
}
