// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract BorrowTest is LoanFixture {
    // ------------------------------------------------------------------------------------------------------------ proofs

    /// forge-config: default.fuzz.runs = 32
    function test_borrow__when_no_row_takes_the_threshold__then_refused_with_the_least(uint8 steps) public {
        uint16 threshold = 310 + uint16(steps % 34) * 10;
        bytes memory reason = abi.encodeWithSelector(ILoanPool.NoRowFits.selector, threshold, 1, 650);
        _borrowRefused(MEI, _once(300 * USD), threshold, reason);
    }

    function test_borrow__when_proof_is_forged__then_the_oracle_refuses() public {
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, _who(BO), 650);
        _borrowRefused(BO, _once(300 * USD), 650, reason);
    }

    function test_borrow__when_proof_is_another_borrowers__then_refused(address thief) public {
        vm.assume(thief != _who(MEI));
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, thief, 650));
        loans.borrow(pool, _once(300 * USD), proof);
    }

    /// @notice Linked wallets owe together; a proof is still of one of them.
    function test_borrow__when_proof_is_of_a_linked_wallet__then_refused() public {
        _link(MEI, BO);
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(_who(BO));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, _who(BO), 650));
        loans.borrow(pool, _once(USD), proof);
    }

    function test_borrow__when_score_is_older_than_the_pool_allows__then_refused() public {
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(uint256(snapshotTime) + 10 days + 1);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, 10 days);
        _borrowRefused(MEI, _once(300 * USD), 650, reason);
    }

    function test_borrow__when_the_proof_is_of_an_earlier_epoch__then_refused() public {
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        _republish();
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotCurrentEpoch.selector, 1, 2));
        loans.borrow(pool, _once(USD), proof);
    }

    function test_borrow__when_record_is_thin_or_disputed__then_only_where_a_row_takes_it() public {
        vm.assertEq(loans.loanOf(_borrow(THIN, 200 * USD)).row, THIN_ROW);
        bytes4 selector = ILoanPool.NoRowFits.selector;
        _borrowRefused(OPEN, _once(USD), 650, abi.encodeWithSelector(selector, 650, 129, 0));
        ILoanPool.Row[] memory table = _table(USD);
        table[1].statuses = 1 | 4;
        _setTable(table);
        vm.assertEq(loans.loanOf(_borrow(OPEN, USD)).row, 5); // rows 4 to 6 replace 1 to 3
    }

    // ----------------------------------------------------------------------------------------------------- what is asked

    function test_borrow__when_the_pool_is_not_listed__then_refused() public {
        LoanPool unlisted = _newPool(coin, USD);
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(unlisted)));
        loans.borrow(unlisted, _once(USD), proof);
    }

    function test_borrow__when_principal_is_zero_or_too_large__then_refused(uint128 principal) public {
        _borrowRefused(MEI, _once(0), 650, abi.encodeWithSelector(ITermLoans.AmountZero.selector));
        principal = uint128(_bound(principal, 500 * USD + 1, type(uint128).max));
        bytes4 selector = ITermLoans.PrincipalTooLarge.selector;
        _borrowRefused(MEI, _once(principal), 650, abi.encodeWithSelector(selector, principal, 500 * USD));
    }

    function test_borrow__when_term_is_zero_or_too_long__then_refused(uint32 interval, uint16 instalments) public {
        instalments = uint16(_bound(instalments, 1, 12));
        interval = uint32(_bound(interval, 360 days / instalments + 1, type(uint32).max));
        bytes4 selector = ITermLoans.TermOutOfRange.selector;
        ITermLoans.Draw memory draw = _draw(USD, 0, instalments);
        _borrowRefused(MEI, draw, 650, abi.encodeWithSelector(selector, 0, 360 days));
        draw.interval = interval;
        uint256 term = uint256(interval) * instalments;
        _borrowRefused(MEI, draw, 650, abi.encodeWithSelector(selector, term, 360 days));
    }

    function test_borrow__when_instalments_are_none_or_too_many__then_refused(uint16 instalments) public {
        instalments = uint16(_bound(instalments, 13, type(uint16).max));
        bytes4 selector = ITermLoans.InstalmentsOutOfRange.selector;
        _borrowRefused(MEI, _monthly(USD, 0), 650, abi.encodeWithSelector(selector, 0, 12));
        _borrowRefused(MEI, _monthly(USD, instalments), 650, abi.encodeWithSelector(selector, instalments, 12));
    }

    function test_borrow__when_the_pool_has_not_enough_coin__then_refused() public {
        vm.prank(LENDER);
        pool.withdraw((FUNDS - 1) * USD, LENDER, LENDER);
        bytes memory reason = abi.encodeWithSelector(ILoanPool.NotEnoughIdle.selector, 2 * USD, USD);
        _borrowRefused(MEI, _once(2 * USD), 650, reason);
    }

    function test_borrow__of_the_largest_amount__then_refused_and_nothing_wraps() public {
        uint128 most = type(uint128).max / 1e4 * 1e4; // whole cents
        ILoanPool.Terms memory terms = _terms(USD);
        terms.maxPrincipal = most;
        _setTerms(terms);
        ILoanPool.Row[] memory table = _table(USD);
        table[1].limit = most;
        _setTable(table);
        bytes4 selector = SafeCast.SafeCastOverflowedUintDowncast.selector;
        uint256 interest = Math.mulDiv(most, 1200 * uint256(MONTH), 365 days * 10_000, Math.Rounding.Ceil);
        _borrowRefused(MEI, _once(most), 650, abi.encodeWithSelector(selector, 128, most + interest));
        table[1].yearlyRateBps = 0;
        _setTable(table);
        selector = ILoanPool.NotEnoughIdle.selector;
        _borrowRefused(MEI, _once(most), 650, abi.encodeWithSelector(selector, most, FUNDS * USD));
    }

    // -------------------------------------------------------------------------------------------------------- conditions

    /// @notice What the borrower saw holds, or nothing is drawn: here the owner's change comes first.
    function test_borrow__when_the_table_has_become_dearer__then_refused(uint16 dearer, uint128 principal) public {
        dearer = uint16(_bound(dearer, 1300, type(uint16).max));
        principal = uint128(_bound(principal, USD, 500 * USD));
        ITermLoans.Draw memory draw = _once(principal);
        draw.worst = loans.quote(pool, principal, MONTH, 1, 1200);
        ILoanPool.Row[] memory table = _table(USD);
        table[1].yearlyRateBps = dearer;
        _setTable(table);
        uint128 owed = principal + _interest(principal, MONTH, 1, dearer);
        bytes4 selector = ITermLoans.OwesMoreThanAgreed.selector;
        _borrowRefused(MEI, draw, 650, abi.encodeWithSelector(selector, owed, draw.worst.owed));
    }

    function test_borrow__when_any_term_has_become_worse__then_refused() public {
        ITermLoans.Draw memory draw = _once(USD);
        draw.worst = loans.quote(pool, USD, MONTH, 1, 1200);
        _changed(draw, 501, 5 days, 2 days);
        _changed(draw, 500, 5 days - 1, 2 days);
        _changed(draw, 500, 5 days, 2 days - 1);
    }

    function test_borrow__when_all_has_become_better__then_drawn() public {
        ITermLoans.Draw memory draw = _once(USD);
        draw.worst = loans.quote(pool, USD, MONTH, 1, 1200);
        ILoanPool.Row[] memory table = _table(USD);
        table[1].yearlyRateBps = 1100;
        _setTable(table);
        _setTerms(_termsOf(499, 6 days, 3 days));
        ITermLoans.Loan memory loan = loans.loanOf(_borrow(MEI, draw));
        vm.assertEq(loan.owed, USD + _interest(USD, MONTH, 1, 1100));
        vm.assertEq(loan.lateFeeBps, 499);
    }

    function test_quote__when_the_pool_is_not_listed__then_refused() public {
        vm.prank(OWNER);
        loans.unlistPool(pool);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(pool)));
        loans.quote(pool, USD, MONTH, 1, 1200);
    }

    function _changed(ITermLoans.Draw memory draw, uint16 lateFeeBps, uint32 grace, uint32 coolingOff) private {
        _setTerms(_termsOf(lateFeeBps, grace, coolingOff));
        bytes4 selector = ITermLoans.WorseThanAgreed.selector;
        _borrowRefused(MEI, draw, 650, abi.encodeWithSelector(selector, lateFeeBps, grace, coolingOff));
    }

    function _termsOf(uint16 lateFeeBps, uint32 grace, uint32 coolingOff)
        private
        pure
        returns (ILoanPool.Terms memory terms)
    {
        terms = _terms(USD);
        (terms.lateFeeBps, terms.grace, terms.coolingOff) = (lateFeeBps, grace, coolingOff);
    }

    // ---------------------------------------------------------------------------------------------------------- the book

    /// @notice One proof cannot draw the limit twice, in no pool and in no coin.
    function test_borrow__when_all_loans_together_exceed_the_limit__then_refused(uint128 first, uint128 second) public {
        first = uint128(_bound(first, 301, 500)); // dollars
        second = uint128(_bound(second, 801 - first, 500));
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(_who(MEI));
        loans.borrow(other, _once(first * DOLLAR), proof);
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        uint256 cents = uint256(first + second) * 100;
        _borrowRefused(MEI, _once(second * USD), 650, abi.encodeWithSelector(selector, _who(MEI), cents, 800_00));
        _borrow(MEI, (800 - first) * USD); // up to the limit
        (uint256 exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 800_00);
        _borrowRefused(MEI, _once(1), 650, abi.encodeWithSelector(selector, _who(MEI), 800_01, 800_00)); // part of a cent
    }

    /// forge-config: default.fuzz.runs = 32
    function test_borrow__when_linked_wallets_exceed_the_limit_together__then_refused(uint128 first) public {
        first = uint128(_bound(first, 301, 500));
        _link(MEI, THIN);
        _borrow(MEI, first * USD);
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        uint256 cents = uint256(first) * 100 + 1;
        _borrowRefused(THIN, _once(1), 650, abi.encodeWithSelector(selector, _who(THIN), cents, 200_00));
        vm.prank(_who(THIN));
        links.unlink();
        _borrowRefused(THIN, _once(1), 650, abi.encodeWithSelector(selector, _who(THIN), cents, 200_00));
        vm.warp(block.timestamp + LINK_DELAY);
        _republish();
        _borrow(THIN, 200 * USD);
    }

    /// @notice A chain of links, closed to a ring as far as links allow, counts each wallet once.
    function test_borrow__when_links_make_a_ring__then_each_loan_counts_once() public {
        _link(MEI, THIN);
        _link(THIN, BO);
        _borrow(MEI, 100 * USD);
        _borrow(THIN, 50 * USD);
        for (uint256 i = 0; i < 3; ++i) {
            (uint256 exposure,) = loans.exposureOf(_who(i));
            vm.assertEq(exposure, 150_00);
        }
    }

    function test_borrow__when_a_loan_is_overdue__then_refused_until_it_is_repaid() public {
        _laxAge();
        uint256 first = _borrow(MEI, 100 * USD);
        uint256 second = _borrow(MEI, 100 * USD);
        uint256 dueTime = _due(first, 1);
        vm.warp(dueTime);
        _republish();
        bytes4 selector = ITermLoans.LoanOverdue.selector;
        _borrowRefused(MEI, _once(USD), 650, abi.encodeWithSelector(selector, first, dueTime));
        _repay(_who(MEI), first, type(uint128).max);
        _borrowRefused(MEI, _once(USD), 650, abi.encodeWithSelector(selector, second, dueTime));
        _repay(_who(MEI), second, type(uint128).max);
        _borrow(MEI, USD);
    }

    function test_borrow__when_an_instalment_is_overdue__then_refused_until_it_is_paid() public {
        _laxAge();
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        uint256 dueTime = _due(loanId, 1);
        vm.warp(dueTime);
        (, uint128 amount) = loans.nextDueOf(loanId);
        _republish();
        _repay(_who(BO), loanId, amount - 1);
        bytes memory reason = abi.encodeWithSelector(ITermLoans.LoanOverdue.selector, loanId, dueTime);
        _borrowRefused(MEI, _once(USD), 650, reason);
        _repay(_who(BO), loanId, 1);
        _borrow(MEI, USD);
    }

    function test_borrow__when_a_linked_wallets_loan_is_overdue__then_refused_whatever_the_score() public {
        _laxAge();
        _allowStarter(_who(BO), 50 * USD);
        vm.prank(_who(BO));
        uint256 loanId = loans.borrowStarter(pool, _once(USD));
        uint256 dueTime = _due(loanId, 1);
        _link(MEI, BO);
        vm.warp(dueTime);
        _republish();
        bytes memory reason = abi.encodeWithSelector(ITermLoans.LoanOverdue.selector, loanId, dueTime);
        _borrowRefused(MEI, _once(USD), 650, reason);
        vm.prank(_who(BO));
        links.unlink();
        _borrowRefused(MEI, _once(USD), 650, reason);
    }

    function test_borrow__when_a_default_is_partly_recovered__then_still_refused() public {
        _laxAge();
        uint256 loanId = _borrow(MEI, _monthly(120 * USD, 12));
        vm.warp(_due(loanId, 3) + 5 days + 1);
        loans.markDefault(loanId);
        _repay(_who(MEI), loanId, 60 * USD); // six instalments: none is late by its date
        _republish();
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);
        vm.prank(_who(MEI));
        vm.expectPartialRevert(ITermLoans.LoanOverdue.selector);
        loans.borrow(other, _once(DOLLAR), proof);
        _repay(_who(MEI), loanId, type(uint128).max);
        _borrow(MEI, USD);
    }

    function test_borrow__when_too_many_loans_are_open__then_refused() public {
        uint256 most = loans.MAX_OPEN_LOANS();
        for (uint256 i = 0; i < most; ++i) {
            _borrow(MEI, USD);
        }
        bytes memory reason = abi.encodeWithSelector(ITermLoans.TooManyLoans.selector, _who(MEI), most);
        _borrowRefused(MEI, _once(USD), 650, reason);
        _repay(_who(MEI), 3, 2 * USD);
        _borrow(MEI, USD);
    }

    // -------------------------------------------------------------------------------------------------------- when well

    function test_borrow__when_all_is_well__then_it_pays_out_and_books_the_loan(
        uint128 principal,
        uint32 interval,
        uint16 instalments
    ) public {
        principal = uint128(_bound(principal, 1, 500 * USD));
        instalments = uint16(_bound(instalments, 1, 12));
        interval = uint32(_bound(interval, 1, 360 days / instalments));
        ITermLoans.Draw memory draw = _draw(principal, interval, instalments);
        uint128 owed = principal + _interest(principal, interval, instalments, 1200);
        draw.worst = ITermLoans.Conditions(owed, 500, 5 days, 2 days); // and not better
        vm.assertEq(abi.encode(loans.quote(pool, principal, interval, instalments, 1200)), abi.encode(draw.worst));
        uint64 dueTime = uint64(block.timestamp) + uint64(interval) * instalments;
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 650);

        vm.expectEmit(address(loans));
        emit ITermLoans.LoanDrawn(
            1, _who(MEI), address(pool), address(coin), principal, owed, dueTime, instalments, false
        );
        vm.expectEmit(address(pool));
        emit ILoanPool.Lent(FULL_ROW, principal);
        vm.prank(_who(MEI));
        vm.assertEq(loans.borrow(pool, draw, proof), 1);

        vm.assertEq(coin.balanceOf(_who(MEI)), principal);
        vm.assertEq(pool.idle(), FUNDS * USD - principal);
        vm.assertEq(pool.lent(), principal);
        vm.assertEq(pool.totalAssets(), FUNDS * USD);
        vm.assertEq(pool.lossOf(FULL_ROW).drawn, principal);
        vm.assertEq(abi.encode(loans.loanOf(1)), abi.encode(_expected(draw, owed)));
    }

    function _interest(uint128 principal, uint256 interval, uint256 n, uint256 rateBps) private pure returns (uint128) {
        uint256 year = 2 * 10_000 * 365 days;
        return uint128((uint256(principal) * rateBps * interval * (n + 1) + year - 1) / year);
    }

    function _expected(ITermLoans.Draw memory draw, uint128 owed) private view returns (ITermLoans.Loan memory) {
        return ITermLoans.Loan({
            borrower: _who(MEI),
            start: uint40(block.timestamp),
            interval: draw.interval,
            instalments: uint8(draw.instalments),
            marked: 0,
            state: ITermLoans.State.Open,
            pool: address(pool),
            grace: 5 days,
            coolingOff: 2 days,
            lateFeeBps: 500,
            row: FULL_ROW,
            principal: draw.principal,
            owed: owed,
            outstanding: owed,
            fees: 0
        });
    }

    /// @notice Scores count however old, so that time can pass.
    function _laxAge() private {
        ILoanPool.Terms memory terms = _terms(USD);
        terms.maxScoreAge = type(uint64).max;
        _setTerms(terms);
    }
}
