// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: lenders build this file with theirs.
pragma solidity ^0.8.20;

/// @title A decentralized credit-score oracle
/// @notice A committee publishes, once an epoch, the root of one signed commitment to the scores of all borrowers. Lending
/// contracts check a proof of a score, or only of "at least t", against the current root, or read a score that the
/// borrower has posted.
///
/// What is promised to readers: a root stands here only if at least `quorum` members of the committee that holds for its
/// epoch signed its whole report, made under the model that holds for that epoch, from a block of this chain. Nothing that
/// is older than the reader's own limit, or than this deployment's, that was vetoed, or that is held back because its
/// figures lie outside the limits, is ever shown as good. Reading never pauses.
///
/// To borrowers: only they, or whoever carries their signature, can enrol them, withdraw them, or post their score; what
/// they have posted they can delete.
///
/// To members: only two signatures of one member, over different reports of one epoch, take its place away.
///
/// Assumed: fewer than `quorum` members lie, and the owner (a timelock) schedules committees and models in good faith. The
/// guardian needs no trust for what is read: it can only delay, by one veto in a row and one pause between two roots.
///
/// Words: an epoch e ends at T_e = genesis + e × epochLength; epochs count from 1. A status is 1 (scored) or 2 (thin: scored
/// on a short record, with a wider range), plus 128 while the borrower disputes a recorded fact; `insufficient` (0) has no
/// score at all and no proof of it verifies. A reader that lends less, or not, to thin or disputed records must look at
/// the status: every read returns it. Scores run from 300 to 850; higher is safer. Times are seconds.
interface ICreditOracle {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice What never changes in a deployment. All but `genesis` and `ringSize` are lengths of time.
    /// @param genesis when epoch 1 begins
    /// @param epochLength from the end of one epoch to the end of the next
    /// @param delay from a root's publication until it is read: time for others to check it
    /// @param maxAge the oldest snapshot that any read accepts, whatever the reader asks for
    /// @param reportLife how long after an epoch's end its report may still be published
    /// @param maxGap how long before an epoch's end its snapshot may lie
    /// @param ringSize how many epochs back roots are kept
    struct Config {
        uint64 genesis;
        uint64 epochLength;
        uint64 delay;
        uint64 maxAge;
        uint64 reportLife;
        uint64 maxGap;
        uint32 ringSize;
    }

    /// @notice Those who sign. Its digest, keccak256(abi.encode(members, identityKeys, quorum, secretHash)), stands in every
    /// report, so that signatures of one committee say nothing under another.
    /// @param members secp256k1 addresses; bit i of a member mask is members[i]
    /// @param identityKeys Ed25519 public keys of the same members, which sign what members send to each other
    /// @param quorum signatures that a report needs: from f + 1 up to n, where n = 3f + 1 or up to two more
    /// @param secretHash keccak256 of the secret from which this committee derives its salts
    struct Committee {
        address[] members;
        bytes32[] identityKeys;
        uint8 quorum;
        bytes32 secretHash;
    }

    /// @notice What the committee signs, as EIP-712 typed data of the domain ("CreditOracle", "1", chain, this contract).
    /// @param epoch the epoch that is reported
    /// @param config digest of the committee
    /// @param modelId keccak256 of the manifest by which everything was scored
    /// @param snapshotBlock the block of this chain up to which its events count
    /// @param snapshotTime that block's time
    /// @param homeHash that block's hash
    /// @param snapshotHash keccak256(abi.encode((uint64 chainId, uint64 number, bytes32 hash)[])) over all source chains
    /// @param root of the tree of leaves, one a borrower, in address order
    /// @param scoresHash over all rows (address, status, score, width, reasons): anyone who reads the chain can recompute it
    /// @param previousEpoch the published epoch with which the figures compare; 0 when there is none
    /// @param borrowers how many have a score (scored or thin)
    /// @param meanScore over those scored in this and in the previous epoch; 0 when fewer than 30
    /// @param movedBps share of those whose score moved by more than 50 points
    /// @param psiBps population stability index of those against the training distribution
    struct EpochReport {
        uint64 epoch;
        bytes32 config;
        bytes32 modelId;
        uint64 snapshotBlock;
        uint64 snapshotTime;
        bytes32 homeHash;
        bytes32 snapshotHash;
        bytes32 root;
        bytes32 scoresHash;
        uint64 previousEpoch;
        uint32 borrowers;
        uint16 meanScore;
        uint16 movedBps;
        uint32 psiBps;
    }

