"""An epoch of a real committee audited from the chain: sound as it is, and each forgery named.

The forgers here hold a quorum's real keys, so that the contract takes what they sign: the audit is what
finds them out. One round is run a module; each forgery is published on a chain put back to before it.
"""

import contextlib
import http.server
import json
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger_reader.errors import Stop
from oracle import folder
from oracle.devchain.people import demo_address
from oracle.devchain.stage import EPOCH, outcome
from oracle.report import EpochReport, scores_hash
from oracle.settings import address_text
from oracle.tree import EpochTree
from oracle.verbs import audits
from tests.e2e.forged_world import World, opened_by_its_keys

Change = Callable[[EpochReport], EpochReport]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened_by_its_keys(tmp_path_factory.mktemp("audited")) as found:
        yield found


@pytest.fixture(autouse=True)
def fresh(world: World) -> Iterator[None]:
    with world.put_back():
        yield


# ------------------------------------------------------------------------------------ refusals


def test_audit__never_published__is_refused(world: World) -> None:
    with pytest.raises(Stop, match="epoch 3 was never published; the latest that was is 0"):
        world.audit()


def test_audit__by_another_manifest__is_refused(world: World) -> None:
    world.publish(world.report)
    wrong = address_text(b"\x11" * 20)
    with pytest.raises(Stop, match="name that contract"):
        audits.audit_epoch([world.stage.anvil.url], wrong, EPOCH, world.manifest)


# ------------------------------------------------------------------------------------ forgeries


def with_(**changes: Any) -> Change:
    return lambda report: replace(report, **changes)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("snapshotBlock", lambda r: replace(r, snapshot_block=r.snapshot_block - 1, home_hash=bytes(32))),
        ("snapshotTime", lambda r: replace(r, snapshot_time=r.snapshot_time - 1)),
        ("snapshotHash", with_(snapshot_hash=b"\x01" * 32)),
        ("scoresHash", with_(scores_hash=b"\x02" * 32)),
        ("borrowers", with_(borrowers=99)),
        ("meanScore", with_(mean_score=640)),
        ("movedBps", with_(moved_bps=7)),
        ("psiBps", with_(psi_bps=7)),
    ],
)
def test_audit__a_quorum_lies_about_one_field__names_it(world: World, what: str, change: Change) -> None:
    lie = change(world.report)
    if what == "snapshotBlock":  # the contract knows that block's hash, so the forgers name it too
        lie = replace(lie, home_hash=world.stage.anvil.rpc.block(lie.snapshot_block).hash)
    world.publish(lie)
    said = str(world.difference(secret=world.secret))
    assert said.startswith(f"epoch 3: {what} is ")
    assert said.endswith("by our reckoning")


def test_audit__a_root_of_other_scores__is_found_with_the_secret_only(world: World) -> None:
    tree = folder.open_tree(world.home / "epochs", EPOCH)
    status, score = np.full(3, 1, dtype=np.uint8), np.full(3, 850, dtype=np.uint16)
    lie = EpochTree.build(EPOCH, replace(tree.scores, status=status, score=score), tree.secret)
    world.publish(replace(world.report, root=lie.root))
    assert world.difference() is None
    assert f"root is 0x{lie.root.hex()} as published" in str(world.difference(secret=world.secret))


def test_audit__scores_raised_and_hashed_anew__names_the_borrower_against_the_liars_folder(
    world: World, tmp_path: Path
) -> None:
    tree = folder.open_tree(world.home / "epochs", EPOCH)
    width = tree.scores.width.copy()
    at = tree.index_of(demo_address("Bo"))
    width[at] += 1
    lie = EpochTree.build(EPOCH, replace(tree.scores, width=width), tree.secret)
    report = replace(world.report, root=lie.root, scores_hash=scores_hash(lie.scores))
    world.publish(report)
    folder.write_epoch(tmp_path / "epochs", lie, report)
    with pytest.raises(Stop, match="`credit-oracle audit` failed") as stop:
        world.verb("--against", tmp_path)
    said = str(stop.value)
    assert "epoch 3: scoresHash is 0x" in said
    mine, theirs = int(tree.scores.width[at]), int(width[at])
    bo = address_text(demo_address("Bo"))
    assert f"{bo} has width {theirs} there, {mine} by our reckoning" in said


