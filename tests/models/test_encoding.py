import json
import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from models import plain
from models.encoding import MOST_BYTES, encode
from models.rules import Rule
from models.scorecard import Scorecard, from_json, rate
from models.segment import Segment, Term

GOLDEN = Path(__file__).parents[1] / "golden"
INT64 = st.integers(-(2**62), 2**62)


def vectors() -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads((GOLDEN / "rescore.json").read_bytes())["cards"]
    return cards


def small(term: Term) -> Scorecard:
    segment = Segment(600, (term,), ((300, 10),), tuple(range(1, 11)))
    return Scorecard("small", ("f",), (Rule("s", "scored", ()),), {"s": segment})


def test_encode__of_a_card_too_large_for_a_contract__stops() -> None:
    cuts = tuple(range(2**60, 2**60 + 1_000))
    terms = tuple(Term((name,), (cuts,), (100_000,) * 1_002) for name in "abc")
    segment = Segment(600, terms, ((300, 10),), (1,) * 10)
    card = Scorecard("wide", tuple("abc"), (), {"s": segment})
    with pytest.raises(
        Stop, match=rf"takes 33\d\d\d bytes and a contract holds {MOST_BYTES}; give its terms"
    ):
        encode(card)


def test_encode__of_too_many_segments_or_conditions__stops() -> None:
    card = small(Term(("f",), ((),), (0, 0)))
    many = {f"s{index}": card.segments["s"] for index in range(256)}
    with pytest.raises(Stop, match="more than 255 rules or segments"):
        encode(replace(card, segments={**many, **card.segments}))
    with pytest.raises(Stop, match="has 256 conditions"):
        encode(replace(card, rules=(Rule("s", "thin", (("f", ">=", 0),) * 256),)))


def test_encode__of_a_small_card__is_the_layout_that_the_docstring_tells() -> None:
    card = small(Term(("f",), ((5,),), (-7, 1, 2)))
    head = "02 01 01 01 00000b 00 00 01 00"
    segment = "00000258 0352 0001000200030004000500060007000800090 00a 0001"
    term = "01 00 0001 01 05 01 f9 01 02"
    assert encode(card) == bytes.fromhex(f"{head} {segment} {term}".replace(" ", ""))


@given(st.lists(INT64, min_size=1, max_size=9, unique=True))
def test_encode__of_any_cuts__takes_the_fewest_bytes_that_give_them_back(found: list[int]) -> None:
    cuts = tuple(sorted(found))
    raw = encode(small(Term(("f",), (cuts,), (0,) * (len(cuts) + 2))))[39:]
    assert int.from_bytes(raw[2:4], "big") == len(cuts)
    size = raw[4]
    at = [raw[5 + size * index : 5 + size * (index + 1)] for index in range(len(cuts))]
    assert tuple(int.from_bytes(one, "big", signed=True) for one in at) == cuts
    assert size == 1 or any(not -(2 ** (8 * size - 9)) <= cut < 2 ** (8 * size - 9) for cut in cuts)


def test_vectors__built_anew__are_the_committed_file() -> None:
    made = runpy.run_path(str(GOLDEN / "make_rescore.py"))["text"]()
    assert made == (GOLDEN / "rescore.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("index", range(25))
def test_vectors__of_each_card__are_what_rate_gives(index: int) -> None:
    found = vectors()[index]
    card = from_json(plain.write(found["card"]))
    assert "0x" + encode(card).hex() == found["tables"]
    values = np.array(found["features"], dtype=np.int64).reshape(-1, len(card.features))
    rated = rate(card, values)
    for name in ("status", "score", "width"):
        assert getattr(rated, name).tolist() == found[name]
    assert rated.total.tolist() == found["total"]


def test_vectors__have_what_they_should_try() -> None:
    cards = vectors()
    assert {status for each in cards for status in each["status"]} == {0, 1, 2}
    assert len(cards[-1]["card"]["segments"]["borrower"]["terms"]) == 40
    inside = [one for each in cards for one in each["score"] if 300 < one < 850 and one != 599]
    assert len(set(inside)) > 40
    assert any(re.search("null", json.dumps(each["card"])) for each in cards)
