// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { LoanHandler } from "./LoanHandler.sol";

/// @notice Whatever is done, in whatever order: coin, shares, stakes and the book add up, and nobody draws beyond the limit.
contract LoanInvariantsTest {
    LoanHandler internal handler;
    TermLoans internal loans;
    LoanPool[2] internal pools;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        handler = new LoanHandler();
        handler.setUp();
        loans = handler.theLoans();
        (pools[0], pools[1]) = handler.thePools();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory chosen = new bytes4[](13);
        chosen[0] = LoanHandler.draw.selector;
        chosen[1] = LoanHandler.draw.selector; // most of what happens
        chosen[2] = LoanHandler.draw.selector;
        chosen[3] = LoanHandler.pay.selector;
        chosen[4] = LoanHandler.pay.selector;
        chosen[5] = LoanHandler.cancel.selector;
        chosen[6] = LoanHandler.mark.selector;
        chosen[7] = LoanHandler.vouch.selector;
        chosen[8] = LoanHandler.save.selector;
        chosen[9] = LoanHandler.link.selector;
        chosen[10] = LoanHandler.wait.selector;
        chosen[11] = LoanHandler.wait.selector;
        chosen[12] = LoanHandler.mark.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), chosen);
    }

    /// @notice All of them after every step of one campaign, which is what costs time.
    function invariant_whatever_is_done__it_adds_up() public view {
        _checkDraws();
        _checkCoin();
        _checkPools();
        _checkBook();
        _checkLoans();
        _checkStakes();
    }

    /// @notice Only on one's own proof, by a row that takes it, within its limit and what is locked, and while nothing is late.
    function _checkDraws() private view {
        require(!handler.broken(), "a loan that the rules refuse");
    }

    /// @notice Coin is in the pool because it came and did not go.
    function _checkCoin() private view {
        for (uint256 i = 0; i < 2; ++i) {
            (uint256 deposited, uint256 withdrawn, uint256 lent, uint256 repaid) = handler.flows(pools[i]);
            require(pools[i].idle() + withdrawn + lent == deposited + repaid, "coin");
        }
    }

    /// @notice What the pool has lent is what its open loans say, and its assets cover all shares, less the losses that are marked.
    function _checkPools() private view {
        for (uint256 i = 0; i < 2; ++i) {
            LoanPool pool = pools[i];
            (uint256 deposited, uint256 withdrawn,,) = handler.flows(pool);
            require(pool.lent() == _principalLeft(pool, false), "lent");
            require(pool.overdue() == _principalLeft(pool, true), "overdue");
            require(pool.totalAssets() == pool.idle() + pool.lent(), "assets");
            require(pool.previewRedeem(pool.totalSupply()) <= pool.totalAssets(), "shares");
            require(pool.totalAssets() + _marked(pool) + withdrawn >= deposited, "a loss that nobody marked");
        }
    }

    /// @notice A person's exposure is the principal of all its open loans, in whole cents.
    function _checkBook() private view {
        for (uint256 i = 0; i < 5; ++i) {
            address[] memory wallets = handler.bookOf(i);
            uint256 sum = 0;
            for (uint256 j = 0; j < wallets.length; ++j) {
                uint256[] memory open = loans.openLoansOf(wallets[j]);
                require(open.length <= loans.MAX_OPEN_LOANS(), "too many");
                for (uint256 k = 0; k < open.length; ++k) {
                    ITermLoans.Loan memory loan = loans.loanOf(open[k]);
                    require(loan.outstanding != 0 && loan.borrower == wallets[j], "not open");
                    uint256 cent = loan.pool == address(pools[0]) ? 1e4 : 1e16;
                    sum += (loan.principal + cent - 1) / cent;
                }
            }
            (uint256 exposure,) = loans.exposureOf(handler.whoIs(i));
            require(exposure == sum, "exposure");
        }
    }

    /// @notice What is owed is what was owed at the draw, the fees that are told, and nothing else.
    function _checkLoans() private view {
        for (uint256 id = 1; id <= loans.lastLoanId(); ++id) {
            ITermLoans.Loan memory loan = loans.loanOf(id);
            if (loan.state == ITermLoans.State.Cancelled) continue;
            require(loan.outstanding + handler.paidFor(id) == uint256(loan.owed) + loan.fees, "owed");
            require(loan.fees <= loan.owed / 20 + loan.instalments, "fees");
        }
    }

    /// @notice All coin in the book is stake, free or locked; what is locked is what open loans say.
    function _checkStakes() private view {
        for (uint256 i = 0; i < 2; ++i) {
            (uint256 free, uint256 locked) = handler.stakesIn(pools[i]);
            require(_coinIn(pools[i]) == free + locked, "stakes");
            uint256 sum = 0;
            for (uint256 id = 1; id <= loans.lastLoanId(); ++id) {
                ITermLoans.Loan memory loan = loans.loanOf(id);
                bool stands = loan.state == ITermLoans.State.Open || loan.state == ITermLoans.State.Overdue;
                if (loan.pool != address(pools[i]) || !stands) continue;
                ITermLoans.Guarantee[] memory given = loans.guaranteesOf(id);
                for (uint256 j = 0; j < given.length; ++j) {
                    sum += given[j].amount;
                }
            }
            require(sum == locked, "locked");
        }
    }

    function _coinIn(LoanPool pool) private view returns (uint256) {
        (, bytes memory answer) = pool.asset().staticcall(abi.encodeWithSignature("balanceOf(address)", address(loans)));
        return abi.decode(answer, (uint256));
    }

    /// @dev Of all loans that are not in default, or only of those that are marked as overdue.
    function _principalLeft(LoanPool pool, bool onlyOverdue) private view returns (uint256 sum) {
        for (uint256 id = 1; id <= loans.lastLoanId(); ++id) {
            ITermLoans.Loan memory loan = loans.loanOf(id);
            bool isOverdue = loan.state == ITermLoans.State.Overdue;
            bool counts = isOverdue || (!onlyOverdue && loan.state == ITermLoans.State.Open);
            if (loan.pool != address(pool) || !counts || loan.outstanding <= loan.fees) continue;
            sum += uint256(loan.outstanding - loan.fees) * loan.principal / loan.owed;
        }
    }

    function _marked(LoanPool pool) private view returns (uint256 sum) {
        for (uint16 row = 0; row < 4; ++row) {
            sum += pool.lossOf(row).marked;
        }
    }
}
