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

from ledger_reader.columns import Logs, Rows, differ, without
from ledger_reader.logs import Bytes
from ledger_reader.protocols.protocol import Event, Market, Money, Protocol, RowsOf

_PARTIES = "bytes32 indexed invoiceId, address indexed supplier, address indexed buyer, "


def _of_parties(kind: str, both: bool, hides: bool, has_due: bool = False, payer: str = "buyer") -> RowsOf:
    """Rows of the supplier (counterparty: `payer`), and of `both`; `hides`: an amount of 0 is unknown."""

    def rows(logs: Logs, market: Market) -> list[Rows]:
        invoice, supplier, buyer = _invoice(logs)
        currency, due = logs.address("currency"), logs.time("dueTime") if has_due else None
        amount, cents, counts = _sum(logs, market, currency, "amount", hides)
        rest = (currency, amount, cents, invoice, due)
        of_supplier = Rows(logs.at, 0, kind, supplier, logs.address(payer), *rest).where(counts)
        of_buyer = Rows(logs.at, 1, kind, buyer, supplier, *rest).where(counts)
        return [of_supplier, of_buyer] if both else [of_supplier]

    return rows


def _of_holder(kind: str, new: str, amount: str, hides: bool) -> RowsOf:
    """The row of who holds the invoice, with who comes next, `new`, as counterparty."""

    def rows(logs: Logs, market: Market) -> list[Rows]:
        currency, holder, other = map(logs.address, ("currency", "holder", new))
        invoice, _, _ = _invoice(logs)
        raw, cents, counts = _sum(logs, market, currency, amount, hides)
        return [Rows(logs.at, 0, kind, holder, other, currency, raw, cents, invoice).where(counts)]

    return rows


def _invoice(logs: Logs) -> tuple[Bytes, Bytes, Bytes]:
    return logs.id("invoiceId"), logs.address("supplier"), logs.address("buyer")


def _sum(logs: Logs, market: Market, currency: Bytes, name: str, hides: bool) -> Money:
    """The amounts and values, and which rows are not dropped."""
    raw = logs.number(name)
    amount, cents, counts = market.known(currency, raw)
    if hides:
        is_hidden = market.is_listed(currency) & (raw == 0)
        amount, cents, counts = without(amount, is_hidden), without(cents, is_hidden), counts | is_hidden
    return Money(amount, cents, counts & differ(logs.address("supplier"), logs.address("buyer")))


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
            _of_holder("invoice_financed", "financier", "advance", hides=False),
        ),
        Event(
            f"InvoiceAssigned({_PARTIES}address holder, address newHolder, address currency, uint256 amount)",
            _of_holder("invoice_assigned", "newHolder", "amount", hides=True),
        ),
        Event(
            f"InvoiceSplit({_PARTIES}address holder, address newHolder, address currency, uint256 amount)",
            _of_holder("invoice_split", "newHolder", "amount", hides=False),
        ),
        Event(
            f"InvoicePaid({_PARTIES}address payer, address currency, uint256 amount, uint256 outstanding)",
            _of_parties("invoice_paid", both=True, hides=False, payer="payer"),
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
