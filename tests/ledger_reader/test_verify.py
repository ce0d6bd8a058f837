import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rlp
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger_reader import verify
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.logs import RawLog
from ledger_reader.verify import RawReceipt, ReceiptLog, SealedHeader, Untrue

DATA = Path(__file__).parents[3] / "shared" / "data"
BLOCKS = sorted((DATA / "rpc_mainnet_blocks").glob("*.json.gz"))
OURS, OTHERS = bytes([0x11]) * 20, bytes([0x22]) * 20
TOPIC, NOISE = "0x" + "a0" * 32, "0x" + "0b" * 32
QUESTION = verify.wanted([OURS], [TOPIC])


def hex_of(raw: bytes) -> str:
    return f"0x{raw.hex()}"


# ------------------------------------------------------------------ things to verify

logs = st.builds(
    ReceiptLog,
    address=st.sampled_from([hex_of(OURS), hex_of(OTHERS)]),
    topics=st.lists(
        st.sampled_from([TOPIC, NOISE]) | st.binary(min_size=32, max_size=32).map(hex_of), max_size=4
    ).map(tuple),
    data=(st.binary(max_size=3) | st.binary(min_size=50, max_size=300)).map(hex_of),
)


def receipt_of(
    found: list[ReceiptLog], gas: int, kind: int, outcome: int | bytes, hash_: bytes
) -> RawReceipt:
    return RawReceipt(
        transaction_hash=hex_of(hash_),
        cumulative_gas_used=hex(gas),
        logs_bloom=f"0x{verify.bloom_of(found):0512x}",
        logs=found,
        type=hex(kind),
        status=hex(outcome) if isinstance(outcome, int) else None,
        root=hex_of(outcome) if isinstance(outcome, bytes) else None,
    )


receipts = st.builds(
    receipt_of,
    st.lists(logs, max_size=4),
    st.integers(0, 2**40),
    st.integers(0, 4),
    st.integers(0, 1) | st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
)
blocks = st.lists(receipts, min_size=1, max_size=20)


def copy(found: list[RawReceipt]) -> list[RawReceipt]:
    return msgspec.json.decode(msgspec.json.encode(found), type=list[RawReceipt])


def by_the_book(receipt: RawReceipt) -> bytes:
    """The same encoding by a library."""
    kind = int(receipt.type or "0x0", 16)
    outcome = bytes_of(receipt.root) if receipt.status is None else number(receipt.status)
    inner = [
        [bytes_of(log.address), [bytes_of(topic) for topic in log.topics], bytes_of(log.data)]
        for log in receipt.logs
    ]
    fields = [outcome, number(receipt.cumulative_gas_used), bytes_of(receipt.logs_bloom), inner]
    if receipt.deposit_receipt_version is not None:
        fields += [number(receipt.deposit_nonce), number(receipt.deposit_receipt_version)]
    raw: bytes = rlp.encode(fields)
    return raw if kind == 0 else bytes([kind]) + raw


def bytes_of(text: str | None) -> bytes:
    assert text is not None
    return bytes.fromhex(text[2:])


def number(text: str | None) -> bytes:
    assert text is not None
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8)


def header(**changes: Any) -> dict[str, Any]:
    """A header of the latest fork that is what its hash says, unless `hash` is among the changes."""
    plain: dict[str, Any] = {
        name: {32: "0x" + "33" * 32, 20: "0x" + "44" * 20, 256: "0x" + "00" * 256, 8: "0x" + "00" * 8}.get(
            size, "0x" if size == -1 else "0x5"
        )
        for name, size in verify.HEADER_FIELDS.items()
    }
    plain |= changes
    if "hash" not in changes:
        plain["hash"] = hex_of(verify.header_hash(plain))
    return plain


# ------------------------------------------------------------------ headers


@pytest.mark.parametrize("name", list(verify.HEADER_FIELDS))
def test_sealed__any_field_altered__untrue(name: str) -> None:
    plain = header()
    plain[name] += "77" if plain[name] == "0x" else ""
    plain[name] = plain[name][:-1] + "6"
    with pytest.raises(Untrue, match=r"block 0x[56] has the hash 0x.* its header gives 0x"):
        verify.sealed(plain)


@pytest.mark.parametrize("value", [None, 5, "33", "0xzz", "0x33 3", "0x" + "3 " * 32, "0x" + "33" * 31])
def test_sealed__malformed_field__untrue_names_it(value: Any) -> None:
    with pytest.raises(Untrue, match="stateRoot"):
        verify.sealed(header() | {"stateRoot": value})


