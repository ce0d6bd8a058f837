"""The only file that speaks JSON-RPC: typed, synchronous, over one or several addresses of one chain.

Rules that hold here: addresses are tried in turn, and one that cannot be reached, stalls, or answers
nonsense is left for the next; a node's own refusal is an `RpcError` and not asked of another; every answer
is decoded into a type, must carry the id that was sent and stay under a size limit; an address is named
by scheme and host only, because paths, queries and user names hold keys; every address must be of the
expected chain before anything it says is used. Finding out what a node allows (`logs`) happens by
halving: no provider's limits are written down here beyond the words by which they refuse.
"""

import ipaddress
import logging
import re
from collections.abc import Iterator, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

import httpx2
import msgspec

from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import MAX_TIME, ChainBlock
from ledger_reader.logs import RawLog, check

MAX_RESPONSE_BYTES = 256 * 2**20
BATCH_SIZE = 100
MAX_SPAN = 2**63 - 1

Call = tuple[str, Sequence[Any]]
T = TypeVar("T")

_SLOW_DOWN = re.compile(r"rate.?limit|too many requests|request count exceeded|capacity|compute units", re.I)
_TOO_MUCH = re.compile(
    r"too many|more than \d+|too large|too wide|too big|block range|range is|response size|result set|limit"
    r"|max(imum)? (is )?\d+|timeout|timed out|exceed",
    re.I,
)

logging.getLogger("httpx2").setLevel(logging.WARNING)  # at INFO it writes whole addresses, keys and all


class RpcError(Stop):
    """The node understood and refused: its `code`, its `text`, and `data` (a revert's bytes, if any)."""

    def __init__(self, sentence: str, code: int, text: str, data: Any = None) -> None:
        super().__init__(sentence)
        self.code, self.text, self.data = code, text, data


class Header(NamedTuple):
    """What the reader needs of a block's header; hashes of 32 bytes, time in Unix seconds."""

    number: int
    hash: bytes
    parent_hash: bytes
    time: int

    def of(self, chain_id: int) -> ChainBlock:
        """The same block, named by its chain."""
        return ChainBlock(chain_id, self.number, self.hash, self.time)


class _Refusal(msgspec.Struct):
    code: int
    message: str = ""
    data: Any = None


class _Answer(msgspec.Struct, Generic[T]):
    id: int | str | None = None
    result: T | msgspec.UnsetType = msgspec.UNSET
    error: _Refusal | None = None


