import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import ChainBlock, Snapshot
from models.scorecard import Scores
from models.stability import psi_bps
from oracle import report
from oracle.epoch import Deployment
from oracle.report import EpochReport, Figures, Previous
from oracle.tree import EpochTree

GOLDEN = Path(__file__).parents[1] / "golden" / "commitment.json"
REFERENCE = (10, 20, 30, 40, 50, 50, 40, 30, 20, 10)


def golden() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(GOLDEN.read_text())
    return plain


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def golden_report() -> EpochReport:
    found = golden()["report"]
    return report.from_json({name: found[name] for name, _ in report.TYPE})


def golden_deployment() -> Deployment:
    found = golden()["deployment"]
    return Deployment(found["chainId"], raw(found["contract"]))


def scores_of(rows: dict[bytes, tuple[int, int]]) -> Scores:
    """{address: (status, score)}, put in address order."""
    owners = sorted(rows)
    score = np.array([rows[owner][1] for owner in owners], dtype=np.uint16)
    return Scores(
        addresses=np.frombuffer(b"".join(owners), dtype=np.uint8).reshape(-1, 20),
        status=np.array([rows[owner][0] for owner in owners], dtype=np.uint8),
        score=score,
        width=np.full(len(owners), 9, dtype=np.uint16),
        reasons=np.full(len(owners), 0x01020304, dtype=np.uint32),
        features=np.zeros((len(owners), 1), dtype=np.int64),
        feature_names=("a",),
        total=score.astype(np.int64),
    )


def address(number: int) -> bytes:
    return number.to_bytes(20, "big")


def crowd(count: int, score: int, status: int = 1, start: int = 1) -> dict[bytes, tuple[int, int]]:
    return {address(start + i): (status, score) for i in range(count)}


hashes = st.binary(min_size=32, max_size=32)
of_kind = {
    "bytes32": hashes,
    **{f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (16, 32, 64)},
}
reports = st.builds(EpochReport, *(of_kind[kind] for _, kind in report.TYPE))
deployments = st.builds(Deployment, st.integers(1, 2**63 - 1), st.binary(min_size=20, max_size=20))
with_score = st.tuples(st.sampled_from([1, 2, 129, 130]), st.integers(300, 850))
without = st.tuples(st.sampled_from([0, 128]), st.just(0))
# Few distinct addresses, with zeros at either end, so that two populations overlap.
owners = st.builds(lambda a, b: bytes([a]) + bytes(18) + bytes([b]), st.integers(0, 9), st.integers(0, 9))
populations = st.dictionaries(owners, with_score | without, max_size=80)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epoch", -1), ("epoch", 2**64), ("mean_score", 2**16), ("psi_bps", 2**32), ("root", bytes(31))],
)
def test_report__a_value_its_type_cannot_hold__is_refused(name: str, value: object) -> None:
    changes: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match="the report's"):
        replace(golden_report(), **changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", "3"),
        ("epoch", 3.0),
        ("epoch", True),
        ("epoch", 2**64),
        ("meanScore", 2**16),
        ("root", "0x00"),
        ("root", "00" * 33),
        ("config", None),
    ],
)
def test_report_from_json__a_field_of_another_form__stops(name: str, value: object) -> None:
    with pytest.raises(Stop, match=f"the report's {name}"):
        report.from_json({**report.to_json(golden_report()), name: value})


@pytest.mark.parametrize("found", [None, [], {}, {"epoch": 3}])
def test_report_from_json__without_its_fields__stops(found: object) -> None:
    with pytest.raises(Stop, match="a report"):
        report.from_json(found)


def test_make_report__snapshot_without_the_home_chain__is_refused() -> None:
    with pytest.raises(KeyError):
        report.make_report(
            tree=EpochTree.build(1, scores_of(crowd(1, 500)), bytes(32)),
            snapshot=Snapshot((ChainBlock(5, 1, bytes(32), 1),)),
            deployment=Deployment(31337, bytes(20)),
            config=bytes(32),
            model_id=bytes(32),
            reference=REFERENCE,
            previous=None,
        )


def test_digest__golden__is_equal() -> None:
    found = golden()
    assert report.domain_separator(golden_deployment()) == raw(found["deployment"]["domainSeparator"])
    assert report.struct_hash(golden_report()) == raw(found["report"]["structHash"])
    assert report.digest(golden_report(), golden_deployment()) == raw(found["report"]["digest"])


def test_scores_hash__golden__is_equal() -> None:
    found = golden()["borrowers"]
    rows = zip(*(found[name] for name in ("addresses", "status", "score")), strict=True)
    scores = scores_of({raw(owner): (status, score) for owner, status, score in rows})
    scores = replace(
        scores,
        width=np.array(found["width"], dtype=np.uint16),
        reasons=np.array(found["reasons"], dtype=np.uint32),
    )
    assert report.scores_hash(scores) == raw(found["scoresHash"])


