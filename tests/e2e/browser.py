"""A real browser for tests of the page: Debian's Chromium, a wallet injected as extensions inject theirs.

Rules that hold here: what a page logs as an error, what its content policy forbids and whatever it asks of
other hosts is kept in `Visit.faults`, and a test that leaves one there fails; the wallet signs with a real
key (eth-account) and says no when told to; nothing of our own code is replaced.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.address import to_checksum_address
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

from ledger_reader.rpc import Rpc, RpcError
from tests.e2e.conftest import REPOSITORY

PHONE, DESKTOP, NARROW = (360, 740), (1280, 900), (320, 640)
DECLINED = 4001
AXE = REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js"
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
WAIT_MS = 20_000
LOOK_MS, QUIET_LOOKS = 50, 3
DRAWN_S = 5.0

_ANNOUNCE = """
(() => {
  const request = async ({ method, params }) => {
    const { error, result } = JSON.parse(await window.askTestWallet(method, JSON.stringify(params ?? [])));
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  };
  const icon = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
  const info = { uuid: crypto.randomUUID(), name: "Test Wallet", rdns: "org.example.wallet", icon };
  const detail = Object.freeze({ info, provider: { request } });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


_FOCUS = """
() => {
  const element = document.activeElement, box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return { name: element.getAttribute("aria-label") ?? element.innerText ?? "",
           seen: element.contains(top) || element === document.body || element.matches(".skip") };
}
"""


@dataclass
class InjectedWallet:
    """A wallet of one key on the chain behind `rpc`; `says_no` to whatever is to be signed."""

    key: bytes
    rpc: Rpc
    chain_id: int
    says_no: bool = False
    follows: bool = True
    at: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Its account, with a checksum."""
        return str(Account.from_key(self.key).address)

    def answer(self, method: str, text: str) -> str:
        """What the page is told, as JSON."""
        self.asked.append(method)
        try:
            return json.dumps({"result": self._result(method, json.loads(text))})
        except PermissionError as error:
            return json.dumps({"error": {"code": DECLINED, "message": str(error)}})
        except RpcError as error:
            return json.dumps({"error": {"code": error.code, "message": error.text, "data": error.data}})

    def _result(self, method: str, params: Any) -> Any:
        signing: dict[str, Callable[[Any], str]] = {
            "personal_sign": self._message,
            "eth_signTypedData_v4": self._typed_data,
            "eth_sendTransaction": self._transaction,
        }
        if method in signing:
            if self.says_no:
                raise PermissionError("User rejected the request.")
            return signing[method](params)
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return [self.address.lower()]  # as many wallets do
            case "eth_chainId":
                return hex(self.at or self.chain_id)
            case "wallet_switchEthereumChain":
                if not self.follows:
                    raise PermissionError("User rejected the request.")
                self.at = int(params[0]["chainId"], 16)
                return None
        return self.rpc.call(method, params)

    def _message(self, params: Any) -> str:
        text = bytes.fromhex(params[0][2:])
        return f"0x{Account.sign_message(encode_defunct(text), self.key).signature.hex()}"

    def _typed_data(self, params: Any) -> str:
        message = json.loads(params[1])
        return f"0x{Account.sign_typed_data(self.key, full_message=message).signature.hex()}"

    def _transaction(self, params: Any) -> str:
        (asked,) = params
        gas = asked.get("gas") or self.rpc.call("eth_estimateGas", [asked])
        made = {
            "to": to_checksum_address(asked["to"]),
            "data": asked.get("data", "0x"),
            "value": int(asked.get("value", "0x0"), 16),
            "gas": int(gas, 16) * 2,
            "maxFeePerGas": 10**10,
            "maxPriorityFeePerGas": 10**9,
            "nonce": int(self.rpc.call("eth_getTransactionCount", [self.address, "latest"]), 16),
            "chainId": self.chain_id,
        }
        raw = Account.sign_transaction(made, self.key).raw_transaction
        return str(self.rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()]))


@dataclass
class Visit:
    """A person before the page: one browser context, what is wrong with it, and a few verbs."""

    page: Page
    url: str
    faults: list[str]
    pending: set[Request]

    def open(self, screen: str = "score") -> None:
        """Go to a screen by its address."""
        self.page.goto(f"{self.url}/#/{screen}")

    def sign_in(self, button: str) -> None:
        """Press the sign-in button of this name, and wait for the five screens."""
        self.press(button)
        self.page.get_by_role("navigation").wait_for()

    def press(self, name: str) -> None:
        """Press the button of this name, once it can be pressed."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def confirm(self, name: str) -> None:
        """Press the button of this name, read what it means, and go on."""
        self.press(name)
        self.page.get_by_role("group", name=name, exact=True).get_by_role("button", name="Yes, go on").click()

    def tab_to(self, name: str, most: int = 40) -> int:
        """Press Tab until the focus is on what is called so; each stop on the way must be in sight."""
        for presses in range(1, most):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(_FOCUS)
            assert at["seen"], f"the focus on {at['name']!r} is covered"
            if at["name"].strip() == name:
                return presses
        raise AssertionError(f"Tab does not come to {name!r}")

    def focus(self) -> str:
        """What has the focus, by its label or text."""
        return str(self.page.evaluate(_FOCUS)["name"]).strip()

    def see(self, text: str) -> Locator:
        """Wait until a text is there."""
        found = self.page.get_by_text(text).first
        found.wait_for()
        return found

    def text(self) -> str:
        """All that can be read of the screen."""
        return self.page.locator("main").inner_text()

    def settle(self) -> None:
        """Wait until nothing more is asked: no request is on its way, and none follows at once."""
        deadline, quiet = time.monotonic() + WAIT_MS / 1000, 0
        while quiet < QUIET_LOOKS:
            assert time.monotonic() < deadline, f"{len(self.pending)} requests are not answered"
            self.page.wait_for_timeout(LOOK_MS)
            quiet = 0 if self.pending else quiet + 1

    def violations(self, rules: tuple[str, ...] = ()) -> list[str]:
        """What axe-core finds on the screen: WCAG 2.2 AA and its best practices, or these `rules` alone."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": AXE_TAGS}
        found = self.page.evaluate(
            "only => axe.run(document, { runOnly: only, resultTypes: ['violations'] })", only
        )
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """By how many CSS pixels the screen is wider than the window, once it is drawn."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        deadline = time.monotonic() + DRAWN_S
        while (found := int(self.page.evaluate(f"() => {wider}"))) > 0 and time.monotonic() < deadline:
            self.page.wait_for_timeout(100)
        return found


def chromium() -> str:
    """Where the browser is; without it the test is skipped aloud, and fails where CI is set."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found and AXE.is_file():
        return found
    sentence = "the page's tests need chromium, and axe-core: apt install chromium; npm ci in web/"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextlib.contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a window, ended with the block."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visiting(
    browser: Browser,
    url: str,
    wallet: InjectedWallet | None = None,
    size: tuple[int, int] = DESKTOP,
    locale: str = "en-US",
    allowed: tuple[str, ...] = (),
) -> Iterator[Visit]:
    """One person's visit; fails if the page had a fault. `allowed`: origins beside the page's own."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(WAIT_MS)
    if wallet is not None:
        context.expose_function("askTestWallet", wallet.answer)
        context.add_init_script(_ANNOUNCE)
    page = context.new_page()
    faults: list[str] = []
    pending: set[Request] = set()
    own = {_origin(url), *allowed}

    def hear(request: Request) -> None:
        pending.add(request)
        if urlsplit(request.url).scheme not in ("data", "blob") and _origin(request.url) not in own:
            faults.append(f"asked {request.url}")

    def answered(request: Request) -> None:
        pending.discard(request)

    page.on("request", hear)
    page.on("requestfinished", answered)
    page.on("requestfailed", answered)
    page.on("pageerror", lambda error: faults.append(f"threw {error}"))
    page.on("console", lambda said: faults.append(said.text) if _is_fault(said.type, said.text) else None)
    try:
        yield Visit(page, url, faults, pending)
        assert faults == []
    finally:
        context.close()


def _is_fault(kind: str, text: str) -> bool:
    """Refusals by the service are the page's to tell, and no fault of it, though the browser logs them."""
    return kind in ("error", "warning") and "the server responded with a status of" not in text


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def built_files() -> list[Path]:
    """The page as it lies in the package."""
    return sorted(path for path in (REPOSITORY / "oracle" / "web" / "dist").rglob("*") if path.is_file())
