"""Shapes: what the service's answers hold, as its OpenAPI document tells them.

Rules that hold here: these describe and do not check, so that a route that is asked often costs nothing more;
a test holds each against real answers, and nothing may be in one that is not in the other. The client in kit/
is generated from them. Times are Unix seconds, bytes 0x hex, addresses 0x hex without a checksum.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from oracle.api.examples import example_of


def tells(shape: Any, status: int = 200) -> dict[str, Any]:
    """For a route's decorator: its answers are of this shape, as the example is."""
    content = {"application/json": {"example": example_of(shape)}}
    answer = {"model": shape, "content": content}
    return {"response_model": None, "status_code": status, "responses": {status: answer}}


class Shape(BaseModel):
    """Fields in camel case, and no others."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Nonce(Shape):
    """What a sign-in message must say."""

    nonce: str
    domain: str
    statement: str


class Session(Shape):
    """Signed in: the token is a bearer token."""

    token: str
    account: str
    expires: int


class Flags(Shape):
    """The fate of an epoch on chain; null: not known now."""

    held: bool | None
    stale: bool | None
    upcoming: bool | None
    vetoed: bool | None


class Capped(Shape):
    """The most that a record of this kind can reach, and what its points alone would give."""

    cap: int
    without: int
    text: str


class Helped(Shape):
    """What helped, and by how many points."""

    feature: str
    points: int
    text: str


class Reason(Shape):
    """What held the score back, and by how many points."""

    code: int
    points: int
    text: str


class Term(Shape):
    """One term of the scorecard: what it looked at and the points for it."""

    features: list[str]
    values: list[int | None]
    points: int


class Step(Shape):
    """A step of the plan: days it takes, and where the score would then be."""

    text: str
    days: int
    low: int
    high: int


class Score(Shape):
    """The own score; all from `band` on is absent for somebody without one."""

    account: str
    epoch: int
    snapshot_time: int
    next_update: int
    active_from: int | None
    flags: Flags
    model: str
    status: str
    disputed: bool
    score: int | None
    band: str | None = None
    low: int | None = None
    high: int | None = None
    bad_bps: int | None = None
    segment: str | None = None
    capped: Capped | None = None
    helped: list[Helped] | None = None
    held_back: list[Reason] | None = None
    base: int | None = None
    total: int | None = None
    terms: list[Term] | None = None
    target: int | None = None
    plan_text: str | None = None
    plan: list[Step] | None = None


class Past(Shape):
    """The record in one epoch."""

    epoch: int
    snapshot_time: int
    model: str
    status: str
    disputed: bool
    score: int | None
    low: int | None
    high: int | None


class Call(Shape):
    """A ready call of ICreditOracle."""

    function: str
    args: list[Any]


class ScoreProof(Shape):
    """ICreditOracle.ScoreProof."""

    epoch: int
    status: int
    score: int
    width: int
    salt: str
    detail: str
    top: str
    path: list[str]


class AtLeastProof(Shape):
    """ICreditOracle.AtLeastProof."""

    epoch: int
    status: int
    threshold: int
    opening: str
    rung: str
    path: list[str]


class OwnScoreProof(ScoreProof):
    """A proof of the score, whose it is, and the call that checks it."""

    kind: Literal["score"]
    account: str
    calldata: Call
    text: str


class OwnAtLeastProof(AtLeastProof):
    """A proof of "at least t", whose it is, and the call that checks it."""

    kind: Literal["atLeast"]
    account: str
    calldata: Call
    text: str


OwnProof = OwnScoreProof | OwnAtLeastProof


class Ladder(Shape):
    """From `floorLow` to `most` every multiple of `step` can be proved; `most` null: none."""

    epoch: int
    floor_low: int
    most: int | None
    step: int


class ConsentGiven(Shape):
    """The consent's id: its EIP-712 digest."""

    id: str


class Shown(Shape):
    """What a reader is shown by a consent: of the optional fields those that `what` names."""

    borrower: str
    consent: str
    what: str
    epoch: int
    status: str | None = None
    disputed: bool | None = None
    band: str | None = None
    score: int | None = None
    low: int | None = None
    high: int | None = None
    threshold: int | None = None
    holds: bool | None = None
    proof: ScoreProof | AtLeastProof | None = None
    file: dict[str, Any] | None = None


class Fact(Shape):
    """One fact that the score is made of; kind and outcome as models/record.py has them.

    `wallet`: of the person's; `excluded`: a dispute of it was upheld; `scoreWith` and `scoreWithout`: while
    it is disputed.
    """

    wallet: str
    fact_id: str
    kind: str
    chain_id: int
    protocol: str
    block_number: int
    log_index: int
    tx_hash: str
    block_time: int
    counterparty: str | None
    asset: str | None
    value_cents: int | None
    due_time: int | None
    outcome: str
    disputed: bool
    excluded: bool
    score_with: int | None
    score_without: int | None


class Without(Shape):
    """The score of an epoch as it is, and as it would be without one fact; null where there is none."""

    epoch: int
    fact_id: str
    score_with: int | None
    score_without: int | None


class Consent(Shape):
    """A consent as it was signed, and what became of it: reads that remain, when it was stopped."""

    id: str
    borrower: str
    reader: str
    reader_name: str
    what: str
    purpose: str
    threshold: int
    not_after: int
    count: int
    nonce: str
    remaining: int
    given: int
    stopped: int | None
    active: bool


class Access(Shape):
    """Who read what: the details and salt of entry `number`, and its `link` of the hash-chained log."""

    number: int
    salt: str
    borrower: str
    reader: str
    consent: str
    what: str
    purpose: str
    result: str
    time: int
    link: str


class ContractCall(Shape):
    """A call for the borrower's own wallet; `to` null: the operator names no such contract."""

    to: str | None
    function: str
    args: list[str]


class DisputeCall(ContractCall):
    """The same with its calldata."""

    data: str


class DisputeKept(Shape):
    """A dispute's words are kept; `call` puts their hash on chain."""

    words_hash: str
    call: DisputeCall
    answer_by: int


class Decision(Shape):
    """The arbiter's answer: outcome 1 upheld, 2 not upheld, 3 unconfirmed."""

    outcome: int
    reasons: str
    reasons_hash: str
    time: int


class Disputed(Shape):
    """An own dispute, and the decisions on its fact."""

    fact_id: str
    words_hash: str
    reason: str
    words: str
    time: int
    decisions: list[Decision]


class Words(Shape):
    """What a borrower says of the own record."""

    words: str
    time: int


class Statement(Shape):
    """The own statement; null: none."""

    statement: Words | None


class Deleted(Shape):
    """How many rows of each kind."""

    consents: int
    disputes: int
    decisions: int
    own_statements: int
    sessions: int
    reads: int

    model_config = ConfigDict(alias_generator=None, extra="forbid")


class Erased(Shape):
    """What was deleted, what stays and why, and the call that opts out."""

    deleted: Deleted
    stays: list[str]
    call: ContractCall


class ReportFile(Shape):
    """A credit report, whose it is, and the Ed25519 signature by `key`."""

    report: dict[str, Any]
    key: str
    signature: str
