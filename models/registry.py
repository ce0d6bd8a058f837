"""Signed model bundles: everything about a model in one file that nobody can alter unnoticed.

Rules that hold here:
- A bundle is MAGIC, the header's length (4 bytes, big-endian), the header (canonical JSON), 64 bytes of
  Ed25519 signature over DOMAIN ‖ header, then the parts one after another. The header lists each part's
  name, length and SHA-256, in order, and the signer's public key: so the signature holds everything.
- Read in this order, and nothing before what stands before it: size, magic, format, header, signature of
  a known key, lengths, hashes, and only then the meaning of any part. The signer must be among the keys
  that the reader names; a signature by a key that the file itself brings proves nothing.
- The part `pipeline` is a pickle for researchers. Nothing here opens it: models/training/pipeline.py does,
  from a bundle that was read here.
- Every failure is one sentence that says which file, what is wrong, and what to do.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from ledger_reader.errors import Stop
from models import manifest as manifests
from models import plain
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.scorecard import Scorecard

MAGIC = b"credit-oracle bundle\n"
DOMAIN = b"credit-oracle model bundle, format 1\n"
FORMAT = 1
KEY_BYTES, SIGNATURE_BYTES = 32, 64

LIMITS = {
    "manifest": plain.MAX_BYTES,
    "scorecard": plain.MAX_BYTES,
    "facts": plain.MAX_BYTES,
    "card.md": 1 << 20,
    "card.html": 1 << 24,
    "pipeline": 1 << 27,
}
"""The parts of a bundle, in order, and the most bytes that each may have."""

MAX_HEADER = 1 << 13
MAX_FILE = sum(LIMITS.values()) + MAX_HEADER + 1_000


class BundleSigner(Protocol):
    """Who signs bundles: an Ed25519 key that need not leave where it is."""

    @property
    def identity_key(self) -> bytes:
        """The 32-byte public key."""

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature."""


@dataclass(frozen=True)
class Bundle:
    """What a file held, all of it checked: the signer's 32-byte key, and the parts.

    `facts` are plain values, some of them floats, for people: no score depends on them; `card_markdown`
    and `card_html` what people read; `pipeline` raw bytes that only models/training may open (empty when
    the bundle has none).
    """

    signer: bytes
    manifest: Manifest
    scorecard: Scorecard
    facts: dict[str, Any]
    card_markdown: bytes
    card_html: bytes
    pipeline: bytes

    @property
    def model_id(self) -> bytes:
        """keccak256 of the manifest."""
        return manifests.model_id(self.manifest)


def pack(bundle: Bundle, signer: BundleSigner) -> bytes:
    """The file's bytes, signed by `signer`, whose key takes the place of the bundle's.

    Stop when a part is larger than its limit, or the manifest names another scorecard.
    """
    _check_together(bundle.manifest, bundle.scorecard, "the bundle")
    parts = _parts(bundle)
    for name, content in parts.items():
        if len(content) > LIMITS[name]:
            raise Stop(f"the part {name} has {len(content)} bytes, more than the {LIMITS[name]} allowed.")
    header = plain.write(
        {
            "format": FORMAT,
            "signer": "0x" + signer.identity_key.hex(),
            "parts": [[name, len(part), _digest(part)] for name, part in parts.items()],
        }
    )
    signature = signer.sign(DOMAIN + header)
    return b"".join([MAGIC, len(header).to_bytes(4, "big"), header, signature, *parts.values()])


def save(bundle: Bundle, signer: BundleSigner, path: Path) -> None:
    """Write a bundle; Stop when the file exists or cannot be made."""
    content = pack(bundle, signer)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise Stop(f"{path} exists; a bundle is never overwritten: name another file.") from None
    except OSError as error:
        raise Stop(f"{path} cannot be written: {error.strerror}.") from error


def load(path: Path, known: frozenset[bytes]) -> Bundle:
    """The bundle in a file, signed by one of the `known` 32-byte public keys."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}; name an existing bundle.") from error
    return unpack(content, known, str(path))


def unpack(content: bytes, known: frozenset[bytes], name: str) -> Bundle:
    """The bundle in these bytes; `name` is what messages call it."""
    if len(content) > MAX_FILE:
        raise Stop(f"{name} is larger than the {MAX_FILE} bytes that a bundle may have; is it one?")
    header, signature, body = _cut(content, name)
    signer, listed = _signed_header(header, signature, known, name)
    parts = _checked_parts(listed, body, name)
    bundle = Bundle(
        signer=signer,
        manifest=manifests.from_json(parts["manifest"]),
        scorecard=scorecards.from_json(parts["scorecard"]),
        facts=_facts(parts["facts"]),
        card_markdown=parts["card.md"],
        card_html=parts["card.html"],
        pipeline=parts["pipeline"],
    )
    _check_together(bundle.manifest, bundle.scorecard, name)
    _check_features(bundle.manifest, name)
    return bundle


def install(bundle: Bundle, home: Path) -> bytes:
    """Write a checked bundle's manifest, scorecard and card into a node's folder; returns the model id.

    Stop when the folder does not take them.
    """
    try:
        scorecards.save(bundle.scorecard, home)
        path = card_path(home, bundle.model_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle.card_markdown)
        return manifests.save(bundle.manifest, home)
    except OSError as error:
        raise Stop(f"{error.filename} cannot be written ({error.strerror}); name another folder.") from error


def card_path(home: Path, identity: bytes) -> Path:
    """Where the card (Markdown) of the model with this 32-byte id lies in a node's folder."""
    return home / "cards" / f"{identity.hex()}.md"


