"""Which epoch the service answers from, as epochs come, are damaged, and are not there yet."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ledger_reader.errors import Retry
from ledger_reader.keccak import keccak256
from models import registry
from oracle import folder
from oracle.api.epochs import LOOK_SECONDS, Epochs
from oracle.api.epochs import Kept as KeptAnswers
from oracle.api.service import Service
from oracle.tree import EpochTree
from tests.oracle.api.conftest import as_
from tests.oracle.conftest import EPOCH, Kept


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def epochs(kept: Kept, clock: Clock) -> Epochs:
    return Epochs(kept.settings, clock)


def write_next(kept: Kept) -> Path:
    """The epoch after EPOCH, of the same scores."""
    tree = EpochTree.build(EPOCH + 1, kept.tree.scores, bytes(32))
    report = replace(kept.report, epoch=EPOCH + 1, root=tree.root)
    return folder.write_epoch(kept.settings.epochs, tree, report)


def test_latest__none_computed__is_not_yet(kept: Kept, epochs: Epochs) -> None:
    shutil.rmtree(kept.settings.epochs)
    with pytest.raises(Retry, match="when the first epoch has ended"):
        epochs.latest()


def test_latest__a_new_one__is_found_at_the_next_look(kept: Kept, epochs: Epochs, clock: Clock) -> None:
    assert epochs.latest().report.epoch == EPOCH
    write_next(kept)
    assert epochs.latest().report.epoch == EPOCH
    clock.now += LOOK_SECONDS
    assert epochs.at_hand() is None
    assert epochs.latest().report.epoch == EPOCH + 1
    assert epochs.at_hand() is epochs.latest()


def test_latest__a_new_one_is_damaged__goes_on_with_the_one_before(
    kept: Kept, epochs: Epochs, clock: Clock
) -> None:
    epochs.latest()
    damaged = write_next(kept) / "tree.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    clock.now += LOOK_SECONDS
    assert epochs.latest().report.epoch == EPOCH


def test_score__of_a_damaged_epoch__says_nothing_of_files(
    client: TestClient, service: Service, kept: Kept
) -> None:
    headers = as_(client, "Mei")
    (folder.folder_of(kept.settings.epochs, EPOCH) / "tree.npy").unlink()
    answered = client.get("/v1/me/score", headers=headers)
    assert answered.status_code == 503
    assert str(service.settings.home) not in answered.text
    assert client.get("/v1/ready").status_code == 503
    assert client.get("/v1/health").status_code == 200


def test_kept__more_than_fit__forgets_the_oldest() -> None:
    answers = KeptAnswers(2)
    for number in range(3):
        answers.put(number, str(number).encode())
    assert [answers.get(number) for number in range(3)] == [None, b"1", b"2"]


def test_model__whose_card_lies_in_the_folder__is_told_with_it_and_its_hash(
    client: TestClient, kept: Kept
) -> None:
    path = f"/v1/models/0x{kept.report.model_id.hex()}"
    bare = client.get(path).json()
    assert (bare["card"], bare["cardHash"]) == (None, None)
    card = registry.card_path(kept.settings.home, kept.report.model_id)
    card.parent.mkdir()
    card.write_text("# Model card: small", encoding="utf-8")
    told = client.get(path).json()
    assert told["card"] == "# Model card: small"
    assert told["cardHash"] == "0x" + keccak256(b"# Model card: small").hex()
