// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IInvoiceFinance } from "../src/IInvoiceFinance.sol";
import { InvoiceFinance } from "../src/InvoiceFinance.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

/// @notice A pool with a million coins that advances 90 % to suppliers at 650 on buyers at 700, and 70 %, dearer, a step below; an
/// oracle that holds, in epoch 1, SUPPLIER full at 712, BUYER full at 780, THIN thin at 690, and OPEN full at 780 and disputed.
abstract contract FinanceFixture is ReceivableFixture {
    uint256 internal constant THIN_KEY = 0x7417;
    uint256 internal constant OPEN_KEY = 0x09E4;
    address internal constant POOL_OWNER = address(0x900);
    uint8 internal constant FULL_ONLY = 1;
    uint8 internal constant FULL_OR_THIN = 3;
    uint256 internal constant YEAR = 365 days;

    address internal immutable THIN = vm.addr(THIN_KEY);
    address internal immutable OPEN = vm.addr(OPEN_KEY);

    InvoiceFinance internal pool;

    function setUp() public virtual override {
        super.setUp();
        _deploy(_config());
        _publishActive(1, _tree(_scored())[0]);
        pool = new InvoiceFinance(receivables, links, oracle, coin, _table(), _terms(), POOL_OWNER);
        coin.mint(address(pool), 1_000_000 * USD);
    }

    function _scored() internal view returns (File[] memory files) {
        files = _files(4);
        address[4] memory who = [SUPPLIER, BUYER, THIN, OPEN];
        uint16[4] memory scores = [uint16(712), 780, 690, 780];
        uint8[4] memory statuses = [1, 1, 2, 129];
        for (uint256 i = 0; i < 4; ++i) {
            (files[i].borrower, files[i].score, files[i].status) = (who[i], scores[i], statuses[i]);
        }
    }

    function _proofOf(address who, uint16 threshold) internal view returns (ICreditOracle.AtLeastProof memory) {
        File[] memory files = _scored();
        uint256 i = 0;
        while (files[i].borrower != who) {
            ++i;
        }
        return _atLeastProof(files, i, 1, threshold);
    }

    function _table() internal pure returns (IInvoiceFinance.Row[] memory table) {
        table = new IInvoiceFinance.Row[](2);
        table[0] = IInvoiceFinance.Row(650, 700, FULL_ONLY, FULL_ONLY, 9000, 800);
        table[1] = IInvoiceFinance.Row(600, 650, FULL_OR_THIN, FULL_ONLY, 7000, 1500);
    }

    function _terms() internal pure returns (IInvoiceFinance.Terms memory) {
        return IInvoiceFinance.Terms({
            maxTerm: 90 days, maxScoreAge: 10 days, supplierLimit: uint128(500 * USD), buyerLimit: uint128(800 * USD)
        });
    }

    function _setTable(IInvoiceFinance.Row[] memory table, IInvoiceFinance.Terms memory terms) internal {
        vm.prank(POOL_OWNER);
        pool.setTable(table, terms);
    }

    function _acceptedBetween(address supplier, address buyer, uint256 amount) internal returns (bytes32 id) {
        bytes32 document = _document();
        vm.prank(supplier);
        id = receivables.issue(buyer, address(coin), amount, _dueTime(), 0, document);
        vm.prank(buyer);
        receivables.accept(id);
    }

    function _offered(uint256 amount) internal returns (bytes32 id) {
        id = _accepted(amount);
        _offer(SUPPLIER, id, address(pool), 1);
    }

    function _draw(bytes32 id) internal returns (uint256) {
        return _drawBy(SUPPLIER, id, _proofOf(SUPPLIER, 650), _proofOf(BUYER, 700));
    }

    function _drawBy(
        address supplier,
        bytes32 id,
        ICreditOracle.AtLeastProof memory supplierProof,
        ICreditOracle.AtLeastProof memory buyerProof
    ) internal returns (uint256) {
        vm.prank(supplier);
        return pool.draw(id, _any(), supplierProof, buyerProof);
    }

    /// @notice A price that agrees to anything.
    function _any() internal pure returns (IInvoiceFinance.Price memory) {
        return IInvoiceFinance.Price(type(uint128).max, type(uint16).max);
    }

    function _drawn(uint256 amount) internal returns (bytes32 id) {
        id = _offered(amount);
        _draw(id);
    }

    /// @notice Simple interest, rounded up, in the plainest way.
    function _interest(uint256 face, uint256 rateBps, uint256 time) internal pure returns (uint256) {
        uint256 product = face * rateBps * time;
        return product / (YEAR * 10_000) + (product % (YEAR * 10_000) == 0 ? 0 : 1);
    }
}