@given(populations)
def test_scores_hash__any_population__is_of_the_rows_in_order(
    population: dict[bytes, tuple[int, int]],
) -> None:
    rows = b"".join(
        owner + bytes([status]) + score.to_bytes(2, "big") + b"\x00\x09" + b"\x01\x02\x03\x04"
        for owner, (status, score) in sorted(population.items())
    )
    assert report.scores_hash(scores_of(population)) == keccak256(rows)


@given(reports, deployments)
def test_digest__any_report__is_that_of_eth_account(found: EpochReport, where: Deployment) -> None:
    message = encode_typed_data(full_message=report.typed_data(found, where))
    assert report.domain_separator(where) == message.header
    assert report.struct_hash(found) == message.body
    assert report.digest(found, where) == keccak256(b"\x19\x01" + message.header + message.body)


@given(reports)
def test_report__through_json__comes_back_equal(found: EpochReport) -> None:
    assert report.from_json(json.loads(json.dumps(report.to_json(found)))) == found


@given(reports, st.integers(0, len(report.TYPE) - 1))
def test_digest__one_field_changed__differs(found: EpochReport, position: int) -> None:
    values = list(found.values())
    old = values[position]
    values[position] = bytes([old[0] ^ 1]) + old[1:] if isinstance(old, bytes) else old ^ 1
    assert report.struct_hash(EpochReport(*values)) != report.struct_hash(found)


def test_figures__first_report__count_borrowers_and_nothing_else() -> None:
    rows = crowd(40, 700) | crowd(5, 400, status=130, start=100) | crowd(9, 0, status=0, start=200)
    assert report.population_figures(scores_of(rows), None, REFERENCE) == Figures(45, 0, 0, 0)


def test_figures__fewer_than_30_in_both__are_0_but_for_borrowers() -> None:
    before = crowd(29, 400) | crowd(50, 0, status=0, start=100)
    now = crowd(29, 800) | crowd(50, 800, start=100)
    assert report.population_figures(scores_of(now), scores_of(before), REFERENCE) == Figures(79, 0, 0, 0)


def test_figures__newcomers_and_leavers__change_nothing_but_borrowers() -> None:
    before, now = crowd(30, 500), crowd(30, 551)
    alone = report.population_figures(scores_of(now), scores_of(before), REFERENCE)
    joined = now | crowd(500, 850, start=1000)
    left = before | crowd(500, 300, start=5000)
    crowded = report.population_figures(scores_of(joined), scores_of(left), REFERENCE)
    assert alone.moved_bps == 10_000
    assert crowded == replace(alone, borrowers=530)


@pytest.mark.parametrize(("score", "moved"), [(550, 0), (551, 2500), (450, 0), (449, 2500)])
def test_figures__moved__is_by_more_than_50_points(score: int, moved: int) -> None:
    before = scores_of(crowd(40, 500))
    now = scores_of(crowd(30, 500) | crowd(10, score, start=31))
    found = report.population_figures(now, before, REFERENCE)
    assert found.moved_bps == moved
    assert found.mean_score == (30 * 500 + 10 * score) // 40


def naive_figures(now: dict[bytes, tuple[int, int]], before: dict[bytes, tuple[int, int]]) -> Figures:
    both = [who for who in now if now[who][1] and before.get(who, (0, 0))[1]]
    borrowers = sum(score > 0 for _, score in now.values())
    if len(both) < 30:
        return Figures(borrowers, 0, 0, 0)
    bins = [0] * 10
    for who in both:
        bins[min((now[who][1] - 300) // 55, 9)] += 1
    moved = sum(abs(now[who][1] - before[who][1]) > 50 for who in both)
    mean = sum(now[who][1] for who in both) // len(both)
    return Figures(borrowers, mean, moved * 10_000 // len(both), psi_bps(REFERENCE, bins))


@given(populations, populations, st.integers(0, 60))
def test_figures__any_two_reports__are_those_of_a_naive_count(
    now: dict[bytes, tuple[int, int]], before: dict[bytes, tuple[int, int]], stay: int
) -> None:
    now, before = now | crowd(stay, 640, start=256), before | crowd(stay, 600, start=256)
    found = report.population_figures(scores_of(now), scores_of(before), REFERENCE)
    assert found == naive_figures(now, before)


def test_make_report__of_a_tree__carries_the_snapshot_and_the_home_block() -> None:
    scores = scores_of(crowd(31, 500))
    snapshot = Snapshot((ChainBlock(5, 1, b"\5" * 32, 90), ChainBlock(31337, 8, b"\6" * 32, 99)))
    tree = EpochTree.build(4, scores, bytes(32))
    found = report.make_report(
        tree=tree,
        snapshot=snapshot,
        deployment=Deployment(31337, bytes(20)),
        config=b"\1" * 32,
        model_id=b"\2" * 32,
        reference=REFERENCE,
        previous=Previous(3, scores),
    )
    assert (found.epoch, found.previous_epoch, found.root) == (4, 3, tree.root)
    assert (found.snapshot_block, found.snapshot_time, found.home_hash) == (8, 99, b"\6" * 32)
    assert (found.borrowers, found.mean_score, found.moved_bps) == (31, 500, 0)
    assert found.psi_bps == psi_bps(REFERENCE, [0, 0, 0, 31, 0, 0, 0, 0, 0, 0])