    /// @notice A compact signature (EIP-2098): the highest bit of `vs` is the parity, the rest is s.
    struct Signature {
        bytes32 r;
        bytes32 vs;
    }

    /// @notice What became of a published root: read in its turn; held back until the owner releases it, because a figure of
    /// its report lies outside the limits; or vetoed, and so never read.
    enum Mark {
        Standing,
        Held,
        Vetoed
    }

    /// @notice A published root, the times that decide whether it is read, and what became of it.
    struct Root {
        bytes32 root;
        uint64 epoch;
        uint64 activeFrom;
        uint64 snapshotTime;
        Mark mark;
    }

    /// @notice Within what limits, all of them inside, a report's figures must lie for its root to be read without the owner's
    /// release. A mean score of 0 was not measured and counts as inside.
    struct Limits {
        uint24 minBorrowers;
        uint16 minMeanScore;
        uint16 maxMeanScore;
        uint16 maxMovedBps;
        uint16 maxPsiBps;
    }

    /// @notice A chain whose events count.
    /// @param frozenAt the last block of it that counts; 0 while it is live
    struct Source {
        uint64 chainId;
        uint64 frozenAt;
    }

    /// @notice What a borrower agrees to: that its score of this epoch is posted once, in the clear.
    /// @param epoch the epoch whose score may be posted
    /// @param nonce the borrower's next nonce, see `nonces`
    /// @param deadline the last second in which it may be used
    /// @param caller who alone may use it; zero: anyone
    struct PostConsent {
        uint64 epoch;
        uint256 nonce;
        uint64 deadline;
        address caller;
    }

    /// @notice Shows one borrower's score and half-width. Whoever sees it can show it on, so a consumer binds it to the caller.
    /// @param detail keccak256(abi.encode(uint32 reasons, bytes32 featuresHash, bytes32 salt2)): the reasons stay hidden
    /// @param top the top of the borrower's ladder
    /// @param path sibling hashes from the leaf to the root
    struct ScoreProof {
        uint64 epoch;
        uint8 status;
        uint16 score;
        uint16 width;
        bytes32 salt;
        bytes32 detail;
        bytes32 top;
        bytes32[] path;
    }

    /// @notice Shows that one borrower's score is at least `threshold`, and nothing else about it.
    /// @param threshold a multiple of 10 from 310 to 850
    /// @param opening keccak256(abi.encode(uint16 score, uint16 width, bytes32 salt, bytes32 detail)), unopened
    /// @param rung a value that, hashed (threshold − 300) / 10 times, is the top of the borrower's ladder
    /// @param path sibling hashes from the leaf to the root
    struct AtLeastProof {
        uint64 epoch;
        uint8 status;
        uint16 threshold;
        bytes32 opening;
        bytes32 rung;
        bytes32[] path;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice The account asks to be scored, from the next snapshot on.
    event Enrolled(address indexed account);

    /// @notice The account asks not to be scored, from the next snapshot on.
    event Withdrawn(address indexed account);

    /// @notice A report with a quorum of signatures was stored; it is read from `activeFrom` on.
    event Published(uint64 indexed epoch, EpochReport report, uint32 memberMask, uint64 activeFrom);

    /// @notice The figures of the report just published lie outside the limits, so its root is not read until it is released.
    event HeldBack(uint64 indexed epoch);

