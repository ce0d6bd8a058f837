"""A random schedule of faults, round after round: `make fuzz`. SEED=… repeats one, ROUNDS=… makes it shorter.

What strikes when, and whom, follows from the seed; how processes interleave does not. Every tenth round is
quiet, and the last, so that all members are seen to agree. A failure names the seed and the round.
"""

import os
import secrets
from pathlib import Path
from random import Random

import pytest

from tests.e2e.chaos import faults
from tests.e2e.chaos.crew import running_crew
from tests.e2e.conftest import anvil_binary

ROUNDS = int(os.environ.get("ROUNDS", "200"))
SEED = int(os.environ.get("SEED", secrets.randbelow(10**9)))
MEMBERS = (4, 7)

POOL = (
    *(faults.killed_at(step) for step in faults.STEPS),
    *(faults.killed_writing(what) for what in faults.WRITES),
    *(faults.lying_in(kind) for kind in ("scores", "root", "signature", "epoch", "snapshot")),
    *(faults.one_rpc(fault) for fault in ("cut_off", "stalled_head", "missing_log", "truncated", "too_many")),
    faults.FLOOD,
    faults.PARTITION,
    faults.SPLIT,
    faults.CLOCKS,
    faults.PROVIDERS,
    faults.SNAPSHOT,
    faults.PUBLICATION,
    faults.DISK,
)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize("members", MEMBERS)
def test_rounds__a_random_schedule_of_faults__the_right_root_every_time(
    members: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anvil_binary()
    chance, rounds = Random(f"{SEED} {members}"), ROUNDS // len(MEMBERS)
    with capsys.disabled():
        print(f"\n{members} members, {rounds} rounds: SEED={SEED} ROUNDS={ROUNDS}")  # noqa: T201  for whoever wants to repeat it
    with running_crew(tmp_path / "world", members, rounds) as crew:
        for number in range(1, rounds + 1):
            is_quiet = number % 10 == 0 or number == rounds
            fault = faults.NONE if is_quiet else chance.choice(POOL)
            strikes = crew.round(fault, Random(chance.randrange(2**63)))
            with capsys.disabled():
                print(f"round {number}: {fault.name}, struck {strikes} times")  # noqa: T201
    assert set(crew.right) == set(range(1, rounds + 1))
