"""How a committee begins and changes."""

from pathlib import Path
from typing import Annotated

import typer

from oracle.commands.answer import show
from oracle.commands.options import Home, Json
from oracle.commands.password import password

app = typer.Typer()


@app.command()
def init(
    out: Annotated[Path, typer.Option(help="Folder to make the members' folders in.")],
    members: Annotated[int, typer.Option(min=1, max=32, help="How many members.")] = 4,
    quorum: Annotated[int, typer.Option(min=0, help="Signatures needed; 0: the safe default.")] = 0,
    quick: Annotated[bool, typer.Option(help="Cheap key derivation, for demonstrations only.")] = False,
    model_key: Annotated[
        bool, typer.Option(help="Only one key file, for a data scientist to sign bundles with.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Keys and a committee file for n members, each in a folder of its own."""
    from oracle.ceremony import make_committee, make_model_key

    if model_key:
        show(make_model_key(out, password(), quick=quick), as_json)
        return
    show(make_committee(out, members, quorum or None, password(), quick=quick), as_json)


@app.command()
def rotate(
    home: Home,
    member: Annotated[
        list[Path], typer.Option(help="member.json of each member, in the mask's order; repeat.")
    ],
    from_epoch: Annotated[int, typer.Option(min=1, help="The first epoch that the new committee signs.")],
    out: Annotated[Path, typer.Option(help="A new folder for what goes to the owner and the members.")],
    quorum: Annotated[int, typer.Option(min=0, help="Signatures needed; 0: the safe default.")] = 0,
    as_json: Json = False,
) -> None:
    """Deal a fresh secret for a new committee, and write what its owner and members need."""
    from oracle.ceremony import IDENTITY_FILE, make_rotation
    from oracle.keys import NodeKeys

    keys = NodeKeys.load(home / IDENTITY_FILE, password())
    show(make_rotation(home, keys, member, from_epoch, quorum or None, out), as_json)
