// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20, SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Claims } from "./Claims.sol";
import { IReceivables } from "./IReceivables.sol";
import { IWalletLinks } from "./IWalletLinks.sol";
import { LinkedWallets } from "./LinkedWallets.sol";
import { SignedMessages } from "./SignedMessages.sol";

/// @title Receivables
/// @notice See IReceivables, which says what is promised.
contract Receivables is Claims, LinkedWallets, SignedMessages, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Offer {
        uint256 leastAdvance;
        uint256 claim;
    }

    bytes32 private constant ACCEPTANCE_TYPEHASH = keccak256(
        "Acceptance(bytes32 invoiceId,address supplier,address buyer,address currency,uint256 amount,uint64 dueTime,"
        "bool disputed,uint64 deadline)"
    );
    bytes32 private constant DISPUTE_TYPEHASH =
        keccak256("Dispute(bytes32 invoiceId,bytes32 reasonHash,uint64 deadline)");

    /// @inheritdoc IReceivables
    mapping(address supplier => mapping(bytes32 documentHash => bytes32)) public invoiceOfDocument;
    /// @inheritdoc IReceivables
    mapping(bytes32 invoiceId => address) public financierOf;
    /// @inheritdoc IReceivables
    mapping(bytes32 invoiceId => mapping(address holder => mapping(address financier => Offer))) public offerOf;
    /// @inheritdoc IReceivables
    mapping(address currency => mapping(address holder => uint256)) public keptOf;

    mapping(bytes32 invoiceId => Invoice) private _invoices;

    /// @param links wallets that count as one person; zero: each is another
    constructor(IWalletLinks links) LinkedWallets(links) EIP712("Receivables", "1") { }

    // ---------------------------------------------------------------------------------------------------------- supplier

    /// @inheritdoc IReceivables
    function issue(
        address buyer,
        address currency,
        uint256 amount,
        uint64 dueTime,
        bytes32 commitment,
        bytes32 documentHash
    ) external returns (bytes32 invoiceId) {
        if (buyer == address(0)) revert BadParties(msg.sender, buyer);
        _checkOthers(msg.sender, buyer);
        if ((amount == 0) == (commitment == 0)) revert BadAmount(amount, commitment);
        if (dueTime <= block.timestamp) revert BadDueTime(dueTime, uint64(block.timestamp));
        if (currency.code.length == 0) revert BadCurrency(currency);
        if (documentHash == 0) revert DocumentHashZero();
        _checkNotIssued(documentHash);

        invoiceId = invoiceIdOf(msg.sender, buyer, documentHash);
        invoiceOfDocument[msg.sender][documentHash] = invoiceId;
        _invoices[invoiceId] =
            Invoice(msg.sender, buyer, 0, currency, Status.Issued, dueTime, amount, amount, commitment);
        emit InvoiceIssued(invoiceId, msg.sender, buyer, currency, amount, dueTime, commitment, documentHash);
    }

    /// @inheritdoc IReceivables
    function open(bytes32 invoiceId, uint256 amount, bytes32 salt) external {
        Invoice storage invoice = _known(invoiceId);
        if (invoice.endTime != 0) revert WrongStatus(invoiceId, invoice.status);
        if (invoice.amount != 0) revert AmountOpen(invoiceId);
        bytes32 commitment = invoice.commitment;
        if (amount == 0) revert BadAmount(amount, commitment);
        if (keccak256(abi.encode(amount, salt)) != commitment) revert WrongOpening(invoiceId, commitment);
        invoice.amount = amount;
        invoice.outstanding = amount;
        if (invoice.status == Status.Accepted) _openClaim(invoiceId, amount);
        emit InvoiceOpened(invoiceId, invoice.supplier, invoice.buyer, invoice.currency, amount);
    }

    /// @inheritdoc IReceivables
    function credit(bytes32 invoiceId, uint256 amount, bytes32 documentHash) external {
        Invoice storage invoice = _ownedBySupplier(invoiceId);
        Status status = invoice.status;
        if (status != Status.Accepted && status != Status.Disputed) revert WrongStatus(invoiceId, status);
        _checkOpen(invoiceId, invoice);
        bool accepted = status == Status.Accepted;
        uint256 left = accepted ? claimOf(invoiceId, msg.sender) : invoice.outstanding;
        if (amount == 0) revert AmountZero();
        if (amount > left) revert TooMuch(amount, left);
        if (accepted) _lessenClaim(invoiceId, msg.sender, amount);
        _settle(invoiceId, invoice, amount, Status.Credited);
        emit InvoiceCredited(invoiceId, msg.sender, invoice.buyer, invoice.currency, amount, documentHash);
    }

    /// @inheritdoc IReceivables
    function void(bytes32 invoiceId) external {
        Invoice storage invoice = _ownedBySupplier(invoiceId);
        _checkNotAccepted(invoiceId, invoice);
        _end(invoice, Status.Voided);
        emit InvoiceVoided(invoiceId, msg.sender, invoice.buyer, invoice.currency, invoice.amount);
    }

    // ------------------------------------------------------------------------------------------------------------- buyer

    /// @inheritdoc IReceivables
    function accept(bytes32 invoiceId) external {
        Invoice storage invoice = _known(invoiceId);
        _checkCaller(invoice.buyer);
        _accept(invoiceId, invoice);
    }

    /// @inheritdoc IReceivables
    function acceptFor(bytes32 invoiceId, uint64 deadline, bytes calldata signature) external {
        Invoice storage invoice = _known(invoiceId);
        bytes memory words = abi.encode(
            ACCEPTANCE_TYPEHASH,
            invoiceId,
            invoice.supplier,
            invoice.buyer,
            invoice.currency,
            invoice.amount,
            invoice.dueTime,
            invoice.status == Status.Disputed,
            deadline
        );
        _checkSigned(invoice.buyer, keccak256(words), deadline, signature);
        _accept(invoiceId, invoice);
    }

    /// @inheritdoc IReceivables
    function dispute(bytes32 invoiceId, bytes32 reasonHash) external {
        Invoice storage invoice = _known(invoiceId);
        _checkCaller(invoice.buyer);
        _dispute(invoiceId, invoice, reasonHash);
    }

    /// @inheritdoc IReceivables
    function disputeFor(bytes32 invoiceId, bytes32 reasonHash, uint64 deadline, bytes calldata signature) external {
        Invoice storage invoice = _known(invoiceId);
        bytes32 message = keccak256(abi.encode(DISPUTE_TYPEHASH, invoiceId, reasonHash, deadline));
        _checkSigned(invoice.buyer, message, deadline, signature);
        _dispute(invoiceId, invoice, reasonHash);
    }

    /// @inheritdoc IReceivables
    function pay(bytes32 invoiceId, uint256 amount) external nonReentrant {
        Invoice storage invoice = _openAndAccepted(invoiceId);
        if (amount == 0) revert AmountZero();
        if (amount > invoice.outstanding) revert TooMuch(amount, invoice.outstanding);
        _pay(invoiceId, invoice, amount);
    }

    /// @inheritdoc IReceivables
    function payRest(bytes32 invoiceId) external nonReentrant returns (uint256 amount) {
        Invoice storage invoice = _openAndAccepted(invoiceId);
        amount = invoice.outstanding;
        _pay(invoiceId, invoice, amount);
    }

    // ------------------------------------------------------------------------------------------------------------ holders

    /// @inheritdoc IReceivables
    function offer(bytes32 invoiceId, address financier, uint256 leastAdvance) external {
        Invoice storage invoice = _openAndAccepted(invoiceId);
        uint256 claim = _claimHeld(invoiceId, msg.sender);
        if (leastAdvance > claim) revert TooMuch(leastAdvance, claim);
        if (leastAdvance == 0) delete offerOf[invoiceId][msg.sender][financier];
        else offerOf[invoiceId][msg.sender][financier] = Offer(leastAdvance, claim);
        emit InvoiceOffered(invoiceId, msg.sender, financier, invoice.currency, claim, leastAdvance);
    }

    /// @inheritdoc IReceivables
    function finance(bytes32 invoiceId, address holder, uint256 advance) external nonReentrant {
        Invoice storage invoice = _openAndAccepted(invoiceId);
        (address supplier, address buyer, address currency) = (invoice.supplier, invoice.buyer, invoice.currency);
        if (block.timestamp > invoice.dueTime) revert InvoiceOverdue(invoiceId, invoice.dueTime);
        if (financierOf[invoiceId] != address(0)) revert AlreadyFinanced(invoiceId, financierOf[invoiceId]);
        _checkOthers(msg.sender, holder);
        _checkOthers(msg.sender, supplier);
        _checkOthers(msg.sender, buyer);
        _takeOffer(invoiceId, holder, advance);
        financierOf[invoiceId] = msg.sender;
        _moveClaim(invoiceId, holder, msg.sender);
        emit InvoiceFinanced(invoiceId, supplier, buyer, holder, msg.sender, currency, advance);
        _move(IERC20(currency), holder, advance);
    }

    /// @inheritdoc IReceivables
    function assign(bytes32 invoiceId, address newHolder) external {
        Invoice storage invoice = _accepted(invoiceId);
        uint256 claim = _claimHeld(invoiceId, msg.sender);
        if (claim == 0 && invoice.amount != 0) revert NotAHolder(invoiceId, msg.sender); // paid, but for others' rests
        _checkNewHolder(invoice.buyer, newHolder);
        _moveClaim(invoiceId, msg.sender, newHolder);
        emit InvoiceAssigned(invoiceId, invoice.supplier, invoice.buyer, msg.sender, newHolder, invoice.currency, claim);
    }

    /// @inheritdoc IReceivables
    function split(bytes32 invoiceId, address newHolder, uint256 amount) external {
        Invoice storage invoice = _openAndAccepted(invoiceId);
        uint256 claim = _claimHeld(invoiceId, msg.sender);
        if (amount == 0) revert AmountZero();
        if (amount > claim) revert TooMuch(amount, claim);
        _checkNewHolder(invoice.buyer, newHolder);
        _splitClaim(invoiceId, msg.sender, newHolder, amount);
        emit InvoiceSplit(invoiceId, invoice.supplier, invoice.buyer, msg.sender, newHolder, invoice.currency, amount);
    }

    /// @inheritdoc IReceivables
    function collect(address currency) external nonReentrant returns (uint256 amount) {
        amount = keptOf[currency][msg.sender];
        if (amount == 0) revert NothingKept(msg.sender, currency);
        delete keptOf[currency][msg.sender];
        emit Collected(msg.sender, currency, amount);
        IERC20(currency).safeTransfer(msg.sender, amount);
    }

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc IReceivables
    function invoiceIdOf(address supplier, address buyer, bytes32 documentHash) public pure returns (bytes32) {
        return keccak256(abi.encode(supplier, buyer, documentHash));
    }

    /// @inheritdoc IReceivables
    function invoiceOf(bytes32 invoiceId) external view returns (Invoice memory) {
        return _invoices[invoiceId];
    }

    // ------------------------------------------------------------------------------------------------------ rules, private

    function _accept(bytes32 invoiceId, Invoice storage invoice) private {
        _checkNotAccepted(invoiceId, invoice);
        (address supplier, address buyer) = (invoice.supplier, invoice.buyer);
        _checkOthers(supplier, buyer); // linked since it was issued
        invoice.status = Status.Accepted;
        _startClaim(invoiceId, supplier, invoice.outstanding);
        emit InvoiceAccepted(invoiceId, supplier, buyer, invoice.currency, invoice.amount, invoice.dueTime);
    }

    function _dispute(bytes32 invoiceId, Invoice storage invoice, bytes32 reasonHash) private {
        if (invoice.status != Status.Issued) revert WrongStatus(invoiceId, invoice.status);
        invoice.status = Status.Disputed;
        emit InvoiceDisputed(invoiceId, invoice.supplier, invoice.buyer, invoice.currency, invoice.amount, reasonHash);
    }

    /// @dev Takes the shares off the claims, then moves the coin. The buyer may pay whomever it is linked with since it accepted.
    function _pay(bytes32 invoiceId, Invoice storage invoice, uint256 amount) private {
        (address supplier, address buyer, address currency) = (invoice.supplier, invoice.buyer, invoice.currency);
        uint256 outstanding = invoice.outstanding;
        if (msg.sender != buyer) _checkOthers(msg.sender, supplier);
        Claim[] memory shares = _shareOut(invoiceId, amount, outstanding);
        _settle(invoiceId, invoice, amount, Status.Paid);
        emit InvoicePaid(invoiceId, supplier, buyer, msg.sender, currency, amount, outstanding - amount);
        for (uint256 i = 0; i < shares.length; ++i) {
            if (shares[i].holder == msg.sender) revert SelfDealing(msg.sender, msg.sender);
            if (shares[i].amount != 0) _payHolder(invoiceId, currency, shares[i].holder, shares[i].amount);
        }
    }

    /// @dev The holder's offer to the caller, which an advance of this size meets, is used up.
    function _takeOffer(bytes32 invoiceId, address holder, uint256 advance) private {
        Offer memory offered = offerOf[invoiceId][holder][msg.sender];
        if (offered.leastAdvance == 0) revert NotOffered(invoiceId, holder, msg.sender);
        uint256 claim = claimOf(invoiceId, holder);
        if (offered.claim != claim) revert ClaimChanged(invoiceId, offered.claim, claim);
        if (advance < offered.leastAdvance) revert AdvanceTooLow(advance, offered.leastAdvance);
        if (advance > claim) revert TooMuch(advance, claim);
        delete offerOf[invoiceId][holder][msg.sender];
    }

    /// @dev Takes off what is paid or credited. With the last of it the invoice ends, as what that was.
    function _settle(bytes32 invoiceId, Invoice storage invoice, uint256 amount, Status ending) private {
        invoice.outstanding -= amount;
        if (invoice.outstanding != 0) return;
        _endClaims(invoiceId);
        _end(invoice, ending);
    }

    function _end(Invoice storage invoice, Status ending) private {
        invoice.status = ending;
        invoice.endTime = uint64(block.timestamp);
    }

    // --------------------------------------------------------------------------------------------------------------- coin

    /// @dev From the caller, straight; when the token will not move it there (a holder on its list of the blocked), it is kept here.
    function _payHolder(bytes32 invoiceId, address currency, address holder, uint256 amount) private {
        IERC20 token = IERC20(currency);
        // slither-disable-next-line calls-loop (at most 16 holders; a token that fails is the invoice's own)
        uint256 before = token.balanceOf(holder);
        if (token.trySafeTransferFrom(msg.sender, holder, amount)) {
            _checkMoved(token, holder, before, amount);
            return;
        }
        keptOf[currency][holder] += amount;
        emit PaymentKept(invoiceId, holder, currency, amount);
        _move(token, address(this), amount);
    }

    function _move(IERC20 token, address to, uint256 amount) private {
        // slither-disable-next-line calls-loop (as above)
        uint256 before = token.balanceOf(to);
        token.safeTransferFrom(msg.sender, to, amount);
        _checkMoved(token, to, before, amount);
    }

    function _checkMoved(IERC20 token, address to, uint256 before, uint256 amount) private view {
        // slither-disable-next-line calls-loop (as above)
        uint256 moved = token.balanceOf(to) - before;
        if (moved < amount) revert CoinMovedLess(amount, moved);
    }

    // ------------------------------------------------------------------------------------------------------------- checks

    /// @dev By none of the caller's wallets. What others issue is no matter: they may have seen the hash on its way here.
    function _checkNotIssued(bytes32 documentHash) private view {
        address[] memory wallets = _walletsWith(msg.sender);
        for (uint256 i = 0; i < wallets.length; ++i) {
            bytes32 issued = invoiceOfDocument[wallets[i]][documentHash];
            if (issued != 0) revert AlreadyIssued(issued);
        }
    }

    function _known(bytes32 invoiceId) private view returns (Invoice storage invoice) {
        invoice = _invoices[invoiceId];
        if (invoice.status == Status.None) revert UnknownInvoice(invoiceId);
    }

    function _ownedBySupplier(bytes32 invoiceId) private view returns (Invoice storage invoice) {
        invoice = _known(invoiceId);
        _checkCaller(invoice.supplier);
    }

    function _accepted(bytes32 invoiceId) private view returns (Invoice storage invoice) {
        invoice = _known(invoiceId);
        if (invoice.status != Status.Accepted) revert WrongStatus(invoiceId, invoice.status);
    }

    function _openAndAccepted(bytes32 invoiceId) private view returns (Invoice storage invoice) {
        invoice = _accepted(invoiceId);
        _checkOpen(invoiceId, invoice);
    }

    function _checkNotAccepted(bytes32 invoiceId, Invoice storage invoice) private view {
        Status status = invoice.status;
        if (status != Status.Issued && status != Status.Disputed) revert WrongStatus(invoiceId, status);
    }

    function _checkOpen(bytes32 invoiceId, Invoice storage invoice) private view {
        if (invoice.amount == 0) revert AmountNotOpen(invoiceId);
    }

    function _checkCaller(address expected) private view {
        if (msg.sender != expected) revert NotAllowed(msg.sender, expected);
    }

    function _checkOthers(address one, address other) private view {
        if (_isOnePerson(one, other)) revert SelfDealing(one, other);
    }

    function _checkNewHolder(address buyer, address newHolder) private view {
        bool nobody = newHolder == address(0) || newHolder == address(this) || newHolder == msg.sender;
        if (nobody || _isOnePerson(newHolder, buyer)) revert BadHolder(newHolder);
    }
}
