// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Disputes } from "../src/Disputes.sol";
import { IDisputes } from "../src/IDisputes.sol";
import { PeopleFixture } from "./PeopleFixture.sol";

/// @notice Three facts can be upheld a week; Ann disputes.
abstract contract DisputesFixture is PeopleFixture {
    uint64 internal constant WEEK = 7 days;
    uint64 internal constant MOST_UPHELD = 3;
    uint256 internal constant MOST_OPEN = 8;
    address internal constant OWNER = address(0xACE);
    address internal constant ARBITER = address(0xA4B);
    bytes32 internal constant WORDS = keccak256("salt and words");
    bytes32 internal constant REASONS = keccak256("salt and reasons");

    Disputes internal disputes;

    function setUp() public virtual override {
        super.setUp();
        disputes = new Disputes(OWNER, ARBITER, MOST_UPHELD, WEEK);
    }

    function _fact(uint256 number) internal view returns (bytes32) {
        return keccak256(abi.encode("loan", block.chainid, keccak256("term_loans"), number));
    }

    function _dispute(uint256 fact) internal {
        vm.prank(_who(ANN));
        disputes.dispute(_fact(fact), WORDS);
    }

    function _decide(uint256 fact, IDisputes.Outcome outcome) internal {
        vm.prank(ARBITER);
        disputes.decide(_who(ANN), _fact(fact), outcome, REASONS);
    }

    function _assertDispute(uint256 fact, bool isOpen, IDisputes.Outcome outcome) internal view {
        (bool open, IDisputes.Outcome found) = disputes.disputeOf(_who(ANN), _fact(fact));
        vm.assertEq(open, isOpen);
        vm.assertEq(uint256(found), uint256(outcome));
    }

    function _assertCounts(IDisputes.Counts memory wanted) internal view {
        vm.assertEq(abi.encode(disputes.counts()), abi.encode(wanted));
    }
}
