import re

import pytest
from eth_abi.abi import encode

from ledger_reader.errors import Stop
from oracle import lender_refusals, loan_refusals, receivable_refusals, refusals
from oracle.contract import Refused, load_abi

ERRORS = {each.name: each for name in refusals.CONTRACTS for each in load_abi(name).errors.values()}


def refused(name: str) -> Refused:
    """The error with arguments that can be told apart."""
    values = {
        "address": "0x" + "ab" * 20,
        "bytes32": b"\xcd" * 32,
        "bytes4": b"\xce" * 4,
        "bytes": b"\xcf" * 5,
        "string": "some name",
        "string[]": ("one", "two"),
    }
    least = {"uint8": 200, "uint16": 60_000}
    inputs = ERRORS[name].inputs
    return Refused(
        "Contract",
        name,
        tuple(values.get(kind, least.get(kind, 90_000) + i) for i, kind in enumerate(inputs)),
    )


def test_explain__an_error_of_another_contract__is_told_by_its_name() -> None:
    found = refusals.explain(Refused("Other", "Strange", (7, b"\x01" * 2)))
    assert found.problem == "The contract refused: Strange(7, 0x0101)."


def test_names__of_the_committed_abis__are_exactly_those_explained() -> None:
    assert refusals.names() == set(ERRORS)


def test_tables__of_different_contracts__explain_each_error_once() -> None:
    tables = (loan_refusals.TABLE, receivable_refusals.TABLE, lender_refusals.TABLE)
    of_the_oracle = {each.name for each in load_abi("CreditOracle").errors.values()}
    assert sum(map(len, tables)) + len(of_the_oracle) == len(refusals.names())


@pytest.mark.parametrize(
    "text", ["", "0x", "0x123456", "7" * 8, "0xzz345678", "0x" + "00" * 10_001, "0x12345678", "0x08c379a0"]
)
def test_decoded__no_error_of_a_lenders__stops_in_words(text: str) -> None:
    with pytest.raises(Stop, match="revert"):
        refusals.decoded(text)


def test_decoded__every_error_of_the_abis__is_itself_again() -> None:
    for name, each in ERRORS.items():
        given = refused(name)
        data = each.id + encode(each.inputs, given.arguments)
        found = refusals.decoded("0x" + data.hex())
        assert (found.error, found.arguments) == (name, given.arguments)


def test_decoded__of_solidity_itself__is_explained() -> None:
    words = refusals.decoded("0x08c379a0" + encode(["string"], ["no money"]).hex())
    assert refusals.explain(words).problem == "The contract refused: no money."
    panic = refusals.decoded("0x4e487b71" + encode(["uint256"], [17]).hex())
    assert refusals.explain(panic).problem == "The contract failed with panic code 17."


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
