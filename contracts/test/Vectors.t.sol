// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

/// @notice The vectors that the Python side reads too: ../tests/golden/commitment.json. Everything in it that a contract can
/// recompute is recomputed here; then its report is published at its own address with its own signatures, and its proofs are
/// checked against the root.
contract VectorsTest is Fixture {
    struct SourceBlock {
        uint64 chainId;
        uint64 number;
        bytes32 hash;
    }

    /// @dev The sender whose first contract stands at the vectors' address: the first account of a development chain.
    address internal constant DEPLOYER = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;

    string internal json;
    address[] internal addresses;

    function setUp() public override {
        json = vm.readFile("../tests/golden/commitment.json");
        addresses = vm.parseJsonAddressArray(json, ".borrowers.addresses");
        ICreditOracle.Config memory config = _config();
        config.genesis = uint64(_uint(".report.snapshotTime")) + 6 - 3 * WEEK;
        vm.warp(config.genesis);
        vm.roll(1000);
        vm.prank(DEPLOYER);
        oracle = new CreditOracle(
            config,
            ICreditOracle.Limits(1, 300, 850, 2000, 200),
            _committeeOfVectors(),
            _bytes32(".report.modelId"),
            _home(),
            GUARDIAN,
            OWNER
        );
        (, committeeDigest) = oracle.committeeAt(3);
    }

    function _uint(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(json, key);
    }

    function _bytes32(string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, key);
    }

    function _uints(string memory key) private view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, key);
    }

    function _bytes32s(string memory key) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, key);
    }

    function _pathOf(uint256 borrower) private view returns (bytes32[] memory) {
        return _bytes32s(string.concat(".paths[", vm.toString(borrower), "]"));
    }

    function _committeeOfVectors() private view returns (ICreditOracle.Committee memory) {
        return ICreditOracle.Committee({
            members: vm.parseJsonAddressArray(json, ".config.members"),
            identityKeys: _bytes32s(".config.identityKeys"),
            quorum: uint8(_uint(".config.quorum")),
            secretHash: _bytes32(".config.secretHash")
        });
    }

    function _reportOfVectors() private view returns (ICreditOracle.EpochReport memory report) {
        report.epoch = uint64(_uint(".report.epoch"));
        report.config = _bytes32(".report.config");
        report.modelId = _bytes32(".report.modelId");
        report.snapshotBlock = uint64(_uint(".report.snapshotBlock"));
        report.snapshotTime = uint64(_uint(".report.snapshotTime"));
        report.homeHash = _bytes32(".report.homeHash");
        report.snapshotHash = _bytes32(".report.snapshotHash");
        report.root = _bytes32(".report.root");
        report.scoresHash = _bytes32(".report.scoresHash");
        report.previousEpoch = uint64(_uint(".report.previousEpoch"));
        report.borrowers = uint32(_uint(".report.borrowers"));
        report.meanScore = uint16(_uint(".report.meanScore"));
        report.movedBps = uint16(_uint(".report.movedBps"));
        report.psiBps = uint32(_uint(".report.psiBps"));
    }

    /// @notice Publishes epoch 2, with which the vectors' report compares, and goes to where that report belongs.
    function _reachEpochThree() private {
        ICreditOracle.EpochReport memory earlier = _report(2, keccak256("epoch two"));
        uint256[] memory keys = _uints(".config.memberKeys");
        ICreditOracle.Signature[] memory signatures = new ICreditOracle.Signature[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (signatures[i].r, signatures[i].vs) = vm.signCompact(keys[i], oracle.digestOf(earlier));
        }
        oracle.publish(earlier, THREE, signatures);
        vm.roll(_uint(".report.snapshotBlock") + 2);
        vm.warp(oracle.endOf(3) + 30);
        vm.setBlockhash(_uint(".report.snapshotBlock"), _bytes32(".report.homeHash"));
    }

    function _publishVectors() private {
        _reachEpochThree();
        bytes32[] memory r = _bytes32s(".signatures.r");
        bytes32[] memory vs = _bytes32s(".signatures.vs");
        ICreditOracle.Signature[] memory signatures = new ICreditOracle.Signature[](r.length);
        for (uint256 i = 0; i < r.length; ++i) {
            signatures[i] = ICreditOracle.Signature(r[i], vs[i]);
        }
        oracle.publish(_reportOfVectors(), uint32((1 << r.length) - 1), signatures);
        vm.warp(block.timestamp + DELAY);
    }

    function test_vectors__of_committee_and_digest__then_the_contract_says_the_same() public view {
        vm.assertEq(block.chainid, _uint(".deployment.chainId"));
        vm.assertEq(address(oracle), vm.parseJsonAddress(json, ".deployment.contract"));
        vm.assertEq(committeeDigest, _bytes32(".config.digest"));
        vm.assertEq(oracle.digestOf(_reportOfVectors()), _bytes32(".report.digest"));
    }

    function test_vectors__of_snapshot_and_rows__then_the_hashes_are_theirs() public view {
        uint256[] memory chainIds = _uints(".snapshot.chainIds");
        uint256[] memory numbers = _uints(".snapshot.numbers");
        bytes32[] memory hashes = _bytes32s(".snapshot.hashes");
        SourceBlock[] memory blocks = new SourceBlock[](chainIds.length);
        for (uint256 i = 0; i < blocks.length; ++i) {
            blocks[i] = SourceBlock(uint64(chainIds[i]), uint64(numbers[i]), hashes[i]);
        }
        vm.assertEq(keccak256(abi.encode(blocks)), _bytes32(".snapshot.hash"));

        bytes memory rows;
        for (uint256 i = 0; i < addresses.length; ++i) {
            rows = bytes.concat(rows, _row(i));
        }
        vm.assertEq(keccak256(rows), _bytes32(".borrowers.scoresHash"));
    }

    function _row(uint256 i) private view returns (bytes memory) {
        uint8 status = uint8(_uints(".borrowers.status")[i]);
        uint16 score = uint16(_uints(".borrowers.score")[i]);
        uint16 width = uint16(_uints(".borrowers.width")[i]);
        return abi.encodePacked(addresses[i], status, score, width, uint32(_uints(".borrowers.reasons")[i]));
    }

    function test_vectors__of_details__then_they_bind_reasons_and_features() public view {
        uint256 count = _uint(".borrowers.featureCount");
        int256[] memory all = vm.parseJsonIntArray(json, ".borrowers.features");
        for (uint256 i = 0; i < addresses.length; ++i) {
            int64[] memory features = new int64[](count);
            for (uint256 j = 0; j < count; ++j) {
                features[j] = int64(all[i * count + j]);
            }
            bytes32 featuresHash = keccak256(abi.encode(features, _bytes32s(".borrowers.salt3")[i]));
            vm.assertEq(featuresHash, _bytes32s(".borrowers.featuresHash")[i]);
            uint32 reasons = uint32(_uints(".borrowers.reasons")[i]);
            bytes32 detail = keccak256(abi.encode(reasons, featuresHash, _bytes32s(".borrowers.salt2")[i]));
            vm.assertEq(detail, _bytes32s(".borrowers.detail")[i]);
        }
    }

    function _fileOfVectors(uint256 i) private view returns (File memory) {
        return File({
            borrower: addresses[i],
            status: uint8(_uints(".borrowers.status")[i]),
            score: uint16(_uints(".borrowers.score")[i]),
            width: uint16(_uints(".borrowers.width")[i]),
            salt: _bytes32s(".borrowers.salt")[i],
            detail: _bytes32s(".borrowers.detail")[i],
            seed: _bytes32s(".borrowers.seed")[i]
        });
    }

    function test_vectors__of_leaves_ladders_and_tree__then_the_root_is_theirs() public view {
        bytes32[] memory nodes = _bytes32s(".tree.nodes");
        for (uint256 i = 0; i < addresses.length; ++i) {
            File memory f = _fileOfVectors(i);
            if (f.status & 127 != 0) vm.assertEq(_leaf(f), _bytes32s(".borrowers.leaf")[i]);
            vm.assertEq(nodes[nodes.length - 1 - i], _bytes32s(".borrowers.leaf")[i]);
            vm.assertEq(_path(nodes, i), _pathOf(i));
        }
        for (uint256 i = 0; i < addresses.length - 1; ++i) {
            vm.assertEq(nodes[i], _pair(nodes[2 * i + 1], nodes[2 * i + 2]));
        }
        vm.assertEq(nodes[0], _bytes32(".report.root"));
    }

    function test_vectors__of_score_proofs__then_the_published_root_holds_them() public {
        _publishVectors();
        for (uint256 i = 0; i < addresses.length; ++i) {
            File memory f = _fileOfVectors(i);
            bytes32 top = _bytes32s(".borrowers.top")[i];
            ICreditOracle.ScoreProof memory proof =
                ICreditOracle.ScoreProof(3, f.status, f.score, f.width, f.salt, f.detail, top, _pathOf(i));
            if (f.status & 127 == 0) {
                vm.expectRevert(abi.encodeWithSelector(ICreditOracle.Insufficient.selector, f.borrower));
                oracle.verifyScore(f.borrower, proof, MAX_AGE);
            } else {
                (uint16 score,,,,) = oracle.verifyScore(f.borrower, proof, MAX_AGE);
                vm.assertEq(score, f.score);
            }
        }
    }

    function test_vectors__of_at_least_proofs__then_they_hold_and_one_step_more_does_not() public {
        _publishVectors();
        uint256[] memory thresholds = _uints(".atLeast.threshold");
        for (uint256 j = 0; j < thresholds.length; ++j) {
            uint256 i = _uints(".atLeast.borrower")[j];
            ICreditOracle.AtLeastProof memory proof = ICreditOracle.AtLeastProof({
                epoch: 3,
                status: uint8(_uints(".borrowers.status")[i]),
                threshold: uint16(thresholds[j]),
                opening: _bytes32s(".borrowers.opening")[i],
                rung: _bytes32s(".atLeast.rung")[j],
                path: _pathOf(i)
            });
            oracle.verifyAtLeast(addresses[i], proof, MAX_AGE);
            if (proof.threshold == 850) continue;
            proof.threshold += 10;
            vm.expectRevert(
                abi.encodeWithSelector(ICreditOracle.AtLeastNotProven.selector, addresses[i], proof.threshold)
            );
            oracle.verifyAtLeast(addresses[i], proof, MAX_AGE);
        }
    }
}
