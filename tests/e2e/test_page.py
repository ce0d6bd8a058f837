"""The borrower's page in a real browser, gone through as a person would; one world and one browser for all.

Every visit fails on a script's error, on a breach of the content policy, and on any request to another host.
"""

import gzip
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser

from ledger_reader.errors import Stop
from oracle.api.page import KEPT
from oracle.consent import ReadRequest, request_digest, to_json
from oracle.contract import Contract
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.stage import own
from oracle.epoch import Deployment
from oracle.keys import KeySigner
from oracle.settings import address_text
from tests.e2e.browser import (
    DESKTOP,
    NARROW,
    PHONE,
    TestWallet,
    Visit,
    built_files,
    chromium,
    running_browser,
    visiting,
)
from tests.e2e.page_world import PageWorld, loans_of, page_world

pytestmark = pytest.mark.timeout(300)

READER, STRANGER = KeySigner(b"\x71" * 32), b"\x72" * 32
PURPOSE = "loan application / 贷款申请"
OWN_SCREENS = ("score", "why", "prove", "access", "record", "settings")
OPEN_SCREENS = ("lender", "status", "help")
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    chromium()
    with page_world(tmp_path_factory.mktemp("page")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


def wallet_of(world: PageWorld, key: bytes) -> TestWallet:
    """A wallet with money for transactions."""
    wallet = TestWallet(key, world.stage.anvil.rpc, world.stage.deployment.chain_id)
    world.stage.anvil.set_balances([bytes.fromhex(wallet.address[2:])])
    return wallet


def told(world: PageWorld, name: str, path: str, **parameters: object) -> Any:
    """What the service tells one of the cast."""
    answer = own(world.url, name, path, world.stage.deployment.chain_id, **parameters)
    return answer.raise_for_status().json()


def read(world: PageWorld, borrower: bytes, what: str, threshold: int = 0) -> httpx2.Response:
    """Ask for somebody's record as READER, by a signed request."""
    asked = ReadRequest(borrower, READER.address, what, PURPOSE, threshold, int(time.time()), time.time_ns())
    deployment = Deployment(world.stage.deployment.chain_id, world.stage.deployment.oracle)
    signature = "0x" + READER.sign_digest(request_digest(asked, deployment)).hex()
    body = to_json(asked) | {"signature": signature}
    return httpx2.post(f"{world.url}/v1/reads", json=body, trust_env=False)


# ------------------------------------------------------------------------------------------------ reading


def test_page__built__is_small_and_speaks_to_no_other_host() -> None:
    files = built_files()
    index = next(path for path in files if path.name == "index.html").read_text()
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) < MOST_BYTES
    assert re.findall(r'(?:src|href)="(?!/assets/|data:)', index) == []
    assert all(re.search(r"-[\w-]{8}\.(js|css)$", path.name) for path in files if path.name != "index.html")


def test_page__served__keeps_hashed_files_and_allows_only_the_operators_rpc(world: PageWorld) -> None:
    index = httpx2.get(world.url, trust_env=False)
    script = next(
        path.name for path in built_files() if path.name.startswith("index-") and path.suffix == ".js"
    )
    kept = httpx2.get(f"{world.url}/assets/{script}", trust_env=False).headers["cache-control"]
    assert f"connect-src 'self' {world.stage.anvil.url};" in index.headers["content-security-policy"]
    assert "unsafe" not in index.headers["content-security-policy"]
    assert (index.headers["cache-control"], kept) == ("no-cache", KEPT)


def test_score__of_mei__is_the_services_with_reasons_and_plan(world: PageWorld, browser: Browser) -> None:
    score = told(world, "Mei", "/v1/me/score", target=747)
    with visiting(browser, world.url) as visit:
        visit.open()
        visit.sign_in("demo wallet: Mei")
        visit.see(str(score["score"]))
        shown = visit.text()
        assert f"likely {score['low']}–{score['high']}" in shown
        assert "Your record is strong" in shown
        assert "Out of date" not in shown, "the chain's time is what counts"
        visit.open("why")
        visit.page.get_by_label("To reach").fill("747")
        visit.press("Work it out")
        visit.see(score["plan"][-1]["text"])
        why = visit.text()
        for reason in (*score["helped"], *score["heldBack"]):
            assert reason["text"] in why
            assert f"{reason['points']:+d} points".replace("-", "−") in why
        for step in score["plan"]:
            assert f"+{step['low']} to +{step['high']} if nothing else changes" in why


