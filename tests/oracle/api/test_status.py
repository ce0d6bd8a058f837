"""The public status says what is known, and null where nothing is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from oracle import folder
from oracle.api.app import make_app
from oracle.api.service import Service
from oracle.api.sight import TRUST_SECONDS
from oracle.attestations import write_attestations
from oracle.committee import Attestation
from oracle.dissent import evidence
from oracle.dissent.differences import Changed, Differences
from oracle.dissent.evidence import Evidence
from oracle.tree import EpochTree
from tests.oracle.api.conftest import DEPLOYMENT, ORIGIN
from tests.oracle.conftest import EPOCH, MEI, SECRET, Kept
from tests.simulators import FakeChain

ANN, BEN = b"\x0a" * 20, b"\x0b" * 20
LATEST = EPOCH + 1


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain()


@pytest.fixture
def client(service: Service, chain: FakeChain) -> Iterator[TestClient]:
    with TestClient(make_app(replace(service, chain=chain)), base_url=ORIGIN) as found:
        yield found


def status(client: TestClient) -> Any:
    return client.get("/v1/status").raise_for_status().json()


def signed(kept: Kept, **changes: Any) -> Attestation:
    return Attestation(replace(kept.report, **changes), bytes(64), bytes(64))


def test_status__of_a_service_that_sees_nothing_else__says_so(client: TestClient, kept: Kept) -> None:
    found = status(client)
    (epoch,) = found["epochs"]
    assert (found["latestEpoch"], epoch["root"]) == (EPOCH, "0x" + kept.report.root.hex())
    assert (found["databaseAnswers"], found["dissentWatched"], found["dissent"]) == (True, False, [])
    for name in ("chainTime", "readEpoch", "maxAge", "limits"):
        assert found[name] is None, name
    assert (epoch["standing"], epoch["members"], epoch["signatures"]) == (None, None, 0)
    assert not (kept.settings.home / evidence.FILE).exists(), "looking leaves no file"


@pytest.mark.parametrize(
    ("fates", "standings", "read"),
    [
        (("standing", "standing"), ["usable", "read"], LATEST),
        (("standing", "upcoming"), ["read", "waiting"], EPOCH),
        (("standing", "held"), ["read", "held"], EPOCH),
        (("vetoed", "unpublished"), ["vetoed", "unpublished"], None),
    ],
)
def test_status__of_epochs__is_their_fate_on_chain(
    client: TestClient, chain: FakeChain, kept: Kept, fates: tuple[str, str], standings: list[str], read: int
) -> None:
    tree = EpochTree.build(LATEST, kept.tree.scores, SECRET)
    folder.write_epoch(kept.settings.epochs, tree, replace(kept.report, epoch=LATEST, root=tree.root))
    chain.fates = dict(zip((EPOCH, LATEST), fates, strict=True))
    found = status(client)
    assert [each["standing"] for each in found["epochs"]] == standings
    assert found["readEpoch"] == read
    assert [(each["members"], each["quorum"]) for each in found["epochs"]] == [(4, 3)] * 2
    assert found["limits"] == {
        "minBorrowers": 1,
        "minMeanScore": 300,
        "maxMeanScore": 850,
        "maxMovedBps": 2_000,
        "maxPsiBps": 2_500,
    }
    chain.seen_at = 0.0
    assert status(client)["limits"] is None, f"what was seen {TRUST_SECONDS} s ago is not known now"


def test_status__of_signatures__counts_those_kept_as_they_come(client: TestClient, kept: Kept) -> None:
    for count in (1, 3):
        write_attestations(kept.settings.epochs, EPOCH, [signed(kept)] * count)
        assert status(client)["epochs"][0]["signatures"] == count


def test_status__of_dissent__names_members_and_numbers_and_no_borrower(
    client: TestClient, kept: Kept
) -> None:
    mine, theirs = signed(kept), signed(kept, root=bytes(32), mean_score=700)
    told = Differences((Changed(MEI, bytes(32), bytes(32)),), (b"\x99" * 20,), (), None)
    with Evidence(kept.settings.home / evidence.FILE, DEPLOYMENT) as kept_evidence:
        assert status(client)["dissent"] == []
        assert status(client)["dissentWatched"] is True
        kept_evidence.keep(ANN, theirs, mine)
        kept_evidence.add_differences(ANN, theirs, told)
        kept_evidence.keep(BEN, mine, mine)  # half of two stories, and no dissent
        kept_evidence.keep(BEN, theirs, mine)
    found = client.get("/v1/status")
    common = {"epoch": EPOCH, "root": "0x" + "00" * 32, "fields": ["root", "meanScore"]}
    assert found.json()["dissent"] == [
        common | {"member": "0x" + ANN.hex(), "borrowers": 2, "isAll": True, "twoStories": False},
        common | {"member": "0x" + BEN.hex(), "borrowers": None, "isAll": False, "twoStories": True},
    ]
    assert MEI.hex() not in found.text


def test_status__evidence_that_is_damaged__is_not_told_as_none(client: TestClient, kept: Kept) -> None:
    (kept.settings.home / evidence.FILE).write_bytes(b"no database, and longer than a header of one" * 9)
    found = status(client)
    assert (found["dissentWatched"], found["dissent"]) == (True, None)
