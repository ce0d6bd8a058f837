import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import aiohttp
import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader.errors import Retry, Stop
from ledger_reader.keccak import keccak256
from ledger_reader.rpc import Rpc, RpcError
from oracle import report as reports
from oracle.contract import (
    Abi,
    Contract,
    CreditOracle,
    Refused,
    SourceChain,
    fields_of,
    load_abi,
)
from oracle.report import EpochReport, Limits, Mark
from oracle.tree import AtLeastProof, ScoreProof

NAMES = ("CreditOracle", "Bonds", "TermLoans", "LoanPool", "DevCoin", "LogReplayer")
ADDRESS, MEI = b"\x0a" * 20, b"\x0b" * 20
HEX32 = b"\x11" * 32
REPORT = EpochReport(
    epoch=3,
    config=b"\x01" * 32,
    model_id=b"\x02" * 32,
    snapshot_block=40,
    snapshot_time=1_299,
    home_hash=b"\x03" * 32,
    snapshot_hash=b"\x04" * 32,
    root=b"\x05" * 32,
    scores_hash=b"\x06" * 32,
    previous_epoch=2,
    borrowers=200,
    mean_score=640,
    moved_bps=12,
    psi_bps=34,
)
SCORE = ScoreProof(3, 1, 640, 20, HEX32, b"\x12" * 32, b"\x13" * 32, (b"\x14" * 32, b"\x15" * 32))


@pytest.fixture(scope="module")
def rpc() -> Iterator[Rpc]:
    """A client that is given answers, or none: no socket is opened before the first call."""
    with Rpc("http://127.0.0.1:1") as found:
        yield found


@pytest.fixture(scope="module")
def oracle(rpc: Rpc) -> CreditOracle:
    return CreditOracle(rpc, ADDRESS)


class Answer(nullcontext["Answer"]):
    """What a session gives for a request: itself the response, and its body."""

    status, headers = 200, MappingProxyType[str, str]({})

    def __init__(self, body: bytes) -> None:
        super().__init__(self)
        self.content, self._body = self, body

    async def iter_any(self) -> AsyncIterator[bytes]:
        """The whole of it at once."""
        yield self._body


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], dict[str, Any]]) -> list[Any]:
    """Lets aiohttp speak to `answer` in place of a socket; the requests come to the list returned.

    A request for a block is answered as by a node that has it, and kept from `answer` and the list.
    """
    asked: list[Any] = []

    def post(_: object, url: object, *, data: bytes, **options: object) -> Answer:
        call = json.loads(data)
        if call["method"] == "eth_getBlockByNumber":
            told = {"result": header(int(call["params"][0], 16))}
        else:
            asked.append(call)
            told = answer(call)
        return Answer(json.dumps({"jsonrpc": "2.0", "id": call["id"], **told}).encode())

    monkeypatch.setattr(aiohttp.ClientSession, "post", post)
    return asked


def header(number: int) -> dict[str, str]:
    """A block's header as a node gives it."""
    parent, own = hexed(word(number)), hexed(word(number + 1))
    return {"number": hex(number), "hash": own, "parentHash": parent, "timestamp": hex(12 * number)}


def selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


def reverted(data: object) -> RpcError:
    return RpcError(
        "http://node refused eth_call: execution reverted (code 3).", 3, "execution reverted", data
    )


def hexed(raw: bytes) -> str:
    return "0x" + raw.hex()


TOO_OLD = selector("TooOld(uint64,uint64)") + encode(["uint64", "uint64"], [900, 60])
TOO_LONG = selector("StringTooLong(string)")


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


