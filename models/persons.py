"""Persons: which wallets' events a wallet is measured on, at each moment it is asked about.

Rules that hold here:
- A wallet's spell in a person begins with its `linked` row and ends when its `unlinked` row takes effect
  (due_time), or when it is linked again, whichever is sooner. So a wallet is in one person at most, however
  the rows stand; rows at or after a point's until are not known at it.
- All wallets of a person (its bundle) are measured on the events of all of them, each as a point of its
  own, and so come to the same features.
- A former wallet shared a spell with one of the bundle and is in it no more. Of it only the bad counts: debts
  that it opened before the two were parted, and liquidations before then (see models/views.py). What moves
  between the two counts for neither, before the parting or after: who once said to be one stays kin.
- Both sides sign each link on chain, so nobody gets a wallet that it did not ask for.
- Links, and events that are left out (models/facts.py), are few, so they are looked at here, one by one:
  where there are none, measuring costs nothing more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import ArrayValue, BooleanValue, Table

from models.engine import collect, joinable
from models.loans import ORDER

LINKS = ("linked", "unlinked")

LATEST = 2**63 - 1
"""The time of what has not happened."""

TIES = pa.schema(
    [
        pa.field("person", pa.binary()),
        pa.field("until", pa.int64()),
        pa.field("member", pa.int64()),
        pa.field("wallet", pa.binary()),
        pa.field("parted", pa.int64()),
        pa.field("bundle", pa.list_(pa.binary())),
        pa.field("kin", pa.list_(pa.binary())),
        pa.field("without", pa.list_(pa.string())),
    ]
)
"""A row for each wallet of a point that is measured on more, or on less, than all events of its own wallet.

