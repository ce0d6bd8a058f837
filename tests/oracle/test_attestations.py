"""What a quorum signed is read back as it was, and a damaged file is no empty one."""

from dataclasses import replace

import pytest

from ledger_reader.errors import Stop
from oracle.attestations import NAME, read_attestations, write_attestations
from oracle.committee import Attestation
from oracle.folder import folder_of
from tests.oracle.conftest import EPOCH, Kept


def attestations(kept: Kept) -> list[Attestation]:
    return [Attestation(kept.report, bytes([n]) * 64, bytes([n + 1]) * 64) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'[{"report":1}]', b"[" * 100_000, b"[" + b"1," * 40 + b"1]"]
)
def test_read__damaged__stops(kept: Kept, content: bytes) -> None:
    (folder_of(kept.settings.epochs, EPOCH) / NAME).write_bytes(content)
    with pytest.raises(Stop, match="attestation"):
        read_attestations(kept.settings.epochs, EPOCH)


def test_read__none_written__is_empty(kept: Kept) -> None:
    assert read_attestations(kept.settings.epochs, EPOCH) == []


def test_write__again__replaces(kept: Kept) -> None:
    written = attestations(kept)
    write_attestations(kept.settings.epochs, EPOCH, written[:1])
    write_attestations(kept.settings.epochs, EPOCH, written)
    assert read_attestations(kept.settings.epochs, EPOCH) == written


def test_read__of_another_report__is_given_as_it_stands(kept: Kept) -> None:
    """The round's Collection refuses it; the file is not believed."""
    other = [replace(each, report=replace(kept.report, root=b"\x09" * 32)) for each in attestations(kept)]
    write_attestations(kept.settings.epochs, EPOCH, other)
    assert read_attestations(kept.settings.epochs, EPOCH) == other
