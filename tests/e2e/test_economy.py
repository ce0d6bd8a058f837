"""Ten thousand events of a rich economy, through contracts, reader and features: equal to its own books."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import ibis
import pyarrow as pa
import pytest

from ledger_reader.keccak import keccak256
from ledger_reader.ledger import Snapshot
from ledger_reader.reader import sync
from ledger_reader.store import LedgerStore
from models.features.catalogue import named
from models.features.feature import MONTH_DAYS, MONTHS
from models.measure import measured
from oracle.committee import Committee
from oracle.contract import Contract
from oracle.devchain.action import PURPOSES
from oracle.devchain.anvil import Anvil
from oracle.devchain.books import Books
from oracle.devchain.deploy import DAY, LINK_DELAY, DevDeployment, deploy
from oracle.devchain.economy import CENT, Plan, books, plan, play
from oracle.devchain.invoices import InvoiceBook, Standing
from oracle.devchain.rehearsal import rehearse
from tests.e2e.conftest import anvil_binary

BORROWERS, DAYS = 60, 300
STATUSES = ("none", "issued", "accepted", "disputed", "paid", "credited", "voided")
"""In the order of IReceivables.Status."""

COUNTS = (
    "loans_repaid",
    "loans_defaulted",
    "borrows_total",
    "invoices_accepted",
    "invoices_paid_on_time",
    "bills_paid_on_time",
    "inflow_months",
    "remittance_senders",
)


@dataclass(frozen=True)
class Played:
    """An economy, its books, the chain that it was played on, and the ledger read from there."""

    plan: Plan
    books: Books
    chain: Anvil
    deployment: DevDeployment
    ledger: pa.Table

    @property
    def rows(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.ledger.to_pylist()
        return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    anvil_binary()
    economy = plan(9, BORROWERS, DAYS, rich=True)
    members = tuple(keccak256(b"member %d" % number)[12:] for number in range(4))
    keys = tuple(keccak256(b"identity %d" % number) for number in range(4))
    committee = Committee(members, keys, 3, keccak256(b"secret"))
    with Anvil(long=True) as chain:
        deployment = deploy(chain, committee, keccak256(b"a model"), policy=economy.policy, rich=True)
        play(economy, chain, deployment)
        chain.advance_to(economy.start + DAYS * DAY + 1)
        with LedgerStore(tmp_path_factory.mktemp("economy") / "ledger.duckdb") as store:
            head = sync(chain.rpc, store, deployment.sources)
            ledger = store.events(Snapshot((head,))).to_pyarrow()
        yield Played(economy, books(economy), chain, deployment, ledger)


def amount(row: dict[str, object]) -> int:
    return int(str(row["amount"] or 0))


def test_ledger__of_a_rich_economy__is_what_was_rehearsed(played: Played) -> None:
    made_up = ["chain_id", "block_number", "log_index", "tx_hash"]
    keys = [(key, "ascending") for key in ("block_number", "log_index", "leg")]
    found, rehearsed = (
        table.sort_by(keys).drop_columns(made_up).to_pylist()
        for table in (played.ledger, rehearse(played.plan, played.deployment.contracts))
    )
    assert sum(len(round_.actions) for round_ in played.plan.rounds) > 10_000
    assert found == rehearsed


def test_ledger__by_kind__has_as_many_rows_as_the_books_have_facts(played: Played) -> None:
    kept, found = played.books, Counter(str(row["kind"]) for row in played.rows)
    standings = list(kept.invoices.values())
    accepted = sum(standing.accepted is not None for standing in standings)
    expected = {
        "transfer_in": kept.transfers,
        "borrow": len(kept.loans),
        "default": kept.defaults,
        "enrolled": len(kept.enrolled),
        "purpose": sum(count for count, _ in kept.told.values()),
        "linked": 2 * len(kept.bundles),
        "unlinked": 2 * sum(bundle.unlinked is not None for bundle in kept.bundles),
        "invoice_issued": len(standings),
        "invoice_accepted": 2 * accepted,
        "invoice_financed": sum(standing.financier is not None for standing in standings),
        "invoice_opened": sum(standing.invoice.hidden and standing.opened for standing in standings),
        "invoice_voided": sum(standing.status == "voided" for standing in standings),
    }
    assert {kind: found[kind] for kind in expected} == expected
    assert all(count > 0 for count in expected.values())


def test_ledger__sums_by_invoice__are_those_of_the_books(played: Played) -> None:
    sums: dict[str, Counter[bytes]] = defaultdict(Counter)
    for row in played.rows:
        if str(row["kind"]).startswith("invoice_") and row["leg"] == 0:
            sums[str(row["kind"])][bytes(row["loan_id"])] += amount(row)  # type: ignore[call-overload]
    standings = played.books.invoices
    assert sums["invoice_paid"] == {key: s.paid for key, s in standings.items() if s.paid}
    assert sums["invoice_credited"] == {key: s.credited for key, s in standings.items() if s.credited}
    assert sums["invoice_financed"] == {key: s.advance for key, s in standings.items() if s.financier}
    shown = {key: 0 if s.invoice.hidden else s.invoice.amount for key, s in standings.items()}
    assert dict(sums["invoice_issued"]) == shown


def test_ledger__payments_by_purpose__are_those_of_the_books(played: Played) -> None:
    found = Counter[str]()
    for row in played.rows:
        if row["kind"] == "purpose":
            place = int.from_bytes(bytes(row["loan_id"]), "big")  # type: ignore[call-overload]
            found[PURPOSES[place - 1]] += amount(row)
    assert found == {purpose: total for purpose, (_, total) in played.books.told.items()}


def test_ledger__links__are_those_of_the_books(played: Played) -> None:
    linked = {(r["account"], r["counterparty"]) for r in played.rows if r["kind"] == "linked"}
    assert linked == {pair for b in played.books.bundles for pair in (b.wallets, b.wallets[::-1])}
    left = {(row["account"], row["due_time"]) for row in played.rows if row["kind"] == "unlinked"}
    parted = [(b.wallets, b.unlinked) for b in played.books.bundles if b.unlinked is not None]
    assert left == {(wallet, time + LINK_DELAY) for wallets, time in parted for wallet in wallets}


def test_contracts__after_all__hold_what_the_books_hold(played: Played) -> None:
    rpc, contracts = played.chain.rpc, played.deployment.contracts
    coin = Contract(rpc, "DevCoin", contracts["coin"])
    receivables = Contract(rpc, "Receivables", contracts["receivables"])
    links = Contract(rpc, "WalletLinks", contracts["links"])
    for account, balance in played.books.balances.items():
        assert coin.read("balanceOf", account or contracts["pool"]) == (balance,)
    assert coin.read("balanceOf", contracts["receivables"]) == (0,)
    for key, standing in played.books.invoices.items():
        _, _, ended, _, status, due, _, outstanding, _ = receivables.read("invoiceOf", key)[0]
        assert (STATUSES[status], ended, due) == (standing.status, standing.closed or 0, standing.invoice.due)
        assert outstanding == standing.outstanding
        assert receivables.read("financierOf", key) == ("0x" + (standing.financier or bytes(20)).hex(),)
        if standing.status == "accepted":
            held = {holder: receivables.read("claimOf", key, holder)[0] for holder, _ in standing.claims}
            assert held == dict(standing.claims)
    for bundle in played.books.bundles:
        (person,) = links.read("personOf", bundle.wallets[0])
        assert links.read("personOf", bundle.wallets[1]) == (person,)


def test_features__of_everybody__are_what_the_books_give(played: Played) -> None:
    """Of two wallets that are linked each has what both did; those that left are not asked about."""
    until = played.plan.start + DAYS * DAY
    left = {w for b in played.books.bundles if b.unlinked is not None for w in b.wallets}
    who = [resident.address for resident in played.plan.residents if resident.address not in left]
    points = ibis.memtable(pa.table({"person": pa.array(who, pa.binary()), "until": [until] * len(who)}))
    found = measured(ibis.memtable(played.ledger), points, named(COUNTS)).to_pylist()
    owners = {b.wallets[1]: b.wallets[0] for b in played.books.bundles if b.unlinked is None}
    by_hand = recomputed(played.plan, played.books, until, owners)
    assert len(found) == len(who) > BORROWERS
    assert len(owners) > 1
    for row in found:
        person, _ = row.pop("person"), row.pop("until")
        assert row == {name: by_hand[name][owners.get(person, person)] for name in COUNTS}, person.hex()
    assert all(any(by_hand[name].values()) for name in COUNTS)


def recomputed(
    economy: Plan, kept: Books, until: int, owners: dict[bytes, bytes]
) -> dict[str, Counter[bytes]]:
    """The features COUNTS of everybody, from the simulator's accounts alone."""
    found: dict[str, Counter[bytes]] = {name: Counter() for name in COUNTS}
    for entry in kept.loans.values():
        found["borrows_total"][entry.borrower] += 1
        found["loans_defaulted"][entry.borrower] += entry.defaulted is not None
        found["loans_repaid"][entry.borrower] += entry.closed is not None and entry.defaulted is None
    for standing in kept.invoices.values():
        invoice = standing.invoice
        found["invoices_accepted"][invoice.supplier] += standing.accepted is not None
        found["invoices_paid_on_time"][invoice.supplier] += in_full(standing, standing.paid_in_time)
        settled = standing.paid_in_time + standing.credited
        found["bills_paid_on_time"][invoice.buyer] += in_full(standing, settled)
    together: dict[bytes, Counter[int]] = defaultdict(Counter)
    for (payee, _), months in inflows(economy, until, owners).items():
        found["remittance_senders"][payee] += sum(cents >= 100 for cents in months.values()) >= 6
        together[payee].update(months)
    for payee, months in together.items():
        found["inflow_months"][payee] += sum(cents >= 100 for cents in months.values())
    return found


def in_full(standing: Standing, settled: int) -> bool:
    """All of a known amount in time; of one that was hidden, anything in time."""
    return standing.paid_in_time > 0 and (standing.invoice.hidden or settled >= standing.invoice.amount)


def inflows(economy: Plan, until: int, owners: dict[bytes, bytes]) -> dict[tuple[bytes, bytes], Counter[int]]:
    """By payee and payer: cents by month, counted back from `until`, of the last twelve."""
    found: dict[tuple[bytes, bytes], Counter[int]] = defaultdict(Counter)
    invoices = InvoiceBook()
    for round_ in economy.rounds:
        month = (until - round_.time - 1) // (MONTH_DAYS * DAY)
        for action in round_.actions:
            paid = [(action.other, action.amount)] if action.what == "pay" else []
            if action.what == "borrow":
                paid = [(action.actor, action.amount)]
            if action.invoice is not None and not action.refused:
                paid = invoices.enter(round_.time, action)
            payer = b"pool" if action.what == "borrow" else action.actor
            for payee, raw in paid:
                if month < MONTHS:
                    found[owners.get(payee, payee), payer][month] += raw // CENT
    return found
