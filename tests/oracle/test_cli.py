"""The command line: 0 done, 1 one sentence, 2 usage; results on standard output, nothing else."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from eth_abi.abi import encode

from ledger_reader.keccak import keccak256
from ledger_reader.store import LedgerStore
from oracle import cli
from oracle.commands.password import PASSWORD
from oracle.committee import from_json
from oracle.epoch import Deployment
from oracle.keys import NodeKeys
from oracle.proof_text import proof_of
from oracle.report import digest
from oracle.report import from_json as report_from_json
from oracle.settings import address_text
from tests.ledger_reader.ledgers import append
from tests.oracle.conftest import BO, CHAIN, CONTRACT, EPOCH, KAI, MEI, Kept

COMMAND: Any = typer.main.get_command(cli.app)
COMMANDS = {name: command for name, command in COMMAND.commands.items() if name != "ledger"}
COMMANDS |= {f"ledger {name}": command for name, command in COMMAND.commands["ledger"].commands.items()}
VERBS = sorted(COMMANDS)
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Ended:
    """How a run of the command line ended."""

    status: object
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one sentence of a refusal; fails when it was none."""
        assert (self.status, self.out) == (1, "")
        (line,) = self.err.splitlines()
        assert line.startswith("credit-oracle: ")
        return line.removeprefix("credit-oracle: ")


class Terminal:
    """Runs `credit-oracle` in this process, as its entry point does."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch, self._captured = patch, captured

    def run(self, *arguments: object) -> Ended:
        self._patch.setattr(sys, "argv", ["credit-oracle", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._captured.readouterr()
        return Ended(ended.value.code, out, err)

    def result(self, *arguments: object) -> dict[str, Any]:
        """The one JSON object that a verb prints with --json."""
        ended = self.run(*arguments, "--json")
        assert (ended.status, ended.err) == (0, "")
        (line,) = ended.out.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    for name in (PASSWORD, f"{PASSWORD}_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Terminal(monkeypatch, capsys)


def write_proof(terminal: Terminal, kept: Kept) -> None:
    """proof.json: Mei's, as `prove --json` prints it."""
    who = ("--epoch", EPOCH, "--account", address_text(MEI))
    Path("proof.json").write_text(terminal.run("prove", "--home", kept.settings.home, *who, "--json").out)


# --------------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"demo", "shanghai"}))
def test_verb__without_what_it_needs__is_usage_and_2(terminal: Terminal, verb: str) -> None:
    ended = terminal.run(*verb.split())
    assert (ended.status, ended.out) == (2, "")
    assert "Missing option '--" in ended.err


@pytest.mark.parametrize("verb", VERBS)
def test_verb__with_an_unknown_option__is_usage_and_2(terminal: Terminal, verb: str) -> None:
    ended = terminal.run(*verb.split(), "--qourum", "3")
    assert (ended.status, ended.out) == (2, "")
    assert "No such option" in ended.err or "Missing option" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("demo", "--borrowers", "5"),
        ("demo", "--seed", "-1"),
        ("init", "--out", "x", "--members", "0"),
        ("init", "--out", "x", "--members", "33"),
        ("init", "--out", "x", "--quorum", "-1"),
        ("init", "--out", "x", "--members", "four"),
        ("report", "--home", ".", "--epoch", "0"),
        ("prove", "--home", ".", "--epoch", "three", "--account", "0x"),
        ("prove", "--home", ".", "--epoch", "1", "--account", "0x", "--at-least", "much"),
        ("score", "--ledger", "l", "--manifest", "m", "--epoch", "-1"),
        ("verify", "--rpc", "r", "--contract", "c", "--account", "a", "--proof", "p", "--max-age", "0"),
        ("verify", "--rpc", "r", "--contract", "c", "--account", "a", "--proof", "p", "--max-age", 2**64),
        ("api", "--home", ".", "--port", "65536"),
        ("api", "--home", ".", "--port", "-1"),
        ("train", "--ledger", "l", "--deployment", "d", "--out", "o", "--cut", "soon"),
        ("evaluate", "--ledger", "l", "--manifest", "m", "--cut", "1", "--days-late", "-1"),
    ],
)
def test_verb__with_a_value_out_of_range__is_usage_and_2(
    terminal: Terminal, arguments: tuple[object, ...]
) -> None:
    ended = terminal.run(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert "Error: " in ended.err


def test_command__without_a_verb__shows_them_all(terminal: Terminal) -> None:
    ended = terminal.run()
    assert ended.status == 2
    assert all(f"\n  {verb} " in ended.out + ended.err for verb in COMMAND.commands)


# ------------------------------------------------------------------------------ refused, one sentence


@pytest.mark.parametrize(
    "arguments", [("init", "--out", "x"), ("node", "--home", "."), ("node", "--home", "x")]
)
def test_keys__without_a_password__are_refused(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    sentence = terminal.run(*arguments).sentence
    assert sentence == (
        "The key files need a password: set CREDIT_ORACLE_PASSWORD_FILE to a file that holds it."
    )
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "names password: No such file or directory"), (b"\n", "need a password"), (b"\xff", "password")],
)
def test_init__password_file_that_holds_none__is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, content: bytes | None, expected: str
) -> None:
    monkeypatch.setenv(f"{PASSWORD}_FILE", "password")
    if content is not None:
        Path("password").write_bytes(content)
    assert expected in terminal.run("init", "--out", "x", "--quick").sentence


