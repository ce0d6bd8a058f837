// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IPayments } from "../src/IPayments.sol";
import { LinksFixture } from "./LinksFixture.sol";
import { PaymentsFixture } from "./PaymentsFixture.sol";

/// @notice Twelve wallets that link and leave as they like, while time goes by.
contract Linkers is LinksFixture {
    uint256 public constant WALLETS = 12;
    uint256 public persons;
    uint256 public linked;
    uint256 public left;

    function theWallet(uint256 i) public pure returns (address) {
        return _who(i + 1);
    }

    function thePerson(uint256 number) external view returns (bytes32) {
        return _person(number);
    }

    function theWalletsOf(bytes32 person) external view returns (address[] memory) {
        return links.walletsOf(person);
    }

    function theBookOf(address wallet) external view returns (address[] memory) {
        return links.bookOf(wallet);
    }

    function thePersonOf(address wallet) public view returns (bytes32) {
        return links.personOf(wallet);
    }

    function theLeavingOf(address wallet) external view returns (uint64) {
        return links.leavesAt(wallet);
    }

    function link(uint256 a, uint256 b) external {
        (a, b) = (1 + a % WALLETS, 1 + b % WALLETS);
        bool isNew = thePersonOf(_who(a)) == 0 && thePersonOf(_who(b)) == 0;
        bytes memory word = _wordOf(b, _who(b), _who(a), links.nonces(_who(b)), type(uint64).max);
        vm.prank(_who(a));
        try links.link(_who(b), type(uint64).max, word) {
            ++linked;
            if (isNew) ++persons;
        } catch { }
    }

    function unlink(uint256 a) external {
        vm.prank(_who(1 + a % WALLETS));
        try links.unlink() {
            ++left;
        } catch { }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + time % DELAY);
    }
}

/// @notice Three accounts that pay each other in every way, and a ledger of what each should have.
contract Payers is PaymentsFixture {
    mapping(address account => uint256) public shouldHave;
    uint256 public paid;

    function setUp() public override {
        super.setUp();
        shouldHave[_who(ANN)] = FUNDS;
    }

    function thePerson(uint256 i) public pure returns (address) {
        return _who([ANN, BEN, CAT][i % 3]);
    }

    function balanceOf(address account) external view returns (uint256) {
        return coin.balanceOf(account);
    }

    function atTheContract() external view returns (uint256) {
        return coin.balanceOf(address(payments));
    }

    function pay(uint256 from, uint256 to, uint256 amount, bool allows, uint8 way) external {
        uint256 key = [ANN, BEN, CAT][from % 3];
        IPayments.Order memory order = _order(amount % FUNDS);
        (order.payer, order.payee) = (_who(key), thePerson(to));
        (order.nonce, order.deadline) = (payments.nonces(order.payer), type(uint64).max);
        if (allows) {
            vm.prank(order.payer);
            coin.approve(address(payments), order.amount);
        }
        if (_pays(order, key, way)) {
            shouldHave[order.payer] -= order.amount;
            shouldHave[order.payee] += order.amount;
            ++paid;
        }
    }

    function _pays(IPayments.Order memory order, uint256 key, uint8 way) private returns (bool done) {
        bytes memory signature = _signed(key, _digest(order));
        bytes memory authorization = _authorization(key, order, bytes32(uint256(way)));
        IPayments.Permit memory permit = _permit(key, order.amount, order.deadline);
        bytes[4] memory calls = [
            abi.encodeCall(payments.pay, (coin, order.payee, order.amount, order.purpose, order.memoHash)),
            abi.encodeCall(payments.payFor, (order, signature)),
            abi.encodeCall(payments.payForWithPermit, (order, signature, permit)),
            abi.encodeCall(payments.payForWithAuthorization, (order, NOW - 1, bytes32(uint256(way)), authorization))
        ];
        vm.prank(way % 4 == 0 ? order.payer : RELAYER);
        (done,) = address(payments).call(calls[way % 4]);
    }
}

/// @notice No wallet is in two persons; lists and places agree; a person is two to eight wallets or none.
contract PeopleInvariantsTest {
    Linkers internal linkers;
    Payers internal payers;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        linkers = new Linkers();
        linkers.setUp();
        payers = new Payers();
        payers.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](2);
        (targets[0], targets[1]) = (address(linkers), address(payers));
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory links = new bytes4[](5);
        (links[0], links[1], links[2]) = (Linkers.link.selector, Linkers.link.selector, Linkers.link.selector);
        (links[3], links[4]) = (Linkers.unlink.selector, Linkers.wait.selector);
        bytes4[] memory payments = new bytes4[](1);
        payments[0] = Payers.pay.selector;
        targets = new FuzzSelector[](2);
        targets[0] = FuzzSelector(address(linkers), links);
        targets[1] = FuzzSelector(address(payers), payments);
    }

    function invariant_every_list_is_two_to_eight_wallets_that_say_the_same() public view {
        for (uint256 number = 1; number <= linkers.persons(); ++number) {
            bytes32 person = linkers.thePerson(number);
            address[] memory wallets = linkers.theWalletsOf(person);
            require(wallets.length != 1 && wallets.length <= 8, "size");
            uint256 staying = 0;
            for (uint256 i = 0; i < wallets.length; ++i) {
                require(linkers.thePersonOf(wallets[i]) == person, "in a list, but elsewhere");
                if (linkers.theLeavingOf(wallets[i]) == 0) ++staying;
                for (uint256 j = 0; j < i; ++j) {
                    require(wallets[i] != wallets[j], "twice in a list");
                }
            }
            require(staying != 1, "one stays alone");
        }
    }

    function invariant_every_wallet_is_in_the_list_of_its_person_and_in_no_other() public view {
        for (uint256 i = 0; i < linkers.WALLETS(); ++i) {
            address wallet = linkers.theWallet(i);
            uint256 lists = 0;
            for (uint256 number = 1; number <= linkers.persons(); ++number) {
                if (_holds(linkers.theWalletsOf(linkers.thePerson(number)), wallet)) ++lists;
            }
            require(lists == (linkers.thePersonOf(wallet) == 0 ? 0 : 1), "in two persons, or in a lost one");
            require(_holds(linkers.theBookOf(wallet), wallet), "not in its own book");
        }
    }

    function invariant_the_payer_loses_exactly_what_the_payee_gains() public view {
        for (uint256 i = 0; i < 3; ++i) {
            address account = payers.thePerson(i);
            require(payers.balanceOf(account) == payers.shouldHave(account), "balance");
        }
        require(payers.atTheContract() == 0, "coin at the contract");
    }

    /// @notice The runs above did something.
    function afterInvariant() public view {
        require(linkers.linked() > 0 && payers.paid() > 0, "nothing happened");
    }

    function _holds(address[] memory wallets, address wallet) private pure returns (bool) {
        for (uint256 i = 0; i < wallets.length; ++i) {
            if (wallets[i] == wallet) return true;
        }
        return false;
    }
}
