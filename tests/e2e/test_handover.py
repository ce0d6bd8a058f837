"""The committee's secret among members over real sockets: by its hash, or by f + 1 alike; to members only."""

import contextlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import pytest

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from oracle import gossip
from oracle.committee import Committee
from oracle.committee_secret import Secrets, salts_of
from oracle.contract import CreditOracle
from oracle.devchain.anvil import CHAIN_ID, Anvil, Transaction
from oracle.devchain.deploy import deploy, weekly
from oracle.epoch import Deployment, secret_at, secret_hash
from oracle.handover import Handover
from oracle.keys import NodeKeys
from oracle.mailbox import Mailbox, Server
from oracle.peers import Peers
from tests.e2e.conftest import anvil_binary, free_port

DEALT, FRESH, LIE = b"\x07" * 32, b"\x08" * 32, b"\x66" * 32
NAMED, NEXT = secret_hash(DEALT), secret_hash(FRESH)
ROTATION = 6
"""The first epoch of the secret NEXT."""
KEYS = [NodeKeys(bytes([n]) * 32) for n in range(1, 5)]
ADDRESSES = tuple(bytes([n]) * 20 for n in range(1, 5))
STRANGER = NodeKeys(b"\x09" * 32)
SHARED = Committee(ADDRESSES, tuple(each.identity_key for each in KEYS), 3, NAMED)


@dataclass
class Crew:
    """Four members' ends of the handover, each with a folder, a mailbox and a port of its own."""

    handovers: list[Handover]
    block: int
    deployment: Deployment

    def ask(self, member: int, epoch: int) -> None:
        self.handovers[member].prepare(epoch, self.block)

    def hold(self, member: int, epoch: int, secret: bytes) -> None:
        self.handovers[member].secrets.keep(NAMED, epoch, secret)

    def held(self, member: int) -> tuple[int, bytes] | None:
        return self.handovers[member].secrets.held(NAMED)


@pytest.fixture(scope="module")
def oracle() -> Iterator[CreditOracle]:
    """A contract whose committee is SHARED from the first epoch on."""
    anvil_binary()
    with Anvil() as anvil:
        deployed = deploy(anvil, SHARED, b"\x01" * 32, weekly(anvil.start_time))
        with Rpc([anvil.url], CHAIN_ID) as rpc:
            oracle = CreditOracle(rpc, deployed.oracle)
            call = oracle.call_data("scheduleCommittee", astuple(replace(SHARED, secret_hash=NEXT)), ROTATION)
            anvil.mine_block([Transaction(deployed.owner, deployed.oracle, call)])
            anvil.rpc.call("anvil_mine", ["0x5"])
            yield oracle


@pytest.fixture
def crew(oracle: CreditOracle, tmp_path: Path) -> Iterator[Crew]:
    where = Deployment(CHAIN_ID, oracle.address)
    ports = [free_port() for _ in KEYS]
    urls = {a: f"http://127.0.0.1:{port}" for a, port in zip(ADDRESSES, ports, strict=True)}
    handovers = []
    with contextlib.ExitStack() as stack:
        for n, keys in enumerate(KEYS):
            home = tmp_path / str(n)
            home.mkdir()
            peers = Peers(keys, where, {a: url for a, url in urls.items() if a != ADDRESSES[n]})
            mailbox = Mailbox(where)
            mailbox.open_for(1, (*SHARED.identity_keys, STRANGER.identity_key))
            handover = Handover(oracle, Secrets(home, keys), mailbox, peers, keys)
            handover.listen()
            stack.enter_context(Server(gossip.inbox_app(mailbox.accept), "127.0.0.1", ports[n]))
            handovers.append(handover)
        yield Crew(handovers, oracle.rpc.finalized().number, where)


def later(crew: Crew, epoch: int) -> None:
    """All members' mailboxes are at a later epoch."""
    for each in crew.handovers:
        each.mailbox.open_for(epoch, SHARED.identity_keys)


def test_handover__only_a_liar_answers__keeps_nothing(crew: Crew) -> None:
    crew.hold(0, 1, LIE)
    crew.ask(3, 0)
    assert crew.handovers[3].mailbox.take(1, gossip.SECRET), "the lie never came, so this proves nothing"
    assert crew.held(3) is None