@pytest.mark.parametrize("name", ["file", "full"])
def test_init__place_that_is_taken__is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(PASSWORD, "x")
    Path("file").write_bytes(b"")
    Path("full").mkdir()
    Path("full", "something").write_bytes(b"")
    assert name in terminal.run("init", "--out", name, "--quick").sentence


def test_wallets__neither_apart_nor_shared__are_refused(terminal: Terminal) -> None:
    files = ("--ledger", "l", "--manifest", "m.json")
    ended = terminal.run("evaluate", *files, "--cut", 1, "--wallets", "both")
    assert ended.sentence == "wallets must be apart or shared, got 'both'."


@pytest.mark.parametrize(
    "arguments", [("card", "--out", "o"), ("drift", "--ledger", "l"), ("propose", "--from-epoch", 5)]
)
def test_bundle__without_a_key_to_trust__is_refused(
    terminal: Terminal, arguments: tuple[object, ...]
) -> None:
    assert "by --signer" in terminal.run(*arguments, "--bundle", "b.bundle").sentence


def test_init__of_a_model_key__makes_one_encrypted_key_file(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "x")
    told = terminal.result("init", "--out", "keys", "--model-key", "--quick")
    assert [path.name for path in Path("keys").iterdir()] == ["model-key.json"]
    assert "0x" + NodeKeys.load(Path(told["key"]), "x").identity_key.hex() == told["signer"]
    assert "not empty" in terminal.run("init", "--out", "keys", "--model-key", "--quick").sentence


@pytest.mark.parametrize("verb", ["score", "explain", "evaluate"])
def test_manifest__not_named_by_an_id__is_refused_and_makes_no_ledger(terminal: Terminal, verb: str) -> None:
    more = {"score": ("--epoch", 1), "explain": ("--epoch", 1, "--account", address_text(MEI))}
    ended = terminal.run(verb, "--ledger", "l", "--manifest", "m.json", *more.get(verb, ("--cut", 1)))
    assert ended.sentence == "m.json is not named by a model id; use the file that `train` wrote."
    assert not Path("l").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("features", "--chain-id", "1", "--at", "5"),
        ("export", "--out", "exported"),
    ],
)
def test_ledger__that_does_not_exist__is_refused_and_not_made(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    ended = terminal.run(*arguments, "--ledger", "none.duckdb")
    assert "none.duckdb" in ended.sentence
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "proof.json: No such file or directory; name an existing file."),
        (b"", "proof.json is not valid JSON"),
        (b"[" * 100_000, "proof.json is not valid JSON"),
        (b"[]", "this is no proof"),
        (b'{"kind":"score"}', "a proof of this kind lacks the fields"),
        (b'{"kind":"score","score":1.5}', "the number 1.5 is not an integer"),
    ],
)
def test_verify__a_file_that_is_no_proof__is_refused(
    terminal: Terminal, content: bytes | None, expected: str
) -> None:
    if content is not None:
        Path("proof.json").write_bytes(content)
    where = ("--rpc", NOWHERE, "--contract", address_text(CONTRACT), "--account", address_text(MEI))
    assert terminal.run("verify", *where, "--proof", "proof.json").sentence.startswith(expected)


@pytest.mark.parametrize("place", ["--contract", "--account"])
@pytest.mark.parametrize("odd", ["0x12", "Mei", "0x" + "ab" * 19 + "  "])
def test_verify__with_no_address__is_refused(terminal: Terminal, kept: Kept, place: str, odd: str) -> None:
    write_proof(terminal, kept)
    given = {"--contract": address_text(CONTRACT), "--account": address_text(MEI)} | {place: odd}
    flat = [part for pair in given.items() for part in pair]
    assert (
        "is not an address"
        in terminal.run("verify", "--rpc", NOWHERE, *flat, "--proof", "proof.json").sentence
    )


def test_check__neither_of_a_node_nor_of_a_lender__is_a_wrong_usage(terminal: Terminal) -> None:
    assert terminal.run("check", "--lender", "0x" + "57" * 20).status == 2


