import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle.settings import (
    MAX_FILE_BYTES,
    Remote,
    address_bytes,
    address_text,
    load_settings,
    write_settings,
)

CONTRACT, PEER = b"\xab" * 20, b"\x02" * 20
GOOD: dict[str, Any] = {
    "chain_id": 31337,
    "contract": address_text(CONTRACT),
    "rpc": {"31337": ["http://127.0.0.1:8545", "http://127.0.0.1:8546"], "1": ["http://node"]},
    "listen": "127.0.0.1:9000",
    "peers": {address_text(PEER): "http://127.0.0.1:9001"},
}


def put(home: Path, content: bytes) -> Path:
    (home / "settings.json").write_bytes(content)
    return home


def plain(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


# ------------------------------------------------------------------------------------- unhappy


def test_load_settings__no_file__names_it_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        Stop, match=r"settings\.json: No such file or directory; make .* `credit-oracle init`"
    ):
        load_settings(tmp_path)


def test_load_settings__a_folder_in_its_place__stops(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    with pytest.raises(Stop, match="Is a directory"):
        load_settings(tmp_path)


def test_load_settings__too_large__stops_before_parsing(tmp_path: Path) -> None:
    put(tmp_path, plain() + b" " * MAX_FILE_BYTES)
    with pytest.raises(Stop, match=f"settings are at most {MAX_FILE_BYTES}"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"5",
        b"\xff\xfe",
        b'{"contract": "\xff"}',
        b"[" * 100_000,
        b'{"chain_id": ' + b"[" * 100_000,
        b'{"peers": {"x": ' + b'{"x":' * 100_000,
        b'{"chain_id": NaN}',
        b'{"chain_id": ' + b"9" * 10_000 + b"}",
    ],
)
def test_load_settings__hostile_json__stops_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Stop, match=r"is not a settings file: .*; compare it with docs") as caught:
        load_settings(put(tmp_path, content))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", GOOD)
def test_load_settings__a_field_missing__names_it(tmp_path: Path, name: str) -> None:
    kept = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(Stop, match=f"required field `{name}`"):
        load_settings(put(tmp_path, json.dumps(kept).encode()))


