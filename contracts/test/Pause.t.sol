// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract PauseTest is Fixture {
    function _pause(address by, uint256 until) private {
        vm.prank(by);
        oracle.pause(uint64(until));
    }

    function test_pause__when_a_stranger_asks__then_refused(address stranger) public {
        vm.assume(stranger != OWNER && stranger != GUARDIAN);
        bytes memory reason = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        oracle.pause(uint64(block.timestamp) + 1);
        vm.expectRevert(reason);
        oracle.unpause();
    }

    function test_pause__when_for_no_time_or_more_than_three_days__then_refused(uint64 until, bool byOwner) public {
        uint64 latest = uint64(block.timestamp) + 3 days;
        vm.assume(until <= block.timestamp || until > latest);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.PauseOutOfRange.selector, until, latest));
        _pause(byOwner ? OWNER : GUARDIAN, until);
    }

    function test_pause__of_the_guardian__when_nothing_was_published_since__then_only_the_owner_can() public {
        _pause(GUARDIAN, block.timestamp + 3 days);
        vm.warp(block.timestamp + 3 days);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.PauseInARow.selector, 0));
        _pause(GUARDIAN, block.timestamp + 1);
        _pause(OWNER, block.timestamp + 1);
        vm.warp(block.timestamp + 1);
        _publish(_report(1, "root"));
        _pause(GUARDIAN, block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.PauseInARow.selector, 1));
        _pause(GUARDIAN, block.timestamp + 2);
    }

    function test_publish__while_paused__then_refused_until_it_ends(uint64 length) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        uint64 until = uint64(block.timestamp + _bound(length, 1, 1 days));
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Paused(until);
        _pause(GUARDIAN, until);
        vm.assertEq(oracle.pausedUntil(), until);
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.PublishingPaused.selector, until));
        oracle.publish(report, THREE, signatures);
        vm.warp(until);
        oracle.publish(report, THREE, signatures);
    }

    function test_unpause__then_publishing_goes_on(bool byOwner) public {
        ICreditOracle.EpochReport memory report = _report(1, "root");
        _pause(GUARDIAN, block.timestamp + 3 days);
        vm.expectEmit(address(oracle));
        emit ICreditOracle.Unpaused();
        vm.prank(byOwner ? OWNER : GUARDIAN);
        oracle.unpause();
        vm.assertEq(oracle.pausedUntil(), 0);
        _publish(report);
    }

    function test_reads__while_paused__then_they_go_on() public {
        File[] memory files = _files(4);
        _publishActive(1, _tree(files)[0]);
        _pause(GUARDIAN, block.timestamp + 3 days);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 1, 1);
        oracle.verifyScore(files[1].borrower, proof, MAX_AGE);
        vm.prank(files[1].borrower);
        oracle.postScore(proof);
        oracle.getScoreNoOlderThan(files[1].borrower, MAX_AGE);
    }
}
