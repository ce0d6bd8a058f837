// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { Receivables } from "../src/Receivables.sol";
import { BadCoin } from "./BadCoin.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

/// @notice Six accounts that issue, accept, give on, finance, pay and take back invoices in any order, in a token that sometimes
/// refuses one of them. What came in and went out is booked in the plainest way, for the invariants to compare.
contract Traders is ReceivableFixture {
    BadCoin private bad;
    bytes32[] private _ids;
    bytes32[] private _given; // documents
    mapping(address supplier => mapping(bytes32 document => bool)) private _issuedBy;
    mapping(bytes32 id => uint256) public paid;
    mapping(bytes32 id => uint256) public credited;
    mapping(bytes32 id => uint256) public financings;
    bool public broken;

    function setUp() public override {
        super.setUp();
        bad = new BadCoin();
    }

    function theReceivables() external view returns (Receivables) {
        return receivables;
    }

    function token() external view returns (BadCoin) {
        return bad;
    }

    function everyInvoice() external view returns (bytes32[] memory) {
        return _ids;
    }

    function whoIs(uint256 i) public view returns (address) {
        address[6] memory who = [SUPPLIER, BUYER, FINANCIER, ANN, BEN, address(0xCA7)];
        return who[i % 6];
    }

    /// @notice Anybody issues to anybody; one document in four was seen before.
    function issue(uint256 who, uint256 whom, uint256 amount, uint256 which) external {
        bool again = which % 4 == 0 && _given.length > 0;
        bytes32 document = again ? _given[(which / 4) % _given.length] : _document();
        bool itsOwn = _issuedBy[whoIs(who)][document];
        vm.prank(whoIs(who));
        try receivables.issue(whoIs(whom), address(bad), 1 + amount % (1000 * USD), _dueTime(), 0, document) returns (
            bytes32 id
        ) {
            broken = broken || itsOwn || who % 6 == whom % 6;
            _issuedBy[whoIs(who)][document] = true;
            _ids.push(id);
            _given.push(document);
        } catch { }
    }

    function answer(uint256 which, bool yes) external {
        bytes32 id = _one(which);
        vm.prank(receivables.invoiceOf(id).buyer);
        if (yes) try receivables.accept(id) { } catch { } else try receivables.dispute(id, 0) { } catch { }
    }

    function take(uint256 which, uint256 amount, bool whole) external {
        bytes32 id = _one(which);
        vm.prank(receivables.invoiceOf(id).supplier);
        if (whole) {
            try receivables.void(id) { } catch { }
            return;
        }
        amount = amount % (300 * USD);
        try receivables.credit(id, amount, 0) {
            credited[id] += amount;
        } catch { }
    }

    function give(uint256 which, uint256 holder, uint256 whom, uint256 amount, bool whole) external {
        bytes32 id = _one(which);
        address from = _holder(id, holder);
        vm.prank(from);
        if (whole) {
            try receivables.assign(id, whoIs(whom)) { } catch { }
        } else {
            try receivables.split(id, whoIs(whom), amount % (300 * USD)) { } catch { }
        }
    }

    function finance(uint256 which, uint256 holder, uint256 financier, uint256 advance) external {
        bytes32 id = _one(which);
        address from = _holder(id, holder);
        address by = whoIs(financier);
        uint256 claim = receivables.claimOf(id, from);
        advance = claim == 0 ? 1 : 1 + advance % claim;
        vm.prank(from);
        try receivables.offer(id, by, 1 + advance / 2) { } catch { }
        _give(by, advance);
        vm.prank(by);
        try receivables.finance(id, from, advance) {
            ++financings[id];
        } catch { }
    }

    function pay(uint256 which, uint256 payer, uint256 amount, uint256 refused) external {
        bytes32 id = _one(which);
        if (id == 0) return;
        address by = payer % 3 == 0 ? receivables.invoiceOf(id).buyer : whoIs(payer);
        amount = amount % 3 == 0 ? receivables.invoiceOf(id).outstanding : amount % (500 * USD);
        _give(by, amount);
        bool refuses = refused % 3 == 0;
        bad.misbehave(refuses ? BadCoin.Way.RefusesOne : BadCoin.Way.None, _holder(id, refused), "");
        uint256 before = bad.balanceOf(by);
        vm.prank(by);
        try receivables.pay(id, amount) {
            paid[id] += amount;
            broken = broken || bad.balanceOf(by) + amount != before;
        } catch { }
        bad.misbehave(BadCoin.Way.None, address(0), "");
    }

    function collect(uint256 who) external {
        uint256 before = receivables.keptOf(address(bad), whoIs(who));
        vm.prank(whoIs(who));
        try receivables.collect(address(bad)) returns (uint256 amount) {
            broken = broken || amount != before;
        } catch { }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + time % 10 days);
    }

    function _one(uint256 which) private view returns (bytes32) {
        return _ids.length == 0 ? bytes32(0) : _ids[which % _ids.length];
    }

    /// @notice A holder in most cases, so that most of what is tried is done.
    function _holder(bytes32 id, uint256 seed) private view returns (address) {
        address[] memory holders = receivables.holdersOf(id);
        return holders.length == 0 || seed % 5 == 0 ? whoIs(seed) : holders[seed % holders.length];
    }

    function _give(address account, uint256 amount) private {
        bad.mint(account, amount);
        vm.prank(account);
        bad.approve(address(receivables), amount);
    }
}

