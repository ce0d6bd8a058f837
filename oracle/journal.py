"""What an account offered to the chain last: its nonce, its fees, and every form of it that may be mined.

Rules that hold here: an offer is written durably before it is sent, so that after a crash the same nonce is
watched and replaced, and nothing is paid for twice; only the last offer is kept, for a nonce is used once.
It names its account: nonces are counted by account, and an operator may change who pays.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger_reader.errors import Stop
from models import plain
from oracle.keys import read_private, write_durably

MOST_HASHES = 64
_FIELDS = ("account", "nonce", "tip", "fee", "hashes")


@dataclass(frozen=True)
class Offer:
    """The transaction of a nonce in all its forms, by hash; `tip` and `fee` in wei a gas, of the last.

    `account` is the 20-byte address that pays, whose nonce it is.
    """

    account: bytes
    nonce: int
    tip: int
    fee: int
    hashes: tuple[str, ...]


class Journal:
    """The last offer, in a file; without a path it is forgotten with the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._last = _read(path) if path is not None and path.exists() else None

    def last_of(self, account: bytes) -> Offer | None:
        """What was written last, None when it was of another account, or nothing ever was."""
        return self._last if self._last is not None and self._last.account == account else None

    def write(self, offer: Offer) -> None:
        """Durably, before it is sent; Stop when the disk refuses."""
        if self._path is not None:
            write_durably(self._path, plain.write(_plain(offer)) + b"\n", replace=True)
        self._last = offer


def _plain(offer: Offer) -> dict[str, object]:
    return {
        "account": "0x" + offer.account.hex(),
        "nonce": offer.nonce,
        # As text: wei do not fit JSON's integers everywhere.
        "tip": str(offer.tip),
        "fee": str(offer.fee),
        "hashes": list(offer.hashes[-MOST_HASHES:]),
    }


def _read(path: Path) -> Offer:
    where = str(path)
    values = plain.fields(plain.read(read_private(path), where), _FIELDS, where)
    hashes = plain.items(values["hashes"], f"{where}: hashes", 1, MOST_HASHES)
    return Offer(
        account=plain.hexadecimal(values["account"], f"{where}: account", 20),
        nonce=plain.integer(values["nonce"], f"{where}: nonce", 0, 2**63 - 1),
        tip=_wei(values["tip"], f"{where}: tip"),
        fee=_wei(values["fee"], f"{where}: fee"),
        hashes=tuple("0x" + plain.hexadecimal(each, f"{where}: a hash", 32).hex() for each in hashes),
    )


def _wei(found: object, where: str) -> int:
    text = plain.string(found, where, 40)
    if not (text.isascii() and text.isdecimal()):
        raise Stop(
            f"{where} is {text!r}, not a number of wei: move the file away once no transaction is open"
        )
    return int(text)
