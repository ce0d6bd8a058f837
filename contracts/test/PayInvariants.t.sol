// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IPayments } from "../src/IPayments.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";

/// @notice Three accounts that pay each other in every way, and a book of what each should have.
contract Payers is PaymentsFixture {
    mapping(address account => uint256) public shouldHave;
    uint256 public paid;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            address account = thePerson(i);
            coin.mint(account, FUNDS);
            shouldHave[account] = coin.balanceOf(account);
        }
    }

    function thePerson(uint256 i) public pure returns (address) {
        return _who(_keyOf(i));
    }

    function balanceOf(address account) external view returns (uint256) {
        return coin.balanceOf(account);
    }

    function atTheContract() external view returns (uint256) {
        return coin.balanceOf(address(payments));
    }

    function pay(uint256 from, uint256 to, uint256 amount, bool allows, uint8 way) external {
        IPayments.Order memory order = _order(amount % FUNDS);
        (order.payer, order.payee) = (thePerson(from), thePerson(to));
        (order.nonce, order.deadline) = (payments.nonces(order.payer), type(uint64).max);
        if (allows) {
            vm.prank(order.payer);
            coin.approve(address(payments), order.amount);
        }
        if (_pays(order, _keyOf(from), way % 4)) {
            shouldHave[order.payer] -= order.amount;
            shouldHave[order.payee] += order.amount;
            ++paid;
        }
    }

    function _keyOf(uint256 i) private pure returns (uint256) {
        return [ANN, BEN, CAT][i % 3];
    }

    function _pays(IPayments.Order memory order, uint256 key, uint8 way) private returns (bool done) {
        bytes memory data;
        if (way == 0) {
            data = abi.encodeCall(payments.pay, (coin, order.payee, order.amount, order.purpose, order.memoHash));
        } else if (way == 1) {
            data = abi.encodeCall(payments.payFor, (order, _signed(key, _digest(order))));
        } else if (way == 2) {
            IPayments.Permit memory permit = _permit(key, order.amount, order.deadline);
            data = abi.encodeCall(payments.payForWithPermit, (order, _signed(key, _digest(order)), permit));
        } else {
            order.deadline = type(uint32).max; // the coin's times are of 48 bits
            bytes memory signature = _authorization(key, order, MEMO);
            data = abi.encodeCall(payments.payForWithAuthorization, (order, NOW - 1, MEMO, signature));
        }
        vm.prank(way == 0 ? order.payer : RELAYER);
        (done,) = address(payments).call(data);
    }
}

contract PayInvariantsTest {
    Payers internal payers;

    function setUp() public {
        payers = new Payers();
        payers.setUp();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(payers);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(payers), new bytes4[](1));
        targets[0].selectors[0] = Payers.pay.selector;
    }

    function invariant_the_payer_loses_exactly_what_the_payee_gains() public view {
        for (uint256 i = 0; i < 3; ++i) {
            address account = payers.thePerson(i);
            require(payers.balanceOf(account) == payers.shouldHave(account), "balance");
        }
        require(payers.atTheContract() == 0, "coin at the contract");
    }

    /// @notice The steps do what they say, so that the runs are about something.
    function test_steps__when_taken__then_every_way_pays() public {
        for (uint8 way = 0; way < 4; ++way) {
            payers.pay(way, way + 1, 7, way < 2, way); // allowances only where they are needed
            require(payers.paid() == way + 1, "not paid");
        }
    }
}
