// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

import { ICreditOracle } from "./ICreditOracle.sol";

/// @title A pool that finances accepted invoices, by proofs about supplier and buyer
/// @notice One owner, one coin. The owner funds it by a plain transfer. A supplier offers its claim to this contract (see
/// IReceivables), then draws: it is paid an advance at once, and the pool holds the claim. What the buyer pays later comes here.
///
/// With r the row's rate of a year and `claim` what the supplier holds of the invoice:
/// face = claim × advance rate; advance = face − face × r × (due date − now). Once the invoice is paid, the pool keeps
/// advance + face × r × (end − draw), at most the claim, and owes the supplier the rest, the reserve. So whoever is paid on the
/// due date keeps the face; earlier less, later more. Fees are rounded up by at most one unit, advances down.
///
/// What is promised to the owner: no advance but by the table of that moment, on proofs of both that the oracle's current
/// root holds; all advances to one person, and on one person's debts, stay within the limits; an invoice is financed once. To the
/// supplier: it owes nothing back if the buyer does not pay (no recourse); its reserve is fixed by what was drawn and when the
/// buyer paid, whoever settles and whenever; coin that may be owed as a reserve is neither withdrawn nor advanced to
/// others, but for invoices long overdue. The table can change before a draw: the supplier's offer names the least advance
/// that it takes, and the draw the highest price.
///
/// The buyer's proof is passed on by the buyer, and becomes public in the transaction.
///
/// Amounts are raw units of the coin, rates basis points, times seconds. Statuses are masks: bit 0 a full record, bit 1 a thin
/// one, bit 2 also while a fact is disputed.
interface IInvoiceFinance {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice One line of the table. The first that both proofs meet counts, so the best stands first.
    /// @param supplierAtLeast the least that the supplier must prove: a multiple of 10 from 310 to 850
    /// @param buyerAtLeast the least that must be proven of the buyer, likewise
    /// @param supplierStatuses which records of the supplier count
    /// @param buyerStatuses which records of the buyer count
    /// @param advanceBps the share of the claim that is advanced, above 0 and at most 10,000
    /// @param yearlyFeeBps simple interest on that share for 365 days
    struct Row {
        uint16 supplierAtLeast;
        uint16 buyerAtLeast;
        uint8 supplierStatuses;
        uint8 buyerStatuses;
        uint16 advanceBps;
        uint16 yearlyFeeBps;
    }

    /// @notice What holds beside the table.
    /// @param maxTerm the longest time until the due date
    /// @param maxScoreAge the oldest snapshot that counts
    /// @param supplierLimit the most that is advanced to one supplier at a time, all its wallets together
    /// @param buyerLimit the most that is advanced on the debts of one buyer at a time, all its wallets together
    struct Terms {
        uint64 maxTerm;
        uint64 maxScoreAge;
        uint128 supplierLimit;
        uint128 buyerLimit;
    }

    /// @notice What an invoice's supplier has drawn on it, and whose reserve it has; the invoice itself says who that is.
    /// @param drawTime when; 0: never
    /// @param yearlyFeeBps at what rate
    /// @param settled whether the reserve was paid
    /// @param writtenOff whether the owner does not expect to be paid any more
    /// @param advance what was paid out
    /// @param face the share of the claim that the fee runs on
    /// @param claim what the pool took over
    struct Advance {
        uint64 drawTime;
        uint16 yearlyFeeBps;
        bool settled;
        bool writtenOff;
        uint128 advance;
        uint128 face;
        uint128 claim;
    }

    /// @notice What an advance costs, or the most that a supplier agrees to.
    /// @param fee what the pool keeps of the claim if the buyer pays on the due date
    /// @param yearlyFeeBps the rate by which that grows with each day after it, and shrinks with each day before
    struct Price {
        uint128 fee;
        uint16 yearlyFeeBps;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice `supplier` was paid `advance` on its claim on `buyer`, which is `claim`.
    event AdvanceDrawn(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        uint256 claim,
        uint256 advance,
        uint16 yearlyFeeBps
    );

    /// @notice The invoice was paid: the pool earned `fee`, and the supplier got `reserve`.
    event AdvanceSettled(bytes32 indexed invoiceId, address indexed supplier, uint256 fee, uint256 reserve);

    /// @notice The invoice is so long overdue that the owner counts `advance` as lost. It can still be paid, and settled then.
    event AdvanceWrittenOff(
        bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, uint256 advance
    );

