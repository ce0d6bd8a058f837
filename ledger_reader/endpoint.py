"""The only file that speaks JSON-RPC: one address of one chain's node, asynchronous and typed.

Rules that hold here: every answer is decoded into a type, must carry the id that was sent and stay under
a size limit, also once it is unpacked (gzip is the only packing that is asked for and taken); an address
is named by scheme and host only, because paths, queries and user names hold keys; it must be of the
expected chain before anything it says is used; an address that cannot be reached, stalls, answers
nonsense or asks to be left alone is `Unusable`, for another to be tried; a node's own refusal is an
`RpcError` and not asked of another.
"""

import ipaddress
import json
import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

import aiohttp
import msgspec
import yarl

from ledger_reader import log_text
from ledger_reader.errors import Stop
from ledger_reader.ledger import MAX_TIME, ChainBlock
from ledger_reader.logs import LogTable, RawLog, check, joined
from ledger_reader.pace import Bucket, Clock
from ledger_reader.ranges import Widths, refusal

BATCH_SIZE = 100
WHOLE_ANSWER = 10
"""So many timeouts a whole answer may take: each wait for bytes has one."""

MAX_REST_S = 300.0
"""The longest that a provider can ask to be left alone."""

Call = tuple[str, Sequence[Any]]
T = TypeVar("T")

_SLOW_DOWN = re.compile(
    r"rate.?limit|too many requests|request (count|rate|limit)|requests? per (second|minute)|capacity"
    r"|compute units|throughput|quota",
    re.IGNORECASE,
)
_PRUNED = 4444
"""The code of EIP-4444: history that this node has deleted, and another may have."""

_READ_BYTES = 2**20
"""So much of an answer may wait to be taken: answers are megabytes."""


class RpcError(Stop):
    """The node understood and refused: its `code`, its `text`, and `data` (a revert's bytes, if any)."""

    def __init__(self, sentence: str, code: int, text: str, data: Any = None) -> None:
        super().__init__(sentence)
        self.code, self.text, self.data = code, text, data


class Unusable(Exception):
    """An address cannot serve us now: another should be tried. The words say why, without the address.

    `method`: what was asked; `rest_s`: for how long the provider asks to be left alone.
    """

    method = "a request"

    def __init__(self, words: str, rest_s: float | None = None) -> None:
        super().__init__(words)
        self.rest_s = rest_s


class TooLong(Unusable):
    """The answer passed the size limit."""


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


_Answers = dict[int | str | None, _Answer[Any]]
_Decoder = Callable[[bytearray, int], _Answers]
"""Of the body of an answer to so many calls."""


