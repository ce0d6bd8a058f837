// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { IModelRegistry } from "./IModelRegistry.sol";

/// @title ModelRegistry
/// @notice See IModelRegistry, which says what is promised.
/// @dev The stored state is never `Active`: whether a model scores is the oracle's to say, and is asked each time. Models are
/// linked by `before`, which a roll-back leaves as it is, so that the next roll-back leads one model further.
contract ModelRegistry is IModelRegistry, Ownable2Step {
    uint16 private constant WHOLE_BPS = 10_000;

    ICreditOracle private immutable ORACLE;

    /// @inheritdoc IModelRegistry
    uint64 public immutable delay;

    /// @inheritdoc IModelRegistry
    mapping(address account => bool) public isProposer;
    mapping(bytes32 modelId => Model) private _models;

    /// @param oracle whose timeline is told; it must name this contract as its model registry before anything is activated
    /// @param delay_ seconds from approval to the earliest activation
    constructor(ICreditOracle oracle, uint64 delay_, address[] memory proposers, address owner_) Ownable(owner_) {
        ORACLE = oracle;
        delay = delay_;
        for (uint256 i = 0; i < proposers.length; ++i) {
            _setProposer(proposers[i], true);
        }
    }

    /// @inheritdoc IModelRegistry
    function setProposer(address account, bool listed) external onlyOwner {
        _setProposer(account, listed);
    }

    /// @inheritdoc IModelRegistry
    function propose(bytes32 modelId, bytes32 cardHash, bytes32 signer, uint16 aucBps, uint16 ksBps) external {
        if (!isProposer[msg.sender]) revert NotProposer(msg.sender);
        if (modelId == 0 || cardHash == 0 || signer == 0) revert ProposalIncomplete(modelId, cardHash, signer);
        if (aucBps > WHOLE_BPS || ksBps > WHOLE_BPS) revert FigureOutOfRange(aucBps, ksBps);
        if (_scoresOrWill(modelId)) revert StillScores(modelId);
        Model storage model = _in(modelId, State.None);
        model.state = State.Proposed;
        model.proposer = msg.sender;
        (model.aucBps, model.ksBps) = (aucBps, ksBps);
        (model.cardHash, model.signer) = (cardHash, signer);
        emit Proposed(modelId, msg.sender, cardHash, signer, aucBps, ksBps);
    }

    /// @inheritdoc IModelRegistry
    function approve(bytes32 modelId) external onlyOwner {
        Model storage model = _in(modelId, State.Proposed);
        uint64 activeAfter = uint64(block.timestamp) + delay;
        model.state = State.Approved;
        model.activeAfter = activeAfter;
        emit Approved(modelId, activeAfter);
    }

    /// @inheritdoc IModelRegistry
    function activate(bytes32 modelId, uint64 fromEpoch) external onlyOwner {
        Model storage model = _in(modelId, State.Approved);
        if (block.timestamp < model.activeAfter) revert NotYet(modelId, model.activeAfter);
        // What is scheduled for `fromEpoch` or later is void by this change, so the one taken over from holds an epoch earlier.
        bytes32 before = ORACLE.modelAt(fromEpoch > 0 ? fromEpoch - 1 : 0);
        if (before == modelId) revert ScoresAlready(modelId, fromEpoch);
        model.before = before;
        model.fromEpoch = fromEpoch;
        emit Activated(modelId, fromEpoch, before);
        ORACLE.scheduleModel(modelId, fromEpoch);
    }

    /// @inheritdoc IModelRegistry
    function rollBack(uint64 fromEpoch) external onlyOwner {
        bytes32 from = ORACLE.modelAt(fromEpoch);
        bytes32 to = _models[from].before;
        if (to == 0) revert NothingBefore(from);
        Model storage model = _models[to];
        if (model.state == State.Retired) revert WrongState(to, State.Retired);
        model.fromEpoch = fromEpoch;
        emit RolledBack(from, to, fromEpoch);
        ORACLE.scheduleModel(to, fromEpoch);
    }

    /// @inheritdoc IModelRegistry
    function retire(bytes32 modelId) external onlyOwner {
        Model storage model = _models[modelId];
        if (model.state == State.Retired) revert WrongState(modelId, State.Retired);
        if (_scoresOrWill(modelId)) revert StillScores(modelId);
        model.state = State.Retired;
        emit Retired(modelId);
    }

    /// @inheritdoc IModelRegistry
    function modelOf(bytes32 modelId) external view returns (Model memory model) {
        model = _models[modelId];
        if (active() == modelId) model.state = State.Active;
    }

    /// @inheritdoc IModelRegistry
    function active() public view returns (bytes32) {
        return ORACLE.modelAt(_epochNow());
    }

    function _setProposer(address account, bool listed) private {
        isProposer[account] = listed;
        emit ProposerSet(account, listed);
    }

    /// @dev The model, which must be in this stored state.
    function _in(bytes32 modelId, State wanted) private view returns (Model storage model) {
        model = _models[modelId];
        if (model.state != wanted) revert WrongState(modelId, model.state);
    }

    /// @dev Now, at the epoch for which it was last named here, or as the last that is scheduled, by whomever.
    function _scoresOrWill(bytes32 modelId) private view returns (bool) {
        uint64 epoch = _epochNow();
        uint64 named = _models[modelId].fromEpoch;
        return ORACLE.modelAt(epoch) == modelId || (named > epoch && ORACLE.modelAt(named) == modelId)
            || ORACLE.modelAt(type(uint64).max) == modelId;
    }

    function _epochNow() private view returns (uint64) {
        return ORACLE.epochAt(uint64(block.timestamp));
    }
}
