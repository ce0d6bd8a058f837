import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import ChainBlock, Snapshot
from models.schedule import Schedule
from oracle import epoch
from oracle.epoch import Deployment

GOLDEN = Path(__file__).parents[1] / "golden" / "commitment.json"
CONTRACT = bytes(range(20))
secrets = st.binary(min_size=32, max_size=32)


def golden() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(GOLDEN.read_text())
    return plain


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize(("chain_id", "contract"), [(0, CONTRACT), (2**63, CONTRACT), (1, CONTRACT[1:])])
def test_deployment__without_a_chain_or_address__is_refused(chain_id: int, contract: bytes) -> None:
    with pytest.raises(ValueError, match="chain id"):
        Deployment(chain_id, contract)


def test_deployment__of_a_schedule__is_its_contract() -> None:
    assert Deployment.of(Schedule(31337, CONTRACT, 1_000, 100)) == Deployment(31337, CONTRACT)


def test_snapshot_hash__golden__is_equal() -> None:
    found = golden()["snapshot"]
    rows = zip(found["chainIds"], found["numbers"], found["hashes"], strict=True)
    snapshot = Snapshot(tuple(ChainBlock(chain, number, raw(block), 7) for chain, number, block in rows))
    assert epoch.snapshot_hash(snapshot) == raw(found["hash"])


blocks = st.builds(
    ChainBlock, st.integers(1, 2**63 - 1), st.integers(0, 2**63 - 1), secrets, st.integers(0, 2**40)
)


@given(st.lists(blocks, min_size=1, max_size=5, unique_by=lambda block: block.chain_id))
def test_snapshot_hash__any_chains__is_that_of_eth_abi(found: list[ChainBlock]) -> None:
    found.sort()
    rows = [(block.chain_id, block.number, block.hash) for block in found]
    expected = keccak256(encode(["(uint64,uint64,bytes32)[]"], [rows]))
    assert epoch.snapshot_hash(Snapshot(tuple(found))) == expected


def test_secret_at__an_earlier_epoch__stops() -> None:
    with pytest.raises(Stop, match="of epoch 5 and cannot be turned back to 4"):
        epoch.secret_at(bytes(32), 4, first_epoch=5)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_secrets__of_another_length__are_refused_without_being_shown(size: int) -> None:
    for use in (epoch.secret_hash, epoch.next_secret, lambda secret: epoch.salt(secret, "salt", CONTRACT)):
        with pytest.raises(ValueError, match=f"^a secret has 32 bytes, got {size}$"):
            use(b"s" * size)


def test_salt__of_an_unknown_purpose_or_a_short_address__is_refused() -> None:
    with pytest.raises(ValueError, match="purpose 'pepper'"):
        epoch.salt(bytes(32), "pepper", CONTRACT)
    with pytest.raises(ValueError, match="20 bytes"):
        epoch.salt(bytes(32), "salt", b"2" + CONTRACT)


def test_secrets__golden__are_equal() -> None:
    found = golden()
    first = raw(found["config"]["firstSecret"])
    assert epoch.secret_hash(first) == raw(found["config"]["secretHash"])
    assert epoch.secret_at(first, 3) == raw(found["secret"]["committeeSecret"])
    where = Deployment(found["deployment"]["chainId"], raw(found["deployment"]["contract"]))
    assert epoch.epoch_secret(epoch.secret_at(first, 3), where, 3) == raw(found["secret"]["epochSecret"])


@given(secrets, st.integers(1, 20), st.integers(0, 20))
def test_secret_at__in_two_strides__is_the_same(first: bytes, there: int, more: int) -> None:
    halfway = epoch.secret_at(first, there)
    assert epoch.secret_at(halfway, there + more, there) == epoch.secret_at(first, there + more)


@given(secrets)
def test_epoch_secret__of_another_chain_contract_or_epoch__differs(secret: bytes) -> None:
    where = [Deployment(1, CONTRACT), Deployment(2, CONTRACT), Deployment(1, CONTRACT[::-1])]
    found = {epoch.epoch_secret(secret, each, number) for each in where for number in (1, 2)}
    assert len(found) == 6


@given(secrets, st.lists(st.binary(min_size=20, max_size=20), max_size=8))
def test_salts__of_many_addresses__are_those_of_each(secret: bytes, addresses: list[bytes]) -> None:
    rows = np.frombuffer(b"".join(addresses), dtype=np.uint8).reshape(-1, 20)
    for purpose in epoch.PURPOSES:
        expected = [epoch.salt(secret, purpose, address) for address in addresses]
        assert [row.tobytes() for row in epoch.salts(secret, purpose, rows)] == expected


def test_salts__golden__are_equal_by_purpose() -> None:
    found = golden()
    secret, borrowers = raw(found["secret"]["epochSecret"]), found["borrowers"]
    for purpose in ("salt", "salt2", "salt3", "seed"):
        for address, expected in zip(borrowers["addresses"], borrowers[purpose], strict=True):
            assert epoch.salt(secret, purpose, raw(address)) == raw(expected)