class _RawHeader(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str


class Endpoint:
    """One address; Stop when it is none, or of another chain than `chain_id` (if given).

    `timeout_s` bounds each wait for bytes, `max_response_bytes` each answer, `rate` the calls a second.
    To be used on one event loop only.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        chain_id: int | None,
        timeout_s: float,
        max_response_bytes: int,
        rate: float | None,
    ) -> None:
        self._url = _parsed(url)
        self.name = str(self._url.origin())
        """Scheme and host, fit to be shown."""
        self.calls = self.failures = 0
        """Calls made and requests that failed so far, for whoever watches."""
        self._clock, self._expected, self._is_checked = clock, chain_id, False
        self._timeout_s, self._limit = timeout_s, max_response_bytes
        self._bucket, self._widths, self._ids = Bucket(rate), Widths(), count(1)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, calls: Sequence[Call], kind: Any) -> list[Any]:
        """Answers to the calls, in their order, each decoded as `kind` (a msgspec type).

        RpcError names the first that was refused.
        """
        await self._check_chain()
        answers: list[Any] = []
        for start in range(0, len(calls), BATCH_SIZE):
            answers += await self._ask_at_once(
                calls[start : start + BATCH_SIZE], partial(_decoded, kind=kind)
            )
        return answers

    async def chain_id(self) -> int:
        """The chain id that the node states."""
        found = (await self._ask_at_once([("eth_chainId", ())], partial(_decoded, kind=Any)))[0]
        try:
            return _quantity(found)
        except ValueError as error:
            raise Unusable(f"gave no chain id ({error})") from None

    async def blocks(self, numbers: Sequence[int | str]) -> list[Header]:
        """The headers of many blocks, in the order of `numbers` (or tags); Unusable when it lacks one."""
        found = await self.find_blocks(numbers)
        for number, header in zip(numbers, found, strict=True):
            if header is None:
                raise _of("eth_getBlockByNumber", Unusable(f"does not have block {number} yet"))
        return [header for header in found if header is not None]

    async def find_blocks(self, numbers: Sequence[int | str]) -> list[Header | None]:
        """As `blocks`, with None for a block that the node does not have."""
        calls = [
            ("eth_getBlockByNumber", (hex(number) if isinstance(number, int) else number, False))
            for number in numbers
        ]
        raw = await self.ask(calls, _RawHeader | None)
        return [_header(number, answer) for number, answer in zip(numbers, raw, strict=True)]

    async def settled(self, confirmations: int | None = None) -> Header:
        """The latest finalized block, or that with so many blocks on top; Stop when there is no such tag."""
        if confirmations is None:
            return await self._finalized()
        latest = (await self.blocks(["latest"]))[0]
        if latest.number < confirmations:
            raise Unusable(f"has {latest.number} blocks and none with {confirmations} confirmations yet")
        return (await self.blocks([latest.number - confirmations]))[0]

    async def _finalized(self) -> Header:
        try:
            return (await self.blocks(["finalized"]))[0]
        except RpcError as error:
            raise Stop(
                f"{self.name} does not know the block tag `finalized` ({error.text[:100]}): use a node that"
                " has finality (anvil: --slots-in-an-epoch 1), or name a number of confirmations."
            ) from error

    async def logs(
        self, addresses: Sequence[bytes], topics: Sequence[str], from_block: int, to_block: int
    ) -> list[RawLog]:
        """As `log_table`, one by one."""
        return (await self.log_table(addresses, topics, from_block, to_block)).raw()

    async def log_table(
        self, addresses: Sequence[bytes], topics: Sequence[str], from_block: int, to_block: int
    ) -> LogTable:
        """All logs of the contracts with one of `topics` (0x hex) first, limits inclusive, in order.

        Read in as many ranges as the node's limits ask for. RpcError when it refuses one block.
        """
        found: list[LogTable] = []
        while from_block <= to_block and addresses:
            end = self._widths.end(from_block, to_block)
            part = await self._logs_or_none(addresses, topics, from_block, end)
            if part is not None:
                self._widths.answered(from_block, end)
                found.append(part)
                from_block = end + 1
        return joined(found or [log_text.read([])])

    async def _logs_or_none(
        self, addresses: Sequence[bytes], topics: Sequence[str], start: int, end: int
    ) -> LogTable | None:
        """None: the node refuses the range as too wide or too full."""
        asked = [f"0x{address.hex()}" for address in addresses]
        query = {"address": asked, "topics": [list(topics)], "fromBlock": hex(start), "toBlock": hex(end)}
        try:
            await self._check_chain()
            (table,) = await self._ask_at_once([("eth_getLogs", (query,))], _decoded_logs)
            return check(table, frozenset(addresses), start, end)
        except msgspec.DecodeError as error:
            raise _of("eth_getLogs", _another_type(error)) from None
        except RpcError as error:
            what = refusal(_words(error), start, end)
            if end == start or what is None:
                raise
        except TooLong as error:
            what = refusal(f"response size: {error}", start, end)
            if end == start or what is None:
                raise _of("eth_getLogs", Unusable(f"{error} for block {start} alone")) from None
        except ValueError as error:
            raise _of("eth_getLogs", Unusable(f"gave {error}")) from error
        self._widths.refused(start, end, what)
        return None

    async def _check_chain(self) -> None:
        if self._expected is None or self._is_checked:
            return
        stated = await self.chain_id()
        if stated != self._expected:
            raise Stop(
                f"{self.name} is a node of chain {stated}, not of chain {self._expected}: use another one."
            )
        self._is_checked = True

    async def _ask_at_once(self, calls: Sequence[Call], decode: _Decoder) -> list[Any]:
        """One request of one or more calls."""
        ids = [next(self._ids) for _ in calls]
        requests = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(params)}
            for i, (method, params) in zip(ids, calls, strict=True)
        ]
        self.calls += len(calls)
        try:
            await self._clock.sleep(self._bucket.take(len(calls), self._clock.now()))
            body = msgspec.json.encode(requests[0] if len(requests) == 1 else requests)
            answers = decode(await self._post(body), len(calls))
            return [
                _result(self.name, method, answers.get(i)) for i, (method, _) in zip(ids, calls, strict=True)
            ]
        except Unusable as reason:
            self.failures += 1
            raise _of(calls[0][0], reason)  # noqa: B904 (the same exception, told what was asked)

    async def _post(self, body: bytes) -> bytearray:
        """The answer's bytes; Unusable in words that never hold the address."""
        if self._session is None:
            self._session = _session(self._url, self._timeout_s)
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False) as response:
                answer = await _read(response, self._limit)
        except TimeoutError:
            raise Unusable("did not answer in time") from None
        except aiohttp.ClientConnectorError:
            raise Unusable("cannot be reached") from None
        except aiohttp.ClientError as error:
            raise Unusable(f"broke off the answer ({type(error).__name__})") from None
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unusable("asks us to slow down (HTTP status 429)", _rest(response))
        if bytes(answer[:100]).lstrip()[:1] not in (b"{", b"["):  # not of a copy of megabytes
            raise Unusable(f"answered with HTTP status {response.status} instead of JSON", _rest(response))
        return answer


