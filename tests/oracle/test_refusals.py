import re

import pytest

from oracle import loan_refusals, refusals
from oracle.contract import Refused, load_abi

CONTRACTS = ("TermLoans", "LoanPool", "CreditOracle")
ERRORS = {each.name: each for name in CONTRACTS for each in load_abi(name).errors.values()}


def refused(name: str) -> Refused:
    """The error with arguments that can be told apart."""
    values = {"address": "0x" + "ab" * 20, "bytes32": b"\xcd" * 32, "string": "some name"}
    inputs = ERRORS[name].inputs
    return Refused("Contract", name, tuple(values.get(kind, 90_000 + i) for i, kind in enumerate(inputs)))


def test_explain__an_error_of_another_contract__is_told_by_its_name() -> None:
    found = refusals.explain(Refused("Other", "Strange", (7, b"\x01" * 2)))
    assert found.problem == "The contract refused: Strange(7, 0x0101)."


def test_names__of_the_committed_abis__are_exactly_those_explained() -> None:
    assert refusals.names() == set(ERRORS)


def test_loan_refusals__of_errors_that_the_oracle_has_too__say_nothing() -> None:
    assert not loan_refusals.TABLE.keys() & {each.name for each in load_abi("CreditOracle").errors.values()}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_explain__any_error__is_three_sentences_with_its_values(name: str) -> None:
    found = refusals.explain(refused(name))
    for sentence in found:
        assert re.fullmatch(r"[A-Z0{9].*\.", sentence), sentence
        assert "{" not in sentence
    values = [str(each) for each in refused(name).arguments if isinstance(each, int)]
    missing = [value for value in values if value not in " ".join(found)]
    assert not missing, f"{name} does not say {missing}"


def test_explain__of_the_commonest__says_what_to_do() -> None:
    found = refusals.explain(Refused("CreditOracle", "NotCurrentEpoch", (3, 4)))
    assert found.problem == "The proof is of epoch 3, the contract reads epoch 4."
    assert found.fix == "Ask the borrower for a proof of epoch 4."
