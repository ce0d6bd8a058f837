"""Node-to-node messages over HTTP, each in an Ed25519-signed envelope.

Rules that hold here: a body is measured before it is parsed (64 KiB), parsed strictly (no unknown,
missing or doubled field), and counts only when its sender is known, it is for this deployment and
its signature is the sender's. What is signed is one unambiguous text that begins with its own
domain, so that no signature made elsewhere fits. A message says what it says however often it
comes: replaying one does no harm, and nothing here keeps order. What a peer answers is never
trusted: of a refusal at most a line is read, of an answer to a question MAX_BYTES.
"""

import asyncio
import base64
import ssl
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

import httpx2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle import report
from oracle.committee import Attestation, identity_signed
from oracle.epoch import Deployment
from oracle.keys import NodeKeys

MAX_BYTES = 64 * 1024
"""Largest message, as sent: an attestation has about 3 KiB."""

READ_SECONDS = 10
"""How long a peer may take to send one message."""

INBOX, QUESTIONS = "/inbox", "/questions"
ATTESTATION, SECRET = "attestation", "secret"
"""Kinds of message that are kept: an Attestation, and a sealed committee secret."""

SECRET_REQUEST, RECALL = "secret request", "recall"
"""Kinds that are answered: for a secret, and for what the sender itself attested before it forgot."""

_DOMAIN = b"credit-oracle envelope 1\n"
_FIELDS = ("sender", "kind", "chainId", "contract", "epoch", "body", "signature")
_ANSWER_BYTES = 200


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message: 32-byte identity key of the sender, what it is, where it belongs, its body."""

    sender: bytes
    kind: str
    deployment: Deployment
    epoch: int
    body: bytes
    signature: bytes


def seal(keys: NodeKeys, kind: str, deployment: Deployment, epoch: int, body: bytes) -> Envelope:
    """The envelope of a body, signed with the node's identity key."""
    signature = keys.sign(_signed_text(keys.identity_key, kind, deployment, epoch, body))
    return Envelope(keys.identity_key, kind, deployment, epoch, body, signature)


def encode(envelope: Envelope) -> bytes:
    """JSON as it goes over the wire; ValueError when a peer would find it too large."""
    written = plain.write(
        {
            "sender": "0x" + envelope.sender.hex(),
            "kind": envelope.kind,
            "chainId": envelope.deployment.chain_id,
            "contract": "0x" + envelope.deployment.contract.hex(),
            "epoch": envelope.epoch,
            "body": base64.b64encode(envelope.body).decode(),
            "signature": "0x" + envelope.signature.hex(),
        }
    )
    if len(written) > MAX_BYTES:
        raise ValueError(f"a message of {len(written)} bytes; {MAX_BYTES} are the most")
    return written


def decode(message: bytes) -> Envelope:
    """The envelope in a message, well-formed but not yet checked; Stop names what is wrong."""
    if len(message) > MAX_BYTES:
        raise Stop(f"a message has more than {MAX_BYTES} bytes")
    values = plain.fields(plain.read(message, "an envelope"), _FIELDS, "an envelope")
    return Envelope(
        sender=plain.hexadecimal(values["sender"], "an envelope's sender", 32),
        kind=_kind(values["kind"]),
        deployment=Deployment(
            plain.integer(values["chainId"], "an envelope's chain id", 1, 2**63 - 1),
            plain.hexadecimal(values["contract"], "an envelope's contract", 20),
        ),
        epoch=plain.integer(values["epoch"], "an envelope's epoch", 0, 2**63 - 1),
        body=_body(values["body"]),
        signature=plain.hexadecimal(values["signature"], "an envelope's signature", 64),
    )


def open_message(message: bytes, known: Collection[bytes], deployment: Deployment) -> Envelope:
    """The envelope in a message, checked: from a known identity key, for this deployment, its own.

    Stop says why it is refused. The sender is looked up before any signature is computed.
    """
    envelope = decode(message)
    if envelope.sender not in known:
        raise Stop(f"the sender {envelope.sender.hex()[:16]}… is not known here")
    if envelope.deployment != deployment:
        raise Stop(f"the message is for {envelope.deployment}, this node serves {deployment}")
    text = _signed_text(envelope.sender, envelope.kind, deployment, envelope.epoch, envelope.body)
    if not identity_signed(envelope.sender, text, envelope.signature):
        raise Stop(f"the envelope's signature is not that of its sender {envelope.sender.hex()[:16]}…")
    return envelope


def attestation_body(attestation: Attestation) -> bytes:
    """The body of an `attestation` message: canonical JSON of the report and both signatures."""
    return plain.write(
        {
            "report": report.to_json(attestation.report),
            "signature": "0x" + attestation.signature.hex(),
            "identitySignature": "0x" + attestation.identity_signature.hex(),
        }
    )


