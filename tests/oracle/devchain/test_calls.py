from dataclasses import replace

import pytest

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from oracle.contract import load_abi
from oracle.devchain.action import Action, Invoice
from oracle.devchain.anvil import Transaction
from oracle.devchain.calls import Encoder
from oracle.devchain.deploy import DevDeployment

ANN, BEN, BANK = (bytes([number]) * 20 for number in (1, 2, 3))
NAMES = ("coin", "oracle", "loans", "pool", "receivables", "payments", "links")
RICH = {name: bytes([10 + place]) * 20 for place, name in enumerate(NAMES)}
WAGE = Action("pay", ANN, BEN, 5, purpose="wage", told=True)
ADVANCE = Action("finance", BANK, ANN, 40, invoice=Invoice(ANN, BEN, 1, 50, 1_000))


def encoder(*without: str) -> Encoder:
    contracts = {name: address for name, address in RICH.items() if name not in without}
    deployment = DevDeployment(31_337, 1, contracts, ANN, BEN, 0, 1)
    return Encoder(Rpc(["http://127.0.0.1:1"]), deployment)


def shown(transactions: list[Transaction]) -> list[tuple[bytes, str, str]]:
    """Sender, contract and function of each."""
    names = {address: name for name, address in RICH.items()}
    functions = {
        signature.id: signature.name
        for abi in ("DevCoin", "Receivables", "Payments", "LoanPool")
        for signature in load_abi(abi).functions.values()
    }
    return [(t.sender, names[t.to or b""], functions[t.data[:4]]) for t in transactions]


@pytest.mark.parametrize("action", [WAGE, ADVANCE, Action("link", ANN, BEN), Action("unlink", ANN)])
def test_transactions__of_a_plain_deployment__are_refused_in_a_rich_economy(action: Action) -> None:
    with pytest.raises(Stop, match="deploy a rich one"):
        list(encoder("receivables", "payments", "links").transactions(action))


def test_transactions__of_the_first_told_payment__allow_it_once() -> None:
    encoding = encoder()
    first, second = (list(encoding.transactions(WAGE)) for _ in range(2))
    assert shown(first) == [(ANN, "coin", "approve"), (ANN, "payments", "pay")]
    assert shown(second) == [(ANN, "payments", "pay")]


def test_transactions__of_an_untold_payment__are_the_coins_own() -> None:
    assert shown(list(encoder().transactions(replace(WAGE, told=False)))) == [(ANN, "coin", "transfer")]


def test_transactions__of_an_advance__begin_with_the_holders_offer() -> None:
    found = shown(list(encoder().transactions(ADVANCE)))
    assert found[1:] == [(ANN, "receivables", "offer"), (BANK, "receivables", "finance")]


def test_transactions__that_must_be_refused__may_fail_and_no_others() -> None:
    found = list(encoder().transactions(replace(ADVANCE, refused=True)))
    assert [transaction.may_fail for transaction in found] == [False, True, True]
    assert not any(transaction.may_fail for transaction in encoder().transactions(ADVANCE))


def test_transactions__of_a_hidden_invoice__show_no_amount() -> None:
    hidden = Invoice(ANN, BEN, 1, 123_456_789, 1_000, hidden=True)
    (issue,) = encoder().transactions(Action("issue", ANN, BEN, invoice=hidden))
    assert (123_456_789).to_bytes(32, "big") not in issue.data
    assert hidden.commitment in issue.data


def test_transactions__of_a_deposit__are_allowed_by_savers_and_were_by_the_lender() -> None:
    saver, lender = Action("fund", BANK, amount=5), Action("fund", BEN, amount=5)
    assert shown(list(encoder().transactions(saver))) == [
        (BANK, "coin", "approve"),
        (BANK, "pool", "deposit"),
    ]
    assert shown(list(encoder().transactions(lender))) == [(BEN, "pool", "deposit")]
