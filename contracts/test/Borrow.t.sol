// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract BorrowTest is LoanFixture {
    function test_borrow__when_a_lower_threshold_is_proven__then_refused(uint8 steps) public {
        uint16 threshold = 310 + uint16(steps % 34) * 10;
        bytes memory reason = abi.encodeWithSelector(ITermLoans.ThresholdTooLow.selector, threshold, 650);
        _borrowRefused(MEI, 300 * USD, threshold, reason);
    }

    function test_borrow__when_proof_is_forged__then_the_oracle_refuses() public {
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, _who(BO), 650);
        _borrowRefused(BO, 300 * USD, 650, reason);
    }

    function test_borrow__when_proof_is_another_borrowers__then_refused(address thief) public {
        vm.assume(thief != _who(MEI));
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, thief, 650));
        loans.borrow(300 * USD, MONTH, proof);
    }

    function test_borrow__when_score_is_older_than_the_policy_allows__then_refused() public {
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(uint256(snapshotTime) + 10 days + 1);
        _borrowRefused(
            MEI, 300 * USD, 650, abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, 10 days)
        );
    }

    function test_borrow__when_status_is_thin_or_disputed__then_only_where_the_policy_takes_it() public {
        _borrowRefused(THIN, USD, 650, abi.encodeWithSelector(ITermLoans.StatusRefused.selector, 2));
        _borrowRefused(OPEN, USD, 650, abi.encodeWithSelector(ITermLoans.StatusRefused.selector, 129));
        ITermLoans.Policy memory policy = _policy();
        policy.acceptThin = true;
        _setPolicy(policy);
        _borrow(THIN, USD);
        _borrowRefused(OPEN, USD, 650, abi.encodeWithSelector(ITermLoans.StatusRefused.selector, 129));
        policy.acceptDisputed = true;
        _setPolicy(policy);
        _borrow(OPEN, USD);
    }

    function test_borrow__when_principal_is_zero_or_too_large__then_refused(uint128 principal) public {
        _borrowRefused(MEI, 0, 650, abi.encodeWithSelector(ITermLoans.AmountZero.selector));
        principal = uint128(_bound(principal, 500 * USD + 1, type(uint128).max));
        bytes4 selector = ITermLoans.PrincipalTooLarge.selector;
        _borrowRefused(MEI, principal, 650, abi.encodeWithSelector(selector, principal, 500 * USD));
    }

    function test_borrow__when_term_is_zero_or_too_long__then_refused(uint32 term) public {
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        bytes4 selector = ITermLoans.TermOutOfRange.selector;
        vm.startPrank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 90 days));
        loans.borrow(USD, 0, proof);
        term = uint32(_bound(term, 90 days + 1, type(uint32).max));
        vm.expectRevert(abi.encodeWithSelector(selector, term, 90 days));
        loans.borrow(USD, term, proof);
    }

    /// @notice One proof cannot draw the limit twice.
    function test_borrow__when_all_loans_together_exceed_the_limit__then_refused(uint128 first, uint128 second) public {
        first = uint128(_bound(first, 300 * USD + 1, 500 * USD));
        second = uint128(_bound(second, 800 * USD - first + 1, 500 * USD));
        _borrow(MEI, first);
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(selector, _who(MEI), uint256(first) + second, 800 * USD));
        loans.borrow(second, MONTH, proof);
        _borrow(MEI, 800 * USD - first); // up to the limit
        vm.assertEq(loans.exposureOf(_who(MEI)), 800 * USD);
    }

    function test_borrow__when_a_loan_is_overdue__then_refused_until_it_is_repaid() public {
        vm.prank(LENDER);
        loans.setPolicy(_lax());
        uint256 first = _borrow(MEI, 100 * USD);
        uint256 second = _borrow(MEI, 100 * USD);
        ITermLoans.Loan memory loan = loans.loanOf(first);
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.warp(loan.dueTime);
        _republish();
        proof.epoch = oracle.currentEpoch();
        vm.startPrank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanOverdue.selector, first, loan.dueTime));
        loans.borrow(USD, MONTH, proof);
        vm.stopPrank();
        _repay(_who(MEI), first, type(uint128).max);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.LoanOverdue.selector, second, loan.dueTime));
        loans.borrow(USD, MONTH, proof);
        _repay(_who(MEI), second, type(uint128).max);
        vm.prank(_who(MEI));
        loans.borrow(USD, MONTH, proof);
    }

    function _lax() private pure returns (ITermLoans.Policy memory policy) {
        policy = _policy();
        policy.maxScoreAge = type(uint64).max;
    }

    /// @notice The same files in the epoch that ends next.
    function _republish() private {
        uint64 epoch = oracle.epochAt(uint64(block.timestamp));
        _publishActive(epoch, _tree(_fixedFiles())[0]);
    }

    function test_borrow__when_too_many_loans_are_open__then_refused() public {
        uint256 most = loans.MAX_OPEN_LOANS();
        for (uint256 i = 0; i < most; ++i) {
            _borrow(MEI, USD);
        }
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.TooManyLoans.selector, _who(MEI), most));
        loans.borrow(USD, MONTH, proof);
        _repay(_who(MEI), 3, 2 * USD);
        _borrow(MEI, USD);
    }

    function test_borrow__when_the_lender_has_not_enough_coin__then_refused() public {
        vm.prank(LENDER);
        loans.withdraw(1_000_000 * USD - USD);
        bytes4 selector = IERC20Errors.ERC20InsufficientBalance.selector;
        bytes memory reason = abi.encodeWithSelector(selector, address(loans), USD, 2 * USD);
        _borrowRefused(MEI, 2 * USD, 650, reason);
    }

    function test_borrow__when_all_is_well__then_it_pays_out_and_books_the_loan(uint128 principal, uint32 term) public {
        principal = uint128(_bound(principal, 1, 500 * USD));
        term = uint32(_bound(term, 1, 90 days));
        uint256 interest = (uint256(principal) * 1200 * term + 10_000 * 365 days - 1) / (10_000 * 365 days);
        uint128 owed = principal + uint128(interest);
        uint64 dueTime = uint64(block.timestamp) + term;
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);

        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDrawn(1, _who(MEI), principal, owed, dueTime, false);
        vm.prank(_who(MEI));
        uint256 loanId = loans.borrow(principal, term, proof);

        vm.assertEq(loanId, 1);
        vm.assertEq(coin.balanceOf(_who(MEI)), principal);
        vm.assertEq(coin.balanceOf(address(loans)), 1_000_000 * USD - principal);
        vm.assertEq(loans.exposureOf(_who(MEI)), principal);
        ITermLoans.Loan memory loan = ITermLoans.Loan({
            borrower: _who(MEI),
            dueTime: uint48(dueTime),
            grace: 5 days,
            starter: false,
            defaulted: false,
            principal: principal,
            outstanding: owed
        });
        vm.assertEq(abi.encode(loans.loanOf(1)), abi.encode(loan));
    }
}
