"""Events → features → scores of a whole population: the one path that nodes, audits and people share.

Rules that hold here: everything is a function of (events, manifest, scorecard, until); the manifest
was loaded by `models.manifest.load`, which refuses one of another feature set than this version's. Wallets of
one person come to the same score, and an open dispute of one marks them all.
"""

from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from models.disputes import Stand, disputes_of
from models.features.catalogue import named
from models.manifest import Manifest
from models.measure import Population, measured, population, to_matrix
from models.persons import LATEST, links_of
from models.scorecard import DISPUTED, FeatureMatrix, Scorecard, Scores, score

WITHOUT = pa.schema([("account", pa.binary()), ("fact_id", pa.binary()), ("score_without", pa.int32())])
"""A row for each fact in dispute, in order of account and fact; a score of 0 is none."""


def measure_population(events: ir.Table, rule: Population, until: int) -> FeatureMatrix:
    """All features of everyone whom the population rule names, by what happened before `until`."""
    people = population(events, rule, until)
    points = people.mutate(until=ibis.literal(until, "int64"))
    return to_matrix(measured(events, points))


def score_population(events: ir.Table, manifest: Manifest, card: Scorecard, until: int) -> Scores:
    """Scores of the manifest's population in address order, those in dispute marked."""
    scores = score(card, measure_population(events, manifest.population, until))
    return _marked(scores, disputed_wallets(events, until))


def disputed_wallets(events: ir.Table, until: int) -> set[bytes]:
    """Every wallet with an open dispute at `until`, and the other wallets of its person."""
    accounts = {stand.account for stand in open_disputes(events, until)}
    links = links_of(events)
    return {wallet for account in accounts for wallet in links.bundle(account, until)}


def open_disputes(events: ir.Table, until: int) -> list[Stand]:
    """What is in dispute at `until`, by account and fact."""
    return [stand for stand in disputes_of(events) if stand.state == "open" and stand.holds(until)]


def scores_without(events: ir.Table, card: Scorecard, until: int, people: set[bytes]) -> pa.Table:
    """For each open dispute of these people the score if that fact alone were left out: rows of WITHOUT."""
    disputes = [stand for stand in open_disputes(events, until) if stand.account in people]
    found = [row for turn in _turns(disputes) for row in _without(events, card, until, turn)]
    ordered = sorted(found, key=lambda row: (row["account"], row["fact_id"]))
    return pa.Table.from_pylist(ordered, schema=WITHOUT)


def score_without(events: ir.Table, card: Scorecard, until: int, account: bytes, fact_id: bytes) -> int:
    """The account's score at `until` if a fact of its record had never been; 0 is none."""
    (found,) = _without(events, card, until, [Stand(account, fact_id, "upheld", 0, LATEST)])
    return int(found["score_without"])


def _turns(disputes: list[Stand]) -> list[list[Stand]]:
    """The disputes in as few lists as go with one of each account in a list."""
    turns: list[list[Stand]] = []
    place = 0
    for before, stand in zip([None, *disputes], disputes, strict=False):
        place = place + 1 if before is not None and before.account == stand.account else 0
        if place == len(turns):
            turns.append([])
        turns[place].append(stand)
    return turns


def _without(events: ir.Table, card: Scorecard, until: int, turn: list[Stand]) -> list[dict[str, Any]]:
    features = named(card.features)
    accounts = pa.array([stand.account for stand in turn], pa.binary())
    points = ibis.memtable(pa.table({"person": accounts, "until": pa.array([until] * len(turn), pa.int64())}))
    table = measured(events, points, features, assumed=turn).sort_by("person")
    found = score(card, to_matrix(table, features)).score.tolist()
    return [
        {"account": stand.account, "fact_id": stand.fact_id, "score_without": rest}
        for stand, rest in zip(turn, found, strict=True)
    ]


def _marked(scores: Scores, wallets: set[bytes]) -> Scores:
    """The same scores with DISPUTED in the status of these wallets."""
    if not wallets:
        return scores
    rows = [row.tobytes() in wallets for row in scores.addresses]
    mark = np.where(rows, DISPUTED, 0).astype(np.uint8)
    return replace(scores, status=scores.status | mark)
