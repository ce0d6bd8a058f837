// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title Small loans without collateral, with a due date, by proof of a score
/// @notice One lender (the owner), one coin, one exposure book: whatever a borrower shows, all open loans together stay
/// within one limit, and while one of them is overdue no other is drawn. The coin lies in the contract: the lender funds it
/// by a plain transfer. Amounts are raw units of the coin, times seconds.
///
/// What is promised to the lender: no loan is drawn but under the policy of that moment; a proof works only for the account
/// that it is about. To the borrower: what is owed is fixed when the loan is drawn and never rises; anyone may repay.
///
/// Assumed: the coin moves exactly the amount that is asked (no fee on transfers).
interface ITermLoans {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice On which terms loans are drawn. A change is for later loans only.
    /// @param threshold the least score that must be proven: a multiple of 10 from 310 to 850
    /// @param yearlyRateBps simple interest for 365 days, in basis points
    /// @param maxPrincipal the largest loan by proof
    /// @param exposureLimit the most that one borrower may have drawn and not repaid, over all loans
    /// @param maxTerm the longest time to the due date
    /// @param grace time after the due date until a loan can be marked as defaulted
    /// @param maxScoreAge the oldest snapshot that counts
    /// @param acceptThin whether a score on a short record counts
    /// @param acceptDisputed whether a score counts while the borrower disputes a fact
    struct Policy {
        uint16 threshold;
        uint16 yearlyRateBps;
        uint128 maxPrincipal;
        uint128 exposureLimit;
        uint32 maxTerm;
        uint32 grace;
        uint64 maxScoreAge;
        bool acceptThin;
        bool acceptDisputed;
    }

    /// @param borrower who drew it
    /// @param dueTime the last second in time
    /// @param grace time after it until the loan can be marked as defaulted, as it was when the loan was drawn
    /// @param starter drawn without a proof
    /// @param defaulted marked as defaulted; it can still be repaid
    /// @param principal what was paid out
    /// @param outstanding what is owed still; 0 once repaid
    struct Loan {
        address borrower;
        uint48 dueTime;
        uint32 grace;
        bool starter;
        bool defaulted;
        uint128 principal;
        uint128 outstanding;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice Paid out; `owed` is principal and interest until the due date.
    event LoanDrawn(
        uint256 indexed loanId, address indexed borrower, uint128 principal, uint128 owed, uint64 dueTime, bool starter
    );

    /// @notice Somebody paid `amount`; `outstanding` remains.
    event LoanRepaid(
        uint256 indexed loanId, address indexed borrower, address indexed payer, uint128 amount, uint128 outstanding
    );

    /// @notice The loan stood unpaid at the end of its grace.
    event LoanDefaulted(uint256 indexed loanId, address indexed borrower, uint128 unpaid);

    /// @notice The lender lets the borrower draw up to `limit` without a proof; 0 ends it.
    event StarterAllowed(address indexed borrower, uint128 limit);

    /// @notice The terms of later loans.
    event PolicySet(Policy policy);

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice Amounts are above zero.
    error AmountZero();
    /// @notice The term is above zero and at most the policy's.
    error TermOutOfRange(uint32 termSeconds, uint32 longest);
    /// @notice The policy's threshold is not a multiple of 10 from 310 to 850.
    error PolicyThreshold(uint16 threshold);
    /// @notice The proof shows a lower score than the policy asks.
    error ThresholdTooLow(uint16 threshold, uint16 least);
    /// @notice The policy does not lend on this status (2 thin; plus 128 disputed).
    error StatusRefused(uint8 status);
    /// @notice The loan is larger than the policy allows.
    error PrincipalTooLarge(uint128 principal, uint128 largest);
    /// @notice All open loans of the borrower together would exceed the limit.
    error ExposureExceeded(address borrower, uint256 exposure, uint128 limit);
    /// @notice An earlier loan is overdue: repay that first.
    error LoanOverdue(uint256 loanId, uint64 dueTime);
    /// @notice The borrower has as many open loans as one may have.
    error TooManyLoans(address borrower, uint256 open);
    /// @notice The lender has not allowed this borrower a loan without a proof.
    error StarterNotAllowed(address borrower);
    /// @notice There is no such loan, or it is repaid.
    error LoanNotOpen(uint256 loanId);
    /// @notice The loan can be marked as defaulted after this time only.
    error NotInDefault(uint256 loanId, uint256 until);
    /// @notice The loan is marked as defaulted already.
    error AlreadyDefaulted(uint256 loanId);

    // ------------------------------------------------------------------------------------------------------------ lender

    /// @notice Sets the terms of later loans. Only the lender.
    // slither-disable-next-line shadowing-local (an interface has no code that could confuse the two)
    function setPolicy(Policy calldata policy) external;

    /// @notice Lets each borrower draw up to `limit` in all without a proof, within the policy's other terms. Only the lender.
    /// Such loans are marked, so that training can tell who chose them.
    function allowStarter(address[] calldata borrowers, uint128 limit) external;

    /// @notice Takes coin that is not lent. Only the lender.
    function withdraw(uint256 amount) external;

    // ---------------------------------------------------------------------------------------------------------- borrowers

    /// @notice Draws a loan without a proof, as far as the lender allowed the caller.
    function borrowStarter(uint128 principal, uint32 termSeconds) external returns (uint256 loanId);

    /// @notice Draws a loan on a proof about the caller.
    function borrow(uint128 principal, uint32 termSeconds, ICreditOracle.AtLeastProof calldata proof)
        external
        returns (uint256 loanId);

    // ------------------------------------------------------------------------------------------------------------- anyone

    /// @notice Pays for a loan, anyone's; takes from the caller at most what is outstanding, and returns what was taken.
    function repay(uint256 loanId, uint128 amount) external returns (uint128 paid);

    /// @notice Marks a loan as defaulted once its grace is over.
    function markDefault(uint256 loanId) external;

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @notice A loan; all zero when there is none.
    function loanOf(uint256 loanId) external view returns (Loan memory);

    /// @notice The loans of a borrower that are not repaid.
    function openLoansOf(address borrower) external view returns (uint256[] memory loanIds);

    /// @notice Principal of the borrower's open loans together.
    function exposureOf(address borrower) external view returns (uint256);

    /// @notice What the borrower may draw without a proof.
    function starterLimitOf(address borrower) external view returns (uint128);

    /// @notice What a loan drawn now would owe: principal and simple interest, rounded up.
    function owedFor(uint128 principal, uint32 termSeconds) external view returns (uint128);

    /// @notice The terms of a loan drawn now.
    function policy() external view returns (Policy memory);
}
