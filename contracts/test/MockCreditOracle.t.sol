// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MockCreditOracle } from "../src/dev/MockCreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

/// @notice The mock beside the real oracle in the same state: every answer and every revert is equal, byte for byte.
contract MockCreditOracleTest is Fixture {
    MockCreditOracle private _mock;
    address private _mei;

    function setUp() public override {
        super.setUp();
        _mei = _file(0).borrower;
    }

    /// @dev The mock with its snapshot at the time of the real one.
    function _deployMock() private {
        uint256 time = block.timestamp;
        vm.warp(oracle.endOf(1) - 6);
        _mock = new MockCreditOracle();
        vm.warp(time);
    }

    /// @dev Whether both give the same to this call.
    function _same(bytes memory toReal, bytes memory toMock) private view {
        (bool real, bytes memory realAnswer) = address(oracle).staticcall(toReal);
        (bool mocked, bytes memory mockAnswer) = address(_mock).staticcall(toMock);
        vm.assertEq(real, mocked);
        vm.assertEq(realAnswer, mockAnswer);
    }

    /// @dev All reads of a borrower whose file is `files[0]`, posted or not.
    function _sameReads(File[] memory files, uint16 threshold, uint16 lie, uint64 maxAge) private view {
        ICreditOracle.ScoreProof memory real = _scoreProof(files, 0, 1);
        ICreditOracle.ScoreProof memory mocked = _mock.scoreProof(_mei);
        _same(_verify(real, maxAge), _verify(mocked, maxAge));
        (real.score, mocked.score) = (lie, lie);
        _same(_verify(real, maxAge), _verify(mocked, maxAge));
        (real.score, mocked.score) = (files[0].score, files[0].score);
        (real.width, mocked.width) = (lie, lie);
        _same(_verify(real, maxAge), _verify(mocked, maxAge));
        (real.width, mocked.width) = (25, 25);
        (real.status, mocked.status) = (uint8(lie), uint8(lie));
        _same(_verify(real, maxAge), _verify(mocked, maxAge));
        (real.epoch, mocked.epoch) = (lie, lie);
        _same(_verify(real, maxAge), _verify(mocked, maxAge));
        _sameAtLeast(files, threshold, lie, maxAge);
        _samePosted(maxAge);
    }

    function _sameAtLeast(File[] memory files, uint16 threshold, uint16 lie, uint64 maxAge) private view {
        ICreditOracle.AtLeastProof memory real = _atLeastProof(files, 0, 1, threshold);
        ICreditOracle.AtLeastProof memory mocked = _mock.atLeastProof(_mei, threshold);
        _same(_atLeast(real, maxAge), _atLeast(mocked, maxAge));
        (real.threshold, mocked.threshold) = (lie, lie);
        bool above = lie > files[0].score || lie % 10 != 0 || lie <= 300;
        if (above) _same(_atLeast(real, maxAge), _atLeast(mocked, maxAge)); // below, the real one needs another rung
        (real.threshold, mocked.threshold) = (threshold, threshold);
        (real.status, mocked.status) = (uint8(lie), uint8(lie));
        _same(_atLeast(real, maxAge), _atLeast(mocked, maxAge));
        (real.epoch, mocked.epoch) = (lie, lie);
        _same(_atLeast(real, maxAge), _atLeast(mocked, maxAge));
    }

    function _samePosted(uint64 maxAge) private view {
        bytes memory data = abi.encodeCall(ICreditOracle.scoreOf, (_mei));
        _same(data, data);
        data = abi.encodeCall(ICreditOracle.getScoreNoOlderThan, (_mei, maxAge));
        _same(data, data);
        data = abi.encodeCall(ICreditOracle.tryGetScore, (_mei, maxAge));
        _same(data, data);
        data = abi.encodeCall(ICreditOracle.currentEpoch, ());
        _same(data, data);
    }

    function _verify(ICreditOracle.ScoreProof memory proof, uint64 maxAge) private view returns (bytes memory) {
        return abi.encodeCall(ICreditOracle.verifyScore, (_mei, proof, maxAge));
    }

    function _atLeast(ICreditOracle.AtLeastProof memory proof, uint64 maxAge) private view returns (bytes memory) {
        return abi.encodeCall(ICreditOracle.verifyAtLeast, (_mei, proof, maxAge));
    }

    function _tell(uint8 status, uint16 score) private {
        if (status == 1) _mock.scored(_mei, score);
        if (status == 2) _mock.thin(_mei, score);
        if (status == 129) _mock.disputed(_mei, score);
    }

    function _setting(uint8 kind, uint16 score) private returns (File[] memory files) {
        files = _files(3);
        (files[0].status, files[0].score) = ([1, 2, 129][kind % 3], uint16(_bound(score, 300, 850)));
        _deployMock();
        _tell(files[0].status, files[0].score);
    }

    function _post(File[] memory files) private {
        ICreditOracle.ScoreProof memory proof = _scoreProof(files, 0, 1);
        vm.prank(_mei);
        oracle.postScore(proof);
    }

    function test_mock__of_no_such_score__then_refused(uint16 score) public {
        _deployMock();
        vm.assume(score < 300 || score > 850);
        vm.expectRevert(abi.encodeWithSelector(MockCreditOracle.NoSuchScore.selector, score));
        _mock.scored(_mei, score);
    }

    function test_mock__stale_before_anything_can_be__then_refused() public {
        _deployMock();
        vm.warp(15 days);
        vm.expectRevert(abi.encodeWithSelector(MockCreditOracle.ClockTooEarly.selector, 15 days));
        _mock.stale();
    }

    function test_mock__of_a_borrower_that_nobody_scored__then_as_the_real_one(uint16 lie, uint64 maxAge) public {
        File[] memory files = _files(3);
        files[0].borrower = address(1);
        _publishActive(1, _tree(files)[0]);
        _deployMock();
        ICreditOracle.ScoreProof memory proof;
        (proof.epoch, proof.status, proof.score) = (1, 1, lie);
        _same(_verify(proof, maxAge), _verify(proof, maxAge));
        proof.status = 128;
        _same(_verify(proof, maxAge), _verify(proof, maxAge));
        _samePosted(maxAge);
    }

    function test_mock__scored_thin_or_disputed__then_as_the_real_one(
        uint8 kind,
        uint16 score,
        uint16 threshold,
        uint16 lie,
        uint64 maxAge
    ) public {
        File[] memory files = _setting(kind, score);
        _publishActive(1, _tree(files)[0]);
        _post(files);
        threshold = uint16(_bound(threshold, 31, 85)) * 10;
        maxAge = uint64(_bound(maxAge, 0, 20 days));
        _sameReads(files, threshold, lie, maxAge);
        _sameReads(files, threshold, lie, MAX_AGE);
    }

    function test_mock__stale__then_as_the_real_one(uint8 kind, uint16 score, uint16 lie, uint64 maxAge) public {
        File[] memory files = _setting(kind, score);
        _publishActive(1, _tree(files)[0]);
        _post(files);
        vm.warp(uint256(oracle.rootOf(1).snapshotTime) + MAX_AGE + 1);
        _mock.stale();
        vm.assertEq(uint256(_mock.rootOf(1).snapshotTime), oracle.rootOf(1).snapshotTime);
        _sameReads(files, 310, lie, maxAge);
    }

    function test_mock__withdrawn__then_as_the_real_one(uint8 kind, uint16 score, uint16 lie, uint64 maxAge) public {
        File[] memory files = _setting(kind, score);
        _publishActive(1, _tree(files)[0]);
        _post(files);
        vm.prank(_mei);
        oracle.withdrawScore();
        _mock.withdrawn(_mei);
        _sameReads(files, 310, lie, maxAge);
    }

    function test_mock__held__then_as_the_real_one(uint8 kind, uint16 score, uint16 lie, uint64 maxAge) public {
        File[] memory files = _setting(kind, score);
        ICreditOracle.EpochReport memory report = _report(1, _tree(files)[0]);
        ICreditOracle.Limits memory limits = oracle.limits();
        (limits.minMeanScore, limits.maxMeanScore) = (report.meanScore + 1, report.meanScore + 1);
        vm.prank(OWNER);
        oracle.setLimits(limits);
        _publish(report);
        _warp(block.timestamp + DELAY);
        _mock.held();
        vm.assertEq(uint256(_mock.rootOf(1).mark), uint256(oracle.rootOf(1).mark));
        _sameReads(files, 310, lie, maxAge);
    }

    function test_mock__upcoming__then_as_the_real_one(uint8 kind, uint16 score, uint16 lie, uint64 maxAge) public {
        File[] memory files = _setting(kind, score);
        _publish(_report(1, _tree(files)[0]));
        _mock.upcoming();
        vm.assertEq(uint256(_mock.rootOf(1).activeFrom), oracle.rootOf(1).activeFrom);
        vm.assertEq(uint256(_mock.rootOf(2).activeFrom), 0);
        _sameReads(files, 310, lie, maxAge);
    }
}