member: a negative number of its own; parted: null, of a former wallet the time until which it was in the
bundle; bundle: all wallets that are the person, null where it is one, and for a former wallet; kin: those and
the former ones, null where there is but one, and for a former wallet; without: the places (`place_of`) of the
wallet's events that are left out, null where none are.
"""


@dataclass(frozen=True)
class Spell:
    """A wallet's time in one person.

    `told` and `parted` are when its unlinking was logged and takes effect, `again` when the wallet was linked
    anew; LATEST where that has not happened.
    """

    wallet: bytes
    person: bytes
    start: int
    told: int = LATEST
    parted: int = LATEST
    again: int = LATEST

    @property
    def end(self) -> int:
        """When it ended, or will."""
        return min(self.parted, self.again)

    def lasts(self, until: int) -> bool:
        """Whether it is on at `until`, as known before it."""
        is_left = self.told < until and self.parted <= until
        return self.start < until <= self.again and not is_left

    def shared(self, other: "Spell", until: int) -> int | None:
        """The end of the time that both were in the person before `until`; None when there was none."""
        start, end = max(self.start, other.start), min(self.end, other.end, until)
        return end if self.person == other.person and start < end else None


@dataclass(frozen=True)
class Omitted:
    """An event that counts for nothing at any until with since < until, and until ≤ before."""

    place: str
    since: int
    before: int = LATEST

    def holds(self, until: int) -> bool:
        """Whether it is left out at `until`."""
        return self.since < until <= self.before


def place_of(row: Mapping[str, Any]) -> str:
    """Where an event is, as one text: chain, block and log."""
    return f"{row['chain_id']}:{row['block_number']}:{row['log_index']}"


class Links:
    """All spells of a ledger's `linked` and `unlinked` rows (plain rows in any order)."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._of_wallet: dict[bytes, list[Spell]] = defaultdict(list)
        self._of_person: dict[bytes, list[Spell]] = defaultdict(list)
        rows_of: dict[bytes, list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows:
            rows_of[row["account"]].append(row)
        for wallet in sorted(rows_of):
            ordered = sorted(rows_of[wallet], key=lambda row: tuple(row[name] for name in ORDER))
            for spell in _spells(wallet, ordered):
                self._of_wallet[wallet].append(spell)
                self._of_person[spell.person].append(spell)

    @property
    def wallets(self) -> list[bytes]:
        """Every wallet that was ever linked."""
        return list(self._of_wallet)

    def bundle(self, wallet: bytes, until: int) -> list[bytes]:
        """The wallets that are one person with this one at `until`, itself among them, ascending."""
        now = [spell for spell in self._of_wallet.get(wallet, ()) if spell.lasts(until)]
        mates = {mate.wallet for spell in now for mate in self._of_person[spell.person] if mate.lasts(until)}
        return sorted(mates | {wallet})

    def former(self, bundle: list[bytes], until: int) -> dict[bytes, int]:
        """Who shared a spell with a wallet of the bundle and is not in it: until when, at the latest."""
        found: dict[bytes, int] = {}
        for spell in (spell for wallet in bundle for spell in self._of_wallet.get(wallet, ())):
            for other in self._of_person[spell.person]:
                parted = spell.shared(other, until)
                if parted is not None and other.wallet not in bundle:
                    found[other.wallet] = max(parted, found.get(other.wallet, parted))
        return dict(sorted(found.items()))

    def related(self) -> dict[bytes, bytes]:
        """Each wallet that ever was one person with another: the lowest of all that hang together with it.

        They share facts, be it only bad ones, so they must not be told apart as strangers.
        """
        lowest: dict[bytes, bytes] = {}
        for wallet in sorted(self._of_wallet):
            self._mark(wallet, lowest)
        return lowest

    def _mark(self, first: bytes, lowest: dict[bytes, bytes]) -> None:
        """Mark with the first wallet all that hang together with it and are not marked yet."""
        waiting = [first]
        while waiting:
            wallet = waiting.pop()
            if wallet not in lowest:
                lowest[wallet] = first
                waiting += [*self.former([wallet], LATEST), *self.bundle(wallet, LATEST)]


def links_of(events: Table) -> Links:
    """The links of a ledger, read from whichever engine it is bound to."""
    rows = events.filter(events.kind.isin(LINKS))
    return Links(collect(rows.select("account", "kind", "loan_id", "due_time", *ORDER)).to_pylist())


def ties(events: Table, points: Table, omitted: Mapping[bytes, list[Omitted]]) -> pa.Table | None:
    """TIES of the points (columns person, until) that have any; None when none has.

    `omitted` are the events of each wallet that are left out, as in `facts.left_out`.
    """
    links = links_of(events)
    wallets = sorted({*links.wallets, *omitted})
    if not wallets:
        return None
    chosen = joinable(pa.table({"wallet": pa.array(wallets, pa.binary())}), events)
    found = collect(points.semi_join(chosen, points.person == chosen.wallet).select("person", "until"))
    asked = sorted({(row["person"], row["until"]) for row in found.to_pylist()})
    rows = [row for person, until in asked for row in _ties(links, omitted, person, until)]
    numbered = [row | {"member": -1 - number} for number, row in enumerate(rows)]
    return pa.Table.from_pylist(numbered, schema=TIES) if rows else None


def members(points: Table, tied: Table | None) -> Table:
    """The wallets whose events each point is measured on.

    `points` has the columns person, until and point (a number of its own for each). Columns: those, member,
    wallet, parted, bundle, kin and without, as in TIES; a point without ties has one row, its own wallet's,
    of which member is the point's number and the rest null. Where nobody is tied, the last three are left
    off.
    """
    if tied is None:
        return points.mutate(member=points.point, wallet=points.person, parted=ibis.null("int64"))
    of = tied.rename({f"_{name}": name for name in ("person", "until", "member", "wallet")})
    joined = points.left_join(of, [points.person == of["_person"], points.until == of["_until"]])
    joined = joined.mutate(
        member=ibis.coalesce(joined["_member"], joined.point),
        wallet=ibis.coalesce(joined["_wallet"], joined.person),
    )
    return joined.drop("_person", "_until", "_member", "_wallet")


def of_person(members: Table) -> Table:
    """The members that are the person at until: without the former wallets."""
    return members.filter(members.parted.isnull())


def is_left_out(rows: Table) -> BooleanValue:
    """Whether a row (joined with `members`) is one of those left out."""
    place = rows.chain_id.cast("string") + ":" + rows.block_number.cast("string")
    found = rows.without.contains(place + ":" + rows.log_index.cast("string"))
    left_out: BooleanValue = ibis.cases((rows.without.isnull(), False), else_=ibis.coalesce(found, False))
    return left_out


def is_inside(rows: Table) -> BooleanValue:
    """Whether the counterparty of a row (joined with `members`) is another wallet of its bundle."""
    return _is_another(rows, rows.bundle)


def is_among_kin(rows: Table) -> BooleanValue:
    """Whether it is another wallet that is or was one person with the row's."""
    return _is_another(rows, rows.kin)


def _is_another(rows: Table, wallets: ArrayValue) -> BooleanValue:
    another = wallets.contains(rows.counterparty) & (rows.counterparty != rows.account)
    # Those without are told first: nearly all are, and searching costs more than asking.
    found: BooleanValue = ibis.cases((wallets.isnull(), False), else_=ibis.coalesce(another, False))
    return found


def _spells(wallet: bytes, rows: list[Mapping[str, Any]]) -> list[Spell]:
    """The spells of one wallet's rows, which are in order; an `unlinked` row without a spell says nothing."""
    found: list[Spell] = []
    for row in rows:
        time, last = row["block_time"], found[-1] if found else None
        if row["kind"] == "linked":
            if last is not None:
                found[-1] = replace(last, again=min(last.again, time))
            if row["loan_id"] is not None:
                found.append(Spell(wallet, row["loan_id"], time))
        elif last is not None and last.told == LATEST:
            found[-1] = replace(last, told=time, parted=max(time, row["due_time"] or time))
    return found


def _ties(
    links: Links, omitted: Mapping[bytes, list[Omitted]], person: bytes, until: int
) -> list[dict[str, Any]]:
    """The rows of one point; none when it is measured on all events of its own wallet, and on no others."""
    bundle = links.bundle(person, until)
    former = links.former(bundle, until)
    kin = sorted({*bundle, *former})
    rows = [
        {
            "person": person,
            "until": until,
            "wallet": wallet,
            "parted": former.get(wallet),
            "bundle": None if wallet in former else _if_several(bundle),
            "kin": None if wallet in former else _if_several(kin),
            "without": [event.place for event in omitted.get(wallet, ()) if event.holds(until)] or None,
        }
        for wallet in (*bundle, *former)
    ]
    return rows if len(rows) > 1 or rows[0]["without"] else []


def _if_several(wallets: list[bytes]) -> list[bytes] | None:
    return wallets if len(wallets) > 1 else None
