"""Measures and methods of an evaluation as a marketer reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from serving.console.charts.columns import Form
from serving.console.languages import Language, to_say
from training.release.quality import Part

METHODS = {
    "thousand-faces": to_say("The model in service"),
    "order served": to_say("The model in service"),
    "popularity": to_say("What most buy"),
    "frequency": to_say("Bought most often"),
    "recency-weighted frequency": to_say("Bought often and lately"),
    "TIFU-KNN": to_say("TIFU-KNN, from research"),
    "recency": to_say("Bought last"),
    "past coupon lines": to_say("Coupons on past receipts"),
    "past redemptions": to_say("Coupons used before"),
    "own purchases of the products": to_say("Bought the products"),
    "own spend on the products": to_say("Spent on the products"),
    "popularity of the coupon": to_say("What most buy"),
    "logistic": to_say("Logistic model"),
    "lightgbm": to_say("Decision trees"),
    "category spend": to_say("Spent in the category"),
    "brand in category": to_say("Buys the brand there"),
    "type frequency": to_say("Buys that type"),
    "analogue frequency": to_say("Buys what is like it"),
    "visits": to_say("Comes often"),
}
"""Ways of choosing; one without a name of its own keeps the evaluation's."""

TARGET_KINDS = {
    "all": to_say("Everything"),
    "product": to_say("Products"),
    "brand": to_say("Brands"),
    "category": to_say("Categories"),
    "department": to_say("Departments"),
    "type": to_say("Types of product"),
    "subcategory": to_say("Subcategories"),
}


@dataclass(frozen=True, kw_only=True)
class MeasureWords:
    """A figure as a page writes it."""

    name: str
    title: str
    """English, to be said."""
    form: Form
    better: Literal["more", "less"] = "more"


MEASURES: dict[Part, tuple[MeasureWords, ...]] = {
    "recommendations": (
        MeasureWords(name="hit", title=to_say("Members who bought one of the ten"), form="percent"),
        MeasureWords(name="recall", title=to_say("Share of their purchases found"), form="percent"),
        MeasureWords(name="precision", title=to_say("Share of the ten that was bought"), form="percent"),
        MeasureWords(name="ndcg", title=to_say("Found near the top (1: all first)"), form="decimal"),
        MeasureWords(name="explore_recall", title=to_say("Share found of what was new to them"), form="percent"),
        MeasureWords(name="coverage", title=to_say("Products that come up at all"), form="percent"),
    ),
    "propensity": (
        MeasureWords(name="lift10", title=to_say("Buyers in the best tenth, times by lot"), form="decimal"),
        MeasureWords(name="auc", title=to_say("Buyer put above another member"), form="percent"),
        MeasureWords(name="auc_never", title=to_say("The same, among those who never bought it"), form="percent"),
        MeasureWords(name="ap", title=to_say("Share of buyers down the list (mean)"), form="percent"),
        MeasureWords(name="ece", title=to_say("How far it is from what came true"), form="percent", better="less"),
    ),
    "launches": (
        MeasureWords(name="lift10", title=to_say("Buyers in the best tenth, times by lot"), form="decimal"),
        MeasureWords(name="auc", title=to_say("Buyer put above another member"), form="percent"),
        MeasureWords(name="ap", title=to_say("Share of buyers down the list (mean)"), form="percent"),
        MeasureWords(name="ece", title=to_say("How far it is from what came true"), form="percent", better="less"),
    ),
    "redemption": (
        MeasureWords(name="lift10", title=to_say("Users in the best tenth, times by lot"), form="decimal"),
        MeasureWords(name="auc", title=to_say("User put above another member"), form="percent"),
        MeasureWords(name="ece", title=to_say("How far it is from what came true"), form="percent", better="less"),
    ),
    "choice": (
        MeasureWords(name="recall10", title=to_say("Used coupons among the first ten"), form="percent"),
        MeasureWords(name="hit1", title=to_say("The first coupon was used"), form="percent"),
    ),
}
"""The figures of each part; the first is the one that is drawn."""

PRIMARY: dict[str, str] = {
    "product_affinity": to_say("Share of their purchases found"),
    "purchase_propensity": to_say("Buyer put above another member"),
    "coupon_redemption": to_say("User put above another member"),
}
"""What a model's version is judged by when another takes its place."""


def method_words(method: str, language: Language) -> str:
    """A way of choosing, in words."""
    return language.say(METHODS[method]) if method in METHODS else method


def target_kind_words(kind: str, language: Language) -> str:
    """A kind of target, in words."""
    return language.say(TARGET_KINDS[kind]) if kind in TARGET_KINDS else kind
