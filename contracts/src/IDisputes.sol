// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title Disputes about facts of a credit record
/// @notice An account says that a fact of its record is wrong; an arbiter decides. While a dispute is open every score of the account says
/// so (status + 128). What is upheld is left out of the account's record from the next score on.
///
/// Words stay off chain: only hashes are here. Hash them together with a random salt, else a guess can be tested by anyone. That
/// an account disputes a fact, and how it was decided, is public for ever.
///
/// Fact: of a loan or invoice keccak256(abi.encode("loan", chain id, keccak256(protocol's name), loan id)), of any other event
/// keccak256(abi.encode("event", chain id, block number, log index)). This contract cannot tell whether there is such a fact.
///
/// What is promised: only the account opens and withdraws; only the arbiter decides; nobody makes more than so many facts vanish in
/// a window of time, and all counts are public. Typed data (see ISigned): Dispute(address account,bytes32 factId,bytes32 wordsHash,uint256
/// nonce,uint64 deadline); domain "Disputes", version "1". Times are seconds.
interface IDisputes {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice What the arbiter found. Unconfirmed: neither is shown; the fact stays marked as disputed.
    enum Outcome {
        None,
        Upheld,
        NotUpheld,
        Unconfirmed
    }

    /// @notice How many of each there were since the deployment. Who asks again is counted again.
    struct Counts {
        uint48 disputed;
        uint48 withdrawn;
        uint48 upheld;
        uint48 notUpheld;
        uint48 unconfirmed;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice `account` disputes a fact; `wordsHash` is the hash of why.
    event Disputed(address indexed account, bytes32 indexed factId, bytes32 wordsHash);

    /// @notice `account` no longer disputes it.
    event DisputeWithdrawn(address indexed account, bytes32 indexed factId);

    /// @notice The arbiter decided; `reasonsHash` is the hash of why.
    event DisputeDecided(address indexed account, bytes32 indexed factId, Outcome outcome, bytes32 reasonsHash);

    /// @notice Who decides from now on.
    event ArbiterSet(address indexed arbiter);

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice The account disputes this fact already.
    error AlreadyDisputed(address account, bytes32 factId);
    /// @notice The account does not dispute this fact, or it is decided.
    error NotDisputed(address account, bytes32 factId);
    /// @notice The account has as many open disputes as one may have.
    error TooManyDisputes(address account, uint256 most);
    /// @notice Only the arbiter decides.
    error NotTheArbiter(address caller);
    /// @notice A decision has an outcome.
    error OutcomeMissing();
    /// @notice As many facts were upheld in this window as may be; the next begins at `nextWindow`.
    error TooManyUpheld(uint256 most, uint256 nextWindow);
    /// @notice Windows last some time.
    error WindowZero();

    // ----------------------------------------------------------------------------------------------------------- accounts

    /// @notice The caller disputes a fact of its record. One that was decided can be asked again.
    function dispute(bytes32 factId, bytes32 wordsHash) external;

    /// @notice As `dispute`, for an account that signed it.
    function disputeFor(address account, bytes32 factId, bytes32 wordsHash, uint64 deadline, bytes calldata signature)
        external;

    /// @notice The caller no longer disputes the fact.
    function withdrawDispute(bytes32 factId) external;

    // ------------------------------------------------------------------------------------------------------------ arbiter

    /// @notice Decides an open dispute. One that is Unconfirmed stays open, and can be decided again.
    function decide(address account, bytes32 factId, Outcome outcome, bytes32 reasonsHash) external;

    /// @notice Names who decides; zero: nobody. Only the owner.
    function setArbiter(address arbiter_) external;

    // -------------------------------------------------------------------------------------------------------------- reads

    /// @notice Whether the account disputes the fact now, and what was decided last since it asked.
    function disputeOf(address account, bytes32 factId) external view returns (bool isOpen, Outcome outcome);

    /// @notice How many facts the account disputes now.
    function openOf(address account) external view returns (uint256);

    /// @notice How many of each there were.
    function counts() external view returns (Counts memory);

    /// @notice How many more can be upheld in this window.
    function upholdableNow() external view returns (uint256);

    /// @notice Who decides.
    function arbiter() external view returns (address);
}
