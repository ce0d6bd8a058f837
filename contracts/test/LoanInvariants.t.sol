// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

/// @notice Five borrowers who use the same proof of epoch 1 again and again, their own or another's; strangers who repay for
/// them; time that passes. What was let through is booked in the plainest way, for the invariants to compare.
contract Borrowers is LoanFixture {
    uint256 public lent;
    uint256 public repaid;
    uint256[] private _ids;
    bool public broken;

    function theLoans() external view returns (TermLoans) {
        return loans;
    }

    function everyLoan() external view returns (uint256[] memory) {
        return _ids;
    }

    function funds() external view returns (uint256) {
        return coin.balanceOf(address(loans));
    }

    function whoIs(uint256 i) external pure returns (address) {
        return _who(i);
    }

    /// @notice Somebody draws on a proof that is the caller's own in three cases of four.
    function draw(uint256 who, uint256 whose, uint128 principal, uint32 term, uint16 threshold) external {
        who %= 5;
        uint256 owner = whose % 4 == 0 ? (whose / 4) % 4 : who;
        uint16 shown = threshold % 4 == 0 ? 640 : 650;
        if (owner == 4 || (owner == BO && shown > 610)) owner = MEI; // proofs that there are
        ICreditOracle.AtLeastProof memory proof = _proof(owner, owner == BO ? 610 : shown);
        uint128 amount = principal % (600 * USD);
        bool isLate = _isLate(_who(who));
        vm.prank(_who(who));
        try loans.borrow(amount, term % (100 days), proof) returns (uint256 id) {
            lent += amount;
            _ids.push(id);
            broken = broken || isLate || who != MEI || owner != MEI || shown < 650;
        } catch { }
    }

    function pay(uint256 which, uint128 amount) external {
        if (_ids.length == 0) return;
        uint256 id = _ids[which % _ids.length];
        uint128 most = amount % (700 * USD);
        address payer = address(0xABCD);
        coin.mint(payer, most);
        vm.startPrank(payer);
        coin.approve(address(loans), most);
        try loans.repay(id, most) returns (uint128 paid) {
            repaid += paid;
        } catch { }
        vm.stopPrank();
    }

    function mark(uint256 which) external {
        if (_ids.length == 0) return;
        try loans.markDefault(_ids[which % _ids.length]) { } catch { }
    }

    function wait(uint256 time) external {
        _warp(block.timestamp + time % 3 days);
    }

    function _isLate(address borrower) private view returns (bool) {
        uint256[] memory open = loans.openLoansOf(borrower);
        for (uint256 i = 0; i < open.length; ++i) {
            if (loans.loanOf(open[i]).dueTime < block.timestamp) return true;
        }
        return false;
    }
}

/// @notice One proof never opens more than its limit, however often it is shown, by whomever; the coin adds up.
contract LoanInvariantsTest {
    Borrowers internal borrowers;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        borrowers = new Borrowers();
        borrowers.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(borrowers);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory chosen = new bytes4[](6);
        chosen[0] = Borrowers.draw.selector;
        chosen[1] = Borrowers.draw.selector; // most of what happens
        chosen[2] = Borrowers.draw.selector;
        chosen[3] = Borrowers.pay.selector;
        chosen[4] = Borrowers.mark.selector;
        chosen[5] = Borrowers.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(borrowers), chosen);
    }

    /// @notice Only the proof's own borrower draws on it, at the lender's threshold, and not while a loan is overdue.
    function invariant_nobody_draws_who_must_not() public view {
        require(!borrowers.broken(), "a loan that the policy refuses");
    }

    function invariant_one_proof_never_opens_more_than_its_limit() public view {
        TermLoans loans = borrowers.theLoans();
        uint256 limit = loans.policy().exposureLimit;
        for (uint256 i = 0; i < 5; ++i) {
            address who = borrowers.whoIs(i);
            uint256 open = _principalOf(loans, who);
            require(open <= limit && loans.exposureOf(who) >= open, "beyond the limit");
        }
    }

    function invariant_the_coin_adds_up() public view {
        uint256 start = 1_000_000 * 1e6;
        require(borrowers.funds() == start - borrowers.lent() + borrowers.repaid(), "coin");
    }

    function _principalOf(TermLoans loans, address who) private view returns (uint256 sum) {
        uint256[] memory ids = borrowers.everyLoan();
        for (uint256 i = 0; i < ids.length; ++i) {
            ITermLoans.Loan memory loan = loans.loanOf(ids[i]);
            if (loan.borrower == who && loan.outstanding != 0) sum += loan.principal;
        }
    }
}
