"""Taking the record away, and erasing what is kept of it."""

import json
from pathlib import Path

import pytest

from ledger_reader.errors import Stop
from oracle.devchain.demo import LATEST
from oracle.devchain.deploy import DAY
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.stage import EPOCH
from tests.e2e.browser import PHONE
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def test_report__downloaded__is_verified_offline_and_altered_is_not(
    world: PageWorld, visiting: Visiting, tmp_path: Path
) -> None:
    with visiting() as visit:
        visit.open("settings")
        visit.sign_in("Demo wallet: Mei")
        with visit.page.expect_download() as waiting:
            visit.page.get_by_role("link", name="Download my record, signed").click()
        path = tmp_path / "report.json"
        waiting.value.save_as(path)
        command = visit.page.locator("code").inner_text()
    made = json.loads(path.read_text())
    program, *arguments = command.replace("report.json", str(path)).split()
    assert program == "credit-oracle"
    world.stage.verb(*arguments)
    assert made["report"]["parts"]["score"]["score"] == world.told("Mei", "/v1/me/score")["score"]
    made["report"]["parts"]["score"]["score"] += 1
    path.write_text(json.dumps(made))
    with pytest.raises(Stop, match="altered after it was signed"):
        world.stage.verb(*arguments)


def test_erasure__typed_and_sent__leaves_nothing_and_says_what_stays(
    world: PageWorld, visiting: Visiting
) -> None:
    with visiting() as visit:
        visit.open("record")
        visit.sign_in("Demo wallet: Bo")
        visit.page.get_by_label("My own statement").fill("I was ill in June.")
        visit.press("Save")
        visit.see("Saved")
        assert world.told("Bo", "/v1/me/statement")["statement"]["words"] == "I was ill in June."
        visit.open("settings")
        assert visit.page.get_by_role("button", name="Erase what").is_disabled()
        visit.page.get_by_label("Type ERASE").fill("ERASE")
        visit.press("Erase what this service keeps of me")
        visit.see("Your rows and salts are deleted.")
    assert world.told("Bo", "/v1/me/statement")["statement"] is None
    assert world.told("Bo", "/v1/me/consents") == []


def test_score__shown_openly__is_so_until_it_is_taken_back(world: PageWorld, visiting: Visiting) -> None:
    with visiting() as visit:
        visit.open("settings")
        visit.sign_in("Demo wallet: Mei")
        visit.confirm("Show my score openly on chain")
        visit.see("Your score is shown to everyone who asks, until ")
        (given,) = (each for each in world.told("Mei", "/v1/me/consents") if each["what"] == "public")
        assert given["active"]
        visit.confirm("Stop showing my score")
        visit.see("Stopped at once.")
        visit.page.get_by_role("button", name="Show my score openly on chain").wait_for()
    (given,) = (each for each in world.told("Mei", "/v1/me/consents") if each["what"] == "public")
    assert not given["active"]


def test_score__put_on_the_chain__is_read_by_contracts_until_it_is_taken_off(
    world: PageWorld, visiting: Visiting
) -> None:
    oracle, mei = world.stage.oracle, demo_address("Mei")
    wallet = world.wallet(demo_key("Mei"))
    with visiting(wallet) as visit:
        visit.open("settings")
        visit.sign_in("Sign in with Test Wallet")
        wallet.says_no = True
        visit.confirm("Put my score on the chain")
        visit.see("You did not sign. Nothing was sent.")
        assert oracle.read("scoreOf", mei) == (0, 0, 0, 0, 0)
        wallet.says_no = False
        visit.press("Yes, go on")
        visit.see("Contracts can read your score now.")
        told = world.told("Mei", "/v1/me/score")
        ok, score, _, _, epoch, _ = oracle.read("tryGetScore", mei, 30 * DAY)
        assert (ok, score, epoch) == (True, told["score"], told["epoch"])
        visit.see(f"On the chain stands {score} ({told['low']}–{told['high']}), of epoch {epoch}, data to ")
        assert visit.violations() == []
        visit.confirm("Take my score off the chain")
        visit.see("Contracts read it no more.")
        visit.page.get_by_role("button", name="Put my score on the chain").wait_for()
    assert oracle.read("scoreOf", mei) == (0, 0, 0, 0, 0)


def test_score__on_the_chain_of_an_earlier_epoch__is_renewed(world: PageWorld, visiting: Visiting) -> None:
    oracle, bo = world.stage.oracle, demo_address("Bo")
    with visiting(size=PHONE) as visit:
        visit.open("settings")
        visit.sign_in("Demo wallet: Bo")
        visit.see(f"of epoch {EPOCH}, data to ")
        visit.confirm("Put the newer score there")
        visit.see("Contracts can read your score now.")
        told = world.told("Bo", "/v1/me/score")
        visit.see(f"On the chain stands {told['score']} ({told['low']}–{told['high']}), of epoch {LATEST}, ")
        assert visit.page.get_by_role("button", name="Put the newer score there").count() == 0
    score, _, _, epoch, _ = oracle.read("scoreOf", bo)
    assert (score, epoch) == (told["score"], told["epoch"])
