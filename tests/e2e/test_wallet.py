"""One nonce, one payment: what is stuck is replaced, also after a crash; what another did is left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger_reader.errors import Retry
from ledger_reader.rpc import Rpc
from oracle.contract import Contract, Refused, load_abi
from oracle.devchain.anvil import Anvil, Transaction
from oracle.devchain.people import demo_address, demo_key
from oracle.journal import Journal
from oracle.keys import KeySigner
from oracle.wallet import Broke, Receipt, Wallet
from tests.e2e.conftest import anvil_binary

PAYER, OTHER = KeySigner(demo_key("Mei")), KeySigner(demo_key("Bo"))
GWEI = 10**9


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def chain() -> Iterator[Anvil]:
    """A chain that mines only when told to."""
    anvil_binary()
    with Anvil() as anvil:
        anvil.set_balances([PAYER.address, OTHER.address])
        yield anvil


@pytest.fixture
def coin(chain: Anvil) -> Contract:
    creation = Transaction(demo_address("owner"), None, load_abi("DevCoin").bytecode, gas=5_000_000)
    (receipt,) = chain.mine_block([creation])
    assert receipt.created is not None
    return Contract(chain.rpc, "DevCoin", receipt.created)


def wallet(
    chain: Anvil, journal: Journal | None = None, replace_seconds: float = 0.5, payer: KeySigner = PAYER
) -> Wallet:
    return Wallet(chain.rpc, payer, chain.chain_id, 0.05, journal, replace_seconds)


def sent(chain: Anvil, payer: KeySigner = PAYER) -> int:
    """Transactions of the payer that were mined."""
    return int(chain.rpc.call("eth_getTransactionCount", ["0x" + payer.address.hex(), "latest"]), 16)


def mine(chain: Anvil) -> None:
    chain.rpc.call("evm_mine", [])


def pool(chain: Anvil) -> list[dict[str, str]]:
    """The payer's transactions that wait to be mined."""
    content = chain.rpc.call("txpool_content", [])["pending"]
    found = {address.lower(): by_nonce for address, by_nonce in content.items()}
    return list(found.get("0x" + PAYER.address.hex(), {}).values())


def approve(one: Wallet, coin: Contract, amount: int) -> Receipt | None:
    return one.send(coin, "approve", OTHER.address, amount)


def mines_after(chain: Anvil, polls: int) -> "Iterator[bool]":
    """Answers to `is_needless`: never needless, and a block at the n-th time of asking."""
    for _ in range(polls):
        yield False
    mine(chain)
    while True:
        yield False


def test_send__account_without_coin__is_broke_in_one_sentence(chain: Anvil, coin: Contract) -> None:
    poor = KeySigner(b"\x77" * 32)
    with pytest.raises(Broke, match=f"0x{poor.address.hex()} cannot pay .* send the chain's coin to it"):
        approve(wallet(chain, payer=poor), coin, 1)


def test_send__would_revert__costs_nothing(chain: Anvil, coin: Contract) -> None:
    with pytest.raises(Refused, match="ERC20InsufficientAllowance"):
        wallet(chain).send(coin, "transferFrom", OTHER.address, PAYER.address, 1)
    mine(chain)
    assert sent(chain) == 0


def test_send__never_mined__gives_up_and_one_transaction_waits(chain: Anvil, coin: Contract) -> None:
    with pytest.raises(Retry, match="not mined after 6 rising offers"):
        approve(wallet(chain, replace_seconds=0.1), coin, 1)
    assert len(pool(chain)) == 1
    mine(chain)
    assert sent(chain) == 1


def test_send__stuck__is_replaced_at_a_higher_fee_and_paid_for_once(chain: Anvil, coin: Contract) -> None:
    fees: set[int] = set()
    answers = mines_after(chain, 40)

    def look() -> bool:
        fees.update(int(each["maxFeePerGas"], 16) for each in pool(chain))
        return next(answers)

    receipt = wallet(chain).send(coin, "approve", OTHER.address, 7, is_needless=look)
    assert receipt is not None
    assert len(fees) > 1
    assert sent(chain) == 1
    assert coin.read("allowance", PAYER.address, OTHER.address) == (7,)


def test_send__another_did_the_work__offers_no_more(chain: Anvil, coin: Contract) -> None:
    found = wallet(chain).send(coin, "approve", OTHER.address, 7, is_needless=lambda: True)
    assert found is None
    assert len(pool(chain)) == 1


def test_send__what_made_it_needless_was_its_own_transaction__gives_the_receipt(
    chain: Anvil, coin: Contract
) -> None:
    def look() -> bool:
        mine(chain)
        return True

    receipt = wallet(chain, replace_seconds=60).send(coin, "approve", OTHER.address, 7, is_needless=look)
    assert receipt is not None
    assert receipt.gas > 21_000


