"""`check`: can this node work? One table over everything that a round needs, before it needs it.

Rules that hold here: nothing is written, signed or sent; every probe has a time limit and they run side by
side, chains first and the contract after, over those addresses only that were found usable; what cannot be
looked at is said, never left out. Exit status 1 when a row says `fix`.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from ledger_reader.errors import Retry, Stop
from ledger_reader.rpc import Rpc
from oracle.check import chains, home, onchain, peers, signing
from oracle.check.home import Member
from oracle.check.onchain import Contract
from oracle.check.row import Probe, Row, fix, pending, side_by_side, told
from oracle.contract import CreditOracle
from oracle.keys import NodeKeys
from oracle.settings import Settings, load_settings


def check_node(folder: Path, password: str | None) -> list[Row]:
    """Every row, in the order in which a person would mend them.

    `password` opens the key files; None checks all that can be checked without.
    """
    keys: list[NodeKeys] = []
    try:
        settings = load_settings(folder)
    except Stop as reason:
        return [*_of_the_folder(folder, password, keys, None), fix("settings", str(reason))]
    rows = _of_the_folder(folder, password, keys, settings)
    rows += told("disk", partial(home.disk, settings))
    seen: list[chains.Heads] = []
    found: dict[bytes, peers.Health] = {}
    member = _member(folder)
    if settings.signer is not None:
        member = replace(member, address=settings.signer.address)
    around: list[tuple[str, Probe]] = [
        *signing.probes(settings, password),
        *((each.what, partial(chains.look, each, seen)) for each in chains.addresses(settings)),
        *(
            (f"peer 0x{address.hex()[:8]}…", partial(peers.look, settings, address, url, found))
            for address, url in settings.peers.items()
        ),
        ("node", partial(peers.listening, settings, member.address)),
    ]
    rows += side_by_side(around)
    seen.sort(key=lambda heads: heads.address.number)
    rows += side_by_side(
        [
            *(
                (
                    f"rpc {chain}",
                    partial(chains.same_block, chain, [h for h in seen if h.address.chain_id == chain]),
                )
                for chain in sorted(settings.rpc)
            ),
            ("clock", partial(chains.clock, seen)),
            ("peers", partial(peers.all_of, settings, found)),
        ]
    )
    return rows + _on_chain(settings, seen, member, keys)


def _of_the_folder(
    folder: Path, password: str | None, keys: list[NodeKeys], settings: Settings | None
) -> list[Row]:
    if not folder.is_dir():
        return [fix("folder", f"{folder} is no folder: make one with `credit-oracle init`.")]
    signer, wallet = (settings.signer, settings.wallet) if settings else (None, None)
    key_file = wallet if isinstance(wallet, Path) else None
    return [
        *told("permissions", partial(home.permissions, folder, key_file)),
        *told("keys", partial(home.keys_open, folder, password, keys, signer)),
        *told("signed log", partial(home.signed_log, folder)),
    ]


def _member(folder: Path) -> Member:
    try:
        return home.member_of(folder)
    except Stop:  # the row `keys` has told it
        return Member(None, None)


def _on_chain(
    settings: Settings, seen: list[chains.Heads], member: Member, keys: list[NodeKeys]
) -> list[Row]:
    usable = [heads for heads in seen if heads.address.chain_id == settings.chain_id]
    if not usable:
        return [pending("contract", f"not looked at: no address of chain {settings.chain_id} is usable.")]
    urls = tuple(heads.address.url for heads in usable)
    with Rpc(urls, chain_id=settings.chain_id, timeout_s=chains.TIMEOUT_S) as rpc:
        try:
            now = max(heads.final.time for heads in usable)
            contract = onchain.opened(CreditOracle(rpc, settings.contract), settings, now)
        except (Stop, Retry) as reason:
            return [fix("contract", str(reason))]
        return side_by_side(_of_the_contract(contract, settings, member, keys))


def _of_the_contract(
    contract: Contract, settings: Settings, member: Member, keys: list[NodeKeys]
) -> list[tuple[str, Probe]]:
    return [
        ("contract", partial(onchain.contract_row, contract)),
        ("state", partial(onchain.state, contract)),
        ("member", partial(onchain.membership, contract, member)),
        ("model", partial(onchain.models, contract, settings)),
        ("secret", partial(_secret, contract, settings, keys)),
        ("balance", partial(_balance, contract, settings, member)),
    ]


def _balance(contract: Contract, settings: Settings, member: Member) -> list[Row]:
    try:
        payer = signing.payer_of(settings, member)
    except Stop:  # the row `wallet` has told it
        return [pending("balance", "not looked at: the wallet's key file names no address.")]
    return onchain.balance(contract, settings, payer)


def _secret(contract: Contract, settings: Settings, keys: list[NodeKeys]) -> list[Row]:
    if not keys:
        return [pending("secret", "not looked at: it opens with this node's identity only.")]
    return onchain.secret(contract, settings, keys[0])