def attestation_from_body(body: bytes) -> Attestation:
    """The attestation that `attestation_body` wrote, not yet checked; Stop names what is wrong."""
    names = ("report", "signature", "identitySignature")
    values = plain.fields(plain.read(body, "an attestation"), names, "an attestation")
    return Attestation(
        report=report.from_json(values["report"]),
        signature=plain.hexadecimal(values["signature"], "an attestation's signature", 64),
        identity_signature=plain.hexadecimal(values["identitySignature"], "an identity signature", 64),
    )


def send(url: str, envelope: Envelope, timeout: float) -> None:
    """Posts an envelope to the peer at `url` (http://host:port); Retry when it does not take it.

    Never Stop: no peer can stop this node, nor hold it up for more than `timeout` (seconds, for all).
    """
    _exchange(url, INBOX, envelope, timeout, httpx2.codes.ACCEPTED)


def ask(url: str, envelope: Envelope, timeout: float) -> bytes:
    """The message with which the peer at `url` answers a question, at most MAX_BYTES, not yet checked.

    Retry when it gives none within `timeout` (seconds, for all). Never Stop.
    """
    return _exchange(url, QUESTIONS, envelope, timeout, httpx2.codes.OK)


def _exchange(url: str, path: str, envelope: Envelope, timeout: float, done: int) -> bytes:
    address, content = url.rstrip("/") + path, encode(envelope)
    try:
        status, answer = asyncio.run(asyncio.wait_for(_posted(address, content, timeout), timeout))
    except TimeoutError as error:
        raise Retry(f"the peer at {url} did not answer within {timeout:g} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Retry(f"the peer at {url} cannot be reached ({error or type(error).__name__})") from error
    if status != done:
        raise Retry(f"the peer at {url} answered {status}: {answer[:_ANSWER_BYTES]!r}")
    if len(answer) > MAX_BYTES:
        raise Retry(f"the peer at {url} answered more than {MAX_BYTES} bytes")
    return answer


async def _posted(address: str, content: bytes, timeout: float) -> tuple[int, bytes]:
    """Status and body, of the body little more than MAX_BYTES; the caller keeps the time."""
    async with (
        httpx2.AsyncClient(timeout=timeout, verify=_trusted(), trust_env=False) as client,
        client.stream("POST", address, content=content) as response,
    ):
        answer = b""
        async for part in response.aiter_raw():
            answer += part
            if len(answer) > MAX_BYTES:
                break
        return response.status_code, answer


def inbox_app(
    accept: Callable[[bytes], None],
    answer: Callable[[bytes], bytes] | None = None,
    beside: Sequence[Route] = (),
) -> Starlette:
    """An ASGI application that hands each message to `accept`, each question to `answer` (in a thread).

    Answers 202 when `accept` returns, 200 with what `answer` returns; 400 with the sentence of a Stop,
    503 with that of a Retry; 413 or 408 when a message is too large or too slow: those reach neither.
    `beside`: what else it serves.
    """

    async def inbox(request: Request) -> Response:
        return await _handled(request, accept, 202)

    routes = [Route(INBOX, inbox, methods=["POST"]), *beside]
    if answer is not None:

        async def questions(request: Request) -> Response:
            return await _handled(request, answer, 200)

        routes.append(Route(QUESTIONS, questions, methods=["POST"]))
    return Starlette(routes=routes)


async def _handled(request: Request, handle: Callable[[bytes], bytes | None], done: int) -> Response:
    try:
        message = await asyncio.wait_for(_read_limited(request), READ_SECONDS)
    except (TimeoutError, ClientDisconnect):
        return Response("the message came too slowly or not at all", 408)
    if message is None:
        return Response(f"a message has at most {MAX_BYTES} bytes", 413)
    try:
        return Response(await run_in_threadpool(handle, message), done)
    except Stop as refusal:
        return Response(str(refusal), 400)
    except Retry as refusal:
        return Response(str(refusal), 503)


@cache
def _trusted() -> ssl.SSLContext:
    # Reading the authorities' certificates takes 80 ms: once a process, not once a message.
    return httpx2.create_ssl_context(trust_env=False)


async def _read_limited(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _kind(found: object) -> str:
    kind = plain.string(found, "an envelope's kind", 32)
    if not kind.isascii():
        raise Stop("an envelope's kind must be ASCII")
    return kind


def _body(found: object) -> bytes:
    text = plain.string(found, "an envelope's body", MAX_BYTES)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Stop(f"an envelope's body is not base64: {error}") from error


def _signed_text(sender: bytes, kind: str, deployment: Deployment, epoch: int, body: bytes) -> bytes:
    """Domain, then parts of fixed length or with their length before them."""
    where = deployment.chain_id.to_bytes(8, "big") + deployment.contract + epoch.to_bytes(8, "big")
    name = kind.encode("ascii")
    return _DOMAIN + sender + where + bytes([len(name)]) + name + len(body).to_bytes(4, "big") + body
