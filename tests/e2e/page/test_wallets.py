"""Two wallets of one person: linked by both, and parted again."""

from oracle.devchain.people import demo_address, demo_key
from oracle.settings import address_text
from tests.e2e.browser import PHONE
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld

OTHER, FAR = b"\x73" * 32, b"\x74" * 32


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


def test_wallet__on_another_device__signs_there_and_its_word_is_pasted_here(
    world: PageWorld, visiting: Visiting
) -> None:
    other, links, mei = world.wallet(FAR), world.contract("WalletLinks", "links"), demo_address("Mei")
    with visiting(size=PHONE) as visit:
        visit.open("wallets")
        visit.sign_in("Demo wallet: Mei")
        visit.page.get_by_text("The other wallet is on another device").click()
        asked = visit.page.get_by_label("The address to open there").input_value()
        assert visit.violations() == []
        with visiting(other, locale="zh-CN") as there:
            there.page.goto(asked)
            there.see("仅当您本人此刻正在自己的设备上关联该钱包时才签名")
            assert address_text(mei) in there.text().lower()
            there.press("用 Test Wallet 签名")
            word = there.page.get_by_label("要粘贴到另一台设备的文本").input_value()
            assert there.violations() == []
            assert other.asked.count("eth_sendTransaction") == 0, "it signs, and pays nothing"
        visit.page.get_by_label("What the other device shows").fill(word[:-1])
        visit.press("Use it")
        visit.see("This is not what the other device shows")
        visit.page.get_by_label("What the other device shows").fill(f" {word.lower()}\n")
        visit.press("Use it")
        visit.see("has signed. It can be sent within an hour.")
        visit.page.get_by_role("button", name="Link with 0x").click()
        visit.press("Yes, go on")
        visit.see("From the next epoch on both are scored as one person.")
    assert links.read("personOf", mei) == links.read("personOf", bytes.fromhex(other.address[2:]))


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
