// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @title A pool of one stable coin that is lent by a table of scores
/// @notice An ERC-4626 vault: one lender or many deposit the coin and hold shares of what the pool has. Its owner names the
/// terms and the table; the loan book (ITermLoans) alone takes coin out of it to lend, by that table.
///
/// Assets are the coin that lies here and the principal of loans that are neither repaid nor defaulted. Interest counts when it
/// is paid, a default takes off all principal that is not back, guarantees and recoveries count when they come. Loans that are
/// marked as overdue count for who comes and not for who goes: deposits are made at the whole of the assets, withdrawals at the
/// assets without them, so that nobody leaves before a loss at the others' cost, or comes before a payment to share it. What can
/// be withdrawn at once is the coin that lies here. Since a mark may come just before a withdrawal, `redeemAtLeast` and
/// `withdrawAtMost` name the worst price that is taken.
///
/// Rows keep their number for ever, also when a new table replaces them, so that what was lent by each, and lost, can be held
/// against what was expected. Row 0 is that of starter loans. Amounts are raw units of the coin, times seconds.
interface ILoanPool is IERC4626 {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice One line of the table: who is lent to, how much, at what price.
    /// @param atLeast the least score that must be shown: a multiple of 10 from 310 to 850
    /// @param statuses which records are accepted: bit 0 a full one, bit 1 a thin one, bit 2 also while a fact is disputed
    /// @param maxWidth the widest range around the score; 0: any, also one that is not shown (a proof of "at least")
    /// @param yearlyRateBps simple interest for 365 days, in basis points
    /// @param expectedLossBps what share of what is drawn the owner expects to lose, in basis points
    /// @param limit the most that one person may have drawn and not repaid, over all pools of the book
    struct Row {
        uint16 atLeast;
        uint8 statuses;
        uint16 maxWidth;
        uint16 yearlyRateBps;
        uint16 expectedLossBps;
        uint128 limit;
    }

    /// @notice What holds for all loans of the pool. A change is for later loans only.
    /// @param maxPrincipal the largest loan
    /// @param maxTerm the longest time to the last due date
    /// @param maxInstalments the most instalments of one loan
    /// @param grace time after a due date until a late fee, or a default, can be marked
    /// @param coolingOff for how long after the draw the borrower can give the principal back, without interest
    /// @param lateFeeBps fee for an instalment that is marked as late, in basis points of what is overdue of it
    /// @param maxScoreAge the oldest snapshot that counts
    /// @param starterRateBps the rate of loans without a proof
    /// @param starterLimit the most that a person may draw without a proof, whatever the owner allows; never more than the
    /// lowest limit of the table
    struct Terms {
        uint128 maxPrincipal;
        uint32 maxTerm;
        uint16 maxInstalments;
        uint32 grace;
        uint32 coolingOff;
        uint16 lateFeeBps;
        uint64 maxScoreAge;
        uint16 starterRateBps;
        uint128 starterLimit;
    }

    /// @notice What became of what was lent by one row. Realised loss is marked − called − recovered; below zero when what came
    /// back held interest too.
    /// @param drawn principal of all loans that were not cancelled
    /// @param expected the share of it that the row expects to lose
    /// @param marked principal that was not back at default
    /// @param called what guarantors paid at default
    /// @param recovered what borrowers paid the pool after default
    struct Loss {
        uint256 drawn;
        uint256 expected;
        uint256 marked;
        uint256 called;
        uint256 recovered;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice The terms of later loans.
    event TermsSet(Terms terms);

    /// @notice The table of later loans; its rows are numbered from `firstRow` on.
    event TableSet(uint16 firstRow, Row[] table);

    /// @notice The owner lets the borrower draw up to `limit` without a proof; 0 ends it.
    event StarterAllowed(address indexed borrower, uint128 limit);

    /// @notice A loan of this row was drawn.
    event Lent(uint16 indexed row, uint128 principal);

    /// @notice A loan of this row was given back within its cooling-off, as if it had not been drawn.
    event LendingUndone(uint16 indexed row, uint128 principal);

    /// @notice A loan of this row defaulted: `principal` was not back, guarantors paid `called`.
    event LossMarked(uint16 indexed row, uint128 principal, uint128 called);

    /// @notice Of the principal that is lent, so much is overdue now.
    event OverdueChanged(uint128 overdue);

