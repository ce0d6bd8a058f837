"""What a quorum signed, in the epoch's folder: attestations.json, from which anyone can publish the epoch.

Rules that hold here: the file is written whole or not at all, bounded in size, and believed no more than
what peers send: the round's Collection checks every signature again.
"""

from collections.abc import Sequence
from pathlib import Path

from models import plain
from oracle import gossip
from oracle.committee import MAX_MEMBERS, Attestation
from oracle.folder import folder_of
from oracle.keys import write_durably

NAME = "attestations.json"


def write_attestations(epochs: Path, epoch: int, attestations: Sequence[Attestation]) -> None:
    """Replace what is kept of an epoch whose folder stands."""
    bodies = [plain.read(gossip.attestation_body(each), "an attestation") for each in attestations]
    write_durably(folder_of(epochs, epoch) / NAME, plain.write(bodies) + b"\n", replace=True)


def read_attestations(epochs: Path, epoch: int) -> list[Attestation]:
    """What was kept of an epoch, not yet checked; nothing when nothing was; Stop when it is damaged."""
    path = folder_of(epochs, epoch) / NAME
    if not path.is_file():
        return []
    with path.open("rb") as file:
        content = file.read(MAX_MEMBERS * gossip.MAX_BYTES + 1)
    bodies = plain.items(plain.read(content, str(path)), str(path), 0, MAX_MEMBERS)
    return [gossip.attestation_from_body(plain.write(body)) for body in bodies]
