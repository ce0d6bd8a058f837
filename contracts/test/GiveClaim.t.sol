// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

/// @notice Of assigning and splitting: a claim goes from hand to hand, and is no more than before.
contract GiveClaimTest is ReceivableFixture {
    uint256 private constant LINKED_KEY = 0x11AA;

    function _refused(address caller, bytes32 id, address newHolder, bytes memory reason) private {
        vm.startPrank(caller);
        vm.expectRevert(reason);
        receivables.assign(id, newHolder);
        vm.expectRevert(reason);
        receivables.split(id, newHolder, 1);
        vm.stopPrank();
    }

    function test_give__when_not_a_holder__then_refused(address caller) public {
        vm.assume(caller != SUPPLIER);
        bytes32 id = _accepted(100 * USD);
        _refused(caller, id, BEN, abi.encodeWithSelector(IReceivables.NotAHolder.selector, id, caller));
    }

    function test_give__when_not_accepted_or_ended__then_refused() public {
        bytes32 id = _issue(100 * USD);
        _refused(SUPPLIER, id, ANN, _wrongStatus(id, IReceivables.Status.Issued));
        _dispute(id);
        _refused(SUPPLIER, id, ANN, _wrongStatus(id, IReceivables.Status.Disputed));
        id = _ended(IReceivables.Status.Paid);
        _refused(SUPPLIER, id, ANN, _wrongStatus(id, IReceivables.Status.Paid));
    }

    function test_give__when_to_nobody_oneself_the_contract_or_the_buyer__then_refused() public {
        bytes32 id = _accepted(100 * USD);
        _link(BUYER_KEY, LINKED_KEY);
        address[5] memory bad = [address(0), SUPPLIER, address(receivables), BUYER, vm.addr(LINKED_KEY)];
        for (uint256 i = 0; i < bad.length; ++i) {
            _refused(SUPPLIER, id, bad[i], abi.encodeWithSelector(IReceivables.BadHolder.selector, bad[i]));
        }
    }

    function test_split__when_nothing_or_more_than_the_claim__then_refused(uint256 amount) public {
        amount = _bound(amount, 100 * USD + 1, type(uint256).max);
        bytes32 id = _accepted(100 * USD);
        vm.startPrank(SUPPLIER);
        vm.expectRevert(IReceivables.AmountZero.selector);
        receivables.split(id, ANN, 0);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TooMuch.selector, amount, 100 * USD));
        receivables.split(id, ANN, amount);
        vm.stopPrank();
    }

    function test_split__when_there_are_16_holders__then_only_among_them() public {
        bytes32 id = _accepted(100 * USD);
        for (uint160 i = 1; i < 16; ++i) {
            _split(SUPPLIER, id, address(0x9000 + i), USD);
        }
        vm.prank(SUPPLIER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TooManyHolders.selector, id, 16));
        receivables.split(id, ANN, USD);
        _split(SUPPLIER, id, address(0x9001), USD);
        vm.assertEq(receivables.claimOf(id, address(0x9001)), 2 * USD);
        _assign(address(0x9002), id, address(0x9001));
        _split(SUPPLIER, id, ANN, USD);
        vm.assertEq(receivables.holdersOf(id).length, 16);
    }

    function test_assign__when_the_claim_was_rounded_to_nothing__then_refused() public {
        bytes32 id = _accepted(100);
        _split(SUPPLIER, id, ANN, 1);
        _pay(BUYER, id, 99);
        vm.assertEq(receivables.claimOf(id, ANN) + receivables.claimOf(id, SUPPLIER), 1);
        address paid = receivables.claimOf(id, ANN) == 0 ? ANN : SUPPLIER;
        vm.prank(paid);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotAHolder.selector, id, paid));
        receivables.assign(id, BEN);
    }

    function test_assign__when_accepted__then_all_goes_over(bool hidden) public {
        bytes32 id = hidden ? _acceptedHidden(100 * USD, "salt") : _accepted(100 * USD);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceAssigned(id, SUPPLIER, BUYER, SUPPLIER, ANN, address(coin), hidden ? 0 : 100 * USD);
        _assign(SUPPLIER, id, ANN);
        vm.assertEq(receivables.claimOf(id, ANN), hidden ? 0 : 100 * USD);
        vm.assertEq(receivables.holdersOf(id).length, 1);
        vm.assertEq(receivables.holdersOf(id)[0], ANN);
        if (hidden) receivables.open(id, 100 * USD, "salt");
        _pay(BUYER, id, 100 * USD);
        vm.assertEq(coin.balanceOf(ANN), 100 * USD);
    }

    function test_split__when_accepted__then_a_part_goes_over(uint256 part) public {
        part = _bound(part, 1, 100 * USD);
        bytes32 id = _accepted(100 * USD);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoiceSplit(id, SUPPLIER, BUYER, SUPPLIER, ANN, address(coin), part);
        _split(SUPPLIER, id, ANN, part);
        vm.assertEq(receivables.claimOf(id, ANN), part);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 100 * USD - part);
    }

    /// @notice Down a chain of suppliers, in parts and wholes, in circles: together they hold what is outstanding.
    function test_give__when_from_hand_to_hand__then_claims_are_what_is_outstanding(uint256 seed) public {
        address[4] memory who = [SUPPLIER, ANN, BEN, FINANCIER];
        bytes32 id = _accepted(_bound(seed, 1, 1000 * USD));
        for (uint256 step = 0; step < 24; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            (address from, address to) = (who[dice % 4], who[(dice >> 8) % 4]);
            uint256 claim = receivables.claimOf(id, from);
            if (from == to || claim == 0) continue;
            if (dice >> 16 & 1 == 0) _assign(from, id, to);
            else _split(from, id, to, 1 + (dice >> 24) % claim);
            uint256 sum = 0;
            for (uint256 i = 0; i < 4; ++i) {
                sum += receivables.claimOf(id, who[i]);
            }
            vm.assertEq(sum, receivables.invoiceOf(id).outstanding);
        }
    }
}
