"""Who may look, who looked."""

import time

import httpx2

from oracle.consent import ReadRequest, request_digest, to_json
from oracle.devchain.people import demo_address, demo_key
from oracle.epoch import Deployment
from oracle.keys import KeySigner
from oracle.settings import address_text
from tests.e2e.browser import (
    Visit,
)
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld

READER = KeySigner(b"\x71" * 32)
STRANGER = b"\x72" * 32
PURPOSE = "loan application / 贷款申请"


def read(world: PageWorld, borrower: bytes, what: str, threshold: int = 0) -> httpx2.Response:
    """Ask for somebody's record as READER, by a signed request."""
    asked = ReadRequest(borrower, READER.address, what, PURPOSE, threshold, int(time.time()), time.time_ns())
    deployment = Deployment(world.stage.deployment.chain_id, world.stage.deployment.oracle)
    signature = "0x" + READER.sign_digest(request_digest(asked, deployment)).hex()
    body = to_json(asked) | {"signature": signature}
    return httpx2.post(f"{world.url}/v1/reads", json=body, trust_env=False)


def test_consent__read_and_stopped__is_the_borrowers_to_see(world: PageWorld, visiting: Visiting) -> None:
    mei, reader = demo_address("Mei"), address_text(READER.address)
    assert read(world, mei, "at least 650", 650).status_code == 403
    with visiting(world.wallet(demo_key("Mei"))) as visit:
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
    world: PageWorld, visiting: Visiting
) -> None:
    wallet = world.wallet(STRANGER)
    with visiting() as visit:
        visit.open("access")
        visit.sign_in("Demo wallet: Bo")
        consent_to(visit, wallet.address, "band")
        visit.see("Allowed. Receipt")
    with visiting(wallet) as visit:
        visit.open("lender")
        visit.page.get_by_label("Borrower's address").fill(address_text(demo_address("Bo")))
        visit.page.get_by_label("What", exact=True).select_option("band")
        visit.press("Ask with Test Wallet")
        visit.see("steady" if world.told("Bo", "/v1/me/score")["band"] == "steady" else "full record")
        visit.press("Ask with Test Wallet")
        visit.see("No consent for this request.")
