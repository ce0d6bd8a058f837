"""The reader against the bare node and its peers, on one development chain of one million logs.

All are run in turns on the same chain of this machine, ours, the node and cryo three times with the median
kept. The node: curl of the same answers to nowhere over one connection. Ours: `sync` into a ledger, decoded
and committed, in a process of its own whose peak memory is measured. cryo reads the logs into Parquet and
does not decode their arguments. web3.py (get_logs, process_log) and ethereum-etl (token transfers) are slow
and read a sample. Peers are in environments of their own (`make bench` makes them; --peers names where).
`--quick` takes 100,000 logs.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from read_fill import BLOCK_LOGS, POOL, SOURCES, TOKEN, fill

from ledger_reader.errors import Stop
from ledger_reader.reader import sync
from ledger_reader.rpc import Rpc
from ledger_reader.store import LedgerStore
from oracle.devchain.anvil import Anvil
from oracle.reading import MEMORY_LIMIT, THREADS

PEERS = Path(__file__).parents[1] / ".bench"
NODE_SPAN = 10
"""Blocks of one request to the bare node: of 5, 10, 25, 50 and 100 the fastest here."""

ROUNDS = 3

CRYO = """
import sys, cryo
cryo.freeze("logs", blocks=[f"1:{int(sys.argv[2]) + 1}"], rpc=sys.argv[1], output_dir=sys.argv[3],
            no_verbose=True, inner_request_size=10)
"""
ETL = """
import inspect
inspect.getargspec = inspect.getfullargspec  # an old dependency needs it
from ethereumetl.cli import cli
cli()
"""
WEB3 = """
import sys
from web3 import Web3
w3 = Web3(Web3.HTTPProvider(sys.argv[1]))
def event(text):
    name, rest = text[:-1].split("(")
    words = [part.split() for part in rest.split(", ")]
    inputs = [{"type": w[0], "indexed": w[1] == "indexed", "name": w[-1]} for w in words]
    abi = {"type": "event", "name": name, "anonymous": False, "inputs": inputs}
    return w3.eth.contract(abi=[abi]).events[name]()
events = [event(text) for text in sys.argv[4:]]
def topic(abi):
    return w3.keccak(text=abi["name"] + "(" + ",".join(each["type"] for each in abi["inputs"]) + ")")
