"""Receivables, our own (contracts/src/IReceivables.sol): invoices between a supplier and a buyer.

    InvoiceIssued(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount, uint64 dueTime, bytes32 commitment, bytes32 documentHash)
        `supplier` says that `buyer` owes `amount` by `dueTime`: invoice_issued of the supplier, due_time set.
    InvoiceOpened(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount)
        The amount that was only committed to is `amount`: invoice_opened of the supplier.
    InvoiceAccepted(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount, uint64 dueTime)
        `buyer` owes it: invoice_accepted of the supplier (leg 0) and of the buyer (leg 1), due_time set.
    InvoiceDisputed(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount, bytes32 reasonHash)
        `buyer` says that it does not owe it: invoice_disputed of both.
    InvoiceFinanced(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address holder, address financier, address currency, uint256 advance)
        `financier` advanced money to `holder`: invoice_financed of the holder, counterparty =
        `financier`, amount = the advance.
    InvoiceAssigned(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address holder, address newHolder, address currency, uint256 amount)
        `holder` gave its claim to `newHolder`: invoice_assigned of the holder, counterparty = `newHolder`.
    InvoiceSplit(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address holder, address newHolder, address currency, uint256 amount)
        `holder` gave `amount` of its claim to `newHolder`: invoice_split of the holder, counterparty
        = `newHolder`. The invoice stays one, under its id.
    InvoicePaid(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address payer, address currency, uint256 amount, uint256 outstanding)
        `payer` paid `amount`: invoice_paid of the supplier, counterparty = `payer`, and of the buyer.
    InvoiceCredited(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount, bytes32 documentHash)
        `supplier` took `amount` back: invoice_credited of both, for the buyer owes that much less.
    InvoiceVoided(bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, address currency, uint256 amount)
        `supplier` took the whole back: invoice_voided of the supplier.

The loan id is `invoiceId`. Supplier and buyer are else each the other's counterparty. An amount of 0 is one
that is only committed to: null, with its currency, never nothing; but an opening, an advance, a part, a
payment and a credit of 0 say nothing and are dropped. Dropped too: currencies that are not listed
assets, dust, and an invoice to oneself.
"""  # noqa: E501 (a signature stays on one line)

from collections.abc import Sequence

from ledger_reader.protocols.protocol import (
    Event,
    Market,
    Protocol,
    Row,
    RowsOf,
    Words,
    address_at,
    address_in,
    time_in,
    word,
)

_PARTIES = "bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, "


def _of_parties(kind: str, both: bool, hides: bool, has_due: bool = False) -> RowsOf:
    """Rows of the supplier, and of `both`; `hides`: an amount of 0 is unknown; `has_due`: the third word."""

    def rows(topics: Words, data: str, market: Market) -> list[Row]:
        invoice, supplier, buyer = _invoice(topics)
        due = time_in(data, 2) if has_due else None
        sums = _sum(market, address_at(data, 0), word(data, 1), hides)
        if sums is None or supplier == buyer:
            return []
        first = Row(0, kind, supplier, buyer, *sums, invoice, due)
        second = Row(1, kind, buyer, supplier, *sums, invoice, due)
        return [first, second] if both else [first]

    return rows


def _of_holder(kind: str, hides: bool) -> RowsOf:
    """The row of who holds the invoice, with who comes next as counterparty."""

    def rows(topics: Words, data: str, market: Market) -> list[Row]:
        invoice, supplier, buyer = _invoice(topics)
        sums = _sum(market, address_at(data, 2), word(data, 3), hides)
        if sums is None or supplier == buyer:
            return []
        return [Row(0, kind, address_at(data, 0), address_at(data, 1), *sums, invoice)]

    return rows


def _paid(topics: Words, data: str, market: Market) -> Sequence[Row]:
    # As the others of both parties, behind one more word: who paid.
    rows = _BOTH_PAID(topics, "0x" + data[66:], market)
    return [row._replace(counterparty=address_at(data, 0)) if row.leg == 0 else row for row in rows]


_BOTH_PAID = _of_parties("invoice_paid", both=True, hides=False)


def _invoice(topics: Words) -> tuple[bytes, bytes, bytes]:
    return bytes.fromhex(topics[1][2:]), address_in(topics[2]), address_in(topics[3])


def _sum(
    market: Market, currency: bytes, raw: int, hides: bool
) -> tuple[bytes, int | None, int | None] | None:
    """(currency, amount, value); None when the row is dropped."""
    if raw == 0 and hides and currency in market.listed:
        return currency, None, None
    money = market.known(currency, raw)
    return None if money is None else (currency, *money)


PROTOCOL = Protocol(
    "receivables",
    (
        Event(
            f"InvoiceIssued({_PARTIES}address currency, uint256 amount, uint64 dueTime,"
            " bytes32 commitment, bytes32 documentHash)",
            _of_parties("invoice_issued", both=False, hides=True, has_due=True),
        ),
        Event(
            f"InvoiceOpened({_PARTIES}address currency, uint256 amount)",
            _of_parties("invoice_opened", both=False, hides=False),
        ),
        Event(
            f"InvoiceAccepted({_PARTIES}address currency, uint256 amount, uint64 dueTime)",
            _of_parties("invoice_accepted", both=True, hides=True, has_due=True),
        ),
        Event(
            f"InvoiceDisputed({_PARTIES}address currency, uint256 amount, bytes32 reasonHash)",
            _of_parties("invoice_disputed", both=True, hides=True),
        ),
        Event(
            f"InvoiceFinanced({_PARTIES}address holder, address financier, address currency,"
            " uint256 advance)",
            _of_holder("invoice_financed", hides=False),
        ),
        Event(
            f"InvoiceAssigned({_PARTIES}address holder, address newHolder, address currency, uint256 amount)",
            _of_holder("invoice_assigned", hides=True),
        ),
        Event(
            f"InvoiceSplit({_PARTIES}address holder, address newHolder, address currency, uint256 amount)",
            _of_holder("invoice_split", hides=False),
        ),
        Event(
            f"InvoicePaid({_PARTIES}address payer, address currency, uint256 amount, uint256 outstanding)",
            _paid,
        ),
        Event(
            f"InvoiceCredited({_PARTIES}address currency, uint256 amount, bytes32 documentHash)",
            _of_parties("invoice_credited", both=True, hides=False),
        ),
        Event(
            f"InvoiceVoided({_PARTIES}address currency, uint256 amount)",
            _of_parties("invoice_voided", both=False, hides=True),
        ),
    ),
)
