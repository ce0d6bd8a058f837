"""A signer on another machine, spoken to over JSON-RPC: Clef, Web3Signer, or what speaks like them.

Rules that hold here: the key never comes here; what the signer answers is measured (64 KiB, one deadline
for the whole exchange) and believed in nothing: a signature counts only if it is the named address's own
over exactly what was asked, in the low-s form, and what is sent is our own transaction with it. A signer
that does not answer is Retry; one that refuses, or signs something else, is Stop. Its address on the
network may hold a password, so only host and port are ever shown.
"""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle.ceremony import SIGNER_FILE
from oracle.committee import recover
from oracle.epoch import Deployment
from oracle.keys import KeySigner, to_compact
from oracle.report import EpochReport, digest, typed_data
from oracle.settings import Remote, Settings, address_bytes

ANSWER_SECONDS = 60.0
"""How long a signature may take: with Clef a person may have to press a key."""

MAX_ANSWER_BYTES = 64 * 1024
MAX_LISTED = 1_000

SIGN_TYPED = ("eth_signTypedData_v4", "account_signTypedData", "eth_signTypedData")
SIGN_TRANSACTION = ("eth_signTransaction", "account_signTransaction")
LIST = ("eth_accounts", "account_list")
"""One method under the names that wallets, Clef and Web3Signer give it."""

_NO_SUCH_METHOD = -32601
_HEX = re.compile(r"0x([0-9a-fA-F]{2})+")


class UnknownMethod(Stop):
    """The signer knows a method under none of its names."""


