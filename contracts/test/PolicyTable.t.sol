// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract PolicyTableTest is LoanFixture {
    uint16 private constant NOT_SHOWN = type(uint16).max;

    function test_table__when_a_stranger_sets_it__then_refused(address stranger) public {
        vm.assume(stranger != LENDER);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        pool.setTerms(_terms(USD));
        vm.expectRevert(reason);
        pool.setTable(_table(USD));
        vm.expectRevert(reason);
        pool.allowStarter(new address[](1), USD);
    }

    function test_setTerms__when_they_lend_nothing_or_too_dear__then_refused() public {
        for (uint256 i = 0; i < 5; ++i) {
            ILoanPool.Terms memory terms = _terms(USD);
            if (i == 0) terms.maxPrincipal = 0;
            if (i == 1) terms.maxTerm = 0;
            if (i == 2) terms.maxInstalments = 0;
            if (i == 3) terms.maxInstalments = 121;
            if (i == 4) terms.lateFeeBps = 1001;
            vm.prank(LENDER);
            vm.expectRevert(abi.encodeWithSelector(ILoanPool.TermsOutOfRange.selector, 120, 1000));
            pool.setTerms(terms);
        }
    }

    /// forge-config: default.fuzz.runs = 32
    function test_setTable__when_a_row_is_none__then_it_is_named(uint8 which) public {
        uint256 index = which % 3;
        for (uint256 i = 0; i < 6; ++i) {
            ILoanPool.Row[] memory table = _table(USD);
            if (i == 0) table[index].atLeast += 5;
            if (i == 1) table[index].atLeast = 300;
            if (i == 2) table[index].statuses = 4; // disputed only
            if (i == 3) table[index].statuses = 8;
            if (i == 4) table[index].limit = 0;
            if (i == 5) table[index].expectedLossBps = 10_001;
            _tableRefused(table, index);
        }
    }

    function test_setTable__when_thresholds_do_not_fall__then_refused() public {
        ILoanPool.Row[] memory table = _table(USD);
        table[1].atLeast = 710;
        _tableRefused(table, 1);
        table = _table(USD);
        table[2] = _table(USD)[1]; // never reached
        _tableRefused(table, 2);
        table[2].statuses = 2;
        _setTable(table);
        table[2].statuses = 1;
        table[2].maxWidth = 40;
        _setTable(table);
    }

    function test_setTable__when_it_is_too_long__then_refused() public {
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.TooManyRows.selector, 33, 32));
        pool.setTable(new ILoanPool.Row[](33));
    }

    function test_setTable__when_empty__then_no_proof_is_enough() public {
        _setTable(new ILoanPool.Row[](0));
        _borrowRefused(MEI, _once(USD), 710, abi.encodeWithSelector(ILoanPool.NoRowFits.selector, 710, 1, 0));
    }

    function test_setTable__when_set__then_it_holds_for_later_loans_only() public {
        uint256 earlier = _borrow(MEI, 100 * USD);
        bytes memory before = abi.encode(loans.loanOf(earlier));
        ILoanPool.Row[] memory table = _table(USD);
        table[1].yearlyRateBps = 9000;
        vm.expectEmit(address(pool));
        emit ILoanPool.TableSet(4, table);
        _setTable(table);
        (uint16 firstRow, ILoanPool.Row[] memory rows) = pool.table();
        vm.assertEq(firstRow, 4);
        vm.assertEq(abi.encode(rows), abi.encode(table));
        vm.assertEq(abi.encode(loans.loanOf(earlier)), before);
        vm.assertTrue(loans.loanOf(_borrow(MEI, 100 * USD)).owed > loans.loanOf(earlier).owed);
    }

    function test_setTerms__when_set__then_they_are_told() public {
        ILoanPool.Terms memory terms = _terms(USD);
        terms.grace = 1;
        vm.expectEmit(address(pool));
        emit ILoanPool.TermsSet(terms);
        _setTerms(terms);
        vm.assertEq(abi.encode(pool.terms()), abi.encode(terms));
    }

    /// @notice Against the plainest reading of the table.
    function test_rowFor__of_anything_shown__then_the_first_that_fits(uint16 shown, uint16 width, uint8 kind) public {
        shown = uint16(_bound(shown, 300, 850));
        width = kind % 5 == 4 ? NOT_SHOWN : width % 60;
        uint8 status = [1, 2, 129, 130][kind % 4];
        uint16 row = 0;
        if (status == 1 && shown >= 650) row = shown >= 700 && width <= 30 ? WIDTH_ROW : FULL_ROW;
        if (status == 2 && shown >= 640) row = THIN_ROW;
        if (row == 0) {
            uint16 least = status == 1 ? 650 : status == 2 ? 640 : 0;
            vm.expectRevert(abi.encodeWithSelector(ILoanPool.NoRowFits.selector, shown, status, least));
            pool.rowFor(status, shown, width);
            return;
        }
        (uint16 found,) = pool.rowFor(status, shown, width);
        vm.assertEq(found, row);
    }

    function test_allowStarter__for_many__then_each_has_it_up_to_the_terms(address[] memory borrowers, uint128 limit)
        public
    {
        vm.prank(LENDER);
        pool.allowStarter(borrowers, limit);
        for (uint256 i = 0; i < borrowers.length; ++i) {
            vm.assertEq(pool.starterLimitOf(borrowers[i]), limit < 100 * USD ? limit : 100 * USD);
        }
    }

    function _tableRefused(ILoanPool.Row[] memory table, uint256 index) private {
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.BadRow.selector, index));
        pool.setTable(table);
    }
}
