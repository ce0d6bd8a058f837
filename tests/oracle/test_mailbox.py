import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Retry, Stop
from oracle import gossip
from oracle.epoch import Deployment
from oracle.gossip import Envelope
from oracle.keys import NodeKeys
from oracle.mailbox import EPOCHS_AHEAD, KEPT, Mailbox

HOME = Deployment(31337, b"\1" * 20)
ANN, BEN, EVE = (NodeKeys(bytes([seed]) * 32) for seed in (5, 6, 7))
KNOWN = (ANN.identity_key, BEN.identity_key)
NOW = 10


def sealed(
    body: bytes = b"body",
    keys: NodeKeys = ANN,
    epoch: int = NOW,
    deployment: Deployment = HOME,
    kind: str = gossip.ATTESTATION,
) -> Envelope:
    return gossip.seal(keys, kind, deployment, epoch, body)


def opened(known: tuple[bytes, ...] = KNOWN, epoch: int = NOW) -> Mailbox:
    mailbox = Mailbox(HOME)
    mailbox.open_for(epoch, known)
    return mailbox


def bodies(mailbox: Mailbox, epoch: int = NOW) -> list[bytes]:
    return [envelope.body for envelope in mailbox.take(epoch)]


def accept_all(mailbox: Mailbox, envelopes: Sequence[Envelope]) -> Mailbox:
    for envelope in envelopes:
        mailbox.accept(gossip.encode(envelope))
    return mailbox


# ------------------------------------------------------------------------------------ refusals


def test_accept__before_the_first_round__knows_nobody() -> None:
    mailbox = Mailbox(HOME)
    with pytest.raises(Stop, match="is not known here"):
        mailbox.accept(gossip.encode(sealed()))
    assert mailbox.take(NOW) == []


def test_accept__unknown_sender__is_refused_and_not_kept() -> None:
    mailbox = opened()
    with pytest.raises(Stop, match="is not known here"):
        mailbox.accept(gossip.encode(sealed(keys=EVE)))
    assert mailbox.take(NOW) == []


@pytest.mark.parametrize("elsewhere", [replace(HOME, chain_id=1), replace(HOME, contract=b"\2" * 20)])
def test_accept__for_another_deployment__is_refused(elsewhere: Deployment) -> None:
    mailbox = opened()
    with pytest.raises(Stop, match="this node serves 0x0101"):
        mailbox.accept(gossip.encode(sealed(deployment=elsewhere)))
    assert mailbox.take(NOW) == []


@pytest.mark.parametrize("epoch", [0, 1, NOW - 1, NOW + EPOCHS_AHEAD + 1, 2**63 - 1])
def test_accept__past_or_far_epoch__is_refused(epoch: int) -> None:
    mailbox = opened()
    with pytest.raises(Stop, match=f"a message for epoch {epoch}; this node is at {NOW}"):
        mailbox.accept(gossip.encode(sealed(epoch=epoch)))
    assert mailbox.take(epoch) == []


@pytest.mark.parametrize("kind", [gossip.RECALL, "Attestation", "x" * 32])
def test_accept__another_kind__is_refused(kind: str) -> None:
    mailbox = opened()
    with pytest.raises(Stop, match=f"of the unknown kind '{kind}'"):
        mailbox.accept(gossip.encode(sealed(kind=kind)))
    assert mailbox.take(NOW) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": BEN.identity_key},
        {"epoch": NOW + 1},
        {"body": b"bodz"},
        {"signature": bytes(64)},
        {"signature": EVE.sign(b"body")},
    ],
)
def test_accept__altered_envelope__is_refused(changes: dict[str, Any]) -> None:
    mailbox = opened()
    with pytest.raises(Stop, match="not that of its sender"):
        mailbox.accept(gossip.encode(replace(sealed(), **changes)))
    assert mailbox.take(NOW) == mailbox.take(NOW + 1) == []


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({text: text}).encode()))
def test_accept__any_bytes__are_refused_and_never_crash(message: bytes) -> None:
    mailbox = opened()
    with pytest.raises(Stop):
        mailbox.accept(message)


def test_accept__message_too_large__is_refused() -> None:
    with pytest.raises(Stop, match=f"more than {gossip.MAX_BYTES} bytes"):
        opened().accept(bytes(gossip.MAX_BYTES + 1))


# ---------------------------------------------------------------------------- what is kept of it


def test_accept__a_flood_of_one_member__keeps_the_last_few_and_nobody_elses_less() -> None:
    mailbox = accept_all(opened(), [sealed(b"of Ben", keys=BEN)])
    flood = [sealed(b"%d" % number) for number in range(50)]
    accept_all(mailbox, flood)
    kept = mailbox.take(NOW)
    assert [e.body for e in kept if e.sender == BEN.identity_key] == [b"of Ben"]
    assert [e.body for e in kept if e.sender == ANN.identity_key] == [e.body for e in flood[-KEPT:]]


def test_accept__every_member_and_epoch_flooded__stays_bounded() -> None:
    mailbox = opened()
    accept_all(
        mailbox,
        [
            sealed(b"%d" % number, keys, epoch)
            for number in range(KEPT + 2)
            for keys in (ANN, BEN)
            for epoch in range(NOW, NOW + EPOCHS_AHEAD + 1)
        ],
    )
    counts = [len(mailbox.take(epoch)) for epoch in range(NOW + EPOCHS_AHEAD + 5)]
    assert sum(counts) == KEPT * len(KNOWN) * (EPOCHS_AHEAD + 1)


