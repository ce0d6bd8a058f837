"""One service: everything that its routes share, opened together and closed together."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import Request
from nacl.signing import SigningKey
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from oracle.api.consents import Consents
from oracle.api.edge import session_cookie
from oracle.api.epochs import Epochs, Opened
from oracle.api.figures import Figures
from oracle.api.operator import Operator
from oracle.api.problems import TooMany
from oracle.api.rescoring import Rescoring
from oracle.api.sessions import Sessions
from oracle.api.sight import Sight
from oracle.api.signatures import Signatures
from oracle.api.store import Store
from oracle.api.words import Words
from oracle.credit_report import ReportSigner
from oracle.epoch import Deployment
from oracle.guard import Allowance
from oracle.keys import NodeKeys, read_private, write_durably
from oracle.sentences import ASKED_TOO_OFTEN
from oracle.settings import Settings

KEY_FILE = "service.key"
"""The service's own Ed25519 key, for reports, where it is not given the node's."""

OF_ONE_ACCOUNT = 20.0, 100.0
"""Requests a second of one signed-in account or reader, and how many at once."""


NONCES_OF_ALL = 1 / 50, 1 / 5
"""What of an address's requests a second, and of its burst, may ask for nonces: they are kept for minutes,
and all share one limit (sessions.MOST_NONCES), which a few addresses could use up."""

UNKNOWN: dict[str, Any] = {
    "activeFrom": None,
    "flags": {"held": None, "stale": None, "upcoming": None, "vetoed": None},
}
"""What is said of an epoch's fate when the chain has not been seen."""


class ChainView(Protocol):
    """What a service may know of the chain (chain.py): it runs without one too."""

    def sight(self, latest: int) -> Sight | None:
        """What was seen of the epochs up to `latest`; None where nothing was."""

    def approves(self, account: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether a contract account says that it signed."""


@dataclass(frozen=True)
class Service:
    """Folders, database, keys and figures of one running service."""

    settings: Settings
    operator: Operator
    domain: str
    store: Store
    epochs: Epochs
    signatures: Signatures
    sessions: Sessions
    consents: Consents
    words: Words
    signer: ReportSigner
    chain: ChainView | None = None
    rescoring: Rescoring = field(default_factory=Rescoring)
    figures: Figures = field(default_factory=Figures)
    allowance: Allowance = field(default_factory=lambda: Allowance(*OF_ONE_ACCOUNT))
    nonces: Allowance = field(init=False)

    def __post_init__(self) -> None:
        rate, burst = NONCES_OF_ALL
        rate, burst = self.operator.requests_a_second * rate, max(1.0, self.operator.burst * burst)
        object.__setattr__(self, "nonces", Allowance(rate, burst))  # frozen

    @property
    def deployment(self) -> Deployment:
        """Which oracle this is a service of."""
        return Deployment(self.settings.chain_id, self.settings.contract)

    @property
    def origin(self) -> str:
        """How browsers reach the service."""
        return self.operator.origin or f"http://{self.domain}"

    async def latest(self) -> Opened:
        """The latest epoch; without waiting, unless it must be opened first."""
        found = self.epochs.at_hand()
        if found is None:
            found = await run_in_threadpool(self.epochs.latest)
        self.figures.epoch.set(found.report.epoch)
        return found

    async def provable(self) -> Opened:
        """The epoch that contracts read, however far back, if known and kept here; else the latest."""
        latest = await self.latest()
        epoch = self.read_epoch(latest)
        return latest if epoch == latest.report.epoch else await run_in_threadpool(self._kept, epoch, latest)

    def provable_now(self) -> Opened:
        """The same, for a thread."""
        latest = self.epochs.latest()
        return self._kept(self.read_epoch(latest), latest)

    def read_epoch(self, latest: Opened) -> int:
        """The number of the epoch that contracts read; the latest's where that is unknown or none."""
        sight = self.sight(latest.report.epoch)
        return (sight.read_epoch(time.time()) if sight else 0) or latest.report.epoch

    def sight(self, latest: int) -> Sight | None:
        """What is known of the chain now."""
        found = self.chain.sight(latest) if self.chain else None
        return None if found is None or found.is_old(time.time()) else found

    def _kept(self, epoch: int, latest: Opened) -> Opened:
        return self.epochs.opened(epoch) or latest

    async def account_of(self, request: Request) -> bytes:
        """Who is signed in; Refusal when nobody is, TooMany when the account asks too often."""
        token = token_of(request.headers)
        account = self.sessions.remembered(token)
        if account is None:
            account = await run_in_threadpool(self.sessions.account_of, token)
        self.check_pace(account)
        return account

    def check_pace(self, account: bytes) -> None:
        """TooMany when this account asked too often."""
        if not self.allowance.take(account):
            raise TooMany(ASKED_TOO_OFTEN)

    def new_nonce(self, address: str) -> str:
        """A nonce for one sign-in; TooMany when this network address (guard.origin) asked too often."""
        if not self.nonces.take(address):
            raise TooMany(ASKED_TOO_OFTEN)
        return self.sessions.new_nonce()

    def standing_of(self, opened: Opened) -> dict[str, Any]:
        """What is known of the epoch's fate on chain."""
        epoch, now = opened.report.epoch, time.time()
        sight = self.sight(epoch)
        flags = sight.flags(epoch, opened.report.snapshot_time, now) if sight else None
        if sight is None or flags is None:
            return UNKNOWN
        return {"activeFrom": sight.fates[epoch].active_from, "flags": flags}


def token_of(headers: Headers) -> str:
    """The session's token: of the header, else of the cookie; empty without."""
    given = headers.get("authorization")
    return given.removeprefix("Bearer ") if given is not None else session_cookie(headers) or ""


def open_service(
    stack: ExitStack,
    settings: Settings,
    operator: Operator,
    domain: str,
    database: str | None = None,
    keys: ReportSigner | None = None,
    chain: ChainView | None = None,
) -> Service:
    """Everything a service needs, closed with `stack`; Stop as its parts do. `keys` sign reports.

    Without a `chain` the service says nothing of the latest epoch's fate, and contracts cannot sign in.
    """
    store = stack.enter_context(Store(database_of(settings, operator, database)))
    signatures = Signatures(chain.approves if chain and operator.contract_wallets else None)
    return Service(
        settings=settings,
        operator=operator,
        domain=domain,
        store=store,
        epochs=Epochs(settings),
        signatures=signatures,
        sessions=Sessions(store, signatures, domain, settings.chain_id),
        consents=Consents(store, Deployment(settings.chain_id, settings.contract)),
        words=Words(store),
        signer=keys or own_keys(settings),
        chain=chain,
    )


def database_of(settings: Settings, operator: Operator, database: str | None) -> str:
    """Where the service's rows are: as told now, as the operator wrote, or in a file of the node's folder."""
    return database or operator.database or f"sqlite:///{settings.home / 'service.sqlite'}"


def own_keys(settings: Settings) -> NodeKeys:
    """The service's own key, made at the first start; Stop when others can read its file."""
    path = settings.home / KEY_FILE
    if not path.exists():
        write_durably(path, bytes(SigningKey.generate()).hex().encode(), replace=False)
    return NodeKeys(bytes.fromhex(read_private(path).decode()))
