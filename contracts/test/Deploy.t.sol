// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract DeployTest is Fixture {
    function _new(ICreditOracle.Config memory c) private returns (CreditOracle) {
        return new CreditOracle(c, _limits(), _committee(MEMBERS, 3), MODEL, _home(), GUARDIAN, OWNER);
    }

    function _refused(ICreditOracle.Committee memory committee, bytes memory reason) private {
        vm.expectRevert(reason);
        new CreditOracle(_config(), _limits(), committee, MODEL, _home(), GUARDIAN, OWNER);
    }

    function test_deploy__when_epochs_last_no_time__then_refused() public {
        ICreditOracle.Config memory c = _config();
        c.epochLength = 0;
        vm.expectRevert(ICreditOracle.EpochLengthZero.selector);
        _new(c);
    }

    function test_deploy__when_delay_is_half_an_epoch_or_more__then_refused(uint64 delay) public {
        ICreditOracle.Config memory c = _config();
        c.delay = uint64(_bound(delay, WEEK / 2, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.DelayTooLong.selector, c.delay, WEEK));
        _new(c);
    }

    function test_deploy__when_max_age_ends_before_the_next_root_is_read__then_refused(uint64 maxAge) public {
        ICreditOracle.Config memory c = _config();
        uint64 least = WEEK + DELAY + REPORT_LIFE;
        c.maxAge = uint64(_bound(maxAge, 0, least - 1));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.MaxAgeTooShort.selector, c.maxAge, least));
        _new(c);
    }

    function test_deploy__when_a_snapshot_could_be_older_than_the_one_before__then_refused(uint64 gap) public {
        ICreditOracle.Config memory c = _config();
        c.maxGap = uint64(_bound(gap, WEEK, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.GapTooLong.selector, c.maxGap, WEEK));
        _new(c);
        c.maxGap = WEEK - 1;
        vm.assertEq(_new(c).config().maxGap, WEEK - 1);
    }

    function test_deploy__when_ring_is_one_too_small__then_refused(uint64 maxAge, uint64 length) public {
        ICreditOracle.Config memory c = _config();
        c.epochLength = uint64(_bound(length, 2 * DELAY + 1, 1000 days));
        c.maxGap = 0;
        uint64 leastAge = c.epochLength + c.delay + c.reportLife;
        c.maxAge = uint64(_bound(maxAge, leastAge, leastAge + 1000 days));
        uint256 most = (uint256(c.maxAge) + 2 * c.epochLength - 1) / c.epochLength; // K × length < maxAge + 2 × length
        c.ringSize = uint32(most);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.RingTooSmall.selector, most, most + 1));
        _new(c);
        c.ringSize = uint32(most + 1);
        vm.assertEq(_new(c).config().ringSize, most + 1);
    }

    function test_deploy__when_committee_is_empty_or_above_32__then_refused(uint8 above) public {
        uint256 n = 33 + above % 4;
        _refused(_committee(0, 1), abi.encodeWithSelector(ICreditOracle.CommitteeSizeOutOfRange.selector, 0));
        _refused(_committee(n, 23), abi.encodeWithSelector(ICreditOracle.CommitteeSizeOutOfRange.selector, n));
    }

    function test_deploy__when_quorum_is_f_or_above_n__then_refused(uint8 size) public {
        uint256 n = _bound(size, 1, 32);
        uint256 f = (n - 1) / 3;
        _refused(_committee(n, uint8(f)), abi.encodeWithSelector(ICreditOracle.QuorumOutOfRange.selector, f, f + 1, n));
        _refused(
            _committee(n, uint8(n + 1)),
            abi.encodeWithSelector(ICreditOracle.QuorumOutOfRange.selector, n + 1, f + 1, n)
        );
    }

    function test_deploy__when_a_member_is_zero_or_twice_in_it__then_refused(uint8 which, uint8 other) public {
        uint256 second = _bound(which, 1, MEMBERS - 1);
        uint256 first = _bound(other, 0, second - 1);
        ICreditOracle.Committee memory committee = _committee(MEMBERS, 3);
        committee.members[second] = address(0);
        _refused(committee, abi.encodeWithSelector(ICreditOracle.BadMember.selector, second, address(0)));
        committee.members[second] = committee.members[first];
        _refused(committee, abi.encodeWithSelector(ICreditOracle.BadMember.selector, second, committee.members[first]));
    }

    function test_deploy__when_an_identity_key_is_missing_or_twice_in_it__then_refused() public {
        ICreditOracle.Committee memory committee = _committee(MEMBERS, 3);
        committee.identityKeys[2] = 0;
        _refused(committee, abi.encodeWithSelector(ICreditOracle.BadMember.selector, 2, committee.members[2]));
        committee.identityKeys[2] = committee.identityKeys[1];
        _refused(committee, abi.encodeWithSelector(ICreditOracle.BadMember.selector, 2, committee.members[2]));
        committee.identityKeys = new bytes32[](3);
        _refused(committee, abi.encodeWithSelector(ICreditOracle.IdentityKeysMismatch.selector, 4, 3));
    }

    function test_deploy__when_there_is_no_secret_model_or_owner__then_refused() public {
        ICreditOracle.Committee memory committee = _committee(MEMBERS, 3);
        committee.secretHash = 0;
        _refused(committee, abi.encodeWithSelector(ICreditOracle.SecretHashZero.selector));
        vm.expectRevert(ICreditOracle.ModelIdZero.selector);
        new CreditOracle(_config(), _limits(), _committee(MEMBERS, 3), 0, _home(), GUARDIAN, OWNER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        new CreditOracle(_config(), _limits(), _committee(MEMBERS, 3), MODEL, _home(), GUARDIAN, address(0));
    }

    function test_deploy__when_all_is_well__then_what_was_given_is_read_back(uint8 size, uint8 signers) public {
        uint256 n = _bound(size, 1, 32);
        ICreditOracle.Committee memory given = _committee(n, uint8(_bound(signers, (n + 2) / 3, n)));
        CreditOracle fresh = new CreditOracle(_config(), _limits(), given, MODEL, _home(), GUARDIAN, OWNER);
        (ICreditOracle.Committee memory held, bytes32 digest) = fresh.committeeAt(1);
        vm.assertEq(abi.encode(held), abi.encode(given));
        vm.assertEq(digest, keccak256(abi.encode(given.members, given.identityKeys, given.quorum, given.secretHash)));
        vm.assertEq(abi.encode(fresh.config()), abi.encode(_config()));
        vm.assertEq(fresh.modelAt(1), MODEL);
        vm.assertEq(fresh.owner(), OWNER);
        vm.assertEq(fresh.latestEpoch(), 0);
        vm.assertEq(fresh.currentEpoch(), 0);
    }

    function test_clock__for_any_time__then_the_epoch_holds_it(uint64 time) public view {
        time = uint64(_bound(time, 0, 1 << 40));
        uint64 epoch = oracle.epochAt(time);
        vm.assertTrue(epoch >= 1);
        vm.assertTrue(time <= oracle.endOf(epoch), "ends before the time");
        vm.assertTrue(epoch == 1 || time > oracle.endOf(epoch - 1), "begins after the time");
    }
}
