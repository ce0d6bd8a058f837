"""How well the scorecards rank and how true their chances are, beside gradient boosting and optbinning.

Four public sets (German, HELOC, Taiwan, Give Me Some Credit): stratified 5-fold cross-validation with the
seeds printed, the same folds for all; German over ten seeds. AUC of our recipes is that of the unclamped
integer total. Peers stop early by the mean best round of an inner 5-fold cross-validation and are refitted
on all training rows; nothing is chosen on a reported fold. Calibration error: out-of-fold chances pooled,
ten bins of equal count. Then the 80 small firms (repeated cross-validation; the bank's rating is never
used) and LlamaLend's loans out of time (the ledger path, events written straight into the ledger's shape).
`--quick` takes 2,000 rows, one seed and two folds. `--set` runs some sets only.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: threads that fight cost more than they give

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from models.segment import Columns
from models.training.classifier import ScorecardClassifier
from models.training.evaluate import auc, calibration_error

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from oracle.devchain.replay import LoanRecord

DATA = Path(__file__).parents[2] / "shared" / "data"
SEED = 20_261_124
FOLDS = 5
GERMAN_SEEDS = 10
QUICK_ROWS = 2_000
SME_REPEATS = 10
CUT_BLOCK = 18_300_000

BOOSTING = {"learning_rate": 0.05, "n_estimators": 1_000, "subsample": 0.8, "colsample_bytree": 0.8}
PATIENCE = 50

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class DataSet:
    """A table, its outcome, its codes, and the directions that common sense gives its columns."""

    table: pd.DataFrame
    bad: Bools
    special: dict[str, list[float]] = field(default_factory=dict)
    directions: dict[str, int] = field(default_factory=dict)
    seeds: tuple[int, ...] = (SEED,)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 rows, one seed, two folds")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--set", nargs="*", choices=[*SETS, *OTHERS], default=[*SETS, *OTHERS])
    parser.add_argument("--seeds", type=int, default=GERMAN_SEEDS, help="seeds of German's folds")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {"notes": []}
    for name in arguments.set:
        try:
            run = of_table(name, arguments.seeds) if name in SETS else OTHERS[name]
            found |= run(arguments.quick)
        except FileNotFoundError as error:
            found["notes"].append(f"{name} skipped: {error.filename} is not there")
            print(found["notes"][-1], file=sys.stderr)
    if arguments.json:
        print(json.dumps(found))
    return 0


def of_table(name: str, most_seeds: int) -> Callable[[bool], dict[str, Any]]:
    def run(quick: bool) -> dict[str, Any]:
        rows = SETS[name]()
        rows = replace(rows, seeds=rows.seeds[:most_seeds])
        if quick:
            chosen = np.random.default_rng(SEED).permutation(len(rows.bad))[:QUICK_ROWS]
            table = rows.table.iloc[chosen].reset_index(drop=True)
            rows = DataSet(table, rows.bad[chosen], rows.special, rows.directions)
        return compare(name, rows, 2 if quick else FOLDS)

    return run


def compare(name: str, rows: DataSet, folds: int) -> dict[str, Any]:
    """Keys NAME_…: mean AUC of each contender, the pooled calibration error, paired differences."""
    contenders = available()
    aucs: dict[str, list[float]] = {}
    errors = []
    for seed in rows.seeds:
        chance = np.zeros(len(rows.bad))
        for fitted, judged in StratifiedKFold(folds, shuffle=True, random_state=seed).split(
            rows.bad, rows.bad
        ):
            for who, fit in contenders.items():
                began = time.monotonic()
                risk, extra = fit(rows, fitted, judged)
                extra_aucs = {f"{who}_{key}": auc(rows.bad[judged], value) for key, value in extra.items()}
                for key, value in ({who: auc(rows.bad[judged], risk)} | extra_aucs).items():
                    aucs.setdefault(key, []).append(value)
                if who == "ebm":
                    chance[judged] = extra["chance"]
                say(f"{name} seed {seed} {who} {aucs[who][-1]:.4f} {time.monotonic() - began:.0f} s")
        errors.append(calibration_error(rows.bad, chance))
    return told(name, aucs, errors, rows.seeds, folds)


def told(
    name: str, aucs: dict[str, list[float]], errors: list[float], seeds: tuple[int, ...], folds: int
) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{name}_{who}_auc": round(float(np.mean(each)), 4) for who, each in aucs.items()
    }
    peers = [who for who in ("lightgbm", "xgboost", "hgb") if who in aucs]
    best = max(peers, key=lambda who: float(np.mean(aucs[who])))
    gaps = np.array(aucs["ebm"]) - np.array(aucs[best])
    of_seed = gaps.reshape(len(seeds), folds).mean(axis=1) if len(seeds) > 1 else gaps
    half = 1.645 * of_seed.std(ddof=1) / np.sqrt(len(of_seed))
    found |= {
        f"{name}_ece": round(float(np.mean(errors)), 4),
        f"{name}_best_peer": best,
        f"{name}_gap": round(float(gaps.mean()), 4),
        f"{name}_gap_low": round(float(gaps.mean() - half), 4),
        f"{name}_gap_high": round(float(gaps.mean() + half), 4),
    }
    print(f"{name}: seeds {list(seeds)}, {folds} folds; " + ", ".join(f"{k} {v}" for k, v in found.items()))
    return found


Fit = Callable[[DataSet, NDArray[np.intp], NDArray[np.intp]], tuple[Floats, dict[str, Floats]]]


def available() -> dict[str, Fit]:
    """The contenders by name; LightGBM and XGBoost come with `pip install '.[bench]'`."""
    found: dict[str, Fit] = {"ebm": ebm, "ebm_bound": bound, "woe": woe, "hgb": hgb, "optbinning": optbinning}
    for name, fit in (("lightgbm", lightgbm), ("xgboost", xgboost)):
        try:
            __import__(name)
            found[name] = fit
        except ImportError:
            say(f"{name} is not installed: pip install '.[bench]'")
    return found


def ebm(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    machine = learned(rows, fitted, "ebm", {})
    table = rows.table.iloc[judged]
    integers = machine.tabular_.frame.integers(table)
    extra = {
        "chance": machine.predict_proba(table)[:, 1],
        "floats": machine.floats_.log_odds(Columns(integers, len(judged))),
        "clamped": -machine.scores(table).astype(float),
    }
    return -machine.totals(table).astype(float), extra


def bound(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    """Every column that has a direction bound to it, which leaves it without pairs: what that costs."""
    machine = learned(rows, fitted, "ebm", rows.directions)
    return -machine.totals(rows.table.iloc[judged]).astype(float), {}


def woe(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    machine = learned(rows, fitted, "woe", {})
    return -machine.totals(rows.table.iloc[judged]).astype(float), {}


def learned(
    rows: DataSet, fitted: NDArray[np.intp], recipe: str, directions: dict[str, int]
) -> ScorecardClassifier:
    machine = ScorecardClassifier(recipe, directions=directions, special_codes=rows.special)
    return machine.fit(rows.table.iloc[fitted], rows.bad[fitted])


def hgb(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    table = as_categories(rows.table)
    machine = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=1_000, max_leaf_nodes=15, l2_regularization=1.0, early_stopping=True,
        validation_fraction=0.2, n_iter_no_change=PATIENCE, categorical_features="from_dtype",
        random_state=SEED,
    )  # fmt: skip
    machine.fit(table.iloc[fitted], rows.bad[fitted])
    return machine.predict_proba(table.iloc[judged])[:, 1], {}


def lightgbm(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    import lightgbm as lgb

    def machine(rounds: int) -> Any:
        settings = BOOSTING | {"n_estimators": rounds}
        return lgb.LGBMClassifier(
            **settings, subsample_freq=1, num_leaves=15, min_child_samples=30, reg_lambda=1.0,
            random_state=SEED, n_jobs=1, verbose=-1,
        )  # fmt: skip

    def best(table: pd.DataFrame, bad: Bools, held: pd.DataFrame, held_bad: Bools) -> int:
        stop = lgb.early_stopping(PATIENCE, verbose=False)
        found = machine(1_000).fit(
            table, bad, eval_set=[(held, held_bad)], eval_metric="auc", callbacks=[stop]
        )
        return int(found.best_iteration_)

    return refitted(rows, fitted, judged, machine, best)


def xgboost(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    import xgboost as xgb

    def machine(rounds: int, **more: Any) -> Any:
        settings = BOOSTING | {"n_estimators": rounds} | more
        return xgb.XGBClassifier(
            **settings, max_depth=4, min_child_weight=5, reg_lambda=1.0, enable_categorical=True,
            eval_metric="auc", random_state=SEED, n_jobs=1,
        )  # fmt: skip

    def best(table: pd.DataFrame, bad: Bools, held: pd.DataFrame, held_bad: Bools) -> int:
        found = machine(1_000, early_stopping_rounds=PATIENCE)
        found.fit(table, bad, eval_set=[(held, held_bad)], verbose=False)
        return int(found.best_iteration) + 1

    return refitted(rows, fitted, judged, machine, best)


def refitted(
    rows: DataSet,
    fitted: NDArray[np.intp],
    judged: NDArray[np.intp],
    machine: Callable[[int], Any],
    best: Callable[[pd.DataFrame, Bools, pd.DataFrame, Bools], int],
) -> tuple[Floats, dict[str, Floats]]:
    """Chances from a machine of as many rounds as were best on average over inner folds."""
    table = as_categories(rows.table)
    inner, bad = table.iloc[fitted], rows.bad[fitted]
    rounds = [
        best(inner.iloc[a], bad[a], inner.iloc[b], bad[b])
        for a, b in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(bad, bad)
    ]
    found = machine(max(1, round(float(np.mean(rounds))))).fit(inner, bad)
    return found.predict_proba(table.iloc[judged])[:, 1], {}


def optbinning(
    rows: DataSet, fitted: NDArray[np.intp], judged: NDArray[np.intp]
) -> tuple[Floats, dict[str, Floats]]:
    from optbinning import BinningProcess, Scorecard

    labels = [name for name in rows.table if is_label(rows.table[name])]
    per_column = {name: {"special_codes": codes} for name, codes in rows.special.items()}
    process = BinningProcess(
        list(rows.table), categorical_variables=labels or None, binning_fit_params=per_column or None
    )
    scaling = {"min": 300, "max": 850}
    card = Scorecard(
        process, LogisticRegression(max_iter=1_000), scaling_method="min_max", scaling_method_params=scaling
    )
    card.fit(rows.table.iloc[fitted], rows.bad[fitted].astype(int))
    return card.predict_proba(rows.table.iloc[judged])[:, 1], {}


def as_categories(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: table[name].astype("category") for name in table if is_label(table[name])})


def is_label(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def tabular(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / "tabular" / f"{name}.csv.gz")


def german() -> DataSet:
    table = tabular("german_credit")
    bad = (table.pop("creditability") == "bad").to_numpy()
    directions = {"duration_in_month": -1, "credit_amount": -1, "age_in_years": 1}
    return DataSet(table, bad, directions=directions, seeds=tuple(range(GERMAN_SEEDS)))


def heloc() -> DataSet:
    table = tabular("heloc")
    bad = (table.pop("RiskPerformance") == "Bad").to_numpy()
    safer = (
        "ExternalRiskEstimate", "MSinceOldestTradeOpen", "MSinceMostRecentTradeOpen", "AverageMInFile",
        "NumSatisfactoryTrades", "PercentTradesNeverDelq", "MSinceMostRecentDelq",
        "MSinceMostRecentInqexcl7days",
    )  # fmt: skip
    riskier = (
        "NumTrades60Ever2DerogPubRec", "NumTrades90Ever2DerogPubRec", "NumTradesOpeninLast12M",
        "NumInqLast6M",
        "NumInqLast6Mexcl7days", "NetFractionRevolvingBurden", "NetFractionInstallBurden",
        "NumRevolvingTradesWBalance", "NumInstallTradesWBalance", "NumBank2NatlTradesWHighUtilization",
        "PercentTradesWBalance",
    )  # fmt: skip
    special = {name: [-9.0, -8.0, -7.0] for name in table}
    return DataSet(table, bad, special, dict.fromkeys(safer, 1) | dict.fromkeys(riskier, -1))


def taiwan() -> DataSet:
    table = tabular("taiwan_credit_default").drop(columns="ID")
    bad = table.pop("default.payment.next.month").to_numpy() == 1
    late = [name for name in table if name.startswith("PAY_") and not name.startswith("PAY_AMT")]
    paid = [name for name in table if name.startswith("PAY_AMT")]
    directions = dict.fromkeys(late, -1) | dict.fromkeys(paid, 1) | {"LIMIT_BAL": 1}
    return DataSet(table, bad, directions=directions)


def gmsc() -> DataSet:
    table = tabular("give_me_some_credit_half").drop(columns="id")
    bad = table.pop("SeriousDlqin2yrs").to_numpy() == 1
    late = [name for name in table if "DaysPastDue" in name or "DaysLate" in name]
    directions = dict.fromkeys(late, -1) | {"age": 1, "RevolvingUtilizationOfUnsecuredLines": -1}
    return DataSet(table, bad, {name: [96.0, 98.0] for name in late}, directions)


SETS: dict[str, Callable[[], DataSet]] = {"german": german, "heloc": heloc, "taiwan": taiwan, "gmsc": gmsc}


def sme(quick: bool) -> dict[str, Any]:
    """80 small firms by simple aggregates of their invoices: mean AUC over the folds of repeated
    cross-validation; 90 % bootstrap interval over firms of their mean standing within their folds.
    """
    table, bad = firms()
    repeats, standing, each = 2 if quick else SME_REPEATS, np.zeros(len(bad)), []
    for seed in range(repeats):
        folds = StratifiedKFold(min(FOLDS, int(bad.sum())), shuffle=True, random_state=seed)
        for fitted, judged in folds.split(bad, bad):
            machine = ScorecardClassifier(directions=FIRM_DIRECTIONS).fit(table.iloc[fitted], bad[fitted])
            risk = machine.decision_function(table.iloc[judged]).astype(float)
            each.append(auc(bad[judged], risk))
            standing[judged] += pd.Series(risk).rank(pct=True).to_numpy() / repeats
    low, high = bootstrap(bad, standing)
    found = {
        "sme_auc": round(float(np.mean(each)), 4),
        "sme_auc_low": low,
        "sme_auc_high": high,
        "sme_firms": len(bad),
        "sme_bad": int(bad.sum()),
    }
    print(f"sme: seeds 0 to {repeats - 1}; {found}")
    return found


def bootstrap(bad: Bools, risk: Floats, draws: int = 1_000) -> tuple[float, float]:
    random, found = np.random.default_rng(SEED), []
    while len(found) < draws:
        drawn = random.integers(0, len(bad), len(bad))
        if 0 < bad[drawn].sum() < len(bad):
            found.append(auc(bad[drawn], risk[drawn]))
    low, high = np.quantile(found, (0.05, 0.95))
    return round(float(low), 4), round(float(high), 4)


FIRM_DIRECTIONS = {"sales_months": 1, "buyers": 1}
"""The trend is left free: growth may be strength or youth. Three aggregates for four defaults; that the
trend is among them was settled after a look at the labels, so the figure is not blind."""


def firms() -> tuple[pd.DataFrame, Bools]:
    """One row a firm, and whether it defaulted; the bank's rating is left out."""
    labels = pd.read_csv(DATA / "sme_invoices" / "labels.csv").set_index("enterprise")
    sales = sales_by_firm()
    table = sales.assign(trend=sales.recent / (sales.recent + sales.before)).drop(
        columns=["recent", "before"]
    )
    return table.reindex(labels.index).reset_index(drop=True), labels.defaulted.to_numpy() == 1


