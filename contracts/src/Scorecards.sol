// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IRescorer } from "./IRescorer.sol";

/// @title Scoring by look-up in a scorecard's tables
/// @notice Pure. The tables are bytes as models/encoding.py writes them, where their layout is told. What is read is first
/// checked to lie inside them; that cuts rise is not checked: the tables' hash says whose they are.
library Scorecards {
    /// @dev A feature that is missing.
    int64 internal constant MISSING = type(int64).min;
    uint256 internal constant VERSION = 2;
    uint256 private constant SCORED = 1;
    uint256 private constant THIN = 2;
    uint16 internal constant LOWEST_SCORE = 300;
    uint16 internal constant HIGHEST_SCORE = 850;
    uint256 private constant BAND_POINTS = 55;
    uint256 private constant WIDTHS = 10;
    uint256 private constant RULE_HEAD = 4;
    uint256 private constant CONDITION = 10;
    uint256 private constant SEGMENT_HEAD = 28;

    /// @dev In each reading the first rule whose conditions hold gives a segment; of several readings the highest score counts, of
    /// equal ones the earlier rule's, and the status is scored if that of any is. No rule that holds leaves everything 0.
    function score(bytes memory tables, int64[] memory features)
        internal
        pure
        returns (IRescorer.Rescore memory found)
    {
        uint256 head = _unsigned(tables, 0, 4);
        if (head >> 24 != VERSION) revert IRescorer.UnknownVersion(head >> 24);
        uint256 count = (head >> 16) & 0xff;
        if (features.length != count) revert IRescorer.WrongFeatureCount(features.length, count);
        uint256 segments = head & 0xff;
        uint256 place = 4 + 3 * segments;
        uint256 read = 0; // one bit a reading that has its rule
        for (uint256 rules = (head >> 8) & 0xff; rules != 0; --rules) {
            uint256 rule = _unsigned(tables, place, RULE_HEAD);
            uint256 conditions = rule & 0xff;
            uint256 reading = 1 << (rule >> 24);
            if (read & reading == 0 && _allHold(tables, place + RULE_HEAD, conditions, features)) {
                read |= reading;
                if (found.status != SCORED) found.status = uint8(rule >> 8);
                _take(found, tables, _segmentOf(tables, place, rule, segments), features);
            }
            place += RULE_HEAD + CONDITION * conditions;
        }
    }

    /// @dev keccak256 over features and salt, as a leaf's detail holds it.
    function featuresHash(int64[] calldata features, bytes32 salt3) internal pure returns (bytes32) {
        return keccak256(abi.encode(features, salt3));
    }

    /// @dev What a leaf's opening holds beside score, width and salt.
    function detail(IRescorer.Opening calldata opening) internal pure returns (bytes32) {
        return keccak256(abi.encode(opening.reasons, featuresHash(opening.features, opening.salt3), opening.salt2));
    }

    /// @dev Where the segment of the rule at byte `place` begins.
    function _segmentOf(bytes memory tables, uint256 place, uint256 rule, uint256 segments)
        private
        pure
        returns (uint256)
    {
        uint256 segment = (rule >> 16) & 0xff;
        uint256 status = (rule >> 8) & 0xff;
        if (segment >= segments || status == 0 || status > THIN) revert IRescorer.BadTables(place);
        return _unsigned(tables, 4 + 3 * segment, 3);
    }

    function _allHold(bytes memory tables, uint256 place, uint256 conditions, int64[] memory features)
        private
        pure
        returns (bool)
    {
        for (; conditions != 0; --conditions) {
            uint256 condition = _unsigned(tables, place, CONDITION);
            uint256 feature = condition >> 72;
            if (feature >= features.length) revert IRescorer.BadTables(place);
            int64 value = features[feature];
            int64 limit = int64(uint64(condition));
            bool atMost = (condition >> 64) & 0xff != 0;
            if (value == MISSING || (atMost ? value > limit : value < limit)) return false;
            place += CONDITION;
        }
        return true;
    }

    /// @dev Total, score and width by the segment at byte `place`, where its score is higher than what was found before.
    function _take(IRescorer.Rescore memory found, bytes memory tables, uint256 place, int64[] memory features)
        private
        pure
    {
        uint256 head = _unsigned(tables, place, SEGMENT_HEAD);
        int256 total = int32(uint32(head >> 192));
        uint256 cap = (head >> 176) & 0xffff;
        if (cap < LOWEST_SCORE || cap > HIGHEST_SCORE) revert IRescorer.BadTables(place);
        place += SEGMENT_HEAD;
        for (uint256 terms = head & 0xffff; terms != 0; --terms) {
            int256 points;
            (points, place) = _term(tables, place, features);
            unchecked {
                total += points; // at most 65,535 terms of 64 bits
            }
        }
        uint256 clamped = total < int256(uint256(LOWEST_SCORE)) ? LOWEST_SCORE : uint256(total);
        if (clamped > cap) clamped = cap;
        if (clamped <= found.score) return;
        uint256 band = (clamped - LOWEST_SCORE) / BAND_POINTS;
        if (band >= WIDTHS) band = WIDTHS - 1;
        found.total = total;
        found.score = uint16(clamped);
        // slither-disable-next-line divide-before-multiply (`band` is a whole number: which width, not how much)
        found.width = uint16(head >> (160 - 16 * band));
    }

    /// @dev The points of the term at byte `place`, and where the next begins. Unchecked: a place is at most the tables' length,
    /// no number beside it has over 36 bits, so nothing overflows; what is read counts only where it lies inside.
    function _term(bytes memory tables, uint256 place, int64[] memory features)
        private
        pure
        returns (int256 points, uint256 next)
    {
        unchecked {
            uint256 axes = _word(tables, place) >> 248;
            if (place >= tables.length) revert IRescorer.TablesEnd(place);
            if (axes - 1 > 1) revert IRescorer.BadTables(place);
            uint256 cell = 0;
            uint256 cells = 1;
            next = place + 1;
            do {
                if (next + 4 > tables.length) revert IRescorer.TablesEnd(next);
                uint256 head = _word(tables, next) >> 224;
                uint256 cuts = (head >> 8) & 0xffff;
                uint256 size = head & 0xff;
                if (head >> 24 >= features.length || size - 1 > 7) revert IRescorer.BadTables(next);
                int256 value = features[head >> 24];
                next += 4;
                cell *= cuts + 2;
                cells *= cuts + 2;
                if (next + cuts * size > tables.length) revert IRescorer.TablesEnd(next);
                if (value != MISSING) cell += 1 + _cutsUpTo(tables, next, cuts, size, value);
                next += cuts * size;
            } while (--axes != 0);
            uint256 width = _word(tables, next) >> 248;
            if (next >= tables.length) revert IRescorer.TablesEnd(next);
            if (width - 1 > 7) revert IRescorer.BadTables(next);
            place = next + 1;
            next = place + cells * width;
            if (next > tables.length) revert IRescorer.TablesEnd(place);
            points = int256(_word(tables, place + cell * width)) >> (256 - 8 * width);
        }
    }

    /// @dev How many of the rising cuts are at most `value`. The caller has checked that they lie inside the tables.
    function _cutsUpTo(bytes memory tables, uint256 place, uint256 cuts, uint256 size, int256 value)
        private
        pure
        returns (uint256 low)
    {
        assembly ("memory-safe") {
            let start := add(add(tables, 0x20), place)
            let shift := sub(256, shl(3, size))
            for { } lt(low, cuts) { } {
                let middle := shr(1, add(low, cuts))
                if sgt(sar(shift, mload(add(start, mul(middle, size)))), value) {
                    cuts := middle
                    continue
                }
                low := add(middle, 1)
            }
        }
    }

    function _unsigned(bytes memory tables, uint256 place, uint256 size) private pure returns (uint256) {
        if (place + size > tables.length) revert IRescorer.TablesEnd(place);
        return _word(tables, place) >> (256 - 8 * size);
    }

    /// @dev The 32 bytes from byte `place` on, whatever they are.
    function _word(bytes memory tables, uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(tables, 0x20), place))
        }
    }
}
