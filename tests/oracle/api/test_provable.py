"""Proofs are of the epoch whose root contracts read, not merely of the latest."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_abi.abi import decode
from fastapi.testclient import TestClient
from msgspec import structs

from ledger_reader.errors import Stop
from models import plain
from oracle import folder
from oracle.api.app import make_app
from oracle.api.gateway import SCORE_PROOF
from oracle.api.service import Service
from oracle.api.sight import TRUST_SECONDS
from oracle.credit_report import sign_report, verify_report
from oracle.keys import NodeKeys
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


def add_epoch(kept: Kept, epoch: int = LATEST) -> None:
    """The same borrowers a week later."""
    tree = EpochTree.build(epoch, kept.tree.scores, SECRET)
    folder.write_epoch(kept.settings.epochs, tree, replace(kept.report, epoch=epoch, root=tree.root))


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("standing", []),
        ("upcoming", ["upcoming"]),
        ("unpublished", ["upcoming"]),
        ("held", ["held"]),
        ("stale", ["stale"]),
        ("vetoed", ["vetoed"]),
    ],
)
def test_score__of_the_latest_epoch__says_what_became_of_it(
    client: TestClient, chain: FakeChain, kept: Kept, fate: str, expected: list[str]
) -> None:
    later = replace(kept.report, epoch=LATEST, snapshot_time=FakeChain.TIME - 100)
    tree = EpochTree.build(LATEST, kept.tree.scores, SECRET)
    folder.write_epoch(kept.settings.epochs, tree, replace(later, root=tree.root))
    chain.fates = {EPOCH: "standing", LATEST: fate}
    flags = client.get("/v1/me/score", headers=as_(client, "Mei")).json()["flags"]
    assert [name for name, holds in flags.items() if holds] == expected


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
    ("fates", "proved"),
    [
        ((), LATEST),
        (("standing", "standing"), LATEST),
        (("standing", "stale"), LATEST),
        (("standing", "upcoming"), EPOCH),
        (("standing", "held"), EPOCH),
        (("standing", "vetoed"), EPOCH),
        (("standing", "unpublished"), EPOCH),
        (("standing", "held", "vetoed", "held", "upcoming"), EPOCH),
        (("standing", "standing", "held"), EPOCH + 1),
        (("held", "held"), LATEST),
    ],
)
def test_proof__of_whatever_epoch__is_of_the_one_that_contracts_read(
    client: TestClient, chain: FakeChain, kept: Kept, fates: tuple[str, ...], proved: int
) -> None:
    latest = max(LATEST, EPOCH + len(fates) - 1)
    for epoch in range(EPOCH + 1, latest + 1):
        add_epoch(kept, epoch)
    chain.fates = {EPOCH + i: fate for i, fate in enumerate(fates)}
    assert epochs_proved(client) == {proved}
    mei = as_(client, "Mei")
    assert client.get("/v1/me/score", headers=mei).json()["epoch"] == latest
    made = client.get("/v1/me/report?parts=score,proof", headers=mei).json()
    key = client.get("/v1/operator").json()["reportKey"]
    report = verify_report(plain.write(made), [bytes.fromhex(key[2:])])
    told = (report["epoch"]["epoch"], report["provenEpoch"]["epoch"], report["parts"]["proof"]["epoch"])
    assert told == (latest, proved, proved)


def test_proof__by_a_sight_that_is_too_old__is_of_the_latest(
    client: TestClient, chain: FakeChain, kept: Kept
) -> None:
    add_epoch(kept)
    chain.fates, chain.seen_at = {EPOCH: "standing", LATEST: "held"}, time.time() - TRUST_SECONDS - 1
    assert epochs_proved(client) == {LATEST}


def test_proof__once_the_latest_has_come_into_force__is_of_it_before_the_next_look(
    client: TestClient, chain: FakeChain, kept: Kept
) -> None:
    add_epoch(kept)
    chain.fates = {EPOCH: "standing", LATEST: "upcoming"}
    sight = chain.sight(LATEST)
    assert sight is not None
    assert [sight.read_epoch(sight.at + wait) for wait in (0, 3_599, 3_600)] == [EPOCH, EPOCH, LATEST]


def test_proof__of_an_epoch_that_is_not_kept_here__is_of_the_latest(
    client: TestClient, chain: FakeChain, kept: Kept
) -> None:
    add_epoch(kept)
    chain.fates = {EPOCH - 1: "standing", LATEST: "upcoming"}
    assert epochs_proved(client) == {LATEST}
    (folder.folder_of(kept.settings.epochs, EPOCH) / folder.SECRET).unlink()
    chain.fates = {EPOCH: "standing", LATEST: "upcoming"}
    assert epochs_proved(client) == {LATEST}


def test_report__of_two_epochs_that_do_not_fit__is_not_trusted(client: TestClient, kept: Kept) -> None:
    """Whoever signs it: the proof says what the numbers must be."""
    liar, mei = NodeKeys.generate(), as_(client, "Mei")
    report = client.get("/v1/me/report?parts=score,proof", headers=mei).json()["report"]
    other = report["epoch"] | {"borrowers": 7}
    for changed, says in (
        ({"epoch": other}, "trust neither"),
        ({"provenEpoch": report["epoch"] | {"epoch": 9}}, "trust neither"),
        ({"provenEpoch": report["epoch"] | {"root": "0x" + "00" * 32}}, "ScoreNotProven"),
        ({"provenEpoch": None}, "a report must be an object"),
    ):
        with pytest.raises(Stop, match=says):
            verify_report(plain.write(sign_report(report | changed, liar)), [liar.identity_key])
