"""What a provider says of a block, held against the block's own hash; pure, no I/O.

Rules that hold here: a header is what its hash says (Yellow Paper 4.4; later fields by EIP-1559, 4895, 4844,
4788, 7685), each names its parent, and so one trusted hash proves all headers before it; receipts are what
the header's receiptsRoot says (Yellow Paper 4.4.1 and appendix D; EIP-658, 2718); the logs of a range are
those of the receipts, no more, no fewer, none altered. A block needs its receipts only where its bloom
(Yellow Paper 4.4.3) may hold a contract and a topic that were asked for: a bloom never hides a log.
Every text is measured before it is joined, so that no two answers can give one encoding. `Untrue` says in
half a sentence what does not fit; whoever called names the provider.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import msgspec

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.ledger import MAX_TIME
from ledger_reader.logs import RawLog
from ledger_reader.trie import (
    list_head,
    number_text,
    rlp_list,
    rlp_number,
    rlp_string,
    string_head,
    trie_root,
)

LEGACY, SET_CODE = 0, 4
"""The first and last type of transaction whose receipts have one shape (EIP-2718, 2930, 1559, 4844, 7702)."""

DEPOSIT = 0x7E
"""OP Stack: a deposit from layer 1; its receipt holds two further fields from the Canyon fork on."""

OP_STACK = frozenset({10, 130, 480, 1301, 1868, 8453, 34443, 57073, 84532, 7777777, 11155420})

OTHER_RECEIPTS = {
    137: "Polygon PoS keeps receipts of state syncs outside the root",
    300: "ZKsync has no receipts root of Ethereum's kind",
    324: "ZKsync has no receipts root of Ethereum's kind",
    42161: "Arbitrum has transaction types of its own",
    42170: "Arbitrum has transaction types of its own",
    42220: "Celo has transaction types of its own",
    80002: "Polygon PoS keeps receipts of state syncs outside the root",
    421614: "Arbitrum has transaction types of its own",
    534352: "Scroll has transaction types of its own",
}
"""Chains whose receipts are known to be encoded otherwise: refused by name."""

_HASH, _ADDRESS, _BLOOM, _NONCE, ANY_BYTES, NUMBER = 32, 20, 256, 8, -1, -2
HEADER_FIELDS = {
    "parentHash": _HASH,
    "sha3Uncles": _HASH,
    "miner": _ADDRESS,
    "stateRoot": _HASH,
    "transactionsRoot": _HASH,
    "receiptsRoot": _HASH,
    "logsBloom": _BLOOM,
    "difficulty": NUMBER,
    "number": NUMBER,
    "gasLimit": NUMBER,
    "gasUsed": NUMBER,
    "timestamp": NUMBER,
    "extraData": ANY_BYTES,
    "mixHash": _HASH,
    "nonce": _NONCE,
    "baseFeePerGas": NUMBER,  # London, EIP-1559
    "withdrawalsRoot": _HASH,  # Shanghai, EIP-4895
    "blobGasUsed": NUMBER,  # Cancun, EIP-4844
    "excessBlobGas": NUMBER,  # Cancun, EIP-4844
    "parentBeaconBlockRoot": _HASH,  # Cancun, EIP-4788
    "requestsHash": _HASH,  # Prague, EIP-7685; Osaka adds none
}
"""The fields that a header's hash covers, in their order: name, bytes (or what kind of text)."""

_FIRST_OPTIONAL = list(HEADER_FIELDS).index("baseFeePerGas")
_BESIDE = frozenset({"hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals"})

# By number of topics: the head of their list with that of the first, and the bytes of all of it.
_TOPICS = (("c0", 1), ("e1a0", 34), ("f842a0", 68), ("f863a0", 101), ("f884a0", 134))


class Untrue(ValueError):
    """Half a sentence: what a provider said that contradicts a hash."""


class SealedHeader(NamedTuple):
    """What a header's hash proves of a block, as far as the reader needs it; `bloom` as a number."""

    number: int
    hash: bytes
    parent_hash: bytes
    time: int
    receipts_root: bytes
    bloom: int