def read_card(home: Path, identity: bytes) -> bytes | None:
    """The card's bytes, as far as a card may be long; None where the folder has none."""
    path = card_path(home, identity)
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(LIMITS["card.md"])


def trusted(signers: Sequence[str]) -> frozenset[bytes]:
    """The keys (0x and 64 hex digits each) that a person named; Stop when there is none."""
    if not signers:
        raise Stop("a bundle counts only by a key that you trust; name its maker's public key by --signer.")
    return frozenset(plain.hexadecimal(one, "a signer's key", KEY_BYTES) for one in signers)


def _parts(bundle: Bundle) -> dict[str, bytes]:
    return {
        "manifest": manifests.to_json(bundle.manifest),
        "scorecard": scorecards.to_json(bundle.scorecard),
        "facts": json.dumps(bundle.facts, ensure_ascii=False, sort_keys=True, allow_nan=False).encode(),
        "card.md": bundle.card_markdown,
        "card.html": bundle.card_html,
        "pipeline": bundle.pipeline,
    }


def _cut(content: bytes, name: str) -> tuple[bytes, bytes, bytes]:
    """Header, signature and body, all still untrusted."""
    if not content.startswith(MAGIC):
        raise Stop(f"{name} is not a model bundle, or its first bytes were altered; fetch it again.")
    at = len(MAGIC) + 4
    length = int.from_bytes(content[len(MAGIC) : at], "big")
    if length > MAX_HEADER:
        raise Stop(f"{name} announces a header of {length} bytes, more than {MAX_HEADER}; fetch it again.")
    if len(content) < at + length + SIGNATURE_BYTES:
        raise Stop(f"{name} ends before its signature: it was cut off; fetch it again.")
    signed = at + length
    return content[at:signed], content[signed : signed + SIGNATURE_BYTES], content[signed + SIGNATURE_BYTES :]


def _signed_header(
    header: bytes, signature: bytes, known: frozenset[bytes], name: str
) -> tuple[bytes, list[Any]]:
    """The signer and the list of parts, once a known key has signed them.

    Of the unsigned header only the format and the signer are looked at before, both merely to say which
    sentence is right: the key that verifies is always one of the reader's own.
    """
    signer = next((key for key in sorted(known) if _verifies(key, header, signature)), None)
    if signer is None:
        raise Stop(_why_unsigned(header, known, name))
    top = plain.fields(plain.read(header, name), ("format", "signer", "parts"), f"the header of {name}")
    plain.integer(top["format"], f"the format of {name}", FORMAT, FORMAT)
    if plain.hexadecimal(top["signer"], f"the signer of {name}", KEY_BYTES) != signer:
        raise Stop(f"{name} names another signer than the key that signed it; ask who made it.")
    return signer, plain.items(top["parts"], f"the parts of {name}", len(LIMITS), len(LIMITS))


def _verifies(key: bytes, header: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(DOMAIN + header, signature)
    except BadSignatureError:
        return False
    return True


def _why_unsigned(header: bytes, known: frozenset[bytes], name: str) -> str:
    try:
        told = plain.read(header, name)
        version, signer = int(told["format"]), str(told["signer"])[:66]
    except (Stop, KeyError, TypeError, ValueError):
        return f"the header of {name} was altered: no signature fits it; fetch it again."
    if version > FORMAT:
        return (
            f"{name} is of bundle format {version}, newer than the {FORMAT} that this version reads; update."
        )
    if signer not in {"0x" + key.hex() for key in known}:
        return f"{name} says it is signed by {signer}, which is none of the keys you trust; ask who that is."
    return (
        f"the signature of {name} is not that of {signer}: header or signature were altered; fetch it again."
    )


def _checked_parts(listed: list[Any], body: bytes, name: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for (wanted, limit), entry in zip(LIMITS.items(), listed, strict=True):
        part, length, digest = plain.items(entry, f"a part of {name}", 3, 3)
        plain.choice(part, f"the part's name in {name}", (wanted,))
        plain.integer(length, f"the length of {part} in {name}", 0, limit)
        content, body = body[:length], body[length:]
        if len(content) < length:
            raise Stop(f"{name} ends within its part {part}: it was cut off; fetch it again.")
        if _digest(content) != digest:
            raise Stop(f"the part {part} of {name} was altered after it was signed; fetch it again.")
        found[part] = content
    if body:
        raise Stop(f"{name} has {len(body)} bytes after its last part, which nobody signed; fetch it again.")
    return found


def _facts(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Stop(f"the bundle's facts are not valid JSON: {error}; make the bundle again.") from error
    if not isinstance(found, dict):
        raise Stop("the bundle's facts must be an object; make the bundle again.")
    return found


def _check_together(manifest: Manifest, card: Scorecard, name: str) -> None:
    identity = scorecards.scorecard_id(card)
    if manifest.scorecard != identity:
        raise Stop(
            f"the manifest of {name} names the scorecard 0x{manifest.scorecard.hex()}, but it holds "
            f"0x{identity.hex()}; make the bundle again."
        )


def _check_features(manifest: Manifest, name: str) -> None:
    ours = feature_set_version()
    if manifest.feature_set != ours:
        raise Stop(
            f"{name} was made for the feature set 0x{manifest.feature_set.hex()}, but this version measures "
            f"0x{ours.hex()}; install the version it was made with."
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
