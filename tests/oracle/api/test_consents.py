"""Consents on both databases: counted, ended, stopped, raced for; and the log of reads beside them."""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, update

from ledger_reader.errors import Stop
from oracle.api import access_log
from oracle.api import consents as kept_consents
from oracle.api.consents import Consents, NoConsent
from oracle.api.store import Store
from oracle.api.tables import log_entries, read_details
from oracle.consent import PUBLIC, PURPOSES
from oracle.devchain.people import demo_address
from tests.oracle.api.conftest import DEPLOYMENT, OTHER_READER, consent, request

NOW = 1_790_000_000
MEI, BO = demo_address("Mei"), demo_address("Bo")


class Clock:
    """Stands still until told to move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def consents(store: Store, clock: Clock) -> Consents:
    return Consents(store, DEPLOYMENT, clock)


def give(consents: Consents, **changed: Any) -> bytes:
    return consents.give(consent(NOW, **changed), b"signed", MEI)


def faults(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(access_log.faults(connection))


def test_use__nothing_was_given__is_refused(consents: Consents) -> None:
    with pytest.raises(NoConsent, match=r"^No consent for this request\.$"):
        consents.use(request(NOW))


@pytest.mark.parametrize(
    "changed",
    [
        {"borrower": BO},
        {"reader": OTHER_READER.address},
        {"what": "score"},
        {"what": "at least 650", "threshold": 650},
        {"purpose": PURPOSES[1]},
    ],
)
def test_use__asks_for_something_else__is_refused_and_counts_nothing(
    consents: Consents, changed: dict[str, Any]
) -> None:
    give(consents)
    with pytest.raises(NoConsent):
        consents.use(request(NOW, **changed))
    consents.use(request(NOW))


def test_use__more_often_than_counted__is_refused(consents: Consents) -> None:
    give(consents, count=2)
    consents.use(request(NOW))
    consents.use(request(NOW))
    with pytest.raises(NoConsent):
        consents.use(request(NOW))


def test_use__two_consents__uses_the_first_to_end(consents: Consents) -> None:
    late, early = give(consents, not_after=NOW + 200), give(consents, not_after=NOW + 100)
    assert [consents.use(request(NOW)), consents.use(request(NOW))] == [early, late]


def test_use__after_its_end__is_refused(consents: Consents, clock: Clock) -> None:
    give(consents, not_after=NOW + 50, count=2)
    clock.now = NOW + 50
    consents.use(request(NOW + 50))
    clock.now = NOW + 51
    with pytest.raises(NoConsent):
        consents.use(request(NOW + 51))


def test_give__more_than_are_kept__waits_until_one_expires(
    consents: Consents, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_consents, "MOST_OF_ONE", 3)
    other = consents.give(consent(NOW, borrower=BO, not_after=NOW + 50), b"signed", BO)
    consents.stop(give(consents, not_after=NOW + 50), MEI)
    later = [give(consents, not_after=NOW + 90) for _ in range(2)]
    with pytest.raises(Stop, match="you have 3 consents that run or were stopped early"):
        give(consents)
    clock.now = NOW + 51
    newest = give(consents, not_after=NOW + 100)
    assert {row["id"] for row in consents.of(MEI)} == {newest, *later}
    assert [row["id"] for row in consents.of(BO)] == [other]


def test_use__after_it_was_stopped__is_refused_at_once(consents: Consents) -> None:
    identity = give(consents, count=5)
    consents.use(request(NOW))
    consents.stop(identity, MEI)
    with pytest.raises(NoConsent):
        consents.use(request(NOW))


def test_stop__of_another_borrower_or_twice__is_refused(consents: Consents) -> None:
    identity = give(consents)
    with pytest.raises(Stop, match="no running consent"):
        consents.stop(identity, BO)
    consents.stop(identity, MEI)
    with pytest.raises(Stop, match="no running consent"):
        consents.stop(identity, MEI)


def test_use__replayed__is_refused_and_counts_once(consents: Consents) -> None:
    give(consents, count=5)
    asked = request(NOW)
    consents.use(asked)
    with pytest.raises(Stop, match="was made before"):
        consents.use(asked)
    assert [row["remaining"] for row in consents.of(MEI)] == [4]


def test_use__replayed_after_a_refusal__is_a_replay_too(consents: Consents) -> None:
    asked = request(NOW)
    with pytest.raises(NoConsent):
        consents.use(asked)
    give(consents)
    with pytest.raises(Stop, match="was made before"):
        consents.use(asked)


def test_give__again__is_refused_even_when_stopped(consents: Consents) -> None:
    given = consent(NOW)
    consents.stop(consents.give(given, b"signed", MEI), MEI)
    with pytest.raises(Stop, match="given before"):
        consents.give(given, b"signed", MEI)


def test_public__until_it_is_stopped__is_known_of_its_borrower_only(consents: Consents) -> None:
    identity = give(consents, what=PUBLIC)
    assert consents.is_public(MEI)
    assert not consents.is_public(BO)
    consents.stop(identity, MEI)
    assert not consents.is_public(MEI)


def test_use__many_at_once__never_more_than_the_count(store: Store) -> None:
    consents = Consents(store, DEPLOYMENT)
    now = time.time()
    consents.give(consent(now, count=3), b"signed", MEI)
    told: Counter[str] = Counter()
    barrier = threading.Barrier(8)

    def ask() -> None:
        asked = request(now)
        barrier.wait()
        try:
            consents.use(asked)
        except NoConsent:
            told["refused"] += 1
        else:
            told["shown"] += 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {"shown": 3, "refused": 5}
    assert [row["remaining"] for row in consents.of(MEI)] == [0]
    assert [row["number"] for row in consents.reads_of(MEI)] == [3, 2, 1]
    assert faults(store) == []


def statements(store: Store, ask: Callable[[], object]) -> list[str]:
    """The SQL that something runs."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        with pytest.raises(NoConsent):
            ask()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return found


