// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Committees } from "./Committees.sol";
import { Enrolments } from "./Enrolments.sol";
import { EpochClock } from "./EpochClock.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { PostedScores } from "./PostedScores.sol";
import { Roots } from "./Roots.sol";
import { Schedules } from "./Schedules.sol";
import { SourceChains } from "./SourceChains.sol";

/// @title CreditOracle
/// @notice See ICreditOracle, which says what is promised.
/// @dev Here is what needs all parts: publication and evidence. A steady publication reads and writes three slots (head, root, a
/// root's times) and reads two more (the places of committee and model).
contract CreditOracle is Enrolments, PostedScores, Schedules, SourceChains {
    constructor(
        Config memory config_,
        Limits memory limits_,
        Committee memory committee,
        bytes32 modelId,
        uint64[] memory sourceChains,
        address guardian_,
        address owner_
    )
        EIP712("CreditOracle", "1")
        Ownable(owner_)
        EpochClock(config_)
        Roots(limits_, guardian_)
        Schedules(committee, modelId)
        SourceChains(sourceChains)
    { }

    /// @inheritdoc ICreditOracle
    function publish(EpochReport calldata report, uint32 memberMask, Signature[] calldata signatures) external {
        Head memory head = _head;
        if (block.timestamp < head.pausedUntil) revert PublishingPaused(head.pausedUntil);
        _checkTimes(report, head.latestEpoch);
        _checkHome(report);
        _checkModel(report, head.modelFrom);
        _checkSigners(report, head.committeeFrom, memberMask, signatures);
        _emitPublished(report, memberMask, _store(report, head));
    }

    /// @inheritdoc ICreditOracle
    function proveEquivocation(
        EpochReport calldata first,
        Signature calldata firstSignature,
        EpochReport calldata second,
        Signature calldata secondSignature
    ) external {
        if (first.epoch != second.epoch) {
            revert EpochsDiffer(first.epoch, second.epoch);
        }
        bytes32 firstDigest = digestOf(first);
        bytes32 secondDigest = digestOf(second);
        if (firstDigest == secondDigest) revert SameReport(firstDigest);
        address signer = _recover(firstDigest, firstSignature);
        address other = _recover(secondDigest, secondSignature);
        if (signer != other) revert SignersDiffer(signer, other);
        if (!_isMemberAt(signer, first.epoch)) revert NotAMember(signer, first.epoch);
        emit Equivocated(signer, first.epoch, firstDigest, secondDigest, _expel(signer));
        _slash(signer);
    }

    /// @dev emit Published(report.epoch, report, memberMask, activeFrom). The words that were signed are copied as
    /// they stand, which is cheaper than to encode them again field by field.
    function _emitPublished(EpochReport calldata report, uint32 memberMask, uint64 activeFrom) private {
        bytes32 topic = Published.selector;
        uint64 epoch = report.epoch;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, report, REPORT_BYTES)
            mstore(add(free, REPORT_BYTES), memberMask)
            mstore(add(free, add(REPORT_BYTES, 0x20)), activeFrom)
            log2(free, add(REPORT_BYTES, 0x40), topic, epoch)
        }
    }

    function _checkTimes(EpochReport calldata report, uint64 latest) private view {
        uint64 epoch = report.epoch;
        uint256 end = endOf(epoch);
        uint256 snapshotTime = report.snapshotTime;
        if (epoch <= latest) revert EpochNotRising(epoch, latest);
        if (end > block.timestamp) revert EpochNotEnded(epoch, end);
        if (block.timestamp > end + REPORT_LIFE) revert ReportExpired(epoch, end + REPORT_LIFE);
        if (snapshotTime > end || snapshotTime + MAX_GAP < end) {
            revert SnapshotTimeOutOfRange(report.snapshotTime, end > MAX_GAP ? end - MAX_GAP : 0, end);
        }
        if (report.previousEpoch > latest) revert PreviousNotPublished(report.previousEpoch, latest);
        if (report.root == 0) revert RootZero();
    }

    /// @dev Where the chain can say what the hash of that block is (the BLOCKHASH opcode for 256 blocks, EIP-2935's contract for
    /// 8,191), the report must say the same. Elsewhere it rests on the signatures alone.
    function _checkHome(EpochReport calldata report) private view {
        uint64 number = report.snapshotBlock;
        if (number >= block.number) revert SnapshotBlockNotPast(number, block.number);
        bytes32 actual = Blockhash.blockHash(number);
        if (actual != 0 && actual != report.homeHash) revert WrongHomeHash(number, report.homeHash, actual);
    }

    function _checkModel(EpochReport calldata report, uint64 newestFrom) private view {
        bytes32 actual = _modelOf(newestFrom, report.epoch);
        if (report.modelId != actual) revert WrongModel(report.epoch, report.modelId, actual);
    }

    function _checkSigners(
        EpochReport calldata report,
        uint64 newestFrom,
        uint32 memberMask,
        Signature[] calldata signatures
    ) private view {
        bytes memory code = _committeeCode(newestFrom, report.epoch);
        bytes32 actual = Committees.digestIn(code);
        uint256 members = Committees.sizeIn(code);
        uint256 quorum = Committees.quorumIn(code);
        if (report.config != actual) revert WrongConfig(report.epoch, report.config, actual);
        if (uint256(memberMask) >> members != 0) revert MaskOutOfRange(memberMask, members);
        uint256 bits = _countBits(memberMask);
        if (signatures.length != bits) revert SignatureCountMismatch(signatures.length, bits);
        if (bits < quorum) revert QuorumNotReached(bits, quorum);
        _checkSignatures(digestOf(report), code, memberMask, signatures);
    }

    /// @dev One signature is used for one bit, and each bit stands for another member: nobody counts twice.
    function _checkSignatures(bytes32 digest, bytes memory code, uint256 mask, Signature[] calldata signatures)
        private
        pure
    {
        uint256 used = 0;
        unchecked { // the counts end at 32
            for (uint256 index = 0; used < signatures.length; ++index) {
                if (mask >> index & 1 == 0) continue;
                address recovered = _recover(digest, signatures[used++]);
                address member = Committees.memberIn(code, index);
                if (recovered != member) revert WrongSigner(index, member, recovered);
            }
        }
    }

    /// @dev Zero when it is no signature, or one in its malleable form.
    function _recover(bytes32 digest, Signature calldata signature) private pure returns (address recovered) {
        (recovered,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }

    function _countBits(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }
}