def test_sealed__field_of_a_later_fork__untrue_names_it() -> None:
    later = header(hash="0x" + "12" * 32) | {"blockAccessListHash": "0x" + "55" * 32, "size": "0x1"}
    with pytest.raises(Untrue, match=r"also has blockAccessListHash, not known here"):
        verify.sealed(later)


def test_sealed__field_of_an_earlier_fork_is_missing__untrue_names_it() -> None:
    with pytest.raises(Untrue, match="without withdrawalsRoot"):
        verify.sealed(header() | {"withdrawalsRoot": None})


def test_sealed__time_beyond_the_ledger__untrue() -> None:
    with pytest.raises(Untrue, match="later than any block"):
        verify.sealed(header(timestamp=hex(2**40)))


def test_check_links__a_gap_or_a_stranger__untrue() -> None:
    def at(n: int, hash_: int, parent: int) -> SealedHeader:
        return SealedHeader(n, bytes([hash_]) * 32, bytes([parent]) * 32, 0, b"", 0)

    verify.check_links([], None)
    verify.check_links([at(5, 2, 1), at(6, 3, 2)], None)
    verify.check_links([at(5, 2, 1), at(6, 3, 2)], bytes([1]) * 32)
    for chain in ([at(5, 2, 1), at(6, 3, 9)], [at(5, 2, 1), at(7, 3, 2)]):
        with pytest.raises(Untrue, match="does not follow"):
            verify.check_links(chain, None)
    with pytest.raises(Untrue, match="block 5 does not follow"):
        verify.check_links([at(5, 2, 1)], bytes([7]) * 32)


def test_header_hash__keys_of_each_fork__hash_by_the_book() -> None:
    whole = header()
    for last in (
        "nonce",
        "baseFeePerGas",
        "withdrawalsRoot",
        "excessBlobGas",
        "parentBeaconBlockRoot",
        "requestsHash",
    ):
        names = list(verify.HEADER_FIELDS)
        kept = names[: names.index(last) + 1]
        fields = [
            number(whole[n]) if verify.HEADER_FIELDS[n] == verify.NUMBER else bytes_of(whole[n]) for n in kept
        ]
        assert verify.header_hash({n: whole[n] for n in kept}) == keccak256(rlp.encode(fields))


# ------------------------------------------------------------------ blooms


@given(blocks, st.data())
def test_may_hold__a_log_is_there__never_denied(block: list[RawReceipt], data: st.DataObject) -> None:
    found = [log for receipt in block for log in receipt.logs if log.topics]
    assume(found)
    log = data.draw(st.sampled_from(found))
    bloom = 0
    for receipt in block:
        bloom |= int(receipt.logs_bloom, 16)
    assert verify.may_hold(bloom, verify.wanted([bytes_of(log.address)], [log.topics[0]]))


def test_may_hold__contract_or_topic_is_absent__denied() -> None:
    ours = ReceiptLog(hex_of(OURS), (NOISE,), "0x")
    theirs = ReceiptLog(hex_of(OTHERS), (TOPIC,), "0x")
    assert not verify.may_hold(verify.bloom_of([ours]), QUESTION)
    assert not verify.may_hold(verify.bloom_of([theirs]), QUESTION)
    assert not verify.may_hold(0, QUESTION)
    assert verify.may_hold(verify.bloom_of([ours, theirs]), QUESTION)  # it may: only the receipts tell
    assert not verify.may_hold(2**2048 - 1, verify.wanted([], [TOPIC]))


# ------------------------------------------------------------------ receipts


@pytest.mark.parametrize(
    "changes",
    [
        {"logs_bloom": "0x00"},
        {"status": None},
        {"status": None, "root": "0x12"},
        {"status": "yes"},
        {"type": "0x"},
        {"type": "-1"},
        {"cumulative_gas_used": "0x1" + "0" * 64},
        {"cumulative_gas_used": "-0x5"},
        {"logs": [ReceiptLog("0x11", (), "0x")]},
        {"logs": [ReceiptLog("zz" + "11" * 20, (), "0x")]},
        {"logs": [ReceiptLog(hex_of(OURS), ("0x12",), "0x")]},
        {"logs": [ReceiptLog(hex_of(OURS), ("11" * 33,), "0x")]},
        {"logs": [ReceiptLog(hex_of(OURS), (TOPIC,) * 5, "0x")]},
        {"logs": [ReceiptLog(hex_of(OURS), (), "0x123")]},
        {"logs": [ReceiptLog(hex_of(OURS), (), "")]},
        {"logs": [ReceiptLog(hex_of(OURS), (), "0x12 34 5")]},
        {"logs": [ReceiptLog(hex_of(OURS), (), "0x12  34")]},
    ],
)
def test_encoded__malformed_receipt__untrue_names_the_transaction(changes: dict[str, Any]) -> None:
    good = receipt_of([], 1, 2, 1, b"\x99" * 32)
    with pytest.raises(Untrue, match="receipt of 0x9999"):
        verify.encoded(msgspec.structs.replace(good, **changes), 1)


