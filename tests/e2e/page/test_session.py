"""Who is signed in, by which wallet, and wallets that say no."""

from oracle.devchain.people import demo_key
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def test_page__reloaded__signs_nobody_out(world: PageWorld, visiting: Visiting) -> None:
    with visiting() as visit:
        visit.open("prove")
        visit.sign_in("Demo wallet: Mei")
        visit.page.reload()
        visit.press("Make the proof")
        visit.see("18 % a year")
        visit.press("Sign out")
        visit.see("Your wallet will show")
        visit.page.reload()
        visit.see("Your wallet will show")


def test_session__that_ended__says_so_and_keeps_what_was_typed(world: PageWorld, visiting: Visiting) -> None:
    with visiting() as visit:
        visit.open("record")
        visit.sign_in("Demo wallet: Mei")
        visit.page.get_by_role("button", name="This is wrong").first.wait_for()
        visit.page.get_by_label("My own statement").fill("A long story")
        visit.page.context.clear_cookies()
        visit.press("Save")
        visit.see("Signed out after 30 minutes; your text is kept.")
        visit.sign_in("Demo wallet: Mei")
        assert visit.page.get_by_label("My own statement").input_value() == "A long story"


def test_wallet__that_declines_or_is_elsewhere__is_told_what_to_do(
    world: PageWorld, visiting: Visiting
) -> None:
    wallet = world.wallet(demo_key("Mei"))
    with visiting(wallet) as visit:
        wallet.says_no = True
        visit.open("settings")
        visit.press("Sign in with Test Wallet")
        visit.see("You did not sign. Nothing was sent.")
        wallet.says_no = False
        visit.sign_in("Sign in with Test Wallet")
        wallet.at, wallet.follows = 1, False
        visit.confirm("Ask not to be scored")
        visit.see(f"Your wallet is on 1; this record is on {wallet.chain_id}. Switch.")
        wallet.follows, wallet.says_no = True, True
        visit.press("Yes, go on")
        visit.see("You did not sign. Nothing was sent.")
    assert wallet.at == wallet.chain_id, "the page asked the wallet to switch"
