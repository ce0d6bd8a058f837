"""The reader against real nodes and real servers on this machine.

A log is put on the chain by code set at the contract's own address: its input's first words are
the topics, the rest is the data.
"""

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.decode import PROTOCOLS
from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import ChainBlock, Snapshot
from ledger_reader.pace import Patience
from ledger_reader.reader import Fetched, Progress, block_at_or_before, sync
from ledger_reader.rpc import Endpoint, Rpc, Unusable
from ledger_reader.sources import Asset, ChainSources, Source, to_json
from ledger_reader.store import LedgerStore

CHAIN_ID = 31337
TOKEN, CONTROLLER, POOL, ORACLE = (bytes([n]) * 20 for n in (0x11, 0x22, 0x33, 0x44))
ALICE, BOB, CAROL = (bytes([n]) * 20 for n in (0xA1, 0xB0, 0xCA))
SENDER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"  # anvil's first account
CHAIN = ChainSources(
    CHAIN_ID,
    (
        Source("erc20", TOKEN, 0),
        Source("llamalend", CONTROLLER, 0, TOKEN),
        Source("term_loans", POOL, 0),
        Source("credit_oracle", ORACLE, 0),
    ),
    (Asset(TOKEN, "DEV", 6, 100),),
)
SIGNATURES = {
    event.signature.split("(")[0]: event
    for source in CHAIN.sources
    for event in PROTOCOLS[source.protocol].events
}


# ------------------------------------------------------------------ a chain


def words(*values: int | bytes) -> str:
    """32-byte words in hex, without 0x."""
    return "".join(f"{int.from_bytes(v) if isinstance(v, bytes) else v:064x}" for v in values)


def log_code(topics: int) -> str:
    """EVM code that emits its input as one log with so many topics."""
    skip = f"60{32 * topics:02x}"
    size = f"{skip}3603"
    loads = "".join(f"60{32 * i:02x}35" for i in reversed(range(topics)))
    return f"0x{size}{skip}600037{loads}{size}6000{0xA0 + topics:02x}00"


