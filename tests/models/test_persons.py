from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.features.catalogue import BY_NAME, FEATURES, named
from models.persons import Links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.models.conftest import Bench

Row = dict[str, Any]
A, B, C, D = (bytes([letter]) * 20 for letter in (0xA1, 0xB1, 0xC1, 0xD1))
HOME, OTHER_HOME = b"\x51" * 32, b"\x52" * 32
AT = 2_000
DEBTS = ("borrow", "repay", "liquidation", "default", "loan_cancelled", "write_off", "recovery", "delinquent")
MOVING = ("transfer_in", "transfer_out")


def link_row(kind: str, wallet: bytes, time: int, person: bytes | None = HOME, due: int | None = None) -> Row:
    place = {"chain_id": 1, "block_number": time, "log_index": 0, "leg": 0}
    return {"kind": kind, "account": wallet, "block_time": time, "loan_id": person, "due_time": due} | place


def linked(*wallets: bytes, at: int = 10) -> list[Row]:
    return [link_row("linked", wallet, at) for wallet in wallets]


# ------------------------------------------------------------------------------- links alone


def test_bundle__of_a_wallet_that_nobody_linked__is_itself() -> None:
    links = Links(linked(A, B))
    assert links.bundle(C, 100) == [C]
    assert links.former([C], 100) == {}


def test_bundle__at_the_moment_of_the_link__is_not_yet_known() -> None:
    links = Links(linked(A, B))
    assert [links.bundle(A, until) for until in (10, 11)] == [[A], [A, B]]


def test_bundle__left__lasts_until_the_unlinking_takes_effect() -> None:
    links = Links([*linked(A, B, C), link_row("unlinked", B, 20, due=50)])
    assert [links.bundle(A, until) for until in (21, 49, 50)] == [[A, B, C], [A, B, C], [A, C]]
    assert links.bundle(B, 50) == [B]
    assert links.former([A, C], 50) == {B: 50}
    assert links.former([B], 60) == {A: 50, C: 50}


def test_bundle__joined_again__holds_the_wallet_and_no_former_one() -> None:
    links = Links([*linked(A, B), link_row("unlinked", B, 20, due=30), link_row("linked", B, 40)])
    assert links.bundle(A, 35) == [A]
    assert links.bundle(A, 41) == [A, B]
    assert links.former([A, B], 41) == {}


def test_bundle__of_who_moved_to_another_person__keeps_both_pasts_apart() -> None:
    moved = [link_row("unlinked", B, 20, due=30), *(link_row("linked", w, 40, OTHER_HOME) for w in (B, D))]
    links = Links([*linked(A, B, C), *moved])
    assert links.bundle(B, 41) == [B, D]
    assert links.former([B, D], 41) == {A: 30, C: 30}
    assert links.former([A, C], 41) == {B: 30}


def test_former__who_was_there_at_another_time__is_none() -> None:
    links = Links([*linked(A, B), link_row("unlinked", B, 20, due=30), link_row("linked", C, 40)])
    assert links.former([A, C], 50) == {B: 30}
    assert links.former([B], 50) == {A: 30}
    gone = Links([*linked(A, B), link_row("unlinked", A, 20, due=30), link_row("linked", C, 40)])
    assert gone.former([A], 50) == {B: 30}


HOSTILE = st.lists(
    st.builds(
        link_row,
        kind=st.sampled_from(("linked", "linked", "unlinked")),
        wallet=st.sampled_from((A, B, C, D)),
        time=st.integers(0, 12),
        person=st.sampled_from((HOME, OTHER_HOME, None)),
        due=st.none() | st.integers(-5, 20) | st.sampled_from((-(2**63), 2**63 - 1)),
    ),
    max_size=14,
).map(lambda rows: [row | {"log_index": place} for place, row in enumerate(rows)])
"""Rows that the contract never emits among some that it does."""


