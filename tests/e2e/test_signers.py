"""Signers on another machine: anvil, which speaks their language, and hostile ones on a real port."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Rpc
from oracle import keys
from oracle.ceremony import SIGNER_FILE
from oracle.committee import recover
from oracle.devchain.stage import EPOCH
from oracle.epoch import Deployment
from oracle.keys import INTERACTIVE, KeySigner, NodeKeys, SignedLog
from oracle.report import EpochReport, digest
from oracle.settings import address_bytes, address_text, write_settings
from oracle.signers import MAX_ANSWER_BYTES, ExternalSigner
from tests.e2e.conftest import free_port
from tests.e2e.small_world import small_world

HOME = Deployment(31337, b"\1" * 20)
KEY = KeySigner(b"\6" * 32)
OTHER = KeySigner(b"\7" * 32)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
REPORT = EpochReport(
    epoch=3,
    config=b"\2" * 32,
    model_id=b"\2" * 32,
    snapshot_block=40,
    snapshot_time=1_299,
    home_hash=b"\3" * 32,
    snapshot_hash=b"\3" * 32,
    root=b"\3" * 32,
    scores_hash=b"\3" * 32,
    previous_epoch=2,
    borrowers=200,
    mean_score=640,
    moved_bps=12,
    psi_bps=34,
)
TRANSACTION = {
    "chainId": 31337,
    "nonce": 0,
    "to": b"\x0a" * 20,
    "data": b"\1\2",
    "value": 0,
    "gas": 30_000,
    "maxPriorityFeePerGas": 10**9,
    "maxFeePerGas": 3 * 10**9,
}


@contextmanager
def answering(answer: Callable[[dict[str, Any]], Any], status: int = 200) -> Iterator[str]:
    """A signer on a port of this machine; `answer` makes of each request what it sends back."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found = answer(request)
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://user:hidden@127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def result(value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda request: {"jsonrpc": "2.0", "id": request["id"], "result": value}


def refusing(code: int, text: str) -> Callable[[dict[str, Any]], Any]:
    return lambda request: {"id": request["id"], "error": {"code": code, "message": text}}


def signed(signer: KeySigner, report: EpochReport = REPORT, home: Deployment = HOME) -> str:
    return "0x" + signer.sign_report(report, home).hex()


def malleable() -> str:
    """The same signature as its own, with s in the upper half."""
    raw = KEY.sign_report(REPORT, HOME)
    return (
        "0x"
        + (raw[:32] + (ORDER - int.from_bytes(raw[32:64], "big")).to_bytes(32, "big")).hex()
        + ("1c" if raw[64] == 27 else "1b")
    )


# -------------------------------------------------------------------------------- hostile signers


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (signed(OTHER), "signed another report than was asked, or with another key"),
        (signed(KEY, replace(REPORT, root=bytes(32))), "signed another report than was asked"),
        (signed(KEY, home=replace(HOME, chain_id=1)), "signed another report than was asked"),
        (malleable(), "gave a signature that the contract refuses"),
        (signed(KEY)[:-2] + "00", "gave a signature that the contract refuses"),
        (signed(KEY)[:-2] + "25", "gave a signature that the contract refuses"),
        (signed(KEY)[:-2], "gave a signature that the contract refuses"),
        ("0x" + "00" * 65, "gave a signature that the contract refuses"),
        ("0x" + "ff" * 64 + "1b", "gave a signature that the contract refuses"),
        ("0x", "which is no signature"),
        ("é" * 132, "which is no signature"),
        (None, "which is no signature"),
        (5, "which is no signature"),
        ({"signature": "0x00"}, "which is no signature"),
    ],
)
def test_sign_report__anything_but_its_own_signature_of_this_report__stops(given: Any, sentence: str) -> None:
    with answering(result(given)) as url, pytest.raises(Stop, match=sentence) as caught:
        ExternalSigner(url, KEY.address).sign_report(REPORT, HOME)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"[" * 60_000, b"[]", b"null", b"<html>", b"7"])
def test_sign_report__junk__stops(junk: bytes) -> None:
    with answering(lambda _: junk) as url, pytest.raises(Stop, match="no JSON"):
        ExternalSigner(url, KEY.address).sign_report(REPORT, HOME)


