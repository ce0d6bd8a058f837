"""A development chain, the economy on it, and recorded histories: what the chain says equals the books."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pyarrow as pa
import pytest

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.protocols.term_loans import loan_id
from ledger_reader.reader import sync
from ledger_reader.sources import ChainSources
from ledger_reader.store import LedgerStore
from oracle.committee import Committee
from oracle.contract import Contract, CreditOracle, load_abi
from oracle.devchain import replay as recorded
from oracle.devchain.anvil import Anvil, Transaction, find_anvil
from oracle.devchain.books import Books, Entry
from oracle.devchain.deploy import DAY, DevDeployment, Policy, deploy
from oracle.devchain.economy import Plan, books, plan, play
from oracle.devchain.people import demo_address
from oracle.devchain.rehearsal import rehearse
from oracle.devchain.replay import LIQUIDATOR, LoanRecord, read_llamalend_csv, replay, start_time, time_of
from tests.e2e.conftest import anvil_binary
from tests.e2e.loans import STARTER_ROW, Loan, State

MODEL = keccak256(b"a model")
ANN, BEN = b"\x11" * 20, b"\x22" * 20

KILLED = """
import sys, time
from oracle.devchain.anvil import Anvil
anvil = Anvil()
print(anvil.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def chain() -> Iterator[Anvil]:
    anvil_binary()
    with Anvil() as anvil:
        yield anvil


def committee() -> Committee:
    members = tuple(keccak256(b"member %d" % number)[12:] for number in range(4))
    keys = tuple(keccak256(b"identity %d" % number) for number in range(4))
    return Committee(members, keys, 3, keccak256(b"secret"))


def read(anvil: Anvil, sources: ChainSources, path: Path) -> pa.Table:
    """The ledger of everything final."""
    with LedgerStore(path) as store:
        head = sync(anvil.rpc, store, sources)
        return store.events(Snapshot((head,))).to_pyarrow()


def coin_of(anvil: Anvil) -> bytes:
    (receipt,) = anvil.mine_block([Transaction(ANN, None, load_abi("DevCoin").bytecode, gas=5_000_000)])
    assert receipt.created is not None
    return receipt.created


def transfer(anvil: Anvil, coin: bytes, amount: int, may_fail: bool = False) -> Transaction:
    data = Contract(anvil.rpc, "DevCoin", coin).call_data("transfer", BEN, amount)
    return Transaction(ANN, coin, data, may_fail=may_fail)


# ----------------------------------------------------------------------------------------------------- anvil


def test_anvil__port_in_use__is_one_sentence() -> None:
    anvil_binary()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Stop, match=f"^Port {port} is in use: .* choose another port\\.$"):
            Anvil(port=port)


def test_anvil__binary_missing__says_make_setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CREDIT_ORACLE_ANVIL", raising=False)
    monkeypatch.setattr("oracle.devchain.anvil.__file__", str(tmp_path / "a" / "b" / "c" / "anvil.py"))
    with pytest.raises(Stop, match="make setup"):
        find_anvil()


def test_anvil__named_binary_is_no_program__is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDIT_ORACLE_ANVIL", str(tmp_path))
    with pytest.raises(Stop, match="is no program"):
        find_anvil()


def test_anvil__binary_fails_at_once__its_own_words_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "anvil"
    broken.write_text("#!/bin/sh\necho no such flag >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CREDIT_ORACLE_ANVIL", str(broken))
    with pytest.raises(Stop, match=r"^anvil did not start at http.*: no such flag\.$"):
        Anvil()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a child ask to die with its parent")
def test_anvil__parent_killed__is_gone() -> None:
    anvil_binary()
    parent = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and is_running(pid):
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_anvil__stopped__is_gone_and_may_be_stopped_again() -> None:
    anvil_binary()
    anvil = Anvil()
    pid = anvil.pid
    assert pid is not None
    anvil.stop()
    anvil.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_mine__failed_transaction__is_told_with_the_contracts_words(chain: Anvil) -> None:
    coin = coin_of(chain)
    insufficient = load_abi("DevCoin").errors[
        keccak256(b"ERC20InsufficientBalance(address,uint256,uint256)")[:4]
    ]
    with pytest.raises(Stop, match=insufficient.id.hex()):
        chain.mine_block([transfer(chain, coin, 5)])
    with pytest.raises(Stop, match=insufficient.id.hex()):
        chain.mine_blocks([([transfer(chain, coin, 5)], chain.now() + 10)])