    /// @notice The table and terms of later advances.
    event TableSet(Row[] table, Terms terms);

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice A line of the table says nothing that can be: a threshold that is none, no status, or a rate out of range.
    error BadRow(uint256 index);
    /// @notice The invoice is in another currency than the pool's coin.
    error WrongCurrency(address currency, address coin);
    /// @notice The due date is too far away.
    error TermTooLong(uint256 term, uint64 longest);
    /// @notice No line of the table is met by what is proven.
    error NoRow(uint16 supplierThreshold, uint8 supplierStatus, uint16 buyerThreshold, uint8 buyerStatus);
    /// @notice The caller holds no claim on the invoice, or the fee until the due date would be as large as the advance.
    error NothingToAdvance(bytes32 invoiceId);
    /// @notice The advance is dearer than what the supplier agreed to; here is what it costs.
    error DearerThanAgreed(uint128 fee, uint16 yearlyFeeBps);
    /// @notice The table has no such line.
    error UnknownRow(uint16 row);
    /// @notice All advances to this supplier, or on this buyer's debts, would be above the limit.
    error LimitExceeded(address party, uint256 exposure, uint128 limit);
    /// @notice This pool has no unsettled advance on the invoice.
    error NoAdvance(bytes32 invoiceId);
    /// @notice Something is outstanding still.
    error NotYetPaid(bytes32 invoiceId);
    /// @notice The advance can be written off after this time only.
    error NotYetLost(bytes32 invoiceId, uint256 until);
    /// @notice The advance is written off already.
    error AlreadyWrittenOff(bytes32 invoiceId);
    /// @notice The pool has not the coin, or so much of it may be owed to suppliers.
    error Reserved(uint256 balance, uint256 reserved);

    // ------------------------------------------------------------------------------------------------------------- owner

    /// @notice Sets table and terms of later advances. Only the owner.
    // slither-disable-next-line shadowing-local (an interface has no code that could confuse the two)
    function setTable(Row[] calldata table, Terms calldata terms) external;

    /// @notice Takes coin that is neither advanced nor may be owed to suppliers. Only the owner.
    function withdraw(uint256 amount) external;

    /// @notice Counts an advance as lost, 90 days after the invoice was due, so that no reserve is kept for it. It stays in the
    /// limits of both parties until the invoice is paid. Only the owner.
    function writeOff(bytes32 invoiceId) external;

    // ----------------------------------------------------------------------------------------------------------- suppliers

    /// @notice Draws an advance on the caller's own invoice, of which it holds the claim and has offered it to this contract.
    /// @param invoiceId which invoice: accepted, opened, not overdue, not financed
    /// @param worst the dearest that the caller agrees to: `quote` tells what it is now; its offer names the least advance
    /// @param supplierProof of the caller's score
    /// @param buyerProof of the buyer's score, passed on by the buyer
    function draw(
        bytes32 invoiceId,
        Price calldata worst,
        ICreditOracle.AtLeastProof calldata supplierProof,
        ICreditOracle.AtLeastProof calldata buyerProof
    ) external returns (uint256 advance);

    // -------------------------------------------------------------------------------------------------------------- anyone

    /// @notice Pays the supplier its reserve, once nothing of the invoice is outstanding.
    function settle(bytes32 invoiceId) external returns (uint256 reserve);

    /// @notice Takes over what was kept for this pool because the coin had refused (see IReceivables).
    function collect() external;

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @notice What a line of the table would advance now on the supplier's own claim, and at which price. Whether the line's
    /// proofs, limits and coin are there only a draw tells.
    /// @param invoiceId which invoice: not overdue, with a claim of its supplier
    /// @param row number of the line, from 0
    function quote(bytes32 invoiceId, uint16 row) external view returns (uint256 advance, Price memory price);

    /// @notice The advance on an invoice; all zero when there is none.
    function advanceOf(bytes32 invoiceId) external view returns (Advance memory);

    /// @notice What is advanced to the supplier now, all its wallets together.
    function advancedTo(address supplier) external view returns (uint256);

    /// @notice What is advanced on the debts of the buyer now, all its wallets together.
    function advancedOn(address buyer) external view returns (uint256);

    /// @notice The most that may be owed to suppliers as reserves.
    function reserved() external view returns (uint256);

    /// @notice The table of advances drawn now.
    function table() external view returns (Row[] memory);

    /// @notice The terms of advances drawn now.
    function terms() external view returns (Terms memory);
}
