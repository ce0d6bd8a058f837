"""What cheating costs: strategies played into a simulated economy's ledger, measured, scored and billed.

A scorecard is trained on the economy of a seed as the demo trains its own; no cheat is among the training
rows. Then every strategy of benchmarks/strategies moves in on day 30, its rows are merged into the ledger as
the reader would find them, and its wallet is scored after 90, 180, 270 and 330 days. What is printed of each
is its best moment, and the score at the end. docs/gaming.md tells the strategies, the rules that answer
them, and what remains.

Points: those above the base, the least number that an honest newcomer gets (paid by one of the economy's
employers, without a loan, at any of the same moments). A wallet that gets no number, or a lower one, gains
nothing; what a gain costs when no number is taken as 300, the scale's end, stands beside it (`over_none`).
Dollars: gas, interest and fees to strangers, gifts to strangers, own money locked at LOCKED_BPS a year; each
a scored wallet, where many share a bill. Gas is at layer-2 prices, which are the cheapest; mainnet's stand
beside it. Time is told apart and is no dollars. What has no price that anyone could state is left out of the
least cost, and named.
`max_fresh_score` and `min_usd_per_50_points` are of strategies without real debt repaid to strangers by any
of their wallets (null: none of them gains a point); `..._with_repaid_debt` are of the others.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from strategies.cheat import Cheat, World
from strategies.debts import debts
from strategies.loops import WAGE, loops, months

from ledger_reader.ledger import EVENTS, Snapshot
from ledger_reader.store import LedgerStore
from models.features.catalogue import named
from models.rules import INSUFFICIENT
from models.scorecard import Scorecard, rate
from models.segment import LOWEST
from models.training.dataset import measure_at, to_columns
from models.training.outcomes import to_frame
from models.training.recipes import train
from models.vouching import proofs
from oracle.devchain.deploy import DAY
from oracle.devchain.economy import Plan, plan
from oracle.devchain.people import BANKS, EMPLOYERS, places
from oracle.devchain.rehearsal import rehearse, rehearse_into

DAYS, CUT_DAYS, KNOWN_DAYS = 365, 243, 350
"""As the demo: a year, learned from what was before CUT_DAYS, tested on what was known by KNOWN_DAYS."""

BORROWERS, SEEDS, QUICK_SEEDS = 214, (7, 8), (7,)
BEGINS, AFTER = 30, (90, 180, 270, 330)

ETHER_USD = 3_000
GWEI_LAYER_2, GWEI_MAINNET = 0.02, 1.0
LOCKED_BPS = 800
"""What own money could earn elsewhere, in a year."""

STEP = 50
TARGET_SCORE, TARGET_USD = 600, 500


@dataclass(frozen=True)
class Result:
    """A strategy's best moment. Dollars are of one scored wallet; None: no price, or nothing gained."""

    name: str
    repays: bool
    score: int | None
    score_at_end: int | None
    gain: int
    over_none: int
    days: int
    usd: float | None
    usd_mainnet: float | None
    usd_per_50: float | None
    usd_per_50_over_none: float | None
    points_per_usd: float | None
    points_per_day: float
    usd_gained: float
    note: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"one economy in place of {len(SEEDS)}")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    seeds = QUICK_SEEDS if arguments.quick else SEEDS
    played = {seed: play(seed) for seed in seeds}
    for seed, (base, results) in played.items():
        print(f"seed {seed}: an honest newcomer has {base}\n{table(results)}\n")
    found = figures(played)
    for name, value in found.items():
        if not isinstance(value, (list, dict)):
            print(f"{name:<45} {value}")
    if arguments.json:
        print(json.dumps(found))
    return 0


def play(seed: int) -> tuple[int, list[Result]]:
    """The base, and every strategy's best moment, in the economy of a seed."""
    economy = plan(seed, BORROWERS, DAYS)
    card, world, rows = learned(economy)
    cheats = [newcomer(world, BEGINS), *loops(world, BEGINS), *debts(world, BEGINS)]
    ledger = pa.concat_tables([rows, *(cheat.table() for cheat in cheats)])
    scores = np.array([scores_at(card, ledger, cheats, world.start + (BEGINS + at) * DAY) for at in AFTER])
    base = int(scores[:, 0][scores[:, 0] > 0].min())
    return base, [best(cheat, scores[:, index], base) for index, cheat in enumerate(cheats) if index]


def learned(economy: Plan) -> tuple[Scorecard, World, pa.Table]:
    """The scorecard of an economy, what a cheat finds there, and its events."""
    with tempfile.TemporaryDirectory() as folder, LedgerStore(Path(folder) / "ledger.duckdb") as store:
        events = store.events(Snapshot((rehearse_into(store, economy),)))
        found = train(events, economy.start + CUT_DAYS * DAY, economy.start + KNOWN_DAYS * DAY, draws=20)
        proved = to_frame(proofs(events).order_by(["proved", "account"]))
    rows = rehearse(economy)
    drawn = rows.filter(pa.compute.equal(rows["kind"], "borrow")).slice(0, 1).to_pylist()[0]
    world = World(
        seed=economy.seed,
        start=economy.start,
        coin=drawn["asset"],
        lender=drawn["counterparty"],
        strangers=tuple(proved["account"]),
        employer=places(economy.seed, "employer", EMPLOYERS)[0],
        bank=places(economy.seed, "bank", BANKS)[0],
    )
    return found.scorecard, world, rows.cast(EVENTS)


