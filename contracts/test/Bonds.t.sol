// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Errors } from "@openzeppelin/contracts/utils/Errors.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Bonds } from "../src/Bonds.sol";
import { CreditOracle } from "../src/CreditOracle.sol";
import { IBonds } from "../src/IBonds.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

/// @notice A member that tries to be paid twice: it asks again while it is being paid.
contract GreedyMember {
    Bonds private immutable BONDS;
    bool public refused;

    constructor(Bonds bonds) payable {
        BONDS = bonds;
        bonds.deposit{ value: msg.value }(address(this));
    }

    function ask(uint256 amount) external {
        BONDS.requestWithdrawal(amount);
    }

    function fetch() external {
        BONDS.withdraw();
    }

    receive() external payable {
        try BONDS.withdraw() { }
        catch {
            refused = true;
        }
    }
}

contract BondsTest is Fixture {
    uint256 internal constant MINIMUM = 10 ether;
    uint64 internal constant WAIT = 30 days;
    address internal constant TREASURY = address(0x7EA);
    address internal constant BRINGER = address(0xB216);

    Bonds internal bonds;

    function setUp() public override {
        super.setUp();
        bonds = new Bonds(oracle, MINIMUM, WAIT, 2500, TREASURY);
        vm.deal(address(this), 1e6 ether);
    }

    function _member(uint256 i) private pure returns (address) {
        return vm.addr(_key(i));
    }

    function _fund(uint256 i, uint256 amount) private {
        bonds.deposit{ value: amount }(_member(i));
    }

    function _ask(uint256 i, uint256 amount) private {
        vm.prank(_member(i));
        bonds.requestWithdrawal(amount);
    }

    function _fetch(uint256 i) private {
        vm.prank(_member(i));
        bonds.withdraw();
    }

    /// @notice Hands in evidence against a member, with bonds being asked for.
    function _slash(uint256 i) private {
        _setBonds(address(bonds));
        _prove(i);
    }

    function _prove(uint256 i) private {
        ICreditOracle.EpochReport memory one = _report(1, "root");
        ICreditOracle.EpochReport memory two = _report(1, "another root");
        (bytes32 r, bytes32 vs) = vm.signCompact(_key(i), oracle.digestOf(one));
        (bytes32 r2, bytes32 vs2) = vm.signCompact(_key(i), oracle.digestOf(two));
        vm.prank(BRINGER);
        oracle.proveEquivocation(one, ICreditOracle.Signature(r, vs), two, ICreditOracle.Signature(r2, vs2));
    }

    function _setBonds(address at) private {
        vm.prank(OWNER);
        oracle.setBonds(at);
    }

    // ----------------------------------------------------------------------------------------------------------- deployment

    function test_deploy__when_there_is_no_oracle__then_refused() public {
        vm.expectRevert(abi.encodeWithSelector(IBonds.NoContract.selector, address(0xDEAD)));
        new Bonds(ICreditOracle(address(0xDEAD)), MINIMUM, WAIT, 2500, TREASURY);
    }

    function test_deploy__when_the_share_is_more_than_all__then_refused(uint256 bps) public {
        bps = _bound(bps, 10_001, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IBonds.ShareOutOfRange.selector, bps));
        new Bonds(oracle, MINIMUM, WAIT, bps, TREASURY);
    }

    function test_deploy__when_nobody_is_to_have_the_rest__then_refused() public {
        vm.expectRevert(IBonds.BeneficiaryZero.selector);
        new Bonds(oracle, MINIMUM, WAIT, 2500, address(0));
    }

    function test_deploy__when_coins_leave_before_evidence_can_come__then_refused(uint64 wait) public {
        uint64 least = WEEK + REPORT_LIFE;
        wait = uint64(_bound(wait, 0, least - 1));
        vm.expectRevert(abi.encodeWithSelector(IBonds.DelayTooShort.selector, wait, least));
        new Bonds(oracle, MINIMUM, wait, 2500, TREASURY);
    }

    function test_deploy__when_all_is_well__then_its_terms_are_read_back() public view {
        vm.assertEq(bonds.minimum(), MINIMUM);
        vm.assertEq(bonds.delay(), WAIT);
    }

    // ------------------------------------------------------------------------------------------------------------- coming

    function test_deposit__of_more_than_is_kept__then_refused() public {
        uint256 amount = uint256(type(uint128).max) + 1;
        vm.deal(address(this), amount);
        vm.expectRevert(abi.encodeWithSelector(IBonds.TooMuch.selector, amount));
        bonds.deposit{ value: amount }(_member(0));
    }

    function test_deposit__by_anyone__then_it_is_the_members(uint64 first, uint64 second) public {
        vm.expectEmit(address(bonds));
        emit IBonds.Deposited(_member(0), address(this), first);
        _fund(0, first);
        _fund(0, second);
        vm.assertEq(bonds.bondOf(_member(0)), uint256(first) + second);
        vm.assertEq(bonds.bondOf(_member(1)), 0);
        vm.assertEq(bonds.bondOf(address(this)), 0);
    }

    // ------------------------------------------------------------------------------------------------------------- leaving

    function test_requestWithdrawal__of_more_than_there_is__then_refused(uint64 there, uint128 asked) public {
        vm.assume(asked > there);
        _fund(9, there);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotThatMuch.selector, asked, there));
        _ask(9, asked);
    }

    function test_requestWithdrawal__of_a_present_member__then_the_minimum_stays(uint256 asked) public {
        _fund(0, MINIMUM + 3 ether);
        asked = _bound(asked, 3 ether + 1, MINIMUM + 3 ether);
        uint256 left = MINIMUM + 3 ether - asked;
        vm.expectRevert(abi.encodeWithSelector(IBonds.BelowMinimum.selector, left, MINIMUM));
        _ask(0, asked);
        _ask(0, 3 ether);
        vm.assertEq(bonds.bondOf(_member(0)), MINIMUM);
    }

    function test_requestWithdrawal__of_one_that_is_to_be_a_member__then_the_minimum_stays() public {
        _fund(6, MINIMUM);
        ICreditOracle.Committee memory c = _committee(7, 5);
        vm.prank(OWNER);
        oracle.scheduleCommittee(c, 9);
        vm.expectRevert(abi.encodeWithSelector(IBonds.BelowMinimum.selector, 0, MINIMUM));
        _ask(6, MINIMUM);
    }

    function test_withdraw__when_nothing_was_asked_for__then_refused() public {
        _fund(9, 5 ether);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingLeaving.selector, _member(9)));
        _fetch(9);
    }

    function test_withdraw__before_the_delay_is_over__then_refused(uint256 early) public {
        _fund(9, 5 ether);
        _ask(9, 5 ether);
        uint64 leavesAt = uint64(block.timestamp) + WAIT;
        vm.warp(leavesAt - _bound(early, 1, WAIT));
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotYet.selector, leavesAt));
        _fetch(9);
    }

    function test_withdraw__when_taken_back__then_refused() public {
        _fund(0, 1 ether); // below the minimum: it may still take back what it has asked for
        _ask(0, 0);
        vm.warp(block.timestamp + WAIT);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingLeaving.selector, _member(0)));
        _fetch(0);
    }

    function test_withdraw__when_asked_again__then_the_delay_begins_again() public {
        _fund(9, 5 ether);
        _ask(9, 5 ether);
        vm.warp(block.timestamp + WAIT);
        _ask(9, 2 ether);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotYet.selector, block.timestamp + WAIT));
        _fetch(9);
        vm.assertEq(bonds.bondOf(_member(9)), 3 ether);
    }

    function test_withdraw__when_the_member_refuses_money__then_all_stays() public {
        address payable member = payable(address(oracle)); // has no way to receive
        bonds.deposit{ value: 1 ether }(member);
        vm.prank(member);
        bonds.requestWithdrawal(1 ether);
        vm.warp(block.timestamp + WAIT);
        vm.prank(member);
        vm.expectRevert(Errors.FailedCall.selector);
        bonds.withdraw();
        vm.assertEq(bonds.holdingOf(member).amount, 1 ether);
    }

    function test_withdraw__when_it_asks_again_while_paid__then_it_is_paid_once() public {
        _fund(9, 50 ether);
        GreedyMember greedy = new GreedyMember{ value: 5 ether }(bonds);
        greedy.ask(3 ether);
        vm.warp(block.timestamp + WAIT);
        greedy.fetch();
        vm.assertTrue(greedy.refused());
        vm.assertEq(address(greedy).balance, 3 ether);
        vm.assertEq(bonds.bondOf(address(greedy)), 2 ether);
    }

    function test_withdraw__when_the_delay_is_over__then_it_is_paid(uint64 there, uint256 asked) public {
        asked = _bound(asked, 1, uint256(there) + 1);
        _fund(9, uint256(there) + 1);
        vm.expectEmit(address(bonds));
        emit IBonds.WithdrawalRequested(_member(9), asked, uint64(block.timestamp) + WAIT);
        _ask(9, asked);
        vm.assertEq(bonds.bondOf(_member(9)), uint256(there) + 1 - asked);
        vm.assertEq(bonds.holdingOf(_member(9)).amount, uint256(there) + 1);
        vm.warp(block.timestamp + WAIT);
        vm.expectEmit(address(bonds));
        emit IBonds.Withdrawn(_member(9), asked);
        _fetch(9);
        vm.assertEq(_member(9).balance, asked);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingLeaving.selector, _member(9)));
        _fetch(9);
    }

    // ------------------------------------------------------------------------------------------------------------- slashing

    function test_slash__by_anyone_but_the_oracle__then_refused(address caller) public {
        vm.assume(caller != address(oracle));
        _fund(0, MINIMUM);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotTheOracle.selector, caller));
        bonds.slash(_member(0), caller);
    }

    function test_collect__when_nothing_is_owed__then_refused(address account) public {
        vm.prank(account);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingOwed.selector, account));
        bonds.collect();
    }

    function test_slash__when_there_is_no_bond__then_the_evidence_counts_all_the_same() public {
        _slash(0);
        vm.assertTrue(oracle.isExpelled(_member(0)));
        vm.assertEq(bonds.owedTo(BRINGER) + bonds.owedTo(TREASURY), 0);
    }

    function test_slash__when_no_bonds_are_asked__then_they_stay() public {
        _fund(0, MINIMUM);
        _prove(0);
        vm.assertEq(bonds.bondOf(_member(0)), MINIMUM);
    }

    function test_slash__also_of_what_waits_to_be_paid_out(uint64 more, uint256 asked) public {
        uint256 whole = MINIMUM + more;
        _fund(0, whole);
        asked = _bound(asked, 0, more);
        _ask(0, asked);
        uint256 share = whole / 4;
        vm.prank(address(oracle)); // as evidence makes it call
        vm.expectEmit(address(bonds));
        emit IBonds.Slashed(_member(0), BRINGER, share, whole - share);
        bonds.slash(_member(0), BRINGER);
        vm.assertEq(bonds.bondOf(_member(0)), 0);
        vm.assertEq(bonds.holdingOf(_member(0)).leaving, 0);
        vm.warp(block.timestamp + WAIT);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingLeaving.selector, _member(0)));
        _fetch(0);
        vm.assertEq(bonds.owedTo(BRINGER), share);
        vm.assertEq(bonds.owedTo(TREASURY), whole - share);
    }

    function test_collect__after_evidence__then_each_has_its_share_once() public {
        _fund(0, 40 ether);
        _slash(0);
        vm.expectEmit(address(bonds));
        emit IBonds.Collected(BRINGER, 10 ether);
        vm.prank(BRINGER);
        bonds.collect();
        vm.prank(TREASURY);
        bonds.collect();
        vm.assertEq(BRINGER.balance, 10 ether);
        vm.assertEq(TREASURY.balance, 30 ether);
        vm.prank(BRINGER);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NothingOwed.selector, BRINGER));
        bonds.collect();
    }

    /// @notice The only member of a committee keeps its place, not its bond.
    function test_slash__of_the_only_member__then_it_stays_without_a_bond() public {
        oracle = _oracleOfOne();
        bonds = new Bonds(oracle, MINIMUM, WAIT, 2500, TREASURY);
        _fund(0, MINIMUM);
        _slash(0);
        vm.assertTrue(oracle.isMemberFrom(_member(0), 100));
        vm.assertEq(bonds.bondOf(_member(0)), 0);
    }

    function _oracleOfOne() private returns (CreditOracle) {
        return new CreditOracle(_config(), _limits(), _committee(1, 1), MODEL, _home(), GUARDIAN, OWNER);
    }

    // ------------------------------------------------------------------------------------------------------------- asking

    function test_setBonds__when_not_the_owner__then_refused() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        oracle.setBonds(address(bonds));
    }

    function test_setBonds__when_there_is_no_contract__then_refused(address at) public {
        vm.assume(at != address(0) && at.code.length == 0);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NoContract.selector, at));
        _setBonds(at);
    }

    function test_setBonds__then_it_says_so() public {
        vm.expectEmit(address(oracle));
        emit ICreditOracle.BondsSet(address(bonds));
        _setBonds(address(bonds));
        vm.assertEq(oracle.bonds(), address(bonds));
    }

    function test_scheduleCommittee__when_a_bond_is_too_small__then_refused(uint256 short) public {
        _setBonds(address(bonds));
        short = _bound(short, 1, MINIMUM);
        for (uint256 i = 0; i < 4; ++i) {
            _fund(i, i == 2 ? MINIMUM - short : MINIMUM);
        }
        ICreditOracle.Committee memory c = _committee(4, 3);
        bytes memory reason =
            abi.encodeWithSelector(ICreditOracle.BondTooSmall.selector, _member(2), MINIMUM - short, MINIMUM);
        vm.startPrank(OWNER);
        vm.expectRevert(reason);
        oracle.scheduleCommittee(c, 9);
        vm.stopPrank();
        _fund(2, short);
        vm.prank(OWNER);
        oracle.scheduleCommittee(c, 9);
    }
}
