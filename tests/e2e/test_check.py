"""`check` against a real chain, real folders and addresses that fail in every way an address can."""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest

from oracle.ceremony import FIRST_EPOCH, IDENTITY_FILE, SECRET_FILE, SIGNER_FILE
from oracle.check.checkup import check_node
from oracle.check.row import Row
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.deploy import DAY
from oracle.devchain.people import demo_address
from oracle.devchain.stage import COMMAND, EPOCH, Stage
from oracle.keys import INTERACTIVE, KeySigner, NodeKeys, save_secret
from oracle.settings import address_text, write_settings
from tests.e2e.conftest import free_port
from tests.e2e.small_world import put_back, small_world

PLANTED = "k3y-pl4nted"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A small committee; nothing is published."""
    with small_world(tmp_path_factory.mktemp("world")) as stage:
        yield stage


@pytest.fixture
def stage(world: Stage, tmp_path: Path) -> Iterator[Stage]:
    """The world as it was, and fresh copies of the members' folders."""
    with put_back(world, tmp_path) as found:
        yield found


def password_of(stage: Stage) -> str:
    return (stage.folder / "password.txt").read_text().strip()


def rows_of(stage: Stage, home: Path | None = None) -> dict[str, Row]:
    """What check finds in the first member's folder (or `home`), by name of the row."""
    return {row.what: row for row in check_node(home or stage.homes[0], password_of(stage))}


def change(home: Path, **values: Any) -> None:
    """Rewrite some of a folder's settings."""
    write_settings(home, json.loads((home / "settings.json").read_bytes()) | values)


def not_ok(rows: dict[str, Row]) -> set[str]:
    return {what for what, row in rows.items() if row.state == "fix"}


# ------------------------------------------------------------------------------------- addresses


def test_check__a_dead_address_beside_a_good_one__is_named_without_its_key_and_the_rest_goes_on(
    stage: Stage,
) -> None:
    dead = f"http://user:{PLANTED}@127.0.0.1:{free_port()}/v3/{PLANTED}"
    change(stage.homes[0], rpc={"31337": [dead, stage.anvil.url]})
    rows = rows_of(stage)
    assert not_ok(rows) == {"rpc 31337 #1"}
    assert "cannot be reached" in rows["rpc 31337 #1"].says
    assert all(PLANTED not in row.says for row in rows.values())
    assert rows["member now"].state == "ok"


def test_check__only_a_dead_address__says_so_and_what_was_not_looked_at(stage: Stage) -> None:
    change(stage.homes[0], rpc={"31337": [f"http://127.0.0.1:{free_port()}"]})
    rows = rows_of(stage)
    assert not_ok(rows) == {"rpc 31337 #1", "rpc 31337", "clock"}
    assert rows["contract"].state == "wait"
    assert "not looked at" in rows["contract"].says


