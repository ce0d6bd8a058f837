"""Serving: sockets, clocks and processes around the application.

Rules that hold here: a connection that has not sent its first request's headers in HEADER_SECONDS is cut off,
as is one whose headers grow beyond their limit; one network address holds at most so many connections. The
address that a proxy names is believed only of the operator's own proxies.
"""

import asyncio
import contextlib
import secrets
from pathlib import Path
from typing import Any

import uvicorn
from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from oracle.api.app import make_app
from oracle.api.chain import Chain
from oracle.api.edge import HEADERS, MAX_HEADER_BYTES
from oracle.api.operator import load_operator
from oracle.api.problems import problem
from oracle.api.service import Service, open_service
from oracle.credit_report import ReportSigner
from oracle.epoch import Deployment
from oracle.guard import origin
from oracle.mailbox import listen
from oracle.sentences import NO_REQUEST
from oracle.settings import load_settings

HEADER_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 15
MAX_CONNECTIONS, MAX_CONNECTIONS_OF_ONE = 1_024, 256


class Connection(HttpToolsProtocol):
    """One connection, cut off when it is one too many, or its first headers come too slowly or too long."""

    origin = ""
    _clock: asyncio.TimerHandle | None = None
    _in_headers = False
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Counts the connections of the same origin, and starts the clock."""
        super().connection_made(transport)
        self.origin = origin(self.client)
        of_one = sum(getattr(each, "origin", None) == self.origin for each in self.connections)
        if of_one > MAX_CONNECTIONS_OF_ONE or len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._clock = self.loop.call_later(HEADER_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Parses, and gives up on headers that do not end."""
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > 2 * MAX_HEADER_BYTES:
                self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (for programs' logs)
        """What is no HTTP is refused as all else is; it never reached the application, so not the edge."""
        said = problem(400, NO_REQUEST, Headers())
        named = {**HEADERS, **said.headers, "connection": "close", "x-request-id": secrets.token_hex(8)}
        lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        self.transport.write("\r\n".join(lines).encode("ascii") + bytes(said.body))
        self.transport.close()

    def on_message_begin(self) -> None:
        """A request's headers begin: the clock starts (or runs since the connection was made)."""
        self._in_headers, self._header_bytes = True, 0
        if self._clock is None:
            self._clock = self.loop.call_later(HEADER_SECONDS, self.transport.abort)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are whole: the clock stops, and a body is the application's to limit."""
        self._in_headers = False
        self._stop_clock()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def server_of(service: Service) -> uvicorn.Server:
    """The server of a service; `run` it with listening sockets."""
    proxies = service.operator.proxies
    config = uvicorn.Config(
        make_app(service),
        http=Connection,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    return uvicorn.Server(config)


def serve_api(
    home: Path, host: str, port: int, database: str | None = None, keys: ReportSigner | None = None
) -> None:
    """Serve the API and the page of the node in `home` until interrupted; Stop says why it cannot."""
    settings, operator = load_settings(home), load_operator(home)
    domain = operator.origin.split("://")[1] if operator.origin else f"{host}:{port}"
    if settings.chain_id not in settings.rpc:
        raise Stop(f"the settings name no RPC address of chain {settings.chain_id}; add one to settings.json")
    with contextlib.ExitStack() as stack:
        rpc = stack.enter_context(Rpc(settings.rpc[settings.chain_id], settings.chain_id, timeout_s=5.0))
        chain = stack.enter_context(Chain(rpc, Deployment(settings.chain_id, settings.contract)))
        service = open_service(stack, settings, operator, domain, database, keys, chain)
        with listen(host, port) as listening:
            server_of(service).run(sockets=[listening])
