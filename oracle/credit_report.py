"""A credit report as a file: what its borrower chose to put into it, signed with Ed25519, checked offline.

Rules that hold here: the file is canonical JSON {report, key, signature}; the signature is over
DOMAIN ‖ canonical report. A key that the file brings proves nothing: whoever checks names the keys that
count, such as the committee's identity keys. A proof in the report must lead to the root in `provenEpoch`:
the epoch that contracts read when the file was made, which may be an earlier one than its numbers are of
(`epoch`). That this root is the contract's is for the chain to say.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from ledger_reader.errors import Stop
from models import plain
from oracle import report as reports
from oracle.committee import from_json, identity_signed
from oracle.settings import address_bytes
from oracle.tree import score_proof_from_json, verify_score

DOMAIN = b"credit-oracle credit report, format 1\n"
FORMAT = 1
PARTS = ("score", "reasons", "plan", "history", "facts", "proof", "statement")
"""What a borrower may put in, one by one; who, when, by whom and of which epoch is always there."""

DEFAULT_PARTS = ("score", "reasons", "history")


class ReportSigner(Protocol):
    """Who signs reports: a member's identity, or the service's own key."""

    @property
    def identity_key(self) -> bytes:
        """The 32-byte Ed25519 public key."""

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature."""


def sign_report(report: dict[str, Any], signer: ReportSigner) -> dict[str, Any]:
    """The file's values: the report, who signed it, and the signature."""
    signature = signer.sign(DOMAIN + plain.write(report))
    return {"report": report, "key": "0x" + signer.identity_key.hex(), "signature": "0x" + signature.hex()}


def verify_file(path: Path, keys: Sequence[str], committee: Path | None) -> dict[str, Any]:
    """The report in a file, checked offline: signed by one of `keys` (0x hex) or a committee file's members.

    Stop says what is wrong, also when no key is named.
    """
    trusted = {plain.hexadecimal(key, "a key", 32) for key in keys}
    if committee is not None:
        trusted |= set(from_json(plain.read(_content(committee), str(committee))).identity_keys)
    if not trusted:
        raise Stop("name who may have signed: --key with a public key, or --committee with committee.json")
    text = _content(path)
    report = verify_report(text, trusted)
    told = {name: report.get(name) for name in ("account", "number", "time", "dataTime", "operator")}
    proof = _object(report.get("parts")).get("proof")
    proven = None if proof is None else proof["epoch"]
    return {"genuine": True, "provesEpoch": proven, "signedBy": plain.read(text, "the report")["key"]} | (
        told | {"report": report}
    )


def verify_report(text: bytes, keys: Collection[bytes]) -> dict[str, Any]:
    """The report in a file signed by one of `keys`; Stop says what is wrong with it."""
    found = plain.fields(plain.read(text, "the report"), ("report", "key", "signature"), "a report file")
    key = plain.hexadecimal(found["key"], "the report's key", 32)
    signature = plain.hexadecimal(found["signature"], "the report's signature", 64)
    if key not in keys:
        raise Stop(
            f"the report is signed by 0x{key.hex()}, which is none of the {len(keys)} keys that you trust; "
            "compare it with the committee's identity keys, and name it with --key only if it is one"
        )
    if not identity_signed(key, DOMAIN + plain.write(found["report"]), signature):
        raise Stop("the report was altered after it was signed: ask its borrower for the file as downloaded")
    report = _object(found["report"])
    plain.integer(report.get("format"), "the report's format", FORMAT, FORMAT)
    _check_proof(report)
    return report


def _check_proof(report: dict[str, Any]) -> None:
    """That the score's proof, where the report has one, leads to the root of the epoch it is of."""
    parts = _object(report.get("parts"))
    if parts.get("proof") is None:
        return
    proven = reports.from_json(report.get("provenEpoch"))
    proof = score_proof_from_json(parts["proof"])
    verify_score(proven.root, address_bytes(str(report.get("account"))), proof)
    if proof.epoch != proven.epoch:
        raise Stop(f"the report says epoch {proven.epoch}, its proof {proof.epoch}: trust neither")
    named = reports.from_json(report.get("epoch"))
    told = _object(parts.get("score", {})).get("score", proof.score)
    if named.epoch == proven.epoch and (named != proven or told != proof.score):
        raise Stop(f"the report says {told}, its proof {proof.score} of epoch {proof.epoch}: trust neither")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(plain.MAX_BYTES + 1)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; name an existing file") from error


def _object(found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Stop("the report is not one of this format; ask its borrower for the file as downloaded")
    return found
