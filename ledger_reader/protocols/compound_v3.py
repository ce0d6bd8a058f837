"""Compound v3: one Comet a market, with one base token that is lent, and collaterals that are only held.

    Supply(address indexed from, address indexed dst, uint256 amount)
        `amount` of the base token was put in for `dst`: first it pays back debt, the rest is a
        balance. What became a balance the Comet mints in a Transfer right after this log: that much
        is a deposit, what is left is a repay; a row of each where it was both, debt first.
        Counterparty = `from` when that is another.
    Withdraw(address indexed src, address indexed to, uint256 amount)
        `amount` of the base token was taken out of the account `src`: first its balance, the rest is
        debt. What was balance the Comet burns in a Transfer right after this log: that much is a
        withdraw, what is left is a borrow; a row of each where it was both, debt first.
        Counterparty = `to` when that is another.
    Transfer(address indexed from, address indexed to, uint256 amount)
        Only tells the two above apart, and has no rows of its own.
    SupplyCollateral(address indexed from, address indexed dst, address indexed asset, uint256 amount)
        `amount` of `asset` was put up for `dst`: deposit, counterparty = `from` when another.
    WithdrawCollateral(address indexed src, address indexed to, address indexed asset, uint256 amount)
        `amount` of `asset` was taken out of the account `src`: withdraw, counterparty = `to` when another.
    AbsorbDebt(address indexed absorber, address indexed borrower, uint256 basePaidOut, uint256 usdValue)
        The Comet took over the debt `basePaidOut` of `borrower`, who was under water, on the call of
        `absorber`: liquidation, counterparty = `absorber`. Once for each account absorbed.
    AbsorbCollateral(address indexed absorber, address indexed borrower, address indexed asset, uint256 collateralAbsorbed, uint256 usdValue)
        With the debt went `collateralAbsorbed` of `asset`: withdraw, counterparty = `absorber`, so
        that one absorption is one liquidation however many collaterals there were.

The source's asset is the base token. Minted or burned amounts differ from the log's by up to two units
of rounding, which is neither debt nor balance. A Supply or Withdraw without that Transfer as the very
next log of its contract and transaction is of debt wholly. Dropped: collaterals that are not listed,
nothing and dust, of each row by itself. The loan id, of debt and collateral, is the Comet's address
left-padded to 32 bytes; the base token's own deposits and withdrawals have none. Base balances that
change hands without money moving, and bad debt, are not read.
"""  # noqa: E501 (a signature stays on one line)

from collections.abc import Sequence

import msgspec
import numpy as np

from ledger_reader.columns import Logs, Numbers, Rows, legs, numbers
from ledger_reader.logs import RawLog
from ledger_reader.protocols.protocol import Event, Market, Protocol, entry, liquidation

_ROUNDING = 2
"""Units by which what is minted or burned may differ from what was moved: a balance is kept as principal."""

_WORD = 64
"""Digits of a word."""

_KEPT = 3
"""The word that `joined` adds stands behind two topics and the amount."""


def joined(logs: Sequence[RawLog]) -> list[RawLog]:
    """The logs, a Supply or Withdraw with the amount of the Transfer right after it as one more data word."""
    found = list(logs)
    for index, log in enumerate(found[:-1]):
        # By the exact length of the data: only what no one has extended is extended.
        if log.topics and log.topics[0].lower() in _JOINED and len(log.data) == 2 + _WORD:
            after = found[index + 1]
            if _belongs(log, after):
                found[index] = msgspec.structs.replace(log, data=log.data + after.data[2 : 2 + _WORD])
    return found


def _belongs(log: RawLog, after: RawLog) -> bool:
    """Whether `after` is the very next log and mints (burns) the balance that `log` adds (takes)."""
    if (log.block_number, log.transaction_hash) != (after.block_number, after.transaction_hash):
        return False
    if log.address.lower() != after.address.lower() or int(after.log_index, 16) != int(log.log_index, 16) + 1:
        return False
    if len(after.topics) != 3 or after.topics[0].lower() != _TRANSFER or len(after.data) < 2 + _WORD:
        return False
    kept, nobody = _JOINED[log.topics[0].lower()]
    return len(log.topics) == 3 and (
        after.topics[nobody] == _NO_ONE and after.topics[nobody % 2 + 1].lower() == log.topics[kept].lower()
    )


