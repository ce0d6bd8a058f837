"""What the operator of a service decides: operator.json in the node's folder, every field optional.

Rules that hold here: nothing here changes a score or a proof; what is told to browsers is only what the
operator wrote here for them, never the node's own RPC addresses. Without a licence or filing number the page
says that this is a demonstration and no credit reporting service.
"""

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ledger_reader.errors import Stop
from oracle.settings import MAX_FILE_BYTES

FILE = "operator.json"

_Address = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{40}$")]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s\"';,]+$", max_length=200)]
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}")


class Operator(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`origin`: how browsers reach the service (https://score.example); the wallet's message names its host.

    `loans`, `links`, `disputes`, `coin`, `pool`: addresses of the contracts that the page may use; `rpc` and
    `explorer`: what browsers may use of the chain. `contract_wallets`: accounts that are contracts sign in
    too, checked over the node's RPC addresses. `requests_a_second` of one network address, and `burst`;
    `proxies`: addresses whose X-Forwarded-For is believed. `gateway_senders`: the OpenScores contracts that
    the gateway answers for. `database`: as `--database`.
    """

    name: str = "An operator without a name"
    licence: str | None = None
    demo: bool = False
    origin: str | None = None
    loans: _Address | None = None
    links: _Address | None = None
    disputes: _Address | None = None
    coin: _Address | None = None
    pool: _Address | None = None
    rpc: _Url | None = None
    explorer: _Url | None = None
    contract_wallets: bool = True
    requests_a_second: Annotated[float, msgspec.Meta(gt=0)] = 50.0
    burst: Annotated[float, msgspec.Meta(ge=1)] = 200.0
    proxies: tuple[str, ...] = ()
    gateway_senders: tuple[_Address, ...] = ()
    database: str | None = None

    def __post_init__(self) -> None:
        if self.origin is not None and not _ORIGIN.fullmatch(self.origin):
            raise ValueError(f"origin is {self.origin[:60]!r}, not http(s)://host or http(s)://host:port")

    def told(self) -> dict[str, Any]:
        """What everyone may know."""
        names = ("name", "licence", "demo", "loans", "links", "disputes", "coin", "pool", "rpc", "explorer")
        return {name: getattr(self, name) for name in names}


def load_operator(home: Path) -> Operator:
    """The operator of the node in `home`, all defaults without a file; Stop names what is wrong with it."""
    path = home / FILE
    if not path.exists():
        return Operator()
    raw = path.read_bytes()[: MAX_FILE_BYTES + 1]
    try:
        return msgspec.json.decode(raw, type=Operator)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Stop(f"{path} does not describe an operator: {error}; compare it with docs/api.md.") from error