def test_mine__transaction_that_may_fail__is_no_fault(chain: Anvil) -> None:
    coin = coin_of(chain)
    failed, worked = chain.mine_block([transfer(chain, coin, 5, may_fail=True), transfer(chain, coin, 0)])
    assert (failed.succeeded, worked.succeeded) == (False, True)
    assert failed.block == worked.block == chain.height()


def test_mine__time_not_rising__is_refused(chain: Anvil) -> None:
    with pytest.raises(Stop, match="block times must rise"):
        chain.mine_block([], chain.now())


def test_mine__many_of_one_sender__keep_their_order(chain: Anvil) -> None:
    coin = coin_of(chain)
    mint = Contract(chain.rpc, "DevCoin", coin).call_data("mint", ANN, 6)
    receipts = chain.mine_block(
        [Transaction(ANN, coin, mint), *(transfer(chain, coin, n) for n in (1, 2, 3))]
    )
    block = chain.rpc.call("eth_getBlockByNumber", ["latest", False])
    assert block["transactions"] == [receipt.hash for receipt in receipts]
    assert Contract(chain.rpc, "DevCoin", coin).read("balanceOf", BEN) == (6,)


def test_mine__a_large_block_of_many_senders__keeps_their_order(chain: Anvil) -> None:
    coin = coin_of(chain)
    senders = [keccak256(b"sender %d" % number)[12:] for number in range(150)]
    mint = Contract(chain.rpc, "DevCoin", coin).call_data("mint", BEN, 1)
    receipts = chain.mine_block([Transaction(sender, coin, mint) for sender in senders])
    block = chain.rpc.call("eth_getBlockByNumber", ["latest", False])
    assert block["transactions"] == [receipt.hash for receipt in receipts]


def test_chain__time_and_finality__are_told(chain: Anvil) -> None:
    start = chain.now()
    assert start == chain.start_time == 1_735_689_600
    number = chain.advance_to(start + DAY)
    assert (chain.now(), chain.rpc.finalized().number) == (start + DAY, number - 2)


def test_anvil__of_somebody_else__is_used_and_left_running(chain: Anvil) -> None:
    with Anvil.at(chain.url) as guest:
        coin_of(guest)
        assert guest.start_time == chain.start_time
        assert guest.pid is None
    assert chain.height() == 1


# --------------------------------------------------------------------------------------------------- economy


def test_play__on_an_old_chain__is_refused(chain: Anvil) -> None:
    economy = plan(5, 3, 5)
    deployment = deploy(chain, committee(), MODEL)
    chain.advance_to(economy.start + DAY)
    with pytest.raises(Stop, match="start a fresh chain"):
        play(economy, chain, deployment)


def test_play__twice_or_out_of_turn__is_refused(chain: Anvil) -> None:
    economy = plan(5, 6, 90)
    deployment = deploy(chain, committee(), MODEL)
    with pytest.raises(Stop, match="TermLoans has drawn 0 loans where the plan has"):
        play(economy, chain, deployment, since=economy.start + 80 * DAY)
    play(economy, chain, deployment)
    with pytest.raises(Stop, match="start a fresh chain"):
        play(economy, chain, deployment)


