import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_reader import sources as source_lists
from ledger_reader.errors import Stop
from ledger_reader.ledger import BLOCKS, EVENTS, ChainBlock
from ledger_reader.sources import ChainSources
from ledger_reader.store import LedgerStore
from models import manifest as manifests
from models import registry
from models.manifest import Manifest
from models.registry import Bundle
from oracle.keys import NodeKeys
from oracle.proof_text import BESIDE, proof_of
from oracle.tree import to_json, verify_at_least, verify_score
from oracle.verbs import arguments, bundles, epochs, ledgers, proofs, scores
from tests.oracle.conftest import BO, CHAIN, EPOCH, KAI, MEI, Kept

EPOCH_END = 1_300
NOBODY = b"\x0e" * 20


def text(account: bytes) -> str:
    return "0x" + account.hex()


def manifest_path(kept: Kept) -> Path:
    return next((kept.settings.home / "manifests").iterdir())


def resaved(kept: Kept, **changes: Any) -> Path:
    """The manifest with something else in it, under its new and right name."""
    found = manifests.from_json(manifest_path(kept).read_bytes())
    identity = manifests.save(replace(found, **changes), kept.settings.home)
    return kept.settings.home / "manifests" / f"{identity.hex()}.json"


def event(number: int, kind: str, account: bytes, loan: int = 0) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(EVENTS.names)
    return row | {
        "chain_id": CHAIN,
        "block_number": number,
        "log_index": 0,
        "leg": 0,
        "block_time": 1_000 + 10 * number,
        "tx_hash": bytes(32),
        "protocol": "term_loans" if loan else "credit_oracle",
        "kind": kind,
        "account": account,
        "loan_id": loan.to_bytes(32, "big") if loan else None,
        "due_time": 1_250 if kind == "borrow" else None,
        "value_cents": 5_000 if loan else None,
        "amount": 50_000_000 if loan else None,
        "counterparty": account if kind == "repay" else None,
    }


def ledger_of(folder: Path, head_time: int = EPOCH_END + 1) -> Path:
    """Mei is enrolled and repaid two loans, Kai is enrolled, Bo only borrowed; read up to block 100."""
    rows = [event(1, "enrolled", MEI), event(2, "enrolled", KAI), event(3, "borrow", BO, 9)]
    rows += [event(3 + loan, "borrow", MEI, loan) for loan in (1, 2)]
    rows += [event(6 + loan, "repay", MEI, loan) for loan in (1, 2)]
    head = ChainBlock(CHAIN, 100, b"\x07" * 32, head_time)
    known = {"chain_id": CHAIN, "number": 100, "hash": head.hash, "parent_hash": None, "time": head.time}
    path = folder / "small.duckdb"
    with LedgerStore(path) as store:
        store.append(pa.Table.from_pylist(rows, EVENTS), pa.Table.from_pylist([known], BLOCKS), head)
    return path


# ----------------------------------------------------------------------------------------- proof_of


def score_proof(kept: Kept) -> dict[str, Any]:
    return epochs.make_proof(kept.settings.home, EPOCH, text(MEI), None)


@pytest.mark.parametrize(
    "found",
    [
        None,
        5,
        "score",
        [],
        ["kind"],
        {},
        {"kind": None},
        {"kind": "Score"},
        {"kind": ["score"]},
        {"kind": {"score": 1}},
        {"account": "0x"},
    ],
)
def test_proof_of__of_something_else__says_what_a_proof_is(found: object) -> None:
    with pytest.raises(Stop, match=r"this is no proof: .* as `prove` prints it"):
        proof_of(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof.pop("path"),
        lambda proof: proof.update(more=1),
        lambda proof: proof.update(kind="atLeast"),
        lambda proof: proof.update(score="640"),
        lambda proof: proof.update(score=-1),
        lambda proof: proof.update(score=2**16),
        lambda proof: proof.update(epoch=True),
        lambda proof: proof.update(epoch=2**64),
        lambda proof: proof.update(salt="0x00"),
        lambda proof: proof.update(salt=proof["salt"].upper()),
        lambda proof: proof.update(path={}),
        lambda proof: proof.update(path=["0x"]),
        lambda proof: proof.update(path=[proof["salt"]] * 65),
    ],
)
def test_proof_of__a_field_of_another_form__stops(
    kept: Kept, change: Callable[[dict[str, Any]], object]
) -> None:
    proof = score_proof(kept)
    change(proof)
    with pytest.raises(Stop, match="proof"):
        proof_of(proof)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(["score", "atLeast"]),
    st.dictionaries(st.sampled_from(["epoch", "status", "score", "width", "salt", "path"]), json_values),
)
def test_proof_of__any_values__stops_and_never_crashes(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Stop):
        proof_of({"kind": kind, **fields})


