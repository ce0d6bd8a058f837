"""Shapes of what everyone may ask; as in shapes.py."""

from typing import Any, Literal

from oracle.api.shapes import Shape


class Health(Shape):
    """The process answers; `latestEpoch` null: none yet."""

    status: Literal["ok"]
    chain_id: int
    contract: str
    latest_epoch: int | None


class Ready(Shape):
    """Scores and proofs can be asked for."""

    status: Literal["ready"]
    epoch: int


class Operator(Shape):
    """Who runs the service, of which oracle, and what browsers may use."""

    name: str
    licence: str | None
    demo: bool
    chain_id: int
    contract: str
    loans: str | None
    links: str | None
    disputes: str | None
    coin: str | None
    pool: str | None
    rpc: str | None
    explorer: str | None
    report_key: str


class DemoWallet(Shape):
    """A wallet of a demonstration; the key is public."""

    name: str
    private_key: str
    address: str
    second_of: str | None


class Report(Shape):
    """ICreditOracle.EpochReport; shares in basis points, figures 0 with fewer than 30 people to compare."""

    epoch: int
    config: str
    model_id: str
    snapshot_block: int
    snapshot_time: int
    home_hash: str
    snapshot_hash: str
    root: str
    scores_hash: str
    previous_epoch: int
    borrowers: int
    mean_score: int
    moved_bps: int
    psi_bps: int


class Attestation(Shape):
    """What one member signed the report with: secp256k1, and its Ed25519 identity."""

    signature: str
    identity_signature: str


class SignedReport(Report):
    """A report, and the signatures that this node keeps."""

    attestations: list[Attestation]


class EpochStatus(Report):
    """A report, how many signatures of it are kept here, and its fate on chain; null: not known now.

    `standing`: contracts `read` it; it is `waiting` until `activeFrom`; `usable`, with a later one read in
    its place; `held` or `vetoed`; or `unpublished`.
    """

    standing: Literal["read", "waiting", "usable", "held", "vetoed", "unpublished"] | None
    active_from: int | None
    signatures: int
    members: int | None
    quorum: int | None


class Limits(Shape):
    """ICreditOracle.Limits: a root whose report is outside of them is held."""

    min_borrowers: int
    min_mean_score: int
    max_mean_score: int
    max_moved_bps: int
    max_psi_bps: int


class Dissent(Shape):
    """A member signed another report than this node: in which fields, and in how many borrowers if known.

    `isAll`: those are all; `twoStories`: it signed two reports of this epoch.
    """

    epoch: int
    member: str
    root: str
    fields: list[str]
    borrowers: int | None
    is_all: bool
    two_stories: bool


class Status(Shape):
    """How service and oracle are; null is what is not known now.

    `chainTime`: what the time of a block would be; `readEpoch`: contracts read it; `maxAge`: of its snapshot,
    in seconds. `dissentWatched` false: no node keeps dissent in this service's folder.
    """

    database_answers: bool
    chain_time: int | None
    latest_epoch: int | None
    read_epoch: int | None
    next_update: int | None
    max_age: int | None
    limits: Limits | None
    epochs: list[EpochStatus]
    dissent_watched: bool
    dissent: list[Dissent] | None


class Model(Shape):
    """A manifest and its scorecard as their files are; the card is Markdown, `cardHash` the registry's."""

    model_id: str
    manifest: dict[str, Any]
    scorecard: dict[str, Any]
    card: str | None
    card_hash: str | None


class Members(Shape):
    """The committee of an epoch, as the contract has it."""

    members: list[str]
    identity_keys: list[str]
    quorum: int
    secret_hash: str
    epoch: int


class Verified(Shape):
    """What a proof shows: a score with its width, or a threshold."""

    proven: bool
    kind: Literal["score", "atLeast"]
    account: str
    epoch: int
    snapshot_time: int
    status: int
    score: int | None = None
    width: int | None = None
    threshold: int | None = None


class ForContract(Shape):
    """A gateway's answer, for a contract's callback."""

    data: str
