// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IInvoiceFinance } from "../src/IInvoiceFinance.sol";
import { BadCoin } from "./BadCoin.sol";
import { FinanceFixture } from "./FinanceFixture.sol";

/// @notice What each call of Receivables and InvoiceFinance costs, as its receipt counts it, with wallet links in place and coin in
/// every balance that is added to; compared with snapshots/, which docs/receivables.md shows.
contract ReceivableGasTest is FinanceFixture {
    function setUp() public override {
        super.setUp();
        address[3] memory who = [SUPPLIER, ANN, FINANCIER];
        for (uint256 i = 0; i < 3; ++i) {
            coin.mint(who[i], 1);
        }
    }

    function _measured(string memory what) private {
        vm.snapshotValue("receivables", what, vm.lastCallGas().gasTotalUsed);
    }

    /// forge-config: default.isolate = true
    function test_gas__of_issuing_and_answering__then_as_in_the_snapshot() public {
        bytes32 id = _issue(100 * USD);
        _measured("issue");
        _accept(id);
        _measured("accept");
        id = _issueHidden(100 * USD, "salt");
        _measured("issue committed");
        receivables.open(id, 100 * USD, "salt");
        _measured("open");
        bytes memory signature = _signAcceptance(BUYER_KEY, id, type(uint64).max);
        receivables.acceptFor(id, type(uint64).max, signature);
        _measured("acceptFor");
        id = _issue(100 * USD);
        signature = _signDispute(BUYER_KEY, id, "reason", type(uint64).max);
        receivables.disputeFor(id, "reason", type(uint64).max, signature);
        _measured("disputeFor");
        _void(id);
        _measured("void");
        _dispute(_issue(100 * USD));
        _measured("dispute");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_holding__then_as_in_the_snapshot() public {
        bytes32 id = _accepted(100 * USD);
        _credit(id, 10 * USD);
        _measured("credit a part");
        _split(SUPPLIER, id, ANN, 30 * USD);
        _measured("split");
        _assign(ANN, id, BEN);
        _measured("assign");
        _offer(SUPPLIER, id, FINANCIER, 40 * USD);
        _measured("offer");
        _finance(FINANCIER, id, SUPPLIER, 40 * USD);
        _measured("finance");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_paying__then_as_in_the_snapshot() public {
        bytes32 id = _accepted(100 * USD);
        _fund(BUYER, 1000 * USD);
        _payNow(id, 40 * USD);
        _measured("pay a part, 1 holder");
        _payNow(id, 60 * USD);
        _measured("pay all, 1 holder");
        id = _accepted(160 * USD);
        for (uint160 i = 1; i < 16; ++i) {
            coin.mint(address(0x9000 + i), 1);
            _split(SUPPLIER, id, address(0x9000 + i), 10 * USD);
        }
        _payNow(id, 16 * USD);
        _measured("pay a part, 16 holders");
        _payNow(id, 144 * USD);
        _measured("pay all, 16 holders");
    }

    function _payNow(bytes32 id, uint256 amount) private {
        vm.prank(BUYER);
        receivables.pay(id, amount);
    }

    /// forge-config: default.isolate = true
    function test_gas__of_collecting__then_as_in_the_snapshot() public {
        BadCoin bad = new BadCoin();
        bytes32 id = _issueIn(address(bad), 100 * USD);
        _accept(id);
        bad.mint(BUYER, 100 * USD);
        bad.mint(SUPPLIER, 1);
        vm.prank(BUYER);
        bad.approve(address(receivables), 100 * USD);
        bad.misbehave(BadCoin.Way.RefusesOne, SUPPLIER, "");
        _payNow(id, 100 * USD);
        bad.misbehave(BadCoin.Way.None, address(0), "");
        vm.prank(SUPPLIER);
        receivables.collect(address(bad));
        _measured("collect");
    }

    /// forge-config: default.isolate = true
    function test_gas__of_advances_by_proofs_at_depth_20__then_as_in_the_snapshot() public {
        (ICreditOracle.AtLeastProof memory ofSupplier, ICreditOracle.AtLeastProof memory ofBuyer) = _deepProofs();
        bytes32 id = _offered(100 * USD);
        (, IInvoiceFinance.Price memory price) = pool.quote(id, 0);
        vm.prank(SUPPLIER);
        pool.draw(id, price, ofSupplier, ofBuyer);
        _measured("draw, proofs of depth 20");
        _pay(BUYER, id, 100 * USD);
        pool.settle(id);
        _measured("settle");
    }

    /// @notice Of a second epoch, whose tree has supplier and buyer side by side under 19 more levels.
    function _deepProofs()
        private
        returns (ICreditOracle.AtLeastProof memory ofSupplier, ICreditOracle.AtLeastProof memory ofBuyer)
    {
        (ofSupplier, ofBuyer) = (_proofOf(SUPPLIER, 650), _proofOf(BUYER, 700));
        File[] memory files = _scored();
        ofSupplier.path = new bytes32[](20);
        ofBuyer.path = new bytes32[](20);
        (ofSupplier.path[0], ofBuyer.path[0]) = (_leaf(files[1]), _leaf(files[0]));
        bytes32 node = _pair(_leaf(files[0]), _leaf(files[1]));
        for (uint256 i = 1; i < 20; ++i) {
            bytes32 sibling = keccak256(abi.encode(i));
            (ofSupplier.path[i], ofBuyer.path[i]) = (sibling, sibling);
            node = _pair(node, sibling);
        }
        (ofSupplier.epoch, ofBuyer.epoch) = (2, 2);
        _publishActive(2, node);
    }
}