@given(rows=HOSTILE, order=st.randoms(use_true_random=False), until=st.integers(0, 25))
def test_links__of_any_rows__put_a_wallet_in_one_person_by_its_own_rows(
    rows: list[Row], order: Any, until: int
) -> None:
    links = Links(rows)
    bundles = {wallet: links.bundle(wallet, until) for wallet in (A, B, C, D)}
    consenting = {row["account"] for row in rows if row["kind"] == "linked" and row["block_time"] < until}
    for wallet, bundle in bundles.items():
        assert all(bundles[mate] == bundle for mate in bundle)
        assert bundle == [wallet] or set(bundle) <= consenting
        former = links.former(bundle, until)
        assert not set(former) & set(bundle)
        assert set(former) <= consenting
        assert all(parted <= until for parted in former.values())
    shuffled = list(rows)
    order.shuffle(shuffled)
    again = Links(shuffled)
    assert bundles == {wallet: again.bundle(wallet, until) for wallet in (A, B, C, D)}


@example(
    rows=[*linked(A, B, at=1), *(link_row("linked", B, time, None) | {"log_index": 1} for time in (1, 2))],
    until=2,
)
@given(rows=HOSTILE, until=st.integers(0, 25))
def test_links__with_rows_from_until_on__know_nothing_of_them(rows: list[Row], until: int) -> None:
    before = Links([row for row in rows if row["block_time"] < until])
    for wallet in (A, B, C, D):
        bundle = Links(rows).bundle(wallet, until)
        assert bundle == before.bundle(wallet, until)
        assert Links(rows).former(bundle, until) == before.former(bundle, until)


# ------------------------------------------------------------------------------- measured


