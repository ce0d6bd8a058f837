import json
from dataclasses import replace
from typing import Any

import pytest

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle import gossip
from oracle.dissent import testimony
from oracle.dissent.differences import below
from oracle.dissent.testimony import ANSWER, QUESTION, Inquiry, Witness
from oracle.epoch import Deployment
from oracle.guard import Allowance
from oracle.keys import NodeKeys
from oracle.tree import leaf_hash
from tests.oracle.conftest import CHAIN, CONTRACT, EPOCH, Kept

HOME = Deployment(CHAIN, CONTRACT)
ANN, BEN, EVE = (NodeKeys(bytes([seed]) * 32) for seed in (5, 6, 7))


def witness(kept: Kept) -> Witness:
    return Witness(kept.settings.epochs, BEN, HOME, lambda: (ANN.identity_key,))


def question(kept: Kept, **changes: Any) -> bytes:
    found = {"to": BEN.identity_key, "root": kept.tree.root, "node": 0} | changes
    return plain.write({k: "0x" + v.hex() if isinstance(v, bytes) else v for k, v in found.items()})


def message(
    body: bytes, keys: NodeKeys = ANN, kind: str = QUESTION, epoch: int = EPOCH, home: Deployment = HOME
) -> bytes:
    return gossip.encode(gossip.seal(keys, kind, home, epoch, body))


def asking(kept: Kept, monkeypatch: pytest.MonkeyPatch, answer: Any) -> Any:
    """An `Ask` whose messages go to `answer` in place of a socket."""
    monkeypatch.setattr(gossip, "ask", lambda _url, envelope, _seconds: answer(gossip.encode(envelope)))
    return Inquiry("http://ben", BEN.identity_key, ANN, HOME).about(EPOCH, kept.tree.root)


# ------------------------------------------------------------------------------- who is not answered


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"keys": EVE}, "is not known here"),
        ({"kind": gossip.ATTESTATION}, "where a question belongs"),
        ({"epoch": EPOCH + 1}, "has no tree of epoch 4"),
        ({"home": Deployment(1, CONTRACT)}, "this node serves"),
    ],
)
def test_answer__who_or_what_is_not_due__is_refused(
    kept: Kept, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Stop, match=sentence):
        witness(kept).answer(message(question(kept), **changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"to": EVE.identity_key}, "put to another member"),
        ({"root": bytes(32)}, "this node's root of epoch 3 is"),
        ({"node": 5}, "a tree of 3 leaves has no node 5"),
        ({"node": -1}, "a question's node must be"),
        ({"node": 2**80}, "a question's node must be"),
        ({"node": 1.5}, "not an integer"),
        ({"node": True}, "a question's node must be"),
        ({"more": 1}, "unknown fields"),
    ],
)
def test_answer__a_question_of_another_form__is_refused(
    kept: Kept, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Stop, match=sentence):
        witness(kept).answer(message(question(kept, **changes)))


@pytest.mark.parametrize("body", [b"", b"[" * 30_000, b"\xff", b"null", '{"to":"é"}'.encode()])
def test_answer__junk_in_a_members_envelope__is_refused(kept: Kept, body: bytes) -> None:
    with pytest.raises(Stop):
        witness(kept).answer(message(body or b"0"))


def test_answer__one_member_asks_too_much__is_told_to_wait(kept: Kept) -> None:
    found = witness(kept)
    found._allowance = Allowance(0.0, 2)
    for _ in range(2):
        found.answer(message(question(kept)))
    with pytest.raises(Retry, match="questions a second"):
        found.answer(message(question(kept)))


def test_answer__a_stranger_with_a_members_name__takes_none_of_its_questions(kept: Kept) -> None:
    found = witness(kept)
    found._allowance = Allowance(0.0, 1)
    forged = json.loads(message(question(kept), EVE)) | {"sender": "0x" + ANN.identity_key.hex()}
    with pytest.raises(Stop, match="not that of its sender"):
        found.answer(json.dumps(forged).encode())
    assert found.answer(message(question(kept)))


# ------------------------------------------------------------------------------------- false answers


def test_ask__an_answer_of_another_member__stops(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    eve = Witness(kept.settings.epochs, EVE, HOME, lambda: (ANN.identity_key,))
    ask = asking(kept, monkeypatch, lambda _: eve.answer(message(question(kept, to=EVE.identity_key))))
    with pytest.raises(Stop, match="is not known here"):
        ask(0)


def test_ask__the_answer_to_another_question__stops(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = asking(kept, monkeypatch, lambda _: witness(kept).answer(message(question(kept, node=1))))
    with pytest.raises(Stop, match="answered another question"):
        ask(0)


@pytest.mark.parametrize(("kind", "epoch"), [(QUESTION, EPOCH), (ANSWER, EPOCH - 1)])
def test_ask__an_answer_of_another_kind_or_epoch__stops(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, kind: str, epoch: int
) -> None:
    body = gossip.decode(witness(kept).answer(message(question(kept)))).body
    ask = asking(kept, monkeypatch, lambda _: message(body, BEN, kind, epoch))
    with pytest.raises(Stop, match="the member answered with a message"):
        ask(0)


@pytest.mark.parametrize(
    "changes",
    [
        {"leaves": 0},
        {"leaves": 2**33},
        {"leaves": None},
        {"below": "0x"},
        {"below": ["0x" + "00" * 32] * 129},
        {"below": ["0x00"]},
        {"leaf": 1},
        {"leaf": {"address": "0x00"}},
    ],
)
def test_ask__an_answer_of_another_form__stops(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    honest = plain.read(gossip.decode(witness(kept).answer(message(question(kept)))).body, "it")
    ask = asking(kept, monkeypatch, lambda _: message(plain.write(honest | changes), BEN, ANSWER))
    with pytest.raises(Stop, match=r"an answer|a leaf"):
        ask(0)


def test_ask__after_its_time__asks_to_try_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testimony, "INQUIRY_SECONDS", -1.0)
    with pytest.raises(Retry, match="took more than"):
        asking(kept, monkeypatch, witness(kept).answer)(0)


# ----------------------------------------------------------------------------------- honest answers


def test_ask__every_node__is_answered_as_the_tree_is(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = asking(kept, monkeypatch, witness(kept).answer)
    for index in range(5):
        answer = ask(index)
        assert answer.leaves == 3
        assert answer.below == tuple(kept.tree.nodes[each].tobytes() for each in below(index, 3))
        assert (answer.leaf is None) == (index < 2)
        if answer.leaf is not None:
            found = answer.leaf
            assert found.hash == kept.tree.nodes[index].tobytes()
            assert found.address == kept.tree.scores.addresses[4 - index].tobytes()
            assert found.hash == leaf_hash(found.address, found.status, found.opening, found.top)


def test_witness__another_epoch_is_asked_about__opens_that_one(kept: Kept) -> None:
    found = witness(kept)
    found.answer(message(question(kept)))
    with pytest.raises(Stop, match="has no tree of epoch 2"):
        found.answer(message(question(kept), epoch=2))
    assert found.answer(message(question(kept)))


def test_question__replaced_root_of_a_known_epoch__names_both(kept: Kept) -> None:
    asked = replace(kept.report, root=bytes(32)).root
    with pytest.raises(Stop, match=f"is 0x{kept.report.root.hex()}, not 0x{'00' * 32}"):
        witness(kept).answer(message(question(kept, root=asked)))
