// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { IReceivables } from "../src/IReceivables.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

contract PayInvoiceTest is ReceivableFixture {
    uint256 private constant LINKED_KEY = 0x11AA;

    function _refused(address payer, bytes32 id, uint256 amount, bytes memory reason) private {
        _fund(payer, amount % (1000 * USD));
        vm.prank(payer);
        vm.expectRevert(reason);
        receivables.pay(id, amount);
    }

    function test_pay__when_not_accepted_or_ended__then_refused() public {
        bytes32 id = _issue(100 * USD);
        _refused(BUYER, id, USD, _wrongStatus(id, IReceivables.Status.Issued));
        _dispute(id);
        _refused(BUYER, id, USD, _wrongStatus(id, IReceivables.Status.Disputed));
        id = _ended(IReceivables.Status.Paid);
        _refused(BUYER, id, USD, _wrongStatus(id, IReceivables.Status.Paid));
        id = _ended(IReceivables.Status.Credited);
        _refused(BUYER, id, USD, _wrongStatus(id, IReceivables.Status.Credited));
    }

    function test_pay__when_it_is_nothing_or_more_than_is_outstanding__then_refused(uint256 amount) public {
        amount = _bound(amount, 60 * USD + 1, type(uint256).max);
        bytes32 id = _accepted(100 * USD);
        _pay(BUYER, id, 40 * USD);
        _refused(BUYER, id, 0, abi.encodeWithSelector(IReceivables.AmountZero.selector));
        _refused(BUYER, id, amount, abi.encodeWithSelector(IReceivables.TooMuch.selector, amount, 60 * USD));
    }

    function test_pay__when_the_payer_lets_too_little_be_taken__then_refused() public {
        bytes32 id = _accepted(100 * USD);
        _fund(BUYER, 100 * USD - 1);
        vm.prank(BUYER);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        receivables.pay(id, 100 * USD);
        vm.assertEq(receivables.invoiceOf(id).outstanding, 100 * USD);
    }

    /// @notice Nobody looks good by paying himself.
    function test_pay__when_by_the_supplier_its_other_wallet_or_a_holder__then_refused() public {
        bytes32 id = _accepted(100 * USD);
        _split(SUPPLIER, id, ANN, 30 * USD);
        _refused(SUPPLIER, id, USD, _selfDealing(SUPPLIER, SUPPLIER));
        _refused(ANN, id, USD, _selfDealing(ANN, ANN));
        _link(SUPPLIER_KEY, LINKED_KEY);
        _refused(vm.addr(LINKED_KEY), id, USD, _selfDealing(vm.addr(LINKED_KEY), SUPPLIER));
    }

    /// @notice What it has accepted, the buyer can pay, whomever it is linked with since.
    function test_pay__when_the_buyer_is_linked_with_the_supplier_since__then_paid() public {
        bytes32 id = _accepted(100 * USD);
        _link(SUPPLIER_KEY, BUYER_KEY);
        _pay(BUYER, id, 100 * USD);
        _assertStatus(id, IReceivables.Status.Paid);
    }

    function test_pay__when_a_part__then_the_rest_is_outstanding(uint256 part, address payer) public {
        vm.assume(payer != SUPPLIER && payer != address(0) && payer != address(receivables));
        part = _bound(part, 1, 100 * USD - 1);
        bytes32 id = _accepted(100 * USD);
        _fund(payer, part);
        vm.expectEmit(address(receivables));
        emit IReceivables.InvoicePaid(id, SUPPLIER, BUYER, payer, address(coin), part, 100 * USD - part);
        vm.prank(payer);
        receivables.pay(id, part);
        _assertStatus(id, IReceivables.Status.Accepted);
        vm.assertEq(receivables.invoiceOf(id).endTime, 0);
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 100 * USD - part);
        vm.assertEq(coin.balanceOf(SUPPLIER), part);
    }

    function test_pay__when_all_and_even_late__then_paid(uint64 time) public {
        bytes32 id = _accepted(100 * USD);
        vm.warp(_bound(time, block.timestamp, block.timestamp + 10 * 365 days));
        _pay(BUYER, id, 100 * USD);
        _assertStatus(id, IReceivables.Status.Paid);
        vm.assertEq(receivables.invoiceOf(id).endTime, block.timestamp);
        vm.assertEq(receivables.holdersOf(id).length, 0);
        vm.assertEq(coin.balanceOf(SUPPLIER), 100 * USD);
    }

    /// @notice Whatever others pay just before, the rest is the rest.
    function test_payRest__when_others_paid_or_credited_before__then_what_is_left(uint256 part) public {
        part = _bound(part, 1, 50 * USD);
        bytes32 id = _accepted(100 * USD);
        _pay(ANN, id, part);
        if (part % 2 == 0) _credit(id, part);
        uint256 left = 100 * USD - (part % 2 == 0 ? 2 * part : part);
        if (left == 0) return;
        _fund(BUYER, 100 * USD);
        vm.prank(BUYER);
        vm.assertEq(receivables.payRest(id), left);
        vm.assertEq(coin.balanceOf(BUYER), 100 * USD - left);
        _assertStatus(id, IReceivables.Status.Paid);
    }

    function test_payRest__when_nothing_is_owed__then_refused() public {
        bytes32 id = _issue(100 * USD);
        vm.expectRevert(_wrongStatus(id, IReceivables.Status.Issued));
        receivables.payRest(id);
        id = _ended(IReceivables.Status.Paid);
        vm.expectRevert(_wrongStatus(id, IReceivables.Status.Paid));
        receivables.payRest(id);
        id = _acceptedHidden(100 * USD, "salt");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.AmountNotOpen.selector, id));
        receivables.payRest(id);
    }

    /// @notice By the largest amount there is, too: shares are exact.
    function test_pay__when_the_amount_is_the_largest__then_paid_in_shares() public {
        uint256 most = type(uint256).max;
        bytes32 id = _accepted(most);
        _split(SUPPLIER, id, ANN, most / 3);
        _fund(BUYER, most);
        vm.startPrank(BUYER);
        receivables.pay(id, most / 2);
        receivables.pay(id, most - most / 2);
        vm.stopPrank();
        vm.assertEq(coin.balanceOf(ANN), most / 3);
        vm.assertEq(coin.balanceOf(SUPPLIER), most - most / 3);
    }

    /// @notice Each payment is shared by the claims of its moment: to a unit, never above a claim, and wholly.
    function test_pay__when_shared_among_up_to_16__then_each_has_its_share(uint256 seed, uint8 holders, uint8 payments)
        public
    {
        uint256 count = _bound(holders, 1, 16);
        uint256 total = _bound(seed, count, 1000 * USD);
        bytes32 id = _accepted(total);
        _splitAmong(id, count, total, seed);
        _fund(BUYER, total);
        for (uint256 i = _bound(payments, 1, 8); i > 0; --i) {
            uint256 outstanding = receivables.invoiceOf(id).outstanding;
            if (outstanding == 0) break;
            uint256 amount = i == 1 ? outstanding : 1 + uint256(keccak256(abi.encode(seed, i))) % outstanding;
            _payShared(id, amount, outstanding);
        }
        _assertStatus(id, IReceivables.Status.Paid);
        vm.assertEq(coin.balanceOf(BUYER), 0);
    }

    /// @notice Parts of all sizes: of one unit, of nearly all.
    function _splitAmong(bytes32 id, uint256 count, uint256 total, uint256 seed) private {
        uint256 left = total;
        for (uint256 i = 1; i < count; ++i) {
            uint256 most = left - (count - i); // one unit for each of the rest
            uint256 dice = uint256(keccak256(abi.encode("part", seed, i)));
            uint256 part = dice % 3 == 0 ? 1 : 1 + dice % most;
            _split(SUPPLIER, id, address(uint160(0x9000 + i)), part);
            left -= part;
        }
        vm.assertEq(receivables.holdersOf(id).length, count);
    }

    function _payShared(bytes32 id, uint256 amount, uint256 outstanding) private {
        address[] memory who = receivables.holdersOf(id);
        uint256[] memory claims = new uint256[](who.length);
        uint256[] memory before = new uint256[](who.length);
        for (uint256 i = 0; i < who.length; ++i) {
            claims[i] = receivables.claimOf(id, who[i]);
            before[i] = coin.balanceOf(who[i]);
        }
        vm.prank(BUYER);
        receivables.pay(id, amount);
        uint256 shared = 0;
        for (uint256 i = 0; i < who.length; ++i) {
            uint256 share = coin.balanceOf(who[i]) - before[i];
            uint256 exact = amount * claims[i] / outstanding; // rounded down
            vm.assertTrue(share == exact || share == exact + 1, "within one unit");
            vm.assertLe(share, claims[i], "no more than the claim");
            vm.assertEq(receivables.claimOf(id, who[i]), claims[i] - share);
            shared += share;
        }
        vm.assertEq(shared, amount);
    }
}
