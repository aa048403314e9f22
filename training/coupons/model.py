"""The coupon model: the chance that a member redeems of a campaign, and the chance that it is this coupon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.contracts.settings import CouponSettings
from training.coupons.calibration import fit_calibrated
from training.coupons.rows import CHOICE_FEATURES, REDEMPTION_FEATURES, CouponRows
from training.coupons.scorer import Recipe, Scorer, load_scorer

REDEMPTION = "redemption"
CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Recipes:
    """How the two scorers are fitted."""

    redemption: Recipe
    choice: Recipe


@dataclass(frozen=True, kw_only=True)
class CouponModel:
    """Two calibrated scorers; their product is the chance that the member uses the coupon.

    Both are propensities: the campaigns chose whom to reach, so neither says what a coupon changes.
    """

    redemption: Scorer
    """P(redeems a coupon of the campaign), of REDEMPTION_FEATURES."""
    choice: Scorer
    """P(uses this coupon | redeems of the campaign), of CHOICE_FEATURES."""

    def save(self, folder: Path) -> None:
        """Writes both scorers as JSON and LightGBM text."""
        self.redemption.save(folder, REDEMPTION)
        self.choice.save(folder, CHOICE)


def load_coupon_model(folder: Path) -> CouponModel:
    """The model saved in `folder`. Raises ReleaseDamaged when it is not whole, or not of this code."""
    return CouponModel(
        redemption=load_scorer(folder, REDEMPTION, REDEMPTION_FEATURES),
        choice=load_scorer(folder, CHOICE, CHOICE_FEATURES),
    )


def fit_coupon_model(rows: CouponRows, recipes: Recipes, *, settings: CouponSettings, seed: int) -> CouponModel:
    """Both scorers fitted and calibrated on rows that `can_be_learnt`."""
    return CouponModel(
        redemption=fit_calibrated(
            recipes.redemption,
            rows.redemption,
            rows.redeemed,
            rows.campaigns,
            REDEMPTION_FEATURES,
            settings=settings,
            seed=seed,
        ),
        choice=fit_calibrated(
            recipes.choice, rows.choice, rows.used, rows.offered_by, CHOICE_FEATURES, settings=settings, seed=seed
        ),
    )
