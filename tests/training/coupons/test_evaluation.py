"""The table of coupon quality: every method on both tasks, chosen on earlier rows alone."""

from __future__ import annotations

import pytest
from coupon_answers import coupon_answers

from features.contracts.settings import CouponSettings, load_settings
from training.coupons.evaluation import MODEL, CouponQuality, choose_recipes, evaluate_coupons
from training.coupons.report import coupon_quality_rows, quality_rows

LEARN, VALIDATE, TEST = (coupon_answers(400, seed=seed) for seed in (1, 2, 3))


@pytest.fixture(scope="module")
def settings() -> CouponSettings:
    return load_settings().coupons.model_copy(
        update={"min_rows_in_leaf": 20, "rounds": 30, "regularizations": (0.01, 1.0)}
    )


@pytest.fixture(scope="module")
def found(settings: CouponSettings) -> list[CouponQuality]:
    chosen = choose_recipes(LEARN, VALIDATE, settings=settings, seed=7)
    return list(evaluate_coupons(LEARN, TEST, chosen, settings=settings, seed=7).quality)


def test_every_task_has_its_baselines_both_variants_and_the_product(found: list[CouponQuality]) -> None:
    methods = {(row.task, row.kind, row.method) for row in found}
    for task in ("redemption", "choice"):
        assert {(task, "variant", "logistic"), (task, "variant", "lightgbm"), (task, "product", MODEL)} <= methods
        assert sum(each[0] == task and each[1] == "baseline" for each in methods) == 3


def test_the_model_gains_on_a_baseline_that_does_not_know_what_decides(found: list[CouponQuality]) -> None:
    ours = {row.task: row for row in found if row.method == MODEL}
    spend = next(row for row in found if row.method == "own spend on the products")
    popular = next(row for row in found if row.method == "popularity of the coupon")
    assert ours["redemption"].auc > 0.8
    assert ours["choice"].hit1 > popular.hit1 + 0.3
    # spend decides by construction: nothing can gain on it
    assert spend.hit1 == 1.0
    assert ours["choice"].gain_high <= 0.0


def test_the_product_is_one_of_the_variants(found: list[CouponQuality]) -> None:
    for task in ("redemption", "choice"):
        product = next(row for row in found if row.method == MODEL and row.task == task)
        variants = [(row.auc, row.hit1) for row in found if row.kind == "variant" and row.task == task]
        assert str((product.auc, product.hit1)) in map(str, variants)


def test_every_figure_has_its_standard_error(found: list[CouponQuality]) -> None:
    for row in found:
        errors = (row.auc_error, row.lift10_error) if row.task == "redemption" else (row.hit1_error, row.recall10_error)
        assert all(0 <= error < 1 for error in errors), row


def test_what_was_not_measured_is_null_in_json(found: list[CouponQuality]) -> None:
    record = quality_rows(found)[0]
    assert record["task"] == "redemption"
    assert record["hit1"] is None


def test_a_page_shows_a_tasks_rows_with_errors_and_intervals(found: list[CouponQuality]) -> None:
    heading, cells = coupon_quality_rows(quality_rows(found), task="redemption")
    assert heading[:4] == ["method", "kind", "AUC", "lift at 10%"]
    assert len(cells) == 6
    product = dict(zip(heading, cells[-1], strict=True))
    assert product["method"] == MODEL
    assert " ± " in product["AUC"]
    assert product["AUC over the best baseline"].count("+") == 3 or "-" in product["AUC over the best baseline"]


def test_rows_without_redemptions_choose_the_first_recipe(settings: CouponSettings) -> None:
    nobody = coupon_answers(400, seed=1).of_campaigns(())
    chosen = choose_recipes(LEARN, nobody, settings=settings, seed=7)
    assert chosen.redemption.label == chosen.choice.label == "logistic C=0.01"