def sales_by_firm() -> pd.DataFrame:
    """Months with sales, distinct buyers, sales of the last twelve months and of the twelve before."""
    rows = pd.read_parquet(DATA / "sme_invoices" / "sales.parquet")
    month = rows.date.dt.year * 12 + rows.date.dt.month
    rows = rows.assign(ago=month.max() - month).query("status == 'valid'")
    sold = rows[rows.net_amount > 0]
    return pd.DataFrame(
        {
            "sales_months": rows.groupby("enterprise").ago.nunique(),
            "buyers": rows.groupby("enterprise").counterparty.nunique(),
            "recent": sold[sold.ago < 12].groupby("enterprise").net_amount.sum(),
            "before": sold[sold.ago.between(12, 23)].groupby("enterprise").net_amount.sum(),
        }
    ).fillna(0)


def llamalend(quick: bool) -> dict[str, Any]:
    """Loans before block 18,300,000 to learn from, those opened later to judge: the ledger path."""
    from models.training.outcomes import Outcome
    from models.training.recipes import train
    from oracle.devchain.replay import read_llamalend_csv, time_of

    history = read_llamalend_csv(DATA / "llamalend_loans" / "loans.csv")
    cut, end = time_of(CUT_BLOCK), max(record.closed or record.opened for record in history) + 1
    policy, draws = Outcome(("liquidated", "self_liquidated")), 100 if quick else 1_000
    result = train(ledger_of(history), cut, end, "llamalend", policy, wallets="shared", draws=draws)
    found: dict[str, Any] = {}
    for name, figures in (("all", result.evaluation.all), ("returning", result.evaluation.returning)):
        assert figures is not None
        found |= {
            f"llamalend_auc_{name}": figures.auc.value,
            f"llamalend_auc_{name}_low": figures.auc.low,
            f"llamalend_auc_{name}_high": figures.auc.high,
            f"llamalend_best_feature_{name}": figures.single.auc.value,
        }
    print(f"llamalend: {found}; setting {result.facts.setting}, inner AUC {result.facts.inner_auc}")
    return found


