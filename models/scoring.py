"""Events → features → scores of a whole population: the one path that nodes, audits and people share.

Rules that hold here: everything is a function of (events, manifest, scorecard, until); the manifest
was loaded by `models.manifest.load`, which refuses one of another feature set than this version's.
"""

import ibis
import ibis.expr.types as ir

from models.engine import collect
from models.manifest import Manifest
from models.measure import Population, measure, population, to_matrix
from models.scorecard import FeatureMatrix, Scorecard, Scores, score


def measure_population(events: ir.Table, rule: Population, until: int) -> FeatureMatrix:
    """All features of everyone whom the population rule names, by what happened before `until`."""
    people = population(events, rule, until)
    points = people.mutate(until=ibis.literal(until, "int64"))
    return to_matrix(collect(measure(events, points)))


def score_population(events: ir.Table, manifest: Manifest, card: Scorecard, until: int) -> Scores:
    """Scores of the manifest's population in address order."""
    return score(card, measure_population(events, manifest.population, until))