def test_page__reloaded__signs_nobody_out(world: PageWorld, browser: Browser) -> None:
    with visiting(browser, world.url, allowed=(world.stage.anvil.url,)) as visit:
        visit.open("prove")
        visit.sign_in("demo wallet: Mei")
        visit.page.reload()
        visit.press("Make the proof")
        visit.see("18 % a year")
        visit.press("Sign out")
        visit.see("Your wallet will show")
        visit.page.reload()
        visit.see("Your wallet will show")


def test_score__of_somebody_without_one__is_no_number_but_what_builds_a_record(
    world: PageWorld, browser: Browser
) -> None:
    with visiting(browser, world.url, size=PHONE) as visit:
        visit.open()
        visit.sign_in("demo wallet: Kai")
        visit.see("No score yet")
        assert "Receive wages or remittances" in visit.text()
        assert visit.page.locator(".number, .ruler").count() == 0
        visit.open("prove")
        visit.see("There is no score to prove")
        assert visit.violations() == []


def test_wallet__never_enrolled__enrols_by_its_own_transaction(world: PageWorld, browser: Browser) -> None:
    wallet = wallet_of(world, STRANGER)
    with visiting(browser, world.url, wallet) as visit:
        visit.open()
        visit.sign_in("Sign in with Test Wallet")
        visit.see("not among those scored")
        visit.press("Ask to be scored")
        visit.see("The first score comes with")
        visit.press("Ask to be scored")
        visit.see("is enrolled already")
    assert world.stage.oracle.read("isEnrolled", bytes.fromhex(wallet.address[2:])) == (True,)


# ------------------------------------------------------------------------------------------------ proving


def test_proof__of_at_least_650__opens_a_loan_and_convinces_a_lender(
    world: PageWorld, browser: Browser
) -> None:
    before = loans_of(world.stage)
    with visiting(browser, world.url, allowed=(world.stage.anvil.url,)) as visit:
        visit.open("prove")
        visit.sign_in("demo wallet: Mei")
        visit.page.get_by_label("Score at least").first.fill("850")
        visit.press("Make the proof")
        visit.see(f"The most you can prove this epoch is {told(world, 'Mei', '/v1/me/ladder')['most']}.")
        visit.page.get_by_label("Score at least").first.fill("650")
        visit.press("Make the proof")
        visit.see("about 4.44 USD for 30 days")
        proof = visit.page.get_by_label("The proof as text").input_value()
        visit.press("Copy the proof")
        visit.see("Copied")
        assert visit.page.evaluate("() => navigator.clipboard.readText()") == proof
        visit.press("Borrow 300 USD")
        said = visit.see("Lent: 300.00 USD").inner_text()
        assert "Repay 304.44 USD by 2026-01-31" in said
    assert str(json.loads(proof)).find(str(told(world, "Mei", "/v1/me/score")["score"])) == -1
    assert loans_of(world.stage) == before + 1
    loan = Contract(world.stage.anvil.rpc, "TermLoans", world.stage.deployment.loans).read(
        "loanOf", before + 1
    )
    assert loan[0][0] == address_text(demo_address("Mei"))
    lender_checks(world, browser, proof)


def lender_checks(world: PageWorld, browser: Browser, proof: str) -> None:
    """The lender pastes the proof, then one that was altered, then no proof at all."""
    altered = json.dumps(json.loads(proof) | {"threshold": 660})
    with visiting(browser, world.url) as visit:
        visit.open("lender")
        for text, answer in (
            (proof, f"Proven: {address_text(demo_address('Mei'))} has at least 650, full record, in epoch 3"),
            (altered, "Not proven: "),
            ("hello", "Not proven: this is not the text of a proof"),
        ):
            visit.page.get_by_label("Paste a proof").fill(text)
            visit.press("Check")
            visit.see(answer)


def test_loan__too_large__is_refused_in_words_and_costs_nothing(world: PageWorld, browser: Browser) -> None:
    wallet = wallet_of(world, demo_key("Mei"))
    with visiting(browser, world.url, wallet) as visit:
        visit.open("prove")
        visit.sign_in("Sign in with Test Wallet")
        visit.press("Make the proof")
        visit.page.get_by_label("Amount in dollars").fill("1001")
        visit.press("Borrow 1001 USD")
        visit.see("This lender lends at most 1,000.00 USD at once. Ask for less.")
    assert "eth_sendTransaction" not in wallet.asked