def newcomer(world: World, begins: int) -> Cheat:
    """No cheat: a new worker of one of the economy's employers, who spends what comes in."""
    honest = Cheat("honest newcomer", world, begins)
    for day in months(honest):
        honest.receive(day, world.employer, honest.scored, WAGE)
        honest.give(day + 3, honest.scored, world.strangers[0], WAGE * 9 // 10)
    return honest


def scores_at(card: Scorecard, ledger: pa.Table, cheats: Sequence[Cheat], until: int) -> list[int]:
    """The scores of the cheats' wallets at a moment, 0 for no number."""
    wallets = [cheat.scored for cheat in cheats]
    features = to_columns(measure_at(ibis.memtable(ledger), wallets, until, named(card.features)))
    rated = rate(card, np.column_stack([features[name] for name in card.features]))
    return [
        0 if status == INSUFFICIENT else int(at) for status, at in zip(rated.status, rated.score, strict=True)
    ]


def best(cheat: Cheat, scores: Sequence[int], base: int) -> Result:
    """The moment with the highest score, the earliest of equals."""
    at = int(np.argmax(scores))
    score, days = int(scores[at]), AFTER[at]
    gain = max(0, score - base) if score else 0
    until = cheat.begins + days
    usd, mainnet = (
        cheat.cost(until, ETHER_USD * gwei * 1e-9, LOCKED_BPS) for gwei in (GWEI_LAYER_2, GWEI_MAINNET)
    )
    over_none = max(0, score - LOWEST)
    return Result(
        name=cheat.name,
        repays=cheat.repays,
        score=score or None,
        score_at_end=int(scores[-1]) or None,
        gain=gain,
        over_none=over_none,
        days=days,
        usd=round(usd, 2) if cheat.priced else None,
        usd_mainnet=round(mainnet, 2) if cheat.priced else None,
        usd_per_50=round(usd * STEP / gain, 2) if gain and cheat.priced else None,
        usd_per_50_over_none=round(usd * STEP / over_none, 2) if gain and cheat.priced else None,
        points_per_usd=round(gain / usd, 3) if usd and cheat.priced else None,
        points_per_day=round(gain / days, 3),
        usd_gained=cheat.gained / 100,
        note=cheat.note,
    )


def figures(played: dict[int, tuple[int, list[Result]]]) -> dict[str, Any]:
    """The figures over all economies: the highest scores, the least dollars."""
    everyone = [result for _, results in played.values() for result in results]
    free = [result for result in everyone if not result.repays]
    paying = [result for result in everyone if result.repays]
    names = list(dict.fromkeys(result.name for result in everyone))
    return {
        "strategies": len(names),
        "max_fresh_score": highest(free),
        "min_usd_per_50_points": least([result.usd_per_50 for result in free]),
        "min_usd_per_50_points_over_none": least([result.usd_per_50_over_none for result in free]),
        "max_fresh_score_with_repaid_debt": highest(paying),
        "min_usd_per_50_points_with_repaid_debt": least([result.usd_per_50 for result in paying]),
        "base": {seed: base for seed, (base, _) in played.items()},
        "details": {seed: [asdict(result) for result in results] for seed, (_, results) in played.items()},
        "notes": {
            "prices": f"ether {ETHER_USD} USD; gas {GWEI_LAYER_2} gwei (layer 2), {GWEI_MAINNET} (mainnet); "
            f"own money {LOCKED_BPS / 100} % a year",
            "without_price": sorted({result.name for result in everyone if result.usd is None}),
        },
    }


def highest(results: Sequence[Result]) -> int | None:
    return max((result.score for result in results if result.score is not None), default=None)


def least(costs: Sequence[float | None]) -> float | None:
    return min((cost for cost in costs if cost is not None), default=None)


HEAD = (
    "strategy", "real debt", "score", "at the end", "gain", "after days", "USD", "on mainnet",
    "USD per 50 points", "points per USD", "points per day",
)  # fmt: skip


def table(results: Sequence[Result]) -> str:
    """Markdown, for docs/gaming.md."""
    lines = [f"| {' | '.join(HEAD)} |", f"|---|---|{'---:|' * (len(HEAD) - 2)}"]
    for one in sorted(results, key=lambda result: (result.repays, result.score or 0)):
        scores = (one.score or "none", one.score_at_end or "none", one.gain, one.days)
        prices = map(
            shown, (one.usd, one.usd_mainnet, one.usd_per_50, one.points_per_usd, one.points_per_day)
        )
        cells = (one.name, "yes" if one.repays else "no", *scores, *prices)
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