    /// @notice A borrower of this row paid after default.
    event LossRecovered(uint16 indexed row, uint128 amount);

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice The book is in the middle of a payment: no shares are made or paid out.
    error BookBusy();
    /// @notice Only the loan book lends and books what comes back.
    error NotTheBook(address caller);
    /// @notice The terms allow no loan, more instalments than `mostInstalments`, or a fee above `mostFeeBps`.
    error TermsOutOfRange(uint256 mostInstalments, uint256 mostFeeBps);
    /// @notice A table has at most `most` rows.
    error TooManyRows(uint256 rows, uint256 most);
    /// @notice The row at `index` has no threshold of a ladder, no status, a limit of 0, expects to lose more than all, or stands
    /// below one with a lower threshold.
    error BadRow(uint256 index);
    /// @notice Nobody gets more without a proof than by the table's lowest limit.
    error StarterAboveTable(uint128 starterLimit, uint128 lowest);
    /// @notice No row takes what was shown. For this status, and this width, the least threshold is `least`; 0: no row takes it.
    error NoRowFits(uint16 shown, uint8 status, uint16 least);
    /// @notice There is no such row.
    error UnknownRow(uint16 row);
    /// @notice The shares are worth less now than the least that was named.
    error PaysLess(uint256 assets, uint256 least);
    /// @notice The coin costs more shares now than the most that was named.
    error TakesMore(uint256 shares, uint256 most);
    /// @notice The pool has less coin at hand: the rest is lent.
    error NotEnoughIdle(uint256 asked, uint256 idle);

    // ------------------------------------------------------------------------------------------------------------- owner

    /// @notice Sets what holds for later loans. Only the owner.
    function setTerms(Terms calldata terms_) external;

    /// @notice Replaces the table. Thresholds fall, or stay equal where statuses or widths differ; the first row that fits is
    /// taken. An empty table ends lending by proof. Only the owner.
    function setTable(Row[] calldata table_) external;

    /// @notice Lets each borrower draw up to `limit` in all without a proof. Such loans are marked, so that training can tell who
    /// chose them. Only the owner.
    function allowStarter(address[] calldata borrowers, uint128 limit) external;

    // ----------------------------------------------------------------------------------------------------------- lenders

    /// @notice `redeem`, refused where it pays less than `least`.
    function redeemAtLeast(uint256 shares, address receiver, address holder, uint256 least)
        external
        returns (uint256 assets);

    /// @notice `withdraw`, refused where it takes more shares than `most`.
    function withdrawAtMost(uint256 assets, address receiver, address holder, uint256 most)
        external
        returns (uint256 shares);

    // -------------------------------------------------------------------------------------------------------------- book

    /// @notice Pays principal out. Only the book.
    function lend(address to, uint16 row, uint128 principal) external;

    /// @notice Principal came back. Only the book, after the coin came.
    function noteRepaid(uint128 principal) external;

    /// @notice A loan was given back: `principal` was drawn, `left` of it was still out. Only the book, after the coin came.
    function noteCancelled(uint16 row, uint128 principal, uint128 left) external;

    /// @notice Principal that is out is overdue. Only the book.
    function noteOverdue(uint128 principal) external;

    /// @notice Principal that was overdue is so no more: in time again, back, or lost. Only the book.
    function noteSound(uint128 principal) external;

    /// @notice Principal is lost; guarantors paid `called`. Only the book, after that coin came.
    function noteDefault(uint16 row, uint128 principal, uint128 called) external;

    /// @notice A borrower paid after default. Only the book, after the coin came.
    function noteRecovered(uint16 row, uint128 amount) external;

    // ------------------------------------------------------------------------------------------------------------- reads

    /// @notice The loan book that lends from here.
    function book() external view returns (address);

    /// @notice Who names terms and table.
    function owner() external view returns (address);

    /// @notice What holds for a loan drawn now.
    function terms() external view returns (Terms memory);

    /// @notice The table for a loan drawn now; its rows are numbered from `firstRow` on.
    function table() external view returns (uint16 firstRow, Row[] memory rows);

    /// @notice The first row that takes what was shown; reverts when none does.
    /// @param status the record's status, as the oracle has it
    /// @param shown the score, or the threshold that it reaches
    /// @param width half-width of the range; the largest uint16 when it is not shown
    function rowFor(uint8 status, uint16 shown, uint16 width) external view returns (uint16 row, Row memory found);

    /// @notice What the borrower may draw without a proof.
    function starterLimitOf(address borrower) external view returns (uint128);

    /// @notice What became of what was lent by a row, of this table or an earlier one; row 0: without a proof.
    function lossOf(uint16 row) external view returns (Loss memory);

    /// @notice Principal of loans that are neither repaid nor defaulted.
    function lent() external view returns (uint256);

    /// @notice What of it is marked as overdue: worth nothing to who withdraws now.
    function overdue() external view returns (uint256);

    /// @notice Coin that lies here.
    function idle() external view returns (uint256);
}
