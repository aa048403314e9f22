"""Quality of the coupon model on later campaigns, beside its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from features.contracts.settings import CouponSettings
from training.coupons.measures import (
    Choosing,
    Redeeming,
    Rows,
    gain_interval,
    measure_choosing,
    measure_redeeming,
    resampled_means,
    resampled_members,
)
from training.coupons.model import CouponModel, Recipes, fit_coupon_model
from training.coupons.rows import CHOICE_FEATURES, REDEMPTION_FEATURES, CouponRows
from training.coupons.scorer import Floats, Kind, Recipe, fit_scorer
from training.metrics import auc, expected_calibration_error
from training.reliability import ReliabilityBin, reliability_bins
from training.tenths import Tenth, ranked_buyers, tenths_of

MODEL = "thousand-faces"
NO_VALUE = float("nan")


@dataclass(frozen=True, kw_only=True)
class CouponQuality:
    """A row of the table: one method on one task; errors are standard errors over members.

    Task `redemption`: does a reached member redeem of the campaign (`auc`, `lift10`, `ece`)? Task `choice`: which
    coupon does a redeeming member use (`hit1`, `recall10`)? `gain` is the first measure of the task above the best
    baseline's, between `gain_low` and `gain_high` in 95% of paired resamples of members.
    """

    method: str
    kind: Literal["baseline", "variant", "product"]
    task: Literal["redemption", "choice"]
    rows: int
    """Member-campaign pairs that were measured."""
    auc: float = NO_VALUE
    auc_error: float = NO_VALUE
    lift10: float = NO_VALUE
    lift10_error: float = NO_VALUE
    ece: float = NO_VALUE
    hit1: float = NO_VALUE
    hit1_error: float = NO_VALUE
    recall10: float = NO_VALUE
    recall10_error: float = NO_VALUE
    gain: float = NO_VALUE
    gain_low: float = NO_VALUE
    gain_high: float = NO_VALUE
    recall_gain: float = NO_VALUE
    recall_gain_low: float = NO_VALUE
    recall_gain_high: float = NO_VALUE


@dataclass(frozen=True, kw_only=True)
class CouponEvaluation:
    """The table, and what the chosen model said of each reached member beside what came true."""

    quality: tuple[CouponQuality, ...]
    reliability: tuple[ReliabilityBin, ...]
    tenths: tuple[Tenth, ...]


def recipes_to_try(settings: CouponSettings) -> tuple[Recipe, ...]:
    """The logistic model in each strength, and LightGBM."""
    return (
        *(Recipe(kind="logistic", regularization=strength) for strength in settings.regularizations),
        Recipe(kind="lightgbm"),
    )


def choose_recipes(learn: CouponRows, validate: CouponRows, *, settings: CouponSettings, seed: int) -> Recipes:
    """The recipes that do best on the validation campaigns: by AUC, and by the mean of hit@1 and recall@10.

    The first recipe is taken where nothing can be told apart.
    """
    tried = recipes_to_try(settings)
    if not (learn.can_be_learnt and validate.can_be_learnt):
        return Recipes(redemption=tried[0], choice=tried[0])
    redemption, choice = [], []
    for recipe in tried:
        one = fit_scorer(recipe, learn.redemption, learn.redeemed, REDEMPTION_FEATURES, settings=settings, seed=seed)
        redemption.append(auc(validate.redeemed, one.logits(validate.redemption)))
        other = fit_scorer(recipe, learn.choice, learn.used, CHOICE_FEATURES, settings=settings, seed=seed)
        chosen = measure_choosing(validate.offers, other.logits(validate.choice))
        choice.append(float(chosen.hit1.mean() + chosen.recall10.mean()) / 2)
    return Recipes(redemption=tried[int(np.argmax(redemption))], choice=tried[int(np.argmax(choice))])


def evaluate_coupons(
    learn: CouponRows, test: CouponRows, chosen: Recipes, *, settings: CouponSettings, seed: int
) -> CouponEvaluation:
    """Baselines, both kinds of model and the chosen one, learnt on `learn` and measured on `test`."""
    variants = _variants(learn, chosen, settings=settings, seed=seed)
    best = CouponModel(
        redemption=variants[chosen.redemption.kind].redemption, choice=variants[chosen.choice.kind].choice
    )
    models = {**{str(kind): model for kind, model in variants.items()}, MODEL: best}
    told = best.redemption.probabilities(test.redemption)
    return CouponEvaluation(
        quality=(*_redemption(test, models, seed=seed), *_choice(test, models, seed=seed)),
        reliability=reliability_bins(test.redeemed, told),
        tenths=tenths_of([ranked_buyers(test.redeemed, told, test.members)]),
    )


def redemption_baselines(rows: CouponRows) -> dict[str, Floats]:
    """Scores (asks,) of the baselines, higher is likelier."""
    columns = {
        "past coupon lines": "member_coupons__coupon_lines_365d",
        "past redemptions": "member_coupons__redemptions_365d",
        "own purchases of the products": "spend_covered",
    }
    return {
        name: np.nan_to_num(rows.redemption[:, REDEMPTION_FEATURES.index(column)]) for name, column in columns.items()
    }


def choice_baselines(rows: CouponRows) -> dict[str, Floats]:
    """Scores (offers,) of the baselines, higher is likelier."""
    columns = {
        "own purchases of the products": "orders_365d",
        "own spend on the products": "spend_365d",
        "popularity of the coupon": "orders_of_all_91d",
    }
    return {name: rows.offers[column].to_numpy(dtype=np.float64) for name, column in columns.items()}


def _variants(learn: CouponRows, chosen: Recipes, *, settings: CouponSettings, seed: int) -> dict[Kind, CouponModel]:
    """Both kinds of model: the logistic one in its chosen strength or else the middle one, and LightGBM."""
    strengths = sorted(settings.regularizations)
    middle = Recipe(kind="logistic", regularization=strengths[len(strengths) // 2])
    logistic = Recipes(
        redemption=chosen.redemption if chosen.redemption.kind == "logistic" else middle,
        choice=chosen.choice if chosen.choice.kind == "logistic" else middle,
    )
    trees = Recipes(redemption=Recipe(kind="lightgbm"), choice=Recipe(kind="lightgbm"))
    return {
        "logistic": fit_coupon_model(learn, logistic, settings=settings, seed=seed),
        "lightgbm": fit_coupon_model(learn, trees, settings=settings, seed=seed),
    }


def _redemption(test: CouponRows, models: Mapping[str, CouponModel], *, seed: int) -> list[CouponQuality]:
    resamples = resampled_members(test.members, seed=seed)
    found: list[tuple[CouponQuality, Redeeming]] = []

    def add(method: str, kind: Literal["baseline", "variant", "product"], scores: Floats, ece: float) -> None:
        measured = measure_redeeming(test.redeemed, scores, test.members, resamples)
        row = CouponQuality(
            method=method,
            kind=kind,
            task="redemption",
            rows=len(test.asks),
            auc=measured.auc,
            auc_error=measured.auc_error,
            lift10=measured.lift10,
            lift10_error=measured.lift10_error,
            ece=ece,
        )
        found.append((row, measured))

    for name, scores in redemption_baselines(test).items():
        add(name, "baseline", scores, NO_VALUE)
    for name, model in models.items():
        probabilities = model.redemption.probabilities(test.redemption)
        error = expected_calibration_error(test.redeemed, probabilities)
        add(name, "product" if name == MODEL else "variant", probabilities, error)
    base = max((each for each in found if each[0].kind == "baseline"), key=lambda each: np.nan_to_num(each[0].auc))
    return [_redemption_gain(row, measured, base[1]) for row, measured in found]


def _redemption_gain(row: CouponQuality, measured: Redeeming, base: Redeeming) -> CouponQuality:
    if row.kind == "baseline":
        return row
    gain = gain_interval(measured.aucs, base.aucs)
    return replace(row, gain=measured.auc - base.auc, gain_low=gain.low, gain_high=gain.high)


def _choice(test: CouponRows, models: Mapping[str, CouponModel], *, seed: int) -> list[CouponQuality]:
    redeeming = test.members[test.redeemed]
    resamples = resampled_members(redeeming, seed=seed)
    found = [
        (_choice_row(name, "baseline", measured), measured)
        for name, measured in ((n, measure_choosing(test.offers, s)) for n, s in choice_baselines(test).items())
    ]
    for name, model in models.items():
        measured = measure_choosing(test.offers, model.choice.logits(test.choice))
        found.append((_choice_row(name, "product" if name == MODEL else "variant", measured), measured))
    bases = [measured for row, measured in found if row.kind == "baseline"]
    return [_choice_gain(row, measured, bases, resamples) for row, measured in found]


def _choice_row(method: str, kind: Literal["baseline", "variant", "product"], measured: Choosing) -> CouponQuality:
    return CouponQuality(
        method=method,
        kind=kind,
        task="choice",
        rows=len(measured.hit1),
        hit1=float(measured.hit1.mean()) if len(measured.hit1) else NO_VALUE,
        hit1_error=measured.hit1_error,
        recall10=float(measured.recall10.mean()) if len(measured.recall10) else NO_VALUE,
        recall10_error=measured.recall10_error,
    )


def _choice_gain(
    row: CouponQuality, measured: Choosing, bases: Sequence[Choosing], resamples: list[Rows]
) -> CouponQuality:
    if row.kind == "baseline" or not len(measured.hit1):
        return row
    hit_base = max((base.hit1 for base in bases), key=np.mean)
    recall_base = max((base.recall10 for base in bases), key=np.mean)
    hit = gain_interval(resampled_means(measured.hit1, resamples), resampled_means(hit_base, resamples))
    recall = gain_interval(resampled_means(measured.recall10, resamples), resampled_means(recall_base, resamples))
    return replace(
        row,
        gain=float((measured.hit1 - hit_base).mean()),
        gain_low=hit.low,
        gain_high=hit.high,
        recall_gain=float((measured.recall10 - recall_base).mean()),
        recall_gain_low=recall.low,
        recall_gain_high=recall.high,
    )
