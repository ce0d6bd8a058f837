"""What `check` reads off the home contract: what it is, who signs, which model, which secret, what it costs.

Rules that hold here: everything is asked of usable addresses only; "now" is the newest final block's time,
not this machine's clock; what is scheduled for a later epoch is looked at too, because that is what will
stop a node tomorrow; money is named in the chain's own coin.
"""

from dataclasses import dataclass

from ledger_reader.errors import Stop
from models import manifest as manifests
from models import scorecard as scorecards
from models.schedule import Schedule
from oracle import folder
from oracle.ceremony import SECRET_FILE
from oracle.check.home import Member
from oracle.check.row import Row, fix, ok, pending
from oracle.committee_secret import Secrets
from oracle.contract import Clock, CreditOracle
from oracle.epoch import secret_hash
from oracle.keys import NodeKeys, load_secret
from oracle.report import Mark
from oracle.settings import Settings, address_text
from oracle.watch import publish_gas

LAST_EPOCH = 2**64 - 1
COINS = {1: "ETH", 10: "ETH", 56: "BNB", 100: "xDAI", 137: "POL", 8453: "ETH", 42161: "ETH", 43114: "AVAX"}
LOW_EPOCHS, ENOUGH_EPOCHS = 10, 50


@dataclass(frozen=True)
class Contract:
    """The home contract as it answers now: its clock, and the epochs that matter to a node."""

    oracle: CreditOracle
    clock: Clock
    schedule: Schedule
    now: int

    @property
    def running(self) -> int:
        """The epoch that is running: the next one to be reported."""
        return self.schedule.epoch_ended_by(self.now) + 1


def opened(oracle: CreditOracle, settings: Settings, now: int) -> Contract:
    """The contract, once it has answered as ours does; Stop when there is none, or another one."""
    if oracle.rpc.call("eth_getCode", [address_text(settings.contract), "latest"]) in ("0x", None):
        raise Stop(
            f"{address_text(settings.contract)} has no code on chain {settings.chain_id}: "
            "correct contract in settings.json."
        )
    clock = oracle.clock()
    schedule = Schedule(settings.chain_id, settings.contract, clock.genesis, clock.length)
    return Contract(oracle, clock, schedule, now)


def contract_row(contract: Contract) -> list[Row]:
    """Where the contract's clock stands."""
    latest, current = contract.oracle.latest_epoch(), int(contract.oracle.read("currentEpoch")[0])
    says = f"epoch {contract.running} is running, {latest} is the last published, {current or 'none'} is read"
    if contract.running - 1 > latest and contract.now > contract.schedule.end_of(contract.running - 1):
        return [pending("contract", f"{says}: epoch {contract.running - 1} has ended and awaits its root.")]
    return [ok("contract", says)]


def state(contract: Contract) -> list[Row]:
    """Whether publishing is paused, and what became of the latest root: nothing that a node can mend."""
    latest, until = contract.oracle.latest_epoch(), contract.oracle.paused_until()
    mark = contract.oracle.mark_of(latest)
    if until > contract.now:
        return [pending("state", f"publishing is paused for {until - contract.now} s more.")]
    if mark is Mark.HELD:
        says = "is outside the limits and not read: two epochs inside them, or the owner, release it."
        return [pending("state", f"the root of epoch {latest} {says}")]
    if mark is Mark.VETOED:
        return [pending("state", f"the root of epoch {latest} is vetoed: the one before is read on.")]
    return [ok("state", "not paused, nothing held or vetoed")]


def membership(contract: Contract, member: Member) -> list[Row]:
    """Whether these keys are a member's in the running epoch, and in whatever is scheduled."""
    rows = [_membership(contract, "member now", contract.running, member)]
    if _config(contract, LAST_EPOCH) != _config(contract, contract.running):
        rows.append(_membership(contract, "member later", LAST_EPOCH, member))
    return rows


def _membership(contract: Contract, what: str, epoch: int, member: Member) -> Row:
    committee = contract.oracle.committee_at(epoch)
    config = f"committee 0x{committee.config_digest.hex()[:8]}…"
    if _config(contract, epoch) != committee.config_digest:
        return fix(what, f"{config} hashes otherwise on chain: this version does not fit the contract.")
    if member.address is None:
        return pending(what, f"{config} has {len(committee.members)} members; no key here to be one of them.")
    shown = address_text(member.address)
    if member.address not in committee.members:
        return fix(what, f"{shown} is not in {config}: ask the owner, and sign with a member's key only.")
    index = committee.members.index(member.address)
    if member.identity_key != committee.identity_keys[index]:
        named = f"0x{committee.identity_keys[index].hex()[:8]}…"
        return fix(what, f"{config} names the identity {named} for {shown}: restore that identity.json.")
    seat = f"member {index} of {len(committee.members)}, quorum {committee.quorum}"
    return ok(what, f"{shown} is {seat} in {config}")


