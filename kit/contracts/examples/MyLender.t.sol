// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { DevCoin } from "@credit-oracle/lender/contracts/dev/DevCoin.sol";
import { MockCreditOracle } from "@credit-oracle/lender/contracts/dev/MockCreditOracle.sol";
import { MyLender } from "@credit-oracle/lender/contracts/examples/MyLender.sol";
import { ICreditOracle } from "@credit-oracle/lender/contracts/ICreditOracle.sol";
import { Vm } from "./Vm.sol";

/// @notice The lender of docs/lenders.md, and how to test one of your own: no committee, no tree, seven states by one call each.
contract MyLenderTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant MEI = address(0x3E1);
    uint256 private constant ALL = 500e6;

    MockCreditOracle private _oracle;
    DevCoin private _coin;
    MyLender private _lender;

    function setUp() public {
        vm.warp(1_700_000_000);
        _oracle = new MockCreditOracle();
        _coin = new DevCoin();
        _lender = new MyLender(ICreditOracle(address(_oracle)), _coin);
        _coin.mint(address(_lender), 10 * ALL);
    }

    function _refused(bytes memory reason, ICreditOracle.AtLeastProof memory proof) private {
        vm.prank(MEI);
        vm.expectRevert(reason);
        _lender.borrow(1, proof);
        vm.assertEq(_lender.owed(MEI), 0);
    }

    function _borrow(uint256 amount) private {
        ICreditOracle.AtLeastProof memory proof = _oracle.atLeastProof(MEI, 650);
        vm.prank(MEI);
        _lender.borrow(amount, proof);
    }

    function test_borrow__with_the_proof_of_another__then_refused(address other) public {
        vm.assume(other != MEI);
        _oracle.scored(other, 850);
        ICreditOracle.AtLeastProof memory proof = _oracle.atLeastProof(other, 650);
        _refused(abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, MEI, 650), proof);
    }

    function test_borrow__with_less_than_is_asked__then_refused(uint16 threshold) public {
        threshold = uint16(_bound(threshold, 31, 64)) * 10;
        _oracle.scored(MEI, 850);
        bytes memory reason = abi.encodeWithSelector(MyLender.Refused.selector, threshold, 1);
        _refused(reason, _oracle.atLeastProof(MEI, threshold));
    }

    function test_borrow__when_thin_or_in_dispute__then_refused() public {
        _oracle.thin(MEI, 850);
        _refused(abi.encodeWithSelector(MyLender.Refused.selector, 650, 2), _oracle.atLeastProof(MEI, 650));
        _oracle.disputed(MEI, 850);
        _refused(abi.encodeWithSelector(MyLender.Refused.selector, 650, 129), _oracle.atLeastProof(MEI, 650));
        vm.assertEq(_lender.limitNow(MEI), 0);
    }

    function test_borrow__when_stale_held_or_upcoming__then_refused_and_the_view_stays_up() public {
        _oracle.scored(MEI, 850);
        ICreditOracle.AtLeastProof memory proof = _oracle.atLeastProof(MEI, 650);
        _oracle.stale();
        uint64 time = uint64(block.timestamp) - _oracle.MAX_AGE() - 1;
        _refused(abi.encodeWithSelector(ICreditOracle.TooOld.selector, time, _lender.MAX_AGE()), proof);
        vm.assertEq(_lender.limitNow(MEI), 0);
        _oracle.held();
        _refused(abi.encodeWithSelector(ICreditOracle.NoRoot.selector), proof);
        vm.assertEq(_lender.limitNow(MEI), 0);
        setUp();
        _oracle.scored(MEI, 850);
        _oracle.upcoming();
        _refused(abi.encodeWithSelector(ICreditOracle.NoRoot.selector), proof);
        vm.assertEq(_lender.limitNow(MEI), 0);
    }

    function test_borrow__beyond_the_limit_in_pieces__then_refused(uint256 first, uint256 second) public {
        _oracle.scored(MEI, 700);
        first = _bound(first, 1, ALL);
        second = _bound(second, ALL - first + 1, ALL);
        _borrow(first);
        ICreditOracle.AtLeastProof memory proof = _oracle.atLeastProof(MEI, 650);
        vm.prank(MEI);
        vm.expectRevert(abi.encodeWithSelector(MyLender.LimitReached.selector, first + second, ALL));
        _lender.borrow(second, proof);
    }

    function test_limitNow__when_the_score_is_withdrawn__then_none() public {
        _oracle.scored(MEI, 700);
        vm.assertEq(_lender.limitNow(MEI), ALL);
        _oracle.withdrawn(MEI);
        vm.assertEq(_lender.limitNow(MEI), 0);
        _oracle.scored(MEI, 649);
        vm.assertEq(_lender.limitNow(MEI), 0);
    }

    function test_repay__when_the_oracle_shows_nothing_any_more__then_taken(uint256 amount) public {
        amount = _bound(amount, 1, ALL);
        _oracle.scored(MEI, 700);
        _borrow(amount);
        vm.assertEq(_coin.balanceOf(MEI), amount);
        _oracle.held();
        vm.startPrank(MEI);
        _coin.approve(address(_lender), amount);
        _lender.repay(amount);
        vm.stopPrank();
        vm.assertEq(_lender.owed(MEI), 0);
        vm.assertEq(_coin.balanceOf(address(_lender)), 10 * ALL);
    }

    /// @notice `value` where it lies between the limits, else one that does.
    function _bound(uint256 value, uint256 least, uint256 most) private pure returns (uint256) {
        return value >= least && value <= most ? value : least + value % (most - least + 1);
    }
}
