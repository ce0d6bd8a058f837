// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ModelRegistry } from "../src/ModelRegistry.sol";
import { Fixture } from "./Fixture.sol";

/// @notice A registry that the oracle listens to, its owner the oracle's own, and one listed proposer.
abstract contract RegistryFixture is Fixture {
    uint64 internal constant LOOK = 3 days;
    address internal constant PROPOSER = address(0x9209);
    bytes32 internal constant CARD = keccak256("card");
    bytes32 internal constant SIGNER = keccak256("signer");
    bytes32 internal constant A = keccak256("model A");
    bytes32 internal constant B = keccak256("model B");

    ModelRegistry internal registry;

    function setUp() public virtual override {
        super.setUp();
        address[] memory proposers = new address[](1);
        proposers[0] = PROPOSER;
        registry = new ModelRegistry(oracle, LOOK, proposers, OWNER);
        vm.prank(OWNER);
        oracle.setModelRegistry(address(registry));
    }

    function _propose(bytes32 modelId) internal {
        vm.prank(PROPOSER);
        registry.propose(modelId, CARD, SIGNER, 7800, 4200);
    }

    function _approve(bytes32 modelId) internal {
        vm.prank(OWNER);
        registry.approve(modelId);
    }

    /// @notice Proposed, approved, and looked at for long enough.
    function _prepare(bytes32 modelId) internal {
        _propose(modelId);
        _approve(modelId);
        _warp(block.timestamp + LOOK);
    }

    function _activate(bytes32 modelId, uint64 fromEpoch) internal {
        vm.prank(OWNER);
        registry.activate(modelId, fromEpoch);
    }

    function _rollBack(uint64 fromEpoch) internal {
        vm.prank(OWNER);
        registry.rollBack(fromEpoch);
    }

    function _retire(bytes32 modelId) internal {
        vm.prank(OWNER);
        registry.retire(modelId);
    }

    function _epochNow() internal view returns (uint64) {
        return oracle.epochAt(uint64(block.timestamp));
    }

    /// @notice The first epoch that a change can be named for now.
    function _soonest() internal view returns (uint64) {
        return _epochNow() + 2;
    }

    /// @notice Into the epoch.
    function _enter(uint64 epoch) internal {
        _warp(oracle.endOf(epoch) - 1);
        vm.assertEq(_epochNow(), epoch);
    }

    function _stateOf(bytes32 modelId) internal view returns (uint256) {
        return uint256(registry.modelOf(modelId).state);
    }
}
