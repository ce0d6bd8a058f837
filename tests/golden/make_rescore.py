"""Builds rescore.json: scorecards as bytes, feature vectors, and what they score by a reading of its own.

The scores come from a plain loop over the card's JSON, cell by cell, which shares no code with the
packages under test; the bytes come from models/encoding.py, which contracts/test/Rescore.t.sol reads with
the contract's library. Rebuilt and compared by tests/models/test_encoding.py; write anew with
`python tests/golden/make_rescore.py`.
"""

import json
import random
from pathlib import Path
from typing import Any

from models import encoding, plain, scorecard

TARGET = Path(__file__).with_name("rescore.json")
MISSING = -(2**63)
CARDS, ROWS = 24, 12
EXTREMES = (MISSING, MISSING + 1, 2**63 - 1, 2**62, -(2**62), 0, -1, 1)
SCALES = (3, 100, 40_000, 10**7, 10**10, 2**62)
STATUS = {"scored": 1, "thin": 2}
BIG_FEATURES, BIG_PAIRS = 30, 10

Row = dict[str, int]


def a_card(rng: random.Random, name: str) -> dict[str, Any]:
    features = [f"f{index}" for index in range(rng.randint(1, 8))]
    segments = {segment: a_segment(rng, features) for segment in ("a", "b", "c")[: rng.randint(1, 3)]}
    rules = [
        {
            "segment": rng.choice(list(segments)),
            "status": rng.choice(("scored", "thin")),
            "when": [
                [rng.choice(features), rng.choice((">=", "<=")), number(rng)]
                for _ in range(rng.choice((0, 1, 1, 2)))
            ],
            "reading": rng.choice(("debts", "debts", "pay", "trade")),
        }
        for _ in range(rng.randint(1, 4))
    ]
    return {"format": 3, "name": name, "features": features, "rules": rules, "segments": segments}


def a_segment(rng: random.Random, features: list[str]) -> dict[str, Any]:
    sets = [[one] for one in features] + [[a, b] for a in features for b in features if a < b]
    chosen = rng.sample(sets, rng.randint(0, min(6, len(sets))))
    return {
        "base": rng.choice((*[600] * 9, 300, -1_000_000, 1_000_000)),
        "cap": rng.choice((850, 850, 850, 599, 300)),
        "width": [rng.randint(0, 550) for _ in range(10)],
        "calibration": [[300, 5_000], [600, 100]],
        "terms": [a_term(rng, term, 9) for term in chosen],
    }


def a_term(rng: random.Random, features: list[str], most: int) -> dict[str, Any]:
    cuts = [sorted({number(rng) for _ in range(rng.randint(0, most))}) for _ in features]
    scale = rng.choice((5, 60, 60, 60, 60, 100_000))
    shape = [len(axis) + 2 for axis in cuts]
    rows = [
        [rng.choice((None, *[rng.randint(-scale, scale)] * 6)) for _ in range(shape[-1])]
        for _ in range(shape[0] if len(shape) == 2 else 1)
    ]
    rows[0][0] = rng.randint(-scale, scale)
    return {"features": features, "cuts": cuts, "points": rows if len(shape) == 2 else rows[0]}


def number(rng: random.Random) -> int:
    scale = rng.choice(SCALES)
    return rng.randint(-scale, scale)


def a_row(rng: random.Random, card: dict[str, Any]) -> Row:
    """A value a feature: at or beside one of the card's cuts and limits, an extreme, or any number."""
    edges: dict[str, list[int]] = {name: [0] for name in card["features"]}
    for segment in card["segments"].values():
        for term in segment["terms"]:
            for name, cuts in zip(term["features"], term["cuts"], strict=True):
                edges[name].extend(cuts)
    for rule in card["rules"]:
        for name, _, value in rule["when"]:
            edges[name].append(value)
    return {
        name: rng.choice((number(rng), rng.choice(EXTREMES), *[rng.choice(near) + rng.randint(-1, 1)] * 3))
        for name, near in edges.items()
    }


def score(card: dict[str, Any], row: Row) -> tuple[int, int, int, int]:
    """Status, score, width and total, looked up cell by cell."""
    holding = [
        rule
        for rule in card["rules"]
        if all(holds(row[name], sign, value) for name, sign, value in rule["when"])
    ]
    found = [
        rule
        for place, rule in enumerate(holding)
        if rule["reading"] not in [before["reading"] for before in holding[:place]]
    ]
    if not found:
        return 0, 0, 0, 0
    best = max((by_segment(card["segments"][rule["segment"]], row) for rule in found), key=lambda one: one[0])
    return min(STATUS[rule["status"]] for rule in found), *best


def by_segment(segment: dict[str, Any], row: Row) -> tuple[int, int, int]:
    """Score, width and total."""
    total = segment["base"] + sum(points(term, row) for term in segment["terms"])
    shown = min(max(total, 300), segment["cap"])
    return shown, segment["width"][min((shown - 300) // 55, 9)], total


def holds(found: int, sign: str, value: int) -> bool:
    return found != MISSING and (found >= value if sign == ">=" else found <= value)


def points(term: dict[str, Any], row: Row) -> int:
    cell = missing = term["points"]
    for name, cuts in zip(term["features"], term["cuts"], strict=True):
        found = row[name]
        cell = cell[0 if found == MISSING else 1 + sum(cut <= found for cut in cuts)]
        missing = missing[0]
    return int(missing if cell is None else cell)


def big_card(rng: random.Random) -> dict[str, Any]:
    """Forty terms, ten of them pairs, with as many cuts as a learned card has: its gas is measured."""
    features = [f"f{index:02}" for index in range(BIG_FEATURES)]
    pairs = [[features[index], features[index + 11]] for index in range(BIG_PAIRS)]
    terms = [sized_term(rng, [name], 16) for name in features] + [sized_term(rng, pair, 8) for pair in pairs]
    segment = {"base": 600, "cap": 850, "width": [30] * 10, "calibration": [[300, 100]], "terms": terms}
    rules = [
        {"segment": "borrower", "status": "scored", "when": [[features[0], ">=", 1]], "reading": "debts"}
    ]
    return {
        "format": 3,
        "name": "forty terms",
        "features": features,
        "rules": rules,
        "segments": {"borrower": segment},
    }


def sized_term(rng: random.Random, features: list[str], cuts: int) -> dict[str, Any]:
    axes = [sorted(rng.sample(range(100_000), cuts)) for _ in features]
    rows = [[rng.randint(-15, 15) for _ in range(cuts + 2)] for _ in range(cuts + 2 if len(axes) == 2 else 1)]
    return {"features": features, "cuts": axes, "points": rows if len(axes) == 2 else rows[0]}


def entry(card: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    read = scorecard.from_json(plain.write(card))
    found = [score(card, row) for row in rows]
    return {
        "card": card,
        "tables": "0x" + encoding.encode(read).hex(),
        "features": [row[name] for row in rows for name in card["features"]],
        **{
            name: [row[index] for row in found]
            for index, name in enumerate(("status", "score", "width", "total"))
        },
    }


def build() -> dict[str, Any]:
    rng = random.Random(20_261_124)
    cards = [a_card(rng, f"drawn {index}") for index in range(CARDS)]
    entries = [entry(card, [a_row(rng, card) for _ in range(ROWS)]) for card in cards]
    big = big_card(rng)
    rows = [{name: rng.randrange(1, 100_000) for name in big["features"]} for _ in range(ROWS)]
    return {"count": CARDS + 1, "cards": [*entries, entry(big, rows)]}


def text() -> str:
    return json.dumps(build(), separators=(",", ":")) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
