"""US cents of the ledger's rows: by a pin, or by the last price on chain; pure.

Rules that hold here: a value is floor(amount × price), never more than MAX_VALUE_CENTS, exact for
every amount and answer up to MAX_AMOUNT (products of 256 bits); the price of an asset is its pin, or
the answer of the last `price` row of the asset strictly earlier in (block, log index), if that row is
not older than the chain's max_price_age and its answer is positive; without one the value is null,
never zero. A value that decoding knew stays. One range at a time: whatever ranges a history comes in,
its values are the same.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ledger_reader.ledger import EVENTS, MAX_VALUE_CENTS, NO_EVENTS
from ledger_reader.sources import ChainSources

_AMOUNT = pa.decimal256(29, 0)
"""Holds MAX_AMOUNT; a product of two, a hundredfold, still fits into 76 digits."""

_PRODUCT = 76

Integers = npt.NDArray[np.int64]


class _Prices(NamedTuple):
    """One asset's prices in order of place: `units` × raw amount / 10^scale are cents."""

    units: pa.Array
    scale: Integers
    place: Integers
    time: Integers


def valued(events: pa.Table, chain: ChainSources, before: pa.Table | None = None) -> pa.Table:
    """`events` with value_cents wherever a price is known.

    `events`: one block range of the chain in the shape of EVENTS; `before`: rows that hold the last
    price of each asset earlier than the range, as `last_prices` gives them.
    """
    if not pc.any(_without_value(events)).as_py():
        return events  # as it came: what is combined is held twice
    events = events.combine_chunks()
    unvalued = _unvalued(events).combine_chunks()
    places = _places(events)
    told = _told(events, places, NO_EVENTS if before is None else before)
    rows = events.select(["asset", "amount", "block_time"]).append_column("place", pa.array(places))
    cents = _cents_of(rows.filter(unvalued), chain, told)
    column = pc.replace_with_mask(events["value_cents"].combine_chunks(), unvalued, cents)
    return events.set_column(EVENTS.get_field_index("value_cents"), EVENTS.field("value_cents"), column)


def last_prices(events: pa.Table) -> pa.Table:
    """The last price row of each asset, in the shape of EVENTS."""
    prices = _prices_in(events).sort_by([("block_number", "ascending"), ("log_index", "ascending")])
    last = {asset: index for index, asset in enumerate(prices["asset"].to_pylist())}
    return prices.take(pa.array(sorted(last.values()), pa.int64()))


def _unvalued(events: pa.Table) -> pa.ChunkedArray:
    """Which rows lack a value although they have an amount of an asset."""
    return pc.and_(_without_value(events), pc.not_equal(events["kind"], "price"))


def _without_value(events: pa.Table) -> pa.ChunkedArray:
    """As `_unvalued`, prices too."""
    known = pc.and_(pc.is_valid(events["amount"]), pc.is_valid(events["asset"]))
    return pc.and_(known, pc.is_null(events["value_cents"]))


def _places(events: pa.Table) -> Integers:
    """One number a row, in order of (block, log index), that cannot overflow however high the blocks."""
    _, ranks = np.unique(events["block_number"].to_numpy(), return_inverse=True)
    places: Integers = (ranks.astype(np.int64) << 31) + events["log_index"].to_numpy()
    return places


def _told(events: pa.Table, places: Integers, before: pa.Table) -> pa.Table:
    """All price rows that may count, with their places, in order of these."""
    inside = _prices_in(events.append_column("place", pa.array(places)))
    earlier = before.append_column("place", pa.array(np.full(before.num_rows, -1)))
    return pa.concat_tables([earlier.cast(inside.schema), inside]).sort_by("place")


def _prices_in(events: pa.Table) -> pa.Table:
    return events.filter(pc.equal(events["kind"], "price"))


def _cents_of(rows: pa.Table, chain: ChainSources, told: pa.Table) -> pa.Array:
    """The values of the rows, null where no price is known, in the rows' order."""
    assets = {asset.address: asset for asset in chain.assets}
    encoded = rows["asset"].combine_chunks().dictionary_encode()
    codes, amounts = encoded.indices.to_numpy(), rows["amount"].combine_chunks()
    cents, known = np.zeros(len(codes), np.int64), np.zeros(len(codes), np.bool_)
    for code, address in enumerate(encoded.dictionary.to_pylist()):
        prices = _prices(address, assets[address].decimals, chain, told) if address in assets else None
        if prices is None:
            continue
        mine = np.flatnonzero(codes == code)
        chosen = _as_of(rows.take(mine), prices, chain.max_price_age)
        for scale in np.unique(prices.scale[chosen[chosen >= 0]]):
            at = np.flatnonzero((chosen >= 0) & (prices.scale[chosen] == scale))
            found = _product(amounts.take(mine[at]), prices.units.take(chosen[at]), int(scale))
            cents[mine[at]] = found.fill_null(0).to_numpy(zero_copy_only=False)
            known[mine[at]] = found.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(cents, mask=~known)


def _prices(address: bytes, decimals: int, chain: ChainSources, told: pa.Table) -> _Prices | None:
    """The prices of one asset; None when it has neither pin nor feed."""
    pin = next(asset.pin_cents for asset in chain.assets if asset.address == address)
    if pin is not None:
        never_old = np.array([np.iinfo(np.int64).max])
        units = pa.array([pin], pa.decimal128(38, 0))
        return _Prices(units, np.array([decimals]), np.array([-1]), never_old)
    feeds = {feed.address: feed.decimals or 0 for feed in chain.feeds if feed.asset == address}
    if not feeds:
        return None
    mine = pc.and_(pc.equal(told["asset"], address), pc.is_in(told["account"], pa.array(feeds, pa.binary())))
    told = told.filter(mine).combine_chunks()
    scale = [decimals + feeds[feed] - 2 for feed in told["account"].to_pylist()]
    answers = told["amount"].combine_chunks()
    units = pc.if_else(pc.greater(answers, pa.scalar(0, answers.type)), answers, None)
    times = told["block_time"].to_numpy()
    return _Prices(units, np.array(scale, np.int64), told["place"].to_numpy(), times)


def _as_of(rows: pa.Table, prices: _Prices, max_age: int) -> Any:
    """For each row the index of the last price before it, −1 when there is none or it is too old."""
    chosen = np.searchsorted(prices.place, rows["place"].to_numpy(), side="left") - 1
    if not len(prices.place):
        return chosen
    fresh = prices.time[chosen] >= rows["block_time"].to_numpy() - max_age
    return np.where(fresh, chosen, -1)


def _product(amounts: pa.Array, units: pa.Array, scale: int) -> pa.Array:
    """floor(amount × units / 10^scale), at most MAX_VALUE_CENTS, as int64; exact, for none is negative."""
    product = pc.multiply(amounts.cast(_AMOUNT), units.cast(_AMOUNT))
    if scale < 0:
        product = pc.multiply(product, pa.scalar(10**-scale, pa.decimal256(3, 0)))
    # The same digits with the point moved `scale` places: dividing by a power of ten costs nothing.
    moved = pa.decimal256(_PRODUCT, max(scale, 0))
    product = pa.Array.from_buffers(moved, len(product), product.buffers(), offset=product.offset)
    whole = product.cast(pa.decimal256(_PRODUCT, 0), safe=False)
    limit = pa.scalar(MAX_VALUE_CENTS, whole.type)
    return pc.min_element_wise(whole, limit, skip_nulls=False).cast(pa.int64())
