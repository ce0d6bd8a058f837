"""Two wallets of one person: linked by both, and parted again."""

from oracle.devchain.people import demo_address, demo_key
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld

OTHER = b"\x73" * 32


def test_wallets__of_one_person__are_linked_by_both_and_parted(world: PageWorld, visiting: Visiting) -> None:
    other, links, kai = world.wallet(OTHER), world.contract("WalletLinks", "links"), demo_address("Kai")
    address = bytes.fromhex(other.address[2:])
    with visiting(other) as visit:
        visit.open("wallets")
        visit.sign_in("Demo wallet: Kai")
        visit.see("This wallet stands alone")
        visit.press("Sign with Test Wallet")
        visit.see("has signed. It can be sent within an hour.")
        assert "eth_sendTransaction" not in other.asked, "it signs, and pays nothing"
        visit.page.get_by_role("button", name="Link with 0x").click()
        visit.press("Yes, go on")
        visit.see("From the next epoch on both are scored as one person.")
        visit.see(other.address)
        assert links.read("bookOf", kai) == ((kai_and_other := tuple(links.read("bookOf", address)[0])),)
        assert len(kai_and_other) == 2
        visit.confirm("Leave this link")
        visit.see("Done. The link ends in 14 days.")
        visit.see("counted until then")
    assert links.read("leavesAt", kai)[0] == links.read("leavesAt", address)[0] > world.stage.anvil.now()


def test_wallet__linked_with_itself_or_by_a_no__stays_alone(world: PageWorld, visiting: Visiting) -> None:
    wallet, links = world.wallet(demo_key("Bo")), world.contract("WalletLinks", "links")
    with visiting(wallet) as visit:
        visit.open("settings")
        visit.sign_in("Sign in with Test Wallet")
        visit.page.get_by_role("link", name="My wallets").click()
        visit.press("Sign with Test Wallet")
        visit.see("This is the wallet you are signed in with.")
        visit.press("Demo wallet: Bo 2")
        visit.page.get_by_role("button", name="Link with 0x").click()
        wallet.says_no = True
        visit.press("Yes, go on")
        visit.see("You did not sign. Nothing was sent.")
        visit.press("Back")
    assert links.read("personOf", demo_address("Bo")) == (bytes(32),)