def test_check__an_address_that_takes_calls_and_never_answers__is_given_up_in_time(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        change(
            stage.homes[0], rpc={"31337": [stage.anvil.url, f"http://127.0.0.1:{silent.getsockname()[1]}"]}
        )
        rows = rows_of(stage)
    assert not_ok(rows) == {"rpc 31337 #2"}
    assert "did not answer in time" in rows["rpc 31337 #2"].says


def test_check__an_address_that_answers_byte_by_byte__is_given_up_in_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.check.row.PROBE_SECONDS", 4.0)
    with dripping() as url:
        change(stage.homes[0], rpc={"31337": [stage.anvil.url, url]}, peers={address_text(b"\x07" * 20): url})
        rows = rows_of(stage)
    assert {"rpc 31337 #2", "peer 0x07070707…"} <= not_ok(rows)
    assert rows["rpc 31337 #2"].says == "no answer within 4 s: look at what it talks to."
    assert rows["member now"].state == "ok"


def test_check__an_address_of_another_chain__is_named_with_both_ids(stage: Stage) -> None:
    with Anvil(chain_id=5) as other:
        change(stage.homes[0], rpc={"31337": [stage.anvil.url, other.url]})
        rows = rows_of(stage)
    assert not_ok(rows) == {"rpc 31337 #2"}
    assert "is a node of chain 5, not of chain 31337" in rows["rpc 31337 #2"].says


def test_check__two_addresses_with_different_blocks__are_said_to_differ(stage: Stage) -> None:
    with Anvil(start_time=stage.anvil.start_time + 5) as other:
        other.advance_to(stage.anvil.now(), blocks=stage.anvil.height())
        change(stage.homes[0], rpc={"31337": [stage.anvil.url, other.url]})
        rows = rows_of(stage)
    assert not_ok(rows) == {"rpc 31337"}
    assert "differs (#1 0x" in rows["rpc 31337"].says


def test_check__the_chain_is_ahead_of_this_machine__its_clock_is_to_be_set(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.check.chains.time.time", lambda: float(stage.anvil.now() - 100))
    assert "100 s in this machine's future" in rows_of(stage)["clock"].says
    assert not_ok(rows_of(stage)) == {"clock"}


# ------------------------------------------------------------------------------------- the folder


def test_check__a_key_file_that_others_can_read__names_the_command_that_mends_it(stage: Stage) -> None:
    path = stage.homes[0] / IDENTITY_FILE
    path.chmod(0o644)
    rows = rows_of(stage)
    assert f"run chmod 600 {path}." in rows["permissions"].says
    assert {"permissions", "keys"} <= not_ok(rows)


def test_check__no_settings__is_one_row_with_the_way_out(stage: Stage) -> None:
    (stage.homes[0] / "settings.json").unlink()
    rows = rows_of(stage)
    assert not_ok(rows) == {"settings"}
    assert "credit-oracle init" in rows["settings"].says


def test_check__no_folder__is_one_row(tmp_path: Path) -> None:
    found = check_node(tmp_path / "nothing", None)
    assert {(row.what, row.state) for row in found} == {("folder", "fix"), ("settings", "fix")}


def test_check__a_wrong_password__is_said_and_the_rest_goes_on(stage: Stage) -> None:
    rows = {row.what: row for row in check_node(stage.homes[0], "not it")}
    assert not_ok(rows) == {"keys"}
    assert "wrong password" in rows["keys"].says
    assert (rows["member now"].state, rows["secret"].state) == ("ok", "wait")


def test_check__a_damaged_log_of_what_was_signed__is_to_be_moved_away(stage: Stage) -> None:
    path = stage.homes[0] / "signed.sqlite"
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)
    path.chmod(0o600)
    rows = rows_of(stage)
    assert not_ok(rows) == {"signed log"}
    assert "sits out for two epochs" in rows["signed log"].says


def test_check__hardly_any_disk_left__is_to_be_freed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.check.home.LEAST_FREE", 1 << 60)
    assert not_ok(rows_of(stage)) == {"disk"}


# --------------------------------------------------------------------------------- signer and wallet


@pytest.fixture(scope="module")
def signing_machine() -> Iterator[Anvil]:
    """Another machine, which answers as a signer does."""
    with Anvil() as anvil:
        yield anvil


def remote(signing_machine: Anvil, address: bytes) -> dict[str, str]:
    return {"url": signing_machine.url, "address": address_text(address)}


def own_account(signing_machine: Anvil) -> bytes:
    return bytes.fromhex(signing_machine.rpc.call("eth_accounts", [])[0][2:])


@pytest.mark.parametrize("setting", ["signer", "wallet"])
def test_check__nobody_answers_where_a_signer_should_be__is_to_be_started(stage: Stage, setting: str) -> None:
    url = f"http://user:{PLANTED}@127.0.0.1:{free_port()}/{PLANTED}"
    member = KeySigner.load(stage.homes[0] / SIGNER_FILE, password_of(stage)).address
    change(stage.homes[0], **{setting: {"url": url, "address": address_text(member)}})
    rows = rows_of(stage)
    assert not_ok(rows) == {setting}
    assert f"cannot be reached (ConnectError): start it, or correct {setting}" in rows[setting].says
    assert all(PLANTED not in row.says for row in rows.values())


def test_check__a_signer_that_takes_calls_and_never_answers__is_given_up_in_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.check.signing.TIMEOUT_S", 0.5)
    with dripping() as url:
        change(stage.homes[0], wallet={"url": url, "address": address_text(b"\x07" * 20)})
        rows = rows_of(stage)
    assert not_ok(rows) == {"wallet", "balance"}
    assert "did not answer within 0.5 s" in rows["wallet"].says


def test_check__a_signer_without_the_key_named__says_which_address(
    stage: Stage, signing_machine: Anvil
) -> None:
    member = KeySigner.load(stage.homes[0] / SIGNER_FILE, password_of(stage)).address
    change(stage.homes[0], signer=remote(signing_machine, member))
    rows = rows_of(stage)
    assert not_ok(rows) == {"signer"}
    assert f"does not list {address_text(member)}: give it that key" in rows["signer"].says


def test_check__a_signer_of_a_strangers_key__is_no_members(stage: Stage, signing_machine: Anvil) -> None:
    (stage.homes[0] / SIGNER_FILE).unlink()
    stranger = own_account(signing_machine)
    change(stage.homes[0], signer=remote(signing_machine, stranger))
    rows = rows_of(stage)
    assert rows["signer"].state == "ok"
    assert {"member now"} <= not_ok(rows) <= {"member now", "balance"}
    assert address_text(stranger) in rows["member now"].says


def test_check__the_members_key_on_another_machine__all_is_well(stage: Stage, signing_machine: Anvil) -> None:
    member = KeySigner.load(stage.homes[0] / SIGNER_FILE, password_of(stage)).address
    (stage.homes[0] / SIGNER_FILE).unlink()
    signing_machine.rpc.call("anvil_impersonateAccount", [address_text(member)])
    change(stage.homes[0], signer=remote(signing_machine, member))
    rows = rows_of(stage)
    signing_machine.rpc.call("anvil_stopImpersonatingAccount", [address_text(member)])
    assert not not_ok(rows)
    assert [rows[what].state for what in ("signer", "keys", "member now", "balance")] == ["ok"] * 4
    assert "elsewhere" in rows["keys"].says
    assert address_text(member) in rows["balance"].says
    assert "wallet" not in rows


def test_check__another_pays__its_balance_counts(stage: Stage, signing_machine: Anvil) -> None:
    payer = own_account(signing_machine)
    stage.anvil.set_balances([payer], wei=10**9)
    change(stage.homes[0], wallet=remote(signing_machine, payer))
    rows = rows_of(stage)
    assert not_ok(rows) == {"balance"}
    assert address_text(payer) in rows["balance"].says
    stage.anvil.set_balances([payer])
    assert not not_ok(rows_of(stage))


def test_check__a_key_file_that_pays__is_opened_and_kept_private(stage: Stage) -> None:
    path, payer = stage.homes[0] / "payer.json", KeySigner.generate()
    change(stage.homes[0], wallet="payer.json")
    rows = rows_of(stage)
    assert not_ok(rows) == {"wallet"}
    assert f"{path} is missing" in rows["wallet"].says
    assert rows["balance"].state == "wait"
    payer.save(path, "another password", INTERACTIVE)
    assert {"wallet", "balance"} == not_ok(rows_of(stage))
    path.unlink()
    payer.save(path, password_of(stage), INTERACTIVE)
    stage.anvil.set_balances([payer.address])
    rows = rows_of(stage)
    assert not not_ok(rows)
    assert f"{address_text(payer.address)} pays" in rows["wallet"].says
    path.chmod(0o644)
    assert "permissions" in not_ok(rows_of(stage))


# ------------------------------------------------------------------------------------ the contract


def test_check__no_code_where_the_contract_should_be__says_which_setting_is_wrong(stage: Stage) -> None:
    change(stage.homes[0], contract=address_text(b"\x09" * 20))
    rows = rows_of(stage)
    assert not_ok(rows) == {"contract"}
    assert "has no code on chain 31337: correct contract in settings.json" in rows["contract"].says


def test_check__another_contract_than_ours__is_refused_by_its_answers(stage: Stage) -> None:
    change(stage.homes[0], contract=address_text(stage.deployment.coin))
    assert not_ok(rows_of(stage)) == {"contract"}


def test_check__a_strangers_key__is_no_members(stage: Stage) -> None:
    (stage.homes[0] / SIGNER_FILE).unlink()
    KeySigner.generate().save(stage.homes[0] / SIGNER_FILE, password_of(stage))
    rows = rows_of(stage)
    assert not_ok(rows) == {"member now", "balance"}
    assert "is not in committee 0x" in rows["member now"].says


def test_check__the_identity_of_another_member__does_not_fit_the_address(stage: Stage) -> None:
    shutil.copy(stage.homes[1] / IDENTITY_FILE, stage.homes[0] / IDENTITY_FILE)
    rows = rows_of(stage)
    assert {"member now", "secret"} == not_ok(rows)
    assert "restore that identity.json" in rows["member now"].says


def test_check__a_committee_is_scheduled_without_this_member__tomorrow_is_told_today(stage: Stage) -> None:
    committee = stage.oracle.committee_at(EPOCH)
    smaller = replace(
        committee, members=committee.members[1:], identity_keys=committee.identity_keys[1:], quorum=2
    )
    call = stage.oracle.call_data("scheduleCommittee", astuple(smaller), EPOCH + 4)
    stage.anvil.mine_block(
        [Transaction(stage.deployment.owner, stage.deployment.oracle, call, gas=2_000_000)]
    )
    rows = rows_of(stage)
    assert not_ok(rows) == {"member later"}
    assert rows["member now"].state == "ok"


def test_check__publishing_is_paused__is_waited_for(stage: Stage) -> None:
    call = stage.oracle.call_data("pause", stage.anvil.now() + DAY)
    stage.anvil.mine_block([Transaction(demo_address("guardian"), stage.deployment.oracle, call)])
    stage.anvil.advance_to(stage.anvil.now() + 5)
    rows = rows_of(stage)
    assert rows["state"].state == "wait"
    assert "publishing is paused for 86" in rows["state"].says
    assert not not_ok(rows)


def test_check__an_altered_manifest__does_not_hash_to_its_name(stage: Stage) -> None:
    (path,) = (stage.homes[0] / "manifests").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"enrolled"', b'"all"'))
    rows = rows_of(stage)
    assert not_ok(rows) == {"model now"}
    assert "not to its name" in rows["model now"].says


def test_check__a_scorecard_is_missing__is_named(stage: Stage) -> None:
    shutil.rmtree(stage.homes[0] / "scorecards")
    assert "scorecard 0x" in rows_of(stage)["model now"].says


def test_check__another_secret_than_the_committees__is_told_before_the_round(stage: Stage) -> None:
    keys = NodeKeys.load(stage.homes[0] / IDENTITY_FILE, password_of(stage))
    save_secret(stage.homes[0] / SECRET_FILE, FIRST_EPOCH, b"\x05" * 32, keys)
    rows = rows_of(stage)
    assert not not_ok(rows)
    assert rows["secret"].state == "wait"
    assert "is not what the contract names" in rows["secret"].says


def test_check__nothing_left_to_pay_with__names_coin_chain_and_address(stage: Stage) -> None:
    signer = KeySigner.load(stage.homes[0] / SIGNER_FILE, password_of(stage))
    stage.anvil.set_balances([signer.address], wei=10**9)
    rows = rows_of(stage)
    assert not_ok(rows) == {"balance"}
    assert address_text(signer.address) in rows["balance"].says
    assert "on chain 31337" in rows["balance"].says


# ------------------------------------------------------------------------------------------- peers


def test_check__while_two_members_run__they_are_up_and_a_wrong_name_is_found(stage: Stage) -> None:
    with contextlib.ExitStack() as stack:
        for home in stage.homes[1:3]:
            stack.enter_context(stage.process(home, {}, "node"))
            wait_until_listening(home)
        rows = rows_of(stage)
        up = [row for row in rows.values() if row.what.startswith("peer 0x") and row.state == "ok"]
        assert len(up) == 2
        assert rows["peers"].says.startswith("2 of 3 answer")
        assert not not_ok(rows)
        peers = json.loads((stage.homes[0] / "settings.json").read_bytes())["peers"]
        names, urls = list(peers), list(peers.values())
        change(stage.homes[0], peers=dict(zip(names, [urls[1], urls[0], urls[2]], strict=True)))
        swapped = rows_of(stage)
        assert len([w for w in not_ok(swapped) if w.startswith("peer 0x")]) == 2


def test_check__something_else_at_a_peers_address__is_to_be_corrected(stage: Stage) -> None:
    change(stage.homes[0], peers={address_text(b"\x07" * 20): stage.anvil.url})
    rows = rows_of(stage)
    assert not_ok(rows) == {"peer 0x07070707…"}
    assert "not as a node does" in rows["peer 0x07070707…"].says


# -------------------------------------------------------------------------------------------- verb


def test_check_verb__all_well__ends_with_0_and_gives_three_words_only(stage: Stage) -> None:
    before = {path: path.stat().st_mtime_ns for path in stage.homes[0].rglob("*")}
    found = stage.verb("check", "--home", stage.homes[0])
    assert {path: path.stat().st_mtime_ns for path in stage.homes[0].rglob("*")} == before
    assert found["fix"] == 0
    assert {row["state"] for row in found["rows"]} == {"ok", "wait"}
    assert all(row["says"] and "\n" not in row["says"] for row in found["rows"])


def test_check_verb__something_to_fix__prints_the_table_and_ends_with_1(stage: Stage) -> None:
    (stage.homes[0] / SECRET_FILE).write_bytes(b"not a box")
    command = [*COMMAND, "check", "--home", str(stage.homes[0])]
    done = subprocess.run(command, capture_output=True, text=True, env=stage.environment, check=False)
    assert done.returncode == 1
    assert "credit-oracle: 1 of " in done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1:2] == ["fix"]]
    assert line.startswith("secret ")


@contextlib.contextmanager
def dripping() -> Iterator[str]:
    """A server that answers anything with one byte every half second, for ever."""
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{")
            while not ended.wait(0.5):
                connection.sendall(b" ")

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not ended.is_set():
                connection, _ = listening.accept()
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)


def wait_until_listening(home: Path) -> None:
    """Until the node of a folder has its port open."""
    host, _, port = json.loads((home / "settings.json").read_bytes())["listen"].rpartition(":")
    deadline = threading.Event()
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        deadline.wait(0.1)
    raise AssertionError(f"nothing listens on {host}:{port}")