def test_send__a_dearer_one_of_the_same_nonce_waits__is_raised_above_it(chain: Anvil, coin: Contract) -> None:
    stuck = {
        "chainId": chain.chain_id,
        "nonce": 0,
        "to": PAYER.address,
        "data": b"",
        "value": 0,
        "gas": 21_000,
        "maxPriorityFeePerGas": 20 * GWEI,
        "maxFeePerGas": 40 * GWEI,
    }
    chain.rpc.call("eth_sendRawTransaction", ["0x" + PAYER.sign_transaction(stuck).hex()])
    answers = mines_after(chain, 2)
    receipt = wallet(chain, replace_seconds=60).send(
        coin, "approve", OTHER.address, 7, is_needless=lambda: next(answers)
    )
    assert receipt is not None
    assert sent(chain) == 1


def test_send__crashed_after_sending__the_next_replaces_the_same_nonce(
    chain: Anvil, coin: Contract, tmp_path: Path
) -> None:
    path = tmp_path / "wallet.json"

    def crash() -> bool:
        raise Crash

    with pytest.raises(Crash):
        wallet(chain, Journal(path)).send(coin, "approve", OTHER.address, 7, is_needless=crash)
    (before,) = pool(chain)
    journal = Journal(path)
    last = journal.last_of(PAYER.address)
    assert last is not None
    assert last.hashes == (before["hash"],)
    answers = mines_after(chain, 2)
    receipt = wallet(chain, journal, 60).send(
        coin, "approve", OTHER.address, 7, is_needless=lambda: next(answers)
    )
    assert receipt is not None
    assert receipt.transaction != before["hash"]
    assert sent(chain) == 1
    assert not pool(chain)


def test_send__another_pays_since__takes_nothing_over_of_the_nonce_before(
    chain: Anvil, coin: Contract, tmp_path: Path
) -> None:
    path = tmp_path / "wallet.json"
    wallet(chain, Journal(path)).send(coin, "approve", OTHER.address, 7, is_needless=lambda: True)
    answers = mines_after(chain, 1)
    receipt = wallet(chain, Journal(path), 60, payer=OTHER).send(
        coin, "approve", PAYER.address, 8, is_needless=lambda: next(answers)
    )
    assert receipt is not None
    assert (sent(chain), sent(chain, OTHER)) == (1, 1)
    assert coin.read("allowance", OTHER.address, PAYER.address) == (8,)


def test_send__mined_and_lost_in_a_reorganisation__is_sent_again_under_its_nonce(
    chain: Anvil, coin: Contract, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "wallet.json")
    moment = chain.rpc.call("evm_snapshot", [])
    answers = mines_after(chain, 1)
    wallet(chain, journal, 60).send(coin, "approve", OTHER.address, 7, is_needless=lambda: next(answers))
    assert sent(chain) == 1
    assert chain.rpc.call("evm_revert", [moment]) is True
    assert sent(chain) == 0
    answers = mines_after(chain, 1)
    wallet(chain, Journal(tmp_path / "wallet.json"), 60).send(
        coin, "approve", OTHER.address, 7, is_needless=lambda: next(answers)
    )
    assert sent(chain) == 1
    assert coin.read("allowance", PAYER.address, OTHER.address) == (7,)


def test_send__another_of_my_calls_took_the_nonce__says_so(chain: Anvil, coin: Contract) -> None:
    journal = Journal()
    assert wallet(chain, journal).send(coin, "approve", OTHER.address, 1, is_needless=lambda: True) is None
    with Rpc([chain.url]) as rpc:
        mined = iter([False])

        class Late(KeySigner):
            """Signs when the earlier transaction has just been mined."""

            def sign_transaction(self, transaction: dict[str, object]) -> bytes:
                if next(mined, True) is False:
                    rpc.call("evm_mine", [])
                return super().sign_transaction(transaction)

        late = Wallet(chain.rpc, Late(demo_key("Mei")), chain.chain_id, 0.05, journal, 0.5)
        with pytest.raises(Retry, match=r"an earlier transaction .* took nonce 0"):
            approve(late, coin, 2)
    assert sent(chain) == 1


def test_send__simulated_at_pending__sees_what_others_have_sent(chain: Anvil, coin: Contract) -> None:
    mint = coin.call_data("mint", PAYER.address, 5)
    chain.mine_block([Transaction(demo_address("owner"), coin.address, mint)])
    chain.mine_block([Transaction(PAYER.address, coin.address, coin.call_data("approve", OTHER.address, 5))])
    take = ("transferFrom", PAYER.address, OTHER.address, 5)
    rival = KeySigner(demo_key("Kai"))
    chain.set_balances([rival.address])
    assert wallet(chain, payer=OTHER).send(coin, *take, is_needless=lambda: True) is None
    with pytest.raises(Refused):
        wallet(chain, payer=OTHER).send(coin, *take, simulate_at="pending")


def test_send__provider_without_such_a_state__simulates_at_the_latest(chain: Anvil, coin: Contract) -> None:
    answers = mines_after(chain, 1)
    receipt = wallet(chain, replace_seconds=60).send(
        coin, "approve", OTHER.address, 7, is_needless=lambda: next(answers), simulate_at="unheard of"
    )
    assert receipt is not None
    assert coin.read("allowance", PAYER.address, OTHER.address) == (7,)
