"""Shapes: what the service's answers hold, as its OpenAPI document tells them.

Rules that hold here: these describe and do not check, so that a route that is asked often costs nothing more;
a test holds each against real answers, and nothing may be in one that is not in the other. The client in kit/
is generated from them. Times are Unix seconds, bytes 0x hex, addresses 0x hex without a checksum.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


def tells(shape: Any, status: int = 200) -> dict[str, Any]:
    """For a route's decorator: its answers are of this shape."""
    return {"response_model": None, "status_code": status, "responses": {status: {"model": shape}}}


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Operator(_Shape):
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


class Nonce(_Shape):
    """What a sign-in message must say."""

    nonce: str
    domain: str
    statement: str


class Session(_Shape):
    """Signed in: the token is a bearer token."""

    token: str
    account: str
    expires: int


class Flags(_Shape):
    """The fate of an epoch on chain; null: not known now."""

    held: bool | None
    stale: bool | None
    upcoming: bool | None


class Capped(_Shape):
    """The most that a record of this kind can reach, and what its points alone would give."""

    cap: int
    without: int
    text: str


class Helped(_Shape):
    """What helped, and by how many points."""

    feature: str
    points: int
    text: str


class Reason(_Shape):
    """What held the score back, and by how many points."""

    code: int
    points: int
    text: str


class Term(_Shape):
    """One term of the scorecard: what it looked at and the points for it."""

    features: list[str]
    values: list[int | None]
    points: int


class Step(_Shape):
    """A step of the plan: days it takes, and where the score would then be."""

    text: str
    days: int
    low: int
    high: int


class Score(_Shape):
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


class Past(_Shape):
    """The record in one epoch."""

    epoch: int
    snapshot_time: int
    model: str
    status: str
    disputed: bool
    score: int | None
    low: int | None
    high: int | None


class Call(_Shape):
    """A ready call of ICreditOracle."""

    function: str
    args: list[Any]


class ScoreProof(_Shape):
    """ICreditOracle.ScoreProof."""

    epoch: int
    status: int
    score: int
    width: int
    salt: str
    detail: str
    top: str
    path: list[str]


class AtLeastProof(_Shape):
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


class OwnAtLeastProof(AtLeastProof):
    """A proof of "at least t", whose it is, and the call that checks it."""

    kind: Literal["atLeast"]
    account: str
    calldata: Call


OwnProof = OwnScoreProof | OwnAtLeastProof


class Ladder(_Shape):
    """From `floorLow` to `most` every multiple of `step` can be proved; `most` null: none."""

    epoch: int
    floor_low: int
    most: int | None
    step: int


class ConsentGiven(_Shape):
    """The consent's id: its EIP-712 digest."""

    id: str


class Shown(_Shape):
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


class Verified(_Shape):
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


class ForContract(_Shape):
    """A gateway's answer, for a contract's callback."""

    data: str
