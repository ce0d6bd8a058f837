import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.devchain.action import Action, Invoice, Trading
from oracle.devchain.invoices import InvoiceBook

SUPPLIER, BUYER, ANN, BEN, BANK = (bytes([number]) * 20 for number in range(1, 6))
DUE = 1_000


def invoice(amount: int = 900, hidden: bool = False) -> Invoice:
    return Invoice(SUPPLIER, BUYER, 1, amount, DUE, hidden)


def book(of: Invoice, *steps: tuple[Trading, bytes, bytes, int], time: int = 10) -> InvoiceBook:
    """A book with an invoice issued, and all the steps after it."""
    found = InvoiceBook()
    found.enter(1, Action("issue", SUPPLIER, BUYER, invoice=of))
    for what, actor, other, amount in steps:
        found.enter(time, Action(what, actor, other, amount, invoice=of))
    return found


ACCEPT: tuple[Trading, bytes, bytes, int] = ("accept", BUYER, b"", 0)


@given(amount=st.integers(3, 10**12), data=st.data())
def test_settle__in_parts__gives_each_its_claim_within_a_unit(amount: int, data: st.DataObject) -> None:
    of = invoice(amount)
    given_ann = data.draw(st.integers(1, amount - 2))
    given_ben = data.draw(st.integers(1, amount - given_ann - 1))
    split: list[tuple[Trading, bytes, bytes, int]] = [
        ("split", SUPPLIER, ANN, given_ann),
        ("split", SUPPLIER, BEN, given_ben),
    ]
    kept = book(of, ACCEPT, *split)
    claims = {SUPPLIER: amount - given_ann - given_ben, ANN: given_ann, BEN: given_ben}
    part = data.draw(st.integers(1, amount))
    first = dict(kept.enter(20, Action("settle", BUYER, amount=part, invoice=of)))
    assert sum(first.values()) == part
    assert all(abs(amount * first.get(h, 0) - claim * part) < amount for h, claim in claims.items())
    if part < amount:
        rest = dict(kept.enter(DUE + 1, Action("settle", BUYER, amount=amount - part, invoice=of)))
        assert {holder: first.get(holder, 0) + rest.get(holder, 0) for holder in claims} == claims
    standing = kept.standings[of.id]
    assert (standing.status, standing.paid, standing.paid_in_time) == ("paid", amount, part)
    assert standing.on_time == (part == amount)


def test_finance__of_what_is_left__moves_the_claim_and_pays_the_holder() -> None:
    of = invoice()
    kept = book(of, ACCEPT, ("split", SUPPLIER, ANN, 300), ("finance", BANK, SUPPLIER, 500))
    standing = kept.standings[of.id]
    assert standing.claims == [(BANK, 600), (ANN, 300)]
    assert (standing.financier, standing.advance) == (BANK, 500)
    assert kept.enter(20, Action("settle", BUYER, amount=900, invoice=of)) == [(BANK, 600), (ANN, 300)]


def test_credit__of_all__ends_it_as_credited() -> None:
    of = invoice()
    standing = book(of, ACCEPT, ("credit", SUPPLIER, b"", 400), ("credit", SUPPLIER, b"", 500)).standings[
        of.id
    ]
    assert (standing.status, standing.credited, standing.outstanding) == ("credited", 900, 0)


@pytest.mark.parametrize(
    "steps",
    [
        [("settle", BUYER, b"", 1)],
        [ACCEPT, ("settle", BUYER, b"", 901)],
        [ACCEPT, ACCEPT],
        [ACCEPT, ("void", SUPPLIER, b"", 0)],
        [ACCEPT, ("dispute", BUYER, b"", 0)],
        [ACCEPT, ("open", SUPPLIER, b"", 0)],
        [ACCEPT, ("split", SUPPLIER, BUYER, 5)],
        [ACCEPT, ("split", SUPPLIER, ANN, 901)],
        [ACCEPT, ("assign", ANN, BEN, 0)],
        [ACCEPT, ("finance", BUYER, SUPPLIER, 5)],
        [ACCEPT, ("finance", BANK, SUPPLIER, 901)],
        [ACCEPT, ("finance", BANK, SUPPLIER, 5), ("finance", ANN, BANK, 5)],
        [ACCEPT, ("assign", SUPPLIER, ANN, 0), ("credit", SUPPLIER, b"", 5)],
    ],
)
def test_enter__what_the_contract_refuses__is_refused(
    steps: list[tuple[Trading, bytes, bytes, int]],
) -> None:
    kept = book(invoice(), *steps[:-1])
    what, actor, other, amount = steps[-1]
    with pytest.raises(ValueError, match="the contract refuses"):
        kept.enter(11, Action(what, actor, other, amount, invoice=invoice()))


def test_enter__after_the_due_date__no_advance() -> None:
    with pytest.raises(ValueError, match="refuses"):
        book(invoice(), ACCEPT, ("finance", BANK, SUPPLIER, 5), time=DUE + 1)


def test_hidden_amount__until_it_is_opened__cannot_be_paid() -> None:
    of = invoice(hidden=True)
    kept = book(of, ACCEPT)
    with pytest.raises(ValueError, match="refuses"):
        kept.enter(12, Action("settle", BUYER, amount=900, invoice=of))
    kept.enter(12, Action("open", ANN, invoice=of))
    assert kept.enter(12, Action("settle", BUYER, amount=900, invoice=of)) == [(SUPPLIER, 900)]


def test_invoice__two_buyers_of_one_document__are_two_ids_of_one_hash() -> None:
    one, other = invoice(), Invoice(SUPPLIER, ANN, 1, 900, DUE)
    assert one.document == other.document
    assert one.id != other.id
