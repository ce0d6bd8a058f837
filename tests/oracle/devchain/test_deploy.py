from dataclasses import replace

import pytest

from ledger_reader.errors import Stop
from oracle.devchain.deploy import DevDeployment

DEPLOYMENT = DevDeployment(
    chain_id=31_337,
    start_block=1,
    contracts={
        "coin": b"\x01" * 20,
        "oracle": b"\x02" * 20,
        "loans": b"\x03" * 20,
        "pool": b"\x06" * 20,
        "receivables": b"\x07" * 20,
    },
    owner=b"\x04" * 20,
    lender=b"\x05" * 20,
    genesis=1_000,
    epoch_length=100,
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"chain_id": 31337', b'"chain_id": "x"'),
        (b'"chain_id": 31337,', b""),
        (b'"chain_id"', b'"chain"'),
        (b'"receivables"', b'"receipts"'),
        (b'"pool"', b'"invoice_finance"'),
        (b"0x0101", b"010101"),
        (b"0x0101", b"0x01"),
        (b"0x0101", b"0xzz01"),
        (b"{", b"["),
    ],
)
def test_deployment__malformed_json__is_refused_in_one_sentence(old: bytes, new: bytes) -> None:
    raw = DEPLOYMENT.to_json()
    assert old in raw
    with pytest.raises(Stop, match="not the file of a development deployment") as stop:
        DevDeployment.from_json(raw.replace(old, new))
    assert "\n" not in str(stop.value)


def test_deployment__written_and_read__is_the_same() -> None:
    assert DevDeployment.from_json(DEPLOYMENT.to_json()) == DEPLOYMENT
    assert DevDeployment.from_json(replace(DEPLOYMENT, chain_id=5).to_json()) != DEPLOYMENT


def test_deployment__as_sources__lists_the_contracts_that_the_ledger_reads() -> None:
    listed = {(source.protocol, source.address, source.asset) for source in DEPLOYMENT.sources.sources}
    assert listed == {
        ("credit_oracle", DEPLOYMENT.oracle, None),
        ("erc20", DEPLOYMENT.coin, None),
        ("term_loans", DEPLOYMENT.loans, None),
        ("receivables", DEPLOYMENT.contracts["receivables"], None),
    }
    assert DEPLOYMENT.schedule.end_of(2) == 1_200
