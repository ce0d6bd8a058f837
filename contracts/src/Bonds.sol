// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Address } from "@openzeppelin/contracts/utils/Address.sol";
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { IBonds } from "./IBonds.sol";
import { ICreditOracle } from "./ICreditOracle.sol";

/// @title Bonds
/// @notice See IBonds, which says what is promised.
/// @dev Coins that reach this contract other than by `deposit` belong to nobody and stay. Nothing here calls out but to pay who
/// asks for it, after all else is done, and to ask the oracle about membership.
contract Bonds is IBonds, ReentrancyGuard {
    uint256 private constant WHOLE_BPS = 10_000;

    ICreditOracle private immutable ORACLE;
    uint256 private immutable MINIMUM;
    uint64 private immutable DELAY;
    uint256 private immutable REPORTER_BPS;
    address private immutable BENEFICIARY;

    mapping(address member => Bond) private _bonds;
    mapping(address account => uint256 amount) private _owed;

    /// @param oracle whose members leave bonds, and which alone slashes
    /// @param minimum_ wei that each member must have here
    /// @param delay_ seconds that a withdrawal waits: at least an epoch and a report's life
    /// @param reporterBps share of a slashed bond that goes to who handed in the evidence; the rest is the beneficiary's
    constructor(ICreditOracle oracle, uint256 minimum_, uint64 delay_, uint256 reporterBps, address beneficiary) {
        if (address(oracle).code.length == 0) revert NoContract(address(oracle));
        if (reporterBps > WHOLE_BPS) revert ShareOutOfRange(reporterBps);
        if (beneficiary == address(0)) revert BeneficiaryZero();
        ICreditOracle.Config memory config = oracle.config();
        uint256 least = uint256(config.epochLength) + config.reportLife;
        if (delay_ < least) revert DelayTooShort(delay_, least);
        ORACLE = oracle;
        MINIMUM = minimum_;
        DELAY = delay_;
        REPORTER_BPS = reporterBps;
        BENEFICIARY = beneficiary;
    }

    /// @inheritdoc IBonds
    function deposit(address member) external payable {
        Bond storage bond = _bonds[member];
        uint256 amount = bond.amount + msg.value;
        if (amount > type(uint128).max) revert TooMuch(amount);
        bond.amount = uint128(amount);
        emit Deposited(member, msg.sender, msg.value);
    }

    /// @inheritdoc IBonds
    function requestWithdrawal(uint256 amount) external {
        Bond storage bond = _bonds[msg.sender];
        if (amount > bond.amount) revert NotThatMuch(amount, bond.amount);
        uint256 left = bond.amount - amount;
        if (amount != 0 && left < MINIMUM && _isBound(msg.sender)) revert BelowMinimum(left, MINIMUM);
        bond.leaving = uint128(amount);
        bond.leavesAt = uint64(block.timestamp) + DELAY;
        emit WithdrawalRequested(msg.sender, amount, bond.leavesAt);
    }

    /// @inheritdoc IBonds
    function withdraw() external nonReentrant {
        Bond storage bond = _bonds[msg.sender];
        uint128 amount = bond.leaving;
        if (amount == 0) revert NothingLeaving(msg.sender);
        if (block.timestamp < bond.leavesAt) revert NotYet(bond.leavesAt);
        bond.amount -= amount;
        bond.leaving = 0;
        emit Withdrawn(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc IBonds
    function slash(address member, address reporter) external {
        if (msg.sender != address(ORACLE)) revert NotTheOracle(msg.sender);
        uint256 amount = _bonds[member].amount;
        delete _bonds[member];
        uint256 share = amount * REPORTER_BPS / WHOLE_BPS; // rounded down
        _owed[reporter] += share;
        _owed[BENEFICIARY] += amount - share;
        emit Slashed(member, reporter, share, amount - share);
    }

    /// @inheritdoc IBonds
    function collect() external nonReentrant {
        uint256 amount = _owed[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);
        _owed[msg.sender] = 0;
        emit Collected(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc IBonds
    function bondOf(address member) external view returns (uint256) {
        Bond storage bond = _bonds[member];
        return bond.amount - bond.leaving;
    }

    /// @inheritdoc IBonds
    function holdingOf(address member) external view returns (Bond memory) {
        return _bonds[member];
    }

    /// @inheritdoc IBonds
    function owedTo(address account) external view returns (uint256) {
        return _owed[account];
    }

    /// @inheritdoc IBonds
    function minimum() external view returns (uint256) {
        return MINIMUM;
    }

    /// @inheritdoc IBonds
    function delay() external view returns (uint64) {
        return DELAY;
    }

    function _isBound(address member) private view returns (bool) {
        return ORACLE.isMemberFrom(member, ORACLE.epochAt(uint64(block.timestamp)));
    }
}
