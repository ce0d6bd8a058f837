"""Every refusal that people can meet is said in both languages, alike."""

import ast
import re
from pathlib import Path

import pytest

from oracle import sentences
from oracle.sentences import TITLES, Sentence

ROOT = Path(sentences.__file__).parent
SAID = {name: value for name, value in vars(sentences).items() if isinstance(value, Sentence)}
NAME = re.compile(r"\{(\w+)")
HAN = re.compile("[\u4e00-\u9fff]")

OPERATORS = {"deciding.py", "log_check.py", "operator.py", "serve.py"}
"""Modules whose refusals are the operator's to read, on a terminal."""

ASKED = [
    *sorted(path for path in (ROOT / "api").glob("*.py") if path.name not in OPERATORS),
    ROOT / "consent.py",
]


def plain_refusals(source: str) -> list[str]:
    """What is raised or made a problem with a sentence of one language, but for a database's address."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        said = node.args[1] if name == "problem" and len(node.args) > 1 else node.args[0]
        if name in ("Stop", "Retry", "Refusal", "Unknown", "BadCall", "TooMany", "problem"):
            text = ast.unparse(said)
            if isinstance(said, ast.Constant | ast.JoinedStr) and "database is" not in text:
                found.append(f"{name}: {text}")
    return found


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.name)
def test_refusal__of_the_service__is_a_sentence_of_both_languages(path: Path) -> None:
    allowed = {"PostgreSQL needs psycopg"}  # at the start, on a terminal
    found = plain_refusals(path.read_text(encoding="utf-8"))
    assert [each for each in found if not any(text in each for text in allowed)] == []


def test_plain_refusals__finds_what_it_is_for() -> None:
    source = """
raise Stop(f"no {x}")
raise Unknown("no")
problem(409, "no", headers)
raise Stop(SENTENCE.of(x=1))
raise Retry(sentences.NO)
"""
    assert [each.split(":")[0] for each in plain_refusals(source)] == ["Stop", "Unknown", "problem"]


@pytest.mark.parametrize("name", SAID)
def test_sentence__in_both_languages__says_the_same_values(name: str) -> None:
    said = SAID[name]
    assert set(NAME.findall(said)) == set(NAME.findall(said.chinese))
    assert HAN.search(said.chinese)
    assert not HAN.search(said)
    assert said.chinese[-1] in "。}"
    values = dict.fromkeys(NAME.findall(said), 650)
    filled = said.of(**values)
    assert (filled.code, "{" in filled, "{" in filled.chinese) == (said.code, False, False)


def test_codes__name_one_sentence_each() -> None:
    codes = [said.code for said in SAID.values()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    assert all(HAN.search(title.chinese) for title in TITLES.values())