def test_sign_report__an_endless_answer__is_given_up_at_the_limit() -> None:
    with (
        answering(lambda _: b" " * (4 * MAX_ANSWER_BYTES)) as url,
        pytest.raises(Stop, match="answered over 65536 bytes"),
    ):
        ExternalSigner(url, KEY.address).sign_report(REPORT, HOME)


def test_sign_report__a_signer_that_does_not_answer_in_time__asks_to_try_again() -> None:
    with (
        answering(lambda _: time.sleep(1.0)) as url,
        pytest.raises(Retry, match=r"the signer at 127\.0\.0\.1:\d+ did not answer within 0\.2 s"),
    ):
        ExternalSigner(url, KEY.address, seconds=0.2).sign_report(REPORT, HOME)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "nothing", "http://[", "ftp://x"])
def test_sign_report__a_signer_out_of_reach__asks_to_try_again(url: str) -> None:
    with pytest.raises(Retry, match="cannot be reached"):
        ExternalSigner(url.replace("{port}", str(free_port())), KEY.address).sign_report(REPORT, HOME)


def test_sign_report__a_signer_in_trouble__asks_to_try_again() -> None:
    with answering(lambda _: b"", 503) as url, pytest.raises(Retry, match="answered 503"):
        ExternalSigner(url, KEY.address).sign_report(REPORT, HOME)


def test_sign_report__the_person_at_the_signer_says_no__stops_with_its_words() -> None:
    with (
        answering(refusing(-32000, "Request denied")) as url,
        pytest.raises(Stop, match=r"refused eth_signTypedData_v4 \('Request denied'\)"),
    ):
        ExternalSigner(url, KEY.address).sign_report(REPORT, HOME)


def test_sign_report__no_signer_at_all__says_what_it_does_not_know() -> None:
    with (
        answering(refusing(-32601, "method not found")) as url,
        pytest.raises(Stop, match="knows none of eth_signTypedData_v4, account_signTypedData"),
    ):
        ExternalSigner(url, KEY.address).sign_report(REPORT, HOME)


@pytest.mark.parametrize(
    "changes",
    [{"nonce": 1}, {"to": b"\x0b" * 20}, {"data": b""}, {"value": 1}, {"gas": 1}, {"maxFeePerGas": 1}],
)
def test_sign_transaction__another_one_than_asked__stops(changes: dict[str, Any]) -> None:
    altered = {**TRANSACTION, **changes}
    if "maxFeePerGas" in changes:
        altered["maxPriorityFeePerGas"] = 1
    raw = "0x" + KEY.sign_transaction(altered).hex()
    with (
        answering(result({"raw": raw, "tx": {}})) as url,
        pytest.raises(Stop, match="signed another transaction than was asked"),
    ):
        ExternalSigner(url, KEY.address).sign_transaction(TRANSACTION)


@pytest.mark.parametrize("given", ["0x02", "0x02c0", "0x05" + "00" * 90, "0xc0", "0x" + "ff" * 200])
def test_sign_transaction__no_transaction__stops(given: str) -> None:
    with answering(result(given)) as url, pytest.raises(Stop, match="gave no signed transaction of type 2"):
        ExternalSigner(url, KEY.address).sign_transaction(TRANSACTION)


def test_sign_transaction__with_another_key__stops() -> None:
    with (
        answering(result("0x" + OTHER.sign_transaction(TRANSACTION).hex())) as url,
        pytest.raises(Stop, match="or with another key than that of"),
    ):
        ExternalSigner(url, KEY.address).sign_transaction(TRANSACTION)


@pytest.mark.parametrize("given", [None, "0x", [7], ["0x" + "00" * 19], ["0x" + "00" * 20] * 1_001])
def test_addresses__no_list_of_addresses__stops(given: Any) -> None:
    with answering(result(given)) as url, pytest.raises(Stop):
        ExternalSigner(url, KEY.address).addresses()


# ------------------------------------------------------------------------------------ real signers


def test_addresses__under_clefs_name_of_the_method__are_listed() -> None:
    def clef(request: dict[str, Any]) -> Any:
        is_known = request["method"] == "account_list"
        return (result([address_text(KEY.address)]) if is_known else refusing(-32601, ""))(request)

    with answering(clef) as url:
        assert ExternalSigner(url, OTHER.address).addresses() == {KEY.address}


