// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Vm } from "./Vm.sol";

/// @notice A deployed oracle with a committee of four (quorum three), reports that it can sign, and trees of made-up files.
abstract contract Fixture {
    /// @notice All that is known of one borrower in one epoch.
    struct File {
        address borrower;
        uint8 status;
        uint16 score;
        uint16 width;
        bytes32 salt;
        bytes32 detail;
        bytes32 seed;
    }

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint64 internal constant GENESIS = 1_700_000_000;
    uint64 internal constant WEEK = 7 days;
    uint64 internal constant DELAY = 1 days;
    uint64 internal constant MAX_AGE = 15 days;
    uint64 internal constant REPORT_LIFE = 2 days;
    uint64 internal constant MAX_GAP = 1 hours;
    uint32 internal constant RING = 5;
    uint256 internal constant MEMBERS = 4;
    uint32 internal constant THREE = 7; // the mask of members 0, 1 and 2
    bytes32 internal constant MODEL = keccak256("model");
    address internal constant OWNER = address(0xACE);
    address internal constant GUARDIAN = address(0x60D);

    CreditOracle internal oracle;
    bytes32 internal committeeDigest;

    function setUp() public virtual {
        vm.warp(GENESIS);
        vm.roll(20_000);
        _deploy(_config());
    }

    // ---------------------------------------------------------------------------------------------------------- deployment

    function _deploy(ICreditOracle.Config memory c) internal {
        oracle = new CreditOracle(c, _limits(), _committee(MEMBERS, 3), MODEL, _home(), GUARDIAN, OWNER);
        (, committeeDigest) = oracle.committeeAt(1);
    }

    function _config() internal pure returns (ICreditOracle.Config memory) {
        return ICreditOracle.Config(GENESIS, WEEK, DELAY, MAX_AGE, REPORT_LIFE, MAX_GAP, RING);
    }

    /// @notice Limits that the reports made here keep.
    function _limits() internal pure returns (ICreditOracle.Limits memory) {
        return ICreditOracle.Limits(100, 500, 750, 1000, 2500);
    }

    /// @notice This chain is the only source.
    function _home() internal view returns (uint64[] memory sources) {
        sources = new uint64[](1);
        sources[0] = uint64(block.chainid);
    }

    function _key(uint256 member) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("member", member))) >> 1;
    }

    function _committee(uint256 n, uint8 quorum) internal pure returns (ICreditOracle.Committee memory committee) {
        committee.members = new address[](n);
        committee.identityKeys = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            committee.members[i] = vm.addr(_key(i));
            committee.identityKeys[i] = keccak256(abi.encode("identity", i));
        }
        committee.quorum = quorum;
        committee.secretHash = keccak256("secret");
    }

    // ------------------------------------------------------------------------------------------------------------ reports

    /// @notice Goes to the end of the epoch, unless that is past, and makes a report that breaks no rule.
    function _report(uint64 epoch, bytes32 root) internal returns (ICreditOracle.EpochReport memory report) {
        uint256 end = oracle.endOf(epoch);
        if (block.timestamp < end) _warp(end + 30);
        report.epoch = epoch;
        report.config = committeeDigest;
        report.modelId = oracle.modelAt(epoch);
        report.snapshotBlock = uint64(block.number) - 3;
        report.snapshotTime = uint64(end) - 6;
        report.homeHash = blockhash(report.snapshotBlock);
        report.snapshotHash = keccak256("snapshot");
        report.root = root;
        report.scoresHash = keccak256("scores");
        report.borrowers = 1000;
        report.meanScore = 655;
        report.movedBps = 120;
        report.psiBps = 90;
    }

    function _warp(uint256 time) internal {
        vm.roll(block.number + 1 + (time - block.timestamp) / 12);
        vm.warp(time);
    }

    function _sign(ICreditOracle.EpochReport memory report, uint32 mask)
        internal
        view
        returns (ICreditOracle.Signature[] memory signatures)
    {
        return _signDigest(oracle.digestOf(report), mask);
    }

    function _signDigest(bytes32 digest, uint32 mask)
        internal
        pure
        returns (ICreditOracle.Signature[] memory signatures)
    {
        uint256 count = 0;
        for (uint256 i = 0; i < 32; ++i) {
            count += (mask >> i) & 1;
        }
        signatures = new ICreditOracle.Signature[](count);
        for (uint256 i = 32; i > 0; --i) {
            if ((mask >> (i - 1)) & 1 == 0) continue;
            (bytes32 r, bytes32 vs) = vm.signCompact(_key(i - 1), digest);
            signatures[--count] = ICreditOracle.Signature(r, vs);
        }
    }

    function _publish(ICreditOracle.EpochReport memory report) internal {
        oracle.publish(report, THREE, _sign(report, THREE));
    }

    /// @notice Publishes an epoch with this root and waits until the root is read.
    function _publishActive(uint64 epoch, bytes32 root) internal {
        _publish(_report(epoch, root));
        _warp(block.timestamp + DELAY);
    }

    // --------------------------------------------------------------------------------------------------------- signatures

    /// @notice The digest of EIP-712 typed data of the oracle's domain, in the plainest way.
    function _typed(bytes memory encoded) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("CreditOracle"),
                keccak256("1"),
                block.chainid,
                address(oracle)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(encoded)));
    }

    function _signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // -------------------------------------------------------------------------------------------------------------- trees

    function _file(uint256 i) internal pure returns (File memory) {
        uint16 score = uint16(300 + uint256(keccak256(abi.encode("score", i))) % 551);
        return File({
            borrower: address(uint160(0x1000 + i)),
            status: i % 2 == 0 ? 1 : 2,
            score: score,
            width: 25,
            salt: keccak256(abi.encode("salt", i)),
            detail: keccak256(abi.encode("detail", i)),
            seed: keccak256(abi.encode("seed", i))
        });
    }

    function _files(uint256 n) internal pure returns (File[] memory files) {
        files = new File[](n);
        for (uint256 i = 0; i < n; ++i) {
            files[i] = _file(i);
        }
    }

    function _opening(File memory f) internal pure returns (bytes32) {
        return keccak256(abi.encode(f.score, f.width, f.salt, f.detail));
    }

    /// @notice keccak256 applied `times` times, in the plainest way.
    function _climb(bytes32 value, uint256 times) internal pure returns (bytes32) {
        for (uint256 i = 0; i < times; ++i) {
            value = keccak256(abi.encodePacked(value));
        }
        return value;
    }

    function _top(File memory f) internal pure returns (bytes32) {
        return _climb(f.seed, (f.score - 300) / 10);
    }

    function _leaf(File memory f) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(f.borrower, f.status, _opening(f), _top(f)))));
    }

    /// @notice The nodes of OpenZeppelin's StandardMerkleTree: root first, leaf i at 2n − 2 − i.
    function _tree(File[] memory files) internal pure returns (bytes32[] memory nodes) {
        uint256 n = files.length;
        nodes = new bytes32[](2 * n - 1);
        for (uint256 i = 0; i < n; ++i) {
            nodes[2 * n - 2 - i] = _leaf(files[i]);
        }
        for (uint256 i = n - 1; i > 0; --i) {
            nodes[i - 1] = _pair(nodes[2 * i - 1], nodes[2 * i]);
        }
    }

    function _pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    function _path(bytes32[] memory nodes, uint256 leafIndex) internal pure returns (bytes32[] memory path) {
        uint256 node = nodes.length - 1 - leafIndex;
        uint256 depth = 0;
        for (uint256 i = node; i > 0; i = (i - 1) / 2) {
            ++depth;
        }
        path = new bytes32[](depth);
        for (uint256 i = 0; i < depth; ++i) {
            path[i] = nodes[node % 2 == 1 ? node + 1 : node - 1];
            node = (node - 1) / 2;
        }
    }

    function _scoreProof(File[] memory files, uint256 i, uint64 epoch)
        internal
        pure
        returns (ICreditOracle.ScoreProof memory)
    {
        File memory f = files[i];
        return ICreditOracle.ScoreProof(
            epoch, f.status, f.score, f.width, f.salt, f.detail, _top(f), _path(_tree(files), i)
        );
    }

    /// @notice The proof that the borrower can make for a threshold up to the score. Above it: the best forgery, the seed itself.
    function _atLeastProof(File[] memory files, uint256 i, uint64 epoch, uint16 threshold)
        internal
        pure
        returns (ICreditOracle.AtLeastProof memory)
    {
        File memory f = files[i];
        uint256 steps = (f.score - 300) / 10;
        uint256 asked = (threshold - 300) / 10;
        bytes32 rung = _climb(f.seed, steps > asked ? steps - asked : 0);
        return ICreditOracle.AtLeastProof(epoch, f.status, threshold, _opening(f), rung, _path(_tree(files), i));
    }

    /// @notice `value` where it lies between the limits, else one that does.
    function _bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return value >= least && value <= most ? value : least + value % (most - least + 1);
    }
}