def test_handover__one_who_holds_what_was_dealt__is_enough_beside_a_liar(crew: Crew) -> None:
    crew.hold(0, 1, LIE)
    crew.hold(1, 1, DEALT)
    crew.ask(3, 0)
    assert crew.held(3) == (1, DEALT)


def test_handover__turned_on_since_and_said_by_one__is_not_believed(crew: Crew) -> None:
    later(crew, 3)
    crew.hold(0, 3, secret_at(DEALT, 3))
    crew.ask(3, 3)
    assert crew.handovers[3].mailbox.take(3, gossip.SECRET)
    assert crew.held(3) is None


def test_handover__turned_on_since_and_said_alike_by_two__is_kept_beside_a_liar(crew: Crew) -> None:
    later(crew, 3)
    crew.hold(0, 3, LIE)
    crew.hold(1, 3, secret_at(DEALT, 3))
    crew.hold(2, 2, secret_at(DEALT, 2))
    crew.ask(3, 3)
    assert crew.held(3) == (3, secret_at(DEALT, 3))


def test_handover__peers_have_turned_past_the_epoch__the_next_one_comes(crew: Crew) -> None:
    """One that was slower to turn, and one that lies about both, change nothing."""
    later(crew, 3)
    crew.hold(0, 3, LIE)
    crew.hold(1, 3, secret_at(DEALT, 3))
    crew.hold(2, 4, secret_at(DEALT, 4))
    crew.ask(3, 3)
    assert crew.held(3) == (4, secret_at(DEALT, 4))


def test_handover__all_peers_have_computed_the_epoch__who_lacks_its_secret_still_gets_it(crew: Crew) -> None:
    later(crew, 3)
    for member in range(3):
        crew.hold(member, 1, DEALT)
        crew.handovers[member].secrets.turn_to(NAMED, 3)
    crew.ask(3, 3)
    assert crew.held(3) == (3, secret_at(DEALT, 3))
    salts = {salts_of(each.secrets, Path("none"), crew.deployment, SHARED, 3) for each in crew.handovers}
    assert len(salts) == 1


def test_handover__a_rotation_ahead__the_old_secret_is_never_taken_for_the_new(crew: Crew) -> None:
    later(crew, ROTATION - 1)
    for member in range(3):
        crew.hold(member, ROTATION - 1, secret_at(DEALT, ROTATION - 1))
    crew.ask(3, ROTATION - 1)
    assert crew.held(3) == (ROTATION - 1, secret_at(DEALT, ROTATION - 1))
    assert crew.handovers[3].secrets.held(NEXT) is None
    crew.handovers[2].secrets.keep(NEXT, ROTATION, FRESH)
    later(crew, ROTATION - 1)  # a member is answered once in a while; this begins anew
    crew.ask(3, ROTATION - 1)
    assert crew.handovers[3].secrets.held(NEXT) == (ROTATION, FRESH)


def test_handover__known_by_its_key_but_no_member__is_refused(crew: Crew) -> None:
    crew.hold(0, 1, DEALT)
    request = gossip.seal(STRANGER, gossip.SECRET_REQUEST, crew.handovers[0].peers.deployment, 1, b"please")
    with pytest.raises(Stop, match="is not a member of this committee"):
        crew.handovers[0].mailbox.accept(gossip.encode(request))


def test_handover__dealt_for_another_epoch_than_the_contracts__is_one_sentence(crew: Crew) -> None:
    crew.hold(0, 2, DEALT)
    with pytest.raises(Stop, match="was dealt for epoch 2, from which the contract does not name it"):
        crew.ask(0, 2)


def test_recall__what_i_sent_before__is_given_back_as_i_sealed_it(crew: Crew) -> None:
    mine, peer = crew.handovers[0], crew.handovers[1]
    peer.mailbox.accept(
        gossip.encode(gossip.seal(KEYS[0], gossip.ATTESTATION, mine.peers.deployment, 1, b"word"))
    )
    assert mine.mailbox.of(KEYS[0].identity_key) == []
    mine.recall(1)
    assert [each.body for each in mine.mailbox.of(KEYS[0].identity_key)] == [b"word"]