    /// @notice A held root is read like any other from now on.
    event Released(uint64 indexed epoch);

    /// @notice The root of this epoch will never be read. `reasonHash` is keccak256 of a text that is published elsewhere.
    event Vetoed(uint64 indexed epoch, address indexed by, bytes32 reasonHash);

    /// @notice Nothing is published before `until`.
    event Paused(uint64 until);

    /// @notice Publishing goes on.
    event Unpaused();

    /// @notice These limits hold for roots published from now on.
    event LimitsSet(Limits limits);

    /// @notice This account can veto and pause; zero: only the owner.
    event GuardianSet(address guardian);

    /// @notice This contract can schedule models, as the owner can; zero: only the owner.
    event ModelRegistrySet(address modelRegistry);

    /// @notice Members must have their bonds here; zero: no bonds are asked.
    event BondsSet(address bonds);

    /// @notice From `fromEpoch` on events of this chain count, up to block `frozenAt`, or without end where that is 0; what was
    /// scheduled for it for that epoch or a later one is void.
    event SourceScheduled(uint64 indexed chainId, uint64 frozenAt, uint64 indexed fromEpoch);

    /// @notice A member signed two reports of one epoch, with these digests. From `fromEpoch` on every committee, also those
    /// scheduled before, is without it: one place shorter, its quorum the same or as many as are left, its secret the same.
    event Equivocated(address indexed member, uint64 indexed epoch, bytes32 first, bytes32 second, uint64 fromEpoch);

    /// @notice From `fromEpoch` on this committee signs; what was scheduled for that epoch or a later one is void.
    event CommitteeScheduled(uint64 indexed fromEpoch, bytes32 indexed config, Committee committee);

    /// @notice From `fromEpoch` on this model scores; what was scheduled for that epoch or a later one is void.
    event ModelScheduled(uint64 indexed fromEpoch, bytes32 indexed modelId);

    /// @notice The borrower put this score on chain in the clear.
    event ScorePosted(
        address indexed borrower, uint64 indexed epoch, uint8 status, uint16 score, uint16 width, uint64 snapshotTime
    );

    /// @notice The borrower deleted what it had posted, and the consents it had given are void.
    event ScoreWithdrawn(address indexed borrower);

    // ------------------------------------------------------------------------------------------------ errors: deployment

    /// @notice An epoch must last at least one second.
    error EpochLengthZero();
    /// @notice `delay` must be less than half an epoch.
    error DelayTooLong(uint64 delay, uint64 epochLength);
    /// @notice A snapshot must stay readable until the next epoch's root is read: at least length + delay + reportLife.
    error MaxAgeTooShort(uint64 maxAge, uint256 least);
    /// @notice `maxGap` must be less than an epoch, so that snapshots rise with the epochs.
    error GapTooLong(uint64 maxGap, uint64 epochLength);
    /// @notice The ring must hold every root that can still be read: ringSize × length ≥ maxAge + 2 × length.
    error RingTooSmall(uint32 ringSize, uint256 least);

    // -------------------------------------------------------------------------------------------------- errors: schedule