class ReceiptLog(msgspec.Struct, gc=False):
    """A log inside a receipt; its place in the block is counted, never taken from the answer."""

    address: str
    topics: tuple[str, ...]
    data: str


class RawReceipt(msgspec.Struct, rename="camel", gc=False):
    """One receipt of an eth_getBlockReceipts answer; all fields 0x hex."""

    transaction_hash: str
    cumulative_gas_used: str
    logs_bloom: str
    logs: list[ReceiptLog]
    type: str | None = None
    status: str | None = None
    root: str | None = None
    deposit_nonce: str | None = None
    deposit_receipt_version: str | None = None


class Wanted(NamedTuple):
    """What was asked of eth_getLogs: contracts and first topics, lower-case 0x hex, and their bloom bits."""

    addresses: frozenset[str]
    topics: frozenset[str]
    address_bits: tuple[int, ...]
    topic_bits: tuple[int, ...]


def wanted(addresses: Iterable[bytes], topics: Iterable[str]) -> Wanted:
    """The question that `addresses` (20 bytes each) and `topics` (0x hex) make."""
    contracts, firsts = sorted(set(addresses)), sorted({topic.lower() for topic in topics})
    return Wanted(
        frozenset(f"0x{address.hex()}" for address in contracts),
        frozenset(firsts),
        tuple(bloom_bits(address) for address in contracts),
        tuple(bloom_bits(bytes.fromhex(topic[2:])) for topic in firsts),
    )


def check_chain(chain_id: int) -> None:
    """Stop for a chain whose receipts cannot be verified here."""
    if reason := OTHER_RECEIPTS.get(chain_id):
        raise Stop(f"The receipts of chain {chain_id} cannot be verified: {reason}; use --verify quorum=2.")


# ------------------------------------------------------------------ headers


def sealed(raw: Mapping[str, Any]) -> SealedHeader:
    """A header of an eth_getBlockByNumber answer, once its hash is recomputed; Untrue when it is another."""
    computed = header_hash(raw)
    stated = str(raw.get("hash")).lower()[:66]
    if stated != f"0x{computed.hex()}":
        raise Untrue(
            f"block {str(raw.get('number'))[:20]} has the hash {stated}, and its header gives"
            f" 0x{computed.hex()}{_strangers(raw)}"
        )
    number, time = int(raw["number"], 16), int(raw["timestamp"], 16)
    if time > MAX_TIME or number >= 2**63:
        raise Untrue(f"block {number} is of time {time}, later than any block can be")
    parent, root = bytes.fromhex(raw["parentHash"][2:]), bytes.fromhex(raw["receiptsRoot"][2:])
    return SealedHeader(number, computed, parent, time, root, int(raw["logsBloom"], 16))


def header_hash(raw: Mapping[str, Any]) -> bytes:
    """The hash of a header given as JSON-RPC fields, of any fork from Frontier to Osaka.

    Yellow Paper (43) and (44); Untrue when a field is absent or malformed.
    """
    names = list(HEADER_FIELDS)
    while len(names) > _FIRST_OPTIONAL and raw.get(names[-1]) is None:
        names.pop()
    fields = [_field(name, HEADER_FIELDS[name], raw.get(name)) for name in names]
    return keccak256(rlp_list(b"".join(fields)))


def check_links(headers: Sequence[SealedHeader], before: bytes | None) -> None:
    """Untrue unless each header is the parent of the next, and the first follows the block hash `before`."""
    number = headers[0].number if headers else 0
    for header in headers:
        if header.number != number or (before is not None and header.parent_hash != before):
            raise Untrue(
                f"block {header.number} does not follow the block before it: its parent is"
                f" 0x{header.parent_hash.hex()}"
            )
        number, before = number + 1, header.hash


