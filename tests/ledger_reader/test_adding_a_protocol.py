"""The example of docs/adding-a-protocol.md works as it is printed: the file reads its golden log."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.decode import PROTOCOLS
from ledger_reader.sources import Asset, ChainSources, Source
from tests.ledger_reader.meanings import BLOCK, TIME, decode, meaning, raw_log

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-protocol.md").read_text("utf-8")


def printed(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(block)


def test_page__example__reads_its_golden_log(monkeypatch: pytest.MonkeyPatch) -> None:
    golden, module = json.loads(printed("json")), dict[str, Any]()
    exec(printed("python"), module)
    monkeypatch.setitem(PROTOCOLS, golden["protocol"], module["PROTOCOL"])
    (row,) = golden["rows"]
    asset = Asset(bytes.fromhex(row["asset"][2:]), "sUSD", 18, 100)
    source = Source(golden["protocol"], bytes.fromhex(golden["address"][2:]), 0)
    data = "0x" + "".join(word[2:] for word in golden["data"])
    log = raw_log(golden["address"], golden["topics"], data)
    table = decode([log], {BLOCK: TIME}, ChainSources(1, (source,), (asset,)))
    assert [meaning(row) for row in table.to_pylist()] == [row]


def test_page__example__is_documented_as_the_page_asks() -> None:
    module = dict[str, Any]()
    exec(printed("python"), module)
    (event,) = module["PROTOCOL"].events
    assert f"\n    {event.signature}\n        " in module["__doc__"]
    assert module["PROTOCOL"].name not in PROTOCOLS, "choose an example that is not read yet"
