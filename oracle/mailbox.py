"""What other members sent, kept until a round asks for it; served over HTTP in a thread.

Rules that hold here: only envelopes of known identity keys are kept; memory is bounded (members ×
epochs ahead × KEPT); a message for an epoch long over, or far ahead, is refused. What is kept is
not yet believed: the round's Collection checks every signature.
"""

import socket
import threading
import time
from collections import deque
from typing import Any

import uvicorn

from ledger_reader.errors import Stop
from oracle import gossip
from oracle.committee import KEPT_OF_A_MEMBER
from oracle.epoch import Deployment
from oracle.gossip import Envelope

KEPT = KEPT_OF_A_MEMBER + 1
"""Messages kept of one member and epoch: mine and what proves that it told two stories."""

EPOCHS_AHEAD = 2
"""A peer may be this many epochs before us."""


class Mailbox:
    """Takes messages (`accept`, called from server threads) and gives them to a round (`take`)."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._known: tuple[bytes, ...] = ()
        self._epoch = 0
        self._boxes: dict[tuple[int, bytes], deque[Envelope]] = {}

    def open_for(self, epoch: int, known: tuple[bytes, ...]) -> None:
        """From now on only messages of these identity keys for `epoch` and shortly after are kept."""
        with self._lock:
            self._epoch, self._known = epoch, known
            self._boxes = {key: box for key, box in self._boxes.items() if key[0] >= epoch}

    def accept(self, message: bytes) -> None:
        """Keeps one message; Stop says why it is refused."""
        with self._lock:
            known, epoch = self._known, self._epoch
        envelope = gossip.open_message(message, known, self._deployment)
        if not epoch <= envelope.epoch <= epoch + EPOCHS_AHEAD:
            raise Stop(f"a message for epoch {envelope.epoch}; this node is at {epoch}")
        if envelope.kind != gossip.ATTESTATION:
            raise Stop(f"a message of the unknown kind {envelope.kind[:32]!r}")
        with self._lock:
            box = self._boxes.setdefault((envelope.epoch, envelope.sender), deque(maxlen=KEPT))
            if all(envelope.body != kept.body for kept in box):
                box.append(envelope)

    def take(self, epoch: int) -> list[Envelope]:
        """All messages kept for `epoch`, by sender; they stay, so that taking twice does no harm."""
        with self._lock:
            keys = sorted(key for key in self._boxes if key[0] == epoch)
            return [envelope for key in keys for envelope in self._boxes[key]]


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
    """An ASGI application served by a thread of this process; a context manager."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_keep_alive=5, limit_concurrency=64
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