def _field(name: str, size: int, value: Any) -> bytes:
    if not isinstance(value, str) or value[:2] != "0x":
        raise Untrue(f"a header without {name}, which it must have ({str(value)[:40]!r})")
    try:
        if size == NUMBER:
            return rlp_number(int(value, 16))
        content = bytes.fromhex(value[2:])
    except (ValueError, OverflowError):
        raise Untrue(f"a header with a malformed {name} ({value[:40]!r})") from None
    if len(value) != 2 + 2 * len(content) or size not in (ANY_BYTES, len(content)):
        raise Untrue(f"a header whose {name} is of {len(content)} bytes ({value[:40]!r})")
    return rlp_string(content)


def _strangers(raw: Mapping[str, Any]) -> str:
    names = sorted(str(name)[:40] for name in raw if name not in HEADER_FIELDS and name not in _BESIDE)
    if not names:
        return ""
    return f" (it also has {', '.join(names[:6])}, not known here: a later fork needs a newer program)"


# ------------------------------------------------------------------ blooms


@lru_cache(maxsize=65_536)
def bloom_bits(value: bytes) -> int:
    """The three bits that an address or a topic sets, as a number (Yellow Paper (28) to (31))."""
    digest = keccak256(value)
    bits = 0
    for index in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[index : index + 2]) & 2047)
    return bits


def bloom_of(logs: Iterable[ReceiptLog]) -> int:
    """The bloom of a receipt with these logs: of every address and every topic."""
    bloom = 0
    for log in logs:
        for word in (log.address, *log.topics):
            bloom |= bloom_bits(bytes.fromhex(word[2:]))
    return bloom


def may_hold(bloom: int, question: Wanted) -> bool:
    """Whether a block or receipt of this bloom may hold a log that was asked for; False is certain."""
    if not any(bloom & bits == bits for bits in question.address_bits):
        return False
    return any(bloom & bits == bits for bits in question.topic_bits)


# ------------------------------------------------------------------ receipts


def check_receipts(header: SealedHeader, receipts: Sequence[RawReceipt], chain_id: int) -> None:
    """Untrue unless these are all receipts of the block; Stop for a type of transaction that is not known."""
    root = receipts_root(receipts, chain_id)
    if root != header.receipts_root:
        raise Untrue(
            f"the {len(receipts)} receipts of block {header.number} give the root 0x{root.hex()}, and its"
            f" header has 0x{header.receipts_root.hex()}{_culprit(receipts)}"
        )


def receipts_root(receipts: Sequence[RawReceipt], chain_id: int) -> bytes:
    """The root of the trie of a block's receipts, in their order; Untrue for malformed ones."""
    return trie_root([encoded(receipt, chain_id) for receipt in receipts])


def encoded(receipt: RawReceipt, chain_id: int) -> bytes:
    """A receipt as the trie holds it (EIP-2718): RLP, after the type's byte where it has one."""
    try:
        kind = LEGACY if receipt.type is None else int(receipt.type, 16)
        if kind > SET_CODE and not (kind == DEPOSIT and chain_id in OP_STACK):
            raise Stop(
                f"A receipt of chain {chain_id} is of transaction type {kind}, whose encoding is not known"
                " here: use --verify quorum=2, or a newer program."
            )
        text = _receipt_text(receipt, kind)
        raw = bytes.fromhex(text)
    except (ValueError, OverflowError) as error:
        raise Untrue(f"a malformed receipt of {receipt.transaction_hash[:70]} ({error})") from None
    if 2 * len(raw) != len(text):  # fromhex lets white space through
        raise Untrue(f"a receipt of {receipt.transaction_hash[:70]} with white space in it")
    return raw


def _receipt_text(receipt: RawReceipt, kind: int) -> str:
    """The hex of a receipt. Each word is measured: only so is the joined text of one meaning."""
    if len(receipt.logs_bloom) != 514:
        raise ValueError("a bloom that is not of 256 bytes")
    logs = "".join([_log_text(log) for log in receipt.logs])
    gas = number_text(int(receipt.cumulative_gas_used, 16))
    bloom = receipt.logs_bloom[2:]
    body = f"{_outcome_text(receipt)}{gas}b90100{bloom}{list_head(len(logs) // 2)}{logs}"
    if kind == DEPOSIT and receipt.deposit_receipt_version is not None:
        # Before Canyon the nonce was given, and left out of the root.
        body += number_text(int(receipt.deposit_nonce or "", 16))
        body += number_text(int(receipt.deposit_receipt_version, 16))
    return f"{'' if kind == LEGACY else f'{kind:02x}'}{list_head(len(body) // 2)}{body}"


