// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ITermLoans } from "../src/ITermLoans.sol";
import { IWalletLinks } from "../src/IWalletLinks.sol";
import { LoanPool } from "../src/LoanPool.sol";
import { TermLoans } from "../src/TermLoans.sol";
import { LoanFixture } from "./LoanFixture.sol";
import { SizedCoin } from "./mocks/LoanCoins.sol";

contract ListPoolTest is LoanFixture {
    function test_listPool__when_it_is_not_the_owner__then_refused(address stranger) public {
        vm.assume(stranger != OWNER);
        LoanPool made = _newPool(coin, USD);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        loans.listPool(made);
        vm.expectRevert(reason);
        loans.unlistPool(pool);
    }

    function test_listPool__when_it_is_of_another_book__then_refused() public {
        TermLoans another = new TermLoans(oracle, links, OWNER);
        vm.startPrank(OWNER);
        bytes4 selector = ITermLoans.PoolOfAnotherBook.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, address(pool), address(loans)));
        another.listPool(pool);
    }

    function test_listPool__when_listed_or_not_already__then_refused() public {
        LoanPool made = _newPool(coin, USD);
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolListedAlready.selector, address(pool)));
        loans.listPool(pool);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.PoolNotListed.selector, address(made)));
        loans.unlistPool(made);
    }

    /// forge-config: default.fuzz.runs = 32
    function test_listPool__when_the_coin_has_too_few_or_many_decimals__then_refused(uint8 decimals) public {
        vm.assume(decimals < 2 || decimals > 18);
        LoanPool made = _newPool(new SizedCoin(decimals), USD);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ITermLoans.DecimalsOutOfRange.selector, decimals));
        loans.listPool(made);
    }

    function test_listPool__when_unlisted_and_listed_again__then_it_lends_again() public {
        vm.startPrank(OWNER);
        vm.expectEmit(address(loans));
        emit ITermLoans.PoolUnlisted(address(pool));
        loans.unlistPool(pool);
        vm.assertFalse(loans.isListed(pool));
        vm.expectEmit(address(loans));
        emit ITermLoans.PoolListed(address(pool), address(coin), 6);
        loans.listPool(pool);
        vm.stopPrank();
        _borrow(MEI, USD);
    }

    /// forge-config: default.fuzz.runs = 32
    function test_listPool__of_any_decimals__then_exposure_is_in_cents(uint8 decimals, uint64 cents) public {
        decimals = uint8(_bound(decimals, 2, 18));
        cents = uint64(_bound(cents, 2, 100_00));
        uint128 unit = uint128(10 ** decimals);
        LoanPool made = _listedPool(new SizedCoin(decimals), unit);
        address[] memory borrowers = new address[](1);
        borrowers[0] = _who(BO);
        vm.prank(LENDER);
        made.allowStarter(borrowers, 100 * unit);
        uint128 principal = uint128(cents) * unit / 100;
        vm.prank(_who(BO));
        loans.borrowStarter(made, _once(decimals == 2 ? principal : principal - 1)); // part of a cent is a cent
        (uint256 exposure,) = loans.exposureOf(_who(BO));
        vm.assertEq(exposure, cents);
    }

    function test_book__without_links__then_each_wallet_is_one_person() public {
        loans = new TermLoans(oracle, IWalletLinks(address(0)), OWNER);
        pool = _listedPool(coin, USD);
        _link(MEI, THIN);
        _borrow(MEI, 100 * USD);
        (uint256 exposure,) = loans.exposureOf(_who(THIN));
        vm.assertEq(exposure, 0);
        (exposure,) = loans.exposureOf(_who(MEI));
        vm.assertEq(exposure, 100_00);
    }
}
