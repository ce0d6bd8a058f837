"""What one node is told by its operator: built once in the CLI, frozen, passed down.

Nothing here may change a score: what all nodes must share is on chain or in the manifest. The
file is `settings.json` in the node's folder; paths are relative to that folder.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ledger_reader.errors import Stop

MAX_FILE_BYTES = 1 << 20
MAX_PORT = 65_535

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_Chain = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
_Verify = Annotated[str, msgspec.Meta(pattern=r"^(receipts|quorum=[1-9][0-9]?)$")]
_Seconds = Annotated[float, msgspec.Meta(gt=0)]


class _Remote(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    address: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    chain_id: _Chain
    contract: str
    rpc: dict[str, Annotated[list[str], msgspec.Meta(min_length=1)]]
    listen: str
    peers: dict[str, str]
    verify: _Verify | None = None
    signer: _Remote | None = None
    wallet: _Remote | str | None = None
    poll_seconds: _Seconds = 12.0
    turn_seconds: _Seconds = 60.0
    round_seconds: _Seconds = 3600.0
    facts: bool = True
    events: bool = False


@dataclass(frozen=True)
class Remote:
    """A signer on another machine: where it speaks JSON-RPC (never shown whole), and for which address."""

    url: str = field(repr=False)
    address: bytes


@dataclass(frozen=True)
class Settings:
    """One node's folder and addresses.

    `rpc` maps a chain id to the JSON-RPC addresses asked in turn; the snapshot's block hash must
    be the same at all of them. `peers` maps a member's address to its gossip address. `verify` says how
    what is read from them is checked, as `read --verify` does (None: not beyond that hash).
    `signer` signs reports in place of the key file; `wallet` pays in place of whoever signs: another
    key file, of the same password, or a remote signer.
    `poll_seconds`: how often the world is looked at; `turn_seconds`: how long a leader may take;
    `round_seconds`: how long a round may last before the node gives it up. `facts`: whether epoch folders
    hold what the scores rest on, which a service shows to its borrowers (oracle/facts.py). `events`: whether
    the latest one also holds what it was scored from, so that the service tells the score without any fact.
    """

    home: Path
    chain_id: int
    contract: bytes
    rpc: dict[int, tuple[str, ...]]
    listen_host: str
    listen_port: int
    peers: dict[bytes, str]
    verify: str | None
    signer: Remote | None
    wallet: Path | Remote | None
    poll_seconds: float
    turn_seconds: float
    round_seconds: float
    facts: bool
    events: bool

    @property
    def ledger(self) -> Path:
        """The node's own DuckDB ledger."""
        return self.home / "ledger.duckdb"

    @property
    def epochs(self) -> Path:
        """The folder of epoch folders."""
        return self.home / "epochs"


def load_settings(home: Path) -> Settings:
    """The settings of the node in `home`; Stop names what is missing or wrong."""
    path = home / "settings.json"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; make a node's folder with `credit-oracle init`.") from error
    if len(raw) > MAX_FILE_BYTES:
        raise Stop(f"{path} has {len(raw)} bytes; settings are at most {MAX_FILE_BYTES}.")
    try:
        return _settings(home, msgspec.json.decode(raw, type=_File))
    except (msgspec.MsgspecError, ValueError) as error:
        raise Stop(f"{path} is not a settings file: {error}; compare it with docs/operations.md.") from error


def _settings(home: Path, file: _File) -> Settings:
    host, _, port = file.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > MAX_PORT:
        raise ValueError(f"listen is {file.listen[:60]!r}, not host:port with a port up to {MAX_PORT}")
    return Settings(
        home=home,
        chain_id=file.chain_id,
        contract=address_bytes(file.contract),
        rpc={_chain_id(chain): tuple(urls) for chain, urls in file.rpc.items()},
        listen_host=host.removeprefix("[").removesuffix("]"),
        listen_port=int(port),
        peers={address_bytes(member): url for member, url in file.peers.items()},
        verify=file.verify,
        signer=_remote(file.signer) if file.signer else None,
        wallet=_wallet(home, file.wallet) if file.wallet else None,
        poll_seconds=file.poll_seconds,
        turn_seconds=file.turn_seconds,
        round_seconds=file.round_seconds,
        facts=file.facts,
        events=file.events,
    )


def _remote(found: _Remote) -> Remote:
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", found.url):
        raise ValueError("the url of a signer is not http(s)://host:port")
    return Remote(found.url, address_bytes(found.address))


def _wallet(home: Path, found: _Remote | str) -> Path | Remote:
    return home / found if isinstance(found, str) else _remote(found)


def _chain_id(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise ValueError(f"rpc names the chain {text[:40]!r}, which is no chain id")
    return int(text)


def write_settings(home: Path, plain: dict[str, Any]) -> None:
    """Write `settings.json` after checking that `load_settings` would accept it."""
    raw = msgspec.json.format(msgspec.json.encode(plain), indent=2)
    _settings(home, msgspec.json.decode(raw, type=_File))
    (home / "settings.json").write_bytes(raw + b"\n")


def address_bytes(text: str) -> bytes:
    """The 20 bytes of a 0x address; ValueError says what is wrong with it."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text[:50]!r} is not an address: 0x and 40 hex digits are needed")
    return bytes.fromhex(text[2:])


def address_text(address: bytes) -> str:
    """0x and lower-case hex: how addresses look at the edges."""
    return "0x" + address.hex()
