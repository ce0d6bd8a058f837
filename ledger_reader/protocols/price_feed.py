"""Chainlink price feeds: what a token is worth in US dollars, told by the feed's aggregator.

    AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)
        One token of the source's asset is worth `current`, with as many decimals as the source
        says: price, account = the aggregator, asset = the token, amount = `current` as it is.

The source is the aggregator, not the proxy in front of it, and its answers must be in US dollars. No
value: what a price does to amounts the store works out, for events strictly later in (block, log index).
`updatedAt` is not kept: the block's time is. Dropped: answers of zero or below, and a source without an
asset. A price belongs to nobody, so it is no event of any borrower.
"""

from ledger_reader.columns import Logs, Rows, capped
from ledger_reader.ledger import MAX_AMOUNT
from ledger_reader.protocols.protocol import Event, Market, Protocol

_NEGATIVE = 2**255


def _answer(logs: Logs, market: Market) -> list[Rows]:
    if market.asset is None:
        return []
    answer = logs.number("current")
    told = Rows(logs.at, 0, "price", market.address, None, market.asset, capped(answer, MAX_AMOUNT))
    return [told.where((answer > 0) & (answer < _NEGATIVE))]


PROTOCOL = Protocol(
    "price_feed",
    (Event("AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)", _answer),),
)
