"""Random scorecards and rows, scored by the contract on a chain and by Python: equal to the point."""

import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_abi.abi import encode as abi_encode

from models import plain
from models.encoding import encode
from models.scorecard import from_json, rate
from oracle.contract import Contract, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.people import demo_address
from tests.e2e.conftest import anvil_binary

VECTORS = Path(__file__).parents[1] / "golden" / "make_rescore.py"
CARDS, ROWS = 6, 25


@pytest.fixture
def chain() -> Iterator[Anvil]:
    anvil_binary()
    with Anvil() as anvil:
        yield anvil


@pytest.mark.parametrize("seed", [1, 2])
def test_rescorer__of_random_cards_and_rows__scores_as_python_does(chain: Anvil, seed: int) -> None:
    make: dict[str, Any] = runpy.run_path(str(VECTORS))
    rng = random.Random(seed)
    plains = [make["a_card"](rng, f"card {index}") for index in range(CARDS)]
    for plain_card in plains:
        card = from_json(plain.write(plain_card))
        code = load_abi("Rescorer").bytecode + abi_encode(["address", "bytes"], [bytes(20), encode(card)])
        (receipt,) = chain.mine_block([Transaction(demo_address("owner"), None, code, gas=5_000_000)])
        assert receipt.created is not None
        rescorer = Contract(chain.rpc, "Rescorer", receipt.created)
        rows = [list(make["a_row"](rng, plain_card).values()) for _ in range(ROWS)]
        found = [rescorer.read("score", row)[0] for row in rows]
        rated = rate(card, np.array(rows, dtype=np.int64))
        assert [tuple(one) for one in found] == list(
            zip(
                rated.status.tolist(),
                rated.score.tolist(),
                rated.width.tolist(),
                rated.total.tolist(),
                strict=True,
            )
        )
