// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { IPayments } from "../src/IPayments.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";
import { FalseCoin, FeeCoin, ReentrantCoin } from "./PeopleCoins.sol";

contract PayTest is PaymentsFixture {
    function _refused(address token, address payee, uint256 amount, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(_who(ANN));
        payments.pay(IERC20(token), payee, amount, IPayments.Purpose.Wage, MEMO);
        _assertPaid(0);
    }

    function test_pay__when_nothing_is_paid__then_refused() public {
        _allow(FUNDS);
        _refused(address(coin), _who(BEN), 0, abi.encodeWithSelector(IPayments.AmountZero.selector));
    }

    function test_pay__when_the_payee_is_the_payer_or_nobody__then_refused(uint256 amount) public {
        amount = _bound(amount, 1, FUNDS);
        _allow(FUNDS);
        address[2] memory payees = [_who(ANN), address(0)];
        for (uint256 i = 0; i < 2; ++i) {
            _refused(address(coin), payees[i], amount, abi.encodeWithSelector(IPayments.BadPayee.selector, payees[i]));
        }
    }

    function test_pay__when_the_coin_is_no_contract__then_refused(uint160 given) public {
        address nothing = address(given);
        vm.assume(nothing.code.length == 0 && given > 0xffff);
        _refused(nothing, _who(BEN), 1, abi.encodeWithSelector(IPayments.NoContract.selector, nothing));
    }

    function test_pay__when_too_little_is_allowed__then_the_coin_refuses(uint256 amount, uint256 allowed) public {
        amount = _bound(amount, 1, FUNDS);
        allowed = _bound(allowed, 0, amount - 1);
        _allow(allowed);
        _refused(
            address(coin),
            _who(BEN),
            amount,
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(payments), allowed, amount)
        );
    }

    function test_pay__when_the_coin_takes_a_fee__then_refused() public {
        uint256 amount = 100;
        FeeCoin fee = new FeeCoin();
        fee.mint(_who(ANN), amount);
        vm.prank(_who(ANN));
        fee.approve(address(payments), amount);
        _refused(
            address(fee),
            _who(BEN),
            amount,
            abi.encodeWithSelector(IPayments.CoinMovedLess.selector, amount, amount - amount / 100)
        );
        vm.assertEq(fee.balanceOf(_who(ANN)), amount);
    }

    function test_pay__when_the_coin_says_no__then_refused() public {
        address says = address(new FalseCoin());
        _refused(says, _who(BEN), 1, abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, says));
    }

    function test_pay__when_the_coin_pays_from_within__then_refused() public {
        ReentrantCoin again = new ReentrantCoin();
        again.mint(_who(ANN), 2);
        vm.prank(_who(ANN));
        again.approve(address(payments), 2);
        bytes4 reason = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        _refused(address(again), _who(BEN), 1, abi.encodeWithSelector(reason));
    }

    function test_pay__when_allowed__then_the_payee_has_exactly_the_amount(uint256 amount, uint8 purpose) public {
        IPayments.Order memory order = _order(_bound(amount, 1, FUNDS));
        order.purpose = IPayments.Purpose(purpose % 6);
        _allow(order.amount);
        _expectPaid(order);
        vm.prank(_who(ANN));
        payments.pay(coin, order.payee, order.amount, order.purpose, MEMO);
        _assertPaid(order.amount);
    }

    function test_pay__when_somebody_else_calls__then_the_payers_allowance_is_no_use() public {
        _allow(FUNDS);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(_who(CAT));
        payments.pay(coin, _who(BEN), 1, IPayments.Purpose.None, 0);
        _assertPaid(0);
    }
}
