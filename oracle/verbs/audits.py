"""A published epoch, rebuilt from the chain."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oracle import folder
from oracle.auditing import audit as audits
from oracle.auditing.rows import first_difference, read_rows, rows_of
from oracle.verbs.arguments import address_of
from oracle.verbs.scores import read_manifest


def audit_epoch(
    urls: Sequence[str],
    contract: str,
    epoch: int,
    manifest: Path,
    ledger: Path | None = None,
    secret: Path | None = None,
    against: Path | None = None,
    verify: str | None = None,
) -> dict[str, Any]:
    """Rebuild a published epoch from the chain; `difference` is the first thing that is not as published."""
    found, _ = read_manifest(manifest)
    salts_secret = folder.read_secret(secret) if secret else None
    with audits.opened(tuple(urls)) as rpcs, tempfile.TemporaryDirectory() as scratch:
        subject = audits.find(rpcs, address_of(contract), epoch, found, manifest.absolute().parent.parent)
        path = ledger or Path(scratch) / "ledger.duckdb"
        audit = audits.audit(subject, rpcs, path, salts_secret, verify)
    other = read_rows(against, epoch) if against else None
    borrower = first_difference(rows_of(audit.scores), other) if other else None
    sentences = [f"epoch {epoch}: {each}" for each in (audit.first, borrower) if each]
    return {
        "epoch": epoch,
        "transaction": subject.published.transaction,
        "leaves": len(audit.scores.addresses),
        "rootRebuilt": secret is not None,
        "checks": [
            {"what": c.what, "published": c.published, "ours": c.ours, "equal": not c.differs}
            for c in audit.checks
        ],
        "difference": "; ".join(sentences) or None,
    }