class Chain:
    """What the tests do to a development chain."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    def emit(self, contract: bytes, name: str, *values: int | bytes) -> None:
        """One log of the event `name`, indexed arguments first, in a block of its own."""
        event = SIGNATURES[name]
        self.emit_raw(contract, 1 + len(event.indexed_types), event.topic0[2:] + words(*values))

    def emit_raw(self, contract: bytes, topics: int, data: str) -> None:
        to = f"0x{contract.hex()}"
        self.rpc.call("anvil_setCode", (to, log_code(topics)))
        sent = self.rpc.call("eth_sendTransaction", ({"from": SENDER, "to": to, "data": f"0x{data}"},))
        receipt = None
        while receipt is None:
            receipt = self.rpc.call("eth_getTransactionReceipt", (sent,))
        assert receipt["status"] == "0x1"
        assert len(receipt["logs"]) == 1

    def mine(self, blocks: int = 3) -> None:
        self.rpc.call("anvil_mine", (hex(blocks),))

    def live(self) -> None:
        """A small life of Alice and Bob; every kind of event that these protocols know."""
        self.emit(ORACLE, "Enrolled", ALICE)
        self.emit(TOKEN, "Transfer", ALICE, BOB, 5_000_000)
        self.emit(TOKEN, "Transfer", ALICE, BOB, 9_999)  # dust
        self.emit(CONTROLLER, "Borrow", ALICE, 7, 2_000_000)
        self.emit(POOL, "LoanDrawn", 1, ALICE, CAROL, TOKEN, 100_000_000, 103_000_000, 1_900_000_000, 1, 0)
        self.mine(4)
        self.emit(CONTROLLER, "Repay", ALICE, 0, 1_000_000)
        self.emit(CONTROLLER, "Liquidate", ALICE, ALICE, 7, 0, 1_000_000)
        self.emit(POOL, "LoanRepaid", 1, ALICE, BOB, TOKEN, 3_000_000, 100_000_000)
        self.emit(POOL, "LoanDefaulted", 1, ALICE, CAROL, TOKEN, 100_000_000)
        self.emit(ORACLE, "Withdrawn", ALICE)
        self.mine()


LIFE = [
    ("enrolled", ALICE, None),
    ("transfer_out", ALICE, 500),
    ("transfer_in", BOB, 500),
    ("borrow", ALICE, 200),
    ("borrow", ALICE, 10_300),
    ("repay", ALICE, 100),
    ("liquidation", ALICE, 100),
    ("repay", ALICE, 300),
    ("default", ALICE, 10_000),
    ("withdrawn", ALICE, None),
]


@pytest.fixture
def chain(anvil: str) -> Iterator[Chain]:
    with Rpc(anvil) as rpc:
        yield Chain(rpc)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LedgerStore]:
    with LedgerStore(tmp_path / "ledger.duckdb") as opened:
        yield opened


def rows(store: LedgerStore) -> list[dict[str, Any]]:
    head = store.head(CHAIN_ID)
    assert head is not None
    table = store.events(Snapshot((head,)))
    found: list[dict[str, Any]] = (
        table.order_by(["block_number", "log_index", "leg"]).to_pyarrow().to_pylist()
    )
    return found


def story(store: LedgerStore) -> list[tuple[str, bytes, int | None]]:
    return [(row["kind"], row["account"], row["value_cents"]) for row in rows(store)]


# ------------------------------------------------------------------ a node that misbehaves

Answer = Callable[[dict[str, Any]], Any]


@contextmanager
def serving(answer: Callable[[bytes], tuple[int, bytes]]) -> Iterator[str]:
    """A real HTTP server on this machine that answers each body by `answer` → (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        wbufsize = -1  # one packet an answer

        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def scripted(answer: Answer) -> Callable[[bytes], tuple[int, bytes]]:
    """A node that gives `answer(request)`: a dict with "error" or "result", under the request's id."""

    def node(body: bytes) -> tuple[int, bytes]:
        plain = json.loads(body)
        single = isinstance(plain, dict)
        answers = [
            {"jsonrpc": "2.0", "id": one["id"]} | answer(one) for one in ([plain] if single else plain)
        ]
        return 200, json.dumps(answers[0] if single else answers[::-1]).encode()

    return node


def raw_log(block: int, index: int = 0, **changes: Any) -> dict[str, Any]:
    log = {
        "address": f"0x{TOKEN.hex()}",
        "topics": [SIGNATURES["Transfer"].topic0, f"0x{words(ALICE)}", f"0x{words(BOB)}"],
        "data": f"0x{words(10**6)}",
        "blockNumber": hex(block),
        "blockHash": f"0x{words(block + 10**6)}",
        "blockTimestamp": hex(1_700_000_000 + block),
        "transactionHash": f"0x{words(index)}",
        "logIndex": hex(index),
        "removed": False,
    }
    return log | changes


# ------------------------------------------------------------------ sync


def test_sync__node_of_another_chain__stop_names_both(chain: Chain, store: LedgerStore) -> None:
    with pytest.raises(Stop, match="chain 31337, not of chain 10"):
        sync(chain.rpc, store, ChainSources(10, (), ()))


def test_sync__block_is_not_final__retry(chain: Chain, store: LedgerStore) -> None:
    with pytest.raises(Retry, match="Block 5 is not final"):
        sync(chain.rpc, store, CHAIN, until_block=5)


def test_sync__sources_changed__stop(chain: Chain, store: LedgerStore) -> None:
    chain.mine(5)
    sync(chain.rpc, store, CHAIN)
    with pytest.raises(Stop, match="with other sources of chain 31337"):
        sync(chain.rpc, store, ChainSources(CHAIN_ID, CHAIN.sources[:1], CHAIN.assets))


def test_sync__unknown_protocol__stop_before_anything_is_bound(chain: Chain, store: LedgerStore) -> None:
    with pytest.raises(Stop, match="protocol 'aave_v9' is not known"):
        sync(chain.rpc, store, ChainSources(CHAIN_ID, (Source("aave_v9", POOL, 0),), ()))
    sync(chain.rpc, store, CHAIN)


def test_sync__a_life__read_as_it_was(chain: Chain, store: LedgerStore) -> None:
    chain.live()
    head = sync(chain.rpc, store, CHAIN)
    assert story(store) == LIFE
    assert head == chain.rpc.finalized().of(CHAIN_ID)
    headers = {row["block_number"]: chain.rpc.block(row["block_number"]) for row in rows(store)}
    assert all(row["block_time"] == headers[row["block_number"]].time for row in rows(store))


WITHOUT_PANDAS = """
import json, sys
from ledger_reader.reader import sync
from ledger_reader.rpc import Rpc
from ledger_reader.sources import from_json
from ledger_reader.store import LedgerStore

url, ledger, sources = sys.argv[1:]
with Rpc(url) as rpc, LedgerStore(ledger) as store:
    sync(rpc, store, from_json(json.loads(sources))[0])
assert "pandas" not in sys.modules
"""


def test_sync__of_sources_without_feeds__takes_no_time_and_memory_for_pandas(
    chain: Chain, store: LedgerStore, anvil: str, tmp_path: Path
) -> None:
    chain.live()
    sources, ledger = json.dumps(to_json((CHAIN,))), tmp_path / "another"
    command = [sys.executable, "-c", WITHOUT_PANDAS, anvil, str(ledger), sources]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
    sync(chain.rpc, store, CHAIN)
    with LedgerStore(ledger) as another:
        assert rows(another) == rows(store) != []


def test_sync__unfinalized_events__are_left_for_later(chain: Chain, store: LedgerStore) -> None:
    chain.emit(ORACLE, "Enrolled", ALICE)
    head = sync(chain.rpc, store, CHAIN)
    assert head.number == 0
    assert story(store) == []
    chain.mine()
    sync(chain.rpc, store, CHAIN)
    assert story(store) == LIFE[:1]


def test_sync__in_steps__equals_one_go(chain: Chain, store: LedgerStore, tmp_path: Path) -> None:
    chain.live()
    with LedgerStore(tmp_path / "whole") as whole:
        goal = sync(chain.rpc, whole, CHAIN)
        for until in (0, 0, 3, 7, 4, goal.number):
            sync(chain.rpc, store, CHAIN, until_block=until)
        assert rows(store) == rows(whole)
        assert store.head(CHAIN_ID) == goal


def test_sync__source_starts_later__earlier_logs_are_not_read(chain: Chain, store: LedgerStore) -> None:
    chain.live()
    late = [Source("credit_oracle", ORACLE, 5), Source("erc20", TOKEN, 0)]
    sync(chain.rpc, store, ChainSources(CHAIN_ID, tuple(late), CHAIN.assets))
    assert [row["kind"] for row in rows(store)] == ["transfer_out", "transfer_in", "withdrawn"]


def test_sync__goal_before_any_source_starts__head_moves_alone(chain: Chain, store: LedgerStore) -> None:
    chain.mine(10)
    head = sync(chain.rpc, store, ChainSources(CHAIN_ID, (Source("credit_oracle", ORACLE, 1000),), ()), 6)
    assert head == chain.rpc.block(6).of(CHAIN_ID)


KILLED = """
import os, signal, sys
from ledger_reader import reader, rpc, store
from tests.e2e.test_reader import CHAIN
reader.FIRST_SPAN = reader.MAX_SPAN = 2
reader.BATCH_RANGES = 1
def kill(progress):
    if progress.block >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
with store.LedgerStore(sys.argv[2]) as ledger:
    reader.sync(rpc.Rpc(sys.argv[1]), ledger, CHAIN, on_progress=kill)
"""


def test_sync__killed_twice__nothing_is_lost_or_doubled(chain: Chain, anvil: str, tmp_path: Path) -> None:
    chain.live()
    path = tmp_path / "killed"
    for block in ("3", "9"):
        command = [sys.executable, "-c", KILLED, anvil, str(path), block]
        ended = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
        assert ended.returncode == -signal.SIGKILL
    with LedgerStore(path) as store:
        before = store.head(CHAIN_ID)
        assert before is not None
        assert 9 <= before.number < chain.rpc.finalized().number
        sync(chain.rpc, store, CHAIN)
        assert story(store) == LIFE


def test_sync__finalized_blocks_were_replaced__rolls_back_and_reports(
    chain: Chain, store: LedgerStore
) -> None:
    chain.live()
    sync(chain.rpc, store, CHAIN)
    chain.rpc.call("anvil_reorg", (12, []))
    chain.mine(4)
    chain.emit(ORACLE, "Enrolled", CAROL)
    chain.mine()
    told: list[Progress] = []
    head = sync(chain.rpc, store, CHAIN, on_progress=told.append)
    assert told[0].rolled_back_to is not None
    assert head == chain.rpc.finalized().of(CHAIN_ID)
    kept = [row for row in story(store) if row[1] != CAROL]
    assert kept == LIFE[: len(kept)]
    assert len(kept) < len(LIFE)
    assert story(store)[-1] == ("enrolled", CAROL, None)


def test_sync__node_is_behind_the_ledger__retry(chain: Chain, store: LedgerStore, anvil: str) -> None:
    snapshot = chain.rpc.call("evm_snapshot")
    chain.mine(20)
    sync(chain.rpc, store, CHAIN)
    chain.rpc.call("evm_revert", (snapshot,))
    with pytest.raises(Retry, match="is settled up to block 0 and the ledger holds"):
        sync(chain.rpc, store, CHAIN)


def test_sync__another_chain_of_the_same_id__stop(chain: Chain, store: LedgerStore) -> None:
    chain.mine(9)
    sync(chain.rpc, store, ChainSources(CHAIN_ID, (Source("credit_oracle", ORACLE, 2),), ()), 4)
    chain.rpc.call("anvil_reset")
    chain.mine(9)
    chain.rpc.call("evm_increaseTime", (1000,))
    chain.mine(9)
    with pytest.raises(Stop, match="No block of the ledger"):
        sync(chain.rpc, store, ChainSources(CHAIN_ID, (Source("credit_oracle", ORACLE, 2),), ()))


def test_sync__logs_without_time__read_from_headers(store: LedgerStore) -> None:
    def node(request: dict[str, Any]) -> Any:
        match request["method"]:
            case "eth_chainId":
                return {"result": hex(CHAIN_ID)}
            case "eth_getLogs":
                return {"result": [raw_log(3, blockTimestamp=None), raw_log(3, 1, blockTimestamp=None)]}
        tag = request["params"][0]
        number = 9 if tag == "finalized" else int(tag, 16)
        header = {
            "number": hex(number),
            "timestamp": hex(number * 12),
            "parentHash": f"0x{words(number - 1 + 10**6)}",
        }
        return {"result": header | {"hash": f"0x{words(number + 10**6)}"}}

    with serving(scripted(node)) as url, Rpc(url) as rpc:
        sync(rpc, store, CHAIN)
    assert [row["block_time"] for row in rows(store)] == [36] * 4
    assert store.block_numbers(CHAIN_ID) == [3, 9]


@pytest.mark.parametrize("change", [{"blockHash": "0x" + "ab" * 32}, {"blockTimestamp": "0x7"}])
def test_sync__logs_of_one_block_disagree__retry(store: LedgerStore, change: dict[str, Any]) -> None:
    def node(request: dict[str, Any]) -> Any:
        match request["method"]:
            case "eth_chainId":
                return {"result": hex(CHAIN_ID)}
            case "eth_getLogs":
                return {"result": [raw_log(3), raw_log(3, 1, **change)]}
        return {
            "result": {
                "number": "0x9",
                "timestamp": "0x9",
                "hash": f"0x{words(9)}",
                "parentHash": f"0x{words(8)}",
            }
        }

    with (
        serving(scripted(node)) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match="two versions of block 3"),
    ):
        sync(rpc, store, CHAIN)
    assert store.head(CHAIN_ID) is None


