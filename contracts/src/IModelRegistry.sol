// SPDX-License-Identifier: Apache-2.0
// Not pinned to one compiler, unlike the contracts: others build this file with theirs.
pragma solidity ^0.8.20;

/// @title The life of a model: proposed, approved, active, retired
/// @notice What stands behind a model id before it may score: who proposed it, the card that says what it is for and how well it
/// ranked loans that it had not seen, and whose key signed the bundle. The owner (a timelock) approves; after a delay in which
/// everybody can look, the owner lets it score from a named epoch on.
///
/// What is promised: `CreditOracle` decides which model scores an epoch, and this contract never says otherwise: `Active` is what
/// the oracle answers at the moment of asking, not what is stored here. What is activated here has been approved for at least the
/// delay and is not retired. What is not promised: that the figures are true. They are those of the card whose hash stands beside them,
/// and whoever has the ledger can compute them anew. The oracle's owner can name a model without this contract; a deployment
/// whose owner is a timelock shows that as long in advance as anything else.
interface IModelRegistry {
    // ------------------------------------------------------------------------------------------------------------ shapes

    /// @notice Approved: may be activated, also again; Active: scores the epoch that runs now.
    enum State {
        None,
        Proposed,
        Approved,
        Active,
        Retired
    }

    /// @param state where the model is in its life, with the oracle asked whether it scores now
    /// @param proposer who put it here; zero for a model that the oracle was deployed with
    /// @param aucBps area under the ROC curve on loans opened after all that it learned from, in basis points
    /// @param ksBps Kolmogorov-Smirnov distance on the same loans, in basis points
    /// @param activeAfter from this time on it may be activated; 0 before it is approved
    /// @param fromEpoch the epoch from which it was last let score; 0 when it never was by this contract
    /// @param cardHash keccak256 of the model card
    /// @param signer Ed25519 public key that signed the bundle
    /// @param before the model that it took over from: where a roll-back leads
    struct Model {
        State state;
        address proposer;
        uint16 aucBps;
        uint16 ksBps;
        uint64 activeAfter;
        uint64 fromEpoch;
        bytes32 cardHash;
        bytes32 signer;
        bytes32 before;
    }

    // ------------------------------------------------------------------------------------------------------------ events

    /// @notice A model may be looked at: the bundle with this card, signed by this key, is off chain.
    event Proposed(
        bytes32 indexed modelId, address indexed proposer, bytes32 cardHash, bytes32 signer, uint16 aucBps, uint16 ksBps
    );

    /// @notice The owner approved the model; it may be activated after that time.
    event Approved(bytes32 indexed modelId, uint64 activeAfter);

    /// @notice The oracle was told: from that epoch on this model scores, after `before`.
    event Activated(bytes32 indexed modelId, uint64 indexed fromEpoch, bytes32 before);

    /// @notice The oracle was told: from that epoch on `to` scores again, instead of `from`.
    event RolledBack(bytes32 indexed from, bytes32 indexed to, uint64 indexed fromEpoch);

    /// @notice The model will not be proposed, approved or activated any more.
    event Retired(bytes32 indexed modelId);

    /// @notice Whether this account may propose.
    event ProposerSet(address indexed account, bool listed);

    // ------------------------------------------------------------------------------------------------------------ errors

    /// @notice Only listed accounts propose.
    error NotProposer(address account);
    /// @notice A proposal has a model id, a card and a signer, none of them zero.
    error ProposalIncomplete(bytes32 modelId, bytes32 cardHash, bytes32 signer);
    /// @notice A figure in basis points is at most 10,000.
    error FigureOutOfRange(uint16 aucBps, uint16 ksBps);
    /// @notice What was asked for cannot be done with a model in this state.
    error WrongState(bytes32 modelId, State state);
    /// @notice It was approved too recently: there must be time to look.
    error NotYet(bytes32 modelId, uint64 activeAfter);
    /// @notice The model scores the epoch before already: there is nothing to activate.
    error ScoresAlready(bytes32 modelId, uint64 fromEpoch);
    /// @notice A model that scores now, or is scheduled to, is not retired: activate another one or roll back first. Nor is it
    /// proposed: a card would stand beside an active model that nobody has approved.
    error StillScores(bytes32 modelId);
    /// @notice It is not known here which model came before this one: name the one wanted by `activate`.
    error NothingBefore(bytes32 modelId);

    // ------------------------------------------------------------------------------------------------------------- calls

    /// @notice Lists or unlists an account that may propose. Only the owner.
    function setProposer(address account, bool listed) external;

    /// @notice Puts a model up for approval. Only a listed proposer; once for each model id, so that what is approved is what
    /// was looked at; and not a model that scores already. A proposer can so take an id whose manifest is another's: the owner
    /// unlists it, and the model comes again under a manifest of its own.
    /// @param modelId keccak256 of the canonical manifest
    /// @param cardHash keccak256 of the model card
    /// @param signer Ed25519 public key that signed the bundle
    /// @param aucBps out of time, in basis points
    /// @param ksBps out of time, in basis points
    function propose(bytes32 modelId, bytes32 cardHash, bytes32 signer, uint16 aucBps, uint16 ksBps) external;

    /// @notice Lets a proposed model be activated once the delay has passed. Only the owner.
    function approve(bytes32 modelId) external;

    /// @notice Tells the oracle that an approved model scores from an epoch on. Only the owner; the oracle asks for two epochs'
    /// notice and voids what was to change at that epoch or later.
    function activate(bytes32 modelId, uint64 fromEpoch) external;

    /// @notice Tells the oracle that, from an epoch on, the model scores again that the one scheduled for it took over from.
    /// Only the owner; without a delay of its own, and a second time it leads one model further back.
    function rollBack(uint64 fromEpoch) external;

    /// @notice Ends a model's life, or bars an id that was never proposed. Only the owner, and only while it neither scores nor
    /// is to score.
    function retire(bytes32 modelId) external;

    // ------------------------------------------------------------------------------------------------------------- reads

    /// @notice All that is known of a model; all zero but the state when it was never here.
    function modelOf(bytes32 modelId) external view returns (Model memory);

    /// @notice The model that scores the epoch that runs now, as the oracle says.
    function active() external view returns (bytes32 modelId);

    /// @notice Whether the account may propose.
    function isProposer(address account) external view returns (bool);

    /// @notice Seconds from approval to the earliest activation.
    function delay() external view returns (uint64);
}
