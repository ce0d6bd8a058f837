// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Committees } from "./Committees.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { Proofs } from "./Proofs.sol";
import { Timeline } from "./Timeline.sol";

/// @title CreditOracle
/// @notice See ICreditOracle, which says what is promised.
/// @dev A steady publication reads and writes three slots (head, root, a root's times) and reads two more (the places of
/// committee and model). The ring is indexed by epoch modulo its size, so a skipped epoch leaves an older root where it is
/// and every look-up compares the epoch that is stored.
contract CreditOracle is ICreditOracle, EIP712, Ownable2Step {
    /// @dev One slot: the latest published epoch, and the newest entries of the two timelines.
    struct Head {
        uint64 latestEpoch;
        uint64 committeeFrom;
        uint64 modelFrom;
    }

    /// @dev One slot a borrower.
    struct Posted {
        uint16 score;
        uint16 width;
        uint8 status;
        uint64 epoch;
        uint64 snapshotTime;
    }

    bytes32 private constant REPORT_TYPEHASH = keccak256(
        "EpochReport(uint64 epoch,bytes32 config,bytes32 modelId,uint64 snapshotBlock,uint64 snapshotTime,"
        "bytes32 homeHash,bytes32 snapshotHash,bytes32 root,bytes32 scoresHash,uint64 previousEpoch,"
        "uint32 borrowers,uint16 meanScore,uint16 movedBps,uint32 psiBps)"
    );

    /// @dev The fourteen words of a report.
    uint256 private constant REPORT_BYTES = 448;

    /// @dev The status without the flag of an open dispute.
    uint8 private constant STATUS_MASK = 127;

    /// @dev Changes are scheduled at least so many epochs ahead.
    uint64 private constant EPOCHS_AHEAD = 2;

    uint64 private immutable GENESIS;
    uint64 private immutable EPOCH_LENGTH;
    uint64 private immutable DELAY;
    uint64 private immutable MAX_AGE;
    uint64 private immutable REPORT_LIFE;
    uint64 private immutable MAX_GAP;
    uint32 private immutable RING_SIZE;

    Head private _head;
    Timeline private _committees;
    Timeline private _models;
    mapping(uint64 place => Root) private _ring;
    mapping(address borrower => Posted) private _posted;
    mapping(address account => bool) private _enrolled;

    constructor(Config memory config_, Committee memory committee, bytes32 modelId, address owner_)
        EIP712("CreditOracle", "1")
        Ownable(owner_)
    {
        _checkConfig(config_);
        GENESIS = config_.genesis;
        EPOCH_LENGTH = config_.epochLength;
        DELAY = config_.delay;
        MAX_AGE = config_.maxAge;
        REPORT_LIFE = config_.reportLife;
        MAX_GAP = config_.maxGap;
        RING_SIZE = config_.ringSize;
        _setCommittee(committee, 0);
        _setModel(modelId, 0);
    }

    // --------------------------------------------------------------------------------------------------------- enrolment

    /// @inheritdoc ICreditOracle
    function enrol() external {
        if (_enrolled[msg.sender]) revert AlreadyEnrolled(msg.sender);
        _enrolled[msg.sender] = true;
        emit Enrolled(msg.sender);
    }

    /// @inheritdoc ICreditOracle
    function withdraw() external {
        if (!_enrolled[msg.sender]) revert NotEnrolled(msg.sender);
        _enrolled[msg.sender] = false;
        emit Withdrawn(msg.sender);
    }

    /// @inheritdoc ICreditOracle
    function isEnrolled(address account) external view returns (bool) {
        return _enrolled[account];
    }

    // -------------------------------------------------------------------------------------------------------- publication

    /// @inheritdoc ICreditOracle
    function publish(EpochReport calldata report, uint32 memberMask, Signature[] calldata signatures) external {
        Head memory head = _head;
        _checkTimes(report, head.latestEpoch);
        _checkHome(report);
        _checkModel(report, head.modelFrom);
        _checkSigners(report, head.committeeFrom, memberMask, signatures);

        uint64 activeFrom = uint64(block.timestamp) + DELAY;
        _head.latestEpoch = report.epoch;
        _ring[report.epoch % RING_SIZE] = Root(report.root, report.epoch, activeFrom, report.snapshotTime);
        emit Published(report.epoch, report, memberMask, activeFrom);
    }

    /// @inheritdoc ICreditOracle
    function digestOf(EpochReport calldata report) public view returns (bytes32) {
        bytes32 typehash = REPORT_TYPEHASH;
        bytes32 message;
        // All fields are words in place, so calldata is EIP-712's encoding already. A word out of its field's range makes a digest
        // that no member signs.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), report, REPORT_BYTES)
            message := keccak256(free, add(0x20, REPORT_BYTES))
        }
        return _hashTypedDataV4(message);
    }

    // ----------------------------------------------------------------------------------------------------------- schedule

    /// @inheritdoc ICreditOracle
    function scheduleCommittee(Committee calldata committee, uint64 fromEpoch) external onlyOwner {
        _checkAhead(fromEpoch);
        _setCommittee(committee, fromEpoch);
    }

    /// @inheritdoc ICreditOracle
    function scheduleModel(bytes32 modelId, uint64 fromEpoch) external onlyOwner {
        _checkAhead(fromEpoch);
        _setModel(modelId, fromEpoch);
    }

    /// @inheritdoc ICreditOracle
    function committeeAt(uint64 epoch) external view returns (Committee memory committee, bytes32 digest) {
        bytes memory code = _committeeCode(_head.committeeFrom, epoch);
        return (Committees.unpack(code), Committees.digestIn(code));
    }

    /// @inheritdoc ICreditOracle
    function modelAt(uint64 epoch) external view returns (bytes32) {
        return _models.valueAt(_head.modelFrom, epoch);
    }

    // -------------------------------------------------------------------------------------------------------------- clock

    /// @inheritdoc ICreditOracle
    function config() external view returns (Config memory) {
        return Config(GENESIS, EPOCH_LENGTH, DELAY, MAX_AGE, REPORT_LIFE, MAX_GAP, RING_SIZE);
    }

    /// @inheritdoc ICreditOracle
    function endOf(uint64 epoch) public view returns (uint256) {
        return uint256(GENESIS) + uint256(epoch) * EPOCH_LENGTH;
    }

    /// @inheritdoc ICreditOracle
    function epochAt(uint64 time) public view returns (uint64) {
        return time <= GENESIS ? 1 : (time - GENESIS - 1) / EPOCH_LENGTH + 1;
    }

    // -------------------------------------------------------------------------------------------------------------- roots

    /// @inheritdoc ICreditOracle
    function latestEpoch() external view returns (uint64) {
        return _head.latestEpoch;
    }

    /// @inheritdoc ICreditOracle
    function currentEpoch() public view returns (uint64) {
        uint64 latest = _head.latestEpoch;
        uint64 gone = latest > RING_SIZE ? latest - RING_SIZE : 0;
        for (uint64 epoch = latest; epoch > gone; --epoch) {
            Root storage root = _ring[epoch % RING_SIZE];
            if (root.epoch == epoch && root.activeFrom <= block.timestamp) return epoch;
        }
        return 0;
    }

    /// @inheritdoc ICreditOracle
    function rootOf(uint64 epoch) external view returns (Root memory root) {
        root = _ring[epoch % RING_SIZE];
        if (root.epoch != epoch) delete root;
    }

    // -------------------------------------------------------------------------------------------------------------- proofs

    /// @inheritdoc ICreditOracle
    function verifyScore(address borrower, ScoreProof calldata proof, uint64 maxAge)
        public
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        Root storage root = _readable(borrower, proof.epoch, proof.status);
        snapshotTime = root.snapshotTime;
        _checkAge(snapshotTime, maxAge);
        if (!Proofs.holds(root.root, borrower, proof)) revert ScoreNotProven(borrower, proof.score);
        return (proof.score, proof.width, proof.status, proof.epoch, snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function verifyAtLeast(address borrower, AtLeastProof calldata proof, uint64 maxAge)
        external
        view
        returns (uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        if (!Proofs.isThreshold(proof.threshold)) revert BadThreshold(proof.threshold);
        Root storage root = _readable(borrower, proof.epoch, proof.status);
        snapshotTime = root.snapshotTime;
        _checkAge(snapshotTime, maxAge);
        if (!Proofs.holds(root.root, borrower, proof)) revert AtLeastNotProven(borrower, proof.threshold);
        return (proof.status, proof.epoch, snapshotTime);
    }

    // ------------------------------------------------------------------------------------------------------- posted scores

    /// @inheritdoc ICreditOracle
    function postScore(ScoreProof calldata proof) external {
        (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime) =
            verifyScore(msg.sender, proof, MAX_AGE);
        uint64 posted = _posted[msg.sender].epoch;
        if (posted > epoch) revert NewerPosted(epoch, posted);
        _posted[msg.sender] = Posted(score, width, status, epoch, snapshotTime);
        emit ScorePosted(msg.sender, epoch, status, score, width, snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function scoreOf(address borrower) public view returns (uint16, uint16, uint8, uint64, uint64) {
        Posted memory posted = _posted[borrower];
        return (posted.score, posted.width, posted.status, posted.epoch, posted.snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function getScoreNoOlderThan(address borrower, uint64 maxAge)
        external
        view
        returns (uint16, uint16, uint8, uint64, uint64)
    {
        Posted memory posted = _posted[borrower];
        if (posted.epoch == 0) revert NothingPosted(borrower);
        _checkAge(posted.snapshotTime, maxAge);
        return (posted.score, posted.width, posted.status, posted.epoch, posted.snapshotTime);
    }

    /// @inheritdoc ICreditOracle
    function tryGetScore(address borrower, uint64 maxAge)
        external
        view
        returns (bool ok, uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime)
    {
        Posted memory posted = _posted[borrower];
        if (posted.epoch == 0 || !_isYoung(posted.snapshotTime, maxAge)) return (false, 0, 0, 0, 0, 0);
        return (true, posted.score, posted.width, posted.status, posted.epoch, posted.snapshotTime);
    }

    // ------------------------------------------------------------------------------------------------------ rules, private

    function _checkConfig(Config memory c) private pure {
        if (c.epochLength == 0) revert EpochLengthZero();
        if (uint256(c.delay) * 2 >= c.epochLength) revert DelayTooLong(c.delay, c.epochLength);
        uint256 leastAge = uint256(c.epochLength) + c.delay + c.reportLife;
        if (c.maxAge < leastAge) revert MaxAgeTooShort(c.maxAge, leastAge);
        uint256 leastRing = (uint256(c.maxAge) + c.epochLength - 1) / c.epochLength + 2; // rounded up
        if (c.ringSize < leastRing) revert RingTooSmall(c.ringSize, leastRing);
    }

    function _checkAhead(uint64 fromEpoch) private view {
        uint64 earliest = epochAt(uint64(block.timestamp)) + EPOCHS_AHEAD;
        if (fromEpoch < earliest) revert TooSoon(fromEpoch, earliest);
    }

    function _setCommittee(Committee memory committee, uint64 fromEpoch) private {
        Committees.check(committee);
        bytes32 place = bytes32(uint256(uint160(Committees.store(committee))));
        _head.committeeFrom = _committees.change(_head.committeeFrom, fromEpoch, place);
        emit CommitteeScheduled(fromEpoch, Committees.digest(committee), committee);
    }

    function _setModel(bytes32 modelId, uint64 fromEpoch) private {
        if (modelId == 0) revert ModelIdZero();
        _head.modelFrom = _models.change(_head.modelFrom, fromEpoch, modelId);
        emit ModelScheduled(fromEpoch, modelId);
    }

    function _committeeCode(uint64 newestFrom, uint64 epoch) private view returns (bytes memory) {
        return Committees.load(address(uint160(uint256(_committees.valueAt(newestFrom, epoch)))));
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
        bytes32 actual = _models.valueAt(newestFrom, report.epoch);
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
        for (uint256 index = 0; used < signatures.length; ++index) {
            if (mask >> index & 1 == 0) continue;
            Signature calldata signature = signatures[used++];
            (address recovered,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
            address member = Committees.memberIn(code, index);
            if (recovered != member) revert WrongSigner(index, member, recovered);
        }
    }

    function _countBits(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }

    /// @dev The current root, if that is the proof's and the proof's status is one that has a score.
    function _readable(address borrower, uint64 epoch, uint8 status) private view returns (Root storage) {
        uint64 current = currentEpoch();
        if (current == 0) revert NoRoot();
        if (epoch != current) revert NotCurrentEpoch(epoch, current);
        if (status & STATUS_MASK == 0) revert Insufficient(borrower);
        return _ring[current % RING_SIZE];
    }

    function _checkAge(uint64 snapshotTime, uint64 maxAge) private view {
        if (!_isYoung(snapshotTime, maxAge)) revert TooOld(snapshotTime, maxAge < MAX_AGE ? maxAge : MAX_AGE);
    }

    function _isYoung(uint64 snapshotTime, uint64 maxAge) private view returns (bool) {
        uint256 age = block.timestamp - snapshotTime; // a snapshot is never in the future: publish saw to it
        return age <= maxAge && age <= MAX_AGE;
    }
}
