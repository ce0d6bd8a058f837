// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { Proofs } from "../src/Proofs.sol";
import { Fixture } from "./Fixture.sol";

/// @notice Trees of many sizes whose roots and paths come from Python (../tests/golden/forest.json), and every threshold there is.
contract ForestTest is Fixture {
    string private json;
    uint256[] private sizes;
    bytes32[] private roots;
    uint256[] private places;

    function setUp() public override {
        json = vm.readFile("../tests/golden/forest.json");
        sizes = vm.parseJsonUintArray(json, ".sizes");
        roots = vm.parseJsonBytes32Array(json, ".roots");
        places = vm.parseJsonUintArray(json, ".places");
    }

    /// @dev For calldata.
    function holds(bytes32 root, address borrower, ICreditOracle.AtLeastProof calldata proof)
        external
        pure
        returns (bool)
    {
        return Proofs.holds(root, borrower, proof);
    }

    function _word(string memory name, uint256 size, uint256 place) private pure returns (bytes32) {
        return keccak256(abi.encode(name, size, place));
    }

    function _borrower(uint256 size, uint256 place) private pure returns (address) {
        return address(uint160(uint256(_word("borrower", size, place))));
    }

    function _score(uint256 size, uint256 place) private pure returns (uint256) {
        return 300 + uint256(_word("score", size, place)) % 551;
    }

    function _leafOf(uint256 size, uint256 place) private pure returns (bytes32) {
        bytes32 top = _climb(_word("seed", size, place), (_score(size, place) - 300) / 10);
        return Proofs.leaf(_borrower(size, place), 1, _word("opening", size, place), top);
    }

    function _pathAt(uint256 tree) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, string.concat(".paths[", vm.toString(tree), "]"));
    }

    function test_forest__of_every_size__then_root_and_path_are_pythons() public view {
        vm.assertTrue(sizes.length > 20);
        for (uint256 t = 0; t < sizes.length; ++t) {
            bytes32[] memory nodes = new bytes32[](2 * sizes[t] - 1);
            for (uint256 i = 0; i < sizes[t]; ++i) {
                nodes[2 * sizes[t] - 2 - i] = _leafOf(sizes[t], i);
            }
            for (uint256 i = sizes[t] - 1; i > 0; --i) {
                nodes[i - 1] = _pair(nodes[2 * i - 1], nodes[2 * i]);
            }
            vm.assertEq(nodes[0], roots[t]);
            vm.assertEq(_path(nodes, places[t]), _pathAt(t));
        }
    }

    function test_forest__of_every_threshold__then_proven_up_to_the_score_and_not_above() public view {
        for (uint256 t = 0; t < sizes.length; ++t) {
            (uint256 size, uint256 place) = (sizes[t], places[t]);
            uint256 steps = (_score(size, place) - 300) / 10;
            ICreditOracle.AtLeastProof memory proof;
            (proof.status, proof.opening, proof.path) = (1, _word("opening", size, place), _pathAt(t));
            for (uint256 asked = 1; asked <= 55; ++asked) {
                proof.threshold = uint16(300 + 10 * asked);
                proof.rung = _climb(_word("seed", size, place), steps > asked ? steps - asked : 0);
                vm.assertEq(this.holds(roots[t], _borrower(size, place), proof), asked <= steps);
                if (sizes[t] > 1) vm.assertFalse(this.holds(roots[t], _borrower(size, place + 1), proof));
            }
        }
    }
}