def _session(url: yarl.URL, timeout_s: float) -> aiohttp.ClientSession:
    """Connections to one address that keep nothing that it sends along."""
    return aiohttp.ClientSession(
        headers={"content-type": "application/json", "accept-encoding": "gzip"},
        timeout=aiohttp.ClientTimeout(WHOLE_ANSWER * timeout_s, sock_connect=timeout_s, sock_read=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        # A proxy from the environment is for the outside world, never for a node on this machine.
        trust_env=not _is_local(str(url.host)),
        auto_decompress=False,  # it would unpack without a limit
        read_bufsize=_READ_BYTES,
    )


def _parsed(url: str) -> yarl.URL:
    try:
        parsed = yarl.URL(url)
    except (ValueError, TypeError):
        parsed = yarl.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Stop("An RPC address is not of the form http(s)://host[:port]/...: correct it.")
    return parsed


def _of(method: str, reason: Unusable) -> Unusable:
    reason.method = method
    return reason


def _another_type(error: Exception) -> Unusable:
    return Unusable(f"answered with something else than was asked for ({error})")


def _words(error: RpcError) -> str:
    """All that the node said: some put the limits into the data."""
    if error.data is None:
        return error.text
    try:
        return f"{error.text} {json.dumps(error.data)[:1000]}"
    except RecursionError:
        return error.text


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytearray:
    """The body, unpacked; TooLong before more than `limit` bytes are held."""
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise Unusable(f"packs its answer as {packing[:40]!r}, which was not asked for")
    unpack = None if packing == "identity" else zlib.decompressobj(wbits=31)
    body = bytearray()
    async for packed in response.content.iter_any():
        try:
            part = packed if unpack is None else unpack.decompress(packed, limit - len(body) + 1)
        except zlib.error as error:
            raise Unusable(f"broke off the answer ({error})") from None
        body += part
        if len(body) > limit:
            raise TooLong(f"gave more than {limit} bytes")
    if unpack is not None and not unpack.eof:
        raise Unusable("broke off the answer (its gzip does not end)")
    return body


def _rest(response: aiohttp.ClientResponse) -> float | None:
    """Seconds of a Retry-After header; a date, or nonsense, counts as absent."""
    text = response.headers.get("retry-after", "").strip()
    return min(float(text), MAX_REST_S) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else None


def _decoded_logs(body: bytearray, calls: int) -> _Answers:
    """As `_decoded`, of logs, as a table; what is around them is parsed, and they only where they must be.

    ValueError says which log is malformed.
    """
    start, end = body.find(b"[") + 1, body.rfind(b"]")
    with suppress(Unusable):
        answers = _decoded(body[:start] + body[end:], calls, list[msgspec.Raw])
        for answer in answers.values():
            table = log_text.read_list(memoryview(body)[start:end]) if answer.result == [] else None
            if table is not None:
                answer.result = table
                return answers
    answers = _decoded(body, calls, list[msgspec.Raw])
    for answer in answers.values():
        if answer.result is not msgspec.UNSET:
            answer.result = log_text.read(answer.result)
    return answers


def _decoded(body: bytearray, calls: int, kind: Any) -> _Answers:
    """Answers by id; Unusable when they are not answers to so many calls, or of another type."""
    single = _Answer[kind]
    try:
        if calls == 1 or body.lstrip()[:1] == b"{":
            answers = [msgspec.json.decode(body, type=single)]
        else:
            answers = msgspec.json.decode(body, type=list[single])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _another_type(error) from None
    if len(answers) != calls and not (len(answers) == 1 and answers[0].error):
        raise Unusable(f"gave {len(answers)} answers to {calls} calls")
    if len(answers) == 1 and answers[0].error and (calls > 1 or answers[0].id is None):
        raise Unusable(f"refused the request ({answers[0].error.message[:100]})")
    return {answer.id: answer for answer in answers}


def _result(name: str, method: str, answer: _Answer[Any] | None) -> Any:
    if answer is None:
        raise Unusable(f"did not answer {method} under the id that was sent")
    if answer.error is not None:
        code, text = answer.error.code, answer.error.message
        if _SLOW_DOWN.search(text):
            raise Unusable(f"asks us to slow down ({text[:100]})")
        if code == _PRUNED:
            raise Unusable(f"has deleted this part of the history ({text[:100]})")
        sentence = f"{name} refused {method}: {text[:300]} (code {code})."
        raise RpcError(sentence, code, text, answer.error.data)
    if answer.result is msgspec.UNSET:
        raise Unusable(f"gave neither result nor error to {method}")
    return answer.result


def _header(asked: int | str, raw: _RawHeader | None) -> Header | None:
    if raw is None:
        return None
    try:
        number, time = _quantity(raw.number), _quantity(raw.timestamp)
        header = Header(number, _hash(raw.hash), _hash(raw.parent_hash), time)
    except ValueError as error:
        raise _of(
            "eth_getBlockByNumber", Unusable(f"gave a malformed header of block {asked}: {error}")
        ) from None
    if (isinstance(asked, int) and number != asked) or time > MAX_TIME:
        words = f"was asked for block {asked} and gave block {number} of time {time}"
        raise _of("eth_getBlockByNumber", Unusable(words))
    return header


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