@pytest.mark.parametrize(("kind", "chain_id"), [(5, 1), (0x64, 1), (0x7E, 1), (0x7F, 10), (0x7B, 10)])
def test_encoded__unknown_type__stop_names_type_and_chain(kind: int, chain_id: int) -> None:
    with pytest.raises(Stop, match=rf"chain {chain_id} is of transaction type {kind},.*--verify quorum"):
        verify.encoded(receipt_of([], 1, kind, 1, b""), chain_id)


@pytest.mark.parametrize("chain_id", [137, 324, 42161, 534352])
def test_check_chain__encodes_otherwise__stop_names_the_chain(chain_id: int) -> None:
    with pytest.raises(Stop, match=rf"chain {chain_id} cannot be verified: .*quorum=2"):
        verify.check_chain(chain_id)
    verify.check_chain(1)
    verify.check_chain(10)


@given(receipts)
def test_encoded__any_receipt__as_a_library_does(receipt: RawReceipt) -> None:
    assert verify.encoded(receipt, 1) == by_the_book(receipt)


@given(receipts, st.integers(0, 2**40), st.booleans())
def test_encoded__deposit_of_an_op_stack__nonce_only_from_canyon_on(
    receipt: RawReceipt, nonce: int, is_canyon: bool
) -> None:
    version = "0x1" if is_canyon else None
    deposit = msgspec.structs.replace(
        receipt, type="0x7e", deposit_nonce=hex(nonce), deposit_receipt_version=version
    )
    assert verify.encoded(deposit, 10) == by_the_book(deposit)


def alterations(  # noqa: C901, PLR0912  one short case a kind of change
    block: list[RawReceipt], draw: Any
) -> list[RawReceipt]:
    """The block's receipts after one change of any kind that matters."""
    place = draw(st.integers(0, len(block) - 1))
    receipt = block[place]
    kinds = ["drop", "double", "swap", "gas", "outcome", "type", "bloom", "add log"]
    kinds += ["drop log", "address", "topic", "data", "split", "with bloom"] if receipt.logs else []
    kind = draw(st.sampled_from(kinds))
    at = draw(st.integers(0, len(receipt.logs) - 1)) if receipt.logs else 0
    match kind:
        case "drop":
            return block[:place] + block[place + 1 :]
        case "double":
            return [*block[:place], receipt, *block[place:]]
        case "swap":
            other = draw(st.integers(0, len(block) - 1))
            block[place], block[other] = block[other], block[place]
        case "gas":
            receipt.cumulative_gas_used = hex(draw(st.integers(0, 2**40)))
        case "outcome":
            receipt.status, receipt.root = ("0x0" if receipt.status == "0x1" else "0x1"), None
        case "type":
            receipt.type = hex((int(receipt.type or "0x0", 16) + draw(st.integers(1, 4))) % 5)
        case "bloom":
            receipt.logs_bloom = f"0x{int(receipt.logs_bloom, 16) ^ 1 << draw(st.integers(0, 2047)):0512x}"
        case "add log":
            receipt.logs.insert(at, draw(logs))
        case "drop log":
            del receipt.logs[at]
        case "address":
            receipt.logs[at].address = hex_of(draw(st.binary(min_size=20, max_size=20)))
        case "topic":
            receipt.logs[at].topics = draw(logs).topics
        case "data":
            receipt.logs[at].data = draw(logs).data
        case "split":  # the same bytes, parted elsewhere
            log = receipt.logs[at]
            log.topics, log.data = (
                log.topics[:-1],
                "0x" + "".join(t[2:] for t in log.topics[-1:]) + log.data[2:],
            )
        case "with bloom":
            receipt.logs[at] = draw(logs)
            receipt.logs_bloom = f"0x{verify.bloom_of(receipt.logs):0512x}"
    return block


