// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { IReceivables } from "../src/IReceivables.sol";
import { BadCoin } from "./BadCoin.sol";
import { ReceivableFixture } from "./ReceivableFixture.sol";

/// @notice An invoice in a token that takes a fee, says false, refuses a holder, or calls back: nobody else is the worse for it.
contract BadCoinsTest is ReceivableFixture {
    BadCoin private bad;

    function setUp() public override {
        super.setUp();
        bad = new BadCoin();
    }

    function _acceptedIn(uint256 amount) private returns (bytes32 id) {
        id = _issueIn(address(bad), amount);
        _accept(id);
        bad.mint(BUYER, amount);
        vm.prank(BUYER);
        bad.approve(address(receivables), type(uint256).max);
    }

    function _misbehave(BadCoin.Way way, address one) private {
        bad.misbehave(way, one, "");
    }

    function _payIn(bytes32 id, uint256 amount) private {
        vm.prank(BUYER);
        receivables.pay(id, amount);
    }

    function test_pay__when_the_token_takes_a_fee__then_refused(uint256 amount) public {
        amount = _bound(amount, 1, 100 * USD);
        bytes32 id = _acceptedIn(100 * USD);
        _misbehave(BadCoin.Way.TakesAFee, address(0));
        uint256 moved = amount - (amount / 100 + 1);
        vm.prank(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.CoinMovedLess.selector, amount, moved));
        receivables.pay(id, amount);
    }

    function test_finance__when_the_token_takes_a_fee__then_refused() public {
        bytes32 id = _acceptedIn(100 * USD);
        _offer(SUPPLIER, id, FINANCIER, 80 * USD);
        bad.mint(FINANCIER, 80 * USD);
        _misbehave(BadCoin.Way.TakesAFee, address(0));
        vm.startPrank(FINANCIER);
        bad.approve(address(receivables), 80 * USD);
        uint256 moved = 80 * USD - (80 * USD / 100 + 1);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.CoinMovedLess.selector, 80 * USD, moved));
        receivables.finance(id, SUPPLIER, 80 * USD);
        vm.stopPrank();
        vm.assertEq(receivables.claimOf(id, SUPPLIER), 100 * USD);
    }

    function test_pay__when_the_token_says_false__then_refused() public {
        bytes32 id = _acceptedIn(100 * USD);
        _misbehave(BadCoin.Way.SaysFalse, address(0));
        vm.prank(BUYER);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(bad)));
        receivables.pay(id, USD);
    }

    /// @notice One holder whom the token refuses does not keep the buyer from paying, nor the others from being paid.
    function test_pay__when_one_holder_is_refused__then_its_share_is_kept(uint256 part) public {
        part = _bound(part, 1, 100 * USD - 1);
        bytes32 id = _acceptedIn(100 * USD);
        _split(SUPPLIER, id, ANN, part);
        _misbehave(BadCoin.Way.RefusesOne, ANN);
        vm.expectEmit(address(receivables));
        emit IReceivables.PaymentKept(id, ANN, address(bad), part);
        _payIn(id, 100 * USD);
        _assertStatus(id, IReceivables.Status.Paid);
        vm.assertEq(bad.balanceOf(SUPPLIER), 100 * USD - part);
        vm.assertEq(receivables.keptOf(address(bad), ANN), part);
        vm.assertEq(bad.balanceOf(address(receivables)), part);
    }

    function test_collect__when_nothing_is_kept__then_refused(address account) public {
        vm.prank(account);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NothingKept.selector, account, address(bad)));
        receivables.collect(address(bad));
    }

    function test_collect__when_the_token_relents__then_it_is_sent_once() public {
        bytes32 id = _acceptedIn(100 * USD);
        _assign(SUPPLIER, id, ANN);
        _misbehave(BadCoin.Way.RefusesOne, ANN);
        _payIn(id, 60 * USD);
        _payIn(id, 40 * USD);
        vm.prank(ANN);
        vm.expectRevert(bytes("blocked"));
        receivables.collect(address(bad));
        _misbehave(BadCoin.Way.None, address(0));
        vm.expectEmit(address(receivables));
        emit IReceivables.Collected(ANN, address(bad), 100 * USD);
        vm.prank(ANN);
        vm.assertEq(receivables.collect(address(bad)), 100 * USD);
        vm.assertEq(bad.balanceOf(ANN), 100 * USD);
        vm.prank(ANN);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NothingKept.selector, ANN, address(bad)));
        receivables.collect(address(bad));
    }

    /// @notice From inside the token, nothing that moves coin works, and what it sees is what holds after the payment.
    function test_pay__when_the_token_calls_back__then_refused_inside() public {
        bytes32 id = _acceptedIn(100 * USD);
        bytes memory reason = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        bytes[4] memory calls = [
            abi.encodeCall(IReceivables.pay, (id, 1)),
            abi.encodeCall(IReceivables.payRest, (id)),
            abi.encodeCall(IReceivables.finance, (id, SUPPLIER, 1)),
            abi.encodeCall(IReceivables.collect, (address(bad)))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            bad.misbehave(BadCoin.Way.CallsBack, address(receivables), calls[i]);
            _payIn(id, 10 * USD);
            vm.assertFalse(bad.calledBack());
            vm.assertEq(bad.answer(), reason);
        }
        bad.misbehave(BadCoin.Way.CallsBack, address(receivables), abi.encodeCall(IReceivables.claimOf, (id, SUPPLIER)));
        _payIn(id, 10 * USD);
        vm.assertEq(abi.decode(bad.answer(), (uint256)), 50 * USD);
    }
}
