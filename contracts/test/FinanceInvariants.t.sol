// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IInvoiceFinance } from "../src/IInvoiceFinance.sol";
import { IReceivables } from "../src/IReceivables.sol";
import { InvoiceFinance } from "../src/InvoiceFinance.sol";
import { FinanceFixture } from "./FinanceFixture.sol";

/// @notice Two suppliers who draw on two buyers, buyers who pay early, late, in parts, or never, and an owner who funds, withdraws
/// and writes off. What moved is booked in the plainest way.
contract Pool is FinanceFixture {
    bytes32[] private _ids;
    uint256 public funds = 1_000_000 * 1e6;
    uint256 public paidOut;
    uint256 public claimsPaid;
    bool public broken;

    function thePool() external view returns (InvoiceFinance) {
        return pool;
    }

    function everyAdvance() external view returns (bytes32[] memory) {
        return _ids;
    }

    function poolCoin() external view returns (uint256) {
        return coin.balanceOf(address(pool));
    }

    function supplier(uint256 i) public view returns (address) {
        return i % 2 == 0 ? SUPPLIER : THIN;
    }

    function buyer(uint256 i) public view returns (address) {
        return i % 2 == 0 ? BUYER : OPEN;
    }

    /// @notice The table takes all four; but for epochs that have passed, proofs hold.
    function draw(uint256 who, uint256 whom, uint256 amount, uint256 part) external {
        bytes32 id = _acceptedBetween(supplier(who), buyer(whom), 1 + amount % (400 * USD));
        uint256 claim = receivables.claimOf(id, supplier(who));
        if (part % 3 == 0 && claim > 1) _split(supplier(who), id, ANN, 1 + part % (claim - 1));
        if (part % 4 != 0) _offer(supplier(who), id, address(pool), 1);
        claim = receivables.claimOf(id, supplier(who));
        try this.drawNow(who, whom, id) returns (uint256 advance) {
            paidOut += advance;
            _ids.push(id);
            broken = broken || part % 4 == 0 || advance > claim * 9 / 10;
        } catch { }
    }

    function drawNow(uint256 who, uint256 whom, bytes32 id) external returns (uint256) {
        return _drawBy(supplier(who), id, _proofOf(supplier(who), 650), _proofOf(buyer(whom), 700));
    }

    function pay(uint256 which, uint256 amount, bool all) external {
        if (_ids.length == 0) return;
        bytes32 id = _ids[which % _ids.length];
        uint256 outstanding = receivables.invoiceOf(id).outstanding;
        if (outstanding == 0) return;
        uint256 before = coin.balanceOf(address(pool));
        _pay(receivables.invoiceOf(id).buyer, id, all ? outstanding : 1 + amount % outstanding);
        claimsPaid += coin.balanceOf(address(pool)) - before;
    }

    function settle(uint256 which) external {
        if (_ids.length == 0) return;
        try pool.settle(_ids[which % _ids.length]) returns (uint256 reserve) {
            paidOut += reserve;
        } catch { }
    }

    function writeOff(uint256 which) external {
        if (_ids.length == 0) return;
        vm.prank(POOL_OWNER);
        try pool.writeOff(_ids[which % _ids.length]) { } catch { }
    }

    function withdraw(uint256 amount) external {
        amount %= 1_000_000 * USD;
        vm.prank(POOL_OWNER);
        try pool.withdraw(amount) {
            funds -= amount;
        } catch { }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + (time % 8 == 0 ? 100 days : time % 6 hours));
    }
}

/// @notice Limits and reserves are sums over the advances that they are of; reserves are there; the coin adds up.
contract FinanceInvariantsTest is FinanceFixture {
    Pool internal handler;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public override {
        handler = new Pool();
        handler.setUp();
        _widen(handler.thePool());
    }

    /// @notice So that thin suppliers and disputed buyers draw too.
    function _widen(InvoiceFinance pool_) private {
        IInvoiceFinance.Row[] memory table = new IInvoiceFinance.Row[](1);
        table[0] = IInvoiceFinance.Row(650, 700, 3, 5, 9000, 800);
        vm.prank(POOL_OWNER);
        pool_.setTable(table, _terms());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory chosen = new bytes4[](8);
        chosen[0] = Pool.draw.selector;
        chosen[1] = Pool.draw.selector;
        chosen[2] = Pool.draw.selector;
        chosen[3] = Pool.pay.selector;
        chosen[4] = Pool.settle.selector;
        chosen[5] = Pool.writeOff.selector;
        chosen[6] = Pool.withdraw.selector;
        chosen[7] = Pool.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), chosen);
    }

    /// forge-config: default.invariant.runs = 12
    function invariant_the_coin_adds_up_and_what_is_owed_stays() public view {
        require(!handler.broken(), "an advance too large or not offered");
        uint256 expected = handler.funds() + handler.claimsPaid() - handler.paidOut();
        require(handler.poolCoin() == expected, "coin");
    }

    /// forge-config: default.invariant.runs = 12
    function invariant_exposures_and_reserves_are_sums_of_open_advances() public view {
        InvoiceFinance pool_ = handler.thePool();
        bytes32[] memory ids = handler.everyAdvance();
        uint256[3] memory sums; // of one supplier, on one buyer, reserved
        for (uint256 i = 0; i < ids.length; ++i) {
            IInvoiceFinance.Advance memory each = pool_.advanceOf(ids[i]);
            if (each.settled) continue;
            IReceivables.Invoice memory invoice = pool_.RECEIVABLES().invoiceOf(ids[i]);
            if (invoice.supplier == handler.supplier(0)) sums[0] += each.advance;
            if (invoice.buyer == handler.buyer(0)) sums[1] += each.advance;
            if (!each.writtenOff) sums[2] += each.claim - each.advance;
        }
        require(sums[0] == pool_.advancedTo(handler.supplier(0)), "to a supplier");
        require(sums[1] == pool_.advancedOn(handler.buyer(0)), "on a buyer");
        require(sums[2] == pool_.reserved(), "reserved");
        require(handler.poolCoin() >= sums[2], "a reserve that is not there");
        require(sums[0] <= _terms().supplierLimit && sums[1] <= _terms().buyerLimit, "beyond a limit");
    }
}
