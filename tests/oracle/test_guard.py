import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.guard import MAX_REMEMBERED, Allowance, Guard, origin


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_take__more_than_the_burst_at_once__is_refused_until_time_passes() -> None:
    clock = Hands()
    allowance = Allowance(2, 3, clock)
    assert [allowance.take("a") for _ in range(5)] == [True] * 3 + [False] * 2
    clock.now = 0.4
    assert not allowance.take("a")
    clock.now = 0.5
    assert [allowance.take("a") for _ in range(2)] == [True, False]


def test_take__one_who_floods__takes_nothing_from_another() -> None:
    allowance = Allowance(1, 2, Hands())
    for _ in range(100):
        allowance.take("flood")
    assert allowance.take("other")


def test_take__after_a_long_silence__gives_no_more_than_the_burst() -> None:
    clock = Hands()
    allowance = Allowance(10, 3, clock)
    allowance.take("a")
    clock.now = 10**9
    assert [allowance.take("a") for _ in range(4)] == [True] * 3 + [False]


def test_take__many_strangers__remembers_the_last_of_them_only() -> None:
    allowance = Allowance(1, 1, Hands())
    for number in range(MAX_REMEMBERED + 1):
        assert allowance.take(str(number))
    assert not allowance.take("1")
    assert allowance.take("0")  # the oldest was forgotten


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 0.5)), max_size=80))
def test_take__any_pattern__never_exceeds_burst_and_rate(asked: list[tuple[str, float]]) -> None:
    clock = Hands()
    allowance = Allowance(4, 5, clock)
    granted = {"a": 0, "b": 0}
    for who, pause in asked:
        clock.now += pause
        granted[who] += allowance.take(who)
    assert all(count <= 5 + 4 * clock.now + 1e-6 for count in granted.values())


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (None, ""),
        (("192.0.2.1", 5), "192.0.2.1"),
        (("::ffff:192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::9", 5), "2001:db8:1:2::/64"),
        (("testclient", 5), "testclient"),
    ],
)
def test_origin__of_a_connection__is_what_one_party_holds(
    client: tuple[str, int] | None, expected: str
) -> None:
    assert origin(client) == expected


def test_guard__asked_too_often__answers_429_and_reads_nothing() -> None:
    reached: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def receive() -> Any:
        raise AssertionError("a refused request was read")

    async def send(message: Any) -> None:
        sent.append(message)

    guard = Guard(app, Allowance(1, 2, Hands()))
    scope = {"type": "http", "client": ("192.0.2.1", 9), "method": "POST", "headers": []}
    for _ in range(4):
        asyncio.run(guard(scope, receive, send))
    assert len(reached) == 2
    assert [each["status"] for each in sent if "status" in each] == [429, 429]
