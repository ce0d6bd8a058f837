// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { WalletLinks } from "../src/WalletLinks.sol";
import { LinksFixture } from "./LinksFixture.sol";

/// @notice Twelve wallets that link and leave as they like, while time goes by.
contract Linkers is LinksFixture {
    uint256 private constant WALLETS = 12;
    address[] private _everyone;
    uint256 public persons;
    uint256 public linked;

    function setUp() public override {
        super.setUp();
        for (uint256 key = 1; key <= WALLETS; ++key) {
            _everyone.push(_who(key));
        }
    }

    function theLinks() external view returns (WalletLinks) {
        return links;
    }

    function everyone() external view returns (address[] memory) {
        return _everyone;
    }

    function thePerson(uint256 number) external view returns (bytes32) {
        return _person(number);
    }

    function link(uint256 a, uint256 b) external {
        (a, b) = (a % WALLETS, b % WALLETS);
        (address one, address other) = (_everyone[a], _everyone[b]);
        bool isNew = links.personOf(one) == 0 && links.personOf(other) == 0;
        bytes memory word = _wordOf(b + 1, other, one, links.nonces(other), type(uint64).max);
        vm.prank(one);
        try links.link(other, type(uint64).max, word) {
            ++linked;
            if (isNew) ++persons;
        } catch { }
    }

    function unlink(uint256 a) external {
        vm.prank(_everyone[a % WALLETS]);
        try links.unlink() { } catch { }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + time % DELAY);
    }
}

contract LinkInvariantsTest {
    Linkers internal linkers;
    mapping(address wallet => bytes32 person) private _seenIn;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        linkers = new Linkers();
        linkers.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(linkers);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory chosen = new bytes4[](6);
        for (uint256 i = 0; i < 4; ++i) {
            chosen[i] = Linkers.link.selector; // most of what happens
        }
        (chosen[4], chosen[5]) = (Linkers.unlink.selector, Linkers.wait.selector);
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(linkers), chosen);
    }

    /// @notice A person is two to eight wallets or none, never one that stays alone; each says that it is in this person, so that
    /// it is in no other; and no wallet says so that is not in the list, which is its book.
    function invariant_persons_and_wallets_say_the_same() public {
        WalletLinks links = linkers.theLinks();
        for (uint256 number = 1; number <= linkers.persons(); ++number) {
            bytes32 person = linkers.thePerson(number);
            address[] memory wallets = links.walletsOf(person);
            require(wallets.length != 1 && wallets.length <= 8, "size");
            uint256 staying = 0;
            for (uint256 i = 0; i < wallets.length; ++i) {
                require(links.personOf(wallets[i]) == person, "in a list, but elsewhere");
                require(_seenIn[wallets[i]] == 0, "twice in lists");
                _seenIn[wallets[i]] = person;
                if (links.leavesAt(wallets[i]) == 0) ++staying;
            }
            require(staying != 1, "one stays alone");
        }
        address[] memory everyone = linkers.everyone();
        for (uint256 i = 0; i < everyone.length; ++i) {
            require(links.personOf(everyone[i]) == _seenIn[everyone[i]], "in no list");
            require(links.bookOf(everyone[i]).length > 0, "no book");
            delete _seenIn[everyone[i]];
        }
    }

    /// @notice The steps do what they say, so that the runs are about something.
    function test_steps__when_taken__then_they_succeed() public {
        linkers.link(0, 1);
        linkers.link(1, 2);
        linkers.link(3, 4);
        require(linkers.linked() == 3 && linkers.persons() == 2, "linked");
        linkers.unlink(0);
        require(linkers.theLinks().leavesAt(linkers.everyone()[0]) > 0, "unlinked");
    }
}
