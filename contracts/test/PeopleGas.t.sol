// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Disputes } from "../src/Disputes.sol";
import { IDisputes } from "../src/IDisputes.sol";
import { IPayments } from "../src/IPayments.sol";
import { WalletLinks } from "../src/WalletLinks.sol";
import { LinksFixture } from "./LinksFixture.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";

/// @notice What each call of payments, links and disputes costs its sender, as the receipt counts it (21,000 for the transaction and
/// its calldata included). The figures are in snapshots/people.json, which FORGE_SNAPSHOT_CHECK=false writes anew, and in
/// docs/people-on-chain.md. "first": the account has not done so before, nor received the coin.
contract PaymentsGasTest is PaymentsFixture {
    function _cost(string memory what) private {
        vm.snapshotValue("people", what, vm.lastCallGas().gasTotalUsed);
    }

    /// forge-config: default.isolate = true
    function test_gas__of_payments__then_as_in_the_snapshot() public {
        _allow(FUNDS);
        IPayments.Order memory order = _order(1e6);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(order.payer);
            payments.pay(coin, order.payee, order.amount, order.purpose, MEMO);
            _cost(i == 0 ? "pay first" : "pay");
        }
        for (uint256 i = 0; i < 2; ++i) {
            order.nonce = i;
            bytes memory signature = _signed(ANN, _digest(order));
            vm.prank(RELAYER);
            payments.payFor(order, signature);
            _cost(i == 0 ? "payFor first" : "payFor");
        }
    }

    /// forge-config: default.isolate = true
    function test_gas__of_payments_without_allowance__then_as_in_the_snapshot() public {
        coin.mint(_who(BEN), 1);
        IPayments.Order memory order = _order(1e6);
        for (uint256 i = 0; i < 2; ++i) {
            IPayments.Permit memory permit = _permit(ANN, order.amount, LATER);
            vm.prank(order.payer);
            payments.payWithPermit(
                coin, order.payee, order.amount, order.purpose, MEMO, permit.deadline, permit.v, permit.r, permit.s
            );
            _cost(i == 0 ? "payWithPermit first" : "payWithPermit");
        }
        for (uint256 i = 0; i < 2; ++i) {
            order.nonce = i;
            IPayments.Permit memory permit = _permit(ANN, order.amount, LATER);
            bytes memory signature = _signed(ANN, _digest(order));
            vm.prank(RELAYER);
            payments.payForWithPermit(order, signature, permit);
            _cost(i == 0 ? "payForWithPermit first" : "payForWithPermit");
        }
        bytes memory authorization = _authorization(ANN, order, MEMO);
        vm.prank(RELAYER);
        payments.payForWithAuthorization(order, NOW - 1, MEMO, authorization);
        _cost("payForWithAuthorization");
    }
}

contract LinksGasTest is LinksFixture {
    function _cost(string memory what) private {
        vm.snapshotValue("people", what, vm.lastCallGas().gasTotalUsed);
    }

    /// forge-config: default.isolate = true
    function test_gas__of_links__then_as_in_the_snapshot() public {
        _link(101, 102); // somebody has linked before
        _link(1, 2);
        _cost("link, a new person");
        _link(1, 3);
        _cost("link, a third wallet");
        for (uint256 key = 4; key < MOST; ++key) {
            _link(1, key);
        }
        _link(1, MOST);
        _cost("link, an eighth wallet");
        _unlink(MOST);
        _cost("unlink from eight");
        bytes memory one = _word(11, _who(12));
        bytes memory two = _word(12, _who(11));
        vm.prank(RELAYER);
        links.linkFor(_who(11), _who(12), LATER, one, two);
        _cost("linkFor, a new person");
        _unlink(11);
        _cost("unlink from two");
        WalletLinks read = links;
        read.bookOf(_who(1)); // inside a lender this costs 21,000 and some less
        _cost("bookOf of eight, as a transaction");
    }
}

contract DisputesGasTest is PaymentsFixture {
    bytes32 private constant FACT = keccak256("fact");
    address private constant ARBITER = address(0xA4B);

    function _cost(string memory what) private {
        vm.snapshotValue("people", what, vm.lastCallGas().gasTotalUsed);
    }

    function _word(Disputes disputes, bytes32 fact) private view returns (bytes memory) {
        bytes32 kind =
            keccak256("Dispute(address account,bytes32 factId,bytes32 wordsHash,uint256 nonce,uint64 deadline)");
        bytes memory words = abi.encode(kind, _who(BEN), fact, MEMO, disputes.nonces(_who(BEN)), LATER);
        return _signed(BEN, _typed("Disputes", address(disputes), block.chainid, words));
    }

    /// forge-config: default.isolate = true
    function test_gas__of_disputes__then_as_in_the_snapshot() public {
        Disputes disputes = new Disputes(ARBITER, ARBITER, 9, 7 days);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(_who(ANN));
            disputes.dispute(bytes32(i), MEMO);
            if (i < 2) _cost(i == 0 ? "dispute first" : "dispute");
        }
        bytes memory word = _word(disputes, FACT);
        vm.prank(RELAYER);
        disputes.disputeFor(_who(BEN), FACT, MEMO, LATER, word);
        _cost("disputeFor first");
        string[3] memory names = ["decide, upheld", "decide, not upheld", "decide, unconfirmed"];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(ARBITER);
            disputes.decide(_who(ANN), bytes32(i), IDisputes.Outcome(i + 1), MEMO);
            _cost(names[i]);
        }
        vm.prank(_who(BEN));
        disputes.withdrawDispute(FACT);
        _cost("withdrawDispute");
    }
}
