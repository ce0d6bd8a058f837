// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract EquivocationTest is Fixture {
    ICreditOracle.EpochReport internal one;
    ICreditOracle.EpochReport internal two;

    function setUp() public override {
        super.setUp();
        one = _report(1, "root");
        two = _report(1, "another root");
    }

    function _signedBy(uint256 key, ICreditOracle.EpochReport memory report)
        private
        view
        returns (ICreditOracle.Signature memory)
    {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, oracle.digestOf(report));
        return ICreditOracle.Signature(r, vs);
    }

    /// @notice The evidence against member `i`, expected to be refused for `reason` unless that is empty.
    function _prove(uint256 i, bytes memory reason) private {
        (ICreditOracle.EpochReport memory a, ICreditOracle.EpochReport memory b) = (one, two);
        ICreditOracle.Signature memory first = _signedBy(_key(i), a);
        ICreditOracle.Signature memory second = _signedBy(_key(i), b);
        if (reason.length != 0) vm.expectRevert(reason);
        oracle.proveEquivocation(a, first, b, second);
    }

    function _members(uint64 epoch) private view returns (address[] memory) {
        (ICreditOracle.Committee memory c,) = oracle.committeeAt(epoch);
        return c.members;
    }

    function _schedule(uint256 n, uint8 quorum, uint64 fromEpoch) private {
        ICreditOracle.Committee memory c = _committee(n, quorum);
        vm.prank(OWNER);
        oracle.scheduleCommittee(c, fromEpoch);
    }

    /// @notice The committee of `n` as it must be once member `gone` is out.
    function _rest(uint256 n, uint8 quorum, uint256 gone) private pure returns (ICreditOracle.Committee memory rest) {
        ICreditOracle.Committee memory whole = _committee(n, quorum);
        rest.members = new address[](n - 1);
        rest.identityKeys = new bytes32[](n - 1);
        for (uint256 i = 0; i < n - 1; ++i) {
            rest.members[i] = whole.members[i < gone ? i : i + 1];
            rest.identityKeys[i] = whole.identityKeys[i < gone ? i : i + 1];
        }
        (rest.quorum, rest.secretHash) = (quorum < n - 1 ? quorum : uint8(n - 1), whole.secretHash);
    }

    function _sees(uint64 epoch, ICreditOracle.Committee memory expected) private view {
        (ICreditOracle.Committee memory held, bytes32 digest) = oracle.committeeAt(epoch);
        vm.assertEq(abi.encode(held), abi.encode(expected));
        bytes memory parts = abi.encode(held.members, held.identityKeys, held.quorum, held.secretHash);
        vm.assertEq(digest, keccak256(parts));
    }

    // -------------------------------------------------------------------------------------------------------------- refused

    function test_equivocation__of_one_report__then_refused(uint256 i) public {
        two = one;
        bytes32 digest = oracle.digestOf(one);
        _prove(i % MEMBERS, abi.encodeWithSelector(ICreditOracle.SameReport.selector, digest));
    }

    /// @notice Two reports of two epochs are a member's everyday work.
    function test_equivocation__of_two_epochs__then_refused(uint64 epoch) public {
        vm.assume(epoch != 1);
        two.epoch = epoch;
        _prove(0, abi.encodeWithSelector(ICreditOracle.EpochsDiffer.selector, 1, epoch));
    }

    function test_equivocation__of_two_signers__then_refused() public {
        (ICreditOracle.EpochReport memory a, ICreditOracle.EpochReport memory b) = (one, two);
        ICreditOracle.Signature memory first = _signedBy(_key(0), a);
        ICreditOracle.Signature memory second = _signedBy(_key(1), b);
        (address zero, address other) = (vm.addr(_key(0)), vm.addr(_key(1)));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.SignersDiffer.selector, zero, other));
        oracle.proveEquivocation(a, first, b, second);
    }

    function test_equivocation__of_no_signatures__then_refused() public {
        ICreditOracle.Signature memory none = ICreditOracle.Signature(0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.NotAMember.selector, address(0), 1));
        oracle.proveEquivocation(one, none, two, none);
    }

    function test_equivocation__of_a_stranger__then_refused(uint256 i) public {
        i = _bound(i, MEMBERS, 1000);
        _prove(i, abi.encodeWithSelector(ICreditOracle.NotAMember.selector, vm.addr(_key(i)), 1));
    }

    /// @notice A member of a later committee was none when the epoch was reported.
    function test_equivocation__of_one_who_was_no_member_then__then_refused() public {
        _schedule(7, 5, 4);
        _prove(6, abi.encodeWithSelector(ICreditOracle.NotAMember.selector, vm.addr(_key(6)), 1));
        (, committeeDigest) = oracle.committeeAt(4);
        ICreditOracle.EpochReport memory report = _report(4, "root");
        oracle.publish(report, 31, _sign(report, 31)); // it is a member of what was reported last
        _prove(6, abi.encodeWithSelector(ICreditOracle.NotAMember.selector, vm.addr(_key(6)), 1));
    }

    function test_equivocation__when_handed_in_twice__then_refused() public {
        _prove(2, "");
        _prove(2, abi.encodeWithSelector(ICreditOracle.AlreadyExpelled.selector, vm.addr(_key(2))));
    }

    function test_scheduleCommittee__with_an_expelled_member__then_refused() public {
        _prove(2, "");
        ICreditOracle.Committee memory c = _committee(4, 3);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.MemberExpelled.selector, vm.addr(_key(2))));
        oracle.scheduleCommittee(c, 10);
    }

    // ------------------------------------------------------------------------------------------------------------- accepted

    function test_equivocation__when_proven__then_it_says_so(uint256 i, address bringer) public {
        i = i % MEMBERS;
        address member = vm.addr(_key(i));
        ICreditOracle.Signature memory first = _signedBy(_key(i), one);
        ICreditOracle.Signature memory second = _signedBy(_key(i), two);
        (bytes32 firstDigest, bytes32 secondDigest) = (oracle.digestOf(one), oracle.digestOf(two));
        vm.prank(bringer);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Equivocated(member, 1, firstDigest, secondDigest, 3);
        oracle.proveEquivocation(one, first, two, second);
        vm.assertTrue(oracle.isExpelled(member));
        vm.assertFalse(oracle.isExpelled(vm.addr(_key((i + 1) % MEMBERS))));
    }

    function test_equivocation__in_any_one_field__then_it_is_proven(uint256 field, bytes32 value) public {
        bytes32[14] memory words = abi.decode(abi.encode(one), (bytes32[14]));
        field = _bound(field, 1, 13); // all but the epoch
        bytes32 mask = field == 1 || field == 2 || (field > 4 && field < 9)
            ? bytes32(type(uint256).max)
            : bytes32(uint256(0xffff));
        words[field] ^= value & mask;
        vm.assume(value & mask != 0);
        two = abi.decode(abi.encode(words), (ICreditOracle.EpochReport));
        _prove(1, "");
        vm.assertTrue(oracle.isExpelled(vm.addr(_key(1))));
    }

    function test_equivocation__then_all_committees_are_without_the_member_from_the_next_epoch_on(uint256 i) public {
        i = i % MEMBERS;
        _schedule(7, 5, 4);
        _schedule(31, 21, 5);
        _schedule(4, 4, 9);
        vm.assertEq(oracle.epochAt(uint64(block.timestamp)), 2);
        _prove(i, "");
        _sees(2, _committee(4, 3));
        _sees(3, _rest(4, 3, i));
        _sees(4, _rest(7, 5, i));
        _sees(8, _rest(31, 21, i));
        _sees(9, _rest(4, 4, i));
        _sees(100, _rest(4, 4, i));
    }

    function test_equivocation__in_the_last_epoch_before_a_change__then_that_change_is_amended() public {
        _schedule(7, 5, 4);
        vm.warp(oracle.endOf(3));
        _prove(1, "");
        _sees(3, _committee(4, 3));
        _sees(4, _rest(7, 5, 1));
    }

    function test_equivocation__of_a_member_that_has_left__then_nothing_but_its_name_changes() public {
        ICreditOracle.Committee memory others = _committee(4, 3);
        for (uint256 i = 0; i < 4; ++i) {
            others.members[i] = vm.addr(_key(10 + i));
        }
        vm.prank(OWNER);
        oracle.scheduleCommittee(others, 4);
        vm.warp(oracle.endOf(5));
        _prove(1, "");
        _sees(3, _committee(4, 3));
        _sees(5, others);
        _sees(6, others);
        vm.assertTrue(oracle.isExpelled(vm.addr(_key(1))));
    }

    function test_equivocation__of_one_after_another__then_the_last_stays() public {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            _prove(i, "");
            vm.assertEq(_members(3).length, i < 3 ? 3 - i : 1);
        }
        (ICreditOracle.Committee memory last,) = oracle.committeeAt(3);
        vm.assertEq(last.members[0], vm.addr(_key(3)));
        vm.assertEq(last.quorum, 1);
        vm.assertTrue(oracle.isExpelled(vm.addr(_key(3))));
    }

    function test_equivocation__then_the_owner_can_name_a_new_committee_as_before() public {
        _prove(3, "");
        _schedule(3, 2, 6);
        _sees(5, _rest(4, 3, 3));
        _sees(6, _committee(3, 2));
    }

    function test_publish__after_equivocation__then_the_rest_signs_and_the_member_cannot() public {
        _publish(one);
        _publish(_report(2, "root"));
        _prove(0, "");
        (, committeeDigest) = oracle.committeeAt(4);
        ICreditOracle.EpochReport memory report = _report(4, "root");
        bytes32 digest = oracle.digestOf(report);
        ICreditOracle.Signature[] memory signatures = _signDigest(digest, THREE);
        (address first, address gone) = (vm.addr(_key(1)), vm.addr(_key(0)));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.WrongSigner.selector, 0, first, gone));
        oracle.publish(report, THREE, signatures);
        oracle.publish(report, THREE, _signDigest(digest, 14)); // members 1, 2 and 3 are now 0, 1 and 2
        vm.assertEq(oracle.latestEpoch(), 4);
    }

    function test_isMemberFrom__for_present_and_coming_and_past_members__then_past_ones_only_are_not() public {
        _schedule(7, 5, 4);
        vm.assertTrue(oracle.isMemberFrom(vm.addr(_key(6)), 1));
        vm.assertTrue(oracle.isMemberFrom(vm.addr(_key(6)), 9));
        vm.assertTrue(oracle.isMemberFrom(vm.addr(_key(0)), 1));
        vm.assertFalse(oracle.isMemberFrom(vm.addr(_key(7)), 1));
        _schedule(1, 1, 8);
        vm.assertTrue(oracle.isMemberFrom(vm.addr(_key(6)), 7));
        vm.assertFalse(oracle.isMemberFrom(vm.addr(_key(6)), 8));
        _prove(3, "");
        vm.assertTrue(oracle.isMemberFrom(vm.addr(_key(3)), 2));
        vm.assertFalse(oracle.isMemberFrom(vm.addr(_key(3)), 3));
    }
}
