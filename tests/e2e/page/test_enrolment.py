"""Asking to be scored, and not to be."""

from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld

STRANGER = b"\x72" * 32


def test_wallet__never_enrolled__enrols_by_its_own_transaction(world: PageWorld, visiting: Visiting) -> None:
    wallet = world.wallet(STRANGER)
    stranger = bytes.fromhex(wallet.address[2:])
    with visiting(wallet) as visit:
        visit.open()
        visit.sign_in("Sign in with Test Wallet")
        visit.see("not among those scored")
        visit.confirm("Ask to be scored")
        visit.see("The first score comes with")
        visit.confirm("Ask not to be scored")
        visit.see("From the next epoch on this wallet is not scored.")
        visit.press("Ask to be scored")
        world.act(stranger, world.stage.oracle, "enrol")
        visit.press("Yes, go on")
        visit.see("is enrolled already")
    assert world.stage.oracle.read("isEnrolled", stranger) == (True,)
