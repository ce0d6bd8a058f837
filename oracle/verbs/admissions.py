"""Whom a lender's rules would admit of the epochs in a node's folder."""

from pathlib import Path
from typing import Any

from ledger_reader.errors import Stop
from oracle import admission, folder
from oracle.settings import load_settings
from oracle.verbs.arguments import language_of


def show_admitted(
    home: Path, epoch: int | None, at_least: str, statuses: str, widest: int | None, language: str
) -> dict[str, Any]:
    """What each rule of a lender's would admit of an epoch in a node's folder, and of those before it."""
    told_in = language_of(language)
    settings = load_settings(home)
    rules = admission.rules_of(at_least, statuses, widest)
    known = folder.known_epochs(settings.epochs)
    last = epoch if epoch is not None else max(known, default=0)
    if not last:
        raise Stop(f"{settings.epochs} holds no epoch: run the node first.")
    before = [each for each in reversed(known) if each < last][: admission.MOST_BEFORE]
    older = [admission.read_kept(settings, each) for each in before]
    newest, bad_bps = admission.read_newest(settings, last)
    return admission.admitted(newest, bad_bps, older, rules, told_in)
