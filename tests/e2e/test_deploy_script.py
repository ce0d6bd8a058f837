"""Deploy.s.sol, Check.s.sol and DeployLending.s.sol on a chain: what one puts there the next finds."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from ledger_reader.rpc import Rpc
from oracle.ceremony import make_committee
from oracle.check.lending import check_lender
from oracle.contract import Contract, CreditOracle, load_abi
from tests.e2e.conftest import REPOSITORY, running_anvil

CONTRACTS = REPOSITORY / "contracts"
FORGE = CONTRACTS / "node_modules" / ".bin" / "forge"
# One transaction after the other: sent all at once they can reach a node out of order and then wait for ever.
SEND = ("--broadcast", "--slow", "--unlocked", "--sender")
DEPLOYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
STRANGER = "0x" + "57" * 20
SAME = "The deployment is what the configuration says."


@dataclass(frozen=True)
class World:
    """A chain with a deployment, and the folder that holds its two files."""

    url: str
    folder: Path
    wanted: dict[str, Any]

    @property
    def made(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "made.json").read_text())
        return found

    def run(
        self, script: str, wanted: dict[str, Any], *options: str, made: str = "made.json"
    ) -> "subprocess.CompletedProcess[str]":
        """One script over a configuration; both streams of forge in stdout."""
        configuration = self.folder / "configuration.json"
        configuration.write_text(json.dumps(wanted))
        files = [str(configuration.relative_to(CONTRACTS)), f"deployments/{self.folder.name}/{made}"]
        command: list[str | Path] = [
            FORGE,
            "script",
            f"script/{script}.s.sol",
            "--sig",
            "run(string,string)",
            *files,
        ]
        return subprocess.run(
            [*command, "--rpc-url", self.url, *options],
            cwd=CONTRACTS,
            env={**os.environ, "FOUNDRY_BROADCAST": str(self.folder / "broadcast")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )

    def differences(self, wanted: dict[str, Any]) -> list[str]:
        """The sentences of Check, which must agree with its exit status."""
        done = self.run("Check", wanted)
        found = [
            line.strip().removeprefix("different: ")
            for line in done.stdout.splitlines()
            if line.startswith("  different: ")
        ]
        assert (done.returncode == 0) == (not found) == (SAME in done.stdout), done.stdout[-2_000:]
        return found


def configuration(folder: Path) -> dict[str, Any]:
    """The example, with a committee as `credit-oracle init` makes it."""
    wanted: dict[str, Any] = json.loads((CONTRACTS / "script" / "deployment.example.json").read_text())
    made = make_committee(folder / "keys", 4, None, "a password", quick=True)
    wanted["committee"] = json.loads(Path(made["committeeFile"]).read_text())
    return wanted


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One deployment; the folder lies where foundry.toml lets scripts read and write."""
    if not FORGE.exists():
        sentence = "forge is not installed: run `npm ci` in contracts/"
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)
    (CONTRACTS / "deployments").mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="test-", dir=CONTRACTS / "deployments"))
    try:
        with running_anvil() as url:
            made = World(url, folder, configuration(folder))
            done = made.run("Deploy", made.wanted, *SEND, DEPLOYER)
            assert done.returncode == 0, done.stdout
            yield made
    finally:
        shutil.rmtree(folder)


