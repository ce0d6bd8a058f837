// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract SourcesTest is Fixture {
    function _chains(uint64 a, uint64 b) private pure returns (uint64[] memory chains) {
        chains = new uint64[](2);
        (chains[0], chains[1]) = (a, b);
    }

    function _new(uint64[] memory chains) private returns (CreditOracle) {
        return new CreditOracle(_config(), _limits(), _committee(MEMBERS, 3), MODEL, chains, GUARDIAN, OWNER);
    }

    function _schedule(uint64 chainId, uint64 frozenAt, uint64 fromEpoch) private {
        vm.prank(OWNER);
        oracle.scheduleSource(chainId, frozenAt, fromEpoch);
    }

    function _sees(uint64 epoch, ICreditOracle.Source[] memory expected) private view {
        vm.assertEq(abi.encode(oracle.sourcesAt(epoch)), abi.encode(expected));
    }

    function _homeAnd(uint64 chainId, uint64 frozenAt) private view returns (ICreditOracle.Source[] memory s) {
        s = new ICreditOracle.Source[](2);
        bool first = chainId < block.chainid;
        s[first ? 0 : 1] = ICreditOracle.Source(chainId, frozenAt);
        s[first ? 1 : 0] = ICreditOracle.Source(uint64(block.chainid), 0);
    }

    function _onlyHome() private view returns (ICreditOracle.Source[] memory s) {
        s = new ICreditOracle.Source[](1);
        s[0] = ICreditOracle.Source(uint64(block.chainid), 0);
    }

    function test_deploy__when_sources_do_not_ascend__then_refused(uint64 a, uint64 b) public {
        (a, b) = a < b ? (b, a) : (a, b);
        vm.assume(b != 0);
        uint64[] memory chains = _chains(a, b);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.SourcesNotAscending.selector, b, a));
        _new(chains);
        chains[0] = 0;
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.SourcesNotAscending.selector, 0, 0));
        _new(chains);
    }

    function test_deploy__when_this_chain_is_no_source__then_refused() public {
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.HomeSourceNeeded.selector, block.chainid);
        uint64[] memory chains = _chains(1, 2);
        vm.expectRevert(reason);
        _new(chains);
        vm.expectRevert(reason);
        _new(new uint64[](0));
    }

    function test_deploy__with_more_than_32_sources__then_refused() public {
        uint64[] memory chains = new uint64[](33);
        for (uint64 i = 0; i < 33; ++i) {
            chains[i] = uint64(block.chainid) + i;
        }
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooManySources.selector, 32));
        _new(chains);
    }

    function test_scheduleSource__when_not_the_owner__then_refused() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        oracle.scheduleSource(10, 0, 5);
    }

    function test_scheduleSource__when_too_soon_or_too_far_ahead__then_refused(uint64 early, uint64 far) public {
        early = uint64(_bound(early, 0, 2));
        far = uint64(_bound(far, 1 << 40, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooSoon.selector, early, 3));
        _schedule(10, 0, early);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooFarAhead.selector, far, (1 << 40) - 1));
        _schedule(10, 0, far);
    }

    function test_scheduleSource__of_no_chain__then_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.SourcesNotAscending.selector, 0, 0));
        _schedule(0, 0, 3);
    }

    function test_scheduleSource__when_it_freezes_this_chain__then_refused(uint64 frozenAt) public {
        vm.assume(frozenAt != 0);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.HomeSourceNeeded.selector, block.chainid));
        _schedule(uint64(block.chainid), frozenAt, 3);
    }

    function test_scheduleSource__with_a_33rd_chain__then_refused_and_known_ones_change_still() public {
        for (uint64 i = 1; i < 32; ++i) {
            _schedule(i, 0, 3);
        }
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooManySources.selector, 32));
        _schedule(99, 0, 3);
        _schedule(7, 1000, 4);
        vm.assertEq(oracle.sourcesAt(4)[6].frozenAt, 1000);
        vm.assertEq(oracle.sourcesAt(4).length, 32);
    }

    function test_scheduleSource__when_listed_frozen_and_thawed__then_each_holds_from_its_epoch(
        uint64 chainId,
        uint64 frozenAt
    ) public {
        vm.assume(chainId != 0 && chainId != block.chainid);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.SourceScheduled(chainId, 0, 3);
        _schedule(chainId, 0, 3);
        _schedule(chainId, frozenAt, 5);
        _schedule(chainId, 0, 6);
        _sees(2, _onlyHome());
        _sees(3, _homeAnd(chainId, 0));
        _sees(4, _homeAnd(chainId, 0));
        _sees(5, _homeAnd(chainId, frozenAt));
        _sees(6, _homeAnd(chainId, 0));
    }

    function test_scheduleSource__when_scheduled_again__then_what_was_to_come_later_is_void(uint64 chainId) public {
        vm.assume(chainId != 0 && chainId != block.chainid);
        _schedule(chainId, 0, 3);
        _schedule(chainId, 77, 8);
        _schedule(chainId, 55, 6);
        _sees(8, _homeAnd(chainId, 55));
        _sees(5, _homeAnd(chainId, 0));
    }

    /// @notice Whatever the order of listing, ids ascend.
    function test_sourcesAt__for_any_chains__then_in_ascending_order(uint64[8] memory ids) public {
        for (uint256 i = 0; i < 8; ++i) {
            if (ids[i] != 0) _schedule(ids[i], 0, 3);
        }
        ICreditOracle.Source[] memory found = oracle.sourcesAt(3);
        for (uint256 i = 1; i < found.length; ++i) {
            vm.assertTrue(found[i - 1].chainId < found[i].chainId);
        }
        for (uint256 i = 0; i < 8; ++i) {
            bool listed = ids[i] == 0;
            for (uint256 j = 0; j < found.length; ++j) {
                listed = listed || found[j].chainId == ids[i];
            }
            vm.assertTrue(listed);
        }
    }
}
