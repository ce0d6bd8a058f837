"""A small world on one machine: a chain, the contracts, a committee's folders, and processes over them.

Rules that hold here: development only; nodes and service are real processes, each with its own folder,
keys, ledger and port, and all end with this one; what is known of the world is read from it, through the
JSON of `credit-oracle` verbs, the borrowers' service, or the chain. The cast's keys are public.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger_reader import sources as source_lists
from ledger_reader.errors import Stop
from ledger_reader.sources import ChainSources
from models import plain
from oracle.committee import from_json as committee_from_json
from oracle.contract import Clock, Contract, CreditOracle, load_abi
from oracle.devchain.anvil import HOST, Anvil, Transaction, die_with_parent, free_port
from oracle.devchain.deploy import CREATION_GAS, DAY, DOLLAR, DevDeployment, Policy, Row, deploy
from oracle.devchain.people import CAST, demo_address, demo_key
from oracle.keys import KeySigner
from oracle.proof_text import BESIDE
from oracle.settings import address_text, write_settings
from oracle.tree import AtLeastProof, at_least_proof_from_json
from oracle.wallet import Receipt, Wallet

MEMBERS = 4
LENGTH = 7 * DAY
EPOCH = 3
"""The first epoch for which a model named during epoch 1 can hold: two epochs' notice."""

WIDTH_NOT_SHOWN = 2**16 - 1
"""The width of a proof of "at least", to a pool's table."""

OPERATOR, OPERATOR_FILE = "Demo Cooperative 演示合作社", "operator.json"
USABLE = ("loans", "pool", "coin", "links", "disputes")
"""Contracts that the borrower's page calls."""

UPHELD_IN_A_WINDOW = 10, 7 * DAY
"""How many disputes can be upheld in so many seconds."""

WAIT_SECONDS = 120
COMMAND = (sys.executable, "-m", "oracle.cli")
NO_MODEL_YET = bytes(31) + b"\x01"
PASSWORD_FILE = "CREDIT_ORACLE_PASSWORD_FILE"  # noqa: S105 (a variable's name)


