"""The story's hands: what a firm or a reader asks of the service, and the rounds of the four nodes.

Rules that hold here: whoever asks is signed in by wallet, and signs consents and requests with the own key;
the nodes are real processes.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from eth_account import Account

from ledger_reader.errors import Stop
from models import manifest as manifests
from oracle.consent import PURPOSES, Consent, ReadRequest, typed_data
from oracle.devchain import shanghai_world as worlds
from oracle.devchain.anvil import GENESIS_TIME
from oracle.devchain.deploy import DAY
from oracle.devchain.people import demo_address, demo_key
from oracle.devchain.shanghai_words import INSTITUTIONS, LANGUAGES, READER, Transcript
from oracle.devchain.shanghai_world import HOUR, PAST_DAYS, World
from oracle.devchain.stage import EPOCH, LENGTH, Stage, own, sign_in
from oracle.epoch import Deployment

END = GENESIS_TIME + EPOCH * LENGTH + PAST_DAYS * DAY
"""The end of the first epoch, at which the platform opens."""


class Story:
    """The world, where its service is, and what was told so far."""

    def __init__(self, stage: Stage) -> None:
        self.world, self.stage = World(stage), stage
        self.manifest = worlds.name_model(stage)
        self.told = Transcript()
        self.url = ""
        self.facts: dict[str, Any] = {}
        self._nonce = 0

    @property
    def manifest_file(self) -> Path:
        """As the verbs take it."""
        identity = manifests.model_id(self.manifest).hex()
        return self.stage.folder / "model" / "manifests" / f"{identity}.json"

    @property
    def where(self) -> Deployment:
        """What consents are signed for."""
        return Deployment.of(self.stage.deployment.schedule)

    def own(self, name: str, path: str, **parameters: object) -> Any:
        """What the service answers one of the cast, which it must not refuse."""
        answer = own(self.url, name, path, self.stage.deployment.chain_id, **parameters)
        return answer.raise_for_status().json()

    def change(self, name: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the service answers one of the cast that asks for a change it must not refuse."""
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            token = sign_in(client, name, self.stage.deployment.chain_id)
            headers = {"authorization": f"Bearer {token}"}
            answer = client.request(method, path, headers=headers, json=body).raise_for_status()
            return answer.json() if answer.content else None

    def consent(self, name: str, reader: str, what: str, count: int) -> str:
        """A consent signed by a firm and given to the service; its id."""
        ends = int(time.time()) + 30 * DAY
        who = demo_address(name), demo_address(reader)
        given = Consent(*who, READER[0], what, PURPOSES[0], 0, ends, count, self._number())
        signature = _sign(name, typed_data(given, self.where))
        body = {"consent": typed_data(given, self.where)["message"], "signature": signature}
        identity: str = self.change(name, "POST", "/v1/me/consents", body)["id"]
        return identity

    def read(self, reader: str, name: str, what: str) -> httpx2.Response:
        """What the service answers a reader."""
        who = demo_address(name), demo_address(reader)
        request = ReadRequest(*who, what, PURPOSES[0], 0, int(time.time()), self._number())
        message = typed_data(request, self.where)
        body = message["message"] | {"signature": _sign(reader, message)}
        return httpx2.post(f"{self.url}/v1/reads", json=body, trust_env=False, timeout=30)

    def both(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A firm's own score, in English and in Chinese."""
        english, chinese = (self.own(name, "/v1/me/score", lang=language) for language in LANGUAGES)
        return english, chinese

    def round(self, epoch: int, nodes: int = len(INSTITUTIONS)) -> list[dict[str, Any]]:
        """The epoch ends, the first so many nodes score it, and its root counts; what each node says."""
        end = END + (epoch - EPOCH) * LENGTH
        self.stage.anvil.advance_to(end - 60)  # the last block before the end is the snapshot
        self.stage.anvil.advance_to(end + 60)
        self.stage.anvil.automine(True)
        said = self.stage.run_nodes(self.stage.homes[:nodes])
        if len({each["root"] for each in said}) != 1:
            raise Stop(f"the nodes do not agree; their logs are log.txt in {self.stage.folder}/committee.")
        self.stage.anvil.advance_to(end + 6 * HOUR)
        return said

    def signatures(self, epoch: int) -> int:
        """How many members' signatures an epoch was published with."""
        published = self.stage.oracle.published(self.stage.deployment.start_block)
        return published[epoch].member_mask.bit_count()

    def _number(self) -> int:
        self._nonce += 1
        return self._nonce


def _sign(name: str, message: dict[str, Any]) -> str:
    """A wallet's signature of typed data, as 0x hex."""
    signature: bytes = Account.sign_typed_data(demo_key(name), full_message=message).signature
    return "0x" + bytes(signature).hex()