def test_deploy__read_back__is_what_was_asked(chain: Anvil) -> None:
    deployment = deploy(chain, committee(), MODEL)
    oracle = CreditOracle(chain.rpc, deployment.oracle)
    loans = Contract(chain.rpc, "TermLoans", deployment.loans)
    assert oracle.committee_at(1) == committee()
    assert oracle.model_at(1) == MODEL
    assert oracle.clock().genesis == deployment.schedule.genesis == chain.start_time
    assert oracle.clock().length == deployment.schedule.length
    pool = Contract(chain.rpc, "LoanPool", deployment.pool)
    *terms, table = astuple(Policy())
    assert loans.read("owner") == ("0x" + demo_address("owner").hex(),)
    assert loans.read("isListed", deployment.pool) == (True,)
    assert pool.read("owner") == ("0x" + demo_address("lender").hex(),)
    assert pool.read("asset") == ("0x" + deployment.coin.hex(),)
    assert pool.read("terms") == (tuple(terms),)
    assert pool.read("table") == (1, table)
    assert deployment.start_block == 1
    assert DevDeployment.from_json(deployment.to_json()) == deployment


def test_play__small_economy__chain_and_ledger_equal_the_books(chain: Anvil, tmp_path: Path) -> None:
    economy = plan(9, 20, 60)
    deployment = deploy(chain, committee(), MODEL, policy=economy.policy)
    half, told = economy.start + 30 * DAY, list[tuple[int, int]]()
    play(economy, chain, deployment, until=half, on_progress=lambda done, all_: told.append((done, all_)))
    assert chain.now() < half
    play(economy, chain, deployment, since=half)
    chain.advance_to(economy.start + 61 * DAY)
    assert told[-1] == (len(told), len(told))
    check_state(chain, deployment, economy, books(economy))
    found = read(chain, deployment.sources, tmp_path / "ledger.duckdb")
    check_ledger(found, deployment, books(economy))
    check_rehearsal(found, rehearse(economy, deployment.contracts))


def check_rehearsal(found: pa.Table, rehearsed: pa.Table) -> None:
    """The rows, in their order, but for what only a chain can know."""
    keys = ["block_number", "log_index", "leg"]
    unknown = ["chain_id", "block_number", "log_index", "tx_hash"]
    ordered = [
        table.sort_by([(key, "ascending") for key in keys]).drop_columns(unknown)
        for table in (found, rehearsed)
    ]
    assert ordered[0].to_pylist() == ordered[1].to_pylist()


def check_state(chain: Anvil, deployment: DevDeployment, economy: Plan, expected: Books) -> None:
    """Every loan, balance and enrolment that the contracts hold."""
    coin = Contract(chain.rpc, "DevCoin", deployment.coin)
    loans = Contract(chain.rpc, "TermLoans", deployment.loans)
    oracle = Contract(chain.rpc, "CreditOracle", deployment.oracle)
    assert expected.defaults > 0
    assert loans.read("lastLoanId") == (len(expected.loans),)
    for number, entry in expected.loans.items():
        loan = Loan(*loans.read("loanOf", number)[0])
        assert (loan.borrower, loan.pool) == ("0x" + entry.borrower.hex(), "0x" + deployment.pool.hex())
        assert (loan.start, loan.start + loan.interval * loan.instalments) == (entry.drawn, entry.due)
        assert (loan.grace, loan.row, loan.state) == (economy.policy.grace, STARTER_ROW, state_of(entry))
        assert (loan.principal, loan.owed) == (entry.principal, entry.owed)
        assert (loan.outstanding, loan.fees) == (entry.owed - entry.repaid, 0)
    for account, balance in expected.balances.items():
        assert coin.read("balanceOf", account or deployment.pool) == (balance,)
    for resident in economy.residents:
        assert oracle.read("isEnrolled", resident.address) == (resident.address in expected.enrolled,)


def state_of(entry: Entry) -> State:
    """Where a loan in the books stands."""
    if entry.closed is not None:
        return State.REPAID
    return State.OPEN if entry.defaulted is None else State.DEFAULTED


