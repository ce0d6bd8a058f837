// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20, SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { ExactCoins } from "./ExactCoins.sol";
import { ILoanPool } from "./ILoanPool.sol";
import { ITermLoans } from "./ITermLoans.sol";
import { LoanBook } from "./LoanBook.sol";

/// @title Stakes of those who vouch for borrowers
/// @notice A stake is left here for one borrower in one pool. It is free, locked for a loan, or paid to the pool. All coin that
/// lies in this contract is free or locked stake.
abstract contract Guarantees is LoanBook, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice The most guarantors of one loan.
    uint256 public constant MAX_GUARANTORS = 8;

    mapping(address pool => mapping(address borrower => mapping(address guarantor => Vouch))) private _vouches;
    mapping(uint256 loanId => Guarantee[]) private _guarantees;

    // --------------------------------------------------------------------------------------------------------- guarantors

    /// @inheritdoc ITermLoans
    function vouch(ILoanPool pool, address borrower, uint96 amount, uint64 notAfter) external nonReentrant {
        _checkListed(pool);
        if (amount == 0) revert AmountZero();
        if (notAfter < block.timestamp) revert VouchInThePast(notAfter);
        _checkStranger(msg.sender, borrower, _walletsOf(borrower));
        Vouch storage given = _vouches[address(pool)][borrower][msg.sender];
        given.free += amount;
        given.notAfter = notAfter;
        emit Vouched(msg.sender, borrower, address(pool), amount, notAfter);
        ExactCoins.take(_coinOf(address(pool)), address(this), amount);
    }

    /// @inheritdoc ITermLoans
    function unvouch(ILoanPool pool, address borrower) external nonReentrant returns (uint96 amount) {
        Vouch storage given = _vouches[address(pool)][borrower][msg.sender];
        amount = given.free;
        if (amount == 0) revert NothingVouched(msg.sender, 0, given.notAfter);
        given.free = 0;
        emit Unvouched(msg.sender, borrower, address(pool), amount);
        _coinOf(address(pool)).safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ITermLoans
    function isBusy() external view returns (bool) {
        return _reentrancyGuardEntered();
    }

    /// @inheritdoc ITermLoans
    function guaranteesOf(uint256 loanId) external view returns (Guarantee[] memory) {
        return _guarantees[loanId];
    }

    /// @inheritdoc ITermLoans
    function vouchOf(ILoanPool pool, address borrower, address guarantor) external view returns (Vouch memory) {
        return _vouches[address(pool)][borrower][guarantor];
    }

    // ------------------------------------------------------------------------------------------------------------- loans

    /// @dev Locks free stakes for the caller's new loan, in the order given, until they cover the principal.
    function _lock(
        uint256 loanId,
        address pool,
        uint128 principal,
        address[] calldata guarantors,
        address[] memory wallets
    ) internal returns (uint256 locked) {
        if (guarantors.length > MAX_GUARANTORS) {
            revert TooManyGuarantors(guarantors.length, MAX_GUARANTORS);
        }
        for (uint256 i = 0; i < guarantors.length && locked < principal; ++i) {
            address guarantor = guarantors[i];
            _checkStranger(guarantor, msg.sender, wallets);
            Vouch storage given = _vouches[pool][msg.sender][guarantor];
            Vouch memory found = given;
            if (found.free == 0 || found.notAfter < block.timestamp) {
                revert NothingVouched(guarantor, found.free, found.notAfter);
            }
            uint96 amount = uint96(Math.min(found.free, principal - locked));
            given.free = found.free - amount;
            given.locked = found.locked + amount;
            locked += amount;
            _guarantees[loanId].push(Guarantee(guarantor, amount));
            emit GuaranteeLocked(loanId, guarantor, msg.sender, address(_coinOf(pool)), amount);
        }
    }

    /// @dev Frees what is locked for a loan that is over.
    function _release(uint256 loanId, address borrower, address pool) internal {
        Guarantee[] memory given = _guarantees[loanId];
        if (given.length == 0) return;
        delete _guarantees[loanId];
        for (uint256 i = 0; i < given.length; ++i) {
            _free(loanId, borrower, pool, given[i].guarantor, given[i].amount, given[i].amount);
        }
        _uncover(borrower, pool, _sum(given));
    }

    /// @dev Takes up to `unpaid` out of what is locked for a loan, from each in the same share, and frees the rest. The caller
    /// moves the coin.
    function _call(uint256 loanId, address borrower, address pool, uint128 unpaid) internal returns (uint128 called) {
        Guarantee[] memory given = _guarantees[loanId];
        if (given.length == 0) return 0;
        uint256 locked = _sum(given);
        _uncover(borrower, pool, locked);
        called = uint128(Math.min(unpaid, locked));
        uint96[] memory parts = _shares(given, called);
        for (uint256 i = 0; i < given.length; ++i) {
            address guarantor = given[i].guarantor;
            _vouches[pool][borrower][guarantor].notAfter = 0;
            _guarantees[loanId][i].amount = parts[i];
            if (parts[i] != 0) emit GuaranteeCalled(loanId, guarantor, borrower, address(_coinOf(pool)), parts[i]);
            _free(loanId, borrower, pool, guarantor, given[i].amount, given[i].amount - parts[i]);
        }
    }

    /// @dev Credits guarantors with up to `paid`, from each share of what they paid for the loan. The caller moves the coin.
    function _giveBack(uint256 loanId, address borrower, address pool, uint128 paid) internal returns (uint128 back) {
        Guarantee[] memory given = _guarantees[loanId];
        if (given.length == 0) return 0;
        back = uint128(Math.min(paid, _sum(given)));
        uint96[] memory parts = _shares(given, back);
        for (uint256 i = 0; i < given.length; ++i) {
            if (parts[i] == 0) continue;
            address guarantor = given[i].guarantor;
            _guarantees[loanId][i].amount = given[i].amount - parts[i];
            _vouches[pool][borrower][guarantor].free += parts[i];
            emit GuaranteeReturned(loanId, guarantor, borrower, address(_coinOf(pool)), parts[i]);
        }
    }

    // ------------------------------------------------------------------------------------------------------------ private

    /// @dev Of `locked`, `freed` is the guarantor's to take again.
    function _free(uint256 loanId, address borrower, address pool, address guarantor, uint96 locked, uint96 freed)
        private
    {
        Vouch storage stake = _vouches[pool][borrower][guarantor];
        stake.locked -= locked;
        if (freed == 0) return;
        stake.free += freed;
        emit GuaranteeReleased(loanId, guarantor, borrower, address(_coinOf(pool)), freed);
    }

    function _checkStranger(address guarantor, address borrower, address[] memory wallets) private pure {
        for (uint256 i = 0; i < wallets.length; ++i) {
            if (guarantor == wallets[i]) revert OwnGuarantor(guarantor, borrower);
        }
    }

    function _sum(Guarantee[] memory given) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < given.length; ++i) {
            sum += given[i].amount;
        }
    }

    /// @dev `amount`, at most the sum, shared by what each has given; the parts are exactly `amount` together, and none is
    /// more than was given.
    function _shares(Guarantee[] memory given, uint256 amount) private pure returns (uint96[] memory parts) {
        parts = new uint96[](given.length);
        uint256 sum = _sum(given);
        for (uint256 i = 0; i < given.length && amount != 0; ++i) {
            parts[i] = uint96(Math.mulDiv(amount, given[i].amount, sum, Math.Rounding.Ceil));
            amount -= parts[i];
            sum -= given[i].amount;
        }
    }
}