    /// @notice A committee has from 1 to 32 members.
    error CommitteeSizeOutOfRange(uint256 members);
    /// @notice Each member has exactly one identity key.
    error IdentityKeysMismatch(uint256 members, uint256 identityKeys);
    /// @notice A quorum is at least f + 1 and at most all members.
    error QuorumOutOfRange(uint8 quorum, uint256 least, uint256 members);
    /// @notice The member at `index` is the zero address, has no identity key, or shares one of the two with an earlier member.
    error BadMember(uint256 index, address member);
    /// @notice A committee names the hash of its secret.
    error SecretHashZero();
    /// @notice The chain did not take the committee as code: the transaction needs more gas.
    error CommitteeNotStored();
    /// @notice A model has an id.
    error ModelIdZero();
    /// @notice Changes take effect at the earliest two epochs ahead, so that a round under way is never cut off.
    error TooSoon(uint64 fromEpoch, uint64 earliest);
    /// @notice No change is scheduled for an epoch that far ahead.
    error TooFarAhead(uint64 fromEpoch, uint64 latest);
    /// @notice The member has equivocated and is never listed again.
    error MemberExpelled(address member);
    /// @notice The member's bond is too small.
    error BondTooSmall(address member, uint256 bond, uint256 minimum);
    /// @notice There is no contract at this address.
    error NoContract(address given);
    /// @notice Source chains are given in ascending order of their ids, none of which is 0, and none twice.
    error SourcesNotAscending(uint64 chainId, uint64 previous);
    /// @notice More chains than a report can cover.
    error TooManySources(uint256 most);
    /// @notice This chain, where borrowers enrol, is always a source and never frozen.
    error HomeSourceNeeded(uint64 chainId);

    // ------------------------------------------------------------------------------------------------- errors: equivocation

    /// @notice Both reports are the same one.
    error SameReport(bytes32 digest);
    /// @notice The reports are of different epochs.
    error EpochsDiffer(uint64 first, uint64 second);
    /// @notice The signatures are not of one and the same account; zero stands for no signature at all.
    error SignersDiffer(address first, address second);
    /// @notice The signer is no member of the committee that holds for the reports' epoch.
    error NotAMember(address signer, uint64 epoch);
    /// @notice The member was expelled before.
    error AlreadyExpelled(address member);

    // ------------------------------------------------------------------------------------------------- errors: intervention

    /// @notice The epoch was not published, or has left the ring.
    error NotInRing(uint64 epoch);
    /// @notice Only a root that is not read yet can be vetoed; this one is since `activeFrom`.
    error NotUpcoming(uint64 epoch, uint64 activeFrom);
    /// @notice The root is vetoed already.
    error AlreadyVetoed(uint64 epoch);
    /// @notice No root that stands or is held lies between this epoch and the one that was vetoed last: only the owner can veto it.
    error VetoInARow(uint64 epoch, uint64 lastVetoed);
    /// @notice Only a held root can be released.
    error NotHeld(uint64 epoch);
    /// @notice Publishing can be paused until `latest`, and not for less than no time.
    error PauseOutOfRange(uint64 until, uint64 latest);
    /// @notice The guardian has paused before and no root was published since: only the owner can pause.
    error PauseInARow(uint64 latestEpoch);
    /// @notice The least mean score must not be above the greatest.
    error LimitsOutOfOrder(uint16 minMeanScore, uint16 maxMeanScore);

    // --------------------------------------------------------------------------------------------------- errors: publish

    /// @notice Publishing is paused.
    error PublishingPaused(uint64 until);
    /// @notice Only an epoch later than all published ones can be published.
    error EpochNotRising(uint64 epoch, uint64 latest);
    /// @notice The epoch ends at `end`; it cannot be reported before.
    error EpochNotEnded(uint64 epoch, uint256 end);
    /// @notice The report could be published until `deadline`.
    error ReportExpired(uint64 epoch, uint256 deadline);
    /// @notice The snapshot must lie within `maxGap` before the epoch's end, and not after it.
    error SnapshotTimeOutOfRange(uint64 snapshotTime, uint256 earliest, uint256 latest);
    /// @notice The snapshot's block must be earlier than this one.
    error SnapshotBlockNotPast(uint64 snapshotBlock, uint256 current);
    /// @notice This chain has another block at that height.
    error WrongHomeHash(uint64 snapshotBlock, bytes32 given, bytes32 actual);
    /// @notice The report was made for another committee than holds for its epoch.
    error WrongConfig(uint64 epoch, bytes32 given, bytes32 actual);
    /// @notice The report was made with another model than holds for its epoch.
    error WrongModel(uint64 epoch, bytes32 given, bytes32 actual);
    /// @notice The figures compare with an epoch that is later than all published ones.
    error PreviousNotPublished(uint64 previousEpoch, uint64 latest);
    /// @notice A tree is never empty.
    error RootZero();
    /// @notice The mask names members that the committee does not have.
    error MaskOutOfRange(uint32 memberMask, uint256 members);
    /// @notice There must be exactly one signature for each bit of the mask.
    error SignatureCountMismatch(uint256 signatures, uint256 bits);
    /// @notice Fewer signatures than the committee's quorum.
    error QuorumNotReached(uint256 signatures, uint256 quorum);
    /// @notice The signature given for the member at `index` is not that member's over this report. `recovered` is zero when
    /// it is no signature at all, or one in its malleable form.
    error WrongSigner(uint256 index, address member, address recovered);

