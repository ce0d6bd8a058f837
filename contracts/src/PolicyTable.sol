// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { ILoanPool } from "./ILoanPool.sol";
import { Proofs } from "./Proofs.sol";

/// @title To whom a pool lends, and on what terms
/// @notice Rows are only ever appended: a table is a span of them, and a loan's row means the same for ever.
abstract contract PolicyTable is Ownable2Step, ILoanPool {
    /// @notice The most rows of one table; it bounds the search.
    uint256 public constant MAX_ROWS = 32;
    /// @notice The most instalments that any terms allow.
    uint256 public constant MAX_INSTALMENTS = 120;
    /// @notice The highest late fee that any terms allow.
    uint256 public constant MAX_LATE_FEE_BPS = 1000;

    uint256 internal constant WHOLE_BPS = 10_000;
    uint8 private constant THIN = 2;
    uint8 private constant DISPUTED = 128;
    uint8 private constant TAKES_FULL = 1;
    uint8 private constant TAKES_THIN = 2;
    uint8 private constant TAKES_DISPUTED = 4;

    Terms private _terms;
    uint16 private _firstRow;
    Row[] internal _rows;
    mapping(address borrower => uint128) private _starterLimit;

    constructor(Terms memory terms_, Row[] memory table_) {
        _rows.push(); // row 0: starter loans
        _checkTerms(terms_);
        _terms = terms_;
        emit TermsSet(terms_);
        _replaceTable(table_);
    }

    /// @inheritdoc ILoanPool
    function setTerms(Terms calldata terms_) external onlyOwner {
        _checkTerms(terms_);
        _terms = terms_;
        _checkStarter();
        emit TermsSet(terms_);
    }

    /// @inheritdoc ILoanPool
    function setTable(Row[] calldata table_) external onlyOwner {
        _replaceTable(table_);
    }

    /// @inheritdoc ILoanPool
    function allowStarter(address[] calldata borrowers, uint128 limit) external onlyOwner {
        for (uint256 i = 0; i < borrowers.length; ++i) {
            _starterLimit[borrowers[i]] = limit;
            emit StarterAllowed(borrowers[i], limit);
        }
    }

    /// @inheritdoc ILoanPool
    function owner() public view override(Ownable, ILoanPool) returns (address) {
        return super.owner();
    }

    /// @inheritdoc ILoanPool
    function terms() external view returns (Terms memory) {
        return _terms;
    }

    /// @inheritdoc ILoanPool
    function table() external view returns (uint16 firstRow, Row[] memory rows) {
        firstRow = _firstRow;
        rows = new Row[](_rows.length - firstRow);
        for (uint256 i = 0; i < rows.length; ++i) {
            rows[i] = _rows[firstRow + i];
        }
    }

    /// @inheritdoc ILoanPool
    function rowFor(uint8 status, uint16 shown, uint16 width) external view returns (uint16 row, Row memory found) {
        uint16 least = 0;
        uint256 end = _rows.length;
        for (uint256 i = _firstRow; i < end; ++i) {
            found = _rows[i];
            if (!_takes(found, status, width)) continue;
            if (shown >= found.atLeast) return (uint16(i), found);
            least = found.atLeast; // thresholds fall
        }
        revert NoRowFits(shown, status, least);
    }

    /// @inheritdoc ILoanPool
    function starterLimitOf(address borrower) external view returns (uint128) {
        uint128 limit = _starterLimit[borrower];
        uint128 most = _terms.starterLimit;
        return limit < most ? limit : most;
    }

    function _takes(Row memory row, uint8 status, uint16 width) private pure returns (bool) {
        if (row.maxWidth != 0 && width > row.maxWidth) return false;
        if (status & DISPUTED != 0 && row.statuses & TAKES_DISPUTED == 0) return false;
        uint8 kind = status & ~DISPUTED == THIN ? TAKES_THIN : TAKES_FULL;
        return row.statuses & kind != 0;
    }

    function _replaceTable(Row[] memory table_) private {
        if (table_.length > MAX_ROWS) revert TooManyRows(table_.length, MAX_ROWS);
        uint256 firstRow = _rows.length;
        if (firstRow + table_.length > type(uint16).max) {
            revert TooManyRows(firstRow + table_.length, type(uint16).max);
        }
        for (uint256 i = 0; i < table_.length; ++i) {
            if (!_isRow(table_[i]) || (i > 0 && !_follows(table_[i], table_[i - 1]))) revert BadRow(i);
            _rows.push(table_[i]);
        }
        _firstRow = uint16(firstRow);
        _checkStarter();
        emit TableSet(uint16(firstRow), table_);
    }

    function _isRow(Row memory row) private pure returns (bool) {
        bool takesAny =
            row.statuses & (TAKES_FULL | TAKES_THIN) != 0 && row.statuses <= (TAKES_FULL | TAKES_THIN | TAKES_DISPUTED);
        return Proofs.isThreshold(row.atLeast) && takesAny && row.limit != 0 && row.expectedLossBps <= WHOLE_BPS;
    }

    function _follows(Row memory row, Row memory above) private pure returns (bool) {
        bool differs = row.statuses != above.statuses || row.maxWidth != above.maxWidth;
        return row.atLeast < above.atLeast || (row.atLeast == above.atLeast && differs);
    }

    function _checkTerms(Terms memory terms_) private pure {
        bool lends = terms_.maxPrincipal != 0 && terms_.maxTerm != 0 && terms_.maxInstalments != 0;
        if (!lends || terms_.maxInstalments > MAX_INSTALMENTS || terms_.lateFeeBps > MAX_LATE_FEE_BPS) {
            revert TermsOutOfRange(MAX_INSTALMENTS, MAX_LATE_FEE_BPS);
        }
    }

    /// @dev Who has no record is not lent more than who has the poorest one.
    function _checkStarter() private view {
        uint128 starterLimit = _terms.starterLimit;
        uint256 end = _rows.length;
        for (uint256 i = _firstRow; i < end; ++i) {
            uint128 limit = _rows[i].limit;
            if (starterLimit > limit) revert StarterAboveTable(starterLimit, limit);
        }
    }
}