class ExternalSigner:
    """A member's secp256k1 key, or the key that pays, on a machine that signs on request."""

    def __init__(self, url: str, address: bytes, seconds: float = ANSWER_SECONDS) -> None:
        """`url` is where it answers, `address` (20 bytes) whose signatures it gives; opens nothing yet."""
        self.address = address
        self._url = url
        self._seconds = seconds
        self.name = f"the signer at {_host(url)}"

    def __repr__(self) -> str:
        return f"ExternalSigner({self.name}, {_hex(self.address)})"

    def addresses(self) -> frozenset[bytes]:
        """The accounts (20 bytes) whose keys it says it holds; UnknownMethod when it has no such list."""
        answer = self._ask(LIST, [])
        try:
            return frozenset(
                address_bytes(str(each)) for each in plain.items(answer, self.name, 0, MAX_LISTED)
            )
        except ValueError as error:
            raise Stop(f"{self.name} lists no addresses ({error}): is it a signer?") from error

    def sign_report(self, report: EpochReport, deployment: Deployment) -> bytes:
        """65 bytes r ‖ s ‖ v over the report's EIP-712 digest, checked to be this address's own."""
        answer = self._ask(SIGN_TYPED, [_hex(self.address), typed_data(report, deployment)])
        signature = self._bytes(answer)
        try:
            found = recover(digest(report, deployment), to_compact(signature))
        except Stop as error:
            raise Stop(f"{self.name} gave a signature that the contract refuses: {error}") from error
        self._check_own(found, "report")
        return signature

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The raw bytes of a type 2 transaction (fields as eth-account names them), signed as asked."""
        # Slow to load, and most rounds send nothing.
        from eth_account.typed_transactions.typed_transaction import TypedTransaction  # noqa: PLC0415
        from hexbytes import HexBytes  # noqa: PLC0415
        from rlp.exceptions import RLPException  # noqa: PLC0415

        answer = self._ask(SIGN_TRANSACTION, [_as_json(transaction) | {"from": _hex(self.address)}])
        raw = self._bytes(answer.get("raw") if isinstance(answer, dict) else answer)
        mine = {**transaction, "type": 2}
        try:
            given = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
            vrs = {name: int(given[name]) for name in ("v", "r", "s")}
            compact = vrs["r"].to_bytes(32, "big") + (vrs["s"] + (vrs["v"] << 255)).to_bytes(32, "big")
            found = recover(bytes(TypedTransaction.from_dict(mine).hash()), compact)
        except (ValueError, TypeError, KeyError, OverflowError, RLPException, Stop) as error:
            raise Stop(
                f"{self.name} gave no signed transaction of type 2 ({error}): check the signer"
            ) from error
        self._check_own(found, "transaction")
        return bytes(TypedTransaction.from_dict(mine | vrs).encode())

    def _check_own(self, found: bytes, what: str) -> None:
        if found != self.address:
            raise Stop(
                f"{self.name} signed another {what} than was asked, or with another key than that of "
                f"{_hex(self.address)}: nothing was sent; find out whose signer it is"
            )

    def _bytes(self, answer: object) -> bytes:
        if not isinstance(answer, str) or not _HEX.fullmatch(answer):
            raise Stop(f"{self.name} gave {str(answer)[:60]!r}, which is no signature: check the signer")
        return bytes.fromhex(answer[2:])

    def _ask(self, methods: tuple[str, ...], parameters: list[Any]) -> Any:
        """The result under the first of a method's names that the signer knows."""
        for method in methods:
            answer = self._answer(method, parameters)
            error = answer.get("error")
            if error is None:
                return answer.get("result")
            if not isinstance(error, dict) or error.get("code") != _NO_SUCH_METHOD:
                text = error.get("message") if isinstance(error, dict) else error
                raise Stop(f"{self.name} refused {method} ({str(text)[:200]!r}): look at its own log")
        raise UnknownMethod(f"{self.name} knows none of {', '.join(methods)}: is it a signer?")

    def _answer(self, method: str, parameters: list[Any]) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        raw = self._exchange(msgspec.json.encode(request))
        try:
            answer = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise Stop(f"{self.name} answered {method} with no JSON ({error}): check its address") from error
        if not isinstance(answer, dict):
            raise Stop(f"{self.name} answered {method} with no JSON-RPC object: check its address")
        return answer

    def _exchange(self, request: bytes) -> bytes:
        try:
            status, answer = asyncio.run(asyncio.wait_for(self._posted(request), self._seconds))
        except TimeoutError as error:
            raise Retry(f"{self.name} did not answer within {self._seconds:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Retry(f"{self.name} cannot be reached ({type(error).__name__})") from error
        if len(answer) > MAX_ANSWER_BYTES:
            raise Stop(f"{self.name} answered over {MAX_ANSWER_BYTES} bytes: check its address")
        if status >= 500:
            raise Retry(f"{self.name} answered {status}")
        return answer

    async def _posted(self, request: bytes) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"}
        async with (
            httpx2.AsyncClient(timeout=self._seconds, trust_env=False) as client,
            client.stream("POST", self._url, content=request, headers=headers) as response,
        ):
            answer = b""
            async for part in response.aiter_raw():
                answer += part
                if len(answer) > MAX_ANSWER_BYTES:
                    break
            return response.status_code, answer


def open_signer(settings: Settings, password: str) -> KeySigner | ExternalSigner | None:
    """Who signs reports: the remote signer of the settings, else the key file; None without either."""
    if settings.signer is not None:
        return ExternalSigner(settings.signer.url, settings.signer.address)
    path = settings.home / SIGNER_FILE
    return KeySigner.load(path, password) if path.exists() else None


def open_payer(settings: Settings, password: str) -> KeySigner | ExternalSigner | None:
    """Who pays for transactions: the wallet of the settings, else whoever signs."""
    if isinstance(settings.wallet, Remote):
        return ExternalSigner(settings.wallet.url, settings.wallet.address)
    if settings.wallet is not None:
        return KeySigner.load(settings.wallet, password)
    return open_signer(settings, password)


def _as_json(transaction: dict[str, Any]) -> dict[str, str]:
    return {name: hex(v) if isinstance(v, int) else _hex(v) for name, v in transaction.items()}


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "an address that is none"


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