def test_audit__the_previous_reports_scores_were_forged__says_so_before_its_figures(world: World) -> None:
    world.publish(replace(world.report, scores_hash=b"\x07" * 32))
    world.release()
    world.stage.anvil.advance_to(world.end_of(EPOCH + 1) - 60)
    block = world.stage.anvil.rpc.block("latest")
    world.stage.anvil.advance_to(world.end_of(EPOCH + 1) + 60)
    report = replace(world.report, epoch=EPOCH + 1, previous_epoch=EPOCH, snapshot_block=block.number)
    world.publish(replace(report, snapshot_time=block.time, home_hash=block.hash))
    said = str(world.difference(epoch=EPOCH + 1))
    assert said.startswith(f"epoch 4: scoresHash of the previous epoch 3 is 0x{'07' * 32} as published, 0x")


def test_audit__the_previous_report_is_passed_over__names_the_field(world: World, tmp_path: Path) -> None:
    world.publish(world.report)
    world.release()
    world.stage.anvil.advance_to(world.end_of(EPOCH + 1) - 60)
    world.stage.anvil.advance_to(world.end_of(EPOCH + 1) + 60)
    home = tmp_path / "node"
    shutil.copytree(world.home, home)
    with world.stage.process(home, {}, "node", "--once", "--dry-run", "--json") as process:
        outcome(process, home)
    report = folder.read_report(home / "epochs", EPOCH + 1)
    assert report.previous_epoch == EPOCH
    moment = world.stage.anvil.rpc.call("evm_snapshot", [])
    world.publish(report)
    assert world.difference(epoch=EPOCH + 1) is None
    world.stage.anvil.rpc.call("evm_revert", [moment])
    world.publish(replace(report, previous_epoch=0))
    assert world.difference(epoch=EPOCH + 1) == "epoch 4: previousEpoch is 0 as published, 3 by our reckoning"


def test_audit__a_node_hands_out_another_transaction__says_what_is_wrong_with_it(world: World) -> None:
    world.publish(world.report)
    call = world.stage.oracle.abi.functions["publish"].id.hex()

    def cut(answer: dict[str, Any]) -> None:
        answer["input"] = "0x" + call

    def swap(answer: dict[str, Any]) -> None:
        signatures = answer["input"][-384:]  # three of 128 digits
        answer["input"] = answer["input"][:-384] + signatures[128:256] + signatures[:128] + signatures[256:]

    def elsewhere(answer: dict[str, Any]) -> None:
        answer["to"] = address_text(bytes(20))

    for change in (cut, elsewhere):
        with (
            altering(world.stage.anvil.url, change) as url,
            pytest.raises(Stop, match="is no plain call of publish"),
        ):
            world.audit(url)
    with altering(world.stage.anvil.url, swap) as url:
        assert "the signatures' state is sound as published, member 0 is 0x" in world.audit(url)["difference"]


@contextlib.contextmanager
def altering(node: str, change: Callable[[dict[str, Any]], None]) -> Iterator[str]:
    """A provider that passes everything on, and alters the transactions that it is asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            request = urllib.request.Request(node, body, {"content-type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as response:
                answer = json.loads(response.read())
            if isinstance(answer, dict) and b"eth_getTransactionByHash" in body:
                change(answer["result"])
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


# ----------------------------------------------------------------------------------- as it was


def test_audit__as_published__is_equal_with_and_without_the_secret(world: World, tmp_path: Path) -> None:
    world.publish(world.report)
    ledger = tmp_path / "ledger.duckdb"
    without = world.verb("--ledger", ledger)
    assert without["difference"] is None
    assert without["rootRebuilt"] is False
    assert without["leaves"] == 3
    root = next(check for check in without["checks"] if check["what"] == "root")
    assert root["published"] == "0x" + world.report.root.hex()
    again = world.verb("--ledger", ledger, "--secret", world.secret, "--against", world.home)
    assert again["difference"] is None
    assert again["rootRebuilt"] is True
    assert all(check["equal"] for check in again["checks"])
    assert len(again["checks"]) == 16


def test_audit__against_a_parquet_of_the_scores__is_equal(world: World, tmp_path: Path) -> None:
    world.publish(world.report)
    scores = folder.read_scores(world.home / "epochs", EPOCH)
    columns = {name: getattr(scores, name) for name in ("status", "score", "width", "reasons")}
    addresses = [address_text(row.tobytes()) for row in scores.addresses]
    pq.write_table(pa.table({"address": addresses, **columns}), tmp_path / "scores.parquet")
    assert world.difference(against=tmp_path / "scores.parquet") is None
