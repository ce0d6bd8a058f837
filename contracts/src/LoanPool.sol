// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC4626, IERC4626 } from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { ExactCoins } from "./ExactCoins.sol";
import { ILoanPool } from "./ILoanPool.sol";
import { ITermLoans } from "./ITermLoans.sol";
import { PolicyTable } from "./PolicyTable.sol";

/// @title LoanPool
/// @notice See ILoanPool, which says what is promised.
/// @dev Shares have six decimals more than the coin: whoever donates coin to make the first shares dear loses it.
contract LoanPool is PolicyTable, ERC4626, ReentrancyGuardTransient {
    ITermLoans private immutable BOOK;

    /// @dev What was lent by one row. The sums fit: each is bounded by coins that exist.
    struct Sums {
        uint128 drawn;
        uint128 marked;
        uint128 called;
        uint128 recovered;
    }

    uint128 private _lent;
    uint128 private _overdue; // of what is lent
    mapping(uint16 row => Sums) private _sums;

    modifier onlyBook() {
        if (msg.sender != address(BOOK)) revert NotTheBook(msg.sender);
        _;
    }

    /// @dev No shares are made or paid out in the middle of a payment, of this pool or of the book.
    modifier atRest() {
        if (BOOK.isBusy()) revert BookBusy();
        _;
    }

    /// @param book_ that alone lends from here, once it lists this pool
    /// @param coin one stable coin of 2 to 18 decimals, that moves exactly what is asked
    /// @param name_ of the shares
    /// @param symbol_ of the shares
    /// @param terms_ what holds for all loans
    /// @param table_ who is lent to
    /// @param owner_ who names terms and table later: a timelock, or the only lender
    constructor(
        ITermLoans book_,
        IERC20 coin,
        string memory name_,
        string memory symbol_,
        Terms memory terms_,
        Row[] memory table_,
        address owner_
    ) ERC20(name_, symbol_) ERC4626(coin) Ownable(owner_) PolicyTable(terms_, table_) {
        BOOK = book_;
    }

    // -------------------------------------------------------------------------------------------------------------- book

    /// @inheritdoc ILoanPool
    function lend(address to, uint16 row, uint128 principal) external onlyBook nonReentrant {
        uint256 idle_ = idle();
        if (principal > idle_) revert NotEnoughIdle(principal, idle_);
        _lent += principal;
        _sums[row].drawn += principal;
        emit Lent(row, principal);
        ExactCoins.give(IERC20(asset()), to, principal);
    }

    /// @inheritdoc ILoanPool
    function noteRepaid(uint128 principal) external onlyBook {
        // slither-disable-next-line events-maths (the book tells of every payment)
        _lent -= principal;
    }

    /// @inheritdoc ILoanPool
    function noteCancelled(uint16 row, uint128 principal, uint128 left) external onlyBook {
        _lent -= left;
        _sums[row].drawn -= principal;
        emit LendingUndone(row, principal);
    }

    /// @inheritdoc ILoanPool
    function noteOverdue(uint128 principal) external onlyBook {
        _overdue += principal;
        emit OverdueChanged(_overdue);
    }

    /// @inheritdoc ILoanPool
    function noteSound(uint128 principal) external onlyBook {
        _overdue -= principal;
        emit OverdueChanged(_overdue);
    }

    /// @inheritdoc ILoanPool
    function noteDefault(uint16 row, uint128 principal, uint128 called) external onlyBook {
        _lent -= principal;
        _sums[row].marked += principal;
        _sums[row].called += called;
        emit LossMarked(row, principal, called);
    }

    /// @inheritdoc ILoanPool
    function noteRecovered(uint16 row, uint128 amount) external onlyBook {
        _sums[row].recovered += amount;
        emit LossRecovered(row, amount);
    }

    // ------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc ILoanPool
    function book() external view returns (address) {
        return address(BOOK);
    }

    /// @inheritdoc ILoanPool
    function lent() external view returns (uint256) {
        return _lent;
    }

    /// @inheritdoc ILoanPool
    function overdue() external view returns (uint256) {
        return _overdue;
    }

    /// @inheritdoc ILoanPool
    function idle() public view returns (uint256) {
        return IERC20(asset()).balanceOf(address(this));
    }

    /// @inheritdoc ILoanPool
    function lossOf(uint16 row) external view returns (Loss memory) {
        if (row >= _rows.length) revert UnknownRow(row);
        Sums memory sums = _sums[row];
        uint256 expected = uint256(sums.drawn) * _rows[row].expectedLossBps / WHOLE_BPS;
        return Loss(sums.drawn, expected, sums.marked, sums.called, sums.recovered);
    }

    // ------------------------------------------------------------------------------------------------------------- vault

    /// @notice Coin that lies here, and principal that is to come back.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        return idle() + _lent;
    }

    /// @notice At most what the coin that lies here pays for. (`maxWithdraw` follows from it.)
    function maxRedeem(address holder) public view override(ERC4626, IERC4626) returns (uint256) {
        return Math.min(balanceOf(holder), _sharesTaken(idle(), Math.Rounding.Floor));
    }

    /// @inheritdoc ILoanPool
    function redeemAtLeast(uint256 shares, address receiver, address holder, uint256 least)
        external
        returns (uint256 assets)
    {
        assets = redeem(shares, receiver, holder);
        if (assets < least) revert PaysLess(assets, least);
    }

    /// @inheritdoc ILoanPool
    function withdrawAtMost(uint256 assets, address receiver, address holder, uint256 most)
        external
        returns (uint256 shares)
    {
        shares = withdraw(assets, receiver, holder);
        if (shares > most) revert TakesMore(shares, most);
    }

    /// @notice What the shares are worth to who leaves: nothing of what is overdue.
    function previewRedeem(uint256 shares) public view override(ERC4626, IERC4626) returns (uint256) {
        return Math.mulDiv(shares, _soundAssets() + 1, totalSupply() + 10 ** _decimalsOffset());
    }

    /// @notice How many shares that takes of who leaves.
    function previewWithdraw(uint256 assets) public view override(ERC4626, IERC4626) returns (uint256) {
        return _sharesTaken(assets, Math.Rounding.Ceil);
    }

    function _sharesTaken(uint256 assets, Math.Rounding rounding) private view returns (uint256) {
        return Math.mulDiv(assets, totalSupply() + 10 ** _decimalsOffset(), _soundAssets() + 1, rounding);
    }

    function _soundAssets() private view returns (uint256) {
        return totalAssets() - _overdue;
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares)
        internal
        override
        atRest
        nonReentrant
    {
        super._deposit(caller, receiver, assets, shares);
    }

    function _withdraw(address caller, address receiver, address holder, uint256 assets, uint256 shares)
        internal
        override
        atRest
        nonReentrant
    {
        super._withdraw(caller, receiver, holder, assets, shares);
    }

    /// @dev Who deposits is the caller.
    function _transferIn(address, uint256 assets) internal override {
        ExactCoins.take(IERC20(asset()), address(this), assets);
    }
}