def test_wallet__that_declines_or_is_elsewhere__is_told_what_to_do(
    world: PageWorld, browser: Browser
) -> None:
    wallet = wallet_of(world, demo_key("Mei"))
    with visiting(browser, world.url, wallet) as visit:
        wallet.says_no = True
        visit.open("settings")
        visit.press("Sign in with Test Wallet")
        visit.see("You did not sign. Nothing was sent.")
        wallet.says_no = False
        visit.sign_in("Sign in with Test Wallet")
        wallet.at, wallet.follows = 1, False
        visit.press("Ask not to be scored")
        visit.see(f"Your wallet is on 1; this record is on {wallet.chain_id}. Switch.")
        wallet.follows, wallet.says_no = True, True
        visit.press("Ask not to be scored")
        visit.see("You did not sign. Nothing was sent.")
    assert wallet.at == wallet.chain_id, "the page asked the wallet to switch"


# ------------------------------------------------------------------------------------------------ consent


def test_consent__given_read_and_stopped__is_the_borrowers_to_see(world: PageWorld, browser: Browser) -> None:
    mei, reader = demo_address("Mei"), address_text(READER.address)
    assert read(world, mei, "at least 650", 650).status_code == 403
    with visiting(browser, world.url, wallet_of(world, demo_key("Mei"))) as visit:
        visit.open("access")
        visit.sign_in("Sign in with Test Wallet")
        visit.see("Nobody may look, and nobody has looked.")
        consent_to(visit, reader, "at least 650", count=2)
        visit.see("Allowed. Receipt")
        answer = read(world, mei, "at least 650", 650)
        assert answer.json()["holds"] is True
        assert read(world, mei, "score").status_code == 403, "only what was consented to"
        visit.page.reload()
        visit.see("1 of 2 left")
        visit.see("entry 1 of the log")
        visit.page.get_by_role("button", name="Stop").click()
        visit.see("Stopped at once.")
        visit.see("stopped 20")
        assert read(world, mei, "at least 650", 650).status_code == 403


def consent_to(visit: Visit, reader: str, what: str, count: int = 1) -> None:
    """Fill the form in, look at what will be signed, and sign."""
    visit.page.get_by_label("Name of the reader").fill("Corner Lending")
    visit.page.get_by_label("Reader's address").fill(reader)
    if what.startswith("at least"):
        visit.page.get_by_label("Score at least").fill(what.removeprefix("at least "))
    else:
        visit.page.get_by_label("What", exact=True).select_option(what)
    visit.page.get_by_label("How often").fill(str(count))
    visit.page.get_by_role("heading", name="Let Corner Lending see").wait_for()
    visit.press("Sign and allow")


def test_lender__with_a_wallet_of_its_own__reads_what_was_consented_to(
    world: PageWorld, browser: Browser
) -> None:
    wallet = wallet_of(world, STRANGER)
    with visiting(browser, world.url) as visit:
        visit.open("access")
        visit.sign_in("demo wallet: Bo")
        consent_to(visit, wallet.address, "band")
        visit.see("Allowed. Receipt")
    with visiting(browser, world.url, wallet) as visit:
        visit.open("lender")
        visit.page.get_by_label("Borrower's address").fill(address_text(demo_address("Bo")))
        visit.page.get_by_label("What", exact=True).select_option("band")
        visit.press("Ask with Test Wallet")
        visit.see("steady" if told(world, "Bo", "/v1/me/score")["band"] == "steady" else "full record")
        visit.press("Ask with Test Wallet")
        visit.see("No consent for this request.")


# ------------------------------------------------------------------------------------------------- record


