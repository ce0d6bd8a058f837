"""The page over a service that sees what a test sets: its state, its words, its QR code; no chain."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from msgspec import structs
from playwright.sync_api import Browser

from models import registry
from oracle import folder
from oracle.api import serve
from oracle.api.service import open_service
from oracle.attestations import write_attestations
from oracle.committee import Attestation
from oracle.dissent import evidence
from oracle.dissent.differences import Changed, Differences
from oracle.dissent.evidence import Evidence
from oracle.mailbox import listen
from oracle.tree import EpochTree
from tests.e2e.browser import DESKTOP, NARROW, PHONE, Visit, chromium, running_browser, visiting
from tests.oracle.api.conftest import DEPLOYMENT, OPEN
from tests.oracle.conftest import EPOCH, MEI, SECRET, Kept, kept
from tests.simulators import FakeChain

__all__ = ["kept"]

OPERATOR = structs.replace(OPEN, rpc="http://127.0.0.1:9")
"""Whose chain nobody asks: a demo wallet signs in the browser."""

ANN, LATEST = b"\x0a" * 20, EPOCH + 1
CARD = """# Model card: small

| | |
| --- | --- |
| Owner | Lin <b>and</b> a \\| bar |

## Not for

- Employment
- Insurance
"""
LEAST_PX = 320


@dataclass(frozen=True)
class World:
    """A service at `url`, what it sees, and the folder that it serves."""

    url: str
    chain: FakeChain
    kept: Kept


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium()
    with running_browser() as found:
        yield found


@pytest.fixture
def world(kept: Kept) -> Iterator[World]:
    """Two epochs, each signed by four, of a model with a card."""
    tree = EpochTree.build(LATEST, kept.tree.scores, SECRET)
    later = replace(kept.report, epoch=LATEST, root=tree.root, mean_score=641, psi_bps=580)
    folder.write_epoch(kept.settings.epochs, tree, later)
    for epoch in (EPOCH, LATEST):
        signed = Attestation(kept.report, bytes(64), bytes(64))
        write_attestations(kept.settings.epochs, epoch, [signed] * 4)
    card = registry.card_path(kept.settings.home, kept.report.model_id)
    card.parent.mkdir()
    card.write_text(CARD)
    chain = FakeChain()
    chain.fates = {EPOCH: "standing", LATEST: "standing"}
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listen("127.0.0.1", 0))
        domain = f"127.0.0.1:{listening.getsockname()[1]}"
        server = serve.server_of(open_service(stack, kept.settings, OPERATOR, domain, chain=chain))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield World(f"http://{domain}", chain, kept)
        server.should_exit = server.force_exit = True
        thread.join(10)


def status(visit: Visit) -> str:
    """What the status screen says now."""
    visit.page.goto("about:blank")
    visit.open("status")
    visit.page.get_by_role("heading", name="Dissent").wait_for()
    return visit.text()


def test_status__of_epochs_drift_and_dissent__is_what_the_service_knows(
    world: World, browser: Browser
) -> None:
    mine = Attestation(world.kept.report, bytes(64), bytes(64))
    theirs = Attestation(replace(world.kept.report, root=bytes(32)), bytes(64), bytes(64))
    with visiting(browser, world.url, size=DESKTOP) as visit:
        shown = status(visit)
        assert "None seen by this service" in shown
        assert "Epoch 4: 0.0580. The limit is 0.2500." in shown
        assert "4 of 4" in shown
        visit.press("Show as table: Drift against its limit")
        assert "Fewer than 30 to compare" in visit.text()
        for fate, words in (
            ("held", ("Model on hold", "Epoch 3 · data to")),
            ("vetoed", ("The latest epoch was vetoed", "Epoch 3 · data to")),
            ("upcoming", ("Usable from 1970-01-01", "Public check, not used yet")),
            ("unpublished", ("not on the chain yet",)),
            ("stale", ("Out of date",)),
        ):
            world.chain.fates[LATEST] = fate
            shown = status(visit)
            assert [each for each in words if each not in shown] == []
            assert "All is well" not in shown
        world.chain.fates = {}
        shown = status(visit)
        assert "The chain is not seen at present" in shown
        assert "The contract's limit is not known now." in shown
        with Evidence(world.kept.settings.home / evidence.FILE, DEPLOYMENT) as found:
            assert "0 members signed another result" in status(visit)
            found.keep(ANN, theirs, mine)
            changed = (Changed(MEI, bytes(32), bytes(32)),)
            found.add_differences(ANN, theirs, Differences(changed, (), (), None))
        world.chain.fates = {EPOCH: "standing", LATEST: "standing"}
        shown = status(visit)
        assert "1 of 4 members signed another result" in shown
        assert "or more of 4" not in shown
        write_attestations(world.kept.settings.epochs, EPOCH, [])
        assert "3 or more of 4" in status(visit), "a root on the chain had its quorum"
        assert MEI.hex()[:4] not in shown


def test_card__in_the_status_screen__is_read_as_text_and_passes_axe(world: World, browser: Browser) -> None:
    with visiting(browser, world.url, size=NARROW) as visit:
        status(visit)
        visit.page.locator("summary").click()
        visit.page.get_by_role("heading", name="Not for").wait_for()
        assert (
            visit.page.get_by_role("row", name="Owner").inner_text().split("\t")[-1]
            == "Lin <b>and</b> a | bar"
        )
        assert visit.page.locator(".model-card b").count() == 0
        assert visit.page.locator(".model-card li").count() == 2
        visit.press("中文 / English")
        visit.page.get_by_role("heading", name="不适用于").wait_for()
        visit.page.get_by_role("heading", name="模型说明：small").wait_for()
        assert visit.violations() == []
        assert visit.overflow() <= 0


def test_proof__by_its_qr_code__is_large_enough_and_what_a_lender_may_paste(
    world: World, browser: Browser, tmp_path: Path
) -> None:
    with visiting(browser, world.url, size=PHONE, locale="zh-CN") as visit:
        visit.open("prove")
        visit.page.get_by_role("button", name="Mei").click()
        with visit.page.expect_response("**/v1/me/proof*") as answer:
            visit.page.get_by_role("button", name="生成证明").click()
        text = answer.value.json()["text"]
        code = visit.page.get_by_role("img", name="证明二维码")
        box = code.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= LEAST_PX
        modules = int((code.get_attribute("viewBox") or "").split()[2]) - 8
        assert modules == 17 + 4 * 7, "the alphanumeric mode takes version 7 where bytes take 9"
        visit.open("lender")
        for pasted, says in (
            (text, "已证明：0x"),
            (f"\n{text}\n", "已证明：0x"),
            (text[:-1] + "%", "未能证明：证明文本在"),
            (text.replace("CP1:", "CP2:"), "未能证明：这不是完整的证明文本"),
            ('{"kind": "atLeast"}', "未能证明：请求中的某个值不可接受"),
        ):
            visit.page.get_by_label("粘贴证明").fill(pasted)
            visit.page.get_by_role("button", name="核验").click()
            visit.see(says)
