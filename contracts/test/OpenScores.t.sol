// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IGateway, IOpenScores } from "../src/IOpenScores.sol";
import { OpenScores } from "../src/OpenScores.sol";
import { Fixture } from "./Fixture.sol";

contract OpenScoresTest is Fixture {
    string private constant URL = "https://gateway.example/v1/gateway/{sender}/{data}.json";

    OpenScores private _open;
    string[] private _urls;

    function setUp() public override {
        super.setUp();
        _urls.push(URL);
        _open = new OpenScores(oracle, _urls);
    }

    function test_scoreOf__always__then_asks_the_gateways_for_this_borrower(address borrower, uint64 maxAge) public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IOpenScores.OffchainLookup.selector,
                address(_open),
                _urls,
                abi.encodeCall(IGateway.openProof, (borrower)),
                IOpenScores.answered.selector,
                abi.encode(borrower, maxAge)
            )
        );
        _open.scoreOf(borrower, maxAge);
    }

    function test_answered__when_proven__then_gives_what_the_oracle_gives() public {
        File[] memory files = _files(5);
        _publishActive(1, _tree(files)[0]);
        bytes memory response = abi.encode(_scoreProof(files, 2, 1));
        (uint16 score, uint16 width, uint8 status, uint64 epoch,) =
            _open.answered(response, abi.encode(files[2].borrower, MAX_AGE));
        vm.assertTrue(score == files[2].score && width == files[2].width && status == files[2].status && epoch == 1);
    }

    function test_answered__when_the_proof_is_of_another__then_refused() public {
        File[] memory files = _files(5);
        _publishActive(1, _tree(files)[0]);
        bytes memory response = abi.encode(_scoreProof(files, 2, 1));
        vm.expectRevert(
            abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, files[1].borrower, files[2].score)
        );
        _open.answered(response, abi.encode(files[1].borrower, MAX_AGE));
    }

    function test_answered__when_older_than_asked__then_refused() public {
        File[] memory files = _files(5);
        _publishActive(1, _tree(files)[0]);
        uint64 snapshotTime = oracle.rootOf(1).snapshotTime;
        uint64 age = uint64(block.timestamp) - snapshotTime;
        bytes memory response = abi.encode(_scoreProof(files, 2, 1));
        _open.answered(response, abi.encode(files[2].borrower, age));
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.TooOld.selector, snapshotTime, age - 1));
        _open.answered(response, abi.encode(files[2].borrower, age - 1));
    }

    function test_constructor__when_there_is_nowhere_to_ask__then_refused() public {
        vm.expectRevert(IOpenScores.NoGateways.selector);
        new OpenScores(oracle, new string[](0));
    }
}
