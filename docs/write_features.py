"""Writes docs/features.md from the catalogue, and the SQL of all features (models/query.py).

`--check` compares instead, and exits 1 with one sentence when a file differs.
"""

import re
import sys
import textwrap
from pathlib import Path

from models import query
from models.features.catalogue import FAMILIES, FEATURES, RULES, feature_set_version
from models.features.feature import Feature
from models.measure import compile_measure
from models.reasons import REASONS

PAGE = Path(__file__).with_name("features.md")
SAFER = {1: "higher", -1: "lower", 0: "neither"}

HEAD = """# Features

Written by `python docs/write_features.py`; do not edit.

{count} integers are measured of each account, at one moment: the epoch's end. Their set's version, part
of every model id, is `0x{version}`.

- Nothing after the moment counts, and nothing but the account's own events, save when its payers were
  first seen and which of them vouch for it.
- **No stranger can lower a score.** What others do (pay, repay for someone, accept, dispute or pay
  invoices, send dust in any direction) can move a feature to its safer side only; a feature of which
  neither side is safer, and whether a feature is missing, depends on the account's own acts and debts
  alone. A scorecard that respects the directions can therefore only gain points by what others do. The
  tests append such events to random ledgers.
- A loop of payments or a ring of wallets is not held against anybody, for a stranger can draw one around
  an account: what came from wallets that were paid back, or from fresh ones, is left out of the features
  that say so.
- No adverse event counts longer than five years after it ended. Unknown values are unknown, never zero.
- A month is a span of 30 days counted back from the moment, a year of cash flow 12 of them (360 days): so
  months, quarters and years nest. Values are US cents as known when the event was read; transfers of
  unknown value count as events and add no money. What is paid out by a lending pool in a listed asset is
  money received.
- How much a feature changes and which side is safer is stated; how many points that is worth, only a
  scorecard says. The Gaming column names the cheapest way to look better than one is, and what stands
  against it.
{rules}
"""


def main(arguments: list[str]) -> None:
    """Write the files, or compare them."""
    files = {PAGE: render()}
    for has_ties in (False, True):
        files[query.kept_in(has_ties)] = query.with_head(compile_measure(FEATURES, has_ties))
    for path, text in files.items():
        if "--check" not in arguments:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            sys.exit(f"{path} differs from the features as they are: run `python docs/write_features.py`")


def render() -> str:
    """The whole page as Markdown."""
    parts = [HEAD.format(count=len(FEATURES), version=feature_set_version().hex(), rules=_rules())]
    for family, features in FAMILIES.items():
        parts.append(f"\n## {family}\n\n" + _table(features))
    return "".join(parts) + "\n## Reasons\n\n" + _reasons()


def _rules() -> str:
    return "\n".join(textwrap.fill(rule, 106, initial_indent="- ", subsequent_indent="  ") for rule in RULES)


def _table(features: tuple[Feature, ...]) -> str:
    head = ("Feature", "What it is", "Unit", "Window", "Safer", "Missing", "Reason", "Gaming")
    return _rows(
        head,
        [
            (
                f"`{f.name}`", f.definition, f.unit, f.window, SAFER[f.direction], f.missing,
                f"[{f.reason}](#reasons)", f.gaming,
            )
            for f in features
        ],
    )  # fmt: skip


def _reasons() -> str:
    """Every code with its fullest and its plainest wording."""
    head = ("Code", "English", "中文", "Features")
    rows = []
    for code, variants in sorted(REASONS.items()):
        texts = [variants[0], variants[-1]]
        english = "<br>".join(_shown(text.english) for text in texts)
        chinese = "<br>".join(_shown(text.chinese) for text in texts)
        names = ", ".join(f"`{f.name}`" for f in FEATURES if f.reason == code)
        rows.append((str(code), english, chinese, names))
    intro = "With the account's own figures where they are known, and without. A code keeps its meaning.\n\n"
    return intro + _rows(head, rows)


def _shown(text: str) -> str:
    """A template with the plural of each word that has one."""
    return re.sub(r"\{\w+:[^|}]*\|([^}]*)\}", r"\1", text).replace("{", "*").replace("}", "*")


def _rows(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
