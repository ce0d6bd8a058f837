"""A borrower's facts as JSON (oracle/facts.py), each with what an open dispute of it would change.

Rules that hold here: only the facts of the account asked for; what reads them is loaded when somebody asks,
since it takes longer to load than all else here.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from oracle.api.epochs import Unknown
from oracle.folder import FACTS
from oracle.sentences import FACTS_UNKNOWN


def told_facts(folder: Path, account: bytes) -> list[dict[str, Any]]:
    """The facts of a 20-byte account in an epoch's folder: names in camel case, bytes as 0x hex.

    Unknown where the node did not write any.
    """
    if not (folder / FACTS).is_file():
        raise Unknown(FACTS_UNKNOWN)
    from oracle.facts import facts_of  # noqa: PLC0415 (see above)

    return [
        {camel(name): _plain(value) for name, value in asdict(fact).items() if name != "account"}
        for fact in facts_of(folder, account)
    ]


def camel(name: str) -> str:
    """A field's name as JSON has it: block_number is blockNumber."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value
