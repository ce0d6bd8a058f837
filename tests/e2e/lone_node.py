"""A node that computes alone and signs nothing, in the tests' own process, where all is imported already."""

import contextlib
from pathlib import Path

from oracle import node as nodes
from oracle.ceremony import IDENTITY_FILE
from oracle.keys import NodeKeys
from oracle.report import EpochReport
from oracle.settings import load_settings


def computed_alone(home: Path, password: str) -> EpochReport:
    """The report of the latest ended epoch, as `node --once --dry-run` leaves it in a folder."""
    found: list[EpochReport] = []
    node = nodes.open_node(load_settings(home), NodeKeys.load(home / IDENTITY_FILE, password), None, None)
    with contextlib.ExitStack() as stack:
        stack.enter_context(node.signed)
        for rpc in node.rpcs.values():
            stack.enter_context(rpc)
        nodes.run(node, once=True, tell=lambda result: found.append(result.report))
    return found[0]