def test_fact__disputed__is_a_transaction_with_hashes_and_its_words_stay_here(
    world: PageWorld, browser: Browser
) -> None:
    stage = world.stage
    fact = next(each for each in told(world, "Bo", "/v1/me/facts") if each["outcome"] == "late")
    with visiting(browser, world.url, allowed=(stage.anvil.url,)) as visit:
        visit.open("record")
        visit.sign_in("demo wallet: Bo")
        item = visit.page.locator("section", has_text=f"block {fact['blockNumber']} of chain").first
        assert "Loan · repaid late" in item.inner_text()
        item.get_by_role("button", name="This is wrong").click()
        item.get_by_label("What is wrong?").select_option("already repaid")
        item.get_by_label("In your own words").fill("I paid the day before.")
        visit.press("Send: one transaction with a hash of the fact")
        visit.see("Sent in transaction 0x")
        assert "in dispute" in item.inner_text()
        assert "already repaid: I paid the day before." in visit.text()
    disputes = Contract(stage.anvil.rpc, "Disputes", stage.deployment.contracts["disputes"])
    fact_id = bytes.fromhex(fact["factId"][2:])
    (asked,) = told(world, "Bo", "/v1/me/disputes")
    assert disputes.read("disputeOf", demo_address("Bo"), fact_id)[0] is True
    block = stage.anvil.rpc.call("eth_getBlockByNumber", ["latest", True])
    assert [each["input"][-64:] for each in block["transactions"]] == [asked["wordsHash"][2:]]


def test_report__downloaded__is_verified_offline_and_altered_is_not(
    world: PageWorld, browser: Browser, tmp_path: Path
) -> None:
    with visiting(browser, world.url) as visit:
        visit.open("settings")
        visit.sign_in("demo wallet: Mei")
        with visit.page.expect_download() as waiting:
            visit.page.get_by_role("link", name="Download my record, signed").click()
        path = tmp_path / "report.json"
        waiting.value.save_as(path)
        command = visit.page.locator("code").inner_text()
    made = json.loads(path.read_text())
    program, *arguments = command.replace("report.json", str(path)).split()
    assert program == "credit-oracle"
    world.stage.verb(*arguments)
    assert made["report"]["parts"]["score"]["score"] == told(world, "Mei", "/v1/me/score")["score"]
    made["report"]["parts"]["score"]["score"] += 1
    path.write_text(json.dumps(made))
    with pytest.raises(Stop, match="altered after it was signed"):
        world.stage.verb(*arguments)


def test_erasure__typed_and_sent__leaves_nothing_and_says_what_stays(
    world: PageWorld, browser: Browser
) -> None:
    with visiting(browser, world.url) as visit:
        visit.open("record")
        visit.sign_in("demo wallet: Bo")
        visit.page.get_by_label("My own statement").fill("I was ill in June.")
        visit.press("Save")
        visit.see("Saved")
        assert told(world, "Bo", "/v1/me/statement")["statement"]["words"] == "I was ill in June."
        visit.open("settings")
        assert visit.page.get_by_role("button", name="Erase what").is_disabled()
        visit.page.get_by_label("Type ERASE").fill("ERASE")
        visit.press("Erase what this service keeps of me")
        visit.see("Your rows and salts are deleted.")
    assert told(world, "Bo", "/v1/me/statement")["statement"] is None
    assert told(world, "Bo", "/v1/me/consents") == []


def test_session__that_ended__says_so_and_keeps_what_was_typed(world: PageWorld, browser: Browser) -> None:
    with visiting(browser, world.url) as visit:
        visit.open("record")
        visit.sign_in("demo wallet: Mei")
        visit.settle()
        visit.page.get_by_label("My own statement").fill("A long story")
        visit.page.context.clear_cookies()
        visit.press("Save")
        visit.see("Signed out after 30 minutes; your text is kept.")
        visit.sign_in("demo wallet: Mei")
        assert visit.page.get_by_label("My own statement").input_value() == "A long story"


# ---------------------------------------------------------------------------------------- looks and access


def test_status__without_signing_in__shows_epoch_committee_and_model(
    world: PageWorld, browser: Browser
) -> None:
    members = told(world, "Mei", "/v1/members")
    epoch = told(world, "Mei", "/v1/epochs/3")
    with visiting(browser, world.url, size=PHONE) as visit:
        visit.open("status")
        visit.see(f"{members['quorum']} of {len(members['members'])} must agree")
        visit.see(epoch["modelId"])
        visit.see("page: 6 terms")
        shown = visit.text()
        assert all(member in shown for member in members["members"])
        assert epoch["root"][-4:] in shown


