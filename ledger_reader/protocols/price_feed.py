"""Chainlink price feeds: what a token is worth in US dollars, told by the feed's aggregator.

    AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)
        One token of the source's asset is worth `current`, with as many decimals as the source
        says: price, account = the aggregator, asset = the token, amount = `current` as it is.

The source is the aggregator, not the proxy in front of it, and its answers must be in US dollars. No
value: what a price does to amounts the store works out, for events strictly later in (block, log index).
`updatedAt` is not kept: the block's time is. Dropped: answers of zero or below, and a source without an
asset. A price belongs to nobody, so it is no event of any borrower.
"""

from ledger_reader.ledger import MAX_AMOUNT
from ledger_reader.protocols.protocol import Event, Market, Protocol, Row, Words

_NEGATIVE = 2**255


def _answer(topics: Words, data: str, market: Market) -> list[Row]:  # noqa: ARG001 (one shape for all)
    answer = int(topics[1], 16)
    if not 0 < answer < _NEGATIVE or market.asset is None:
        return []
    return [Row(0, "price", market.address, None, market.asset, min(answer, MAX_AMOUNT))]


PROTOCOL = Protocol(
    "price_feed",
    (Event("AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)", _answer),),
)
