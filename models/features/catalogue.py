"""All features, in the one order in which they are measured, hashed and told.

The feature-set version is a hash of everything said about them, and of the rules they share (RULES): a
feature that changes its meaning changes its texts or its revision, and so the model id. (The SQL is not
hashed: engines differ in it.)
"""

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from models import plain
from models.features import (
    cash_flow,
    counterparties,
    debt,
    integrity,
    length,
    new_credit,
    receivables,
    remittances,
    repayment,
)
from models.features.feature import Feature

FAMILIES: dict[str, tuple[Feature, ...]] = {
    "Repayment history": repayment.FEATURES,
    "Present debt": debt.FEATURES,
    "Length of history": length.FEATURES,
    "New credit": new_credit.FEATURES,
    "Cash flow": cash_flow.FEATURES,
    "Counterparties": counterparties.FEATURES,
    "Receivables": receivables.FEATURES,
    "Remittances": remittances.FEATURES,
    "Integrity": integrity.FEATURES,
}
"""Features by the family's name; one file a family."""

FEATURES: tuple[Feature, ...] = tuple(feature for family in FAMILIES.values() for feature in family)

BY_NAME = {feature.name: feature for feature in FEATURES}

RULES = (
    "A person is a wallet, or all wallets linked with it: each is measured on the events of all, and nothing "
    "moves between them.",
    "Of a wallet no longer linked count only liquidations before the parting, and bad loans opened before; "
    "what moves between it and the person, whenever, counts for neither.",
    "A fact whose dispute was upheld is left out for the account that asked; a cancelled loan was none.",
    "A recovery is a repayment; a write-off is a default where none was declared.",
)
"""What holds for every feature (models/persons.py, facts.py, loans.py); part of the feature set's version."""

REASON_CODES = {feature.name: feature.reason for feature in FEATURES}
"""Feature name → reason code: what `scorecard.explain` asks for."""


def named(names: tuple[str, ...]) -> tuple[Feature, ...]:
    """The features of these names, in their order; Stop names those that this version does not know."""
    if unknown := [name for name in names if name not in BY_NAME]:
        raise Stop(f"the features {unknown} are unknown to this version; install the one they come from.")
    return tuple(BY_NAME[name] for name in names)


def feature_set_version(features: tuple[Feature, ...] = FEATURES) -> bytes:
    """keccak256 over RULES, names, units, directions, reasons, texts and revisions, in order (32 bytes)."""
    return keccak256(plain.write([list(RULES), *(_said(feature) for feature in features)]))


def _said(feature: Feature) -> list[str | int]:
    return [
        feature.name,
        feature.unit,
        feature.direction,
        feature.reason,
        feature.definition,
        feature.window,
        feature.missing,
        feature.revision,
    ]