def _config(contract: Contract, epoch: int) -> bytes:
    found: bytes = contract.oracle.read("committeeAt", epoch)[1]
    return found


def models(contract: Contract, settings: Settings) -> list[Row]:
    """Whether manifest and scorecard of the running epoch's model, and of a scheduled one, are here."""
    now, later = contract.oracle.model_at(contract.running), contract.oracle.model_at(LAST_EPOCH)
    rows = [_model(contract, settings, "model now", now)]
    return rows if later == now else [*rows, _model(contract, settings, "model later", later)]


def _model(contract: Contract, settings: Settings, what: str, model_id: bytes) -> Row:
    try:
        manifest = manifests.load(settings.home, model_id)
        scorecards.load(settings.home, manifest.scorecard)
    except Stop as reason:
        return fix(what, str(reason))
    if manifest.schedule != contract.schedule:
        return fix(what, f"0x{model_id.hex()[:8]}… is for another contract or clock: tell the owner.")
    unread = [str(chain.chain_id) for chain in manifest.sources if chain.chain_id not in settings.rpc]
    if unread:
        return fix(what, f"it reads chain {', '.join(unread)}: add addresses of it under rpc.")
    return ok(what, f"0x{model_id.hex()[:8]}…: manifest and scorecard hash to their names")


def secret(contract: Contract, settings: Settings, keys: NodeKeys) -> list[Row]:
    """Whether the committee's secret is held: of the running epoch, and of a committee that is scheduled."""
    now = contract.oracle.committee_at(contract.running).secret_hash
    later = contract.oracle.committee_at(LAST_EPOCH).secret_hash
    dealt = _dealt(settings, keys)
    is_another = dealt is not None and secret_hash(dealt[1]) not in (now, later)
    if is_another and Secrets(settings.home, keys).held(now) is None:
        path, named = settings.home / SECRET_FILE, f"0x{now.hex()[:8]}…"
        says = f"{path} is not what the contract names ({named}): the node asks the other members for that."
        return [pending("secret", says)]
    rows = [_secret(contract, settings, keys, "secret", now)]
    return rows if later == now else [*rows, _secret(contract, settings, keys, "secret later", later)]


def _dealt(settings: Settings, keys: NodeKeys) -> tuple[int, bytes] | None:
    path = settings.home / SECRET_FILE
    return load_secret(path, keys) if path.exists() else None


def _secret(contract: Contract, settings: Settings, keys: NodeKeys, what: str, named: bytes) -> Row:
    dealt = _dealt(settings, keys)
    found = Secrets(settings.home, keys).held(named)
    if found is None and dealt is not None and secret_hash(dealt[1]) == named:
        found = dealt
    if found is None:
        return pending(what, f"0x{named.hex()[:8]}… is not here: the node asks the other members for it.")
    is_as_dealt = secret_hash(found[1]) == named
    proof = "its hash is the contract's" if is_as_dealt else _agreement(contract, settings)
    return ok(what, f"held for epoch {found[0]}; {proof}")


def _agreement(contract: Contract, settings: Settings) -> str:
    """What shows that a secret already turned on is the committee's: the last root made from it."""
    latest = contract.oracle.latest_epoch()
    if latest not in folder.known_epochs(settings.epochs):
        return "not provable before the next root"
    mine = folder.read_report(settings.epochs, latest).root
    on_chain: bytes = contract.oracle.read("rootOf", latest)[0][0]
    if mine == on_chain:
        return f"the root of epoch {latest} is the chain's"
    raise Stop(f"the root of epoch {latest} here is not the chain's: compare the ledgers, then the secret.")


def balance(contract: Contract, settings: Settings, address: bytes | None) -> list[Row]:
    """How many epochs the address that pays can pay for if it publishes each of them."""
    if address is None:
        return [ok("balance", "no key, nothing to pay")]
    rpc = contract.oracle.rpc
    wei, price = (
        int(found, 16)
        for found in rpc.batch([("eth_getBalance", [address_text(address), "latest"]), ("eth_gasPrice", [])])
    )
    committee = contract.oracle.committee_at(contract.running)
    epochs = wei // max(1, price * publish_gas(committee.quorum))
    coin = COINS.get(settings.chain_id, f"coins of chain {settings.chain_id}")
    says = f"{wei / 10**18:.4f} {coin} at {address_text(address)}, for {_many(epochs)} epochs at today's fee"
    if epochs < LOW_EPOCHS:
        return [fix("balance", f"{says}: send {coin} on chain {settings.chain_id} to that address.")]
    return [(ok if epochs >= ENOUGH_EPOCHS else pending)("balance", says)]


def _many(epochs: int) -> str:
    return str(epochs) if epochs < 10_000 else "more than 10,000"