def test_sign_report__under_clefs_name_of_the_method__signs() -> None:
    def clef(request: dict[str, Any]) -> Any:
        answer = result(signed(KEY)) if request["method"] == "account_signTypedData" else refusing(-32601, "")
        return answer(request)

    with answering(clef) as url:
        assert ExternalSigner(url, KEY.address).sign_report(REPORT, HOME) == KEY.sign_report(REPORT, HOME)


def test_attest__by_anvil_as_the_signer__is_the_members_own_word(anvil: str, tmp_path: Path) -> None:
    with Rpc(anvil) as rpc:
        address = bytes.fromhex(rpc.call("eth_accounts", [])[0][2:])
    with SignedLog(tmp_path / "signed.sqlite") as log:
        attestation = keys.attest(REPORT, HOME, NodeKeys(b"\5" * 32), ExternalSigner(anvil, address), log)
    assert recover(digest(REPORT, HOME), attestation.signature) == address


def test_sign_report__of_an_address_that_the_signer_does_not_hold__stops(anvil: str) -> None:
    with pytest.raises(Stop, match="refused eth_signTypedData_v4"):
        ExternalSigner(anvil, KEY.address).sign_report(REPORT, HOME)


def test_sign_transaction__by_anvil__is_mined_from_its_address(anvil: str) -> None:
    with Rpc(anvil) as rpc:
        address = bytes.fromhex(rpc.call("eth_accounts", [])[1][2:])
        raw = ExternalSigner(anvil, address).sign_transaction(TRANSACTION)
        sent = rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()])
        rpc.call("anvil_mine", [])
        receipt = rpc.call("eth_getTransactionReceipt", [sent])
    assert receipt["from"] == "0x" + address.hex()
    assert receipt["status"] == "0x1"


def test_node__its_key_on_another_machine__takes_part_and_pays_with_another_key(tmp_path: Path) -> None:
    with small_world(tmp_path) as stage, contextlib.ExitStack() as stack:
        home, password = stage.homes[0], (stage.folder / "password.txt").read_text().strip()
        member = Account.from_key(Account.decrypt((home / SIGNER_FILE).read_text(), password))
        address = address_bytes(member.address)
        (home / SIGNER_FILE).unlink()
        payer = KeySigner.generate()
        payer.save(home / "payer.json", password, INTERACTIVE)
        stage.anvil.set_balances([payer.address])
        asked: list[str] = []
        url = stack.enter_context(answering(web3signer(member, asked)))
        plain = json.loads((home / "settings.json").read_bytes())
        remote = {"url": url, "address": address_text(address)}
        write_settings(home, plain | {"signer": remote, "wallet": "payer.json", "turn_seconds": 1.0})
        for other in stage.homes[1:3]:  # the first node alone can pay
            plain = json.loads((other / "settings.json").read_bytes())
            KeySigner.generate().save(other / "poor.json", password, INTERACTIVE)
            write_settings(other, plain | {"wallet": "poor.json", "turn_seconds": 1.0})
        rounds = stage.run_nodes(stage.homes[:3])
        assert all(each["agrees"] for each in rounds)
        sent = stage.anvil.rpc.call("eth_getTransactionByHash", [rounds[0]["transaction"]])
        assert sent["from"] == address_text(payer.address)
        assert set(asked) == {"eth_signTypedData"}
        published = stage.oracle.published(stage.deployment.start_block)[EPOCH]
        seat = stage.oracle.committee_at(EPOCH).members.index(address)
        assert published.member_mask >> seat & 1
        assert url not in (home / "log.txt").read_text()


def web3signer(key: LocalAccount, asked: list[str]) -> Callable[[dict[str, Any]], Any]:
    """What Web3Signer answers: it knows eth_signTypedData only, and signs what it is shown."""

    def answer(request: dict[str, Any]) -> Any:
        if request["method"] != "eth_signTypedData":
            return refusing(-32601, "Method not found")(request)
        asked.append(request["method"])
        address, shown = request["params"]
        assert address == key.address.lower()
        signature = key.sign_typed_data(full_message=shown).signature
        return result("0x" + signature.hex())(request)

    return answer
