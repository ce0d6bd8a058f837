"""A small world whose members' keys the test holds: it signs and publishes whatever it likes, by a quorum."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle import folder
from oracle.ceremony import SIGNER_FILE
from oracle.devchain.anvil import Transaction
from oracle.devchain.stage import EPOCH, LENGTH, Stage, outcome
from oracle.epoch import Deployment
from oracle.keys import KeySigner, to_compact
from oracle.report import EpochReport, digest
from oracle.settings import address_text
from oracle.verbs import audits
from oracle.wallet import Wallet
from tests.e2e.small_world import small_world


@dataclass
class World:
    """A stage with nothing published, one member's folder with the epoch as it should be, all signers."""

    stage: Stage
    home: Path
    signers: list[KeySigner]

    @property
    def report(self) -> EpochReport:
        return folder.read_report(self.home / "epochs", EPOCH)

    @property
    def manifest(self) -> Path:
        return next((self.stage.folder / "model" / "manifests").iterdir())

    @property
    def secret(self) -> Path:
        return folder.folder_of(self.home / "epochs", EPOCH) / "secret"

    def end_of(self, epoch: int) -> int:
        return self.stage.deployment.genesis + epoch * LENGTH

    def publish(self, report: EpochReport) -> None:
        """By three members' keys, whatever the report says."""
        deployment = Deployment(self.stage.deployment.chain_id, self.stage.deployment.oracle)
        signed = digest(report, deployment)
        chosen = self.signers[:3]
        signatures = [to_compact(each.sign_digest(signed)) for each in chosen]
        wallet = Wallet(self.stage.anvil.rpc, chosen[0], deployment.chain_id)
        pairs = [(each[:32], each[32:]) for each in signatures]
        wallet.send(self.stage.oracle, "publish", report.values(), 0b0111, pairs)

    def release(self) -> None:
        """The owner lets a held root count: nobody of this world has a score, which is outside the limits."""
        oracle = self.stage.oracle
        call = oracle.call_data("release", EPOCH)
        self.stage.anvil.mine_block([Transaction(self.stage.deployment.owner, oracle.address, call)])
        self.stage.anvil.automine(True)

    @contextlib.contextmanager
    def put_back(self) -> Iterator[None]:
        """The chain as it was before, afterwards."""
        moment = self.stage.anvil.rpc.call("evm_snapshot", [])
        yield
        assert self.stage.anvil.rpc.call("evm_revert", [moment]) is True

    def verb(self, *options: object) -> dict[str, Any]:
        """Audited by the verb, in a process of its own; Stop with its sentence when it fails."""
        contract = address_text(self.stage.oracle.address)
        named = ("--contract", contract, "--epoch", EPOCH, "--manifest", self.manifest)
        return self.stage.verb("audit", "--rpc", self.stage.anvil.url, *named, *options)

    def audit(
        self,
        url: str | None = None,
        epoch: int = EPOCH,
        secret: Path | None = None,
        against: Path | None = None,
    ) -> dict[str, Any]:
        """The same in this process."""
        urls, contract = [url or self.stage.anvil.url], address_text(self.stage.oracle.address)
        return audits.audit_epoch(urls, contract, epoch, self.manifest, secret=secret, against=against)

    def difference(
        self, epoch: int = EPOCH, secret: Path | None = None, against: Path | None = None
    ) -> str | None:
        """What the audit finds first."""
        found: str | None = self.audit(None, epoch, secret, against)["difference"]
        return found


@contextlib.contextmanager
def opened_by_its_keys(path: Path) -> Iterator[World]:
    """A small world in which one member computed the epoch in a dry run."""
    with small_world(path) as stage:
        home = stage.homes[0]
        with stage.process(home, {}, "node", "--once", "--dry-run", "--json") as process:
            outcome(process, home)
        password = (path / "password.txt").read_text().strip()
        yield World(stage, home, [KeySigner.load(each / SIGNER_FILE, password) for each in stage.homes])
