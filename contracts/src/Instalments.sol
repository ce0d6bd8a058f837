// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { ITermLoans } from "./ITermLoans.sol";

/// @title What of a loan is due when
/// @notice Instalment k of n is due k intervals after the draw. Up to it, owed × k / n is due, rounded up: the instalments are
/// equal but for one unit. Payments go to them in order, and to fees last; fees are due with the last one.
library Instalments {
    uint256 internal constant WHOLE_BPS = 10_000;
    /// @dev A loan is in default once so many instalments stand unpaid: of monthly ones, about ninety days.
    uint256 internal constant MISSED_FOR_DEFAULT = 3;

    /// @dev Principal and simple interest on the principal that is left: it falls by equal parts, so that on average
    /// (n + 1) / 2n of it is out for n intervals. Rounded up.
    function owedFor(uint128 principal, uint16 yearlyRateBps, uint32 interval, uint16 n)
        internal
        pure
        returns (uint128)
    {
        uint256 rate = uint256(yearlyRateBps) * interval * (uint256(n) + 1);
        return
            SafeCast.toUint128(principal + Math.mulDiv(principal, rate, 2 * 365 days * WHOLE_BPS, Math.Rounding.Ceil));
    }

    /// @dev When instalment k is due.
    function dueTime(ITermLoans.Loan memory loan, uint256 k) internal pure returns (uint64) {
        return uint64(loan.start + k * loan.interval);
    }

    /// @dev What of the instalments is unpaid, without fees.
    function unpaid(ITermLoans.Loan memory loan) internal pure returns (uint256) {
        return loan.outstanding > loan.fees ? loan.outstanding - loan.fees : 0;
    }

    /// @dev What is due only after instalment k.
    function dueAfter(ITermLoans.Loan memory loan, uint256 k) internal pure returns (uint256) {
        uint256 n = loan.instalments;
        return uint256(loan.owed) * (n - k) / n;
    }

    /// @dev The first instalment that is not paid in full: the least k with dueAfter(k) < unpaid. The last when only fees are
    /// left. The loan is not repaid.
    function firstUnpaid(ITermLoans.Loan memory loan) internal pure returns (uint256) {
        uint256 rest = unpaid(loan);
        if (rest == 0) return loan.instalments;
        // floor(owed × j / n) < rest means owed × j < rest × n: the largest such j is what comes after the instalment
        return loan.instalments - (rest * loan.instalments - 1) / loan.owed;
    }

    /// @dev The first date on which something stays unpaid. The loan is not repaid.
    function nextDueTime(ITermLoans.Loan memory loan) internal pure returns (uint64) {
        return dueTime(loan, firstUnpaid(loan));
    }

    /// @dev The next instalment to be marked as late, and what of it is unpaid: 0 when there is none.
    function nextUnmarked(ITermLoans.Loan memory loan) internal pure returns (uint256 k, uint128 overdue) {
        k = Math.max(firstUnpaid(loan), uint256(loan.marked) + 1);
        uint256 rest = unpaid(loan);
        if (k > loan.instalments || rest == 0) return (k, 0);
        overdue = uint128(Math.min(rest, dueAfter(loan, k - 1)) - dueAfter(loan, k));
    }

    /// @dev After when the loan is in default if nothing more is paid.
    function defaultTime(ITermLoans.Loan memory loan) internal pure returns (uint256) {
        uint256 k = Math.min(firstUnpaid(loan) + MISSED_FOR_DEFAULT - 1, loan.instalments);
        return uint256(dueTime(loan, k)) + loan.grace;
    }

    /// @dev The principal that is not back: each payment holds as much of it as the whole, rounded so that no more is counted
    /// as out than is.
    function principalLeft(ITermLoans.Loan memory loan) internal pure returns (uint128) {
        return uint128(unpaid(loan) * loan.principal / loan.owed);
    }
}