    // ------------------------------------------------------------------------------------------------------ errors: reads

    /// @notice No root is readable yet.
    error NoRoot();
    /// @notice The proof is of another epoch than the current one: ask for a new proof.
    error NotCurrentEpoch(uint64 epoch, uint64 current);
    /// @notice The snapshot is older than the reader, or this deployment, allows.
    error TooOld(uint64 snapshotTime, uint64 maxAge);
    /// @notice There is not enough history for a score, which is not a bad score.
    error Insufficient(address borrower);
    /// @notice The current root does not hold this score for this borrower.
    error ScoreNotProven(address borrower, uint16 score);
    /// @notice The current root does not hold a score of at least `threshold` for this borrower, as far as this proof shows.
    error AtLeastNotProven(address borrower, uint16 threshold);
    /// @notice Thresholds are the multiples of 10 from 310 to 850.
    error BadThreshold(uint16 threshold);
    /// @notice The borrower has posted no score.
    error NothingPosted(address borrower);
    /// @notice A newer score of this borrower is posted already.
    error NewerPosted(uint64 epoch, uint64 posted);

    // --------------------------------------------------------------------------------------------------- errors: enrolment

    /// @notice The account is enrolled already.
    error AlreadyEnrolled(address account);
    /// @notice The account is not enrolled.
    error NotEnrolled(address account);

    // --------------------------------------------------------------------------------------------------- errors: signatures

    /// @notice The signature could be used until `deadline`.
    error SignatureExpired(uint64 deadline);
    /// @notice This is not the account's signature over exactly this, with its next nonce.
    error WrongSignature(address account);
    /// @notice The consent is for the score of another epoch.
    error ConsentForOtherEpoch(uint64 consented, uint64 given);
    /// @notice The consent names another caller.
    error ConsentForOtherCaller(address caller);

    // --------------------------------------------------------------------------------------------------------- enrolment

    /// @notice Asks to be scored, from the next snapshot on. Only the account itself can.
    function enrol() external;

    /// @notice Asks not to be scored, from the next snapshot on. What is published stays until it is too old.
    function withdraw() external;

    /// @notice As `enrol` or `withdraw`, for an account that has signed EIP-712 typed data `Enrolment(address account,bool
    /// scored,uint256 nonce,uint64 deadline)` of this contract's domain with its next nonce. Anyone may send it. The account may
    /// be a contract that checks signatures (ERC-1271).
    function setEnrolmentFor(address account, bool scored, uint64 deadline, bytes calldata signature) external;

    /// @notice Whether the account's last word was to be scored.
    function isEnrolled(address account) external view returns (bool);

    // -------------------------------------------------------------------------------------------------------- publication

    /// @notice Stores the root of an ended epoch. Anyone may send it; only what is signed counts.
    /// @param report the report; every rule it must meet has an error above
    /// @param memberMask bit i set: member i signed
    /// @param signatures one for each set bit, in ascending order of members, over `digestOf(report)`
    function publish(EpochReport calldata report, uint32 memberMask, Signature[] calldata signatures) external;

    /// @notice The EIP-712 digest that members sign.
    function digestOf(EpochReport calldata report) external view returns (bytes32);

