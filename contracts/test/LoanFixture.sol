// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { ILoanPool } from "../src/ILoanPool.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { Fixture } from "./Fixture.sol";
import { SizedCoin } from "./mocks/LoanCoins.sol";

/// @notice One book and two pools, of coins of 6 and of 18 decimals, each with a million dollars and the same table; and an
/// oracle that holds five files in epoch 1: MEI full at 712, BO full at 615, THIN at 700, OPEN full at 700 and disputed, the
/// fifth nobody's; all of width 25.
abstract contract LoanFixture is Fixture {
    uint256 internal constant MEI = 0;
    uint256 internal constant BO = 1;
    uint256 internal constant THIN = 2;
    uint256 internal constant OPEN = 3;
    address internal constant LENDER = address(0x1E4D);
    address internal constant GUARANTOR = address(0x60A2);
    uint128 internal constant USD = 1e6;
    uint128 internal constant DOLLAR = 1e18; // of the other pool
    uint128 internal constant FUNDS = 1_000_000;
    uint32 internal constant MONTH = 30 days;
    uint64 internal constant LINK_DELAY = 14 days;
    uint16 internal constant WIDTH_ROW = 1;
    uint16 internal constant FULL_ROW = 2;
    uint16 internal constant THIN_ROW = 3;

    SizedCoin internal coin;
    SizedCoin internal otherCoin;
    WalletLinks internal links;
    TermLoans internal loans;
    LoanPool internal pool;
    LoanPool internal other;
    address[5] private _wallets;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 5; ++i) {
            _wallets[i] = vm.addr(_walletKey(i));
        }
        coin = new SizedCoin(6);
        otherCoin = new SizedCoin(18);
        links = new WalletLinks(LINK_DELAY);
        loans = new TermLoans(oracle, links, OWNER);
        pool = _listedPool(coin, USD);
        other = _listedPool(otherCoin, DOLLAR);
        _publishActive(1, _tree(_fixedFiles())[0]);
    }

    // -------------------------------------------------------------------------------------------------------------- pools

    /// @notice A pool with a million dollars of the lender's in it.
    function _listedPool(SizedCoin of_, uint128 unit) internal returns (LoanPool made) {
        made = _newPool(of_, unit);
        vm.prank(OWNER);
        loans.listPool(made);
        _deposit(made, LENDER, FUNDS * unit);
    }

    function _newPool(IERC20 of_, uint128 unit) internal returns (LoanPool) {
        return new LoanPool(loans, of_, "Loans", "LOAN", _terms(unit), _table(unit), LENDER);
    }

    function _deposit(LoanPool into, address holder, uint256 amount) internal returns (uint256 shares) {
        SizedCoin of_ = SizedCoin(into.asset());
        of_.mint(holder, amount);
        vm.startPrank(holder);
        of_.approve(address(into), amount);
        shares = into.deposit(amount, holder);
        vm.stopPrank();
    }

    function _terms(uint128 unit) internal pure returns (ILoanPool.Terms memory) {
        return ILoanPool.Terms({
            maxPrincipal: 500 * unit,
            maxTerm: 360 days,
            maxInstalments: 12,
            grace: 5 days,
            coolingOff: 2 days,
            lateFeeBps: 500,
            maxScoreAge: 10 days,
            starterRateBps: 2000,
            starterLimit: 100 * unit
        });
    }

    function _table(uint128 unit) internal pure returns (ILoanPool.Row[] memory table) {
        table = new ILoanPool.Row[](3);
        table[0] = ILoanPool.Row(700, 1, 30, 800, 150, 900 * unit);
        table[1] = ILoanPool.Row(650, 1, 0, 1200, 300, 800 * unit);
        table[2] = ILoanPool.Row(640, 2, 0, 1500, 500, 200 * unit);
    }

    function _setTerms(ILoanPool.Terms memory terms) internal {
        vm.prank(LENDER);
        pool.setTerms(terms);
    }

    function _setTable(ILoanPool.Row[] memory table) internal {
        vm.prank(LENDER);
        pool.setTable(table);
    }

    function _allowStarter(address borrower, uint128 limit) internal {
        address[] memory borrowers = new address[](1);
        borrowers[0] = borrower;
        vm.prank(LENDER);
        pool.allowStarter(borrowers, limit);
    }

    // ------------------------------------------------------------------------------------------------------------ wallets

    function _walletKey(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("wallet", i))) >> 1;
    }

    function _who(uint256 i) internal view returns (address) {
        return _wallets[i];
    }

    function _fixedFiles() internal view returns (File[] memory files) {
        files = _files(5);
        uint16[5] memory scores = [uint16(712), 615, 700, 700, 500];
        uint8[5] memory statuses = [1, 1, 2, 129, 1];
        for (uint256 i = 0; i < 5; ++i) {
            files[i].borrower = _who(i);
            files[i].score = scores[i];
            files[i].status = statuses[i];
        }
    }

    function _proof(uint256 i, uint16 threshold) internal view returns (ICreditOracle.AtLeastProof memory) {
        return _atLeastProof(_fixedFiles(), i, oracle.currentEpoch(), threshold);
    }

    /// @notice Links two wallets by the words of both.
    function _link(uint256 i, uint256 j) internal {
        uint64 deadline = uint64(block.timestamp);
        links.linkFor(_who(i), _who(j), deadline, _signedLink(i, _who(j), deadline), _signedLink(j, _who(i), deadline));
    }

    function _signedLink(uint256 i, address with, uint64 deadline) private view returns (bytes memory) {
        bytes32 typehash = keccak256("Link(address wallet,address with,uint256 nonce,uint64 deadline)");
        bytes32 words = keccak256(abi.encode(typehash, _who(i), with, links.nonces(_who(i)), deadline));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("WalletLinks"),
                keccak256("1"),
                block.chainid,
                address(links)
            )
        );
        return _signed(_walletKey(i), keccak256(abi.encodePacked(hex"1901", domain, words)));
    }

    // -------------------------------------------------------------------------------------------------------------- loans

    /// @notice One due date, a month ahead.
    function _once(uint128 principal) internal pure returns (ITermLoans.Draw memory) {
        return _monthly(principal, 1);
    }

    function _monthly(uint128 principal, uint16 instalments) internal pure returns (ITermLoans.Draw memory) {
        return _draw(principal, MONTH, instalments);
    }

    /// @notice By a borrower who agrees to whatever is asked.
    function _draw(uint128 principal, uint32 interval, uint16 instalments)
        internal
        pure
        returns (ITermLoans.Draw memory)
    {
        return ITermLoans.Draw(principal, interval, instalments, _whatever(), new address[](0));
    }

    function _whatever() internal pure returns (ITermLoans.Conditions memory) {
        return ITermLoans.Conditions(type(uint128).max, type(uint16).max, 0, 0);
    }

    function _covered(uint128 principal, address guarantor) internal pure returns (ITermLoans.Draw memory draw) {
        draw = _monthly(principal, 1);
        draw.guarantors = new address[](1);
        draw.guarantors[0] = guarantor;
    }

    function _borrow(uint256 i, uint128 principal) internal returns (uint256) {
        return _borrow(i, _once(principal));
    }

    function _borrow(uint256 i, ITermLoans.Draw memory draw) internal returns (uint256) {
        ICreditOracle.AtLeastProof memory proof = _proof(i, 650);
        vm.prank(_who(i));
        return loans.borrow(pool, draw, proof);
    }

    function _borrowRefused(uint256 i, ITermLoans.Draw memory draw, uint16 threshold, bytes memory reason) internal {
        ICreditOracle.AtLeastProof memory proof = _proof(i, threshold);
        uint256 last = loans.lastLoanId();
        vm.prank(_who(i));
        vm.expectRevert(reason);
        loans.borrow(pool, draw, proof);
        vm.assertEq(loans.lastLoanId(), last);
    }

    /// @notice Gives the payer what a payment needs, and pays.
    function _repay(address payer, uint256 loanId, uint128 amount) internal returns (uint128 paid) {
        SizedCoin of_ = SizedCoin(LoanPool(loans.loanOf(loanId).pool).asset());
        of_.mint(payer, amount);
        vm.startPrank(payer);
        of_.approve(address(loans), amount);
        paid = loans.repay(loanId, amount);
        vm.stopPrank();
    }

    function _vouch(address guarantor, address borrower, uint96 amount) internal {
        coin.mint(guarantor, amount);
        vm.startPrank(guarantor);
        coin.approve(address(loans), amount);
        loans.vouch(pool, borrower, amount, type(uint64).max);
        vm.stopPrank();
    }

    /// @notice When instalment k is due.
    function _due(uint256 loanId, uint256 k) internal view returns (uint256) {
        ITermLoans.Loan memory loan = loans.loanOf(loanId);
        return uint256(loan.start) + k * loan.interval;
    }

    /// @notice Lets the last grace pass, and marks.
    function _default(uint256 loanId) internal {
        vm.warp(_due(loanId, loans.loanOf(loanId).instalments) + 5 days + 1);
        loans.markDefault(loanId);
    }

    /// @notice The same files in the epoch that ends next; waits until they are read.
    function _republish() internal {
        _publishActive(oracle.epochAt(uint64(block.timestamp)), _tree(_fixedFiles())[0]);
    }
}
