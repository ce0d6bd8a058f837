// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { ILoanPool } from "./ILoanPool.sol";
import { Instalments } from "./Instalments.sol";
import { ITermLoans } from "./ITermLoans.sol";
import { IWalletLinks } from "./IWalletLinks.sol";

/// @title Which pools lend, and what each person has open
/// @notice A loan counts in full until it is repaid or cancelled, whatever became of it. Cents: exposure is rounded up, cover down.
abstract contract LoanBook is ITermLoans, Ownable2Step {
    using Instalments for Loan;

    /// @notice Open loans that one wallet may have; it bounds the search for overdue ones.
    uint256 public constant MAX_OPEN_LOANS = 16;

    uint8 private constant CENT_DECIMALS = 2;
    uint8 private constant MAX_DECIMALS = 18;

    /// @notice Which wallets are one person; zero: each is one of its own.
    IWalletLinks public immutable LINKS;

    /// @dev What is known of a pool that is or was listed.
    struct Listing {
        IERC20 coin;
        uint8 decimals;
        bool isListed;
    }

    /// @dev Of one wallet, in cents.
    struct Standing {
        uint128 exposure;
        uint128 guaranteed;
    }

    mapping(uint256 loanId => Loan) internal _loans;
    mapping(address pool => Listing) private _listings;
    mapping(address borrower => uint256[]) private _open;
    mapping(address borrower => Standing) private _standings;

    constructor(IWalletLinks links) {
        LINKS = links;
    }

    // ------------------------------------------------------------------------------------------------------------- pools

    /// @inheritdoc ITermLoans
    function listPool(ILoanPool pool) external onlyOwner {
        Listing storage listing = _listings[address(pool)];
        if (listing.isListed) revert PoolListedAlready(address(pool));
        address book = pool.book();
        if (book != address(this)) revert PoolOfAnotherBook(address(pool), book);
        if (address(listing.coin) == address(0)) {
            // once: loans may be open when a pool is listed again
            listing.coin = IERC20(pool.asset());
            listing.decimals = IERC20Metadata(pool.asset()).decimals();
            if (listing.decimals < CENT_DECIMALS || listing.decimals > MAX_DECIMALS) {
                revert DecimalsOutOfRange(listing.decimals);
            }
        }
        listing.isListed = true;
        emit PoolListed(address(pool), address(listing.coin), listing.decimals);
    }

    /// @inheritdoc ITermLoans
    function unlistPool(ILoanPool pool) external onlyOwner {
        _checkListed(pool);
        _listings[address(pool)].isListed = false;
        emit PoolUnlisted(address(pool));
    }

    /// @inheritdoc ITermLoans
    function isListed(ILoanPool pool) external view returns (bool) {
        return _listings[address(pool)].isListed;
    }

    function _checkListed(ILoanPool pool) internal view {
        if (!_listings[address(pool)].isListed) revert PoolNotListed(address(pool));
    }

    function _coinOf(address pool) internal view returns (IERC20) {
        return _listings[pool].coin;
    }

    // ------------------------------------------------------------------------------------------------------------ persons

    /// @inheritdoc ITermLoans
    function loanOf(uint256 loanId) public view returns (Loan memory) {
        return _loans[loanId];
    }

    /// @inheritdoc ITermLoans
    function openLoansOf(address borrower) external view returns (uint256[] memory) {
        return _open[borrower];
    }

    /// @inheritdoc ITermLoans
    function exposureOf(address borrower) external view returns (uint256 exposureCents, uint256 guaranteedCents) {
        return _exposureOf(_walletsOf(borrower));
    }

    /// @dev All wallets that count as the same person, the borrower's own among them.
    function _walletsOf(address borrower) internal view returns (address[] memory wallets) {
        if (address(LINKS) != address(0)) return LINKS.bookOf(borrower);
        wallets = new address[](1);
        wallets[0] = borrower;
    }

    /// @dev Nothing of the person is overdue, and the caller may have one more loan.
    function _checkStanding(address[] memory wallets) internal view {
        uint256 open = _open[msg.sender].length;
        if (open >= MAX_OPEN_LOANS) revert TooManyLoans(msg.sender, open);
        for (uint256 i = 0; i < wallets.length; ++i) {
            uint256[] storage ids = _open[wallets[i]];
            uint256 count = ids.length;
            for (uint256 j = 0; j < count; ++j) {
                _checkNotOverdue(ids[j]);
            }
        }
    }

    /// @dev With the new loan, which is booked already, the person stays within the limit and what is guaranteed.
    function _checkExposure(address[] memory wallets, address pool, uint128 limit) internal view {
        (uint256 exposure, uint256 guaranteed) = _exposureOf(wallets);
        uint256 limitCents = _cents(pool, limit, Math.Rounding.Floor) + guaranteed;
        if (exposure > limitCents) revert ExposureExceeded(msg.sender, exposure, limitCents);
    }

    function _book(uint256 loanId, address borrower, address pool, uint128 principal, uint256 guaranteed) internal {
        _open[borrower].push(loanId);
        Standing storage standing = _standings[borrower];
        standing.exposure += SafeCast.toUint128(_cents(pool, principal, Math.Rounding.Ceil));
        if (guaranteed != 0) standing.guaranteed += uint128(_cents(pool, guaranteed, Math.Rounding.Floor));
    }

    function _unbook(uint256 loanId, address borrower, address pool, uint128 principal) internal {
        _standings[borrower].exposure -= uint128(_cents(pool, principal, Math.Rounding.Ceil));
        uint256[] storage open = _open[borrower];
        uint256 last = open.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (open[i] == loanId) open[i] = open[last];
        }
        open.pop();
    }

    /// @dev Stakes of `guaranteed` together cover a loan no more.
    function _uncover(address borrower, address pool, uint256 guaranteed) internal {
        if (guaranteed != 0) _standings[borrower].guaranteed -= uint128(_cents(pool, guaranteed, Math.Rounding.Floor));
    }

    function _checkNotOverdue(uint256 loanId) private view {
        Loan storage stored = _loans[loanId];
        uint256 firstDue = uint256(stored.start) + stored.interval;
        if (stored.state == State.Open && block.timestamp <= firstDue) return; // the usual case, for one read of storage
        Loan memory loan = loanOf(loanId);
        uint64 dueTime = loan.nextDueTime();
        // recoveries may have paid what was late: a default is one until all is paid
        if (loan.state != State.Open || block.timestamp > dueTime) revert LoanOverdue(loanId, dueTime);
    }

    function _exposureOf(address[] memory wallets) private view returns (uint256 exposure, uint256 guaranteed) {
        for (uint256 i = 0; i < wallets.length; ++i) {
            Standing memory standing = _standings[wallets[i]];
            exposure += standing.exposure;
            guaranteed += standing.guaranteed;
        }
    }

    function _cents(address pool, uint256 amount, Math.Rounding rounding) private view returns (uint256) {
        return Math.mulDiv(amount, 1, 10 ** (_listings[pool].decimals - CENT_DECIMALS), rounding);
    }
}