@given(blocks, st.data())
def test_receipts_root__any_single_change__is_another(block: list[RawReceipt], data: st.DataObject) -> None:
    altered = alterations(copy(block), data.draw)
    assume([by_the_book(r) for r in altered] != [by_the_book(r) for r in block])
    assert verify.receipts_root(altered, 1) != verify.receipts_root(block, 1)


@given(blocks, st.data())
def test_receipts_root__any_character_of_the_answer_altered__another_or_refused_or_equal_logs(
    block: list[RawReceipt], data: st.DataObject
) -> None:
    """No trick of writing hides a log from `logs_of` under the same root."""
    altered = copy(block)
    found = [log for receipt in altered for log in receipt.logs]
    assume(found)
    log = data.draw(st.sampled_from(found))
    words = [log.address, log.data, *log.topics]
    which = data.draw(st.integers(0, len(words) - 1))
    place = data.draw(st.integers(0, len(words[which])))
    cut = data.draw(st.integers(0, 2))
    new = data.draw(st.text("01aAxX \n_z", max_size=2))
    words[which] = words[which][:place] + new + words[which][place + cut :]
    log.address, log.data, log.topics = words[0], words[1], tuple(words[2:])
    try:
        if verify.receipts_root(altered, 1) != verify.receipts_root(block, 1):
            return
    except Untrue:
        return
    assert list(verify.logs_of(altered, QUESTION)) == list(verify.logs_of(block, QUESTION))


def test_receipts_root__bytes_moved_between_topics_over_a_head__refused() -> None:
    """Two topics of wrong lengths whose joined hex is that of two right ones."""
    right = ReceiptLog(hex_of(OURS), (TOPIC, TOPIC), "0x")
    wrong = ReceiptLog(hex_of(OURS), (TOPIC[:-2], "0x" + TOPIC[-2:] + TOPIC[2:]), "0x")
    whole = receipt_of([right], 1, 2, 1, b"\x99" * 32)
    verify.receipts_root([whole], 1)
    with pytest.raises(Untrue):
        verify.receipts_root([msgspec.structs.replace(whole, logs=[wrong])], 1)


def test_receipts_root__two_odd_words_whose_digits_add_up__refused() -> None:
    odd = [ReceiptLog(hex_of(OURS), (), data) for data in ("0x1", "0x234")]
    with pytest.raises(Untrue, match="wrong shape"):
        verify.receipts_root([msgspec.structs.replace(receipt_of([], 1, 2, 1, b"\x99"), logs=odd)], 1)


def test_check_receipts__log_altered_without_its_bloom__untrue_names_the_receipt() -> None:
    block = [receipt_of([ReceiptLog(hex_of(OURS), (TOPIC,), "0x12")], n, 2, 1, b"") for n in range(3)]
    true = SealedHeader(7, b"", b"", 0, verify.receipts_root(block, 1), 0)
    verify.check_receipts(true, block, 1)
    altered = copy(block)
    altered[1].logs[0].address = hex_of(OTHERS)
    with pytest.raises(Untrue, match=r"3 receipts of block 7 .*\(receipt 1 has logs that its bloom"):
        verify.check_receipts(true, altered, 1)
    altered[1].logs_bloom = f"0x{verify.bloom_of(altered[1].logs):0512x}"
    with pytest.raises(Untrue, match=r"header has 0x[0-9a-f]{64}$"):
        verify.check_receipts(true, altered, 1)


# ------------------------------------------------------------------ logs

HEADER = SealedHeader(7, b"\x77" * 32, b"", 9, b"", 0)


def as_told(found: verify.Found) -> RawLog:
    return RawLog(
        found.address,
        found.topics,
        found.data,
        hex(HEADER.number),
        hex_of(HEADER.hash),
        found.transaction_hash,
        hex(found.place),
        "0x9",
    )


