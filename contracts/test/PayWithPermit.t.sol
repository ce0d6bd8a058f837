// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IPayments } from "../src/IPayments.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";
import { FeeCoin } from "./PeopleCoins.sol";

contract PayWithPermitTest is PaymentsFixture {
    function _pay(IERC20 token, IPayments.Order memory order, IPayments.Permit memory permit) private {
        vm.prank(_who(ANN));
        payments.payWithPermit(
            token, order.payee, order.amount, order.purpose, MEMO, permit.deadline, permit.v, permit.r, permit.s
        );
    }

    function _refused(uint256 amount, IPayments.Permit memory permit, uint256 allowed) private {
        vm.expectRevert(abi.encodeWithSelector(IPayments.PermitRefused.selector, _who(ANN), allowed, amount));
        _pay(coin, _order(amount), permit);
        _assertPaid(0);
    }

    function test_payWithPermit__when_late__then_refused(uint256 deadline) public {
        deadline = _bound(deadline, 0, NOW - 1);
        _refused(1e6, _permit(ANN, 1e6, deadline), 0);
    }

    function test_payWithPermit__when_for_another_amount_or_by_another_key__then_refused(uint256 amount) public {
        amount = _bound(amount, 2, FUNDS);
        _refused(amount, _permit(ANN, amount - 1, LATER), 0);
        _refused(amount, _permit(BEN, amount, LATER), 0);
        _allow(amount - 1);
        _refused(amount, _permit(BEN, amount, LATER), amount - 1);
    }

    function test_payWithPermit__when_the_coin_has_no_permits__then_the_allowance_counts(uint256 amount) public {
        amount = _bound(amount, 1, 99); // too little for a fee
        FeeCoin plain = new FeeCoin();
        plain.mint(_who(ANN), amount);
        IPayments.Permit memory permit = _permit(ANN, amount, LATER);
        vm.expectRevert(abi.encodeWithSelector(IPayments.PermitRefused.selector, _who(ANN), 0, amount));
        _pay(plain, _order(amount), permit);
        vm.prank(_who(ANN));
        plain.approve(address(payments), amount);
        _pay(plain, _order(amount), permit);
        vm.assertEq(plain.balanceOf(_who(BEN)), amount);
    }

    function test_payWithPermit__when_the_coin_is_no_contract__then_refused() public {
        IPayments.Permit memory permit = _permit(ANN, 1, LATER);
        vm.expectRevert(abi.encodeWithSelector(IPayments.NoContract.selector, RELAYER));
        _pay(IERC20(RELAYER), _order(1), permit);
    }

    function test_payWithPermit__when_signed__then_paid_and_nothing_stays_allowed(uint256 amount) public {
        IPayments.Order memory order = _order(_bound(amount, 1, FUNDS));
        IPayments.Permit memory permit = _permit(ANN, order.amount, LATER);
        _expectPaid(order);
        _pay(coin, order, permit);
        _assertPaid(order.amount);
        vm.assertEq(coin.allowance(_who(ANN), address(payments)), 0);
    }

    function test_payWithPermit__when_somebody_used_the_permit_first__then_paid_all_the_same(uint256 amount) public {
        IPayments.Order memory order = _order(_bound(amount, 1, FUNDS));
        IPayments.Permit memory permit = _permit(ANN, order.amount, LATER);
        vm.prank(_who(CAT));
        coin.permit(_who(ANN), address(payments), order.amount, permit.deadline, permit.v, permit.r, permit.s);
        _pay(coin, order, permit);
        _assertPaid(order.amount);
    }
}