    // -------------------------------------------------------------------------------------------------------- intervention

    /// @notice Lets a root never be read. Only the guardian or the owner, and only before the root is read, so that no score of a
    /// vetoed root can have been posted. The roots before it are read as if it had not been published; its epoch is never
    /// published again. The guardian must let one root pass between two vetoes; the owner need not.
    /// @param reasonHash keccak256 of the reason, which is published elsewhere
    function veto(uint64 epoch, bytes32 reasonHash) external;

    /// @notice Lets nothing be published before `until`, at most three days ahead. Only the guardian, once between two roots, or
    /// the owner. What is read stays as it is.
    function pause(uint64 until) external;

    /// @notice Ends a pause. Only the guardian or the owner.
    function unpause() external;

    /// @notice Lets a held root be read. Only the owner. (Once later roots inside the limits are read it has no effect on reads.)
    function release(uint64 epoch) external;

    /// @notice Names the limits that decide which roots are held from now on. Only the owner.
    function setLimits(Limits calldata limits_) external;

    /// @notice Names who can veto and pause. Only the owner.
    function setGuardian(address guardian_) external;

    /// @notice The limits that hold.
    function limits() external view returns (Limits memory);

    /// @notice Who can veto and pause, besides the owner.
    function guardian() external view returns (address);

    /// @notice Until when publishing is or was paused.
    function pausedUntil() external view returns (uint64);

    // ----------------------------------------------------------------------------------------------------------- schedule

    /// @notice Names the committee that signs from an epoch on. Only the owner; at least two epochs ahead. Voids committees
    /// scheduled for that epoch or later. None of its members may be expelled, and each must have its bond where bonds are asked.
    function scheduleCommittee(Committee calldata committee, uint64 fromEpoch) external;

    /// @notice Names the model that scores from an epoch on. Only the owner or the model registry; at least two epochs ahead. Voids models scheduled
    /// for that epoch or later.
    function scheduleModel(bytes32 modelId, uint64 fromEpoch) external;

    /// @notice Lists a chain whose events count from an epoch on, freezes it at a block, or, with 0, lets it live again. Only the
    /// owner; at least two epochs ahead. Voids what was scheduled for that chain for that epoch or later.
    function scheduleSource(uint64 chainId, uint64 frozenAt, uint64 fromEpoch) external;

    /// @notice Names the contract that may schedule models besides the owner; zero: none. Only the owner.
    function setModelRegistry(address modelRegistry_) external;

    /// @notice Names the contract that holds members' bonds (IBonds); zero: no bonds are asked. Only the owner. Members listed
    /// before need none until they are listed again.
    function setBonds(address bonds_) external;

    /// @notice Shows that a member signed two different reports of one epoch. Anyone may send it. From the next epoch on the
    /// member is in no committee, and its bond is slashed. The only member of a committee keeps its place: without one there
    /// could be no root ever again; it loses its bond.
    function proveEquivocation(
        EpochReport calldata first,
        Signature calldata firstSignature,
        EpochReport calldata second,
        Signature calldata secondSignature
    ) external;

    /// @notice Whether the account has equivocated, and so is never listed again.
    function isExpelled(address member) external view returns (bool);

    /// @notice Whether the account is a member of the committee that holds for `epoch` or of one that is to follow.
    function isMemberFrom(address member, uint64 epoch) external view returns (bool);

    /// @notice The chains whose events count in an epoch, in ascending order of their ids.
    function sourcesAt(uint64 epoch) external view returns (Source[] memory);

    /// @notice The contract that may schedule models besides the owner; zero: none.
    function modelRegistry() external view returns (address);

    /// @notice The contract that holds members' bonds; zero: none are asked.
    function bonds() external view returns (address);

    /// @notice The committee that signs an epoch, and its digest.
    function committeeAt(uint64 epoch) external view returns (Committee memory committee, bytes32 digest);