@given(blocks, st.data())
def test_check_logs__one_dropped_added_or_altered__untrue_says_which(
    block: list[RawReceipt], data: st.DataObject
) -> None:
    proven = list(verify.logs_of(block, QUESTION))
    told = [as_told(found) for found in proven]
    verify.check_logs(HEADER, told, proven)
    verify.check_logs(HEADER, told[::-1], proven)
    assume(told)
    index = data.draw(st.integers(0, len(told) - 1))
    where = f"log {proven[index].place} of block 7"
    with pytest.raises(Untrue, match=f"left out {where},"):
        verify.check_logs(HEADER, told[:index] + told[index + 1 :], proven)
    with pytest.raises(Untrue, match=f"added {where},"):
        verify.check_logs(HEADER, told, proven[:index] + proven[index + 1 :])
    name, value = data.draw(
        st.sampled_from(
            [
                ("address", hex_of(OTHERS)),
                ("topics", (TOPIC,) * 4 + (NOISE,)),
                ("data", "0x" + "5a" * 400),
                ("transaction_hash", "0x"),
                ("block_hash", "0x" + "78" * 32),
                ("block_timestamp", "0x8"),
                ("block_timestamp", "soon"),
            ]
        )
    )
    words = {"transaction_hash": "transaction", "block_hash": "block hash", "block_timestamp": "time"}
    told[index] = msgspec.structs.replace(told[index], **{name: value})
    with pytest.raises(Untrue, match=f"altered {where}: the {words.get(name, name)} differs"):
        verify.check_logs(HEADER, told, proven)


@given(blocks)
def test_logs_of__any_block__our_logs_at_their_places(block: list[RawReceipt]) -> None:
    every = [log for receipt in block for log in receipt.logs]
    ours = [i for i, log in enumerate(every) if log.address == hex_of(OURS) and log.topics[:1] == (TOPIC,)]
    assert [found.place for found in verify.logs_of(block, QUESTION)] == ours


# ------------------------------------------------------------------ real bytes


def read(path: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    found: dict[str, Any] = plain.get("result", plain)
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.mark.data
@pytest.mark.skipif(not BLOCKS, reason="../shared/data/rpc_mainnet_blocks is not there")
def test_sealed__mainnet_blocks_of_every_fork__hash_is_theirs() -> None:
    sealed = {path.name: verify.sealed(read(path)) for path in BLOCKS}
    assert len(sealed) == 26
    assert all(
        hex_of(found.hash) == read(DATA / "rpc_mainnet_blocks" / name)["hash"]
        for name, found in sealed.items()
    )
    row = sorted(found for found in sealed.values() if 22431080 <= found.number <= 22431084)
    verify.check_links(row, None)


@pytest.mark.data
@pytest.mark.skipif(
    not (DATA / "rpc_expected_transfers").is_dir(),
    reason="../shared/data/rpc_expected_transfers is not there",
)
def test_receipts_root__two_whole_mainnet_blocks__roots_are_theirs() -> None:
    """Receipts put together from what another tool extracted; their blooms recomputed from their logs."""
    stem = "stream_17173049_expected_"
    found = {
        name: lines(DATA / "rpc_expected_transfers" / f"{stem}{name}.json.gz")
        for name in ("blocks", "transactions", "logs")
    }
    assert [block["number"] for block in found["blocks"]] == [17173049, 17173050]
    for block in found["blocks"]:
        mine = [t for t in found["transactions"] if t["block_number"] == block["number"]]
        whole = [
            receipt_of(
                [
                    ReceiptLog(log["address"], tuple(log["topics"]), log["data"])
                    for log in found["logs"]
                    if log["transaction_hash"] == each["hash"]
                ],
                each["receipt_cumulative_gas_used"],
                each["transaction_type"],
                each["receipt_status"],
                bytes_of(each["hash"]),
            )
            for each in mine
        ]
        assert len(whole) == block["transaction_count"]
        assert hex_of(verify.receipts_root(whole, 1)) == block["receipts_root"]
        altered = next(receipt.logs for receipt in whole if receipt.logs and receipt.logs[0].data != "0x")
        altered[0].data = altered[0].data[:-1] + ("1" if altered[0].data[-1] == "0" else "0")
        assert hex_of(verify.receipts_root(whole, 1)) != block["receipts_root"]


@pytest.mark.data
@pytest.mark.skipif(
    not (DATA / "rpc_lending_receipts").is_dir(), reason="../shared/data/rpc_lending_receipts is not there"
)
def test_bloom_of__lending_receipts_of_many_chains__is_theirs() -> None:
    checked = 0
    for path in sorted((DATA / "rpc_lending_receipts").glob("*.jsonl.gz")):
        for line in lines(path):
            if not line.get("result") or "logsBloom" not in line["result"]:
                continue
            receipt = msgspec.convert(line["result"], RawReceipt)
            if int(receipt.logs_bloom, 16) or not receipt.logs:
                assert verify.bloom_of(receipt.logs) == int(receipt.logs_bloom, 16)
                checked += bool(receipt.logs)
    assert checked > 300
