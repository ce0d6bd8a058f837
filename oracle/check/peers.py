"""What `check` sees of the other members, and of this node itself if it runs: their GET /health.

Rules that hold here: what a peer answers is bounded, read strictly and never trusted beyond its row; a peer
that is away is no fault of this node.
"""

import time
from importlib import metadata
from typing import Any

import httpx2
import msgspec

from ledger_reader.errors import Retry, Stop
from oracle.check.row import Row, fix, ok, pending
from oracle.settings import Settings, address_text

TIMEOUT_S = 3.0
MAX_BYTES = 1 << 16
SKEW_S = 60
PACKAGE = "credit-oracle"


class Health(msgspec.Struct):
    """What check reads of GET /health."""

    contract: str
    version: str
    member: str | None
    phase: str
    time: int


def own_version() -> str:
    """The installed version of this package."""
    return metadata.version(PACKAGE)


def health(url: str) -> Health:
    """What the node at `url` says of itself; Retry when it cannot be reached, Stop when it is no node."""
    try:
        with (
            httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream("GET", url.rstrip("/") + "/health") as response,
        ):
            body = next(response.iter_bytes(MAX_BYTES), b"")
            status = response.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Retry(f"{url} cannot be reached ({type(error).__name__}).") from error
    try:
        if status == httpx2.codes.OK:
            found = msgspec.json.decode(body, type=Health)
            return msgspec.structs.replace(found, phase=_plain(found.phase), version=_plain(found.version))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    raise Stop(f"{url} answers /health with status {status} and not as a node does: check the address.")


def _plain(text: str) -> str:
    """What a stranger wrote, fit for a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text[:60])


def look(settings: Settings, member: bytes, url: str, seen: dict[bytes, Health]) -> list[Row]:
    """One peer: reachable, of the same contract, of the member it is listed for; `seen` gains its answer."""
    what = f"peer {address_text(member)[:10]}…"
    found = health(url)
    if found.contract != address_text(settings.contract):
        return [fix(what, f"{url} serves the contract {found.contract[:42]}: correct its address.")]
    if found.member not in (None, address_text(member)):
        return [fix(what, f"{url} is the node of {found.member}: correct settings.json.")]
    seen[member] = found
    return [ok(what, f"{url} is up: {found.phase}")]


def all_of(settings: Settings, seen: dict[bytes, Health]) -> list[Row]:
    """Whether enough peers answer, and run what this node runs at the time this machine has."""
    if settings.peers and not seen:
        return [pending("peers", "none answers: either none runs yet, or this machine is cut off.")]
    versions = sorted({found.version for found in seen.values()} - {own_version()})
    if versions:
        return [pending("peers", f"they run {', '.join(versions)}, this is {own_version()}: agree on one.")]
    now = int(time.time())
    skewed = [
        address_text(m)[:10] + "…" for m, found in sorted(seen.items()) if abs(found.time - now) > SKEW_S
    ]
    if skewed:
        return [
            fix("peers", f"the clocks of {', '.join(skewed)} and of this machine differ: set the wrong one.")
        ]
    return [ok("peers", f"{len(seen)} of {len(settings.peers)} answer, all of version {own_version()}")]


def listening(settings: Settings, address: bytes | None) -> list[Row]:
    """Whether this node runs already, or something else has its port."""
    host = settings.listen_host if settings.listen_host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.listen_port}"
    try:
        found: Any = health(url)
    except Retry:
        return [ok("node", "not running")]
    if address is not None and found.member not in (None, address_text(address)):
        return [fix("node", f"{url} is the node of {found.member}: choose another port under listen.")]
    return [ok("node", f"running: {found.phase}")]