def altered(wanted: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """The configuration with the value under a dotted key changed, or left out when it is None."""
    changed = deepcopy(wanted)
    part, (*parents, last) = changed, key.split(".")
    for parent in parents:
        part = part[parent]
    if value is None:
        del part[last]
    else:
        assert part[last] != value
        part[last] = value
    return changed


def test_deploy__configuration_of_another_chain__then_nothing_is_sent(world: World) -> None:
    with Rpc([world.url]) as rpc:
        before = rpc.block("latest").number
        wrong = altered(world.wanted, "chainId", 1)
        done = world.run("Deploy", wrong, *SEND, DEPLOYER)
        assert done.returncode != 0
        assert "WrongChain(1, 31337" in done.stdout
        assert rpc.block("latest").number == before


def test_deploy__number_that_does_not_fit__then_it_is_named(world: World) -> None:
    done = world.run("Deploy", altered(world.wanted, "limits.maxPsiBps", 65_536))
    assert done.returncode != 0
    assert 'NumberTooLarge(".limits.maxPsiBps", 65536' in done.stdout


VALUES: dict[str, tuple[object, tuple[str, ...]]] = {
    "chainId": (1, ("the chain id is 31337, the configuration says 1.",)),
    "clock.genesis": (1, ("genesis is 1735689600, the configuration says 1.",)),
    "clock.epochLength": (604_801, ("epochLength is 604800, the configuration says 604801.",)),
    "clock.delay": (86_401, ("delay is 86400, the configuration says 86401.",)),
    "clock.maxAge": (1_209_601, ("maxAge is 1209600, the configuration says 1209601.",)),
    "clock.reportLife": (1, ("reportLife is 172800, the configuration says 1.",)),
    "clock.maxGap": (1, ("maxGap is 86400, the configuration says 1.",)),
    "clock.ringSize": (6, ("ringSize is 5, the configuration says 6.",)),
    "limits.minBorrowers": (31, ("minBorrowers is 30, the configuration says 31.",)),
    "limits.minMeanScore": (451, ("minMeanScore is 450, the configuration says 451.",)),
    "limits.maxMeanScore": (751, ("maxMeanScore is 750, the configuration says 751.",)),
    "limits.maxMovedBps": (2_001, ("maxMovedBps is 2000, the configuration says 2001.",)),
    "limits.maxPsiBps": (2_501, ("maxPsiBps is 2500, the configuration says 2501.",)),
    "committee.quorum": (2, ("the digest of this epoch's committee is",)),
    "modelId": ("0x" + "ab" * 32, ("this epoch's model is",)),
    "sourceChains": (
        [1, 31337],
        ("the number of source chains is 1, the configuration says 2.", "a source chain is"),
    ),
    "guardian": (STRANGER, ("the oracle's guardian is",)),
    "modelRegistry.delay": (5, ("the model registry's delay is 604800, the configuration says 5.",)),
    "modelRegistry.proposers": (
        [STRANGER],
        ("is no proposer of models.", "proposes models, and the configuration does not list it."),
    ),
    "timelock.delay": (1, ("the timelock's delay is 172800, the configuration says 1.",)),
    "timelock.proposers": (
        [STRANGER],
        (
            "lacks the timelock's PROPOSER_ROLE.",
            "has the timelock's PROPOSER_ROLE, which the configuration does not give it.",
            "lacks the timelock's CANCELLER_ROLE.",
            "has the timelock's CANCELLER_ROLE, which the configuration does not give it.",
        ),
    ),
    "timelock.executors": (
        [STRANGER],
        (
            "lacks the timelock's EXECUTOR_ROLE.",
            "has the timelock's EXECUTOR_ROLE, which the configuration does not give it.",
        ),
    ),
}
"""Altered values, in the order in which Check reads them, and what it must say of each."""

CODE_OF = "the code of {} is not what this source makes of the configuration."


def test_check__every_value_altered__then_each_is_named(world: World) -> None:
    wanted = world.wanted
    for key, (value, _) in VALUES.items():
        wanted = altered(wanted, key, value)
    sentences = [sentence for _, said in VALUES.values() for sentence in said]
    sentences += [CODE_OF.format("the model registry"), CODE_OF.format("the oracle")]
    for one, sentence in zip(world.differences(wanted), sentences, strict=True):
        assert sentence in one


@pytest.mark.parametrize(
    ("key", "value"),
    [("minimum", "1"), ("delay", 1_209_599), ("reporterBps", 1), ("beneficiary", STRANGER)],
)
def test_check__other_terms_of_bonds__then_their_code_is_named(world: World, key: str, value: object) -> None:
    assert world.differences(altered(world.wanted, f"bonds.{key}", value)) == [CODE_OF.format("the bonds")]


def test_check__other_terms_for_people__then_they_are_named(world: World) -> None:
    others = {"linkDelay": 1, "arbiter": STRANGER, "maxUpheld": 1, "windowSeconds": 1}
    assert world.differences(altered(world.wanted, "people", others)) == [
        f"the disputes' arbiter is 0x{'0' * 38}F4, the configuration says {STRANGER}.",
        CODE_OF.format("the wallet links"),
        CODE_OF.format("the disputes"),
    ]


def test_check__bonds_that_were_not_asked_for__then_named(world: World) -> None:
    (found,) = world.differences(altered(world.wanted, "bonds", None))
    assert found.startswith("the oracle's bonds is 0x")


def test_check__contracts_that_are_not_there__then_each_is_named(world: World) -> None:
    path = world.folder / "made.json"
    text = path.read_text()
    try:
        wrong = dict.fromkeys(("creditOracle", "timelock", "payments"), STRANGER)
        path.write_text(json.dumps({**world.made, **wrong}))
        found = world.differences(world.wanted)
    finally:
        path.write_text(text)
    wanted = ["the timelock should be.", "the oracle should be.", "the payments should be."]
    assert [one.split(", where ")[1] for one in found] == wanted


def test_check__another_contract_in_the_oracles_place__then_its_code_is_named(world: World) -> None:
    with Rpc([world.url]) as rpc:
        address = world.made["creditOracle"]
        code = rpc.call("eth_getCode", [address, "latest"])
        at = code.index("5f5ffd")  # revert(0, 0): made unreachable to the reads of Check
        rpc.call("anvil_setCode", [address, code[:at] + "fefefe" + code[at + 6 :]])
        try:
            found = world.differences(world.wanted)
        finally:
            rpc.call("anvil_setCode", [address, code])
    assert found == [CODE_OF.format("the oracle")]


def test_check__what_the_owner_did_beside_the_configuration__then_it_is_named(world: World) -> None:
    with Rpc([world.url]) as rpc:
        registry = Contract(rpc, "ModelRegistry", bytes.fromhex(world.made["modelRegistry"][2:]))
        oracle = CreditOracle(rpc, bytes.fromhex(world.made["creditOracle"][2:]))
        kept = rpc.call("evm_snapshot", [])
        as_owner(rpc, world, registry, registry.call_data("setProposer", STRANGER, True))
        as_owner(rpc, world, oracle, oracle.call_data("setModelRegistry", STRANGER))
        found = world.differences(world.wanted)
        rpc.call("evm_revert", [kept])
    assert len(found) == 2
    assert found[0].startswith("the oracle's model registry is 0x5757")
    assert found[1].lower() == f"{STRANGER} proposes models, and the configuration does not list it."


def as_owner(rpc: Rpc, world: World, contract: Contract, data: bytes) -> None:
    """One transaction by the timelock itself, as if its delay had passed."""
    owner = world.made["timelock"]
    rpc.call("anvil_impersonateAccount", [owner])
    rpc.call("anvil_setBalance", [owner, hex(10**18)])
    request = {"from": owner, "to": "0x" + contract.address.hex(), "data": "0x" + data.hex()}
    sent = rpc.call("eth_sendTransaction", [request])
    rpc.call("evm_mine", [])
    receipt = rpc.call("eth_getTransactionReceipt", [sent])
    assert receipt["status"] == "0x1"


def test_deployment__of_the_example__then_the_timelock_alone_owns_it(world: World) -> None:
    assert world.differences(world.wanted) == []
    with Rpc([world.url]) as rpc:
        oracle = CreditOracle(rpc, bytes.fromhex(world.made["creditOracle"][2:]))
        assert oracle.read("owner")[0] == world.made["timelock"].lower()
        assert oracle.read("modelRegistry")[0] == world.made["modelRegistry"].lower()
        wanted = world.wanted["committee"]
        assert ["0x" + one.hex() for one in oracle.committee_at(1).members] == wanted["members"]


def lending(rpc: Rpc, world: World) -> dict[str, Any]:
    """The example, beside this deployment and with a coin of its own; the timelock is to own the book."""
    wanted: dict[str, Any] = json.loads((CONTRACTS / "script" / "lending.example.json").read_text())
    creation = {"from": DEPLOYER, "data": "0x" + load_abi("DevCoin").creation().hex()}
    sent = rpc.call("eth_sendTransaction", [creation])
    rpc.call("evm_mine", [])
    wanted["pool"]["coin"] = rpc.call("eth_getTransactionReceipt", [sent])["contractAddress"]
    made = {"creditOracle": "creditOracle", "walletLinks": "walletLinks", "owner": "timelock"}
    return wanted | {key: world.made[name] for key, name in made.items()}


def test_deploy_lending__of_the_example__lends_once_the_timelock_lists_the_pool(world: World) -> None:
    with Rpc([world.url]) as rpc:
        wanted = lending(rpc, world)
        nowhere = altered(wanted, "pool.coin", STRANGER)
        assert "NothingThere(" in world.run("DeployLending", nowhere, made="lending.json").stdout
        done = world.run("DeployLending", wanted, *SEND, DEPLOYER, made="lending.json")
        assert done.returncode == 0, done.stdout
        made = json.loads((world.folder / "lending.json").read_text())
        place = {name: bytes.fromhex(made[name][2:]) for name in ("termLoans", "loanPool", "receivables")}
        book, pool = (
            Contract(rpc, "TermLoans", place["termLoans"]),
            Contract(rpc, "LoanPool", place["loanPool"]),
        )
        for each in (book, Contract(rpc, "Receivables", place["receivables"])):
            assert each.read("LINKS")[0] == wanted["walletLinks"].lower()
        assert book.read("owner")[0] == world.made["timelock"].lower()
        assert pool.read("owner")[0] == wanted["pool"]["owner"]
        assert pool.read("terms")[0] == tuple(wanted["pool"]["terms"].values())
        assert pool.read("table")[1] == tuple(tuple(row.values()) for row in wanted["pool"]["table"])
        assert book.read("isListed", pool.address) == (False,)
        (call,) = re.findall(r"the owner lists the pool by 0x([0-9a-f]+) to 0x", done.stdout)
        as_owner(rpc, world, book, bytes.fromhex(call))
        assert book.read("isListed", pool.address) == (True,)
        rows = check_lender([world.url], pool.address, None, None)
        assert [row for row in rows if row.state == "fix"] == []
        assert "ok" in [row.state for row in rows if row.what == "owner"]