def test_proof_of__of_what_prove_printed__verifies(kept: Kept) -> None:
    score = proof_of(json.loads(json.dumps(score_proof(kept))))
    printed = epochs.make_proof(kept.settings.home, EPOCH, text(MEI), 700)
    least = proof_of(printed)
    for content in (json.dumps(printed), printed["text"], printed["text"] + "\n"):
        assert proofs.read_proof(content.encode(), "proof.json") == least
    verify_score(kept.tree.root, MEI, score)  # type: ignore[arg-type]
    verify_at_least(kept.tree.root, MEI, least)  # type: ignore[arg-type]
    assert to_json(score) == {k: v for k, v in score_proof(kept).items() if k not in BESIDE}


# ------------------------------------------------------------------------------------ read_manifest


@pytest.mark.parametrize("name", ["manifest.json", "0x" + "ab" * 32 + ".json", "abc.json"])
def test_read_manifest__not_named_by_an_id__stops(tmp_path: Path, name: str) -> None:
    with pytest.raises(Stop, match="is not named by a model id; use the file that `train` wrote"):
        scores.read_manifest(tmp_path / "manifests" / name)


def test_read_manifest__no_such_file__stops(kept: Kept) -> None:
    with pytest.raises(Stop, match=f"model 0x{'ab' * 32} is unknown"):
        scores.read_manifest(kept.settings.home / "manifests" / f"{'ab' * 32}.json")


def test_read_manifest__altered__stops(kept: Kept) -> None:
    path = manifest_path(kept)
    path.write_bytes(path.read_bytes().replace(b'"enrolled"', b'"all"'))
    with pytest.raises(Stop, match="not to its name; fetch it again"):
        scores.read_manifest(path)


def test_read_manifest__of_an_unknown_scorecard__stops(kept: Kept) -> None:
    path = resaved(kept, scorecard=b"\x66" * 32)
    with pytest.raises(Stop, match=f"scorecard 0x{'66' * 32} is unknown"):
        scores.read_manifest(path)


def test_read_manifest__whose_scorecard_is_altered__stops(kept: Kept) -> None:
    card = next((kept.settings.home / "scorecards").iterdir())
    card.write_bytes(card.read_bytes().replace(b'"base":600', b'"base":700'))
    with pytest.raises(Stop, match="not the one it is named after"):
        scores.read_manifest(manifest_path(kept))


def test_read_manifest__of_another_feature_set__stops(kept: Kept) -> None:
    path = resaved(kept, feature_set=b"\x55" * 32)
    with pytest.raises(Stop, match=f"made for the feature set 0x{'55' * 32}.*install the version"):
        scores.read_manifest(path)


def test_read_manifest__from_inside_its_folder__is_found(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    path = manifest_path(kept)
    monkeypatch.chdir(path.parent)
    assert scores.read_manifest(Path(path.name))[1] == kept.card


def test_read_manifest__as_saved__comes_with_its_scorecard(kept: Kept) -> None:
    found, card = scores.read_manifest(manifest_path(kept))
    assert isinstance(found, Manifest)
    assert manifests.model_id(found) == kept.report.model_id
    assert card == kept.card


# ---------------------------------------------------------------------------- ledgers, scores, reasons


@pytest.mark.parametrize(
    ("head_time", "sentence"),
    [
        (EPOCH_END, "has read chain 31337 up to time 1300, epoch 3 ends at 1300; read on first"),
        (1_200, "1200"),
    ],
)
def test_show_scores__ledger_not_past_the_end__stops(
    kept: Kept, tmp_path: Path, head_time: int, sentence: str
) -> None:
    with pytest.raises(Stop, match=sentence):
        scores.show_scores(ledger_of(tmp_path, head_time), manifest_path(kept), EPOCH)


def test_show_scores__ledger_of_another_chain__stops(kept: Kept, tmp_path: Path) -> None:
    path = resaved(kept, sources=(ChainSources(5, (), ()),))
    with pytest.raises(Stop, match=r"has not read all of the chains \[5\]; run `read` first"):
        scores.show_scores(ledger_of(tmp_path), path, EPOCH)


def test_explain_account__unknown_language__stops_before_reading(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="the language must be en or zh, got 'fr'"):
        scores.explain_account(tmp_path / "none.duckdb", manifest_path(kept), EPOCH, text(MEI), "fr")
    assert not (tmp_path / "none.duckdb").exists()


@pytest.mark.parametrize("account", [BO, NOBODY], ids=["only borrowed", "unknown"])
def test_explain_account__not_enrolled__stops(kept: Kept, tmp_path: Path, account: bytes) -> None:
    with pytest.raises(Stop, match=f"{text(account)} is not in this epoch: it was not enrolled"):
        scores.explain_account(ledger_of(tmp_path), manifest_path(kept), EPOCH, text(account), "en")


@pytest.mark.parametrize("account", ["Mei", "0x12", "0x" + "zz" * 20, "0x" + "ab" * 19 + "  "])
def test_explain_account__of_no_address__stops_before_reading(
    kept: Kept, tmp_path: Path, account: str
) -> None:
    with pytest.raises(Stop, match="is not an address"):
        scores.explain_account(tmp_path / "none.duckdb", manifest_path(kept), EPOCH, account, "en")
    assert not (tmp_path / "none.duckdb").exists()


def test_show_features__unknown_population__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="the population must be enrolled or all, got 'everyone'"):
        scores.show_features(ledger_of(tmp_path), CHAIN, EPOCH_END, "everyone")


