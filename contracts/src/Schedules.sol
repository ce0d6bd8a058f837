// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CommitteeStore } from "./CommitteeStore.sol";
import { Committees } from "./Committees.sol";
import { IBonds } from "./IBonds.sol";
import { ICreditOracle } from "./ICreditOracle.sol";
import { Roots } from "./Roots.sol";
import { Timeline } from "./Timeline.sol";

/// @title Which committee and which model hold from which epoch on
/// @notice What holds for an epoch that has begun never changes. Only evidence against a member takes effect sooner than two
/// epochs ahead: from the next epoch on, which nobody can have reported yet.
abstract contract Schedules is Roots {
    using Committees for bytes;

    CommitteeStore private immutable STORE;

    Timeline private _committees;
    Timeline private _models;
    mapping(address member => bool) private _expelled;
    address private _modelRegistry;
    IBonds private _bonds;

    constructor(Committee memory committee, bytes32 modelId) {
        STORE = new CommitteeStore();
        _setCommittee(committee, 0);
        _setModel(modelId, 0);
    }

    // ----------------------------------------------------------------------------------------------------------- schedule

    /// @inheritdoc ICreditOracle
    function scheduleCommittee(Committee calldata committee, uint64 fromEpoch) external onlyOwner {
        _checkAhead(fromEpoch);
        _checkStanding(committee.members);
        _setCommittee(committee, fromEpoch);
    }

    /// @inheritdoc ICreditOracle
    function scheduleModel(bytes32 modelId, uint64 fromEpoch) external {
        if (msg.sender != _modelRegistry) _checkOwner();
        _checkAhead(fromEpoch);
        _setModel(modelId, fromEpoch);
    }

    /// @inheritdoc ICreditOracle
    // slither-disable-next-line missing-zero-check (zero: only the owner)
    function setModelRegistry(address modelRegistry_) external onlyOwner {
        _modelRegistry = modelRegistry_;
        emit ModelRegistrySet(modelRegistry_);
    }

    /// @inheritdoc ICreditOracle
    function setBonds(address bonds_) external onlyOwner {
        if (bonds_ != address(0) && bonds_.code.length == 0) revert NoContract(bonds_);
        _bonds = IBonds(bonds_);
        emit BondsSet(bonds_);
    }

    // ------------------------------------------------------------------------------------------------------------- reading

    /// @inheritdoc ICreditOracle
    function committeeAt(uint64 epoch) external view returns (Committee memory committee, bytes32 digest) {
        bytes memory code = _committeeCode(_head.committeeFrom, epoch);
        return (Committees.unpack(code), code.digestIn());
    }

    /// @inheritdoc ICreditOracle
    function modelAt(uint64 epoch) external view returns (bytes32) {
        return _modelOf(_head.modelFrom, epoch);
    }

    /// @inheritdoc ICreditOracle
    function isExpelled(address member) external view returns (bool) {
        return _expelled[member];
    }

    /// @inheritdoc ICreditOracle
    function isMemberFrom(address member, uint64 epoch) external view returns (bool) {
        uint64 from = _head.committeeFrom;
        for (; from > epoch; from = _committees.changes[from].previousFrom) {
            if (_isMember(member, _committees.changes[from].value)) return true;
        }
        return _isMember(member, _committees.changes[from].value);
    }

    /// @inheritdoc ICreditOracle
    function modelRegistry() external view returns (address) {
        return _modelRegistry;
    }

    /// @inheritdoc ICreditOracle
    function bonds() external view returns (address) {
        return address(_bonds);
    }

    // ------------------------------------------------------------------------------------------------------------ internal

    /// @dev The code of the committee that signs an epoch; `newestFrom` is the head's.
    function _committeeCode(uint64 newestFrom, uint64 epoch) internal view returns (bytes memory) {
        return _load(_committees.valueAt(newestFrom, epoch));
    }

    function _modelOf(uint64 newestFrom, uint64 epoch) internal view returns (bytes32) {
        return _models.valueAt(newestFrom, epoch);
    }

    function _isMemberAt(address member, uint64 epoch) internal view returns (bool) {
        return _isMember(member, _committees.valueAt(_head.committeeFrom, epoch));
    }

    /// @dev Takes a member out of all committees from the next epoch on, which nobody can have reported yet.
    function _expel(address member) internal returns (uint64 fromEpoch) {
        if (_expelled[member]) revert AlreadyExpelled(member);
        _expelled[member] = true;
        fromEpoch = _epochNow() + 1;
        uint64 newest = _committees.split(_head.committeeFrom, fromEpoch);
        _head.committeeFrom = uint40(newest);
        for (uint64 from = newest; from >= fromEpoch; from = _committees.changes[from].previousFrom) {
            address pointer = _pointer(_committees.changes[from].value);
            // slither-disable-next-line calls-loop (of a contract of ours, as often as changes are scheduled)
            _committees.changes[from].value = _place(STORE.without(pointer, member));
        }
    }

    /// @dev Not tried but called: were a failure passed over, a member could hand in the evidence against itself with so little
    /// gas that its bond stays. IBonds.slash does not revert.
    function _slash(address member) internal {
        if (address(_bonds) != address(0)) _bonds.slash(member, msg.sender);
    }

    // ------------------------------------------------------------------------------------------------------------- private

    function _checkStanding(address[] calldata members) private view {
        IBonds held = _bonds;
        uint256 least = address(held) == address(0) ? 0 : held.minimum();
        for (uint256 i = 0; i < members.length; ++i) {
            if (_expelled[members[i]]) revert MemberExpelled(members[i]);
            if (least == 0) continue;
            // slither-disable-next-line calls-loop (at most 32 members, of a contract that the owner chose)
            uint256 bond = held.bondOf(members[i]);
            if (bond < least) revert BondTooSmall(members[i], bond, least);
        }
    }

    function _setCommittee(Committee memory committee, uint64 fromEpoch) private {
        // slither-disable-next-line reentrancy-benign,reentrancy-events (STORE is ours and calls nobody)
        (address pointer, bytes32 digest) = STORE.store(committee);
        _head.committeeFrom = uint40(_committees.change(_head.committeeFrom, fromEpoch, _place(pointer)));
        emit CommitteeScheduled(fromEpoch, digest, committee);
    }

    function _setModel(bytes32 modelId, uint64 fromEpoch) private {
        if (modelId == 0) revert ModelIdZero();
        _head.modelFrom = uint40(_models.change(_head.modelFrom, fromEpoch, modelId));
        emit ModelScheduled(fromEpoch, modelId);
    }

    function _isMember(address member, bytes32 place) private view returns (bool) {
        bytes memory code = _load(place);
        return code.indexIn(member) < code.sizeIn();
    }

    function _load(bytes32 place) private view returns (bytes memory) {
        return Committees.load(_pointer(place));
    }

    function _pointer(bytes32 place) private pure returns (address) {
        return address(uint160(uint256(place)));
    }

    function _place(address pointer) private pure returns (bytes32) {
        return bytes32(uint256(uint160(pointer)));
    }
}