@pytest.mark.parametrize(("locale", "size"), [("en-US", DESKTOP), ("zh-CN", PHONE)])
def test_screens__in_both_themes__pass_axe(
    world: PageWorld, browser: Browser, locale: str, size: tuple[int, int]
) -> None:
    with visiting(browser, world.url, size=size, locale=locale, allowed=(world.stage.anvil.url,)) as visit:
        visit.open("score")
        found = [*both_themes(visit, "welcome")]
        visit.page.get_by_role("button", name="Mei").click()
        visit.page.get_by_role("navigation").wait_for()
        for screen in (*OWN_SCREENS, *OPEN_SCREENS):
            visit.open(screen)
            visit.settle()
            if screen == "prove":
                visit.page.locator("form button:not([type])").first.click()
                visit.page.locator("textarea[readonly]").wait_for()
            found += both_themes(visit, screen)
    assert found == []


def both_themes(visit: Visit, screen: str) -> Iterator[str]:
    for theme in ("light", "dark"):
        visit.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        yield from (f"{screen}, {theme}: {each}" for each in visit.violations())


def test_screens__at_320_pixels__do_not_scroll_sideways(world: PageWorld, browser: Browser) -> None:
    with visiting(browser, world.url, size=NARROW, allowed=(world.stage.anvil.url,)) as visit:
        visit.open()
        visit.see("Your wallet will show")
        assert visit.overflow() <= 0
        visit.sign_in("demo wallet: Mei")
        for screen in (*OWN_SCREENS, *OPEN_SCREENS):
            visit.open(screen)
            visit.settle()
            if screen == "prove":
                visit.press("Make the proof")
                visit.see("18 % a year")
            assert visit.overflow() <= 0, screen


def test_languages__follow_the_browser__and_the_choice_is_remembered(
    world: PageWorld, browser: Browser
) -> None:
    with visiting(browser, world.url, size=PHONE, locale="zh-CN") as visit:
        visit.open()
        visit.see("信用评分是根据您的收付款和还款记录得出的")
        visit.page.get_by_role("button", name="演示钱包：Mei").click()
        visit.see("记录良好")
        assert visit.page.locator("html").get_attribute("lang") == "zh-Hans"
        visit.open("why")
        visit.see(told(world, "Mei", "/v1/me/score", lang="zh")["heldBack"][0]["text"])
        visit.page.get_by_role("button", name="中文 / English").click()
        visit.see("What held it back")
        visit.see(told(world, "Mei", "/v1/me/score")["heldBack"][0]["text"])
        visit.page.reload()
        visit.see("What held it back")
        assert visit.page.locator("html").get_attribute("lang") == "en"


def test_keyboard__alone__signs_in_and_makes_a_proof(world: PageWorld, browser: Browser) -> None:
    with visiting(browser, world.url, size=PHONE, allowed=(world.stage.anvil.url,)) as visit:
        visit.open()
        visit.see("demo wallet: Mei")
        assert tab_to(visit, "demo wallet: Mei") > 0
        visit.page.keyboard.press("Enter")
        visit.page.get_by_role("navigation").wait_for()
        tab_to(visit, "Prove")
        visit.page.keyboard.press("Enter")
        visit.page.get_by_role("heading", name="Prove").wait_for()
        assert visit.page.evaluate("() => document.activeElement.id") == "main", (
            "focus goes to the new screen"
        )
        visit.page.get_by_role("button", name="Make the proof").wait_for()
        tab_to(visit, "10 more")
        visit.page.keyboard.press("Enter")
        tab_to(visit, "Make the proof")
        visit.page.keyboard.press("Enter")
        visit.see("Your proof of at least 660")


def tab_to(visit: Visit, name: str, most: int = 40) -> int:
    """Press Tab until the focus is on what is called so; each stop on the way must be in sight."""
    for presses in range(1, most):
        visit.page.keyboard.press("Tab")
        at = visit.page.evaluate(
            """() => {
              const element = document.activeElement, box = element.getBoundingClientRect();
              const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              return { name: element.getAttribute("aria-label") ?? element.innerText ?? "",
                       seen: element.contains(top) || element === document.body || element.matches(".skip") };
            }"""
        )
        assert at["seen"], f"the focus on {at['name']!r} is covered"
        if at["name"].strip() == name:
            return presses
    raise AssertionError(f"Tab does not come to {name!r}")