def test_show_scores__of_a_small_ledger__counts_and_hides_no_number_of_the_insufficient(
    kept: Kept, tmp_path: Path
) -> None:
    found = scores.show_scores(ledger_of(tmp_path), manifest_path(kept), EPOCH)
    assert (found["insufficient"], found["scored"], found["thin"]) == (1, 1, 0)
    by_account = {row["account"]: row for row in found["rows"]}
    assert by_account[text(MEI)] == {"account": text(MEI), "status": "scored", "score": 620, "width": 20}
    assert by_account[text(KAI)]["score"] is None
    assert [row["account"] for row in found["rows"]] == sorted(by_account)


def test_explain_account__in_both_languages__agrees_with_the_scores(kept: Kept, tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    english = scores.explain_account(ledger, manifest_path(kept), EPOCH, text(MEI), "en")
    chinese = scores.explain_account(ledger, manifest_path(kept), EPOCH, text(MEI), "zh")
    assert english["score"] == chinese["score"] == 620
    assert (english["status"], chinese["status"]) == ("full record", "记录完整")
    assert english["heldBack"] == [{"code": 6, "points": -120, "text": "Only 2 loans repaid so far."}]
    assert (english["target"], chinese["target"]) == (680, 680)
    higher = scores.explain_account(ledger, manifest_path(kept), EPOCH, text(MEI), "en", 800)
    assert higher["planText"] == "No honest step reaches 800 within 12 months; the most is 620."


def test_show_features__of_either_population__names_everyone_once(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path)
    enrolled = scores.show_features(ledger, CHAIN, EPOCH_END, "enrolled")
    everyone = scores.show_features(ledger, CHAIN, EPOCH_END, "all")
    assert [row["account"] for row in enrolled["rows"]] == sorted([text(MEI), text(KAI)])
    assert [row["account"] for row in everyone["rows"]] == sorted([text(MEI), text(BO)])
    mei = next(row for row in everyone["rows"] if row["account"] == text(MEI))
    assert (mei["loans_repaid"], mei["loans_late"]) == (2, 0)
    assert [described["name"] for described in enrolled["features"]] == list(mei)[1:]
    assert json.loads(json.dumps(enrolled)) == enrolled


def test_index_of__unknown_account__stops(kept: Kept) -> None:
    with pytest.raises(Stop, match=f"{text(NOBODY)} is not in this epoch"):
        scores.index_of(kept.tree.scores, NOBODY)


@pytest.mark.parametrize("account", [MEI, BO, KAI], ids=["Mei", "Bo", "Kai"])
def test_index_of__each_account__is_its_row(kept: Kept, account: bytes) -> None:
    found = kept.tree.scores
    assert found.addresses[scores.index_of(found, account)].tobytes() == account


# -------------------------------------------------------------------- export, import and check a ledger


def test_export_ledger__no_such_ledger__stops_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="make a ledger with `credit-oracle read`"):
        ledgers.export_ledger(tmp_path / "none", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_import_ledger__no_such_folder__stops_and_makes_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("none", "file"):
        with pytest.raises(Stop, match="is no folder; name one that `credit-oracle export` made"):
            ledgers.import_ledger(tmp_path / name, tmp_path / "ledger")
    assert not (tmp_path / "ledger").exists()


def test_check_ledger__no_such_ledger__stops_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="make a ledger with `credit-oracle read`"):
        ledgers.check_ledger(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_export_and_import__a_ledger__tell_what_each_chain_holds(tmp_path: Path) -> None:
    held = [{"chainId": CHAIN, "head": 100, "blocks": 1, "events": 7}]
    exported = ledgers.export_ledger(ledger_of(tmp_path), tmp_path / "out")
    assert exported == {"folder": str(tmp_path / "out"), "chains": held}
    assert ledgers.check_ledger(tmp_path / "out")["chains"] == held
    with pytest.raises(Stop, match="is not imported: chain 31337 has 7 × event of a block that is not known"):
        ledgers.import_ledger(tmp_path / "out", tmp_path / "again.duckdb")


def test_check_ledger__unsound_ledger_and_its_export__same_findings(tmp_path: Path) -> None:
    path = ledger_of(tmp_path)
    ledgers.export_ledger(path, tmp_path / "out")
    found = ledgers.check_ledger(path)
    assert found == ledgers.check_ledger(tmp_path / "out")
    unknown = {"chainId": CHAIN, "wrong": "event of a block that is not known", "rows": 7, "firstBlock": 1}
    assert (found["sound"], found["findings"]) == (False, [unknown])


# ---------------------------------------------------------------------------------------- read_chain


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"{}", "must be a list of chains"),
        (b"[]", "there must be 1 to 64 chains"),
        (b'[{"chain_id": 1}]', "lacks the key 'sources'"),
        (b" " * (4 * 2**20 + 9), "more than the 4194304 allowed"),
    ],
)
def test_read_chain__sources_that_are_none__stops_and_makes_no_ledger(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "sources.json").write_bytes(content)
    with pytest.raises(Stop, match=sentence):
        ledgers.read_chain(
            ("http://127.0.0.1:1",), tmp_path / "sources.json", tmp_path / "ledger.duckdb", None
        )
    assert not (tmp_path / "ledger.duckdb").exists()


