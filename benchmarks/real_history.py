"""Real loans on a chain: replayed, read back, learned from, scored out of time, published by four nodes.

Every loan of ../shared/data/llamalend_loans/loans.csv becomes logs of LlamaLend's own shape at its own
time on a development chain. A scorecard learns from loans opened and closed before block 18,300,000; loans
opened later are scored at the moment before each was opened. Bad is a forced or a self-liquidation. Then
four processes publish one epoch over every borrower. `--quick` takes a third of the borrowers.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.sources import ChainSources, Source
from ledger_reader.store import LedgerStore
from oracle.devchain.replay import LoanRecord, read_llamalend_csv, replay, start_time, time_of
from oracle.devchain.stage import EPOCH, LENGTH, Stage, open_stage

DATA = Path(__file__).parents[2] / "shared" / "data" / "llamalend_loans" / "loans.csv"
CUT_BLOCK = 18_300_000
MARGIN = 600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="CSV of loans")
    parser.add_argument("--quick", action="store_true", help="a third of the borrowers, under a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(
            f"skipped: {arguments.data} is not there; put the data beside the checkout, or name it by --data"
        )
        return 0
    began = time.monotonic()
    history = read_llamalend_csv(arguments.data)
    if arguments.quick:
        history = tuple(record for record in history if keccak256(record.account)[0] % 3 == 0)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = run(stack, folder, history)
    found["seconds"] = round(time.monotonic() - began, 1)
    show(found)
    if arguments.json:
        print(json.dumps({name: value for name, value in found.items() if name != "shown"}))
    return 0


def run(stack: contextlib.ExitStack, folder: Path, history: tuple[LoanRecord, ...]) -> dict[str, Any]:
    last = max(record.closed or record.opened for record in history)
    stage = open_stage(stack, folder, start_time(history), last + MARGIN + EPOCH * LENGTH, long=True)
    say("replaying the recorded loans")
    played = replay(history, stage.anvil)
    stage = of_history(stage, played.sources)
    say("reading them back")
    read = stage.read()
    say("learning from loans before the cut")
    options = ("--bad", "liquidated", "--bad", "self_liquidated")
    trained = stage.train(time_of(CUT_BLOCK), *options)
    stage.propose(trained["modelId"])
    end = last + MARGIN + EPOCH * LENGTH
    stage.anvil.advance_to(end)
    stage.anvil.advance_to(end + 60)
    stage.furnish(Path(trained["manifest"]))
    stage.anvil.automine(True)
    say("four nodes publish an epoch over all borrowers")
    rounds = stage.run_nodes(stage.homes)
    if not all(each["agrees"] for each in rounds):
        raise Stop("the four nodes did not publish what they computed; run again and keep their logs.")
    return figures(history, read, trained, rounds) | count_alone(stage)


def count_alone(stage: Stage) -> dict[str, float | None]:
    """AUC of one count named beforehand: how many of the borrower's earlier loans ended badly."""
    from models.training.dataset import split_by_time
    from models.training.evaluate import auc
    from models.training.outcomes import Outcome

    with LedgerStore(stage.ledger) as store:
        head = store.head(stage.deployment.chain_id)
        assert head is not None
        events = store.events(Snapshot((head,)))
        policy = Outcome(("liquidated", "self_liquidated"))
        test = split_by_time(events, policy, time_of(CUT_BLOCK), head.time + 1, wallets="shared").test
    names = ["liquidations", "self_liquidations"]
    count = test.features[names].sum(axis=1).to_numpy(dtype=float)
    back = test.returning
    return {
        "auc_count_all": round(auc(test.bad, count), 4),
        "auc_count_returning": round(auc(test.bad[back], count[back]), 4),
    }


def of_history(stage: Stage, sources: ChainSources) -> Stage:
    """The world whose ledger holds the replayed markets and the oracle, over everyone who ever borrowed."""
    oracle = Source("credit_oracle", stage.deployment.oracle, stage.deployment.start_block)
    listed = replace(sources, sources=(*sources.sources, oracle))
    return replace(stage, sources=listed, population="all")


def figures(
    history: tuple[LoanRecord, ...],
    read: dict[str, Any],
    trained: dict[str, Any],
    rounds: list[dict[str, Any]],
) -> dict[str, Any]:
    everyone, returning = trained["evaluation"]["all"], trained["evaluation"]["returning"]
    return {
        "loans_replayed": len(history),
        "events_read": read["events"],
        "loans_trained": trained["facts"]["train_rows"],
        "loans_scored": everyone["rows"],
        "loans_bad": everyone["bad"],
        **subset("all", everyone),
        **subset("returning", returning),
        "best_feature": everyone["single"]["name"],
        "borrowers_in_epoch": rounds[0]["leaves"],
        "roots_equal": int(len({each["root"] for each in rounds}) == 1),
        "shown": trained,
    }


def subset(name: str, found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        keys = ("", "_low", "_high")
        return {f"auc_{name}{key}": None for key in keys} | {f"auc_best_feature_{name}": None}
    return {
        f"auc_{name}": found["auc"]["value"],
        f"auc_{name}_low": found["auc"]["low"],
        f"auc_{name}_high": found["auc"]["high"],
        f"auc_{name}_clamped": found["auc_clamped"],
        f"auc_best_feature_{name}": found["single"]["auc"]["value"],
        f"gain_{name}": found["gain"]["value"],
        f"gain_{name}_low": found["gain"]["low"],
        f"gain_{name}_high": found["gain"]["high"],
    }


def show(found: dict[str, Any]) -> None:
    print(
        f"{found['loans_replayed']} loans replayed, {found['events_read']} events read back; "
        f"{found['loans_trained']} to learn from, {found['loans_scored']} scored, of them "
        f"{found['loans_bad']} bad"
    )
    for name in ("all", "returning"):
        if found[f"auc_{name}"] is not None:
            print(
                f"{name:<10} AUC {found[f'auc_{name}']:.3f} [{found[f'auc_{name}_low']:.3f}, "
                f"{found[f'auc_{name}_high']:.3f}]"
                f"   count of earlier bad loans {found[f'auc_count_{name}']:.3f}"
                f"   best single feature {found[f'auc_best_feature_{name}']:.3f}"
                f"   difference {found[f'gain_{name}']:+.3f} [{found[f'gain_{name}_low']:+.3f}, "
                f"{found[f'gain_{name}_high']:+.3f}]"
            )
    equal = "one root" if found["roots_equal"] else "different roots"
    print(f"four nodes: {equal} over {found['borrowers_in_epoch']} borrowers; {found['seconds']} s in all")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