# ------------------------------------------------------------------ range ends, forks, checks


class Forking:
    """A node of a made-up chain: one enrolment a block; blocks from `fork` on are of the branch `branch`."""

    def __init__(self, height: int) -> None:
        self.height, self.fork, self.branch = height, 10**9, 0
        self.on_logs: Callable[[int], None] = lambda _: None

    def hash(self, number: int) -> str:
        return f"0x{words(number + 10**6 + (10**7 * self.branch if number >= self.fork else 0))}"

    def __call__(self, request: dict[str, Any]) -> Any:
        if request["method"] == "eth_chainId":
            return {"result": hex(CHAIN_ID)}
        if request["method"] == "eth_getLogs":
            query = request["params"][0]
            start, end = int(query["fromBlock"], 16), int(query["toBlock"], 16)
            self.on_logs(start)
            return {"result": [self.log(number) for number in range(start, min(end, self.height) + 1)]}
        tag = request["params"][0]
        number = self.height if tag in ("finalized", "latest") else int(tag, 16)
        return {"result": self.header(number) if number <= self.height else None}

    def log(self, number: int) -> dict[str, Any]:
        branch = self.branch if number >= self.fork else 0
        topics = [SIGNATURES["Enrolled"].topic0, f"0x{words(bytes([branch + 1]) * 20)}"]
        return raw_log(
            number, blockHash=self.hash(number), address=f"0x{ORACLE.hex()}", topics=topics, data="0x"
        )

    def header(self, number: int) -> dict[str, Any]:
        time = hex(1_700_000_000 + number)
        return {
            "number": hex(number),
            "hash": self.hash(number),
            "parentHash": self.hash(number - 1),
            "timestamp": time,
        }