@dataclass
class Stage:
    """The world: its folder, chain and contracts, what is read from it, and the committee's folders."""

    folder: Path
    anvil: Anvil
    deployment: DevDeployment
    sources: ChainSources
    population: str
    homes: list[Path]

    @property
    def ledger(self) -> Path:
        """The data scientist's own ledger."""
        return self.folder / "ledger.duckdb"

    @property
    def oracle(self) -> CreditOracle:
        """The oracle's contract."""
        return CreditOracle(self.anvil.rpc, self.deployment.oracle)

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this world is started with."""
        return {**os.environ, PASSWORD_FILE: str(self.folder / "password.txt"), "PYTHONUNBUFFERED": "1"}

    def verb(self, *arguments: object) -> dict[str, Any]:
        """What a `credit-oracle` verb prints with --json; Stop with its own sentence when it fails."""
        return run_verb(self.environment, *arguments)

    def read(self) -> dict[str, Any]:
        """Bring the data scientist's ledger to the final block, by the `read` verb in verified mode."""
        path = self.folder / "sources.json"
        path.write_bytes(plain.write(source_lists.to_json((self.sources,))))
        files = ("--sources", path, "--ledger", self.ledger)
        return self.verb("read", "--rpc", self.anvil.url, *files, "--verify", "receipts")

    def train(self, cut: int, *options: object) -> dict[str, Any]:
        """Train on loans opened before `cut`, by the `train` verb with any further options.

        Wallets are shared: in a world this small nearly everybody borrows from the first months on.
        """
        path, out = self.folder / "deployment.json", self.folder / "model"
        path.write_bytes(plain.write(self.frame()))
        files = ("--ledger", self.ledger, "--deployment", path, "--out", out)
        return self.verb("train", *files, "--cut", cut, "--wallets", "shared", *options)

    def frame(self) -> dict[str, Any]:
        """What `train` must know of where its model is for."""
        return {
            "population": self.population,
            "schedule": {
                "chain_id": self.deployment.chain_id,
                "contract": address_text(self.deployment.oracle),
                "genesis": self.deployment.genesis,
                "length": self.deployment.epoch_length,
            },
            "sources": source_lists.to_json((self.sources,)),
        }

    def propose(self, model_id: str) -> None:
        """The owner names the model that holds from EPOCH on."""
        call = self.oracle.call_data("scheduleModel", bytes.fromhex(model_id[2:]), EPOCH)
        self.anvil.mine_block([Transaction(self.deployment.owner, self.deployment.oracle, call)])

    def furnish(self, manifest: Path, rpc_urls: Sequence[str] = ()) -> None:
        """Settings and a copy of the model for every member; `rpc_urls` one each (none: the chain's)."""
        ports, members = [free_port(0) for _ in self.homes], self.oracle.committee_at(EPOCH).members
        self.anvil.set_balances(members)
        peers = {member: f"http://{HOST}:{port}" for member, port in zip(members, ports, strict=True)}
        for i, home in enumerate(self.homes):
            for kind in ("manifests", "scorecards", "cards"):
                if (manifest.parent.parent / kind).is_dir():  # a model made by hand has no card
                    shutil.copytree(manifest.parent.parent / kind, home / kind, dirs_exist_ok=True)
            others = {address_text(m): url for m, url in peers.items() if m != members[i]}
            rpc = rpc_urls[i] if rpc_urls else self.anvil.url
            serves = {"facts": i == 0, "events": i == 0}  # the first node is the one with a service beside it
            write_settings(home, node_settings(self.deployment, rpc, ports[i], others) | serves)

    def run_nodes(
        self, homes: Sequence[Path], varied: Sequence[Mapping[str, str]] = ()
    ) -> list[dict[str, Any]]:
        """One round by a process for each home; what each says. `varied`: variables of its own for each."""
        with contextlib.ExitStack() as stack:
            running = []
            for i, home in enumerate(homes):
                own = varied[i] if varied else {}
                running.append(stack.enter_context(self.process(home, own, "node", "--once", "--json")))
            return [outcome(process, home) for process, home in zip(running, homes, strict=True)]

    @contextlib.contextmanager
    def process(
        self, home: Path, variables: Mapping[str, str], verb: str, *arguments: object
    ) -> "Iterator[subprocess.Popen[str]]":
        """A verb over a node's folder in a process of its own; its log is log.txt there."""
        with (home / "log.txt").open("a") as log:
            process = subprocess.Popen(
                [*COMMAND, verb, "--home", str(home), *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**self.environment, **variables},
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 (one prctl call, no lock is taken)
            )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def with_disputes(self) -> "Stage":
        """The same world with a contract of disputes, which its ledger reads; the owner decides them."""
        owner = self.deployment.owner
        return self._with("disputes", "Disputes", owner, owner, *UPHELD_IN_A_WINDOW)

    def with_open_scores(self, port: int) -> "Stage":
        """The same world with a contract by which clients of EIP-3668 ask the service at `port`."""
        gateway = f"http://{HOST}:{port}/v1/gateway/{{sender}}/{{data}}.json"
        return self._with("open_scores", "OpenScores", self.deployment.oracle, [gateway])

    def _with(self, name: str, abi: str, *arguments: object) -> "Stage":
        """The same world with one more contract, made by the owner."""
        creation = load_abi(abi).creation(*arguments)
        (made,) = self.anvil.mine_block(
            [Transaction(self.deployment.owner, None, creation, gas=CREATION_GAS)]
        )
        assert made.created is not None  # noqa: S101 (mine_block raises what fails)
        deployment = replace(self.deployment, contracts={**self.deployment.contracts, name: made.created})
        return replace(self, deployment=deployment, sources=deployment.sources)

    def operator(self) -> dict[str, Any]:
        """The service's operator.json: a demonstration, whose page may use this chain and its contracts."""
        contracts = self.deployment.contracts
        usable = {name: address_text(contracts[name]) for name in USABLE if name in contracts}
        senders = [address_text(contracts["open_scores"])] if "open_scores" in contracts else []
        told = {"name": OPERATOR, "demo": True, "rpc": self.anvil.url, "gateway_senders": senders}
        return told | usable

    @contextlib.contextmanager
    def service(self, home: Path, port: int) -> Iterator[str]:
        """The borrowers' service over a node's folder; its address. The cast can pay for transactions."""
        url = f"http://{HOST}:{port}"
        self.anvil.set_balances([demo_address(name) for name in CAST])
        (home / OPERATOR_FILE).write_bytes(plain.write(self.operator()))
        with self.process(home, {}, "api", "--host", HOST, "--port", port) as process:
            deadline = time.monotonic() + WAIT_SECONDS
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Stop(f"the service did not start: {last_words(home)}")
                time.sleep(0.1)
            yield url


def run_verb(environment: Mapping[str, str], *arguments: object) -> dict[str, Any]:
    """What a verb prints with --json; Stop with its own sentence when it fails."""
    command = [*COMMAND, *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(environment), check=False)
    if done.returncode:
        raise Stop(f"`credit-oracle {arguments[0]}` failed: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def open_stage(
    stack: contextlib.ExitStack,
    folder: Path,
    start: int,
    end: int,
    policy: Policy | None = None,
    long: bool = False,
    rich: bool = False,
) -> Stage:
    """A chain from `start`, keys and contracts, epoch EPOCH ending at `end`; all is over with `stack`.

    `rich`: with the contracts that a rich economy needs.
    """
    password = folder / "password.txt"
    password.write_text(secrets.token_urlsafe(24) + "\n")
    password.chmod(0o600)
    anvil = stack.enter_context(Anvil(start_time=start, long=long))
    environment = {**os.environ, PASSWORD_FILE: str(password)}
    made = run_verb(environment, "init", "--out", folder / "committee", "--members", MEMBERS, "--quick")
    names = ("members", "identityKeys", "quorum", "secretHash")
    committee = committee_from_json({name: made[name] for name in names})
    clock = Clock(
        genesis=end - EPOCH * LENGTH,
        length=LENGTH,
        delay=3_600,
        max_age=2 * LENGTH,
        report_life=2 * DAY,
        max_gap=DAY,
        ring_size=5,
    )
    deployment = deploy(anvil, committee, NO_MODEL_YET, clock, policy, rich=rich)
    homes = [Path(home) for home in made["homes"]]
    return Stage(folder, anvil, deployment, deployment.sources, "enrolled", homes)


