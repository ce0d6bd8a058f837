"""What other members sent, kept until a round asks for it; served over HTTP in a thread.

Rules that hold here: only envelopes of known identity keys are kept; memory is bounded (members ×
epochs ahead × kinds × KEPT); a message for an epoch long over, or far ahead, is refused. What is kept is
not yet believed: the round's Collection checks every signature. Requests are not kept but answered, in the
server's thread, and no member is answered more often than once in ANSWER_SECONDS to one kind.
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import uvicorn

from ledger_reader.errors import Retry, Stop
from oracle import gossip, guard
from oracle.committee import KEPT_OF_A_MEMBER
from oracle.epoch import Deployment
from oracle.gossip import Envelope

KEPT = KEPT_OF_A_MEMBER + 1
"""Messages kept of one member and epoch: mine and what proves that it told two stories."""

EPOCHS_AHEAD = 2
"""A peer may be this many epochs before us."""

KEPT_KINDS = (gossip.ATTESTATION, gossip.SECRET)

ANSWER_SECONDS = 0.05


class Mailbox:
    """Takes messages (`accept`, called from server threads) and gives them to a round (`take`).

    `answers`: by kind of request, what to do with one; its Stop refuses the request.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._known: tuple[bytes, ...] = ()
        self._epoch = 0
        self._boxes: dict[tuple[int, bytes, str], deque[Envelope]] = {}
        self._answered: dict[tuple[bytes, str], float] = {}
        self.answers: dict[str, Callable[[Envelope], None]] = {}

    @property
    def known(self) -> tuple[bytes, ...]:
        """The identity keys whose messages are kept now."""
        with self._lock:
            return self._known

    def open_for(self, epoch: int, known: tuple[bytes, ...]) -> None:
        """From now on only messages of these identity keys for `epoch` and shortly after are kept."""
        with self._lock:
            self._epoch, self._known = epoch, known
            self._boxes = {key: box for key, box in self._boxes.items() if key[0] >= epoch}
            self._answered = {}

    def accept(self, message: bytes) -> None:
        """Keeps one message; Stop says why it is refused."""
        with self._lock:
            known, epoch = self._known, self._epoch
        envelope = gossip.open_message(message, known, self._deployment)
        if not epoch <= envelope.epoch <= epoch + EPOCHS_AHEAD:
            raise Stop(f"a message for epoch {envelope.epoch}; this node is at {epoch}")
        if envelope.kind in self.answers:
            self._check_pace(envelope)
            self.answers[envelope.kind](envelope)
        elif envelope.kind in KEPT_KINDS:
            self._keep(envelope)
        else:
            raise Stop(f"a message of the unknown kind {envelope.kind[:32]!r}")

    def take(self, epoch: int, kind: str = gossip.ATTESTATION) -> list[Envelope]:
        """All messages of a kind kept for `epoch`, by sender; they stay: taking twice does no harm."""
        with self._lock:
            keys = sorted(key for key in self._boxes if (key[0], key[2]) == (epoch, kind))
            return [envelope for key in keys for envelope in self._boxes[key]]

    def of(self, sender: bytes) -> list[Envelope]:
        """The attestations kept of one member, by epoch."""
        with self._lock:
            keys = sorted(key for key in self._boxes if key[1:] == (sender, gossip.ATTESTATION))
            return [envelope for key in keys for envelope in self._boxes[key]]

    def _keep(self, envelope: Envelope) -> None:
        key = (envelope.epoch, envelope.sender, envelope.kind)
        with self._lock:
            box = self._boxes.setdefault(key, deque(maxlen=KEPT))
            if all(envelope.body != kept.body for kept in box):
                box.append(envelope)

    def _check_pace(self, envelope: Envelope) -> None:
        """Retry when the sender was answered to the same kind a moment ago."""
        key, now = (envelope.sender, envelope.kind), time.monotonic()
        with self._lock:
            if now - self._answered.get(key, -ANSWER_SECONDS) < ANSWER_SECONDS:
                raise Retry(f"one {envelope.kind} in {ANSWER_SECONDS} s is answered, no more")
            self._answered[key] = now


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an IPv4 or IPv6 address or a name; Stop when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Stop(
            f"{host}:{port} cannot be listened on ({error.strerror}); "
            "stop the program that uses it, or choose another address."
        ) from error


class Server:
    """An ASGI application served by a thread of this process, guarded; a context manager."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        config = uvicorn.Config(
            guard.Guard(app),
            http=guard.GuardedProtocol,
            ws="none",
            h11_max_incomplete_event_size=guard.MAX_HEADER_BYTES,
            log_level="error",  # strangers must not fill the disk with warnings
            access_log=False,
            timeout_keep_alive=5,
        )
        self._host, self._port = host, port
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Server":
        """Serves from now on; Stop when the address cannot be listened on."""
        self._socket = listen(self._host, self._port)
        listening = [self._socket]
        self._thread = threading.Thread(
            target=self._server.run, args=(listening,), name="gossip", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(f"the server on {self._host}:{self._port} ended before it began")
            time.sleep(0.02)
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=5)
        if self._socket is not None:
            self._socket.close()
