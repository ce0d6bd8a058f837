// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

contract BorrowWithScoreTest is LoanFixture {
    function test_borrowWithScore__when_proof_is_anothers_or_altered__then_refused(address thief) public {
        vm.assume(thief != _who(MEI));
        ICreditOracle.ScoreProof memory proof = _scoreProof(_fixedFiles(), MEI, 1);
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, thief, 712));
        loans.borrowWithScore(pool, _once(USD), proof);
        proof.width = 1; // a narrower range would open a better row
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, _who(MEI), 712));
        loans.borrowWithScore(pool, _once(USD), proof);
    }

    function test_borrowWithScore__when_the_pool_is_not_listed__then_refused() public {
        vm.prank(OWNER);
        loans.unlistPool(pool);
        ICreditOracle.ScoreProof memory proof = _scoreProof(_fixedFiles(), MEI, 1);
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(pool)));
        loans.borrowWithScore(pool, _once(USD), proof);
    }

    function test_borrowWithScore__when_the_score_is_below_all_rows__then_refused_with_the_least() public {
        ICreditOracle.ScoreProof memory proof = _scoreProof(_fixedFiles(), BO, 1);
        vm.prank(_who(BO));
        vm.expectRevert(abi.encodeWithSelector(ILoanPool.NoRowFits.selector, 615, 1, 650));
        loans.borrowWithScore(pool, _once(USD), proof);
    }

    /// @notice Width 25: a row that takes at most 24 does not see the score, one that takes 25 does.
    function test_borrowWithScore__when_the_range_is_narrow_enough__then_the_better_row() public {
        ILoanPool.Row[] memory table = _table(USD);
        table[0].maxWidth = 24;
        _setTable(table);
        ITermLoans.Loan memory loan = loans.loanOf(_borrowWithScore(MEI, 100 * USD));
        vm.assertEq(loan.row, 5); // rows 4 to 6 replace 1 to 3
        vm.assertEq(loan.owed, loans.quote(pool, 100 * USD, MONTH, 1, 1200).owed);
        table[0].maxWidth = 25;
        _setTable(table);
        loan = loans.loanOf(_borrowWithScore(MEI, 100 * USD));
        vm.assertEq(loan.row, 7);
        vm.assertEq(loan.owed, loans.quote(pool, 100 * USD, MONTH, 1, 800).owed);
    }

    /// @notice An at-least proof shows no width: it never opens a row that asks for one, however high its threshold.
    function test_borrowWithScore__when_only_at_least_is_proven__then_not_the_row_that_asks_for_a_width() public {
        ICreditOracle.AtLeastProof memory proof = _proof(MEI, 710);
        vm.prank(_who(MEI));
        vm.assertEq(loans.loanOf(loans.borrow(pool, _once(USD), proof)).row, FULL_ROW);
        vm.assertEq(loans.loanOf(_borrowWithScore(MEI, USD)).row, WIDTH_ROW);
    }

    function test_borrowWithScore__then_the_rows_limit_holds_for_all_loans() public {
        _borrow(MEI, 500 * USD);
        _borrow(MEI, 300 * USD);
        _borrowWithScore(MEI, 100 * USD); // 900 by the better row
        ICreditOracle.ScoreProof memory proof = _scoreProof(_fixedFiles(), MEI, 1);
        bytes4 selector = ITermLoans.ExposureExceeded.selector;
        vm.prank(_who(MEI));
        vm.expectRevert(abi.encodeWithSelector(selector, _who(MEI), 900_01, 900_00));
        loans.borrowWithScore(pool, _once(1), proof);
    }

    function _borrowWithScore(uint256 i, uint128 principal) private returns (uint256) {
        ICreditOracle.ScoreProof memory proof = _scoreProof(_fixedFiles(), i, 1);
        vm.prank(_who(i));
        return loans.borrowWithScore(pool, _once(principal), proof);
    }
}