def node_settings(deployment: DevDeployment, rpc: str, port: int, peers: Mapping[str, str]) -> dict[str, Any]:
    """A node's settings.json, impatient enough for a story."""
    return {
        "chain_id": deployment.chain_id,
        "contract": address_text(deployment.oracle),
        "rpc": {str(deployment.chain_id): [rpc]},
        "listen": f"{HOST}:{port}",
        "peers": dict(peers),
        "poll_seconds": 0.3,
        "turn_seconds": 20.0,
        "round_seconds": float(WAIT_SECONDS),
    }


def outcome(process: "subprocess.Popen[str]", home: Path) -> dict[str, Any]:
    """What a node that ran `--once` printed; Stop with the end of its log when it failed."""
    try:
        output, _ = process.communicate(timeout=WAIT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Stop(f"the node in {home} did not finish its round: {last_words(home)}") from error
    if process.returncode:
        raise Stop(f"the node in {home} failed: {last_words(home)}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def last_words(home: Path, characters: int = 500) -> str:
    """The end of a process's log."""
    return (home / "log.txt").read_text()[-characters:].strip()


def borrow(stage: Stage, name: str, dollars: int, proof: AtLeastProof) -> Receipt:
    """Draw a loan in a transaction signed by one of the cast; Refused when the contract says no."""
    stage.anvil.set_balances([demo_address(name)])
    payer = KeySigner(demo_key(name))
    wallet = Wallet(stage.anvil.rpc, payer, stage.deployment.chain_id, poll_seconds=0.1)
    loans = Contract(stage.anvil.rpc, "TermLoans", stage.deployment.loans, calls=("CreditOracle", "LoanPool"))
    values = (proof.epoch, proof.status, proof.threshold, proof.opening, proof.rung, proof.path)
    receipt = wallet.send(loans, "borrow", stage.deployment.pool, draw_by(stage, dollars, 30, proof), values)
    assert receipt is not None  # noqa: S101 (nothing makes this transaction needless)
    return receipt


def draw_by(stage: Stage, dollars: int, days: int, proof: AtLeastProof) -> tuple[Any, ...]:
    """ITermLoans.Draw of one due date, no guarantors, on conditions no worse than now; Refused when none."""
    loans = Contract(stage.anvil.rpc, "TermLoans", stage.deployment.loans)
    asked = (dollars * DOLLAR, days * DAY, 1)
    (worst,) = loans.read("quote", stage.deployment.pool, *asked, _row(stage, proof).yearly_rate_bps)
    return (*asked, worst, ())


def yearly_rate(stage: Stage, proof: AtLeastProof) -> int:
    """At how many per cent a year the pool lends on a proof; Refused when it does not."""
    return _row(stage, proof).yearly_rate_bps // 100


def _row(stage: Stage, proof: AtLeastProof) -> Row:
    pool = Contract(stage.anvil.rpc, "LoanPool", stage.deployment.pool)
    _, row = pool.read("rowFor", proof.status, proof.threshold, WIDTH_NOT_SHOWN)
    return Row(*row)


def own(url: str, name: str, path: str, chain_id: int, **parameters: object) -> httpx2.Response:
    """What the service at `url` answers one of the cast, signed in by wallet."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
        token = sign_in(client, name, chain_id)
        headers = {"authorization": f"Bearer {token}"}
        return client.get(path, headers=headers, params={key: str(v) for key, v in parameters.items()})


def sign_in(client: httpx2.Client, name: str, chain_id: int) -> str:
    """A session token, for a wallet's signature of an EIP-4361 message."""
    offer = client.post("/v1/nonces").json()
    account, now = Account.from_key(demo_key(name)), datetime.now(UTC)
    message = (
        f"{offer['domain']} wants you to sign in with your Ethereum account:\n{account.address}\n\n"
        f"{offer['statement']}\n\nURI: http://{offer['domain']}\nVersion: 1\nChain ID: {chain_id}\n"
        f"Nonce: {offer['nonce']}\nIssued At: {now:%Y-%m-%dT%H:%M:%SZ}\n"
        f"Expiration Time: {now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    )
    signature = account.sign_message(encode_defunct(text=message)).signature.hex()
    answer = client.post("/v1/sessions", json={"message": message, "signature": f"0x{signature}"})
    token: str = answer.raise_for_status().json()["token"]
    return token


def at_least(found: Mapping[str, Any]) -> AtLeastProof:
    """The proof in an answer of the service or of `prove`."""
    return at_least_proof_from_json({k: v for k, v in found.items() if k not in BESIDE})


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/v1/health", trust_env=False).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