    /// @notice The model that scores an epoch.
    function modelAt(uint64 epoch) external view returns (bytes32 modelId);

    // -------------------------------------------------------------------------------------------------------------- clock

    /// @notice What was fixed at deployment.
    function config() external view returns (Config memory);

    /// @notice When an epoch ends: T_e.
    function endOf(uint64 epoch) external view returns (uint256);

    /// @notice The epoch that a time belongs to: T_{e−1} < time ≤ T_e, and 1 for any time up to T_1.
    function epochAt(uint64 time) external view returns (uint64);

    // -------------------------------------------------------------------------------------------------------------- roots

    /// @notice The latest published epoch, readable yet or not; 0 when there is none.
    function latestEpoch() external view returns (uint64);

    /// @notice The epoch that proofs are checked against: the highest whose root is active, neither held nor vetoed; 0 when there
    /// is none.
    function currentEpoch() external view returns (uint64);

    /// @notice The latest published epoch whose root is neither held nor vetoed, active or not; 0 when the ring has none.
    function standingEpoch() external view returns (uint64);

    /// @notice The root of an epoch; all zero when the epoch was not published or has left the ring.
    function rootOf(uint64 epoch) external view returns (Root memory);

    // -------------------------------------------------------------------------------------------------------------- proofs

    /// @notice Checks a score against the current root. Reverts unless it is proven and young enough.
    /// @dev Does not look at the caller: a consumer that acts on it must bind `borrower` to msg.sender.
    /// @param borrower whose score it is
    /// @param proof see ScoreProof
    /// @param maxAge the oldest snapshot that the reader accepts; this deployment's own limit holds too
    function verifyScore(address borrower, ScoreProof calldata proof, uint64 maxAge)
        external
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime);

    /// @notice Checks against the current root that a score is at least `proof.threshold`. Reverts unless that is proven and
    /// young enough.
    /// @dev Does not look at the caller: a consumer that acts on it must bind `borrower` to msg.sender.
    /// @param borrower whose score it is
    /// @param proof see AtLeastProof
    /// @param maxAge the oldest snapshot that the reader accepts; this deployment's own limit holds too
    function verifyAtLeast(address borrower, AtLeastProof calldata proof, uint64 maxAge)
        external
        view
        returns (uint8 status, uint64 epoch, uint64 snapshotTime);

    // ------------------------------------------------------------------------------------------------------- posted scores

    /// @notice Puts the caller's own score on chain, for ever and for all to see, so that contracts can read it without a proof.
    function postScore(ScoreProof calldata proof) external;

    /// @notice As postScore, for a borrower that has signed EIP-712 typed data `PostConsent(address borrower,uint64 epoch,uint256
    /// nonce,uint64 deadline,address caller)` of this contract's domain. The borrower may be a contract that checks signatures
    /// (ERC-1271).
    function postScoreFor(
        address borrower,
        ScoreProof calldata proof,
        PostConsent calldata consent,
        bytes calldata signature
    ) external;

    /// @notice Deletes what the caller has posted, if anything, and voids every signature that it has given for its present nonce.
    /// One given in advance, for a later nonce, is not void: its turn comes nearer. What was once posted stays readable in the
    /// chain's history.
    function withdrawScore() external;

    /// @notice The next nonce that an account signs with; enrolments and consents share it.
    function nonces(address account) external view returns (uint256);

    /// @notice What the borrower has posted, however old; all zero when nothing.
    function scoreOf(address borrower)
        external
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime);

    /// @notice What the borrower has posted; reverts when nothing, or when it is too old.
    function getScoreNoOlderThan(address borrower, uint64 maxAge)
        external
        view
        returns (uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime);

    /// @notice As getScoreNoOlderThan, but never reverts: when `ok` is false all else is zero.
    function tryGetScore(address borrower, uint64 maxAge)
        external
        view
        returns (bool ok, uint16 score, uint16 width, uint8 status, uint64 epoch, uint64 snapshotTime);
}
