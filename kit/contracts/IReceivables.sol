// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Invoices that their buyers have accepted, and that can be financed once
/// @notice A supplier issues an invoice to a buyer, who accepts it, or disputes it, or does nothing: then nothing is said of
/// the buyer. Who holds the claim may give it on, whole or in part, or take an advance on it. What is paid for it
/// is shared among those who hold it. Documents stay off chain: only their hashes are here.
///
/// Issued → accept → Accepted, or dispute → Disputed, or void → Voided. Disputed → accept → Accepted, or void, or credit.
/// Accepted → pay or credit until nothing is outstanding: Paid or Credited, by which of the two was last. Once accepted it is
/// not disputed: a buyer accepts once and for all. While the amount is only committed to, an invoice can be accepted and
/// assigned, nothing else that needs a number.
///
/// What is promised: one document of a supplier, with all wallets linked to it, is one invoice, and is financed once; nobody can
/// take a document from its supplier by issuing it first; nobody takes a claim that its holder has not offered; holders together are paid what the payer pays, each within one unit of its share and never more than
/// its claim. Nobody deals with himself: a supplier and a buyer, or a financier and either, are never wallets of one person.
///
/// The id is keccak256(abi.encode(supplier, buyer, documentHash)), the same on every contract and chain, so that one document
/// pledged twice is seen as one.
///
/// An amount can be kept from the public by a commitment, keccak256(abi.encode(amount, salt)), and opened later. In every event
/// an amount of 0 means one that is only committed to, never nothing; and every event names supplier and buyer, so that
/// it is understood by itself.
///
/// Amounts are raw units of the currency, a token; times are seconds. A token that moves less than is asked is refused.
/// Assumed: the token calls nobody back; one that calls its receivers lets a holder refuse payments.
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
    /// @param endTime when it was paid, credited or voided; 0 until then
    /// @param currency the token it is in
    /// @param status where it stands
    /// @param dueTime the last second in time
    /// @param amount what it is over; 0 while only committed to
    /// @param outstanding what is neither paid nor credited; 0 while only committed to
    /// @param commitment the hash of amount and salt; 0 when the amount was told at once
    struct Invoice {
        address supplier;
        address buyer;
        uint64 endTime;
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

    /// @notice `holder` lets `financier` take its claim, which is `claim`, for at least `leastAdvance`; 0: no longer.
    event InvoiceOffered(
        bytes32 indexed invoiceId,
        address indexed holder,
        address indexed financier,
        address currency,
        uint256 claim,
        uint256 leastAdvance
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

    /// @notice The token would not move `amount` to `holder`, so that it is kept here for it.
    event PaymentKept(bytes32 indexed invoiceId, address indexed holder, address indexed currency, uint256 amount);

    /// @notice `holder` took what was kept for it.
    event Collected(address indexed holder, address indexed currency, uint256 amount);

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

    /// @notice The supplier issued the same document before, perhaps by another wallet, as this invoice; a corrected document has
    /// another hash.
    error AlreadyIssued(bytes32 invoiceId);

    /// @notice What was asked cannot be done where the invoice stands.
    error WrongStatus(bytes32 invoiceId, Status status);

    /// @notice Only `expected` may do this.
    error NotAllowed(address caller, address expected);

    /// @notice A buyer must be another than the supplier, and neither nobody.
    error BadParties(address supplier, address buyer);

    /// @notice An amount must be told or committed to, not both and not neither.
    error BadAmount(uint256 amount, bytes32 commitment);

    /// @notice A currency is a token, so a contract.
    error BadCurrency(address currency);

    /// @notice An invoice has a document.
    error DocumentHashZero();

    /// @notice A part, a payment, a credit are above zero.
    error AmountZero();

    /// @notice The two are one wallet, or linked as wallets of one person, and so cannot deal with each other here.
    error SelfDealing(address one, address other);

    /// @notice A due date must lie ahead.
    error BadDueTime(uint64 dueTime, uint64 nowTime);

    /// @notice Amount and salt do not hash to the commitment.
    error WrongOpening(bytes32 invoiceId, bytes32 commitment);

    /// @notice The amount is only committed to: open it first.
    error AmountNotOpen(bytes32 invoiceId);

    /// @notice The amount is known already.
    error AmountOpen(bytes32 invoiceId);

    /// @notice The signature was good until `deadline`.
    error SignatureExpired(uint64 deadline);

    /// @notice This is not what `account` signed.
    error WrongSignature(address account);

    /// @notice The account holds no claim on this invoice.
    error NotAHolder(bytes32 invoiceId, address account);

    /// @notice A claim goes to another than its holder, never to the buyer (or a wallet linked to it), to nobody, or to this contract.
    error BadHolder(address newHolder);

    /// @notice An invoice has at most `most` holders: give the claim to one of them, or all of it.
    error TooManyHolders(bytes32 invoiceId, uint256 most);

    /// @notice The holder has not offered its claim to this financier, or took the offer back.
    error NotOffered(bytes32 invoiceId, address holder, address financier);

    /// @notice The claim is not what it was when it was offered: the holder must offer it anew.
    error ClaimChanged(bytes32 invoiceId, uint256 offered, uint256 claim);

    /// @notice The holder asks for more.
    error AdvanceTooLow(uint256 advance, uint256 leastAdvance);

    /// @notice The due date is past, so that nobody finances it any more.
    error InvoiceOverdue(bytes32 invoiceId, uint64 dueTime);

    /// @notice The token moved less than was asked, as one that takes a fee does.
    error CoinMovedLess(uint256 asked, uint256 moved);

    /// @notice Nothing of this currency is kept for the account.
    error NothingKept(address account, address currency);

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

    /// @notice Takes back `amount` of the caller's own invoice by a credit note: once accepted, of the claim that the caller itself
    /// still holds.
    function credit(bytes32 invoiceId, uint256 amount, bytes32 documentHash) external;

    /// @notice Takes back the caller's own invoice that has not been accepted.
    function void(bytes32 invoiceId) external;

    // ------------------------------------------------------------------------------------------------------------- buyer

    /// @notice The caller owes this invoice.
    function accept(bytes32 invoiceId) external;

    /// @notice As accept, for a buyer that has signed EIP-712 typed data `Acceptance(bytes32 invoiceId,address supplier,address
    /// buyer,address currency,uint256 amount,uint64 dueTime,bool disputed,uint64 deadline)` of the domain ("Receivables", "1",
    /// chain, this contract): what it owes, and whether it has disputed it, so that a signature from before a dispute is void after it. The
    /// buyer may be a contract that checks signatures (ERC-1271).
    function acceptFor(bytes32 invoiceId, uint64 deadline, bytes calldata signature) external;

    /// @notice The caller does not owe this invoice; `reasonHash` is the hash of why. Possible until it is accepted.
    function dispute(bytes32 invoiceId, bytes32 reasonHash) external;

    /// @notice As dispute, for a buyer that has signed `Dispute(bytes32 invoiceId,bytes32 reasonHash,uint64 deadline)`.
    function disputeFor(bytes32 invoiceId, bytes32 reasonHash, uint64 deadline, bytes calldata signature) external;

    /// @notice Pays `amount` of an accepted invoice, straight from the caller to its holders by their claims. Anyone may pay for the
    /// buyer but who would pay himself: the supplier and the holders.
    function pay(bytes32 invoiceId, uint256 amount) external;

    /// @notice As pay, of all that is outstanding then: whatever others pay or the supplier credits just before, nothing is refused
    /// as too much.
    function payRest(bytes32 invoiceId) external returns (uint256 amount);

    // ------------------------------------------------------------------------------------------------------------ holders

    /// @notice The caller lets `financier` take its claim, as large as it is now, for at least `leastAdvance`; 0 takes the offer back.
    function offer(bytes32 invoiceId, address financier, uint256 leastAdvance) external;

    /// @notice Pays the holder `advance` on the accepted invoice and takes the claim, as it was offered to the caller; once an invoice,
    /// and at most what the claim is.
    function finance(bytes32 invoiceId, address holder, uint256 advance) external;

    /// @notice Gives all of the caller's claim to `newHolder`.
    function assign(bytes32 invoiceId, address newHolder) external;

    /// @notice Gives `amount` of the caller's claim to `newHolder`.
    function split(bytes32 invoiceId, address newHolder, uint256 amount) external;

    /// @notice Sends the caller what was kept for it because the token had refused.
    function collect(address currency) external returns (uint256 amount);

    // ------------------------------------------------------------------------------------------------------------- reads

    /// @notice The id that a document of these parties has here and everywhere.
    function invoiceIdOf(address supplier, address buyer, bytes32 documentHash)
        external
        pure
        returns (bytes32 invoiceId);

    /// @notice An invoice; all zero when there is none of this id.
    function invoiceOf(bytes32 invoiceId) external view returns (Invoice memory invoice);

    /// @notice The invoice that a supplier's document was issued as; zero: none.
    function invoiceOfDocument(address supplier, bytes32 documentHash) external view returns (bytes32 invoiceId);

    /// @notice Who holds a claim on an accepted invoice, at most 16.
    function holdersOf(bytes32 invoiceId) external view returns (address[] memory holders);

    /// @notice How much of an accepted and opened invoice `holder` is to be paid.
    function claimOf(bytes32 invoiceId, address holder) external view returns (uint256 amount);

    /// @notice Who has taken the invoice as a pledge; nobody: the zero address.
    function financierOf(bytes32 invoiceId) external view returns (address financier);

    /// @notice What `holder` asks of `financier` for its claim, and what the claim was then; both zero: not offered.
    function offerOf(bytes32 invoiceId, address holder, address financier)
        external
        view
        returns (uint256 leastAdvance, uint256 claim);

    /// @notice What is kept of a currency for `holder`.
    function keptOf(address currency, address holder) external view returns (uint256 amount);
}
