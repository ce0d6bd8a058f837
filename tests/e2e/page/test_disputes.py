"""A fact of the record that is wrong."""

from oracle.devchain.people import demo_address, demo_key
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def test_fact__disputed__is_a_transaction_with_hashes_and_its_words_stay_here(
    world: PageWorld, visiting: Visiting
) -> None:
    stage = world.stage
    disputes, bo = world.contract("Disputes", "disputes"), demo_address("Bo")
    fact = next(each for each in world.told("Bo", "/v1/me/facts") if each["outcome"] == "late")
    fact_id = bytes.fromhex(fact["factId"][2:])
    with visiting() as visit:
        visit.open("record")
        visit.sign_in("Demo wallet: Bo")
        item = visit.page.locator("section", has_text=f"block {fact['blockNumber']} of chain").first
        assert "Loan · repaid late" in item.inner_text()
        item.get_by_role("button", name="This is wrong").click()
        stake = visit.see("Score with this item ").inner_text()
        told = world.told("Bo", f"/v1/me/facts/{fact['factId']}/without")
        assert stake == f"Score with this item {told['scoreWith']}, without it {told['scoreWithout']}."
        assert told["scoreWithout"] > told["scoreWith"]
        item.get_by_label("What is wrong?").select_option("already repaid")
        item.get_by_label("In your own words").fill("I paid the day before.")
        visit.press("Send as one transaction")
        visit.see("Sent in transaction 0x")
        item.get_by_text("in dispute").wait_for()
        visit.see("already repaid: I paid the day before.")
        (asked,) = world.told("Bo", "/v1/me/disputes")
        assert disputes.read("disputeOf", bo, fact_id)[0] is True
        block = stage.anvil.rpc.call("eth_getBlockByNumber", ["latest", True])
        assert [each["input"][-64:] for each in block["transactions"]] == [asked["wordsHash"][2:]]

        assert visit.page.locator("section").first.inner_text() == item.inner_text(), "it stands first now"
        visit.confirm("Withdraw this dispute")
        visit.see("Withdrawn in transaction 0x")
        visit.see("Withdrawn, or never sent to the chain. No answer will come.")
        item.get_by_role("button", name="This is wrong").wait_for()
    assert disputes.read("disputeOf", bo, fact_id)[0] is False


def test_dispute__withdrawn_elsewhere__is_refused_in_words(world: PageWorld, visiting: Visiting) -> None:
    disputes, mei = world.contract("Disputes", "disputes"), demo_address("Mei")
    fact_id = bytes.fromhex(world.told("Mei", "/v1/me/facts")[0]["factId"][2:])
    with visiting(world.wallet(demo_key("Mei"))) as visit:
        visit.open("record")
        visit.sign_in("Sign in with Test Wallet")
        visit.page.get_by_role("button", name="This is wrong").first.click()
        visit.page.get_by_label("In your own words").fill("It was another amount.")
        visit.press("Send as one transaction")
        visit.press("Withdraw this dispute")
        world.act(mei, disputes, "withdrawDispute", fact_id)
        visit.press("Yes, go on")
        visit.see("This item is not in dispute any more: it was decided, or withdrawn.")
