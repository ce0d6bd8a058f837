from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from ledger_reader.errors import Stop
from models.training.outcomes import NEVER, Outcome, label, label_loans

if TYPE_CHECKING:
    from tests.models.training.conftest import Economy, Row


def test_outcome__when_the_ending_is_unknown__then_stop() -> None:
    with pytest.raises(Stop, match=r"\['repaid'\] cannot be bad"):
        Outcome(bad=("repaid", "defaulted"))


@pytest.mark.parametrize(("days_late", "horizon"), [(-1, None), (7, 0)])
def test_outcome__when_a_number_makes_no_sense__then_stop(days_late: int, horizon: int | None) -> None:
    with pytest.raises(Stop, match="must be"):
        Outcome(days_late=days_late, horizon_days=horizon)


def _one(economy: Economy, rows: Sequence[Row], policy: Outcome, known_before_day: int) -> list[list[Any]]:
    frame = label_loans(economy.ledger(rows), policy, economy.start + known_before_day * economy.day)
    return frame.assign(
        opened=(frame["opened"] - economy.start) // economy.day,
        known_at=frame["known_at"].where(
            frame["known_at"] == NEVER, (frame["known_at"] - economy.start) // economy.day
        ),
    )[["opened", "known_at", "bad", "returning"]].values.tolist()


BORROWED = (0, "borrow", 1, 999, 5, 30)
OPEN_ENDED = (0, "borrow", 1, 999, 5, None)


def test_label__when_repaid_early_but_due_later__then_known_only_after_the_grace(economy: Economy) -> None:
    rows = [BORROWED, (3, "repay", 1, 1, 5, None)]
    assert _one(economy, rows, Outcome(days_late=7), 10) == [[0, 37, False, False]]


def test_label__when_still_open_after_the_grace__then_bad_from_its_end(economy: Economy) -> None:
    assert _one(economy, [BORROWED], Outcome(days_late=7), 100) == [[0, 37, True, False]]


def test_label__when_repaid_within_the_grace__then_good(economy: Economy) -> None:
    rows = [BORROWED, (36, "repay", 1, 1, 5, None)]
    assert _one(economy, rows, Outcome(days_late=7), 100) == [[0, 37, False, False]]


def test_label__when_no_due_time_and_open__then_never_known(economy: Economy) -> None:
    assert _one(economy, [OPEN_ENDED], Outcome(), 100)[0][1] == NEVER


def test_label__when_liquidated_by_itself__then_bad_by_policy_only(economy: Economy) -> None:
    rows = [OPEN_ENDED, (9, "liquidation", 1, 1, 5, None)]
    assert _one(economy, rows, Outcome(), 100) == [[0, 9, True, False]]
    assert _one(economy, rows, Outcome(bad=("defaulted", "liquidated")), 100) == [[0, 9, False, False]]


def test_label__when_it_turned_bad_after_the_horizon__then_good_and_known_at_the_horizon(
    economy: Economy,
) -> None:
    rows = [OPEN_ENDED, (50, "liquidation", 1, 999, 5, None)]
    assert _one(economy, rows, Outcome(horizon_days=40), 100) == [[0, 40, False, False]]
    assert _one(economy, rows, Outcome(horizon_days=60), 100) == [[0, 60, True, False]]


def test_label__when_a_second_loan_is_opened_later__then_returning(economy: Economy) -> None:
    rows = [BORROWED, (5, "borrow", 1, 999, 6, 35), (5, "borrow", 2, 999, 7, 35)]
    assert [row[3] for row in _one(economy, rows, Outcome(), 100)] == [False, True, False]


@pytest.mark.parametrize(
    "later", [["repay", "repay"], ["default", "liquidation"], ["borrow", "borrow", "repay"]]
)
def test_label__when_anything_happens_from_the_cut_on__then_labels_are_the_same(
    economy: Economy, later: list[str]
) -> None:
    rows = [BORROWED, (0, "borrow", 2, 999, 8, None), (9, "repay", 2, 2, 8, None)]
    after = [(60 + n, kind, 1 + n % 2, 999, 5 + 3 * (n % 2), 61) for n, kind in enumerate(later)]
    assert _one(economy, [*rows, *after], Outcome(), 60) == _one(economy, rows, Outcome(), 60)


SUPPLIER, BUYER = 1, 2
INVOICES = Outcome(days_late=7, of="invoices")
ISSUED, ACCEPTED = (
    (0, "invoice_issued", SUPPLIER, BUYER, 5, 30),
    (2, "invoice_accepted", SUPPLIER, BUYER, 5, 30),
)


def test_label__of_an_invoice_with_the_buyers_rows_too__then_counted_once_and_paid_once(
    economy: Economy,
) -> None:
    """Half the amount is not the whole, even where each leg tells of it."""
    events = economy.ledger([ISSUED, ACCEPTED, (20, "invoice_paid", SUPPLIER, BUYER, 5, None)])
    amount = (events.kind == "invoice_paid").ifelse(5_000, 10_000).cast("decimal(38, 0)")
    half = events.mutate(amount=amount, leg=events.leg.cast("int16"))
    both = half.union(half.mutate(leg=(half.leg + 1).cast("int16")))
    assert label(both, INVOICES, economy.end)["bad"].tolist() == [True]


def _invoices(economy: Economy, rows: Sequence[Row], until_day: int = 100) -> list[list[Any]]:
    events = economy.ledger([ISSUED, ACCEPTED, *rows])
    frame = label(events, INVOICES, economy.start + until_day * economy.day)
    days = frame.assign(opened=(frame["opened"] - economy.start) // economy.day)
    return days[["person", "opened", "bad", "returning"]].values.tolist()


@pytest.mark.parametrize(
    ("rows", "bad"),
    [
        ([(36, "invoice_paid", SUPPLIER, BUYER, 5, None)], False),
        ([(38, "invoice_paid", SUPPLIER, BUYER, 5, None)], True),
        ([], True),
    ],
)
def test_label__of_an_invoice__then_bad_unless_paid_within_the_grace(
    economy: Economy, rows: Sequence[Row], bad: bool
) -> None:
    assert _invoices(economy, rows) == [[economy.address(SUPPLIER), 2, bad, False]]


def test_label__of_an_invoice_that_the_buyer_never_accepted_or_that_was_undone__then_none(
    economy: Economy,
) -> None:
    alone = label(economy.ledger([ISSUED]), INVOICES, economy.end)
    assert len(alone) == 0
    for undone in ("invoice_voided", "invoice_credited"):
        assert _invoices(economy, [(20, undone, SUPPLIER, BUYER, 5, None)]) == []


def test_label__of_a_second_invoice__then_returning_and_censored_until_its_grace_is_over(
    economy: Economy,
) -> None:
    second = [
        (40, "invoice_issued", SUPPLIER, BUYER, 6, 70),
        (41, "invoice_accepted", SUPPLIER, BUYER, 6, 70),
    ]
    found = _invoices(economy, second)
    assert [row[3] for row in found] == [False, True]
    frame = label(economy.ledger([ISSUED, ACCEPTED, *second]), INVOICES, economy.start + 60 * economy.day)
    assert (frame["known_at"] < economy.start + 60 * economy.day).tolist() == [True, False]