# ----------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        True,
        [],
        ["0x" + TOO_OLD.hex()],
        {},
        {"data": None},
        {"data": 5},
        {"data": {"data": hexed(TOO_OLD)}},
        "",
        "0x",
        "0x0",
        "Reverted",
        "é" * 8,
        "0x" + "é" * 8,
        hexed(TOO_OLD[:3]),
        hexed(TOO_OLD[:4]),
        hexed(TOO_OLD[:-1]),
        hexed(TOO_OLD)[:-1],
        hexed(TOO_OLD[:36]),
        hexed(TOO_OLD[:4] + b"\xff" * 64),
        hexed(b"\xde\xad\xbe\xef" + TOO_OLD[4:]),
        hexed(selector("Error(string)") + encode(["string"], ["no"])),
        hexed(TOO_LONG + word(2**255) + word(1)),
        hexed(TOO_LONG + word(2**62) + word(1)),
        hexed(TOO_LONG + word(32) + word(2**62)),
    ],
)
def test_refusal__revert_data_that_says_nothing__is_the_nodes_own_words(
    oracle: CreditOracle, data: object
) -> None:
    error = reverted(data)
    assert oracle.refusal(error) is error


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TOO_LONG + word(32) + word(1) + b"\xff".ljust(32, b"\0"), id="not UTF-8"),
        pytest.param(TOO_LONG + word(32) + word(2**255), id="too long"),
    ],
)
def test_refusal__text_or_length_that_none_has__is_the_nodes_own_words(
    oracle: CreditOracle, data: bytes
) -> None:
    error = reverted(hexed(data))
    assert oracle.refusal(error) is error


@given(st.sampled_from(sorted(load_abi("CreditOracle").errors)), st.binary(max_size=140))
def test_refusal__any_arguments_of_any_error__never_crashes(
    oracle: CreditOracle, chosen: bytes, arguments: bytes
) -> None:
    error = reverted(hexed(chosen + arguments))
    found = oracle.refusal(error)
    assert found is error or isinstance(found, Refused)


@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: {"data": text}, lambda text: text[2:]])
def test_refusal__a_custom_error_as_nodes_give_it__names_it_and_its_values(
    oracle: CreditOracle, wrap: Callable[[str], object]
) -> None:
    found = oracle.refusal(reverted(wrap(hexed(TOO_OLD))))
    assert isinstance(found, Refused)
    assert (found.error, found.arguments) == ("TooOld", (900, 60))
    assert str(found) == "CreditOracle refused: TooOld(900, 60)"


def test_refusal__with_bytes_and_an_address__shows_hex(oracle: CreditOracle) -> None:
    wrong = selector("WrongModel(uint64,bytes32,bytes32)") + encode(
        ["uint64", "bytes32", "bytes32"], [3, HEX32, bytes(32)]
    )
    assert str(oracle.refusal(reverted(hexed(wrong)))) == (
        f"CreditOracle refused: WrongModel(3, 0x{HEX32.hex()}, 0x{bytes(32).hex()})"
    )
    nobody = selector("NotEnrolled(address)") + encode(["address"], [MEI])
    assert str(oracle.refusal(reverted(hexed(nobody)))) == f"CreditOracle refused: NotEnrolled(0x{MEI.hex()})"


def test_refusal__of_a_contract_that_is_called__is_known_only_if_named(rpc: Rpc) -> None:
    error = reverted(hexed(TOO_OLD))
    assert Contract(rpc, "TermLoans", ADDRESS).refusal(error) is error
    found = Contract(rpc, "TermLoans", ADDRESS, calls=("CreditOracle", "DevCoin")).refusal(error)
    assert isinstance(found, Refused)
    assert found.error == "TooOld"


def test_calls__named_for_one_contract__change_no_other(rpc: Rpc) -> None:
    Contract(rpc, "TermLoans", ADDRESS, calls=("CreditOracle",))
    assert TOO_OLD[:4] not in load_abi("TermLoans").errors


