"""Evaluates recommendations: every baseline, source and variant, and what is served, on the same later weeks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from training.evaluation.methods import baselines, candidate_recall, ceilings, lists_of_scores, lists_of_source, sources
from training.evaluation.outcome import K, Lists, Outcome, outcome_of
from training.evaluation.summary import EvaluationRow, summarise
from training.evaluation.truth import Judge, judge_of
from training.ranker.model import RankerModel
from training.ranker.rows import RankerRows, rows_of_stage, without_promotions
from training.ranker.stage import Stage
from training.recommendations.learning import Learner, Learning, Step
from training.recommendations.plan import RecommendationPlan

PRODUCT = "thousand-faces"
"""Method of the list that `home` serves with its rules; of never-bought products, of the one that `discover` serves."""
BARE_ORDER = "ranker's bare order"

Served = Callable[[Stage, RankerModel | None], Lists]
"""What the service would show the members of a stage's holdout."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds every method of a week."""

    week: int
    members: int
    catalogue: int
    candidate_recall: float
    """Mean share of a member's purchases that is among the uncut candidates."""
    ceiling: float
    """Recall that ten places cannot exceed."""
    ceiling_repeated: float
    """The same of products bought before alone."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The table, what bounds it, and what could not be evaluated."""

    rows: tuple[EvaluationRow, ...]
    limits: tuple[Limits, ...]
    not_evaluated: tuple[str, ...]


def evaluate_recommendations(learner: Learner, plan: RecommendationPlan, *, served: Served, step: Step) -> Evaluation:
    """Every method on the plan's test weeks; rankers learn from the plan's earlier weeks alone."""
    variants = _variants(learner, learner.learn(plan, step=step), step=step)
    outcomes: list[Outcome] = []
    limits: list[Limits] = []
    for cutoff in plan.tests:
        step(f"testing on week {cutoff.week}")
        stage = learner.stage(cutoff)
        if stage is None:
            continue
        judge = judge_of(stage)
        rows = rows_of_stage(stage)
        outcomes.append(outcome_of(PRODUCT, "product", served(stage, variants.get(BARE_ORDER)), judge))
        outcomes += [_variant(name, model, rows, judge) for name, model in variants.items()]
        for kind, methods in (("baseline", baselines(stage)), ("source", sources(stage))):
            outcomes += [
                outcome_of(name, "baseline" if kind == "baseline" else "source", lists, judge)
                for name, lists in ((name, lists_of_source(each, stage, judge)) for name, each in methods.items())
            ]
        limits.append(_limits(stage, rows, judge))
    seed = learner.settings.seed
    fewest = min((limit.catalogue for limit in limits), default=K + 1)
    if fewest <= K:
        learner.missing.append(f"{fewest} products to choose from: any list of {K} holds them all")
    return Evaluation(
        rows=tuple(summarise(outcomes, seed=seed)) if outcomes else (),
        limits=tuple(limits),
        not_evaluated=tuple(learner.missing),
    )


def _variants(learner: Learner, learning: Learning, *, step: Step) -> dict[str, RankerModel]:
    if not learning.suffices:
        learner.missing.append(learning.too_little.sentence)
        return {}
    used = learner.settings.ranker.promotions
    found: dict[str, RankerModel] = {}
    step("the ranker")
    found[BARE_ORDER] = learning.fit(promotions=used)
    # The parts of the ranker, each by itself: what it was made with is not fitted again.
    for part, name in zip(found[BARE_ORDER].parts, ("LambdaRank alone", "pointwise alone"), strict=True):
        found[name] = replace(found[BARE_ORDER], parts=(part,))
    for name, promotions in (
        ("ranker without promotions", ()),
        ("ranker with the mailer alone", ("mailer",)),
        ("ranker with mailer and display", ("mailer", "display")),
    ):
        if promotions != used:
            step(f"the {name}")
            found[name] = learning.fit(promotions=promotions)
    return found


def _variant(name: str, model: RankerModel, rows: RankerRows, judge: Judge) -> Outcome:
    matrix = without_promotions(rows.matrix, model.promotions)
    scores = model.evaluator(compiled=True).predict(matrix)
    return outcome_of(name, "variant", lists_of_scores(rows, scores, judge), judge)


def _limits(stage: Stage, rows: RankerRows, judge: Judge) -> Limits:
    ceiling, repeated = ceilings([judge])
    return Limits(
        week=judge.week,
        members=len(judge.member_ids),
        catalogue=len(stage.affinity.catalogue),
        candidate_recall=float(np.float64(candidate_recall(rows, judge))),
        ceiling=ceiling,
        ceiling_repeated=repeated,
    )
