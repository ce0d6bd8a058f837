"""What everybody can see of the service."""

from oracle.devchain.demo import LATEST
from tests.e2e.browser import (
    PHONE,
)
from tests.e2e.page.conftest import Visiting
from tests.e2e.page.world import PageWorld


def test_status__without_signing_in__shows_epoch_committee_and_model(
    world: PageWorld, visiting: Visiting
) -> None:
    members = world.told("Mei", "/v1/members")
    epoch = world.told("Mei", f"/v1/epochs/{LATEST}")
    with visiting(size=PHONE) as visit:
        visit.open("status")
        visit.see(f"{members['quorum']} of {len(members['members'])} must agree")
        visit.see(epoch["modelId"])
        visit.see("page: 6 terms")
        shown = visit.text()
        assert all(member in shown for member in members["members"])
        assert epoch["root"][-4:] in shown
        visit.page.get_by_role("button", name=f"Show and copy: {epoch['root'][:6]}").click()
        visit.see("Copied")
        assert epoch["root"] in visit.text()
        assert visit.page.evaluate("() => navigator.clipboard.readText()") == epoch["root"]
