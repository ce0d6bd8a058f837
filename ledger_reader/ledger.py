"""The ledger: one long table of decoded events, and the snapshot that names a moment of it.

Rules that hold here: no I/O; one row is one leg of one decoded event; the key is
(chain_id, block_number, log_index, leg); addresses are 20 raw bytes, hashes and loan ids 32;
`amount` is in raw token units and null when unknown; `value_cents` is US cents and null when
unknown (never zero for unknown). Amounts and values saturate by row, so that every sum of a
feature stays in range (limits from docs/decisions).

Prices: `account` is the feed's contract (the aggregator), `asset` the token that it prices, `amount` the
raw answer in US dollars of the feed's decimals (see sources); `value_cents` stays null, leg is 0.

Invoices: `loan_id` is the invoice. Leg 0 is the row of the supplier (or of who holds the invoice),
leg 1 that of the buyer, each with the other as counterparty. Issued, opened, financed, assigned,
split and voided have leg 0 only: a buyer who has not accepted has done nothing. Accepted, disputed,
paid and credited (a red-letter note) have both. The counterparty of financed is who financed, of
assigned and split who holds it next, of leg 0 of paid who paid: perhaps the supplier itself.

Loans: all rows of one loan have its `loan_id`, and what happens to it is a row of the borrower. But a
guarantee (locked, called, released) is a row of the guarantor, with the borrower as counterparty.

Payments: the coin's own transfer moves the money; `purpose` is a second row of the payer, which says what
for: its `loan_id` is the number of the purpose (0 none, 1 wage, 2 rent, 3 remittance, 4 trade, 5 other).

People: of linked and unlinked `loan_id` is the person, of disputed and dispute_decided the fact. `unlinked`
counts from its `due_time` on. The `amount` of dispute_decided is its outcome, in no asset: 1 upheld, 2 not
upheld, 3 not confirmed (it stays in dispute), 4 withdrawn by the account.
"""

from dataclasses import dataclass

import pyarrow as pa

MAX_AMOUNT = 10**28
"""Largest raw amount a row may carry; larger ones saturate here."""

MAX_VALUE_CENTS = 10**10
"""Largest value of a row in US cents; larger ones saturate here."""

MAX_TIME = 253_402_300_799
"""Largest time of a row (end of the year 9999, Unix seconds); a later due time saturates here."""

KINDS = (
    "deposit",
    "withdraw",
    "borrow",
    "repay",
    "liquidation",
    "default",
    "loan_cancelled",
    "delinquent",
    "write_off",
    "recovery",
    "guarantee",
    "guarantee_called",
    "guarantee_released",
    "transfer_in",
    "transfer_out",
    "purpose",
    "invoice_issued",
    "invoice_opened",
    "invoice_accepted",
    "invoice_disputed",
    "invoice_financed",
    "invoice_assigned",
    "invoice_split",
    "invoice_paid",
    "invoice_credited",
    "invoice_voided",
    "price",
    "enrolled",
    "withdrawn",
    "disputed",
    "dispute_decided",
    "linked",
    "unlinked",
)

EVENTS = pa.schema(
    [
        pa.field("chain_id", pa.int64(), nullable=False),
        pa.field("block_number", pa.int64(), nullable=False),
        pa.field("log_index", pa.int32(), nullable=False),
        pa.field("leg", pa.int8(), nullable=False),
        pa.field("block_time", pa.int64(), nullable=False),
        pa.field("tx_hash", pa.binary(), nullable=False),
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("account", pa.binary(), nullable=False),
        pa.field("counterparty", pa.binary()),
        pa.field("asset", pa.binary()),
        pa.field("amount", pa.decimal128(38, 0)),
        pa.field("value_cents", pa.int64()),
        # Which debt or invoice: the protocol's own id, or, where it has none, the market's address
        # left-padded to 32 bytes (Aave: pool and reserve), for a position that can be opened again and
        # again. Null where no debt is meant: a deposit that secures all debts, or none. Of rows that are no
        # debt's, what the module's docstring says: person, fact, or purpose.
        pa.field("loan_id", pa.binary()),
        pa.field("due_time", pa.int64()),
    ]
)

BLOCKS = pa.schema(
    [
        pa.field("chain_id", pa.int64(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),
        pa.field("hash", pa.binary(), nullable=False),
        # null where only a log told of the block and its header was not read
        pa.field("parent_hash", pa.binary()),
        pa.field("time", pa.int64(), nullable=False),
    ]
)

NO_EVENTS = pa.Table.from_batches([], EVENTS)
"""Made without Schema.empty_table, which imports pandas."""


@dataclass(frozen=True, order=True)
class ChainBlock:
    """One block of one chain: number, 32-byte hash, time in Unix seconds."""

    chain_id: int
    number: int
    hash: bytes
    time: int


@dataclass(frozen=True)
class Snapshot:
    """One finalized block of each source chain, in order of chain id: the moment of a round."""

    blocks: tuple[ChainBlock, ...]

    def __post_init__(self) -> None:
        chain_ids = [block.chain_id for block in self.blocks]
        if not chain_ids or chain_ids != sorted(set(chain_ids)):
            raise ValueError(f"a snapshot needs one block a chain in order of chain id, got {chain_ids}")

    def of(self, chain_id: int) -> ChainBlock:
        """The block of one chain; KeyError when the chain is not in the snapshot."""
        for block in self.blocks:
            if block.chain_id == chain_id:
                return block
        raise KeyError(chain_id)