# ------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("answer", ["0x", "0x00", "0x" + "00" * 31])
def test_read__from_an_address_without_the_contract__asks_to_check_it(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    answering(monkeypatch, lambda _: {"result": answer})
    with pytest.raises(Stop, match=r"answers latestEpoch with \d+ bytes that no CreditOracle gives; check"):
        oracle.latest_epoch()


@pytest.mark.parametrize("answer", [None, 5, {}, "0x0", "zz", "0xzz"])
def test_read__an_answer_that_is_no_bytes__is_a_sentence(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    answering(monkeypatch, lambda _: {"result": answer})
    with pytest.raises((Stop, Retry), match=r"latestEpoch|eth_call"):
        oracle.latest_epoch()


def test_read__a_revert__is_the_contracts_own_error(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"code": 3, "message": "execution reverted", "data": hexed(TOO_OLD)}
    answering(monkeypatch, lambda _: {"error": error})
    with pytest.raises(Refused, match=r"^CreditOracle refused: TooOld\(900, 60\)$"):
        oracle.verify_score(MEI, SCORE, 60)


def test_read__at_a_block_for_a_sender__asks_exactly_that(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, lambda _: {"result": hexed(word(7))})
    assert oracle.read("latestEpoch", block=40, sender=MEI) == (7,)
    request = {"to": hexed(ADDRESS), "data": hexed(selector("latestEpoch()")), "from": hexed(MEI)}
    assert (asked[0]["method"], asked[0]["params"]) == ("eth_call", [request, "0x28"])


def test_verify_score__accepted__is_told_by_name(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = encode(["uint16", "uint16", "uint8", "uint64", "uint64"], [640, 20, 1, 3, 1_299])
    asked = answering(monkeypatch, lambda _: {"result": hexed(told)})
    assert oracle.verify_score(MEI, SCORE, 60) == {
        "score": 640,
        "width": 20,
        "status": 1,
        "epoch": 3,
        "snapshot_time": 1_299,
    }
    assert asked[0]["params"][0]["data"] == hexed(oracle.call_data("verifyScore", MEI, fields_of(SCORE), 60))


# ------------------------------------------------------------------------------------ what stands


def log_of(oracle: CreditOracle, event: str, epoch: int, at: int) -> dict[str, Any]:
    """A log as a node gives it: of one event about one epoch, `at` a block."""
    kinds = oracle.abi.events["Published"].inputs[1:]
    data = encode(list(kinds), [replace(REPORT, epoch=epoch).values(), 7, 5_000])
    return {
        "address": hexed(ADDRESS),
        "topics": [hexed(oracle.abi.events[event].id), hexed(word(epoch))],
        "data": hexed(data) if event == "Published" else "0x",
        "blockNumber": hex(at),
        "blockHash": hexed(HEX32),
        "transactionHash": hexed(HEX32),
        "logIndex": "0x0",
    }


def logged(monkeypatch: pytest.MonkeyPatch, *logs: dict[str, Any]) -> None:
    """A node that holds these logs, and gives those that a filter's first topics name, in its range."""

    def answer(request: Any) -> dict[str, Any]:
        asked = request["params"][0]
        first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
        topics = asked["topics"][0] if isinstance(asked["topics"][0], list) else [asked["topics"][0]]
        return {
            "result": [
                log
                for log in logs
                if log["topics"][0] in topics and first <= int(log["blockNumber"], 16) <= last
            ]
        }

    answering(monkeypatch, answer)


@pytest.mark.parametrize(
    ("to_block", "standing"),
    [(9, [1]), (10, [1, 2]), (11, [1, 2]), (12, [1, 2]), (13, [1, 2, 3]), (14, [1, 2]), (99, [1, 2])],
)
def test_standing__as_of_a_block__leaves_out_vetoed_and_held_but_not_released(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch, to_block: int, standing: list[int]
) -> None:
    logged(
        monkeypatch,
        log_of(oracle, "Published", 1, 5),
        log_of(oracle, "Published", 2, 10),
        log_of(oracle, "Published", 3, 12),
        log_of(oracle, "HeldBack", 3, 12),
        log_of(oracle, "Released", 3, 13),
        log_of(oracle, "Vetoed", 3, 14),
    )
    found = oracle.standing(1, to_block)
    assert sorted(found) == standing
    assert found[1].report == replace(REPORT, epoch=1)


def test_mark_of__of_an_epoch_that_the_ring_does_not_hold__is_none(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda _: {"result": hexed(bytes(160))})
    assert oracle.mark_of(0) is None
    assert oracle.mark_of(4) is None


@pytest.mark.parametrize("mark", list(Mark))
def test_mark_of__of_a_published_epoch__is_what_became_of_it(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch, mark: Mark
) -> None:
    answering(monkeypatch, lambda _: {"result": hexed(HEX32 + b"".join(map(word, (4, 5_000, 4_000, mark))))})
    assert oracle.mark_of(4) is mark
    assert oracle.mark_of(9) is None


def test_sources_limits_and_pause__answered__are_told_in_our_words(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, lambda _: {"result": hexed(encode(["(uint64,uint64)[]"], [[(1, 0), (10, 77)]]))})
    assert oracle.sources_at(4) == (SourceChain(1, 0), SourceChain(10, 77))
    answering(monkeypatch, lambda _: {"result": hexed(b"".join(map(word, (100, 500, 750, 1_000, 2_500))))})
    assert oracle.limits() == Limits(100, 500, 750, 1_000, 2_500)
    answering(monkeypatch, lambda _: {"result": hexed(word(5_000))})
    assert oracle.paused_until() == 5_000


# ---------------------------------------------------------------------------------------- the ABIs


@pytest.mark.parametrize("name", NAMES)
def test_load_abi__of_each_contract__has_code_and_ids_by_name(name: str) -> None:
    abi = load_abi(name)
    assert abi.name == name
    assert abi.runtime in abi.bytecode
    assert abi.functions
    for found in abi.functions.values():
        assert found.id == selector(f"{found.name}({','.join(found.inputs)})")
    for chosen, error in abi.errors.items():
        assert chosen == error.id == selector(f"{error.name}({','.join(error.inputs)})")
    for event in abi.events.values():
        assert event.id == keccak256(f"{event.name}({','.join(event.inputs)})".encode())
        assert len(event.indexed) == len(event.inputs)
    assert load_abi(name) is abi


def test_creation__with_arguments__is_the_code_and_then_their_words() -> None:
    abi = load_abi("TermLoans")
    assert abi.constructor == ("address",) * 3
    words = (ADDRESS, bytes(20), MEI)
    assert abi.creation(*words) == abi.bytecode + b"".join(word.rjust(32, b"\0") for word in words)
    assert load_abi("DevCoin").creation() == load_abi("DevCoin").bytecode


def test_load_abi__of_a_known_token__has_the_ids_that_everyone_knows() -> None:
    abi: Abi = load_abi("DevCoin")
    assert abi.functions["transfer"].id.hex() == "a9059cbb"
    assert abi.events["Transfer"].id.hex().startswith("ddf252ad1be2c89b")
    assert abi.events["Transfer"].indexed == (True, True, False)


def test_call_data__of_publish__is_what_eth_abi_encodes(oracle: CreditOracle) -> None:
    struct = "(" + ",".join(kind for _, kind in reports.TYPE) + ")"
    kinds = [struct, "uint32", "(bytes32,bytes32)[]"]
    arguments = (REPORT.values(), 0b1011, ((HEX32, b"\x21" * 32), (b"\x22" * 32, HEX32)))
    found = oracle.call_data("publish", *arguments)
    assert found[:4] == selector(f"publish({','.join(kinds)})")
    assert found[4:] == encode(kinds, arguments)
    report, mask, signatures = decode(kinds, found[4:])
    assert (EpochReport(*report), mask, signatures) == (REPORT, arguments[1], arguments[2])


@pytest.mark.parametrize(
    ("function", "proof"),
    [
        ("verifyScore", SCORE),
        ("verifyAtLeast", AtLeastProof(3, 1, 600, HEX32, b"\x12" * 32, (b"\x14" * 32,))),
    ],
)
def test_call_data__of_a_proof__has_its_fields_in_the_structs_order(
    oracle: CreditOracle, function: str, proof: ScoreProof | AtLeastProof
) -> None:
    found = oracle.call_data(function, MEI, fields_of(proof), 60)
    borrower, fields, max_age = decode(oracle.abi.functions[function].inputs, found[4:])
    assert (borrower, type(proof)(*fields), max_age) == (hexed(MEI), proof, 60)


@pytest.mark.parametrize("data", ["0x", "0x00", "0x" + "ff" * 64])
def test_published__a_log_that_is_no_report__is_retried(
    oracle: CreditOracle, monkeypatch: pytest.MonkeyPatch, data: str
) -> None:
    log = {
        "address": hexed(oracle.address),
        "topics": [hexed(oracle.abi.events["Published"].id), hexed(word(3))],
        "data": data,
        "blockNumber": "0x5",
        "blockHash": hexed(word(1)),
        "transactionHash": hexed(word(2)),
        "logIndex": "0x0",
    }
    answering(monkeypatch, lambda _: {"result": [log]})
    with pytest.raises(Retry, match="no Published event"):
        oracle.published(1, 9)
