"""The model card: what a model is for, what it learned from, how well it does, and where it stops.

Rules that hold here: the card is made of the training result and the manifest alone, so equal models have
equal cards; every figure stands with its interval and beside the best single feature; page one says for
whom and for what not; the same blocks give Markdown (for reading in a repository) and one self-contained
HTML page with the pictures (no script, no font, no address outside). Sign-off is by three people, each
for their own part. The order follows M. Mitchell et al., Model cards for model reporting (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger_reader.keccak import keccak256
from models import manifest as manifests
from models.manifest import Manifest
from models.scorecard import scorecard_id
from models.training import plots
from models.training.document import Block, Heading, Picture, Table, as_markdown, as_page
from models.training.evaluate import Estimate, Figures
from models.training.fairness import Fairness
from models.training.monitor import LIMIT_BPS, WATCH_BPS
from models.training.outcomes import Outcome
from models.training.recipes import TrainingResult

NOBODY = "not named yet; name one with --owner"

FOR_WHOM = (
    "People and small firms with a record on the chains named above, who enrolled themselves, and lenders "
    "who decide on small loans of the kinds it learned from."
)
NOT_FOR = (
    "Employment, housing, insurance, marketing or ranking people in public.",
    "Loans much larger or longer than those it learned from.",
    "People whose record is elsewhere: no score is not a bad score.",
    "A decision by itself: a refused person is owed the reasons, and can dispute the facts.",
)
LIMITS = (
    "Outcomes are of people who were lent to; what refused people would have done is not in the data.",
    "The stated chances hold for the base rate of the training window; calibration is to be watched.",
    "The score is made of public events, so anyone can work it out; wallets that were not linked are unseen.",
    "Directions are bound and some scores capped by design; what that costs against free machines is below.",
)
_ASKED = {
    "apart": "So the figures are of people whom it has never seen.",
    "shared": "So the figures are of later loans, many of them by people whom it learned from.",
}
SIGN_OFF = (
    ("Developer", "data, method and figures are as stated"),
    ("Social", "effects on the people who are scored were considered with some of them"),
    ("Project lead", "the use is as stated, and the limits are acceptable"),
)


@dataclass(frozen=True)
class Card:
    """A model card in both forms, UTF-8."""

    markdown: bytes
    html: bytes

    @property
    def hash(self) -> bytes:
        """keccak256 of the Markdown: what the registry of models keeps of the card."""
        return keccak256(self.markdown)


def make_card(
    result: TrainingResult, manifest: Manifest, owner: str = NOBODY, groups: Sequence[Fairness] = ()
) -> Card:
    """The card of a trained model."""
    blocks = [
        *_page_one(result, manifest, owner),
        *_figures(result),
        *_segments(result),
        *_pictures(result),
        *_groups(groups),
        *_drift(),
        *_sign_off(),
    ]
    title = f"Model card: {result.scorecard.name}"
    return Card(as_markdown(blocks).encode(), as_page(blocks, title).encode())


def _page_one(result: TrainingResult, manifest: Manifest, owner: str) -> list[Block]:
    facts = result.facts
    chains = ", ".join(str(chain.chain_id) for chain in manifest.sources)
    return [
        Heading(1, f"Model card: {result.scorecard.name}"),
        Table(
            ("", ""),
            (
                ("Model id", f"0x{manifests.model_id(manifest).hex()}"),
                ("Scorecard", f"0x{scorecard_id(result.scorecard).hex()}"),
                ("Owner", owner),
                ("Chains", chains),
                ("Who is scored", manifest.population),
                ("Learned from", f"loans opened {_day(facts.first_opened)} to {_day(facts.cut)}"),
                ("Tested on", f"loans opened {_day(facts.cut)} to {_day(facts.end)}"),
                ("A loan is bad when", outcome_in_words(facts.policy)),
            ),
        ),
        Heading(2, "For whom"),
        FOR_WHOM,
        Heading(2, "Not for"),
        NOT_FOR,
        Heading(2, "Limits"),
        LIMITS,
        Heading(2, "Data"),
        Table(
            ("part", "loans", "bad"),
            (
                ("to learn from", f"{facts.train_rows:,}", f"{facts.train_bad:,}"),
                ("to test on", f"{facts.test_rows:,}", f"{facts.test_bad:,}"),
                ("outcome not known by the cut (in neither)", f"{facts.censored:,}", ""),
                ("of people already learned from (in neither)", f"{facts.left_out:,}", ""),
            ),
        ),
        f"People on both sides: {facts.people_on_both_sides}. {_ASKED[facts.wallets]}",
        f"Setting: {facts.setting}.",
    ]


def _figures(result: TrainingResult) -> list[Block]:
    found = result.evaluation
    rows: list[tuple[str, str]] = [*_of(found.all)]
    if found.challenger is not None:
        rows.append((f"AUC of {found.challenger.name}, unbound", _interval(found.challenger.auc)))
        rows.append(("that less the scorecard's", _interval(found.challenger.left_on_the_table, sign=True)))
    blocks: list[Block] = [
        Heading(2, "Figures on loans it has not seen"),
        f"{found.all.rows:,} loans of {found.all.people:,} people, {found.all.bad:,} bad. In brackets: 95 % "
        "intervals over people. A difference whose interval holds 0 is not shown to exist.",
        Table(("figure", "value"), tuple(rows)),
    ]
    if found.returning is not None:
        blocks += [
            "Borrowers who had borrowed before:",
            Table(("figure", "value"), tuple(_of(found.returning))),
        ]
    return blocks


def _of(figures: Figures) -> list[tuple[str, str]]:
    rows = [("AUC (0.5 is a coin, 1 is perfect)", _interval(figures.auc))]
    if figures.single is not None and figures.gain is not None:
        rows.append((f"AUC of the best single feature, {figures.single.name}", _interval(figures.single.auc)))
        rows.append(("difference", _interval(figures.gain, sign=True)))
    if figures.minus_float is not None:
        rows.append(
            (
                "integer points less the floats they were rounded from",
                _interval(figures.minus_float, sign=True),
            )
        )
    return [
        *rows,
        ("KS", _interval(figures.ks)),
        ("Brier score", _interval(figures.brier)),
        ("log loss", _interval(figures.log_loss)),
        ("calibration error", f"{figures.calibration_error:.3f}"),
    ]


def _segments(result: TrainingResult) -> list[Block]:
    rows = []
    for name, segment in result.scorecard.segments.items():
        figures = result.evaluation.segments.get(name)
        rows.append(
            (
                name,
                str(len(segment.terms)),
                "none" if segment.cap == 850 else str(segment.cap),
                _interval(figures.auc) if figures else "too few loans",
            )
        )
    left_out = tuple(
        f"{name} was left out: {facts.left_out}."
        for name, facts in result.facts.segments.items()
        if facts.left_out is not None
    )
    outcomes = tuple(
        f"{name}: {outcome_in_words(facts.policy)}; {facts.rows:,} rows, {facts.bad:,} bad."
        for name, facts in result.facts.segments.items()
        if facts.left_out is None
    )
    blocks: list[Block] = [
        Heading(2, "Segments"),
        "In each reading of a record, by its debts or by what it is paid, the first rule that it fulfils "
        "gives it a segment; of several readings the higher score counts. A cap holds for records without "
        "repaid debt. Segments of thin files learn from their own rows:",
        Table(("segment", "terms", "highest score", "AUC in the test"), tuple(rows)),
    ]
    return [*blocks, *([outcomes] if outcomes else []), *([left_out] if left_out else [])]


def _pictures(result: TrainingResult) -> list[Block]:
    found = result.evaluation
    months = tuple(
        (
            _day(m.start),
            f"{m.rows:,}",
            f"{m.bad:,}",
            f"{100 * m.stated:.1f} %",
            "-" if m.auc is None else f"{m.auc:.3f}",
        )
        for m in found.months
    )
    return [
        Heading(2, "Calibration"),
        Picture(
            plots.as_svg(plots.calibration(found.curve)),
            "Stated chance of bad against the share that turned bad.",
        ),
        Table(
            ("band", "loans", "stated", "seen", "95 % interval"),
            tuple(
                (
                    b.name,
                    f"{b.rows:,}",
                    _percent(b.stated),
                    _percent(b.observed),
                    f"{_percent(b.low)} to {_percent(b.high)}",
                )
                for b in found.bands
            ),
        ),
        Picture(plots.as_svg(plots.bands(found.bands)), "The same by band, as borrowers read them."),
        Heading(2, "Ranking"),
        Picture(plots.as_svg(plots.lift(found.lift)), "Share of all bad loans among the riskiest ones."),
        Picture(
            plots.as_svg(plots.distribution(found.distribution)),
            "Where the scores of good and bad loans lie.",
        ),
        Heading(2, "By month"),
        Table(("from", "loans", "bad", "stated", "AUC"), months),
    ]


def _groups(groups: Sequence[Fairness]) -> list[Block]:
    if not groups:
        return [
            Heading(2, "Fairness"),
            "A ledger knows no groups of persons, so none were compared. Who knows them can: `evaluate "
            "--groups` and notebook 04 show separation and calibration within groups.",
        ]
    blocks: list[Block] = [Heading(2, "Fairness")]
    for found in groups:
        rows = tuple(
            (
                g.name,
                f"{g.rows:,}",
                _share(g.refused_good),
                _share(g.refused_bad),
                _percent(g.stated),
                _percent(g.observed),
            )
            for g in found.groups
        )
        names = (found.by, "loans", f"good, refused below {found.cut_off}", "bad, refused", "stated", "seen")
        blocks += [
            Table(names, rows),
            Picture(plots.as_svg(plots.separation(found)), f"Share refused by {found.by}."),
        ]
    return blocks


def _drift() -> list[Block]:
    return [
        Heading(2, "Drift"),
        f"Watched by `credit-oracle drift`: a stability index above {WATCH_BPS} basis points is to be looked "
        f"at; above {LIMIT_BPS} the model is on hold until someone has. The bundle holds the spread of the "
        "training rows.",
    ]


def _sign_off() -> list[Block]:
    rows = tuple((role, what, "", "") for role, what in SIGN_OFF)
    return [Heading(2, "Sign-off"), Table(("who", "says that", "name and date", "signature"), rows)]


def outcome_in_words(policy: Outcome) -> str:
    """What makes a loan or an invoice bad, as a phrase."""
    late = "" if policy.days_late is None else f"more than {policy.days_late} days late"
    endings = [ending.replace("_", "-") for ending in policy.bad] if policy.of == "loans" else ["not paid"]
    horizon = "" if policy.horizon_days is None else f", within {policy.horizon_days} days of opening"
    return " or ".join([*endings, *([late] if late else [])]) + horizon


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _interval(found: Estimate, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _share(share: float | None) -> str:
    return "-" if share is None else _percent(share)
