// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { DevCoin } from "../src/dev/DevCoin.sol";
import { Fixture } from "./Fixture.sol";

/// @notice A lender with a million coins who lends at 650 and above, and an oracle that holds five files in epoch 1:
/// MEI full at 712, BO full at 615, THIN at 700, OPEN full at 700 and disputed; the fifth is nobody's.
abstract contract LoanFixture is Fixture {
    uint256 internal constant MEI = 0;
    uint256 internal constant BO = 1;
    uint256 internal constant THIN = 2;
    uint256 internal constant OPEN = 3;
    address internal constant LENDER = address(0x1E4D);
    uint128 internal constant USD = 1e6;
    uint32 internal constant MONTH = 30 days;

    DevCoin internal coin;
    TermLoans internal loans;

    function setUp() public virtual override {
        super.setUp();
        coin = new DevCoin();
        loans = new TermLoans(oracle, coin, _policy(), LENDER);
        coin.mint(address(loans), 1_000_000 * USD);
        _publishActive(1, _tree(_fixedFiles())[0]);
    }

    function _policy() internal pure returns (ITermLoans.Policy memory) {
        return ITermLoans.Policy({
            threshold: 650,
            yearlyRateBps: 1200,
            maxPrincipal: 500 * USD,
            exposureLimit: 800 * USD,
            maxTerm: 90 days,
            grace: 5 days,
            maxScoreAge: 10 days,
            acceptThin: false,
            acceptDisputed: false
        });
    }

    function _fixedFiles() internal pure returns (File[] memory files) {
        files = _files(5);
        uint16[4] memory scores = [uint16(712), 615, 700, 700];
        uint8[4] memory statuses = [1, 1, 2, 129];
        for (uint256 i = 0; i < 4; ++i) {
            files[i].score = scores[i];
            files[i].status = statuses[i];
        }
    }

    function _who(uint256 i) internal pure returns (address) {
        return _file(i).borrower;
    }

    function _proof(uint256 i, uint16 threshold) internal pure returns (ICreditOracle.AtLeastProof memory) {
        return _atLeastProof(_fixedFiles(), i, 1, threshold);
    }

    function _setPolicy(ITermLoans.Policy memory policy) internal {
        vm.prank(LENDER);
        loans.setPolicy(policy);
    }

    function _allowStarter(address borrower, uint128 limit) internal {
        address[] memory borrowers = new address[](1);
        borrowers[0] = borrower;
        vm.prank(LENDER);
        loans.allowStarter(borrowers, limit);
    }

    function _borrow(uint256 i, uint128 principal) internal returns (uint256) {
        ICreditOracle.AtLeastProof memory proof = _proof(i, 650);
        vm.prank(_who(i));
        return loans.borrow(principal, MONTH, proof);
    }

    function _borrowRefused(uint256 i, uint128 principal, uint16 threshold, bytes memory reason) internal {
        ICreditOracle.AtLeastProof memory proof = _proof(i, threshold);
        vm.prank(_who(i));
        vm.expectRevert(reason);
        loans.borrow(principal, MONTH, proof);
        vm.assertEq(loans.openLoansOf(_who(i)).length, 0);
    }

    /// @notice Gives the payer what a payment needs, and pays.
    function _repay(address payer, uint256 loanId, uint128 amount) internal returns (uint128) {
        coin.mint(payer, amount);
        vm.startPrank(payer);
        coin.approve(address(loans), amount);
        uint128 paid = loans.repay(loanId, amount);
        vm.stopPrank();
        return paid;
    }
}