def pair_ledgers(bench: Bench, count: int) -> list[list[Row]]:
    """Hostile ledgers of `me` and `other`, whose debts have ids of their own, by a fixed seed."""
    found: list[list[Row]] = []

    @settings(max_examples=count, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(drawn=bench.hostile())
    def draw(drawn: list[Row]) -> None:
        found.append([own_id(bench, row) for row in drawn])

    draw()
    return found


def own_id(bench: Bench, row: Row) -> Row:
    is_debt = row["kind"] in DEBTS
    return row | {"loan_id": row["account"][:1] + (row["loan_id"] or b"")} if is_debt else row


def links_between(bench: Bench, unlinked: float | None = None) -> list[Row]:
    pair = (bench.me, bench.other)
    rows = [bench.event("linked", 0, account=one, loan_id=HOME, asset=None) for one in pair]
    if unlinked is not None:
        rows.append(bench.event("unlinked", 1, account=bench.other, loan_id=HOME, due=unlinked))
    return rows


def as_one_wallet(bench: Bench, rows: Sequence[Row]) -> list[Row]:
    """The ledger as if `me` and `other` had been one wallet, between whose halves nothing moves."""
    pair, found = (bench.me, bench.other), []
    for row in rows:
        if moves_inside(bench, row):
            continue
        names = {name: bench.me for name in ("account", "counterparty") if row[name] in pair}
        found.append(row | names)
    return found


def moves_inside(bench: Bench, row: Row) -> bool:
    """Whether a row tells of what moved between `me` and `other`."""
    pair = {bench.me, bench.other}
    moves = row["kind"] in MOVING or row["kind"].startswith("invoice")
    return moves and {row["account"], row["counterparty"]} == pair


def apart(bench: Bench, ledgers: Sequence[Sequence[Row]]) -> tuple[list[Row], list[tuple[bytes, bytes]]]:
    """All in one, each with people of its own, and who `me` and `other` are there."""
    rows, people = [], []
    for number, ledger in enumerate(ledgers):
        renamed = bench.apart(ledger, number)
        rows += [
            r | {"loan_id": HOME[:30] + number.to_bytes(2, "big")} if "linked" in r["kind"] else r
            for r in renamed
        ]
        me, other = (
            bench.apart([{"account": w, "counterparty": w}], number)[0]["account"]
            for w in (bench.me, bench.other)
        )
        people.append((me, other))
    return rows, people


def test_measured__of_linked_wallets__is_that_of_one_wallet_with_all_their_events(bench: Bench) -> None:
    ledgers = pair_ledgers(bench, 60)
    until = bench.start + AT * bench.day
    rows, people = apart(
        bench,
        [
            *([*ledger, *links_between(bench)] for ledger in ledgers),
            *(as_one_wallet(bench, ledger) for ledger in ledgers),
        ],
    )
    count = len(ledgers)
    points = [(wallet, until) for pair in people[:count] for wallet in pair]
    points += [(me, until) for me, _ in people[count:]]
    found = [{name: row[name] for name in BY_NAME} for row in bench.measured(rows, points)]
    mine, others, one = found[: 2 * count : 2], found[1 : 2 * count : 2], found[2 * count :]
    assert mine == others == one
    alone = bench.measure(rows, points[: 2 * count : 2])
    assert (
        sum(row != {name: old[name] for name in BY_NAME} for row, old in zip(mine, alone, strict=True)) > 20
    )


def test_measured__after_unlinking__keeps_own_events_but_those_between_and_what_is_bad_of_the_others(
    bench: Bench,
) -> None:
    ledgers = pair_ledgers(bench, 60)
    until = bench.start + AT * bench.day
    rows, people = apart(bench, [[*ledger, *links_between(bench, 1_700)] for ledger in ledgers])
    points = [(me, until) for me, _ in people]
    without, _ = apart(bench, [[row for row in ledger if not moves_inside(bench, row)] for ledger in ledgers])
    assert len(without) < len(rows) - 3 * len(ledgers)
    kept, alone = bench.measured(rows, points), bench.measure(without, points)
    moved = set()
    for now, own in zip(kept, alone, strict=True):
        for feature in FEATURES:
            old, new = own[feature.name], now[feature.name]
            if old != new:
                moved.add(feature.name)
                assert feature.direction != 0, feature.name
                assert old is None or new is None or (new - old) * feature.direction < 0, feature.name
    assert {"loans_defaulted", "loans_late", "liquidations", "days_since_bad"} <= moved
    assert not moved & {"record_days", "borrows_total", "inflow_360d_cents", "active_months", "payers"}


SHOWN = named(
    (
        "loans_defaulted",
        "loans_repaid",
        "liquidations",
        "inflow_360d_cents",
        "quick_repayments",
        "self_invoices",
    )
)


def test_measured__debts_of_a_former_wallet__count_when_opened_before_the_parting(bench: Bench) -> None:
    def loan(number: int, day: float, wallet: bytes) -> list[Row]:
        said = {"account": wallet, "loan_id": bytes([number])}
        return [
            bench.event("borrow", day, amount=5, value_cents=5, due=day + 30, **said),
            bench.event("default", day + 60, amount=5, **said),
        ]

    unlinked = links_between(bench, 100)
    rows = [*loan(1, 50, bench.other), *loan(2, 99, bench.other), *loan(3, 101, bench.other), *unlinked]
    sold = {"account": bench.other, "counterparty": C, "loan_id": b"\xaa", "amount": 1}
    rows += [bench.event("liquidation", day, **sold) for day in (99, 100)]
    points = [(wallet, bench.start + 200 * bench.day) for wallet in (bench.me, bench.other)]
    mine, others = bench.measured(rows, points, SHOWN)
    assert (mine["loans_defaulted"], others["loans_defaulted"]) == (2, 3)
    assert (mine["liquidations"], others["liquidations"]) == (1, 2)


def test_measured__before_and_after_the_link__follows_each_moment(bench: Bench) -> None:
    rows = [
        bench.event("transfer_in", 10, account=bench.other, counterparty=A, value_cents=7_000),
        bench.event("transfer_in", 11, counterparty=bench.other, value_cents=900),
        bench.event("borrow", 12, amount=5, value_cents=5, loan_id=b"\x07"),
        bench.event("repay", 12.5, amount=5, value_cents=5, loan_id=b"\x07"),
        *(row | {"block_time": bench.start + 20 * bench.day} for row in links_between(bench)),
    ]
    points = [(bench.me, bench.start + day * bench.day) for day in (20, 21)]
    alone, both = bench.measured(rows, points, SHOWN)
    assert [row["inflow_360d_cents"] for row in (alone, both)] == [900, 7_000]
    assert [row["quick_repayments"] for row in (alone, both)] == [0, 1]
    assert [row["loans_repaid"] for row in (alone, both)] == [1, 1]
