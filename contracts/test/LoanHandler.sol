// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";
import { SizedCoin } from "./mocks/LoanCoins.sol";

/// @notice Five wallets that link, part, and draw from two pools in every way, on proofs that are their own or another's;
/// strangers who repay, vouch and save; time that passes. What was let through is booked in the plainest way.
contract LoanHandler is LoanFixture {
    uint256 internal constant WALLETS = 5;
    address internal constant PAYER = address(0xB0B);

    /// @notice Coin in and out of a pool as it was seen to move.
    struct Flow {
        uint256 deposited;
        uint256 withdrawn;
        uint256 lent;
        uint256 repaid;
    }

    mapping(LoanPool => Flow) public flows;
    mapping(uint256 loanId => uint256) public paidFor;
    bool public broken;

    function setUp() public override {
        super.setUp();
        flows[pool].deposited = FUNDS * USD;
        flows[other].deposited = FUNDS * DOLLAR;
        address[] memory borrowers = new address[](1);
        borrowers[0] = _who(BO);
        vm.startPrank(LENDER);
        pool.allowStarter(borrowers, 60 * USD);
        other.allowStarter(borrowers, 60 * DOLLAR);
        vm.stopPrank();
        for (uint256 i = MEI; i <= THIN; ++i) {
            _vouchAs(PAYER, pool, i, 300);
            _vouchAs(PAYER, other, i, 300);
        }
    }

    // ------------------------------------------------------------------------------------------------------------- verbs

    function draw(uint256 seed, uint8 how, uint128 dollars, uint32 interval, uint16 instalments) external {
        LoanPool from = _poolOf(seed);
        uint256 who = how % 5 == 0 ? BO : how % 8 == 7 ? seed % WALLETS : how % 2 == 0 ? MEI : THIN;
        ITermLoans.Draw memory asked = ITermLoans.Draw({
            principal: dollars % (how % 16 == 15 ? 600 : 120) * _unit(from) + uint128(seed % 3),
            interval: interval % (how % 16 == 14 ? 100 days : 25 days),
            instalments: how % 16 == 13 ? instalments : 1 + instalments % 12,
            worst: _whatever(),
            guarantors: new address[](_hasGuarantor(from, who, how) ? 1 : 0)
        });
        if (asked.guarantors.length == 1) asked.guarantors[0] = PAYER;
        bool isLate = _isLate(who);
        uint256 loanId = _try(from, asked, who, how);
        if (loanId == 0) return;
        flows[from].lent += asked.principal;
        broken = broken || isLate;
        _checkDrawn(from, loanId);
    }

    function pay(uint256 which, uint128 amount) external {
        uint256 loanId = _any(which);
        if (loanId == 0) return;
        LoanPool to = LoanPool(loans.loanOf(loanId).pool);
        uint128 most = amount % (400 * _unit(to));
        if (which % 2 == 0) (, most) = loans.nextDueOf(loanId);
        SizedCoin of_ = _fund(to, PAYER, most);
        uint256 before = of_.balanceOf(address(to));
        vm.startPrank(PAYER);
        of_.approve(address(loans), most);
        try loans.repay(loanId, most) returns (uint128 paid) {
            paidFor[loanId] += paid;
            flows[to].repaid += of_.balanceOf(address(to)) - before;
        } catch { }
        vm.stopPrank();
    }

    function cancel(uint256 which) external {
        uint256 loanId = _any(which);
        if (loanId == 0 || which % 4 != 0) return; // most keep what they drew
        ITermLoans.Loan memory loan = loans.loanOf(loanId);
        SizedCoin of_ = _fund(LoanPool(loan.pool), loan.borrower, loan.principal);
        uint256 before = of_.balanceOf(loan.pool);
        vm.startPrank(loan.borrower);
        of_.approve(address(loans), loan.principal);
        try loans.cancel(loanId) {
            flows[LoanPool(loan.pool)].repaid += of_.balanceOf(loan.pool) - before;
        } catch { }
        vm.stopPrank();
    }

    function mark(uint256 which, uint8 how) external {
        uint256 loanId = _any(which);
        if (loanId == 0) return;
        LoanPool of_ = LoanPool(loans.loanOf(loanId).pool);
        uint256 before = of_.idle();
        if (how % 8 == 0) {
            vm.prank(LENDER);
            try loans.writeOff(loanId) { } catch { }
        } else if (how % 4 == 0) {
            try loans.markOverdue(loanId) { } catch { }
        } else if (how % 2 == 0) {
            try loans.markDelinquent(loanId) { } catch { }
        } else {
            try loans.markDefault(loanId) { } catch { }
        }
        flows[of_].repaid += of_.idle() - before; // what guarantors paid
    }

    function vouch(uint256 seed, uint96 dollars) external {
        LoanPool for_ = _poolOf(seed);
        uint256 who = seed / 2 % WALLETS;
        if (dollars % 3 == 0) {
            vm.prank(PAYER);
            try loans.unvouch(for_, _who(who)) { } catch { }
        } else {
            _vouchAs(PAYER, for_, who, dollars % 400 + 1);
        }
    }

    function save(uint256 seed, uint96 dollars) external {
        LoanPool into = _poolOf(seed);
        if (dollars % 2 == 0) {
            uint256 amount = uint256(dollars % 5000) * _unit(into) + seed % 7;
            flows[into].deposited += amount;
            _deposit(into, PAYER, amount);
        } else {
            address holder = dollars % 5 == 0 ? LENDER : PAYER;
            uint256 shares = into.maxRedeem(holder);
            vm.prank(holder);
            flows[into].withdrawn += into.redeem(shares / (1 + seed % 4), holder, holder);
        }
    }

    function link(uint256 seed) external {
        uint256 i = seed % WALLETS;
        uint256 j = seed / WALLETS % WALLETS;
        if (seed % 4 == 0) {
            vm.prank(_who(i));
            try links.unlink() { } catch { }
        } else {
            try this.linkBoth(i, j) { } catch { }
        }
    }

    function linkBoth(uint256 i, uint256 j) external {
        _link(i, j);
    }

    function wait(uint256 time) external {
        _warp(block.timestamp + time % 20 days);
        if (block.timestamp > oracle.rootOf(oracle.currentEpoch()).snapshotTime + 8 days) _republish();
    }

    // ------------------------------------------------------------------------------------------------------------ reads

    function theLoans() external view returns (TermLoans) {
        return loans;
    }

    function thePools() external view returns (LoanPool, LoanPool) {
        return (pool, other);
    }

    function whoIs(uint256 i) external view returns (address) {
        return _who(i);
    }

    function bookOf(uint256 i) external view returns (address[] memory) {
        return links.bookOf(_who(i));
    }

    function stakesIn(LoanPool in_) external view returns (uint256 free, uint256 locked) {
        for (uint256 i = 0; i < WALLETS; ++i) {
            ITermLoans.Vouch memory given = loans.vouchOf(in_, _who(i), PAYER);
            free += given.free;
            locked += given.locked;
        }
    }

    // ---------------------------------------------------------------------------------------------------------- private

    function _try(LoanPool from, ITermLoans.Draw memory asked, uint256 who, uint8 how) private returns (uint256) {
        if (how % 5 == 0) {
            vm.prank(_who(who));
            try loans.borrowStarter(from, asked) returns (uint256 id) {
                return id;
            } catch {
                return 0;
            }
        }
        if (how % 5 == 1) {
            ICreditOracle.ScoreProof memory score = _scoreProof(_fixedFiles(), who, oracle.currentEpoch());
            vm.prank(_who(who));
            try loans.borrowWithScore(from, asked, score) returns (uint256 id) {
                return id;
            } catch {
                return 0;
            }
        }
        uint256 owner = how % 7 == 0 ? MEI : who; // another's proof
        ICreditOracle.AtLeastProof memory proof = _proof(owner, how % 11 == 0 ? 630 : 650);
        vm.prank(_who(who));
        try loans.borrow(from, asked, proof) returns (uint256 id) {
            broken = broken || owner != who;
            return id;
        } catch {
            return 0;
        }
    }

    /// @dev What no draw may do: go beyond the limit of its row and what is locked, or be by a row of others.
    function _checkDrawn(LoanPool from, uint256 loanId) private {
        ITermLoans.Loan memory loan = loans.loanOf(loanId);
        address[] memory wallets = links.bookOf(loan.borrower);
        uint256 limit = loan.row == 0 ? 60_00 : [uint256(900_00), 800_00, 200_00][loan.row - 1];
        uint256 sum = 0;
        uint256 covered = 0;
        for (uint256 i = 0; i < wallets.length; ++i) {
            uint256[] memory open = loans.openLoansOf(wallets[i]);
            for (uint256 j = 0; j < open.length; ++j) {
                ITermLoans.Loan memory one = loans.loanOf(open[j]);
                sum += one.principal * 100 / _unit(LoanPool(one.pool));
                ITermLoans.Guarantee[] memory given = loans.guaranteesOf(open[j]);
                for (uint256 k = 0; k < given.length; ++k) {
                    covered += uint256(given[k].amount) * 100 / _unit(LoanPool(one.pool));
                }
            }
        }
        bool isThin = loan.borrower == _who(THIN);
        bool wrongRow = loan.row == THIN_ROW ? !isThin : loan.row != 0 && loan.borrower != _who(MEI);
        broken = broken || sum > limit + covered || wrongRow || loan.pool != address(from);
    }

    function _isLate(uint256 who) private view returns (bool) {
        address[] memory wallets = links.bookOf(_who(who));
        for (uint256 i = 0; i < wallets.length; ++i) {
            uint256[] memory open = loans.openLoansOf(wallets[i]);
            for (uint256 j = 0; j < open.length; ++j) {
                (uint64 dueTime,) = loans.nextDueOf(open[j]);
                bool isOpen = loans.loanOf(open[j]).state == ITermLoans.State.Open;
                if (!isOpen || dueTime < block.timestamp) return true;
            }
        }
        return false;
    }

    function _vouchAs(address guarantor, LoanPool for_, uint256 who, uint96 dollars) private {
        uint96 amount = dollars * uint96(_unit(for_));
        SizedCoin of_ = _fund(for_, guarantor, amount);
        vm.startPrank(guarantor);
        of_.approve(address(loans), amount);
        loans.vouch(for_, _who(who), amount, type(uint64).max);
        vm.stopPrank();
    }

    function _fund(LoanPool of_, address who, uint256 amount) private returns (SizedCoin made) {
        made = SizedCoin(of_.asset());
        made.mint(who, amount);
    }

    function _poolOf(uint256 seed) private view returns (LoanPool) {
        return seed % 2 == 0 ? pool : other;
    }

    function _unit(LoanPool of_) private view returns (uint128) {
        return address(of_) == address(pool) ? USD : DOLLAR;
    }

    /// @dev Seldom without a stake: that is refused.
    function _hasGuarantor(LoanPool from, uint256 who, uint8 how) private view returns (bool) {
        return how % 3 == 0 && (how % 16 == 12 || loans.vouchOf(from, _who(who), PAYER).free != 0);
    }

    /// @dev One of the loans, an open one where it is not far; 0: there is none.
    function _any(uint256 which) private view returns (uint256 loanId) {
        uint256 last = loans.lastLoanId();
        for (uint256 i = 0; i < 4 && last != 0; ++i) {
            loanId = 1 + (which % last + i) % last;
            if (loans.loanOf(loanId).outstanding != 0) return loanId;
        }
    }
}