@given(st.lists(st.sampled_from([b"a", b"b", b"c"][:KEPT]), min_size=1, max_size=12))
def test_accept__replayed_in_any_order__is_kept_once_each(order: list[bytes]) -> None:
    mailbox = accept_all(opened(), [sealed(body) for body in order])
    assert sorted(bodies(mailbox)) == sorted(set(order))


def test_accept__a_replay_between_new_messages__pushes_nothing_out() -> None:
    first = [sealed(b"%d" % number) for number in range(KEPT)]
    mailbox = accept_all(opened(), [*first, *first * 5])
    assert mailbox.take(NOW) == first


def test_accept__same_body_of_two_members__is_kept_of_both() -> None:
    mailbox = accept_all(opened(), [sealed(keys=BEN), sealed(keys=ANN)])
    assert [envelope.sender for envelope in mailbox.take(NOW)] == sorted(KNOWN)


def test_accept__many_threads_at_once__loses_nothing() -> None:
    members = [NodeKeys(bytes([seed]) * 32) for seed in range(1, 33)]
    mailbox = opened(tuple(keys.identity_key for keys in members))
    messages = [gossip.encode(sealed(b"%d" % n, keys)) for keys in members for n in range(KEPT)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(mailbox.accept, messages * 2))
    assert len(mailbox.take(NOW)) == KEPT * len(members)


def test_take__twice__gives_the_same() -> None:
    mailbox = accept_all(opened(), [sealed(b"a"), sealed(b"b", BEN)])
    first = mailbox.take(NOW)
    first.clear()
    assert sorted(bodies(mailbox)) == sorted(bodies(mailbox)) == [b"a", b"b"]


def test_take__an_epoch_of_which_nothing_came__is_empty() -> None:
    assert accept_all(opened(), [sealed()]).take(NOW + 1) == []


# --------------------------------------------------------------------------------- from round to round


def test_open_for__the_next_epoch__drops_the_old_and_keeps_what_came_early() -> None:
    mailbox = accept_all(opened(), [sealed(b"old"), sealed(b"early", epoch=NOW + 1)])
    mailbox.open_for(NOW + 1, KNOWN)
    assert mailbox.take(NOW) == []
    assert bodies(mailbox, NOW + 1) == [b"early"]
    with pytest.raises(Stop, match=f"this node is at {NOW + 1}"):
        mailbox.accept(gossip.encode(sealed(b"late")))


def test_open_for__the_same_epoch_again__keeps_everything() -> None:
    mailbox = accept_all(opened(), [sealed()])
    mailbox.open_for(NOW, KNOWN)
    assert bodies(mailbox) == [b"body"]


def test_open_for__another_committee__takes_of_the_new_one_only() -> None:
    mailbox = opened()
    mailbox.open_for(NOW, (EVE.identity_key,))
    accept_all(mailbox, [sealed(keys=EVE)])
    with pytest.raises(Stop, match="is not known here"):
        mailbox.accept(gossip.encode(sealed(keys=ANN)))
    assert [envelope.sender for envelope in mailbox.take(NOW)] == [EVE.identity_key]


@pytest.mark.parametrize("ahead", range(EPOCHS_AHEAD + 1))
def test_accept__a_peer_a_little_ahead__is_kept_as_sent(ahead: int) -> None:
    envelope = sealed(epoch=NOW + ahead)
    assert accept_all(opened(), [envelope]).take(NOW + ahead) == [envelope]


def test_accept__a_flood_of_secrets__pushes_no_attestation_out() -> None:
    mailbox = accept_all(opened(), [sealed(b"word")])
    accept_all(mailbox, [sealed(bytes([n]), kind=gossip.SECRET) for n in range(20)])
    assert bodies(mailbox) == [b"word"]
    assert len(mailbox.take(NOW, gossip.SECRET)) == KEPT


def test_accept__a_request__is_answered_and_not_kept() -> None:
    mailbox, seen = opened(), list[Envelope]()
    mailbox.answers[gossip.RECALL] = seen.append
    accept_all(mailbox, [sealed(kind=gossip.RECALL)])
    assert seen == [sealed(kind=gossip.RECALL)]
    assert mailbox.take(NOW, gossip.RECALL) == []


def test_accept__requests_of_one_member_at_once__answers_the_first_and_others_too() -> None:
    mailbox, seen = opened(), list[Envelope]()
    mailbox.answers[gossip.RECALL] = seen.append
    accept_all(mailbox, [sealed(kind=gossip.RECALL)])
    with pytest.raises(Retry, match="is answered, no more"):
        accept_all(mailbox, [sealed(kind=gossip.RECALL)])
    accept_all(mailbox, [sealed(keys=BEN, kind=gossip.RECALL)])
    assert [each.sender for each in seen] == [ANN.identity_key, BEN.identity_key]


def test_accept__a_request_of_a_stranger__is_not_answered() -> None:
    mailbox, seen = opened(), list[Envelope]()
    mailbox.answers[gossip.RECALL] = seen.append
    with pytest.raises(Stop, match="is not known here"):
        accept_all(mailbox, [sealed(keys=EVE, kind=gossip.RECALL)])
    assert not seen


def test_of__a_member__gives_its_own_attestations_of_all_epochs() -> None:
    mine = [sealed(b"now"), sealed(b"early", epoch=NOW + 1)]
    mailbox = accept_all(opened(), [*mine, sealed(b"other", BEN)])
    assert mailbox.of(ANN.identity_key) == mine
    assert mailbox.of(EVE.identity_key) == []
