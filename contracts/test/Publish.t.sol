// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CreditOracle } from "../src/CreditOracle.sol";
import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Fixture } from "./Fixture.sol";

contract PublishTest is Fixture {
    bytes32 internal constant ROOT = keccak256("root");
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    function _refused(ICreditOracle.EpochReport memory report, bytes memory reason) private {
        _refusedWith(report, THREE, _sign(report, THREE), reason);
    }

    function _refusedWith(
        ICreditOracle.EpochReport memory report,
        uint32 mask,
        ICreditOracle.Signature[] memory signatures,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        oracle.publish(report, mask, signatures);
    }

    function _wrongSigner(uint256 index, address recovered) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditOracle.WrongSigner.selector, index, vm.addr(_key(index)), recovered);
    }

    // ------------------------------------------------------------------------------------------------------------ epochs

    function test_publish__when_epoch_is_published_or_passed_over__then_refused(uint64 epoch) public {
        _publish(_report(1, ROOT));
        _publish(_report(3, ROOT));
        ICreditOracle.EpochReport memory report = _report(3, keccak256("another root"));
        report.epoch = uint64(_bound(epoch, 0, 3));
        report.previousEpoch = 1;
        _refused(report, abi.encodeWithSelector(ICreditOracle.EpochNotRising.selector, report.epoch, 3));
    }

    function test_publish__when_epoch_has_not_ended__then_refused(uint64 ahead) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        report.epoch = uint64(_bound(ahead, 2, type(uint64).max));
        uint256 end = oracle.endOf(report.epoch);
        _refused(report, abi.encodeWithSelector(ICreditOracle.EpochNotEnded.selector, report.epoch, end));
        report = _report(1, ROOT);
        end = oracle.endOf(1);
        vm.warp(end - 1);
        _refused(report, abi.encodeWithSelector(ICreditOracle.EpochNotEnded.selector, 1, end));
        vm.warp(end);
        _publish(report);
    }

    function test_publish__when_report_life_is_over__then_refused(uint64 late) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        uint256 deadline = oracle.endOf(1) + REPORT_LIFE;
        vm.warp(deadline + _bound(late, 1, 1000 days));
        _refused(report, abi.encodeWithSelector(ICreditOracle.ReportExpired.selector, 1, deadline));
        vm.warp(deadline);
        _publish(report);
    }

    function test_publish__when_previous_epoch_is_not_published__then_refused(uint64 previous) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        report.previousEpoch = uint64(_bound(previous, 1, type(uint64).max));
        bytes4 selector = ICreditOracle.PreviousNotPublished.selector;
        _refused(report, abi.encodeWithSelector(selector, report.previousEpoch, 0));
    }

    function test_publish__when_root_is_zero__then_refused() public {
        _refused(_report(1, 0), abi.encodeWithSelector(ICreditOracle.RootZero.selector));
    }

    // ---------------------------------------------------------------------------------------------------------- snapshots

    function test_publish__when_snapshot_lies_outside_the_gap__then_refused(uint64 off) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        uint256 end = oracle.endOf(1);
        bytes memory reason =
            abi.encodeWithSelector(ICreditOracle.SnapshotTimeOutOfRange.selector, 0, end - MAX_GAP, end);
        report.snapshotTime = uint64(_bound(off, 0, end - MAX_GAP - 1));
        _setWord(reason, 0, report.snapshotTime);
        _refused(report, reason);
        report.snapshotTime = uint64(_bound(off, end + 1, type(uint64).max));
        _setWord(reason, 0, report.snapshotTime);
        _refused(report, reason);
        uint64[2] memory nearest = [uint64(end - MAX_GAP - 1), uint64(end + 1)];
        for (uint256 i = 0; i < 2; ++i) {
            report.snapshotTime = nearest[i];
            _setWord(reason, 0, nearest[i]);
            _refused(report, reason);
        }
        report.snapshotTime = uint64(end - MAX_GAP);
        _publish(report);
    }

    function _setWord(bytes memory data, uint256 index, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(data, add(0x24, mul(0x20, index))), word)
        }
    }

    function test_publish__when_snapshot_block_is_not_past__then_refused(uint64 number) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        report.snapshotBlock = uint64(_bound(number, block.number, type(uint64).max));
        bytes4 selector = ICreditOracle.SnapshotBlockNotPast.selector;
        _refused(report, abi.encodeWithSelector(selector, report.snapshotBlock, block.number));
    }

    function test_publish__when_home_hash_is_of_another_chain__then_refused(bytes32 other) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes32 actual = keccak256("a young block");
        vm.setBlockhash(report.snapshotBlock, actual);
        vm.assume(other != actual);
        report.homeHash = other;
        bytes4 selector = ICreditOracle.WrongHomeHash.selector;
        _refused(report, abi.encodeWithSelector(selector, report.snapshotBlock, other, actual));
        report.homeHash = actual;
        _publish(report);
    }

    function test_publish__when_block_is_too_old_for_the_opcode__then_the_history_contract_decides(bytes32 other)
        public
    {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes32 actual = keccak256("an older block");
        vm.assume(other != actual);
        vm.roll(report.snapshotBlock + 5000);
        vm.etch(HISTORY, address(new History(actual)).code);
        report.homeHash = other;
        bytes4 selector = ICreditOracle.WrongHomeHash.selector;
        _refused(report, abi.encodeWithSelector(selector, report.snapshotBlock, other, actual));
        report.homeHash = actual;
        _publish(report);
    }

    function test_publish__when_no_one_knows_the_blocks_hash__then_signatures_decide(bytes32 any) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        vm.roll(report.snapshotBlock + 9000);
        vm.etch(HISTORY, "");
        report.homeHash = any;
        _publish(report);
    }

    // ------------------------------------------------------------------------------------------------ committee and model

    function test_publish__when_made_for_another_committee__then_refused(bytes32 other) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        vm.assume(other != committeeDigest);
        report.config = other;
        _refused(report, abi.encodeWithSelector(ICreditOracle.WrongConfig.selector, 1, other, committeeDigest));
    }

    function test_publish__when_made_with_another_model__then_refused(bytes32 other) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        vm.assume(other != MODEL);
        report.modelId = other;
        _refused(report, abi.encodeWithSelector(ICreditOracle.WrongModel.selector, 1, other, MODEL));
    }

    // --------------------------------------------------------------------------------------------------------- signatures

    function test_publish__when_quorum_is_one_short__then_refused(uint8 which) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        uint32[6] memory pairs = [uint32(3), 5, 6, 9, 10, 12];
        uint32 mask = pairs[which % 6];
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.QuorumNotReached.selector, 2, 3);
        _refusedWith(report, mask, _sign(report, mask), reason);
    }

    function test_publish__when_nobody_signed__then_refused() public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.QuorumNotReached.selector, 0, 3);
        _refusedWith(report, 0, new ICreditOracle.Signature[](0), reason);
    }

    function test_publish__when_a_signer_is_no_member__then_refused(uint256 key, uint8 which) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        key = _bound(key, 1, 1 << 200); // members' keys are hashes
        uint256 index = which % 3;
        (bytes32 r, bytes32 vs) = vm.signCompact(key, oracle.digestOf(report));
        signatures[index] = ICreditOracle.Signature(r, vs);
        _refusedWith(report, THREE, signatures, _wrongSigner(index, vm.addr(key)));
    }

    function test_publish__when_one_member_signs_twice__then_refused(uint8 first, uint8 second) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        uint256 from = first % 3;
        uint256 to = (from + 1 + second % 2) % 3;
        signatures[to] = signatures[from];
        _refusedWith(report, THREE, signatures, _wrongSigner(to, vm.addr(_key(from))));
    }

    function test_publish__when_signatures_are_not_in_member_order__then_refused() public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        _refusedWith(report, THREE, signatures, _wrongSigner(0, vm.addr(_key(1))));
    }

    function test_publish__when_a_signature_is_in_its_malleable_form__then_refused(uint8 which) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        uint256 index = which % 3;
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        uint256 s = uint256(signatures[index].vs) & (type(uint256).max >> 1);
        uint256 parity = uint256(signatures[index].vs) >> 255;
        signatures[index].vs = bytes32((order - s) | (1 - parity) << 255); // recovers the same signer where v is apart
        vm.expectPartialRevert(ICreditOracle.WrongSigner.selector);
        oracle.publish(report, THREE, signatures);
        signatures[index].vs = bytes32(type(uint256).max >> 1); // the highest s that fits, above half the order
        _refusedWith(report, THREE, signatures, _wrongSigner(index, address(0)));
    }

    function test_publish__when_any_bit_of_a_signature_is_changed__then_refused(uint8 which, uint8 bit, bool inR)
        public
    {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        ICreditOracle.Signature memory changed = signatures[which % 3];
        if (inR) changed.r ^= bytes32(1 << bit);
        else changed.vs ^= bytes32(1 << bit);
        vm.expectPartialRevert(ICreditOracle.WrongSigner.selector);
        oracle.publish(report, THREE, signatures);
    }

    function test_publish__when_anything_unchecked_is_changed_after_signing__then_refused(uint8 field) public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _sign(report, THREE);
        field = field % 7;
        if (field == 0) report.root = keccak256("a lie");
        if (field == 1) report.snapshotHash = keccak256("a lie");
        if (field == 2) report.scoresHash = keccak256("a lie");
        if (field == 3) report.borrowers += 1;
        if (field == 4) report.meanScore += 1;
        if (field == 5) report.movedBps += 1;
        if (field == 6) report.psiBps += 1;
        vm.expectPartialRevert(ICreditOracle.WrongSigner.selector);
        oracle.publish(report, THREE, signatures);
    }

    /// @notice Calldata is hashed as it comes, so a word beyond its field's range must not slip through.
    function test_publish__when_a_word_is_out_of_its_fields_range__then_refused(uint8 which, uint8 bit) public {
        uint8[9] memory fields = [0, 3, 4, 9, 10, 11, 12, 13, 14]; // the numbers of the report, and the mask
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes memory data = abi.encodeCall(oracle.publish, (report, THREE, _sign(report, THREE)));
        uint256 place = 0x24 + 0x20 * uint256(fields[which % 9]);
        uint256 dirt = 1 << _bound(bit, 64, 255);
        assembly ("memory-safe") {
            let word := add(data, place)
            mstore(word, or(mload(word), dirt))
        }
        (bool done,) = address(oracle).call(data);
        vm.assertFalse(done);
    }

    function test_publish__when_signed_for_another_contract__then_refused() public {
        CreditOracle other =
            new CreditOracle(_config(), _limits(), _committee(MEMBERS, 3), MODEL, _home(), GUARDIAN, OWNER);
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        ICreditOracle.Signature[] memory signatures = _signDigest(other.digestOf(report), THREE);
        vm.expectPartialRevert(ICreditOracle.WrongSigner.selector);
        oracle.publish(report, THREE, signatures);
    }

    function test_publish__when_mask_names_no_member__then_refused(uint32 mask) public {
        mask = uint32(_bound(mask, 16, type(uint32).max));
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes memory reason = abi.encodeWithSelector(ICreditOracle.MaskOutOfRange.selector, mask, MEMBERS);
        _refusedWith(report, mask, _sign(report, THREE), reason);
    }

    function test_publish__when_there_are_more_or_fewer_signatures_than_bits__then_refused() public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes4 selector = ICreditOracle.SignatureCountMismatch.selector;
        _refusedWith(report, 15, _sign(report, THREE), abi.encodeWithSelector(selector, 3, 4));
        _refusedWith(report, THREE, _sign(report, 15), abi.encodeWithSelector(selector, 4, 3));
    }

    // ---------------------------------------------------------------------------------------------------------- the good

    function test_publish__when_a_quorum_or_more_signed__then_the_root_is_kept(uint8 size, uint32 mask, bytes32 root)
        public
    {
        vm.assume(root != 0);
        uint256 n = _bound(size, 1, 32);
        uint8 quorum = uint8(n - (n - 1) / 3);
        oracle = new CreditOracle(_config(), _limits(), _committee(n, quorum), MODEL, _home(), GUARDIAN, OWNER);
        (, committeeDigest) = oracle.committeeAt(1);
        mask = uint32(mask | uint32((1 << quorum) - 1)) & uint32((1 << n) - 1);
        ICreditOracle.EpochReport memory report = _report(1, root);
        ICreditOracle.Signature[] memory signatures = _sign(report, mask);
        uint64 activeFrom = uint64(block.timestamp) + DELAY;

        vm.expectEmit(address(oracle));
        emit ICreditOracle.Published(1, report, mask, activeFrom);
        oracle.publish(report, mask, signatures);

        ICreditOracle.Root memory kept = oracle.rootOf(1);
        vm.assertEq(
            abi.encode(kept),
            abi.encode(ICreditOracle.Root(root, 1, activeFrom, report.snapshotTime, ICreditOracle.Mark.Standing))
        );
        vm.assertEq(oracle.latestEpoch(), 1);
    }

    function test_publish__before_and_after_the_delay__then_the_root_is_upcoming_and_current() public {
        _publishActive(1, ROOT);
        _publish(_report(2, keccak256("next root")));
        vm.assertEq(oracle.currentEpoch(), 1);
        vm.assertEq(oracle.latestEpoch(), 2);
        vm.warp(block.timestamp + DELAY - 1);
        vm.assertEq(oracle.currentEpoch(), 1);
        vm.warp(block.timestamp + 1);
        vm.assertEq(oracle.currentEpoch(), 2);
    }

    function test_publish__when_epochs_are_skipped__then_look_ups_find_what_is_there(uint64 gap) public {
        gap = uint64(_bound(gap, 1, 3 * RING));
        _publishActive(1, ROOT);
        _publish(_report(1 + gap, keccak256("later root")));
        bool gone = gap >= RING; // the older root has left the ring: its place is taken, or it is out of reach
        vm.assertEq(oracle.currentEpoch(), gone ? 0 : 1);
        vm.assertEq(oracle.rootOf(2).epoch, gap == 1 ? 2 : 0);
        _warp(block.timestamp + DELAY);
        vm.assertEq(oracle.currentEpoch(), 1 + gap);
    }

    function test_publish__for_the_digest__then_it_is_the_typed_data_of_eip712() public {
        ICreditOracle.EpochReport memory report = _report(1, ROOT);
        bytes32 typehash = keccak256(
            "EpochReport(uint64 epoch,bytes32 config,bytes32 modelId,uint64 snapshotBlock,uint64 snapshotTime,bytes32 homeHash,bytes32 snapshotHash,bytes32 root,bytes32 scoresHash,uint64 previousEpoch,uint32 borrowers,uint16 meanScore,uint16 movedBps,uint32 psiBps)"
        );
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("CreditOracle"),
                keccak256("1"),
                block.chainid,
                address(oracle)
            )
        );
        bytes32 message = keccak256(abi.encode(typehash, report));
        vm.assertEq(oracle.digestOf(report), keccak256(abi.encodePacked(hex"1901", domain, message)));
    }
}

/// @notice Stands in for EIP-2935's contract: knows one hash, whatever it is asked.
contract History {
    bytes32 private immutable HASH;

    constructor(bytes32 hash) {
        HASH = hash;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encodePacked(HASH);
    }
}
