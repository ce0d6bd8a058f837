import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schedule import Schedule


def schedule(genesis: int = 1_000, length: int = 100) -> Schedule:
    return Schedule(31337, bytes(range(20)), genesis, length)


@pytest.mark.parametrize(("genesis", "length"), [(1_000, 0), (-1, 100)])
def test_schedule__of_no_length_or_before_time__is_refused(genesis: int, length: int) -> None:
    with pytest.raises(ValueError, match="epochs of"):
        schedule(genesis, length)


def test_end_of__epoch_zero__is_refused() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        schedule().end_of(0)


def test_until__of_an_epoch__counts_the_second_of_its_end() -> None:
    assert schedule().end_of(3) == 1_300
    assert schedule().until(3) == 1_301


@pytest.mark.parametrize(
    ("time", "ended"), [(0, 0), (1_000, 0), (1_100, 0), (1_101, 1), (1_200, 1), (1_201, 2)]
)
def test_epoch_ended_by__around_an_end__needs_a_later_second(time: int, ended: int) -> None:
    assert schedule().epoch_ended_by(time) == ended


@given(st.integers(0, 2**40), st.integers(1, 2**30), st.integers(0, 2**41))
def test_epoch_ended_by__any_time__is_the_last_that_ended_before(
    genesis: int, length: int, time: int
) -> None:
    clock = schedule(genesis, length)
    ended = clock.epoch_ended_by(time)
    assert clock.end_of(ended + 1) >= time
    assert ended == 0 or clock.end_of(ended) < time
