// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { IERC20, SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { IInvoiceFinance } from "./IInvoiceFinance.sol";
import { IReceivables } from "./IReceivables.sol";
import { IWalletLinks } from "./IWalletLinks.sol";
import { LinkedWallets } from "./LinkedWallets.sol";
import { Proofs } from "./Proofs.sol";

/// @title InvoiceFinance
/// @notice See IInvoiceFinance, which says what is promised.
/// @dev No reentrancy guard: each function moves coin as its last act, after all effects and events; Receivables has its own guard.
contract InvoiceFinance is IInvoiceFinance, LinkedWallets, Ownable2Step {
    using SafeERC20 for IERC20;

    /// @notice After the due date, an advance can be written off.
    uint256 public constant LOST_AFTER = 90 days;

    uint256 private constant BPS = 10_000;
    uint8 private constant THIN = 2;
    uint8 private constant DISPUTED = 128;

    /// @dev Of Row.supplierStatuses and Row.buyerStatuses.
    uint8 private constant TAKES_FULL = 1;
    uint8 private constant TAKES_THIN = 2;
    uint8 private constant TAKES_DISPUTED = 4;

    /// @notice Where the invoices are.
    IReceivables public immutable RECEIVABLES;
    /// @notice Whose scores count.
    ICreditOracle public immutable ORACLE;
    /// @notice What is advanced.
    IERC20 public immutable COIN;

    /// @inheritdoc IInvoiceFinance
    uint256 public reserved;

    Row[] private _table;
    Terms private _terms;
    mapping(bytes32 invoiceId => Advance) private _advances;
    mapping(address supplier => uint256) private _advancedTo;
    mapping(address buyer => uint256) private _advancedOn;

    /// @param receivables whose invoices are financed
    /// @param links wallets that count as one; zero: none. The one that `receivables` asks
    /// @param oracle whose scores count
    /// @param coin what is advanced
    /// @param table_ see Row
    /// @param terms_ see Terms
    /// @param owner who funds it
    constructor(
        IReceivables receivables,
        IWalletLinks links,
        ICreditOracle oracle,
        IERC20 coin,
        Row[] memory table_,
        Terms memory terms_,
        address owner
    ) LinkedWallets(links) Ownable(owner) {
        (RECEIVABLES, ORACLE, COIN) = (receivables, oracle, coin);
        _setTable(table_, terms_);
    }

    // ------------------------------------------------------------------------------------------------------------- owner

    /// @inheritdoc IInvoiceFinance
    function setTable(Row[] calldata table_, Terms calldata terms_) external onlyOwner {
        _setTable(table_, terms_);
    }

    /// @inheritdoc IInvoiceFinance
    function withdraw(uint256 amount) external onlyOwner {
        _checkLeaves(amount);
        COIN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IInvoiceFinance
    function writeOff(bytes32 invoiceId) external onlyOwner {
        Advance storage drawn = _unsettled(invoiceId);
        if (drawn.writtenOff) revert AlreadyWrittenOff(invoiceId);
        IReceivables.Invoice memory invoice = RECEIVABLES.invoiceOf(invoiceId);
        uint256 until = uint256(invoice.dueTime) + LOST_AFTER;
        if (block.timestamp <= until || invoice.outstanding == 0) revert NotYetLost(invoiceId, until);
        drawn.writtenOff = true;
        reserved -= drawn.claim - drawn.advance;
        emit AdvanceWrittenOff(invoiceId, invoice.supplier, invoice.buyer, drawn.advance);
    }

    // ----------------------------------------------------------------------------------------------------------- suppliers

    /// @inheritdoc IInvoiceFinance
    function draw(
        bytes32 invoiceId,
        Price calldata worst,
        ICreditOracle.AtLeastProof calldata supplierProof,
        ICreditOracle.AtLeastProof calldata buyerProof
    ) external returns (uint256) {
        IReceivables.Invoice memory invoice = RECEIVABLES.invoiceOf(invoiceId);
        if (invoice.supplier != msg.sender) revert IReceivables.NotAllowed(msg.sender, invoice.supplier);
        if (invoice.currency != address(COIN)) revert WrongCurrency(invoice.currency, address(COIN));
        Row memory row = _rowFor(invoice.buyer, supplierProof, buyerProof);
        Advance memory drawn = _advanceBy(row, invoiceId, invoice);
        _checkAgreed(_priceOf(drawn), worst);
        _book(drawn, msg.sender, invoice.buyer);
        _checkLeaves(drawn.advance);
        _advances[invoiceId] = drawn;
        emit AdvanceDrawn(invoiceId, msg.sender, invoice.buyer, drawn.claim, drawn.advance, row.yearlyFeeBps);
        COIN.forceApprove(address(RECEIVABLES), drawn.advance);
        RECEIVABLES.finance(invoiceId, msg.sender, drawn.advance);
        return drawn.advance;
    }

    // -------------------------------------------------------------------------------------------------------------- anyone

    /// @inheritdoc IInvoiceFinance
    function settle(bytes32 invoiceId) external returns (uint256 reserve) {
        Advance storage drawn = _unsettled(invoiceId);
        (uint256 advance, uint256 claim) = (drawn.advance, drawn.claim);
        IReceivables.Invoice memory invoice = RECEIVABLES.invoiceOf(invoiceId);
        if (invoice.outstanding != 0) revert NotYetPaid(invoiceId);
        uint256 fee = _fee(drawn.face, drawn.yearlyFeeBps, invoice.endTime - drawn.drawTime);
        fee = Math.min(fee, claim - advance);
        reserve = claim - advance - fee;
        drawn.settled = true;
        if (!drawn.writtenOff) reserved -= claim - advance;
        _checkLeaves(reserve); // it always does, but for an advance that was written off
        _advancedTo[invoice.supplier] -= advance;
        _advancedOn[invoice.buyer] -= advance;
        emit AdvanceSettled(invoiceId, invoice.supplier, fee, reserve);
        COIN.safeTransfer(invoice.supplier, reserve);
    }

    /// @inheritdoc IInvoiceFinance
    function collect() external {
        RECEIVABLES.collect(address(COIN));
    }

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc IInvoiceFinance
    function quote(bytes32 invoiceId, uint16 row) external view returns (uint256 advance, Price memory price) {
        if (row >= _table.length) revert UnknownRow(row);
        Advance memory drawn = _advanceBy(_table[row], invoiceId, RECEIVABLES.invoiceOf(invoiceId));
        return (drawn.advance, _priceOf(drawn));
    }

    /// @inheritdoc IInvoiceFinance
    function advanceOf(bytes32 invoiceId) external view returns (Advance memory) {
        return _advances[invoiceId];
    }

    /// @inheritdoc IInvoiceFinance
    function advancedTo(address supplier) public view returns (uint256) {
        return _sumOver(_advancedTo, supplier);
    }

    /// @inheritdoc IInvoiceFinance
    function advancedOn(address buyer) public view returns (uint256) {
        return _sumOver(_advancedOn, buyer);
    }

    /// @inheritdoc IInvoiceFinance
    function table() external view returns (Row[] memory) {
        return _table;
    }

    /// @inheritdoc IInvoiceFinance
    function terms() external view returns (Terms memory) {
        return _terms;
    }

    // ------------------------------------------------------------------------------------------------------ rules, private

    function _unsettled(bytes32 invoiceId) private view returns (Advance storage drawn) {
        drawn = _advances[invoiceId];
        if (drawn.drawTime == 0 || drawn.settled) revert NoAdvance(invoiceId);
    }

    function _setTable(Row[] memory table_, Terms memory terms_) private {
        delete _table;
        for (uint256 i = 0; i < table_.length; ++i) {
            if (!_isRow(table_[i])) revert BadRow(i);
            _table.push(table_[i]);
        }
        _terms = terms_;
        emit TableSet(table_, terms_);
    }

    function _isRow(Row memory row) private pure returns (bool) {
        return Proofs.isThreshold(row.supplierAtLeast) && Proofs.isThreshold(row.buyerAtLeast)
            && _isMask(row.supplierStatuses) && _isMask(row.buyerStatuses) && row.advanceBps > 0
            && row.advanceBps <= BPS;
    }

    /// @dev That it takes a kind of record at all.
    function _isMask(uint8 statuses) private pure returns (bool) {
        return statuses < 8 && statuses & (TAKES_FULL | TAKES_THIN) != 0;
    }

    /// @dev The first line that both proofs meet; both must hold.
    function _rowFor(
        address buyer,
        ICreditOracle.AtLeastProof calldata supplierProof,
        ICreditOracle.AtLeastProof calldata buyerProof
    ) private view returns (Row memory row) {
        uint64 maxAge = _terms.maxScoreAge;
        (uint8 supplierStatus,,) = ORACLE.verifyAtLeast(msg.sender, supplierProof, maxAge);
        (uint8 buyerStatus,,) = ORACLE.verifyAtLeast(buyer, buyerProof, maxAge);
        uint256 count = _table.length;
        for (uint256 i = 0; i < count; ++i) {
            row = _table[i];
            bool bySupplier = supplierProof.threshold >= row.supplierAtLeast;
            bool byBuyer = buyerProof.threshold >= row.buyerAtLeast;
            if (!bySupplier || !byBuyer) continue;
            if (_takes(row.supplierStatuses, supplierStatus) && _takes(row.buyerStatuses, buyerStatus)) return row;
        }
        revert NoRow(supplierProof.threshold, supplierStatus, buyerProof.threshold, buyerStatus);
    }

    function _takes(uint8 statuses, uint8 status) private pure returns (bool) {
        uint8 record = status & ~DISPUTED == THIN ? TAKES_THIN : TAKES_FULL;
        bool disputed = status & DISPUTED != 0;
        return statuses & record != 0 && (!disputed || statuses & TAKES_DISPUTED != 0);
    }

    /// @dev What the supplier gets on its own claim. Whether the invoice can be financed at all is for Receivables to say.
    function _advanceBy(Row memory row, bytes32 invoiceId, IReceivables.Invoice memory invoice)
        private
        view
        returns (Advance memory drawn)
    {
        if (block.timestamp > invoice.dueTime) revert IReceivables.InvoiceOverdue(invoiceId, invoice.dueTime);
        uint256 term = invoice.dueTime - block.timestamp;
        if (term > _terms.maxTerm) revert TermTooLong(term, _terms.maxTerm);
        uint256 claim = RECEIVABLES.claimOf(invoiceId, invoice.supplier);
        uint256 face = Math.mulDiv(claim, row.advanceBps, BPS);
        uint256 fee = _fee(face, row.yearlyFeeBps, term);
        if (fee >= face) revert NothingToAdvance(invoiceId);
        drawn = Advance({
            drawTime: uint64(block.timestamp),
            yearlyFeeBps: row.yearlyFeeBps,
            settled: false,
            writtenOff: false,
            advance: SafeCast.toUint128(face - fee),
            face: SafeCast.toUint128(face),
            claim: SafeCast.toUint128(claim)
        });
    }

    /// @dev The fee until the due date is what is not paid out of the face.
    function _priceOf(Advance memory drawn) private pure returns (Price memory) {
        return Price(drawn.face - drawn.advance, drawn.yearlyFeeBps);
    }

    /// @dev Both, since a rate alone does not bound the sum, nor a sum until the due date what a late buyer costs.
    function _checkAgreed(Price memory price, Price calldata worst) private pure {
        if (price.fee > worst.fee || price.yearlyFeeBps > worst.yearlyFeeBps) {
            revert DearerThanAgreed(price.fee, price.yearlyFeeBps);
        }
    }

    /// @dev Counts the advance, within the limits of both.
    function _book(Advance memory drawn, address supplier, address buyer) private {
        _advancedTo[supplier] += drawn.advance;
        _advancedOn[buyer] += drawn.advance;
        reserved += drawn.claim - drawn.advance;
        _checkLimit(supplier, advancedTo(supplier), _terms.supplierLimit);
        _checkLimit(buyer, advancedOn(buyer), _terms.buyerLimit);
    }

    function _checkLimit(address party, uint256 exposure, uint128 limit) private pure {
        if (exposure > limit) revert LimitExceeded(party, exposure, limit);
    }

    /// @dev That what may be owed to suppliers is there once `amount` is paid out.
    function _checkLeaves(uint256 amount) private view {
        uint256 balance = COIN.balanceOf(address(this));
        if (balance < reserved || amount > balance - reserved) revert Reserved(balance, reserved);
    }

    /// @dev Simple interest, rounded up.
    function _fee(uint256 face, uint256 yearlyFeeBps, uint256 time) private pure returns (uint256) {
        return Math.mulDiv(face, yearlyFeeBps * time, 365 days * BPS, Math.Rounding.Ceil);
    }

    /// @dev Over all wallets of one person.
    function _sumOver(mapping(address => uint256) storage amounts, address wallet) private view returns (uint256 sum) {
        address[] memory wallets = _walletsWith(wallet);
        for (uint256 i = 0; i < wallets.length; ++i) {
            sum += amounts[wallets[i]];
        }
    }
}
