// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { ITermLoans } from "./ITermLoans.sol";
import { Proofs } from "./Proofs.sol";

/// @title TermLoans
/// @notice See ITermLoans, which says what is promised.
/// @dev No reentrancy guard: each function moves coin as its last act, after all effects and events.
contract TermLoans is ITermLoans, Ownable2Step {
    using SafeERC20 for IERC20;

    /// @notice Open loans that one borrower may have; it bounds the search for overdue ones.
    uint256 public constant MAX_OPEN_LOANS = 16;

    uint8 private constant THIN = 2;
    uint8 private constant DISPUTED = 128;

    /// @notice Whose scores count.
    ICreditOracle public immutable ORACLE;
    /// @notice What is lent.
    IERC20 public immutable COIN;

    /// @notice The id of the latest loan; ids count from 1.
    uint256 public lastLoanId;

    Policy private _policy;
    mapping(uint256 loanId => Loan) private _loans;
    mapping(address borrower => uint256[]) private _open;
    mapping(address borrower => uint256) private _exposure;
    mapping(address borrower => uint128) private _starterLimit;

    constructor(ICreditOracle oracle, IERC20 coin, Policy memory policy_, address lender) Ownable(lender) {
        ORACLE = oracle;
        COIN = coin;
        _setPolicy(policy_);
    }

    // ------------------------------------------------------------------------------------------------------------ lender

    /// @inheritdoc ITermLoans
    function setPolicy(Policy calldata policy_) external onlyOwner {
        _setPolicy(policy_);
    }

    /// @inheritdoc ITermLoans
    function allowStarter(address[] calldata borrowers, uint128 limit) external onlyOwner {
        for (uint256 i = 0; i < borrowers.length; ++i) {
            _starterLimit[borrowers[i]] = limit;
            emit StarterAllowed(borrowers[i], limit);
        }
    }

    /// @inheritdoc ITermLoans
    function withdraw(uint256 amount) external onlyOwner {
        COIN.safeTransfer(msg.sender, amount);
    }

    // ---------------------------------------------------------------------------------------------------------- borrowers

    /// @inheritdoc ITermLoans
    function borrowStarter(uint128 principal, uint32 termSeconds) external returns (uint256 loanId) {
        uint128 limit = _starterLimit[msg.sender];
        if (limit == 0) revert StarterNotAllowed(msg.sender);
        if (limit > _policy.exposureLimit) limit = _policy.exposureLimit;
        return _draw(principal, termSeconds, limit, true);
    }

    /// @inheritdoc ITermLoans
    function borrow(uint128 principal, uint32 termSeconds, ICreditOracle.AtLeastProof calldata proof)
        external
        returns (uint256 loanId)
    {
        if (proof.threshold < _policy.threshold) revert ThresholdTooLow(proof.threshold, _policy.threshold);
        if (principal > _policy.maxPrincipal) revert PrincipalTooLarge(principal, _policy.maxPrincipal);
        (uint8 status,,) = ORACLE.verifyAtLeast(msg.sender, proof, _policy.maxScoreAge);
        _checkStatus(status);
        return _draw(principal, termSeconds, _policy.exposureLimit, false);
    }

    // ------------------------------------------------------------------------------------------------------------- anyone

    /// @inheritdoc ITermLoans
    function repay(uint256 loanId, uint128 amount) external returns (uint128 paid) {
        if (amount == 0) revert AmountZero();
        Loan storage loan = _openLoan(loanId);
        uint128 outstanding = loan.outstanding;
        paid = amount < outstanding ? amount : outstanding;
        loan.outstanding = outstanding - paid;
        if (paid == outstanding) _close(loanId, loan);
        emit LoanRepaid(loanId, loan.borrower, msg.sender, paid, outstanding - paid);
        COIN.safeTransferFrom(msg.sender, address(this), paid);
    }

    /// @inheritdoc ITermLoans
    function markDefault(uint256 loanId) external {
        Loan storage loan = _openLoan(loanId);
        if (loan.defaulted) revert AlreadyDefaulted(loanId);
        uint256 until = uint256(loan.dueTime) + loan.grace;
        if (block.timestamp <= until) revert NotInDefault(loanId, until);
        loan.defaulted = true;
        emit LoanDefaulted(loanId, loan.borrower, loan.outstanding);
    }

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @inheritdoc ITermLoans
    function loanOf(uint256 loanId) external view returns (Loan memory) {
        return _loans[loanId];
    }

    /// @inheritdoc ITermLoans
    function openLoansOf(address borrower) external view returns (uint256[] memory) {
        return _open[borrower];
    }

    /// @inheritdoc ITermLoans
    function exposureOf(address borrower) external view returns (uint256) {
        return _exposure[borrower];
    }

    /// @inheritdoc ITermLoans
    function starterLimitOf(address borrower) external view returns (uint128) {
        return _starterLimit[borrower];
    }

    /// @inheritdoc ITermLoans
    function owedFor(uint128 principal, uint32 termSeconds) public view returns (uint128) {
        uint256 rate = uint256(_policy.yearlyRateBps) * termSeconds;
        return SafeCast.toUint128(principal + Math.mulDiv(principal, rate, 365 days * 10_000, Math.Rounding.Ceil));
    }

    /// @inheritdoc ITermLoans
    function policy() external view returns (Policy memory) {
        return _policy;
    }

    // ------------------------------------------------------------------------------------------------------ rules, private

    function _setPolicy(Policy memory policy_) private {
        if (!Proofs.isThreshold(policy_.threshold)) revert PolicyThreshold(policy_.threshold);
        _policy = policy_;
        emit PolicySet(policy_);
    }

    function _checkStatus(uint8 status) private view {
        bool refusedThin = status & ~DISPUTED == THIN && !_policy.acceptThin;
        bool refusedDisputed = status & DISPUTED != 0 && !_policy.acceptDisputed;
        if (refusedThin || refusedDisputed) revert StatusRefused(status);
    }

    function _draw(uint128 principal, uint32 termSeconds, uint128 limit, bool starter)
        private
        returns (uint256 loanId)
    {
        if (principal == 0) revert AmountZero();
        if (termSeconds == 0 || termSeconds > _policy.maxTerm) revert TermOutOfRange(termSeconds, _policy.maxTerm);
        _checkBook(principal, limit);
        uint128 owed = owedFor(principal, termSeconds);
        uint48 dueTime = uint48(block.timestamp) + termSeconds;

        loanId = ++lastLoanId;
        _loans[loanId] = Loan(msg.sender, dueTime, _policy.grace, starter, false, principal, owed);
        _open[msg.sender].push(loanId);
        _exposure[msg.sender] += principal;
        emit LoanDrawn(loanId, msg.sender, principal, owed, dueTime, starter);
        COIN.safeTransfer(msg.sender, principal);
    }

    /// @dev All open loans of the caller, of both kinds: none overdue, not too many, and within the limit with the new one.
    function _checkBook(uint128 principal, uint128 limit) private view {
        uint256[] storage open = _open[msg.sender];
        if (open.length >= MAX_OPEN_LOANS) revert TooManyLoans(msg.sender, open.length);
        for (uint256 i = 0; i < open.length; ++i) {
            uint64 dueTime = _loans[open[i]].dueTime;
            if (dueTime < block.timestamp) revert LoanOverdue(open[i], dueTime);
        }
        uint256 exposure = _exposure[msg.sender] + principal;
        if (exposure > limit) revert ExposureExceeded(msg.sender, exposure, limit);
    }

    function _openLoan(uint256 loanId) private view returns (Loan storage loan) {
        loan = _loans[loanId];
        if (loan.outstanding == 0) revert LoanNotOpen(loanId);
    }

    function _close(uint256 loanId, Loan storage loan) private {
        _exposure[loan.borrower] -= loan.principal;
        uint256[] storage open = _open[loan.borrower];
        uint256 last = open.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            if (open[i] == loanId) open[i] = open[last];
        }
        open.pop();
    }
}
