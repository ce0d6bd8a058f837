// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ICreditOracle } from "../src/ICreditOracle.sol";
import { IRescorer } from "../src/IRescorer.sol";
import { Rescorer } from "../src/Rescorer.sol";
import { Scorecards } from "../src/Scorecards.sol";
import { Fixture } from "./Fixture.sol";

/// @notice Scoring by tables, against the vectors that the Python side reads too (../tests/golden/rescore.json), and against
/// tables that nobody made with care.
contract RescoreTest is Fixture {
    event Used(string what, uint256 size, uint256 gas);

    int64 internal constant MISSING = type(int64).min;

    string internal json;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("../tests/golden/rescore.json");
    }

    function _key(uint256 card, string memory name) private pure returns (string memory) {
        return string.concat(".cards[", vm.toString(card), "].", name);
    }

    function _tables(uint256 card) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, _key(card, "tables"));
    }

    function _forty() private view returns (uint256) {
        return vm.parseJsonUint(json, ".count") - 1;
    }

    function _row(int256[] memory all, uint256 row, uint256 rows) private pure returns (int64[] memory features) {
        uint256 count = all.length / rows;
        features = new int64[](count);
        for (uint256 j = 0; j < count; ++j) {
            features[j] = int64(all[row * count + j]);
        }
    }

    /// @notice Row 0 of a card of the vectors.
    function _first(uint256 card) private view returns (int64[] memory) {
        int256[] memory all = vm.parseJsonIntArray(json, _key(card, "features"));
        return _row(all, 0, vm.parseJsonUintArray(json, _key(card, "status")).length);
    }

    function score(bytes memory tables, int64[] memory features) external pure returns (IRescorer.Rescore memory) {
        return Scorecards.score(tables, features);
    }

    function _refused(bytes memory tables, int64[] memory features, bytes memory reason) private {
        vm.expectRevert(reason);
        this.score(tables, features);
    }

    // ------------------------------------------------------------------------------------------------------ unhappy paths

    function test_score__of_another_version__then_refused(uint8 version) public {
        vm.assume(version != 2);
        bytes memory tables = _tables(0);
        tables[0] = bytes1(version);
        _refused(tables, _first(0), abi.encodeWithSelector(IRescorer.UnknownVersion.selector, version));
    }

    function test_score__of_another_number_of_features__then_refused(uint8 count) public {
        uint256 expected = _first(0).length;
        vm.assume(count != expected);
        bytes memory reason = abi.encodeWithSelector(IRescorer.WrongFeatureCount.selector, count, expected);
        _refused(_tables(0), new int64[](count), reason);
    }

    function test_score__of_no_tables__then_refused() public {
        _refused("", new int64[](0), abi.encodeWithSelector(IRescorer.TablesEnd.selector, 0));
    }

    /// @notice One feature, one rule without conditions, one segment with one term of one cut at 5: −7 missing, 1 below, 2 from.
    function _small() private pure returns (bytes memory) {
        bytes memory head = hex"0201010100000b00000100";
        bytes memory segment = hex"000002580352000100020003000400050006000700080009000a000101000001010501f90102";
        return bytes.concat(head, segment);
    }

    function _one(int64 value) private pure returns (int64[] memory features) {
        features = new int64[](1);
        features[0] = value;
    }

    function test_score__of_small_tables__then_as_a_person_adds_up() public view {
        int64[4] memory values = [MISSING, int64(4), 5, type(int64).max];
        uint16[4] memory scores = [uint16(593), 601, 602, 602];
        for (uint256 i = 0; i < 4; ++i) {
            IRescorer.Rescore memory found = this.score(_small(), _one(values[i]));
            vm.assertEq(found.score, scores[i]);
            vm.assertEq(found.width, 6);
            vm.assertEq(found.status, 1);
        }
    }

    function test_score__of_small_tables_with_one_bad_byte__then_the_byte_is_named() public {
        uint8[8] memory places = [8, 9, 16, 39, 40, 43, 43, 45];
        uint8[8] memory bytes_ = [1, 3, 0x53, 3, 1, 0, 9, 0];
        uint8[8] memory named = [7, 7, 11, 39, 40, 40, 40, 45];
        for (uint256 i = 0; i < places.length; ++i) {
            bytes memory tables = _small();
            tables[places[i]] = bytes1(bytes_[i]);
            _refused(tables, _one(0), abi.encodeWithSelector(IRescorer.BadTables.selector, named[i]));
        }
    }

    function test_score__of_more_cuts_than_the_tables_hold__then_refused_before_they_are_read(uint8 cuts) public {
        vm.assume(cuts > 5);
        bytes memory tables = _small();
        tables[42] = bytes1(cuts);
        _refused(tables, _one(0), abi.encodeWithSelector(IRescorer.TablesEnd.selector, 44));
    }

    function test_score__of_tables_cut_short__then_refused(uint256 length) public {
        bytes memory tables = _small();
        length = _bound(length, 0, tables.length - 1);
        assembly ("memory-safe") {
            mstore(tables, length)
        }
        vm.expectPartialRevert(IRescorer.TablesEnd.selector);
        this.score(tables, _one(0));
    }

    /// @notice What lies behind the tables in memory never counts: nothing outside them is read.
    function test_score__of_any_altered_tables__then_memory_behind_them_does_not_matter(
        uint256 card,
        uint256[4] memory places,
        bytes4 altered,
        uint256 length
    ) public view {
        card = _bound(card, 0, _forty());
        bytes memory tables = _tables(card);
        for (uint256 i = 0; i < 4; ++i) {
            tables[places[i] % (i < 2 ? 40 : tables.length)] = altered[i];
        }
        length = length % 3 == 0 ? length % tables.length : tables.length;
        int64[] memory features = _first(card);
        (bool done, bytes memory found) = _scored(tables, length, features, 0);
        (bool again, bytes memory foundAgain) = _scored(tables, length, features, type(uint256).max);
        vm.assertEq(done, again);
        vm.assertEq(found, foundAgain);
    }

    function _scored(bytes memory tables, uint256 length, int64[] memory features, uint256 behind)
        private
        view
        returns (bool, bytes memory)
    {
        return address(this).staticcall(abi.encodeCall(this.scoreBefore, (tables, length, features, behind)));
    }

    /// @notice Scores the first `length` bytes of the tables, with `behind` in all memory after them.
    function scoreBefore(bytes calldata tables, uint256 length, int64[] calldata features, uint256 behind)
        external
        pure
        returns (IRescorer.Rescore memory)
    {
        int64[] memory copied = features;
        bytes memory shorter = tables[:length];
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 0x4000) { i := add(i, 0x20) } {
                mstore(add(add(add(shorter, 0x20), length), i), behind)
            }
            mstore(0x40, add(free, 0x4000))
        }
        return Scorecards.score(shorter, copied);
    }

    // ------------------------------------------------------------------------------------------------------------ vectors

    function test_vectors__of_all_cards_and_rows__then_python_says_the_same() public view {
        for (uint256 card = 0; card <= _forty(); ++card) {
            _checkCard(card);
        }
    }

    function _checkCard(uint256 card) private view {
        bytes memory tables = _tables(card);
        int256[] memory all = vm.parseJsonIntArray(json, _key(card, "features"));
        uint256[] memory status = vm.parseJsonUintArray(json, _key(card, "status"));
        uint256[] memory scores = vm.parseJsonUintArray(json, _key(card, "score"));
        uint256[] memory widths = vm.parseJsonUintArray(json, _key(card, "width"));
        int256[] memory totals = vm.parseJsonIntArray(json, _key(card, "total"));
        for (uint256 row = 0; row < status.length; ++row) {
            IRescorer.Rescore memory found = this.score(tables, _row(all, row, status.length));
            vm.assertEq(found.status, status[row], _key(card, "status"));
            vm.assertEq(found.score, scores[row], _key(card, "score"));
            vm.assertEq(found.width, widths[row], _key(card, "width"));
            vm.assertEq(found.total, totals[row]);
        }
    }

    // ----------------------------------------------------------------------------------------------------------- Rescorer

    function test_rescorer__of_no_or_too_many_bytes__then_not_made(uint256 length) public {
        length = _bound(length, 24_576, 40_000);
        vm.expectRevert(abi.encodeWithSelector(IRescorer.BadLength.selector, 0));
        new Rescorer(oracle, "");
        vm.expectRevert(abi.encodeWithSelector(IRescorer.BadLength.selector, length));
        new Rescorer(oracle, new bytes(length));
    }

    function make(bytes memory tables) external {
        new Rescorer(oracle, tables);
    }

    /// @notice Keeping a byte as code costs 200 gas, so the tables do not fit into what is given.
    function test_rescorer__when_the_tables_cannot_be_stored__then_not_made() public {
        bytes memory tables = new bytes(24_575);
        vm.expectRevert(abi.encodeWithSelector(IRescorer.BadLength.selector, 24_575));
        this.make{ gas: 3_000_000 }(tables);
    }

    function test_rescorer__of_the_most_bytes__then_made() public {
        vm.assertEq(new Rescorer(oracle, new bytes(24_575)).tablesHash(), keccak256(new bytes(24_575)));
    }

    function test_rescorer__of_each_card__then_it_holds_its_tables() public {
        for (uint256 card = 0; card <= _forty(); ++card) {
            bytes memory tables = _tables(card);
            Rescorer rescorer = new Rescorer(oracle, tables);
            vm.assertEq(rescorer.tablesHash(), keccak256(tables));
            int64[] memory features = _first(card);
            vm.assertEq(abi.encode(rescorer.score(features)), abi.encode(this.score(tables, features)));
        }
    }

    /// @notice Publishes a file about features whose small tables give `score`, and makes proof and opening.
    function _published(int64 value, uint8 status, uint16 shown, uint16 width)
        private
        returns (address borrower, ICreditOracle.ScoreProof memory proof, IRescorer.Opening memory opening)
    {
        opening = IRescorer.Opening(_one(value), 0x01020000, keccak256("salt two"), keccak256("salt three"));
        bytes32 featuresHash = keccak256(abi.encode(opening.features, opening.salt3));
        File[] memory files = _files(3);
        files[1].detail = keccak256(abi.encode(opening.reasons, featuresHash, opening.salt2));
        files[1].status = status;
        files[1].score = shown;
        files[1].width = width;
        _publishActive(1, _tree(files)[0]);
        return (files[1].borrower, _scoreProof(files, 1, 1), opening);
    }

    function test_check__with_another_opening__then_refused(uint8 what) public {
        Rescorer rescorer = new Rescorer(oracle, _small());
        (address borrower, ICreditOracle.ScoreProof memory proof, IRescorer.Opening memory opening) =
            _published(5, 1, 602, 6);
        if (what % 4 == 0) opening.features[0] += 1;
        if (what % 4 == 1) opening.reasons += 1;
        if (what % 4 == 2) opening.salt2 = 0;
        if (what % 4 == 3) opening.salt3 = 0;
        vm.expectPartialRevert(IRescorer.WrongOpening.selector);
        rescorer.check(borrower, proof, opening, MAX_AGE);
    }

    function test_check__of_a_score_that_is_not_proven__then_refused_as_the_oracle_does() public {
        Rescorer rescorer = new Rescorer(oracle, _small());
        (address borrower, ICreditOracle.ScoreProof memory proof, IRescorer.Opening memory opening) =
            _published(5, 1, 602, 6);
        proof.score = 700;
        vm.expectRevert(abi.encodeWithSelector(ICreditOracle.ScoreNotProven.selector, borrower, 700));
        rescorer.check(borrower, proof, opening, MAX_AGE);
    }

    function test_check__of_the_score_that_the_tables_give__then_equal(bool disputed) public {
        Rescorer rescorer = new Rescorer(oracle, _small());
        (address borrower, ICreditOracle.ScoreProof memory proof, IRescorer.Opening memory opening) =
            _published(5, disputed ? 129 : 1, 602, 6);
        (bool equal, IRescorer.Rescore memory found) = rescorer.check(borrower, proof, opening, MAX_AGE);
        vm.assertTrue(equal);
        vm.assertEq(found.score, 602);
    }

    function test_check__of_another_score_width_or_status__then_not_equal(uint8 what) public {
        Rescorer rescorer = new Rescorer(oracle, _small());
        (uint8 status, uint16 shown, uint16 width) = (1, 602, 6);
        if (what % 3 == 0) status = 2;
        if (what % 3 == 1) shown = 603;
        if (what % 3 == 2) width = 7;
        (address borrower, ICreditOracle.ScoreProof memory proof, IRescorer.Opening memory opening) =
            _published(5, status, shown, width);
        (bool equal, IRescorer.Rescore memory found) = rescorer.check(borrower, proof, opening, MAX_AGE);
        vm.assertFalse(equal);
        vm.assertEq(found.score, 602);
    }

    // ---------------------------------------------------------------------------------------------------------------- gas

    function test_gas__of_forty_terms__then_within_the_limit() public {
        uint256 card = _forty();
        Rescorer rescorer = new Rescorer(oracle, _tables(card));
        bytes memory data = abi.encodeCall(IRescorer.score, (_first(card)));
        vm.cool(address(rescorer));
        uint256 before = gasleft();
        (bool done,) = address(rescorer).staticcall(data);
        uint256 used = before - gasleft();
        vm.assertTrue(done);
        emit Used("score", 40, used);
        vm.assertLe(used, 84_000, "forty terms");
    }
}
