// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";

/// @notice What each verb of loans costs as its receipt counts it, with a proof of depth 20 and the first loan of a wallet,
/// against the figures in snapshots/, which docs/lending.md shows and FORGE_SNAPSHOT_CHECK=false writes anew.
contract LoanGasTest is LoanFixture {
    bytes32[] private _deepPath;

    function setUp() public override {
        super.setUp();
        bytes32 node = _leaf(_fixedFiles()[MEI]);
        for (uint256 i = 0; i < 20; ++i) {
            _deepPath.push(keccak256(abi.encode(i)));
            node = _pair(node, _deepPath[i]);
        }
        _publishActive(2, node);
        _vouch(GUARANTOR, _who(MEI), uint96(100 * USD));
        _allowStarter(_who(MEI), 50 * USD);
        coin.mint(_who(MEI), 1000 * USD);
        vm.startPrank(_who(MEI));
        coin.approve(address(loans), type(uint256).max);
        coin.approve(address(pool), type(uint256).max);
        vm.stopPrank();
    }

    /// forge-config: default.isolate = true
    function test_gas__of_borrow__then_as_before() public {
        _borrowDeep(_once(100 * USD));
        _record("borrow, one due date");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_borrow_in_instalments__then_as_before() public {
        _borrowDeep(_monthly(100 * USD, 12));
        _record("borrow, 12 instalments");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_borrow_with_a_guarantor__then_as_before() public {
        _borrowDeep(_covered(100 * USD, GUARANTOR));
        _record("borrow, one guarantor");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_borrow_by_a_linked_wallet__then_as_before() public {
        _link(MEI, BO);
        _borrowDeep(_once(100 * USD));
        _record("borrow, two linked wallets");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_borrow_with_score__then_as_before() public {
        ICreditOracle.ScoreProof memory proof = _scoreProof(_fixedFiles(), MEI, 2);
        proof.path = _deepPath;
        vm.prank(_who(MEI));
        loans.borrowWithScore(pool, _once(100 * USD), proof);
        _record("borrowWithScore");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_borrow_starter__then_as_before() public {
        vm.prank(_who(MEI));
        loans.borrowStarter(pool, _once(50 * USD));
        _record("borrowStarter");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_repay__then_as_before() public {
        uint256 loanId = _borrowDeep(_monthly(100 * USD, 12));
        vm.prank(_who(MEI));
        loans.repay(loanId, 10 * USD);
        _record("repay, in part");
        vm.prank(_who(MEI));
        loans.repay(loanId, 200 * USD);
        _record("repay, whole");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_cancel__then_as_before() public {
        uint256 loanId = _borrowDeep(_once(100 * USD));
        vm.prank(_who(MEI));
        loans.cancel(loanId);
        _record("cancel");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_mark_overdue__then_as_before() public {
        uint256 loanId = _borrowDeep(_once(100 * USD));
        vm.warp(_due(loanId, 1) + 1);
        loans.markOverdue(loanId);
        _record("markOverdue");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_marks__then_as_before() public {
        uint256 loanId = _borrowDeep(_once(100 * USD));
        vm.warp(_due(loanId, 1) + 5 days + 1);
        loans.markDelinquent(loanId);
        _record("markDelinquent");
        loans.markDefault(loanId);
        _record("markDefault");
        vm.prank(LENDER);
        loans.writeOff(loanId);
        _record("writeOff");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_mark_default_with_a_guarantor__then_as_before() public {
        uint256 loanId = _borrowDeep(_covered(100 * USD, GUARANTOR));
        vm.warp(_due(loanId, 1) + 5 days + 1);
        loans.markDefault(loanId);
        _record("markDefault, one guarantor");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_vouching__then_as_before() public {
        address friend = _who(MEI);
        vm.prank(friend);
        loans.vouch(pool, _who(BO), uint96(USD), type(uint64).max);
        _record("vouch");
        vm.prank(friend);
        loans.unvouch(pool, _who(BO));
        _record("unvouch");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_shares__then_as_before() public {
        vm.prank(_who(MEI));
        uint256 shares = pool.deposit(100 * USD, _who(MEI));
        _record("deposit");
        vm.prank(_who(MEI));
        pool.redeem(shares / 2, _who(MEI), _who(MEI));
        _record("redeem");
    }

    function _borrowDeep(ITermLoans.Draw memory draw) private returns (uint256 loanId) {
        ICreditOracle.AtLeastProof memory proof = _atLeastProof(_fixedFiles(), MEI, 2, 650);
        proof.path = _deepPath;
        vm.prank(_who(MEI));
        loanId = loans.borrow(pool, draw, proof);
    }

    function _record(string memory what) private {
        vm.snapshotValue("loans", what, vm.lastCallGas().gasTotalUsed);
    }
}