by_topic = {topic(each.abi): each for each in events}
query = {"fromBlock": 1, "toBlock": int(sys.argv[2]), "address": sys.argv[3].split(",")}
logs = w3.eth.get_logs(query)
print(sum(bool(by_topic[log["topics"][0]].process_log(log)) for log in logs))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 logs, under a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of the peers' environments")
    parser.add_argument("--ours", nargs=3, metavar=("URL", "BLOCK", "LEDGER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.ours:
        return read_ours(*arguments.ours)
    found, notes = figures(100_000 if arguments.quick else 1_000_000, arguments.peers, arguments.quick)
    for name, value in found.items():
        print(f"{name:<26} {'not measured: ' + notes[name] if value is None else format(value, ',')}")
    if arguments.json:
        print(json.dumps(found | {"notes": notes}))
    return 0


def figures(logs: int, peers: Path, is_quick: bool) -> tuple[dict[str, Any], dict[str, str]]:
    found: dict[str, Any] = {}
    notes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, Anvil(long=True) as anvil:
        say(f"putting {logs:,} logs on a chain")
        last = fill(anvil, logs)
        runs = Runs(anvil.url, last, Path(folder), peers)
        turns: dict[str, list[float]] = {"node": [], "ours": [], "cryo": []}
        for _ in range(ROUNDS):
            for name, seconds in turns.items():
                say(name)
                with noting(notes, f"{name}_per_s"):
                    seconds.append(getattr(runs, name)())
        for name, seconds in turns.items():
            found[f"{name}_per_s"] = round(logs / statistics.median(seconds)) if seconds else None
        found["ours_peak_mb"] = runs.peak_mb
        sample = min(last, 10 if is_quick else 30)
        for name in ("etl", "web3"):
            say(name)
            found[f"{name}_per_s"] = None
            with noting(notes, f"{name}_per_s"):
                found[f"{name}_per_s"] = round(getattr(runs, name)(sample))
    found |= of_others(notes, is_quick)
    for other in ("node", "cryo", "web3"):
        rate = found[f"{other}_per_s"]
        found[f"ours_to_{other}"] = round(found["ours_per_s"] / rate, 2) if rate else None
        notes.setdefault(f"ours_to_{other}", notes.get(f"{other}_per_s", ""))
    return found, {name: why for name, why in notes.items() if found.get(name, 0) is None}


class Runs:
    """What is timed: each method reads the chain's logs once and returns seconds, or logs a second."""

    def __init__(self, url: str, last: int, folder: Path, peers: Path) -> None:
        self.url, self.last, self.folder, self.peers, self.peak_mb = url, last, folder, peers, 0

    def node(self) -> float:
        """The bare node, over one connection."""
        if shutil.which("curl") is None:
            raise Stop("curl is not installed")
        requests = []
        for start in range(1, self.last + 1, NODE_SPAN):
            query = {
                "address": [hexed(POOL), hexed(TOKEN)],
                "fromBlock": hex(start),
                "toBlock": hex(min(start + NODE_SPAN - 1, self.last)),
            }
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [query]})
            requests.append(
                f'url = "{self.url}"\nheader = "content-type: application/json"\ndata = {json.dumps(body)}\n'
                'output = "/dev/null"\n'
            )
        return timed(["curl", "--silent", "--fail", "--config", "-"], "next\n".join(requests))[0]

    def ours(self) -> float:
        """Our reader in a process of its own."""
        ledger = self.folder / "ledger.duckdb"
        ledger.unlink(missing_ok=True)
        command = [sys.executable, __file__, "--ours", self.url, str(self.last), str(ledger)]
        told = json.loads(timed(command)[1])
        assert told["events"] == self.last * BLOCK_LOGS * 3 // 2, told
        self.peak_mb = max(self.peak_mb, told["peak_mb"])
        return float(told["seconds"])

    def cryo(self) -> float:
        """cryo, into Parquet."""
        out = self.folder / "cryo"
        shutil.rmtree(out, ignore_errors=True)
        return timed([*self._python("peers"), "-c", CRYO, self.url, str(self.last), str(out)])[0]

    def etl(self, blocks: int) -> float:
        """Transfers a second of ethereum-etl."""
        out = self.folder / "transfers.csv"
        options = ["-s", "1", "-e", str(blocks), "-p", self.url, "-o", str(out), "-b", "10", "-w", "1"]
        seconds, _ = timed([*self._python("etl"), "-c", ETL, "export_token_transfers", *options])
        return (len(out.read_bytes().splitlines()) - 1) / seconds

    def web3(self, blocks: int) -> float:
        """Logs a second of web3.py."""
        from ledger_reader.decode import PROTOCOLS

        events = [e.signature for name in ("erc20", "aave_v3") for e in PROTOCOLS[name].events]
        addresses = f"{checksummed(TOKEN)},{checksummed(POOL)}"
        command = [*self._python("peers"), "-c", WEB3, self.url, str(blocks), addresses, *events]
        seconds, said = timed(command)
        assert int(said) == blocks * BLOCK_LOGS, said
        return int(said) / seconds

    def _python(self, name: str) -> list[str]:
        python = self.peers / name / "bin" / "python"
        if not python.exists():
            raise Stop(f"its environment {self.peers / name} is not there: run `make bench`")
        return [str(python)]


def read_ours(url: str, last: str, ledger: str) -> int:
    """The child process: sync, then say how long it took and how much memory it ever held."""
    began = time.perf_counter()
    with Rpc(url) as rpc, LedgerStore(ledger, memory_limit=MEMORY_LIMIT, threads=THREADS) as store:
        sync(rpc, store, SOURCES, until_block=int(last))
        seconds = time.perf_counter() - began
        events = int(store.connection.table("events").count().execute())
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "events": events, "peak_mb": peak_kb // 1024}))
    return 0


def of_others(notes: dict[str, str], is_quick: bool) -> dict[str, Any]:
    """What other scripts of this folder measure."""
    found: dict[str, Any] = {"verified_receipts_per_s": None, "append_20m_ratio": None}
    with noting(notes, "verified_receipts_per_s"):
        say("verified receipts")
        from verify import receipts_per_s

        found["verified_receipts_per_s"] = round(receipts_per_s(40 if is_quick else 200))
    with noting(notes, "append_20m_ratio"), tempfile.TemporaryDirectory() as folder:
        say("appending")
        from append import append_ratio

        found["append_20m_ratio"] = append_ratio(Path(folder), 1 if is_quick else 20)["append_20m_ratio"]
    return found


class noting:  # noqa: N801 (used as a statement)
    """Turns what cannot be measured into a note under the figure's name."""

    def __init__(self, notes: dict[str, str], name: str) -> None:
        self._notes, self._name = notes, name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Stop | ImportError | subprocess.CalledProcessError):
            self._notes[self._name] = " ".join(str(getattr(error, "stderr", None) or error).split())[-300:]
            return True
        return False


def timed(command: list[str], text: str | None = None) -> tuple[float, str]:
    """Seconds that a command took, and what it printed; CalledProcessError when it failed."""
    began = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def hexed(raw: bytes) -> str:
    return "0x" + raw.hex()


def checksummed(address: bytes) -> str:
    from eth_utils import to_checksum_address

    return to_checksum_address(address)


def say(words: str) -> None:
    print(f"… {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
