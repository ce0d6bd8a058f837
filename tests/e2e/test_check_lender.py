"""`check --lender` of contracts on a chain: the example, a pool, and lenders with mistakes."""

from collections.abc import Iterator
from dataclasses import astuple

import pytest

from oracle.check.lending import check_lender
from oracle.check.row import Row
from oracle.committee import Committee
from oracle.contract import Contract, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import CREATION_GAS, DAY, DevDeployment, deploy
from oracle.devchain.deploy import Row as PoolRow
from oracle.keys import KeySigner
from tests.e2e.conftest import anvil_binary

COMMITTEE = Committee((KeySigner(b"\x01" * 32).address,), (b"\x01" * 32,), 1, b"\x02" * 32)


class World:
    """A chain with the contracts; nothing is published."""

    def __init__(self, anvil: Anvil) -> None:
        self.anvil, self.deployment = anvil, deploy(anvil, COMMITTEE, b"\x03" * 32)

    def create(self, code: bytes) -> bytes:
        owner = self.deployment.owner
        (receipt,) = self.anvil.mine_block([Transaction(owner, None, code, gas=CREATION_GAS)])
        assert receipt.created is not None
        return receipt.created

    def example(self) -> bytes:
        contracts = self.deployment.contracts
        return self.create(load_abi("MyLender").creation(contracts["oracle"], contracts["coin"]))

    def put(self, runtime: bytes) -> bytes:
        """A contract of this very code."""
        return self.create(b"\x61" + len(runtime).to_bytes(2) + b"\x80\x60\x0a\x3d\x39\x3d\xf3" + runtime)

    def rows(self, address: bytes, oracle: bytes | None = None, view: str | None = None) -> dict[str, Row]:
        return {row.what: row for row in check_lender([self.anvil.url], address, oracle, view)}


def states(rows: dict[str, Row], state: str) -> set[str]:
    return {what for what, row in rows.items() if row.state == state}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    anvil_binary()
    with Anvil() as anvil:
        yield World(anvil)


def test_check_lender__no_contract_there__is_the_only_row(world: World) -> None:
    (row,) = world.rows(b"\x57" * 20).values()
    assert (row.what, row.state) == ("contract", "fix")


def test_check_lender__it_names_no_oracle_or_another__is_fixed_first(world: World) -> None:
    oracle = world.deployment.oracle
    assert states(world.rows(world.deployment.coin), "fix") == {"oracle"}
    assert states(world.rows(world.example(), oracle=b"\x57" * 20), "fix") == {"oracle"}
    no_oracle = world.rows(world.deployment.coin, oracle=world.deployment.coin)["oracle"]
    assert "answers as no CreditOracle does" in no_oracle.says
    assert "oracle" not in states(world.rows(world.deployment.coin, oracle=oracle), "fix")


def test_check_lender__of_the_example__has_nothing_to_fix(world: World) -> None:
    rows = world.rows(world.example(), view="limitNow(address)")
    assert states(rows, "ok") == {"contract", "asks", "staleness", "threshold", "views", "sequencer"}
    assert states(rows, "wait") == {
        *("oracle", "owner", "status", "selection"),  # no root yet, and the owner is a person here
        *("proof", "book", "repaying", "reasons"),
    }
    assert rows["asks"].says == "verifyAtLeast, tryGetScore"
    assert rows["threshold"].says == "at least 650"


@pytest.mark.parametrize("view", ["borrow(address)", "limitNow(address)"])
def test_check_lender__a_view_that_reverts__is_fixed(world: World, view: str) -> None:
    rows = world.rows(world.example(), view=view)
    assert ("views" in states(rows, "fix")) == (view == "borrow(address)")


def test_check_lender__a_view_of_no_account__says_how_it_is_written(world: World) -> None:
    assert "write it as limitNow(address)" in world.rows(world.example(), view="limitNow()")["views"].says


def test_check_lender__code_that_asks_without_an_age__is_fixed(world: World) -> None:
    asks = load_abi("CreditOracle").functions["scoreOf"].id
    rows = world.rows(world.put(b"\x63" + asks + b"\x00"), oracle=world.deployment.oracle)
    assert states(rows, "fix") == {"asks"}


def test_check_lender__of_a_pool__reads_its_table(world: World) -> None:
    rows = world.rows(world.deployment.pool)
    assert not states(rows, "fix")
    assert states(rows, "wait") == {"oracle", "owner", "reasons"}
    assert rows["threshold"].says == "at least 750, 650, 600"
    assert "verifyAtLeast" in rows["asks"].says


@pytest.mark.parametrize(
    ("change", "what", "state"),
    [
        (PoolRow(650, 1, 0, 400, 400, 10**10), "selection", "fix"),
        (PoolRow(650, 3, 0, 1_800, 400, 10**10), "status", "wait"),
        (PoolRow(650, 3, 40, 1_800, 400, 10**10), "status", "ok"),
    ],
)
def test_check_lender__a_table_with_a_mistake__is_named(
    world: World, change: PoolRow, what: str, state: str
) -> None:
    moment = world.anvil.rpc.call("evm_snapshot", [])
    pool = Contract(world.anvil.rpc, "LoanPool", world.deployment.pool)
    lender, call = world.deployment.lender, pool.call_data("setTable", [astuple(change)])
    world.anvil.mine_block([Transaction(lender, pool.address, call)])
    found = world.rows(pool.address)[what].state
    assert world.anvil.rpc.call("evm_revert", [moment]) is True
    assert found == state


def test_check_lender__an_age_shorter_than_an_epoch__is_fixed(world: World) -> None:
    deployment: DevDeployment = world.deployment
    moment = world.anvil.rpc.call("evm_snapshot", [])
    pool = Contract(world.anvil.rpc, "LoanPool", deployment.pool)
    terms = list(pool.read("terms")[0])
    terms[6] = 7 * DAY
    call = pool.call_data("setTerms", tuple(terms))
    world.anvil.mine_block([Transaction(deployment.lender, pool.address, call)])
    rows = world.rows(pool.address)
    assert world.anvil.rpc.call("evm_revert", [moment]) is True
    assert states(rows, "fix") == {"staleness"}
    assert "7.0 days" in rows["staleness"].says
