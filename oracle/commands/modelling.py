"""The data scientist's verbs."""

from pathlib import Path
from typing import Annotated

import typer

from oracle.commands.answer import show
from oracle.commands.options import LATEST, NOBODY, BundleFile, Json, Ledger, Signers
from oracle.commands.password import password

app = typer.Typer()

Bad = Annotated[list[str], typer.Option(help="An ending that is bad; repeat for more.")]
DaysLate = Annotated[
    int, typer.Option(min=0, help="A loan later than this is bad (where it has a due date).")
]
Cut = Annotated[
    int, typer.Option(min=0, max=LATEST, help="Unix time: learn from loans opened before, test on later.")
]
Horizon = Annotated[
    int | None, typer.Option(min=1, help="Only what happens within so many days of opening counts.")
]
Wallets = Annotated[
    str, typer.Option(help="apart: test only on wallets never learned from; shared: on all later loans.")
]
ModelFile = Annotated[
    Path, typer.Option("--manifest", help="A manifest file or a bundle, as `train` writes them.")
]
BULKY = (
    "evaluation", "facts", "baseline", "reference",
    "all", "returning", "segments", "challenger", "curve", "lift", "distribution",
)  # fmt: skip
"""What `train` and `evaluate` tell programs only; for people the same stands in their tables."""

BAD = ["defaulted", "liquidated", "self_liquidated"]


@app.command()
def train(
    ledger: Ledger,
    deployment: Annotated[
        Path, typer.Option(help="JSON of where the model is for: schedule, sources, population.")
    ],
    cut: Cut,
    out: Annotated[Path, typer.Option(help="Folder for the manifest, named by its model id.")],
    bad: Bad = BAD,
    days_late: DaysLate = 7,
    horizon_days: Horizon = None,
    wallets: Wallets = "apart",
    owner: Annotated[str, typer.Option(help="Who answers for the model: a name on its card.")] = "",
    key: Annotated[
        Path | None, typer.Option(help="Key file that signs a bundle (`init --model-key` makes one).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit a scorecard on a ledger; write manifest, card and, with --key, a signed bundle."""
    from oracle.modelling import open_key, outcome, train_model, wallets_of

    signer = None if key is None else open_key(key, password())
    policy = outcome(bad, days_late, horizon_days)
    told = train_model(ledger, deployment, cut, out, policy, wallets_of(wallets), owner, signer)
    show(told, as_json, BULKY)


@app.command()
def evaluate(
    ledger: Ledger,
    manifest: ModelFile,
    cut: Cut,
    bad: Bad = BAD,
    days_late: DaysLate = 7,
    horizon_days: Horizon = None,
    wallets: Wallets = "apart",
    signer: Signers = NOBODY,
    groups: Annotated[
        Path | None, typer.Option(help="CSV of account,group: are known groups treated alike?")
    ] = None,
    as_json: Json = False,
) -> None:
    """A model on a ledger's later loans: by segment, band and month, beside the best single feature."""
    from oracle.groups import read_groups
    from oracle.modelling import evaluate_model, outcome, wallets_of

    policy, known = outcome(bad, days_late, horizon_days), read_groups(groups) if groups else None
    told = evaluate_model(ledger, manifest, cut, policy, wallets_of(wallets), signer, known)
    show(told, as_json, BULKY)


@app.command()
def compare(
    ledger: Ledger,
    champion: Annotated[Path, typer.Option(help="The model in use: a bundle, or a manifest file.")],
    challenger: Annotated[Path, typer.Option(help="The model that would take its place.")],
    cut: Cut,
    bad: Bad = BAD,
    days_late: DaysLate = 7,
    horizon_days: Horizon = None,
    wallets: Wallets = "apart",
    signer: Signers = NOBODY,
    as_json: Json = False,
) -> None:
    """Champion against challenger on the same later loans: a paired test, and who moves."""
    from oracle.modelling import compare_models, outcome, wallets_of

    policy = outcome(bad, days_late, horizon_days)
    told = compare_models(ledger, champion, challenger, cut, policy, wallets_of(wallets), signer)
    show(told, as_json)


@app.command()
def card(
    bundle: BundleFile,
    out: Annotated[Path, typer.Option(help="Folder for the card, as Markdown and as a page.")],
    signer: Signers = NOBODY,
    as_json: Json = False,
) -> None:
    """The model card of a signed bundle: for whom, not for what, figures, limits."""
    from oracle.modelling import write_card

    show(write_card(bundle, signer, out), as_json)


@app.command()
def drift(
    ledger: Ledger,
    bundle: BundleFile,
    signer: Signers = NOBODY,
    since: Annotated[
        int | None, typer.Option(min=0, max=LATEST, help="Unix time (default: the end of the training).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Has the population moved away from the one that a model learned from? By month, against limits."""
    from oracle.modelling import drift_of

    show(drift_of(ledger, bundle, signer, since), as_json, ("features",))


@app.command()
def propose(
    bundle: BundleFile,
    from_epoch: Annotated[int, typer.Option(min=1, help="The first epoch that the model scores.")],
    signer: Signers = NOBODY,
    rpc: Annotated[list[str], typer.Option(help="Where the registry's chain is read and written.")] = NOBODY,
    key: Annotated[Path | None, typer.Option(help="Keystore of a listed proposer, who pays the gas.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Send nothing, whatever keys there are.")] = False,
    as_json: Json = False,
) -> None:
    """Put a model up for approval; shows what the owner's timelock does then. No key, dry run."""
    from oracle.keys import KeySigner
    from oracle.modelling import propose_model

    proposer = None if key is None else KeySigner.load(key, password())
    show(propose_model(bundle, signer, from_epoch, rpc, proposer, dry_run), as_json)