def test_load_settings__an_unknown_field__names_it(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="unknown field `qourum`"):
        load_settings(put(tmp_path, plain(qourum=3)))


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": "31337"},
        {"chain_id": 1.5},
        {"chain_id": True},
        {"chain_id": None},
        {"contract": 5},
        {"rpc": []},
        {"rpc": {"31337": "http://node"}},
        {"rpc": {"home": ["http://node"]}},
        {"rpc": {" 1 ": ["http://node"]}},
        {"rpc": {"1_0": ["http://node"]}},
        {"listen": "127.0.0.1"},
        {"listen": "127.0.0.1:"},
        {"listen": "127.0.0.1:http"},
        {"peers": {"0x12": "http://peer"}},
        {"peers": {address_text(PEER): 1}},
        {"poll_seconds": "12"},
        {"verify": "receipt"},
        {"verify": "quorum=0"},
        {"verify": True},
    ],
)
def test_load_settings__a_field_of_another_form__stops(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(Stop, match="is not a settings file"):
        load_settings(put(tmp_path, plain(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": 0},
        {"chain_id": -1},
        {"chain_id": 2**63},
        {"rpc": {"31337": []}},
        {"listen": "9000"},
        {"listen": ":9000"},
        {"listen": "127.0.0.1:65536"},
        {"listen": "127.0.0.1:-1"},
        {"poll_seconds": -1},
        {"poll_seconds": 0},
        {"turn_seconds": 0},
        {"round_seconds": -5},
        {"facts": "no"},
    ],
)
def test_load_settings__a_value_out_of_range__stops(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(Stop, match="is not a settings file"):
        load_settings(put(tmp_path, plain(**changes)))


ODD_ADDRESSES = [
    "",
    "0x",
    "ab" * 20,
    "ab" * 21,
    "0X" + "ab" * 20,
    "0x" + "ab" * 19,
    "0x" + "ab" * 21,
    "0x" + "zz" * 20,
    "0x" + "ab" * 19 + "  ",
    "0x" + " ab" * 13 + "c",
    "0x" + "é" * 40,
    "0x" + "٣" * 40,
]


@pytest.mark.parametrize("text", ODD_ADDRESSES)
def test_address_bytes__of_something_else__says_what_is_needed(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address: 0x and 40 hex digits are needed"):
        address_bytes(text)


@pytest.mark.parametrize("text", ODD_ADDRESSES)
def test_load_settings__an_address_that_is_none__stops(tmp_path: Path, text: str) -> None:
    for changes in ({"contract": text}, {"peers": {text: "http://peer"}}):
        with pytest.raises(Stop, match="is not an address"):
            load_settings(put(tmp_path, plain(**changes)))


@given(st.text(max_size=45) | st.text("0123456789abcdef \t", min_size=40, max_size=40).map("0x".__add__))
def test_address_bytes__of_any_text__is_20_bytes_or_refused(text: str) -> None:
    try:
        found = address_bytes(text)
    except ValueError:
        return
    assert address_text(found) == text.lower()


def test_write_settings__what_could_not_be_loaded__writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        write_settings(tmp_path, GOOD | {"contract": "0x00"})
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------------------- happy


def test_settings__written_and_loaded__come_back_with_their_defaults(tmp_path: Path) -> None:
    write_settings(tmp_path, GOOD)
    found = load_settings(tmp_path)
    assert (found.home, found.chain_id, found.contract) == (tmp_path, 31337, CONTRACT)
    assert found.rpc == {
        31337: ("http://127.0.0.1:8545", "http://127.0.0.1:8546"),
        1: ("http://node",),
    }
    assert (found.listen_host, found.listen_port) == ("127.0.0.1", 9000)
    assert found.peers == {PEER: "http://127.0.0.1:9001"}
    assert (found.poll_seconds, found.turn_seconds, found.round_seconds, found.facts) == (
        12.0,
        60.0,
        3600.0,
        True,
    )


def test_settings__paths__lie_in_the_nodes_folder(tmp_path: Path) -> None:
    write_settings(tmp_path, GOOD | {"poll_seconds": 0.5, "turn_seconds": 2, "round_seconds": 90})
    found = load_settings(tmp_path)
    assert (found.ledger, found.epochs) == (tmp_path / "ledger.duckdb", tmp_path / "epochs")
    assert (found.poll_seconds, found.turn_seconds, found.round_seconds) == (0.5, 2.0, 90.0)


@given(st.binary(min_size=20, max_size=20))
def test_address__as_text_in_either_case__comes_back(address: bytes) -> None:
    text = address_text(address)
    assert address_bytes(text) == address_bytes("0x" + text[2:].upper()) == address


def test_load_settings__an_ipv6_address__is_taken_without_its_brackets(tmp_path: Path) -> None:
    found = load_settings(put(tmp_path, plain(listen="[::1]:9101")))
    assert (found.listen_host, found.listen_port) == ("::1", 9_101)


# ----------------------------------------------------------------------------- signers elsewhere

REMOTE = {"url": "https://user:hidden@signer:8550/path", "address": address_text(PEER)}


@pytest.mark.parametrize("name", ["signer", "wallet"])
@pytest.mark.parametrize(
    "found",
    [
        {"url": "https://signer"},
        {"url": "signer:8550", "address": address_text(PEER)},
        {"url": "ftp://signer", "address": address_text(PEER)},
        {"url": "http://a b", "address": address_text(PEER)},
        {"url": "http://signer", "address": "0x12"},
        {**REMOTE, "password": "hidden"},
        5,
    ],
)
def test_load_settings__no_signer__stops_and_shows_no_password(tmp_path: Path, name: str, found: Any) -> None:
    with pytest.raises(Stop, match="is not a settings file") as caught:
        load_settings(put(tmp_path, plain(**{name: found})))
    assert "hidden" not in str(caught.value)


def test_load_settings__signer_and_wallet_elsewhere__are_known_and_never_shown_whole(tmp_path: Path) -> None:
    found = load_settings(put(tmp_path, plain(signer=REMOTE, wallet=REMOTE)))
    assert found.signer == found.wallet == Remote(REMOTE["url"], PEER)
    assert "hidden" not in repr(found)


def test_load_settings__a_key_file_that_pays__is_in_the_nodes_folder(tmp_path: Path) -> None:
    found = load_settings(put(tmp_path, plain(wallet="payer.json")))
    assert (found.signer, found.wallet) == (None, tmp_path / "payer.json")
    without = load_settings(put(tmp_path, plain()))
    assert (without.signer, without.wallet) == (None, None)