def ledger_of(history: "tuple[LoanRecord, ...]") -> "Table":
    """The events as the replayed chain would be read, written straight into the ledger's shape."""
    import ibis
    import pyarrow as pa

    from ledger_reader.ledger import EVENTS
    from oracle.devchain.replay import LIQUIDATOR, controller

    rows = []
    for loan in history:
        market = controller(loan.market)
        common = {"chain_id": 1, "leg": 0, "tx_hash": b"", "protocol": "llamalend", "account": loan.account}
        common |= {"asset": None, "loan_id": market.rjust(32, b"\0"), "counterparty": None}
        rows.append(common | {"block_time": loan.opened, "kind": "borrow"})
        if loan.closed is None:
            continue
        closing = common | {"block_time": loan.closed, "kind": "repay"}
        if loan.status != "repaid":
            own = loan.status == "self-liquidation"
            closing |= {"kind": "liquidation", "counterparty": loan.account if own else LIQUIDATOR}
        rows.append(closing)
    rows.sort(key=lambda row: (row["block_time"], row["kind"] == "borrow", row["loan_id"], row["account"]))
    numbered = [row | {"block_number": at, "log_index": 0} for at, row in enumerate(rows)]
    return ibis.memtable(pa.Table.from_pylist(numbered, schema=EVENTS))


OTHERS: dict[str, Callable[[bool], dict[str, Any]]] = {"sme": sme, "llamalend": llamalend}


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
