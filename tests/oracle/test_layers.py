"""What each part loads: a node never loads training code, and scoring needs numpy only."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TRAINING = {"sklearn", "interpret", "joblib", "scipy", "pandas", "matplotlib", "models.training"}
ENGINES = {"ibis", "duckdb", "pyarrow"}
SERVERS = {"fastapi", "starlette", "uvicorn", "httpx2"}


def loaded_by(*modules: str) -> set[str]:
    """All modules that a fresh interpreter holds after importing some of ours."""
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    found = set(done.stdout.split())
    assert set(modules) <= found
    return found


@pytest.mark.parametrize(
    "module",
    [
        "oracle.node",
        "oracle.node_app",
        "oracle.api.app",
        "oracle.verbs.rounds",
        "oracle.verbs.scores",
        "oracle.cli",
        "models.measure",
        "models.scoring",
        "models.scorecard",
        "ledger_reader.reader",
    ],
)
def test_import__of_what_a_node_runs__loads_no_training_code(module: str) -> None:
    assert not TRAINING & loaded_by(module)


def test_import__of_the_scorecard__loads_numpy_and_no_engine() -> None:
    found = loaded_by("models.scorecard")
    assert "numpy" in found
    assert not (ENGINES | SERVERS | {"oracle", "nacl", "eth_account"}) & found


def test_import__of_the_command_line__loads_no_verbs_code() -> None:
    assert not (ENGINES | SERVERS | {"numpy", "models", "oracle.verbs"}) & loaded_by("oracle.cli")


def test_import__of_a_node__loads_neither_fastapi_nor_what_only_who_sends_needs() -> None:
    assert not {"fastapi", "sqlalchemy", "eth_account", "eth_keys", "rlp"} & loaded_by("oracle.verbs.rounds")


def test_import__of_what_proves_and_checks__loads_no_engine_that_measures() -> None:
    found = loaded_by("oracle.verbs.epochs", "oracle.verbs.proofs", "oracle.credit_report", "oracle.ceremony")
    assert not {"ibis", "duckdb", "pandas", "fastapi", "uvicorn", "eth_account"} & found


def test_import__of_what_reads_and_moves_a_ledger__loads_no_ibis() -> None:
    assert not {"ibis", "pandas", "fastapi", "eth_abi"} & loaded_by("oracle.verbs.ledgers")


@pytest.mark.parametrize("module", ["models.scoring", "models.manifest", "ledger_reader.store"])
def test_import__of_a_lower_layer__loads_no_higher_one(module: str) -> None:
    found = loaded_by(module)
    assert "oracle" not in found
    assert module.startswith("models") or "models" not in found


def test_import__of_the_borrowers_service__loads_no_ledger_and_no_way_to_ask_a_chain() -> None:
    found = loaded_by("oracle.api.app")
    assert not {"ledger_reader.store", "ledger_reader.rpc", "oracle.node", "oracle.contract"} & found


def test_import__of_the_data_scientists_verbs__does_load_training() -> None:
    assert {"models.training", "sklearn"} <= loaded_by("oracle.modelling")