def _supply(logs: Logs, market: Market) -> list[Rows]:
    return _base(logs, market, "repay", "deposit", "dst", "from")


def _withdraw(logs: Logs, market: Market) -> list[Rows]:
    return _base(logs, market, "borrow", "withdraw", "src", "to")


def _base(logs: Logs, market: Market, debt: str, balance: str, owner: str, other: str) -> list[Rows]:
    """The rows of base tokens that moved: the part that was debt, then the part that was balance."""
    who, by = logs.address(owner), logs.address(other)
    moved = logs.number("amount").astype(object)
    kept = _kept(logs, moved)
    of_debt = entry(logs, market, debt, who, by, market.asset, moved - kept, market.position)
    of_balance = entry(logs, market, balance, who, by, market.asset, kept)
    return legs(of_debt, of_balance)


def _kept(logs: Logs, moved: Numbers) -> Numbers:
    """How much was balance: what `joined` put behind the amount, nothing where it put nothing."""
    if logs.size != _WORD:
        return moved - moved
    kept = numbers(logs.word(_KEPT)).astype(object)
    return np.where(abs(moved - kept) <= _ROUNDING, moved, np.minimum(kept, moved))


def _nothing(logs: Logs, market: Market) -> list[Rows]:  # noqa: ARG001 (one shape for all)
    return []


def _supply_collateral(logs: Logs, market: Market) -> list[Rows]:
    return [_collateral(logs, market, "deposit", "dst", "from", "amount")]


def _withdraw_collateral(logs: Logs, market: Market) -> list[Rows]:
    return [_collateral(logs, market, "withdraw", "src", "to", "amount")]


def _absorb_debt(logs: Logs, market: Market) -> list[Rows]:
    absorber, borrower, paid = logs.address("absorber"), logs.address("borrower"), logs.number("basePaidOut")
    return [liquidation(logs, market, borrower, absorber, market.asset, paid, market.position)]


def _absorb_collateral(logs: Logs, market: Market) -> list[Rows]:
    return [_collateral(logs, market, "withdraw", "borrower", "absorber", "collateralAbsorbed")]


def _collateral(logs: Logs, market: Market, kind: str, owner: str, other: str, amount: str) -> Rows:
    who, by, asset = map(logs.address, (owner, other, "asset"))
    return entry(logs, market, kind, who, by, asset, logs.number(amount), market.position)


_SUPPLY = Event("Supply(address indexed from, address indexed dst, uint256 amount)", _supply)
_WITHDRAW = Event("Withdraw(address indexed src, address indexed to, uint256 amount)", _withdraw)
_MOVED = Event("Transfer(address indexed from, address indexed to, uint256 amount)", _nothing)

_NO_ONE = "0x" + "0" * _WORD
_TRANSFER = _MOVED.topic0
_JOINED = {_SUPPLY.topic0: (2, 1), _WITHDRAW.topic0: (1, 2)}
"""By first topic: which topic is the account, and which topic of the Transfer is nobody."""

PROTOCOL = Protocol(
    "compound_v3",
    (
        _SUPPLY,
        _WITHDRAW,
        _MOVED,
        Event(
            "SupplyCollateral(address indexed from, address indexed dst, address indexed asset,"
            " uint256 amount)",
            _supply_collateral,
        ),
        Event(
            "WithdrawCollateral(address indexed src, address indexed to, address indexed asset,"
            " uint256 amount)",
            _withdraw_collateral,
        ),
        Event(
            "AbsorbDebt(address indexed absorber, address indexed borrower, uint256 basePaidOut,"
            " uint256 usdValue)",
            _absorb_debt,
        ),
        Event(
            "AbsorbCollateral(address indexed absorber, address indexed borrower, address indexed asset,"
            " uint256 collateralAbsorbed, uint256 usdValue)",
            _absorb_collateral,
        ),
    ),
    joined,
)