def test_use__refused__runs_the_same_statements_whatever_is_known(store: Store, consents: Consents) -> None:
    give(consents, reader=OTHER_READER.address)
    known = statements(store, lambda: consents.use(request(NOW)))
    unknown = statements(store, lambda: consents.use(request(NOW, borrower=b"\x99" * 20)))
    assert known == unknown
    assert len(known) >= 3


# ------------------------------------------------------------------------------------------------ the log


def test_log__altered_anywhere__shows(store: Store, consents: Consents) -> None:
    give(consents, count=3)
    for _ in range(3):
        consents.use(request(NOW))
    assert faults(store) == []
    with store.changing() as connection:
        connection.execute(update(read_details).where(read_details.c.number == 2).values(what="score"))
    assert faults(store) == ["the details of entry 2 were altered"]
    with store.changing() as connection:
        connection.execute(delete(read_details))
        connection.execute(delete(log_entries).where(log_entries.c.number == 2))
    assert faults(store)[0] == "entry 2 is missing"


def test_log__cut_off_at_its_end__shows(store: Store, consents: Consents) -> None:
    give(consents, count=2)
    for _ in range(2):
        consents.use(request(NOW))
    with store.changing() as connection:
        connection.execute(delete(read_details).where(read_details.c.number == 2))
        connection.execute(delete(log_entries).where(log_entries.c.number == 2))
    assert faults(store) == ["the log ends at entry 1, not where its head says"]


def test_log__forgotten_borrower__chain_still_verifies_and_says_nothing(
    store: Store, consents: Consents
) -> None:
    give(consents, count=2)
    consents.use(request(NOW))
    consents.use(request(NOW))
    with store.changing() as connection:
        assert access_log.forget(connection, MEI) == 2
    assert consents.reads_of(MEI) == []
    assert faults(store) == []


def test_log__an_own_entry__can_be_recomputed_by_its_borrower(consents: Consents) -> None:
    give(consents)
    consents.use(request(NOW))
    (row,) = consents.reads_of(MEI)
    details = {name: row[name] for name in row if name not in ("number", "salt", "link")}
    shown = {name: "0x" + v.hex() if isinstance(v, bytes) else v for name, v in details.items()}
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    entry = hashlib.blake2b(text, key=row["salt"], digest_size=32).digest()
    link = hashlib.blake2b(bytes(32) + (1).to_bytes(8, "big") + entry, digest_size=32).digest()
    assert row["link"] == link


# ------------------------------------------------------------------------------------------- any history


acts = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(1, 3), st.integers(1, 4)),
        st.tuples(st.just("use"), st.just(0), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 2), st.just(0)),
        st.tuples(st.just("stop"), st.integers(0, 3), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_consents__in_any_history__open_just_what_was_given(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int, int]]
) -> None:
    """Held against a list of [end, reads left] in memory."""
    clock, given = Clock(), dict[bytes, list[int]]()
    with Store(f"sqlite:///{tmp_path_factory.mktemp('any') / 'any.sqlite'}") as store:
        consents = Consents(store, DEPLOYMENT, clock)
        for act, first, second in history:
            if act == "give":
                made = consent(clock.now, not_after=clock.now + second, count=first)
                given[consents.give(made, b"signed", MEI)] = [clock.now + second, first]
            elif act == "wait":
                clock.now += first
            elif act == "stop" and len(given) > first and list(given.values())[first][1] >= 0:
                identity = list(given)[first]
                consents.stop(identity, MEI)
                given[identity][1] = -1
            elif act == "use":
                good = [key for key, (end, left) in given.items() if end >= clock.now and left > 0]
                try:
                    used = consents.use(request(clock.now))
                except NoConsent:
                    assert not good
                else:
                    assert used in good
                    assert given[used][0] == min(given[key][0] for key in good)
                    given[used][1] -= 1
        assert faults(store) == []
