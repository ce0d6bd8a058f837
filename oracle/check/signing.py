"""What `check` sees of who signs and who pays, where the settings name somebody else than the key file.

Rules that hold here: nothing is signed; a signer on another machine is asked for the list of its addresses
only, with a short time limit, and shown by host and port; a wallet of its own is one more key file.
"""

from functools import partial
from pathlib import Path

from ledger_reader.errors import Retry
from oracle.check.home import Member, address_in
from oracle.check.row import Probe, Row, fix, ok, pending
from oracle.keys import KeySigner
from oracle.settings import Remote, Settings, address_text
from oracle.signers import ExternalSigner, UnknownMethod

TIMEOUT_S = 5.0


def probes(settings: Settings, password: str | None) -> list[tuple[str, Probe]]:
    """One for each of the settings `signer` and `wallet` that is there."""
    found: list[tuple[str, Probe]] = []
    if settings.signer is not None:
        found.append(("signer", partial(remote, "signer", settings.signer)))
    if isinstance(settings.wallet, Remote):
        found.append(("wallet", partial(remote, "wallet", settings.wallet)))
    elif settings.wallet is not None:
        found.append(("wallet", partial(key_file, settings.wallet, password)))
    return found


def payer_of(settings: Settings, member: Member) -> bytes | None:
    """The address that pays: the wallet's, else the member's own; Stop when the wallet cannot be read."""
    if settings.wallet is None:
        return member.address
    return settings.wallet.address if isinstance(settings.wallet, Remote) else address_in(settings.wallet)


def remote(what: str, where: Remote) -> list[Row]:
    """Whether a signer on another machine answers, and holds the key of its address."""
    signer, shown = ExternalSigner(where.url, where.address, TIMEOUT_S), address_text(where.address)
    try:
        held = signer.addresses()
    except UnknownMethod:
        says = f"{signer.name} answers and lists no addresses: the first signature shows if it holds {shown}."
        return [pending(what, says)]
    except Retry as reason:
        return [fix(what, f"{reason}: start it, or correct {what} in settings.json.")]
    if where.address not in held:
        says = f"{signer.name} does not list {shown}: give it that key, or correct {what} in settings.json."
        return [fix(what, says)]
    return [ok(what, f"{signer.name} holds the key of {shown}")]


def key_file(path: Path, password: str | None) -> list[Row]:
    """Whether the wallet's key file is here and the password opens it."""
    if not path.exists():
        return [
            fix("wallet", f"{path} is missing: put the key file there, or correct wallet in settings.json.")
        ]
    if password is None:
        return [pending("wallet", "not opened: it needs the password.")]
    payer = KeySigner.load(path, password)
    return [ok("wallet", f"{path.name} opens; {address_text(payer.address)} pays")]
