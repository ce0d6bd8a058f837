// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { BorrowerFeed } from "../src/BorrowerFeed.sol";
import { IBorrowerFeed } from "../src/IBorrowerFeed.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract BorrowerFeedTest is Fixture {
    uint64 private constant FEED_AGE = 10 days;

    File private _full; // of a full record, and not in dispute
    BorrowerFeed private _feed;

    function setUp() public override {
        super.setUp();
        _full = _file(0);
        _feed = new BorrowerFeed(oracle, _full.borrower, FEED_AGE);
    }

    function _post(uint64 epoch, uint8 status, uint16 score) private {
        File[] memory files = _files(3);
        (files[0].status, files[0].score) = (status, score);
        _publishActive(epoch, _tree(files)[0]);
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 0, epoch);
        vm.prank(_full.borrower);
        oracle.postScore(proof);
    }

    /// @dev Both reads fail with these words.
    function _refused(bytes memory reason, uint80 round) private {
        vm.expectRevert(reason);
        _feed.latestRoundData();
        vm.expectRevert(reason);
        _feed.getRoundData(round);
    }

    function test_feed__when_nothing_is_posted__then_refused(uint80 round) public {
        _refused(abi.encodeWithSelector(ICreditOracle.NothingPosted.selector, _full.borrower), round);
    }

    function test_feed__when_withdrawn__then_refused() public {
        _post(1, 1, 700);
        vm.prank(_full.borrower);
        oracle.withdrawScore();
        _refused(abi.encodeWithSelector(ICreditOracle.NothingPosted.selector, _full.borrower), 1);
    }

    function test_feed__when_too_old_for_it__then_refused(uint64 late) public {
        _post(1, 1, 700);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(uint256(snapshotTime) + _bound(late, FEED_AGE + 1, MAX_AGE));
        _refused(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, FEED_AGE), 1);
    }

    function test_feed__when_too_old_for_the_oracle__then_refused() public {
        _feed = new BorrowerFeed(oracle, _full.borrower, type(uint64).max);
        _post(1, 1, 700);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        vm.warp(uint256(snapshotTime) + MAX_AGE + 1);
        _refused(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, MAX_AGE), 1);
    }

    function test_feed__when_the_record_is_thin_or_in_dispute__then_refused(uint8 kind) public {
        uint8 status = [2, 129, 130][kind % 3];
        _post(1, status, 700);
        _refused(abi.encodeWithSelector(IBorrowerFeed.StatusNotShown.selector, _full.borrower, status), 1);
    }

    function test_getRoundData__of_another_epoch__then_refused(uint80 round) public {
        vm.assume(round != 2);
        _post(1, 1, 700);
        _post(2, 1, 710);
        vm.expectRevert(abi.encodeWithSelector(IBorrowerFeed.RoundNotShown.selector, round, 2));
        _feed.getRoundData(round);
    }

    function test_feed__then_the_score_with_the_snapshots_time(uint16 score) public {
        score = uint16(_bound(score, 300, 850));
        _post(1, 1, score);
        uint256 time = oracle.rootOf(1).snapshotTime;
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = _feed.latestRoundData();
        bytes memory wanted = abi.encode(uint80(1), int256(uint256(score)), time, time, uint80(1));
        vm.assertEq(abi.encode(round, answer, startedAt, updatedAt, answeredIn), wanted);
        (round, answer, startedAt, updatedAt, answeredIn) = _feed.getRoundData(1);
        vm.assertEq(abi.encode(round, answer, startedAt, updatedAt, answeredIn), wanted);
    }

    function test_feed__then_it_says_what_it_is() public view {
        vm.assertEq(uint256(_feed.decimals()), 0);
        vm.assertEq(_feed.version(), 1);
        vm.assertEq(bytes(_feed.description()), bytes("Credit score, 300 to 850"));
        vm.assertEq(_feed.borrower(), _full.borrower);
        vm.assertEq(uint256(_feed.maxAge()), FEED_AGE);
    }
}