/// @notice Claims are what is outstanding; nothing is paid out twice; the contract has what it keeps, and nothing else.
contract ReceivableInvariantsTest {
    Traders internal traders;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        traders = new Traders();
        traders.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(traders);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory chosen = new bytes4[](10);
        chosen[0] = Traders.issue.selector;
        chosen[1] = Traders.answer.selector;
        chosen[2] = Traders.answer.selector;
        chosen[3] = Traders.take.selector;
        chosen[4] = Traders.give.selector;
        chosen[5] = Traders.finance.selector;
        chosen[6] = Traders.pay.selector;
        chosen[7] = Traders.pay.selector;
        chosen[8] = Traders.collect.selector;
        chosen[9] = Traders.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(traders), chosen);
    }

    function invariant_claims_are_what_is_outstanding_and_nothing_is_paid_twice() public view {
        bytes32[] memory ids = traders.everyInvoice();
        for (uint256 i = 0; i < ids.length; ++i) {
            _checkClaims(ids[i]);
            _checkPaid(ids[i]);
        }
    }

    function _checkClaims(bytes32 id) private view {
        Receivables receivables = traders.theReceivables();
        IReceivables.Invoice memory invoice = receivables.invoiceOf(id);
        address[] memory holders = receivables.holdersOf(id);
        uint256 claims = 0;
        for (uint256 i = 0; i < holders.length; ++i) {
            claims += receivables.claimOf(id, holders[i]);
            require(holders[i] != invoice.buyer, "the buyer holds a claim on itself");
        }
        bool accepted = invoice.status == IReceivables.Status.Accepted;
        require(claims == (accepted ? invoice.outstanding : 0), "claims");
        require((holders.length != 0) == accepted && holders.length <= 16, "holders");
    }

    /// @notice Paid, credited and outstanding are the amount; so an invoice is paid out at most once. Nor is it pledged twice.
    function _checkPaid(bytes32 id) private view {
        Receivables receivables = traders.theReceivables();
        IReceivables.Invoice memory invoice = receivables.invoiceOf(id);
        uint256 gone = traders.paid(id) + traders.credited(id);
        require(gone + invoice.outstanding == invoice.amount, "paid more, or less, than was taken off");
        require((invoice.endTime != 0) == (invoice.status > IReceivables.Status.Disputed), "end");
        require(traders.financings(id) == (receivables.financierOf(id) == address(0) ? 0 : 1), "pledged");
    }

    function invariant_the_contract_has_what_it_keeps_and_no_document_is_issued_twice() public view {
        Receivables receivables = traders.theReceivables();
        BadCoin token = traders.token();
        uint256 kept = 0;
        for (uint256 i = 0; i < 6; ++i) {
            kept += receivables.keptOf(address(token), traders.whoIs(i));
        }
        require(token.balanceOf(address(receivables)) == kept, "kept");
        require(!traders.broken(), "issued twice, to oneself, or another amount paid or collected than was told");
    }
}
