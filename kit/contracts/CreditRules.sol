// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title What a lender asks of a record, in one call that forgets none of it
/// @notice For contracts of lenders. A proof that holds shows only what it shows: that it is the caller's own, high enough, of a record
/// that the lender takes, and young enough, is left to whoever asks. `check` looks at all four.
library CreditRules {
    uint8 private constant THIN = 2;
    uint8 private constant DISPUTED = 128;
    uint8 private constant TAKES_FULL = 1;
    uint8 private constant TAKES_THIN = 2;
    uint8 private constant TAKES_DISPUTED = 4;

    /// @param atLeast the least score that must be shown: a multiple of 10 from 310 to 850
    /// @param statuses which records are accepted, as in ILoanPool.Row: bit 0 a full one, bit 1 a thin one, bit 2 also while a fact is
    /// disputed
    /// @param maxAge the oldest snapshot that counts, in seconds; the deployment's own limit holds too
    struct Rule {
        uint16 atLeast;
        uint8 statuses;
        uint64 maxAge;
    }

    /// @notice The proof shows less than the rule asks; the score itself may be higher.
    error BelowRule(uint16 shown, uint16 atLeast);
    /// @notice The rule does not take records of this status.
    error RecordNotTaken(uint8 status, uint8 statuses);

    /// @notice Reverts, with the reason, unless the caller's own record meets the rule.
    /// @return status of the record: 1 full, 2 thin; plus 128 while disputed
    function check(Rule memory rule, ICreditOracle oracle, ICreditOracle.AtLeastProof calldata proof)
        internal
        view
        returns (uint8 status)
    {
        if (proof.threshold < rule.atLeast) revert BelowRule(proof.threshold, rule.atLeast);
        (status,,) = oracle.verifyAtLeast(msg.sender, proof, rule.maxAge);
        if (!takes(rule, status)) revert RecordNotTaken(status, rule.statuses);
    }

    /// @notice Whether what the borrower has posted meets the rule. Never reverts, and false says nothing bad of the borrower.
    function isMetBy(Rule memory rule, ICreditOracle oracle, address borrower) internal view returns (bool) {
        (bool ok, uint16 score,, uint8 status,,) = oracle.tryGetScore(borrower, rule.maxAge);
        return ok && score >= rule.atLeast && takes(rule, status);
    }

    /// @notice Whether the rule takes records of this status.
    function takes(Rule memory rule, uint8 status) internal pure returns (bool) {
        uint8 asked = (status & ~DISPUTED) == THIN ? TAKES_THIN : TAKES_FULL;
        if (status & DISPUTED != 0) asked |= TAKES_DISPUTED;
        return status & ~DISPUTED != 0 && rule.statuses & asked == asked;
    }
}