def branches(store: LedgerStore) -> list[int]:
    """By block, in order, the branch that its event is of."""
    found = rows(store)
    assert [row["block_number"] for row in found] == list(range(len(found)))
    return [row["account"][0] - 1 for row in found]


@pytest.mark.parametrize("at", [0, 10, 30, 70])
def test_sync__forks_while_it_is_read__old_branch_is_left_whole(store: LedgerStore, at: int) -> None:
    node = Forking(100)

    def fork(start: int) -> None:
        if start >= at:
            node.fork, node.branch = 12, 1

    node.on_logs = fork
    told: list[Progress] = []
    with serving(scripted(node)) as url, Rpc(url) as rpc:
        head = sync(rpc, store, CHAIN, on_progress=told.append)
    assert branches(store) == [0] * 12 + [1] * 89
    assert f"0x{head.hash.hex()}" == node.hash(100)
    assert [p.block for p in told] == sorted({p.block for p in told}) or any(p.rolled_back_to for p in told)


def test_sync__forks_again_and_again__retry(store: LedgerStore) -> None:
    node = Forking(100)

    def fork(start: int) -> None:
        node.fork, node.branch = max(start - 1, 1), node.branch + 1

    node.on_logs = fork
    often = Patience(tries=9, base_s=0.0)
    with (
        serving(scripted(node)) as url,
        Rpc(url, patience=often) as rpc,
        pytest.raises(Retry, match="again and again: wait"),
    ):
        sync(rpc, store, CHAIN)


