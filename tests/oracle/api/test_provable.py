"""Proofs are of the epoch whose root contracts read, not merely of the latest."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_abi.abi import decode
from fastapi.testclient import TestClient
from msgspec import structs

from oracle import folder
from oracle.api.app import make_app
from oracle.api.gateway import SCORE_PROOF
from oracle.api.service import Service
from oracle.tree import EpochTree
from tests.oracle.api.conftest import OPEN, ORIGIN, SIGNED, as_, consent, request
from tests.oracle.api.test_gateway import SENDER, data, publish
from tests.oracle.conftest import EPOCH, MEI, SECRET, Kept
from tests.simulators import FakeChain

LATEST = EPOCH + 1


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain()


@pytest.fixture
def client(service: Service, chain: FakeChain) -> Iterator[TestClient]:
    """Of a service that sees the chain."""
    publish(service, "Mei")
    operator = structs.replace(OPEN, gateway_senders=(SENDER,))
    with TestClient(make_app(replace(service, chain=chain, operator=operator)), base_url=ORIGIN) as found:
        yield found


def add_epoch(kept: Kept) -> None:
    """The same borrowers a week later."""
    tree = EpochTree.build(LATEST, kept.tree.scores, SECRET)
    folder.write_epoch(kept.settings.epochs, tree, replace(kept.report, epoch=LATEST, root=tree.root))


def epochs_proved(client: TestClient) -> set[int]:
    """By whatever a borrower proves with, by the gateway, and to a reader."""
    paths = ("/v1/me/proof", "/v1/me/proof?at_least=650", "/v1/me/ladder")
    own = {client.get(path, headers=as_(client, "Mei")).json()["epoch"] for path in paths}
    raw = client.get(f"/v1/gateway/{SENDER}/{data(MEI)}.json").json()["data"]
    (opened,) = decode((SCORE_PROOF,), bytes.fromhex(raw[2:]))
    given = SIGNED.consent(consent(time.time(), what="score"))
    client.post("/v1/me/consents", json=given, headers=as_(client, "Mei")).raise_for_status()
    read = client.post("/v1/reads", json=SIGNED.request(request(time.time(), what="score"))).json()
    return own | {opened[0], read["epoch"], read["proof"]["epoch"]}


@pytest.mark.parametrize(
    ("fate", "proved"),
    [(None, LATEST), ("standing", LATEST), ("stale", LATEST), ("upcoming", EPOCH), ("held", EPOCH)],
)
def test_proof__while_the_latest_epoch_is_not_read__is_of_the_one_before(
    client: TestClient, chain: FakeChain, kept: Kept, fate: str | None, proved: int
) -> None:
    add_epoch(kept)
    if fate:
        chain.fates[LATEST] = fate
    assert epochs_proved(client) == {proved}
    assert client.get("/v1/me/score", headers=as_(client, "Mei")).json()["epoch"] == LATEST


def test_proof__of_the_first_epoch__is_of_it_though_nobody_reads_it_yet(
    client: TestClient, chain: FakeChain
) -> None:
    chain.fates[EPOCH] = "upcoming"
    assert epochs_proved(client) == {EPOCH}
