"""Everything that can become of a loan, done on a chain, is found in the ledger."""

from dataclasses import replace
from pathlib import Path

from ledger_reader.protocols.term_loans import loan_id
from oracle.contract import Contract
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import ANY_CONDITIONS, DAY, DOLLAR, UNLIMITED, DevDeployment, Policy, deploy
from oracle.devchain.people import demo_address
from tests.e2e.conftest import anvil_binary
from tests.e2e.loans import Loan, State
from tests.e2e.test_devchain import MODEL, committee, read

ANN, BEN, CAT = b"\xa1" * 20, b"\xbe" * 20, b"\xca" * 20
COLUMNS = ("kind", "account", "counterparty", "amount", "loan_id", "due_time")
POLICY = replace(Policy(), grace=10 * DAY, late_fee_bps=500)


class World:
    """A chain with a funded pool, three people with 1,000 dollars, and the contracts by one word a call."""

    def __init__(self, chain: Anvil) -> None:
        self.chain = chain
        self.deployment: DevDeployment = deploy(chain, committee(), MODEL, policy=POLICY)
        self.book = Contract(chain.rpc, "TermLoans", self.deployment.loans)
        self.pool = Contract(chain.rpc, "LoanPool", self.deployment.pool)
        self.coin = Contract(chain.rpc, "DevCoin", self.deployment.coin)
        self.lender = demo_address("lender")
        self.send(ANN, self.coin, "mint", self.lender, 10_000 * DOLLAR)
        self.send(self.lender, self.pool, "deposit", 10_000 * DOLLAR, self.lender)
        self.send(self.lender, self.pool, "allowStarter", [ANN, CAT], 1_000 * DOLLAR)
        for person in (ANN, BEN, CAT):
            self.send(person, self.coin, "mint", person, 1_000 * DOLLAR)
            self.send(person, self.coin, "approve", self.book.address, UNLIMITED)

    def send(self, who: bytes, to: Contract, function: str, *arguments: object, time: int = 0) -> int:
        """A block of this transaction alone, at `time` or a second after the last; returns its time."""
        call = Transaction(who, to.address, to.call_data(function, *arguments))
        self.chain.mine_block([call], time or None)
        return self.chain.now()

    def draw(self, who: bytes, dollars: int, parts: int, guarantors: tuple[bytes, ...] = ()) -> int:
        """A loan without a proof, one part each 30 days."""
        draw = (dollars * DOLLAR, 30 * DAY, parts, ANY_CONDITIONS, guarantors)
        return self.send(who, self.book, "borrowStarter", self.pool.address, draw)

    def vouch(self, borrower: bytes, dollars: int) -> None:
        until = self.chain.now() + DAY
        self.send(BEN, self.book, "vouch", self.pool.address, borrower, dollars * DOLLAR, until)


def test_loans__all_that_can_become_of_them__is_in_the_ledger(tmp_path: Path) -> None:
    anvil_binary()
    with Anvil() as chain:
        world = World(chain)
        expected = live(world)
        chain.advance_to(chain.now() + DAY)
        rows = read(chain, world.deployment.sources, tmp_path / "ledger.duckdb").to_pylist()
        states = [State(Loan(*world.book.read("loanOf", number)[0]).state) for number in (1, 2, 3)]
    rows = [row for row in rows if row["protocol"] == "term_loans"]
    assert [tuple(row[name] for name in COLUMNS) for row in rows] == expected
    assert {row["asset"] for row in rows} == {world.deployment.coin}
    assert states == [State.CANCELLED, State.WRITTEN_OFF, State.REPAID]


def live(world: World) -> list[tuple[object, ...]]:
    """ANN cancels a loan and fails at one of three parts, CAT repays, BEN vouches for both: their rows."""
    book, pool, lender = world.book, world.pool.address, world.lender
    one, two, three = (loan_id(book.address, number) for number in (1, 2, 3))

    first = world.draw(ANN, 365, 1)
    world.send(ANN, book, "cancel", 1)
    told: list[tuple[object, ...]] = [
        # 18 % of 365 dollars for 30 days
        ("borrow", ANN, pool, 370_400_000, one, first + 30 * DAY),
        ("loan_cancelled", ANN, pool, 365 * DOLLAR, one, None),
    ]

    world.vouch(ANN, 100)
    drawn = world.draw(ANN, 365, 3, (BEN,))
    world.send(BEN, book, "repay", 2, 50 * DOLLAR)
    told += [
        ("guarantee", BEN, ANN, 100 * DOLLAR, two, None),
        # thirds of the principal for 30, 60 and 90 days: 1.8 + 3.6 + 5.4 dollars
        ("borrow", ANN, pool, 375_800_000, two, drawn + 90 * DAY),
        ("repay", ANN, BEN, 50 * DOLLAR, two, None),
    ]

    world.vouch(CAT, 40)
    due = world.draw(CAT, 73, 1, (BEN,)) + 30 * DAY
    world.send(CAT, book, "repay", 3, 1_000 * DOLLAR)
    told += [
        ("guarantee", BEN, CAT, 40 * DOLLAR, three, None),
        ("borrow", CAT, pool, 74_080_000, three, due),
        ("guarantee_released", BEN, CAT, 40 * DOLLAR, three, None),
        ("repay", CAT, CAT, 74_080_000, three, None),
    ]

    world.send(lender, book, "markDelinquent", 2, time=drawn + 40 * DAY + 1)
    world.send(lender, book, "markDefault", 2, time=drawn + 100 * DAY + 1)
    world.send(ANN, book, "repay", 2, 30 * DOLLAR)
    world.send(lender, book, "writeOff", 2)
    world.send(ANN, book, "repay", 2, 20 * DOLLAR)
    # a third of 375.80 less the 50 that came, and a fee of 5 % of that; each a unit up
    overdue, fee = 75_266_667, 3_763_334
    unpaid = 325_800_000 + fee
    return [
        *told,
        ("delinquent", ANN, pool, overdue, two, drawn + 30 * DAY),
        ("default", ANN, pool, unpaid, two, None),
        ("guarantee_called", BEN, ANN, 100 * DOLLAR, two, None),
        ("repay", ANN, ANN, 30 * DOLLAR, two, None),
        ("write_off", ANN, pool, unpaid - 30 * DOLLAR, two, None),
        ("recovery", ANN, ANN, 20 * DOLLAR, two, None),
    ]