def check_ledger(events: pa.Table, deployment: DevDeployment, expected: Books) -> None:
    """What the reader found is what the simulator did."""
    rows = events.to_pylist()
    kinds = Counter(row["kind"] for row in rows)
    entries = expected.loans.values()
    assert kinds["borrow"] == len(entries)
    assert kinds["default"] == expected.defaults
    assert kinds["enrolled"] == len(expected.enrolled)
    outgoing = [r for r in rows if r["kind"] == "transfer_out" and any(r["account"])]
    minted = sum(r["kind"] == "transfer_in" and not any(r["counterparty"] or b"") for r in rows)
    assert len(outgoing) + minted == expected.transfers
    borrowed = [r for r in rows if r["kind"] == "borrow"]
    assert {(r["account"], int(r["amount"]), r["due_time"], r["block_time"]) for r in borrowed} == {
        (e.borrower, e.owed, e.due, e.drawn) for e in entries
    }
    repaid: Counter[bytes] = Counter()
    for row in rows:
        if row["kind"] == "repay":
            repaid[row["loan_id"]] += int(row["amount"])
    assert repaid == {loan_id(deployment.loans, e.number): e.repaid for e in entries if e.repaid}


# ---------------------------------------------------------------------------------------------------- replay


def history_csv(folder: Path) -> Path:
    """Thirty loans of ten accounts in three markets, one of them unknown; two share a second."""
    lines = ["Address,Asset,Start_Block,Status,End_Block"]
    statuses = ("repaid", "self-liquidation", "forced-liquidation", "active", "repaid")
    for number in range(30):
        market, account = ("weth", "wbtc", "village")[number % 3], f"0x{number // 3 + 1:040x}"
        start, status = 17_500_000 + 7 * (number // 2), statuses[number % 5]
        end = "" if status == "active" else f"{start + 70 + number}.0"
        lines.append(f"{account},{market},{start},{status},{end}")
    path = folder / "loans.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_replay__on_a_chain_past_it__is_refused() -> None:
    anvil_binary()
    record = LoanRecord(ANN, "weth", time_of(17_500_000), "active", None)
    with Anvil(start_time=record.opened + 1) as chain, pytest.raises(Stop, match="--timestamp"):
        replay((record,), chain)


def test_replay__nothing__is_refused(chain: Anvil) -> None:
    with pytest.raises(Stop, match="holds no loans"):
        replay((), chain)


@pytest.mark.parametrize("long", [False, True])
def test_replay__thirty_loans__reads_back_as_recorded(long: bool, tmp_path: Path) -> None:
    anvil_binary()
    history = read_llamalend_csv(history_csv(tmp_path))
    with Anvil(start_time=start_time(history), long=long) as chain:
        deploy(chain, committee(), MODEL)
        played = replay(history, chain)
        rows = read(chain, played.sources, tmp_path / "ledger.duckdb").to_pylist()
    assert played.logs == len(rows) == 30 + sum(record.closed is not None for record in history)
    assert (
        played.blocks
        == len({row["block_number"] for row in rows})
        == len({row["block_time"] for row in rows})
    )
    assert all(row["amount"] is None and row["value_cents"] is None for row in rows)
    assert Counter(map(as_seen, rows)) == Counter(as_expected(history))
    assert [row["block_time"] for row in rows] == sorted(row["block_time"] for row in rows)


def as_seen(row: dict[str, object]) -> tuple[object, ...]:
    return row["kind"], row["account"], row["counterparty"], row["loan_id"], row["block_time"]


def as_expected(history: tuple[LoanRecord, ...]) -> Iterator[tuple[object, ...]]:
    """Opening and closing of each loan, in the ledger's words."""
    for record in history:
        position = recorded.controller(record.market).rjust(32, b"\0")
        yield "borrow", record.account, None, position, record.opened
        if record.status == "repaid":
            yield "repay", record.account, None, position, record.closed
        elif record.closed is not None:
            liquidator = record.account if record.status == "self-liquidation" else LIQUIDATOR
            yield "liquidation", record.account, liquidator, position, record.closed


@pytest.mark.data
def test_csv__the_recorded_history__is_read_whole() -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "llamalend_loans" / "loans.csv"
    if not path.exists():
        pytest.skip("the data sets are not beside the checkout")
    history = read_llamalend_csv(path)
    assert len(history) == 2_551
    assert Counter(record.status for record in history) == {
        "repaid": 1_252,
        "active": 914,
        "self-liquidation": 215,
        "forced-liquidation": 170,
    }
    assert len({log.time for log in recorded.emissions(history)}) == 4_170