def test_read_chain__sources_of_two_chains__stops_and_makes_no_ledger(tmp_path: Path) -> None:
    two = source_lists.to_json((ChainSources(1, (), ()), ChainSources(5, (), ())))
    (tmp_path / "sources.json").write_text(json.dumps(two))
    with pytest.raises(Stop, match="names 2 chains; `read` takes the sources of one chain at a time"):
        ledgers.read_chain(
            ("http://127.0.0.1:1",), tmp_path / "sources.json", tmp_path / "ledger.duckdb", None
        )
    assert not (tmp_path / "ledger.duckdb").exists()


@pytest.mark.parametrize("protocols", [None, "erc20"])
def test_read_chain__neither_or_both_of_file_and_protocols__stops(
    tmp_path: Path, protocols: str | None
) -> None:
    file = None if protocols is None else tmp_path / "sources.json"
    with pytest.raises(Stop, match="either --protocols, such as aave_v3,erc20, or --sources"):
        ledgers.read_chain(("http://127.0.0.1:1",), file, tmp_path / "ledger.duckdb", protocols=protocols)
    assert not (tmp_path / "ledger.duckdb").exists()


def test_content_of__a_folder_or_nothing__stops(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Stop, match="; name an existing file"):
            arguments.content_of(path)


def test_adopt__by_a_key_that_nobody_named__leaves_the_folder_as_it_was(kept: Kept, tmp_path: Path) -> None:
    home, maker = tmp_path / "node", NodeKeys(b"\x05" * 32)
    manifest = manifests.from_json(manifest_path(kept).read_bytes())
    bundle = Bundle(maker.identity_key, manifest, kept.card, {}, b"# Card", b"", b"")
    registry.save(bundle, maker, tmp_path / "a.bundle")
    with pytest.raises(Stop, match="is no node's folder"):
        bundles.adopt_model(tmp_path / "a.bundle", [text(maker.identity_key)], home)
    home.mkdir()
    (home / "identity.json").touch()
    for signers, says in (
        ([], "name its maker's public key"),
        ([text(bytes(32))], "none of the keys you trust"),
    ):
        with pytest.raises(Stop, match=says):
            bundles.adopt_model(tmp_path / "a.bundle", signers, home)
    assert [each.name for each in home.iterdir()] == ["identity.json"]
    told = bundles.adopt_model(tmp_path / "a.bundle", [text(maker.identity_key)], home)
    assert told["modelId"] == "0x" + manifest_path(kept).stem
    assert manifests.load(home, bundle.model_id) == manifest
