// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Invoices that their buyers have accepted, and that can be financed once
/// @notice A supplier issues an invoice to a buyer, who accepts it, or disputes it, or does nothing: then nothing is said of
/// the buyer. Who holds the claim may give it on, whole or in part, or take an advance on it. What is paid for it
/// goes through this contract. Documents stay off chain: only their hashes are here.
///
/// The id is keccak256(abi.encode(supplier, buyer, documentHash)), the same on every contract and chain, so that one document
/// pledged twice is seen as one.
///
/// An amount can be kept from the public by a commitment, keccak256(abi.encode(amount, salt)), and opened later. In every event
/// an amount of 0 means one that is only committed to, never nothing; and every event names supplier and buyer, so that
/// it is understood by itself.
///
/// Amounts are raw units of the currency, a token; times are seconds. Assumed: the token moves exactly the amount that is asked.
interface IReceivables {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice Where an invoice stands. Paid, Credited and Voided are final.
    enum Status {
        None,
        Issued,
        Accepted,
        Disputed,
        Paid,
        Credited,
        Voided
    }

    /// @param supplier who issued it
    /// @param buyer who owes it, once accepted
    /// @param currency the token it is in
    /// @param status where it stands
    /// @param dueTime the last second in time
    /// @param amount what it is over; 0 while only committed to
    /// @param outstanding what is neither paid nor credited; 0 while only committed to
    /// @param commitment the hash of amount and salt; 0 when the amount was told at once
    struct Invoice {
        address supplier;
        address buyer;
        address currency;
        Status status;
        uint64 dueTime;
        uint256 amount;
        uint256 outstanding;
        bytes32 commitment;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice `supplier` says that `buyer` owes `amount`, or what `commitment` hides when `amount` is 0, by `dueTime`.
    event InvoiceIssued(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address currency,
        uint256 amount,
        uint64 dueTime,
        bytes32 commitment,
        bytes32 documentHash
    );

    /// @notice The amount that was only committed to is `amount`.
    event InvoiceOpened(
        bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount
    );

    /// @notice `buyer` owes the invoice, and says so itself.
    event InvoiceAccepted(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address currency,
        uint256 amount,
        uint64 dueTime
    );

    /// @notice `buyer` says that it does not owe the invoice; `reasonHash` is the hash of why.
    event InvoiceDisputed(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address currency,
        uint256 amount,
        bytes32 reasonHash
    );

    /// @notice `financier` paid `holder` an advance on the claim, which it now holds as a pledge.
    event InvoiceFinanced(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address holder,
        address financier,
        address currency,
        uint256 advance
    );

    /// @notice `holder` gave all of its claim to `newHolder`.
    event InvoiceAssigned(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address holder,
        address newHolder,
        address currency,
        uint256 amount
    );

    /// @notice `holder` gave `amount` of its claim to `newHolder` and kept the rest. The invoice stays one, under its id.
    event InvoiceSplit(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address holder,
        address newHolder,
        address currency,
        uint256 amount
    );

    /// @notice `payer` paid `amount`; `outstanding` is left, and 0 means that all is paid.
    event InvoicePaid(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address payer,
        address currency,
        uint256 amount,
        uint256 outstanding
    );

    /// @notice `supplier` took `amount` back by a credit note (a red-letter invoice) with the hash `documentHash`.
    event InvoiceCredited(
        bytes32 indexed invoiceId,
        address indexed supplier,
        address indexed buyer,
        address currency,
        uint256 amount,
        bytes32 documentHash
    );

    /// @notice `supplier` took the whole invoice back before the buyer had accepted it.
    event InvoiceVoided(
        bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount
    );

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice No invoice has this id.
    error UnknownInvoice(bytes32 invoiceId);

    /// @notice The same document was issued before.
    error AlreadyIssued(bytes32 invoiceId);

    /// @notice What was asked cannot be done where the invoice stands.
    error WrongStatus(bytes32 invoiceId, Status status);

    /// @notice Only `expected` may do this.
    error NotAllowed(address caller, address expected);

    /// @notice A buyer must be another than the supplier, and neither nobody.
    error BadParties(address supplier, address buyer);

    /// @notice An amount must be told or committed to, not both and not neither.
    error BadAmount(uint256 amount, bytes32 commitment);

    /// @notice A due date must lie ahead.
    error BadDueTime(uint64 dueTime, uint64 nowTime);

    /// @notice Amount and salt do not hash to the commitment.
    error WrongOpening(bytes32 invoiceId, bytes32 commitment);

    /// @notice The amount is only committed to: open it first.
    error AmountNotOpen(bytes32 invoiceId);

    /// @notice The claim is pledged to `financier` already.
    error AlreadyFinanced(bytes32 invoiceId, address financier);

    /// @notice More than what is left.
    error TooMuch(uint256 asked, uint256 left);

    // ---------------------------------------------------------------------------------------------------------- supplier

    /// @notice Issues an invoice of the caller to `buyer`, over `amount` (or 0 and a `commitment` to it).
    function issue(
        address buyer,
        address currency,
        uint256 amount,
        uint64 dueTime,
        bytes32 commitment,
        bytes32 documentHash
    ) external returns (bytes32 invoiceId);

    /// @notice Opens the amount that was committed to. Anyone who knows it may.
    function open(bytes32 invoiceId, uint256 amount, bytes32 salt) external;

    /// @notice Takes back `amount` of the caller's own invoice by a credit note.
    function credit(bytes32 invoiceId, uint256 amount, bytes32 documentHash) external;

    /// @notice Takes back the caller's own invoice that has not been accepted.
    function void(bytes32 invoiceId) external;

    // ------------------------------------------------------------------------------------------------------------- buyer

    /// @notice The caller owes this invoice.
    function accept(bytes32 invoiceId) external;

    /// @notice The caller does not owe this invoice.
    function dispute(bytes32 invoiceId, bytes32 reasonHash) external;

    /// @notice Pays `amount` of an accepted invoice, shared among its holders. Anyone may pay for the buyer.
    function pay(bytes32 invoiceId, uint256 amount) external;

    // ------------------------------------------------------------------------------------------------------------ holders

    /// @notice Pays the holder `advance` on the accepted invoice and takes the claim as a pledge; once an invoice.
    function finance(bytes32 invoiceId, address holder, uint256 advance) external;

    /// @notice Gives all of the caller's claim to `newHolder`.
    function assign(bytes32 invoiceId, address newHolder) external;

    /// @notice Gives `amount` of the caller's claim to `newHolder`.
    function split(bytes32 invoiceId, address newHolder, uint256 amount) external;

    // ------------------------------------------------------------------------------------------------------------- reads

    /// @notice The id that a document of these parties has here and everywhere.
    function invoiceIdOf(address supplier, address buyer, bytes32 documentHash)
        external
        pure
        returns (bytes32 invoiceId);

    /// @notice An invoice; all zero when there is none of this id.
    function invoiceOf(bytes32 invoiceId) external view returns (Invoice memory invoice);

    /// @notice How much of an opened invoice `holder` is to be paid.
    function claimOf(bytes32 invoiceId, address holder) external view returns (uint256 amount);

    /// @notice Who has taken the invoice as a pledge; nobody: the zero address.
    function financierOf(bytes32 invoiceId) external view returns (address financier);
}