@pytest.mark.parametrize("depth", [1, 2, 17, 64])
def test_sync__reorganised_between_two__one_transaction_replaces_the_branch(
    store: LedgerStore, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Forking(100)
    told: list[Progress] = []
    with serving(scripted(node)) as url, Rpc(url) as rpc:
        sync(rpc, store, CHAIN, confirmations=1)
        node.fork, node.branch, node.height = 100 - depth, 1, 99
        with monkeypatch.context() as patched:
            patched.setattr(LedgerStore, "_set_head", lambda _store, _head: 1 / 0)  # the disk fails, say
            with pytest.raises(ZeroDivisionError):
                sync(rpc, store, CHAIN, confirmations=0)
        assert branches(store) == [0] * 100
        sync(rpc, store, CHAIN, confirmations=0, on_progress=told.append)
    assert branches(store) == [0] * (100 - depth) + [1] * depth
    assert [p.rolled_back_to for p in told][:2] == [99 - depth, None][: len(told)]


def test_sync__reorganised_and_nothing_new_is_settled__rolls_back_and_reports(store: LedgerStore) -> None:
    node = Forking(100)
    told: list[Progress] = []
    with serving(scripted(node)) as url, Rpc(url) as rpc:
        sync(rpc, store, CHAIN)
        node.fork, node.branch = 60, 1
        head = sync(rpc, store, CHAIN, until_block=50, on_progress=told.append)
    assert (head.number, branches(store)) == (59, [0] * 60)
    assert [(p.block, p.rolled_back_to) for p in told] == [(59, 59)]


def test_sync__confirmations__stay_so_far_behind_the_latest(store: LedgerStore) -> None:
    with serving(scripted(Forking(100))) as url, Rpc(url) as rpc:
        assert sync(rpc, store, CHAIN, confirmations=30).number == 70
        with pytest.raises(Retry, match="Block 71 is not final at"):
            sync(rpc, store, CHAIN, 71, confirmations=30)


class Refusing:
    """A check that finds one provider unusable, by name."""

    def __init__(self, name: str) -> None:
        self.name, self.seen = name, list[tuple[str, int, int, int]]()

    async def check(self, endpoint: Endpoint, fetched: Fetched) -> None:
        self.seen.append((endpoint.name, fetched.start, fetched.end.number, len(fetched.logs)))
        if endpoint.name == self.name:
            raise Unusable(f"left out a log of block {fetched.start}")


def test_sync__check_finds_a_provider_unusable__next_one_is_read(store: LedgerStore) -> None:
    liar, honest = Forking(50), Forking(50)
    liar.branch, liar.fork = 1, 0
    with serving(scripted(liar)) as one, serving(scripted(honest)) as two, Rpc([one, two]) as rpc:
        check = Refusing(one)
        sync(rpc, store, CHAIN, check=check)
    assert branches(store) == [0] * 51
    assert {name for name, *_ in check.seen} == {one, two}
    of_honest = [(start, end, logs) for name, start, end, logs in check.seen if name == two]
    assert all(logs == end - start + 1 for start, end, logs in of_honest)
    assert sum(logs for *_, logs in of_honest) == 51


def test_sync__check_finds_every_provider_unusable__retry_names_it_and_nothing_is_stored(
    store: LedgerStore,
) -> None:
    with (
        serving(scripted(Forking(50))) as url,
        Rpc(url) as rpc,
        pytest.raises(Retry, match=f"{url} left out a log of block 0"),
    ):
        sync(rpc, store, CHAIN, check=Refusing(url))
    assert store.head(CHAIN_ID) is None


SYNC = """
import sys
from ledger_reader import reader, rpc, store
from tests.e2e.test_reader import CHAIN
reader.FIRST_SPAN = reader.MAX_SPAN = 3
reader.BATCH_RANGES = 2
with store.LedgerStore(sys.argv[2]) as ledger, rpc.Rpc(sys.argv[1]) as node:
    print("ready", flush=True)
    reader.sync(node, ledger, CHAIN)
"""


def test_sync__killed_at_random_moments__ledger_equals_an_uninterrupted_one(
    store: LedgerStore, tmp_path: Path
) -> None:
    chance, path, kills = random.Random(1), tmp_path / "killed", 0
    node = Forking(600)
    with serving(scripted(node)) as url, Rpc(url) as rpc:
        sync(rpc, store, CHAIN)
        for _ in range(4):
            command = [sys.executable, "-c", SYNC, url, str(path)]
            with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=-1) as running:
                assert running.stdout is not None
                assert running.stdout.readline() == b"ready\n"
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.wait(chance.uniform(0.01, 0.4))
                running.kill()
            kills += running.returncode == -signal.SIGKILL
        with LedgerStore(path) as killed:
            sync(rpc, killed, CHAIN)
            assert rows(killed) == rows(store)
            assert killed.head(CHAIN_ID) == store.head(CHAIN_ID)
    assert kills >= 2


# ------------------------------------------------------------------ the block of a time


def test_block_at_or_before__every_time_of_a_chain__is_the_highest_block_not_later(chain: Chain) -> None:
    begin = chain.rpc.block(0).time
    for gap in (1, 50, 2, 1000, 7, 7, 100, 1):
        chain.rpc.call("evm_increaseTime", (gap,))
        chain.mine(1)
    blocks = chain.rpc.blocks(range(9))
    finalized = blocks[8].of(CHAIN_ID)
    for time in range(begin, finalized.time):
        expected = max(block.number for block in blocks if block.time <= time)
        if time in {b.time + d for b in blocks for d in (-1, 0, 1)}:
            assert block_at_or_before(chain.rpc, CHAIN_ID, time, finalized).number == expected
    with pytest.raises(Retry, match="a block later than"):
        block_at_or_before(chain.rpc, CHAIN_ID, finalized.time, finalized)
    with pytest.raises(Stop, match="choose a later time"):
        block_at_or_before(chain.rpc, CHAIN_ID, begin - 1, ChainBlock(CHAIN_ID, 8, b"", finalized.time))