def test_verify__explain_of_a_reverts_data__is_problem_cause_and_fix(terminal: Terminal) -> None:
    selector, values = keccak256(b"NotCurrentEpoch(uint64,uint64)")[:4], encode(["uint64"] * 2, [3, 4])
    found = terminal.result("verify", "--explain", "0x" + (selector + values).hex())
    assert found["error"] == "NotCurrentEpoch(3, 4)"
    assert found["fix"] == "Ask the borrower for a proof of epoch 4."
    assert "is no revert's data" in terminal.run("verify", "--explain", "0x1234").sentence


@pytest.mark.parametrize("url", ["", "node", "ftp://node"])
def test_verify__rpc_that_is_no_address__is_refused(terminal: Terminal, kept: Kept, url: str) -> None:
    write_proof(terminal, kept)
    where = ("--rpc", url, "--contract", address_text(CONTRACT), "--account", address_text(MEI))
    assert "not of the form http" in terminal.run("verify", *where, "--proof", "proof.json").sentence


@pytest.mark.parametrize(
    ("account", "more", "expected"),
    [
        ("0x" + "0e" * 20, (), "is not in epoch 3: it was not enrolled"),
        ("Mei", (), "'Mei' is not an address"),
        (address_text(KAI), (), "has no score yet in epoch 3, which is not a bad score"),
        (address_text(KAI), ("--at-least", 310), "has no score yet"),
        (address_text(BO), ("--at-least", 650), "the most you can prove this epoch is 510 (asked for 650)"),
        (address_text(BO), ("--at-least", 505), "use a multiple of 10 from 310 to 850"),
        (address_text(BO), ("--at-least", 300), "use a multiple of 10 from 310 to 850"),
    ],
)
def test_prove__what_cannot_be_proved__is_refused(
    terminal: Terminal, kept: Kept, account: str, more: tuple[object, ...], expected: str
) -> None:
    ended = terminal.run(
        "prove", "--home", kept.settings.home, "--epoch", EPOCH, "--account", account, *more, "--json"
    )
    assert expected in ended.sentence


@pytest.mark.parametrize("verb", [("report",), ("prove", "--account", address_text(MEI))])
def test_home__without_settings_or_epoch__is_refused(
    terminal: Terminal, kept: Kept, verb: tuple[str, ...]
) -> None:
    assert "make a node's folder with" in terminal.run(*verb, "--home", "none", "--epoch", 1).sentence
    ended = terminal.run(*verb, "--home", kept.settings.home, "--epoch", 9)
    assert "epoch 9 was not computed here" in ended.sentence


def test_api__without_settings__is_refused(terminal: Terminal) -> None:
    assert "make a node's folder with" in terminal.run("api", "--home", ".").sentence


@pytest.mark.parametrize("verb", ["demo", "shanghai"])
def test_demo__in_an_unknown_language__is_refused_at_once(terminal: Terminal, verb: str) -> None:
    Path("mine").mkdir()
    Path("mine", "file").write_bytes(b"precious")
    sentence = terminal.run(verb, "--lang", "fr", "--folder", "mine").sentence
    assert "the language must be en or zh, got 'fr'" in sentence


# ---------------------------------------------------------------------------------------------- done


@pytest.mark.parametrize("verb", VERBS)
def test_help__of_every_verb_and_option__has_a_line(terminal: Terminal, verb: str) -> None:
    command = COMMANDS[verb]
    assert command.help.strip().endswith(".")
    assert all(option.help for option in command.params)
    ended = terminal.run(*verb.split(), "--help")
    assert (ended.status, ended.err) == (0, "")
    assert command.help.split()[0] in ended.out


