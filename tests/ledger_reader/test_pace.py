"""Buckets and patience: pure."""

from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.pace import Bucket, Patience


def test_bucket__no_rate__never_waits() -> None:
    bucket = Bucket(None)
    assert [bucket.take(1000, 0.0) for _ in range(3)] == [0.0] * 3


def test_bucket__after_a_long_rest__saves_up_one_second_only() -> None:
    bucket = Bucket(5)
    assert bucket.take(5, 1000.0) == 0
    assert bucket.take(5, 1000.0) == 1.0


@given(
    st.floats(0.1, 1000),
    st.lists(st.tuples(st.integers(1, 100), st.floats(0, 5)), min_size=1, max_size=60),
)
def test_bucket__any_calls_at_any_times__never_more_than_the_rate_and_a_second(
    rate: float, calls: list[tuple[int, float]]
) -> None:
    bucket, now, made = Bucket(rate), 50.0, list[tuple[float, int]]()
    for count, gap in calls:
        now += gap
        now += bucket.take(count, now)
        made.append((now, count))
    for i, (first, _) in enumerate(made):
        for j in range(i + 1, len(made)):
            total = sum(count for _, count in made[i + 1 : j + 1])
            assert total <= rate * (made[j][0] - first + 1.0) * 1.000001


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pause__any_failures__within_full_jitter_and_the_cap(failures: int, luck: float) -> None:
    patience = Patience(tries=9, base_s=0.5, cap_s=30)
    pause = patience.pause(failures, luck)
    assert 0 <= pause <= min(30, 0.5 * 2 ** min(failures - 1, 20))
    assert patience.pause(failures, 0.0) == 0.0
    assert patience.pause(failures + 1, luck) >= pause