def _outcome_text(receipt: RawReceipt) -> str:
    """Success or failure (EIP-658); before Byzantium the state root after the transaction."""
    if receipt.status is not None:
        return number_text(int(receipt.status, 16))
    if receipt.root is None or len(receipt.root) != 66:
        raise ValueError("neither status nor state root")
    return f"a0{receipt.root[2:]}"


def _log_text(log: ReceiptLog) -> str:
    """The hex of a log: address, topics, data. Written out, for this is where the time goes."""
    address, topics, data = log.address, log.topics, log.data
    size, odd = divmod(len(data) - 2, 2)
    if len(address) != 42 or len(topics) > 4 or odd or not address[:2] == data[:2] == "0x":
        raise ValueError("a log of wrong shape")
    for topic in topics:
        if len(topic) != 66 or topic[:2] != "0x":
            raise ValueError("a topic that is not 0x and 32 bytes")
    head, length = _TOPICS[len(topics)]
    start = string_head(size, data)
    length += 21 + len(start) // 2 + size
    words = "a0".join([topic[2:] for topic in topics])
    return f"{list_head(length)}94{address[2:]}{head}{words}{start}{data[2:]}"


def _culprit(receipts: Sequence[RawReceipt]) -> str:
    """The first receipt whose own bloom gives it away, in brackets; empty when there is none."""
    for index, receipt in enumerate(receipts):
        if bloom_of(receipt.logs) != int(receipt.logs_bloom, 16):
            return f" (receipt {index} has logs that its bloom does not speak of)"
    return ""


# ------------------------------------------------------------------ logs


class Found(NamedTuple):
    """A log that a block's receipts hold, in the words of eth_getLogs."""

    place: int
    address: str
    topics: tuple[str, ...]
    data: str
    transaction_hash: str


def logs_of(receipts: Sequence[RawReceipt], question: Wanted) -> Iterator[Found]:
    """The logs that were asked for, in lower case, with their places in the block."""
    places = count()
    for receipt in receipts:
        for log, place in zip(receipt.logs, places, strict=False):  # logs first: else a place is lost
            address = log.address.lower()
            if address in question.addresses and log.topics and log.topics[0].lower() in question.topics:
                topics = tuple(topic.lower() for topic in log.topics)
                yield Found(place, address, topics, log.data.lower(), receipt.transaction_hash.lower())


def check_logs(header: SealedHeader, told: Sequence[RawLog], proven: Iterable[Found]) -> None:
    """Untrue unless the logs told of a block are those proven, in order; names the first that is not."""
    given = {int(log.log_index, 16): log for log in told}
    expected = {log.place: log for log in proven}
    for index in sorted(given.keys() | expected.keys()):
        where = f"log {index} of block {header.number}"
        if index not in given:
            raise Untrue(f"it left out {where}, which the block's receipts hold")
        if index not in expected:
            raise Untrue(f"it added {where}, which the block's receipts do not hold")
        if differs := _difference(given[index], expected[index], header):
            raise Untrue(f"it altered {where}: the {differs} differs from the block's receipts")


def _difference(log: RawLog, proven: Found, header: SealedHeader) -> str:
    pairs = (
        ("address", log.address.lower(), proven.address),
        ("topics", tuple(topic.lower() for topic in log.topics), proven.topics),
        ("data", log.data.lower(), proven.data),
        ("transaction", log.transaction_hash.lower(), proven.transaction_hash),
        ("block hash", log.block_hash.lower(), f"0x{header.hash.hex()}"),
        ("time", _time(log, header), header.time),
    )
    return next((name for name, told, true in pairs if told != true), "")


def _time(log: RawLog, header: SealedHeader) -> int:
    """The time that a log claims for its block; -1 when it is none."""
    try:
        return header.time if log.block_timestamp is None else int(log.block_timestamp, 16)
    except ValueError:
        return -1
