// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

/// @notice What the verbs cost, against the limits that the project has set itself, and against what they cost before: the
/// figures in snapshots/, which FORGE_SNAPSHOT_CHECK=false writes anew. A publication is counted as its receipt counts it (21,000
/// for the transaction and its calldata included), in steady state; reads are counted inside the consumer.
contract GasTest is Fixture {
    function _within(string memory what, uint256 used, uint256 limit) private {
        vm.snapshotValue("gas", what, used);
        vm.assertLe(used, limit, what);
    }

    /// @notice Fills the ring, then returns what one more publication costs.
    function _publishGas(uint256 n, uint8 quorum) private returns (uint256) {
        vm.warp(GENESIS);
        oracle = new CreditOracle(_config(), _limits(), _committee(n, quorum), MODEL, _home(), GUARDIAN, OWNER);
        (, committeeDigest) = oracle.committeeAt(1);
        uint32 mask = uint32((1 << quorum) - 1);
        for (uint64 epoch = 1; epoch <= RING + 1; ++epoch) {
            ICreditOracle.EpochReport memory report = _report(epoch, keccak256(abi.encode(epoch)));
            report.homeHash = keccak256("a block");
            report.previousEpoch = epoch - 1;
            vm.setBlockhash(report.snapshotBlock, report.homeHash);
            oracle.publish(report, mask, _sign(report, mask));
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    /// @dev Of a call in which the oracle and its storage are cold, as in a consumer that reads nothing else of it.
    function _callGas(bytes memory data) private returns (uint256) {
        address target = address(oracle);
        vm.cool(target);
        uint256 before = gasleft();
        (bool done,) = target.call(data);
        uint256 used = before - gasleft();
        vm.assertTrue(done);
        return used;
    }

    /// forge-config: default.isolate = true
    function test_gas__of_publish__then_within_the_limits() public {
        uint256[4] memory members = [uint256(4), 7, 10, 31];
        uint8[4] memory quorums = [uint8(3), 5, 7, 21];
        uint256[4] memory limits = [uint256(82_000), 93_000, 104_000, 180_000];
        for (uint256 i = 0; i < 4; ++i) {
            string memory what = string.concat("publish ", vm.toString(quorums[i]), " of ", vm.toString(members[i]));
            _within(what, _publishGas(members[i], quorums[i]), limits[i]);
        }
    }

    function test_gas__of_proofs_at_depth_20__then_within_the_limits() public {
        File[] memory files = _files(1);
        files[0].score = 850;
        bytes32 node = _leaf(files[0]);
        bytes32[] memory path = new bytes32[](20);
        for (uint256 i = 0; i < 20; ++i) {
            path[i] = keccak256(abi.encode(i));
            node = _pair(node, path[i]);
        }
        _publishActive(1, node);
        ICreditOracle.ScoreProof memory scoreProof = _scoreProof(files, 0, 1);
        scoreProof.path = path;
        ICreditOracle.AtLeastProof memory atLeastProof = _atLeastProof(files, 0, 1, 700);
        atLeastProof.path = path;
        address borrower = files[0].borrower;
        _within(
            "verifyScore depth 20",
            _callGas(abi.encodeCall(ICreditOracle.verifyScore, (borrower, scoreProof, MAX_AGE))),
            18_500
        );
        _within(
            "verifyAtLeast 700 depth 20",
            _callGas(abi.encodeCall(ICreditOracle.verifyAtLeast, (borrower, atLeastProof, MAX_AGE))),
            22_000
        );
        vm.prank(borrower);
        oracle.postScore(scoreProof);
        _within(
            "getScoreNoOlderThan",
            _callGas(abi.encodeCall(ICreditOracle.getScoreNoOlderThan, (borrower, MAX_AGE))),
            6500
        );
        _within("tryGetScore", _callGas(abi.encodeCall(ICreditOracle.tryGetScore, (borrower, MAX_AGE))), 6500);
    }

    /// forge-config: default.isolate = true
    function test_gas__of_posting__then_within_the_limits() public {
        File[] memory files = _files(1);
        bytes32[] memory path = new bytes32[](20);
        bytes32 node = _leaf(files[0]);
        for (uint256 i = 0; i < 20; ++i) {
            path[i] = keccak256(abi.encode(i));
            node = _pair(node, path[i]);
        }
        for (uint64 epoch = 1; epoch <= 2; ++epoch) {
            _publishActive(epoch, node);
            ICreditOracle.ScoreProof memory proof = _scoreProof(files, 0, epoch);
            proof.path = path;
            vm.prank(files[0].borrower);
            oracle.postScore(proof);
            uint256 used = vm.lastCallGas().gasTotalUsed;
            _within(epoch == 1 ? "postScore first" : "postScore after", used, epoch == 1 ? 92_000 : 75_000);
        }
    }
}
