"""What people see of a sync: rates of the last seconds, and words."""

import pytest

from ledger_reader.reader import Progress
from oracle.reading import WINDOW_S, Meter, Seen, duration, words


def at(block: int, events: int, back: int | None = None) -> Progress:
    return Progress(1, block, 1000, events, rolled_back_to=back)


def test_meter__nothing_moves__nobody_knows_when() -> None:
    assert Meter(0.0, 5).see(4.0, at(5, 0)) == Seen(0.0, None)


def test_meter__a_resumed_sync__counts_from_where_it_began() -> None:
    assert Meter(0.0, 900).see(2.0, at(950, 600)) == Seen(300.0, 2.0)


def test_meter__slow_then_fast__forgets_what_is_long_ago() -> None:
    meter = Meter(0.0, 0)
    meter.see(100.0, at(100, 10))
    meter.see(101.0, at(200, 1010))
    assert meter.see(100.0 + WINDOW_S, at(300, 2010)) == Seen(200.0, 35.0)


def test_meter__rolled_back__is_no_speed_backwards() -> None:
    seen = Meter(0.0, 500).see(10.0, at(450, 90, back=400))
    assert seen == Seen(9.0, 110.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (180, "3 min"), (7500, "2 h 5 min"), (349_200, "4 d 1 h")],
)
def test_duration__any__in_fitting_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_words__on_the_way_and_done__are_one_line() -> None:
    assert words(at(500, 12_345), Seen(678.4, 42.0)) == (
        "block 500 of 1,000, 12,345 events, 678 events/s, 42 s left"
    )
    assert words(at(1000, 1), Seen(1.0, 0.0)) == "block 1,000 of 1,000, 1 events, 1 events/s"
