"""A service over the three borrowers of tests/oracle/conftest.py, and databases of both kinds."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eth_account import Account
from fastapi.testclient import TestClient

from oracle.api.app import make_app
from oracle.api.operator import Operator
from oracle.api.service import Service, open_service
from oracle.api.store import Store
from oracle.consent import NOBODY, PUBLIC, PURPOSES, Consent, ReadRequest, consent_digest, request_digest
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.stage import sign_in
from oracle.epoch import Deployment
from oracle.keys import KeySigner
from oracle.settings import address_text
from tests.oracle.api.postgres import running_postgres
from tests.oracle.conftest import CHAIN, CONTRACT, Kept

ORIGIN = "http://testserver"
DEPLOYMENT = Deployment(CHAIN, CONTRACT)
READER = KeySigner(b"\x61" * 32)
OTHER_READER = KeySigner(b"\x62" * 32)
_names = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """One PostgreSQL server for all tests of a process."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    url: str = request.getfixturevalue("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")  # far cheaper than a database of its own
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store(database) as found:
        yield found


OPEN = Operator(requests_a_second=1e6, burst=1e6, demo=True, disputes="0x" + "d1" * 20)
"""An operator who lets tests ask as fast as they can."""


@contextlib.contextmanager
def opened(kept: Kept, database: str | None = None, operator: Operator = OPEN) -> Iterator[Service]:
    """A service over the borrowers' epoch."""
    with contextlib.ExitStack() as stack:
        yield open_service(stack, kept.settings, operator, "testserver", database)


@pytest.fixture
def service(kept: Kept) -> Iterator[Service]:
    """On SQLite: what differs by database is tested on both."""
    with opened(kept) as found:
        yield found


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(make_app(service), base_url=ORIGIN, raise_server_exceptions=False) as found:
        yield found


def as_(client: TestClient, name: str) -> dict[str, str]:
    """Headers of one of the cast, signed in by wallet; no cookie is kept."""
    token = sign_in(client, name, CHAIN)
    client.cookies.clear()
    return {"authorization": f"Bearer {token}"}


def consent(now: float, **changed: Any) -> Consent:
    """Mei lets READER see her band once, within an hour."""
    values: dict[str, Any] = {
        "borrower": demo_address("Mei"),
        "reader": READER.address,
        "reader_name": "Corner Lending",
        "what": "band",
        "purpose": PURPOSES[0],
        "threshold": 0,
        "not_after": int(now) + 3_600,
        "count": 1,
        "nonce": next(_names),
    }
    if changed.get("what") == PUBLIC:
        values |= {"reader": NOBODY, "reader_name": "everyone", "purpose": PURPOSES[-1]}
    return Consent(**values | changed)


def request(now: float, **changed: Any) -> ReadRequest:
    """READER asks for what `consent` allows."""
    values: dict[str, Any] = {
        "borrower": demo_address("Mei"),
        "reader": READER.address,
        "what": "band",
        "purpose": PURPOSES[0],
        "threshold": 0,
        "time": int(now),
        "nonce": next(_names),
    }
    return ReadRequest(**values | changed)


@dataclass(frozen=True)
class Signed:
    """Bodies for the service, signed by whoever should."""

    deployment: Deployment = DEPLOYMENT

    def consent(self, given: Consent, name: str = "Mei") -> dict[str, Any]:
        signature = KeySigner(demo_key(name)).sign_digest(consent_digest(given, self.deployment))
        return {
            "consent": {
                "borrower": address_text(given.borrower),
                "reader": address_text(given.reader),
                "readerName": given.reader_name,
                "what": given.what,
                "purpose": given.purpose,
                "threshold": given.threshold,
                "notAfter": given.not_after,
                "count": given.count,
                "nonce": str(given.nonce),
            },
            "signature": "0x" + signature.hex(),
        }

    def request(self, asked: ReadRequest, reader: KeySigner = READER) -> dict[str, Any]:
        signature = reader.sign_digest(request_digest(asked, self.deployment))
        return {
            "borrower": address_text(asked.borrower),
            "reader": address_text(asked.reader),
            "what": asked.what,
            "purpose": asked.purpose,
            "threshold": asked.threshold,
            "time": asked.time,
            "nonce": str(asked.nonce),
            "signature": "0x" + signature.hex(),
        }


SIGNED = Signed()
MEI_ACCOUNT = Account.from_key(demo_key("Mei"))