def test_command__in_a_process_of_its_own__shows_help_and_refuses_in_one_sentence(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        root = Path(__file__).parents[2]
        return subprocess.run(
            [sys.executable, "-m", "oracle.cli", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=root,
        )

    shown = run("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert all(f"\n  {verb} " in shown.stdout for verb in COMMAND.commands)
    refused = run("report", "--home", str(tmp_path), "--epoch", "1")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert refused.stderr.startswith("credit-oracle: ")


def test_admits__of_an_epochs_folder__counts_nobody_out(terminal: Terminal, kept: Kept) -> None:
    found = terminal.result("admits", "--home", kept.settings.home, "--at-least", "500,850")
    assert (found["epoch"], found["scored"], found["older"]) == (EPOCH, None, [])
    assert [row["people"] for row in found["admits"]] == [None] * 3 + [0] * 3
    table = terminal.run("admits", "--home", kept.settings.home, "--at-least", 500, "--lang", "zh").out
    assert "完整记录" in table
    assert "<5" in table
    assert re.findall("[A-Za-z]+", table) == [], "its names are Chinese too"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--epoch", 9), "epoch 9 was not computed here"),
        (("--lang", "fr"), "the language must be en or zh, got 'fr'"),
        (("--at-least", 605), "nobody can prove at least 605"),
    ],
)
def test_admits__what_there_is_not__is_refused(
    terminal: Terminal, kept: Kept, more: tuple[object, ...], expected: str
) -> None:
    assert expected in terminal.run("admits", "--home", kept.settings.home, *more).sentence


def test_prove__with_json__prints_the_proof_that_verify_reads(terminal: Terminal, kept: Kept) -> None:
    who = ("--home", kept.settings.home, "--epoch", EPOCH, "--account", address_text(MEI))
    index = kept.tree.index_of(MEI)
    found = terminal.result("prove", *who)
    assert proof_of(found) == kept.tree.score_proof(index)
    assert (found["kind"], found["account"]) == ("score", address_text(MEI))
    least = terminal.result("prove", *who, "--at-least", 700)
    assert proof_of(least) == kept.tree.at_least_proof(index, 700)
    assert "score" not in least
    assert str(found["score"]) not in json.dumps({k: v for k, v in least.items() if k != "path"})


@pytest.mark.parametrize("where", [(), ("--home", "."), ("--epoch", 3), ("--folder", ".", "--home", ".")])
def test_prove__from_nowhere_or_from_two_places__is_usage_and_2(
    terminal: Terminal, where: tuple[str, ...]
) -> None:
    ended = terminal.run("prove", "--account", address_text(MEI), *where)
    assert (ended.status, ended.out) == (2, "")
    assert "name --home and --epoch, or --folder" in ended.err


def test_prove__from_one_epochs_folder__is_the_same_proof(terminal: Terminal, kept: Kept) -> None:
    one = ("--folder", kept.settings.epochs / f"{EPOCH:08d}")
    home = ("--home", kept.settings.home, "--epoch", EPOCH)
    who = ("--account", address_text(MEI))
    assert terminal.result("prove", *one, *who) == terminal.result("prove", *home, *who)


def test_report__with_json__is_the_report_and_its_digest(terminal: Terminal, kept: Kept) -> None:
    found = terminal.result("report", "--home", kept.settings.home, "--epoch", EPOCH)
    assert found.pop("leaves") == 3
    signed = found.pop("digest")
    assert report_from_json(found) == kept.report
    assert signed == "0x" + digest(kept.report, Deployment(CHAIN, CONTRACT)).hex()


def test_report__without_json__is_two_columns(terminal: Terminal, kept: Kept) -> None:
    ended = terminal.run("report", "--home", kept.settings.home, "--epoch", EPOCH)
    assert (ended.status, ended.err) == (0, "")
    told = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert (told["epoch"], told["root"], told["leaves"]) == ("3", "0x" + kept.report.root.hex(), "3")


def test_init__quick__makes_a_committee_and_prints_one_object(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("password").write_text("secret words\n")
    monkeypatch.setenv(f"{PASSWORD}_FILE", "password")
    found = terminal.result("init", "--out", "new", "--members", 1, "--quick")
    committee = from_json(json.loads(Path(found["committeeFile"]).read_bytes()))
    assert (len(committee.members), committee.quorum) == (1, 1)
    again = terminal.run("init", "--out", "new", "--members", 1, "--quick")
    assert "keys are never overwritten" in again.sentence


def write_ledger(path: Path) -> None:
    """Two events in three blocks of chain 1."""
    with LedgerStore(path) as store:
        append(store, [1, 2], 3)


def test_ledger_check__of_an_unsound_ledger__is_a_table_and_one_sentence_and_1(terminal: Terminal) -> None:
    write_ledger(Path("ledger"))
    with duckdb.connect("ledger") as raw:
        raw.execute("DELETE FROM events WHERE block_number = 2")
    ended = terminal.run("ledger", "check", "--ledger", "ledger")
    assert ended.status == 1
    assert "range with rows lost or added  1     0" in ended.out
    assert ended.err == (
        "credit-oracle: ledger is unsound in 1 way, as listed: sync into a new ledger file.\n"
    )


def test_ledger_check__of_a_sound_ledger_and_its_export__is_sound_and_0(terminal: Terminal) -> None:
    write_ledger(Path("ledger"))
    exported = terminal.result("export", "--ledger", "ledger", "--out", "out")
    imported = terminal.result("import", "--folder", "out", "--ledger", "again")
    held = [{"chainId": 1, "head": 3, "blocks": 3, "events": 2}]
    assert exported["chains"] == imported["chains"] == held
    for path in ("ledger", "out", "again"):
        found = terminal.result("ledger", "check", "--ledger", path)
        assert found == {"chains": held, "sound": True, "findings": []}