class _RawHeader(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str


class _Unusable(Exception):
    """An address cannot serve us now; the words say why, without the address."""


class _TooLong(_Unusable):
    """The answer passed the size limit."""


class Rpc:
    """A chain's node(s) at `urls`; Stop when one is of another chain than `chain_id` (if given).

    `timeout_s` bounds each wait for bytes, `max_response_bytes` each answer. Not thread-safe.
    """

    def __init__(
        self,
        urls: Sequence[str] | str,
        chain_id: int | None = None,
        timeout_s: float = 30.0,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self.urls = (urls,) if isinstance(urls, str) else tuple(urls)
        if not self.urls:
            raise Stop("No RPC address is given: name at least one.")
        self._expected, self._limit = chain_id, max_response_bytes
        self._nodes = [_Node(url, timeout_s) for url in self.urls]
        self._ids: Iterator[int] = count(1)
        self._widest = MAX_SPAN
        """The widest block range that the node is thought to allow."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for node in self._nodes:
            node.client.close()

    @property
    def name(self) -> str:
        """The addresses by scheme and host, fit to be shown."""
        return ", ".join(node.name for node in self._nodes)

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The node's plain JSON answer to one call; RpcError when it refuses, Retry when none answers."""
        return self._ask([(method, params)], Any)[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Answers to many calls in the order of `calls`; RpcError names the first that was refused."""
        return self._ask_all(calls, Any)

    def chain_id(self) -> int:
        """The chain id that the node states."""
        return _quantity(self.call("eth_chainId"))

    def block(self, number: int | str) -> Header:
        """The header of a block by number or tag; Retry when the node does not have it (yet)."""
        return self.blocks([number])[0]

    def blocks(self, numbers: Sequence[int | str]) -> list[Header]:
        """The headers of many blocks, in the order of `numbers`; Retry when the node lacks one."""
        found = self.find_blocks(numbers)
        for number, header in zip(numbers, found, strict=True):
            if header is None:
                raise Retry(f"{self.name} does not have block {number} yet: wait until it has synced.")
        return [header for header in found if header is not None]

    def find_blocks(self, numbers: Sequence[int | str]) -> list[Header | None]:
        """As `blocks`, with None for a block that the node does not have."""
        calls = [
            ("eth_getBlockByNumber", (hex(number) if isinstance(number, int) else number, False))
            for number in numbers
        ]
        raw = self._ask_all(calls, _RawHeader | None)
        return [self._header(number, answer) for number, answer in zip(numbers, raw, strict=True)]

    def finalized(self) -> Header:
        """The latest finalized block; Stop when the node does not know the tag."""
        try:
            header = self.find_blocks(["finalized"])[0]
        except RpcError as error:
            raise Stop(
                f"{self.name} does not know the block tag `finalized` ({error.text[:100]}): use a node"
                " that has finality (anvil: --slots-in-an-epoch 1)."
            ) from error
        if header is None:
            raise Retry(f"{self.name} has no finalized block yet: wait until it has synced.")
        return header

    def logs(
        self, addresses: Sequence[bytes], topics: Sequence[str], from_block: int, to_block: int
    ) -> list[RawLog]:
        """All logs of the contracts with one of `topics` (0x hex) first, limits inclusive, in order.

        A range that the node refuses as too wide or too full is read in halves. RpcError when it refuses
        one block; Retry when an answer is not what was asked for.
        """
        found: list[RawLog] = []
        while from_block <= to_block:
            end = min(to_block, from_block + self._widest - 1)
            part = self._logs_or_none(addresses, topics, from_block, end)
            if part is None:
                self._widest = (end - from_block + 1) // 2
                continue
            if end - from_block + 1 == self._widest < MAX_SPAN:
                self._widest += self._widest // 8 + 1
            found += part
            from_block = end + 1
        return found

    def _logs_or_none(
        self, addresses: Sequence[bytes], topics: Sequence[str], start: int, end: int
    ) -> list[RawLog] | None:
        """None: the node refuses the range as too wide or too full."""
        asked = [f"0x{address.hex()}" for address in addresses]
        query = {"address": asked, "topics": [list(topics)], "fromBlock": hex(start), "toBlock": hex(end)}
        try:
            raw: list[RawLog] = self._ask([("eth_getLogs", (query,))], list[RawLog])[0]
            return check(raw, asked, start, end)
        except RpcError as error:
            if end == start or not _TOO_MUCH.search(error.text):
                raise
        except _TooLong as error:
            if end == start:
                raise Stop(f"{self.name} answered for block {start} alone with {error}.") from None
        except ValueError as error:
            raise Retry(f"{self.name} gave {error}: ask again, or use another node.") from error
        return None

    def _header(self, asked: int | str, raw: _RawHeader | None) -> Header | None:
        if raw is None:
            return None
        try:
            number, time = _quantity(raw.number), _quantity(raw.timestamp)
            header = Header(number, _hash(raw.hash), _hash(raw.parent_hash), time)
        except ValueError as error:
            raise Retry(f"{self.name} gave a malformed header of block {asked}: {error}.") from error
        if (isinstance(asked, int) and number != asked) or time > MAX_TIME:
            raise Retry(f"{self.name} was asked for block {asked} and gave block {number} of time {time}.")
        return header

    def _ask_all(self, calls: Sequence[Call], kind: Any) -> list[Any]:
        answers: list[Any] = []
        for start in range(0, len(calls), BATCH_SIZE):
            answers += self._ask(calls[start : start + BATCH_SIZE], kind)
        return answers

    def _ask(self, calls: Sequence[Call], kind: Any) -> list[Any]:
        """One request of one or more calls to the first address that can serve it."""
        reasons = []
        for node in self._nodes:
            try:
                self._check_chain(node)
                return self._ask_node(node, calls, kind)
            except _TooLong:
                raise
            except _Unusable as reason:
                reasons.append(f"{node.name} {reason}")
        raise Retry(
            f"No answer to {calls[0][0]}: {'; '.join(reasons)}. Check the address, or try again later."
        )

    def _check_chain(self, node: "_Node") -> None:
        if self._expected is None or node.is_checked:
            return
        try:
            stated = _quantity(self._ask_node(node, [("eth_chainId", ())], Any)[0])
        except ValueError as error:
            raise _Unusable(f"gave no chain id ({error})") from None
        if stated != self._expected:
            raise Stop(
                f"{node.name} is a node of chain {stated}, not of chain {self._expected}: use another one."
            )
        node.is_checked = True

    def _ask_node(self, node: "_Node", calls: Sequence[Call], kind: Any) -> list[Any]:
        ids = [next(self._ids) for _ in calls]
        requests = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(params)}
            for i, (method, params) in zip(ids, calls, strict=True)
        ]
        body = msgspec.json.encode(requests[0] if len(requests) == 1 else requests)
        answers = _decoded(node.post(body, self._limit), len(calls), kind)
        return [_result(node, method, answers.get(i)) for i, (method, _) in zip(ids, calls, strict=True)]


class _Node:
    """One address: its connection, its showable name, and whether its chain id was checked."""

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, TypeError):
            parsed = httpx2.URL("")
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise Stop("An RPC address is not of the form http(s)://host[:port]/...: correct it.")
        port = "" if parsed.port is None else f":{parsed.port}"
        self.name = f"{parsed.scheme}://{parsed.host}{port}"
        self.url, self.is_checked = parsed, False
        # A proxy from the environment is for the outside world, never for a node on this machine.
        self.client = httpx2.Client(timeout=timeout_s, trust_env=not _is_local(parsed.host))

    def post(self, body: bytes, limit: int) -> bytes:
        """The answer's bytes; _Unusable in words that never hold the address."""
        headers = {"content-type": "application/json"}
        try:
            with self.client.stream("POST", self.url, content=body, headers=headers) as response:
                answer = _read(response, limit)
        except httpx2.TimeoutException:
            raise _Unusable("did not answer in time") from None
        except httpx2.ConnectError:
            raise _Unusable("cannot be reached") from None
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise _Unusable(f"broke off the answer ({type(error).__name__})") from None
        if answer.lstrip()[:1] not in (b"{", b"[") or response.status_code == 429:
            raise _Unusable(f"answered with HTTP status {response.status_code} instead of JSON")
        return answer


def _read(response: httpx2.Response, limit: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > limit:
            raise _TooLong(f"more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def _decoded(body: bytes, calls: int, kind: Any) -> dict[int | str | None, _Answer[Any]]:
    """Answers by id; _Unusable when they are not answers to so many calls, or of another type."""
    single = _Answer[kind]
    try:
        if calls == 1 or body.lstrip()[:1] == b"{":
            answers = [msgspec.json.decode(body, type=single)]
        else:
            answers = msgspec.json.decode(body, type=list[single])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unusable(f"answered with something else than was asked for ({error})") from None
    if len(answers) != calls and not (len(answers) == 1 and answers[0].error):
        raise _Unusable(f"gave {len(answers)} answers to {calls} calls")
    if len(answers) == 1 and answers[0].error and (calls > 1 or answers[0].id is None):
        raise _Unusable(f"refused the request ({answers[0].error.message[:100]})")
    return {answer.id: answer for answer in answers}


def _result(node: _Node, method: str, answer: _Answer[Any] | None) -> Any:
    if answer is None:
        raise _Unusable(f"did not answer {method} under the id that was sent")
    if answer.error is not None:
        text = answer.error.message
        if _SLOW_DOWN.search(text):
            raise _Unusable(f"asks us to slow down ({text[:100]})")
        sentence = f"{node.name} refused {method}: {text[:300]} (code {answer.error.code})."
        raise RpcError(sentence, answer.error.code, text, answer.error.data)
    if answer.result is msgspec.UNSET:
        raise _Unusable(f"gave neither result nor error to {method}")
    return answer.result


def _quantity(text: Any) -> int:
    """A JSON-RPC quantity as int; ValueError when it is none or does not fit 63 bits."""
    if not isinstance(text, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text) or int(text, 16) >= 2**63:
        raise ValueError(f"{str(text)[:40]!r} is not a quantity")
    return int(text, 16)


def _hash(text: str) -> bytes:
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        raise ValueError(f"{text[:70]!r} is not a hash")
    return bytes.fromhex(text[2:])


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
