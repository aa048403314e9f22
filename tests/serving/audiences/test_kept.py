"""What one build leaves for the next: used while nothing has changed, and read again once anything has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from literal_audience_desk import LiteralScorer, literal_desk

from features.contracts.ids import ReleaseId
from serving.audiences.build import BuiltAudience, build_at
from serving.audiences.desk import Desk
from serving.audiences.kept import MOST_CONTRIBUTIONS, Kept
from serving.audiences.rule import AudienceRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.world import NoWorld
from training.propensity.target import LapseTarget, ProductsTarget

CHEESE = ProductsTarget(product_ids=("p1", "p2"))


@pytest.fixture
def desk(shop: ShopAt, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return literal_desk(shop, tmp_path_factory.mktemp("release"))


def build(desk: Desk, kept: Kept | None, **asked: Any) -> BuiltAudience:
    rule = AudienceRule.from_json({"target": {"category": "CHEESE"}, **asked})
    return build_at(desk, rule, NoWorld(), is_dry_run=False, kept=kept, progress=lambda *_: None)


def scorings(desk: Desk) -> int:
    assert isinstance(desk.scorer, LiteralScorer)
    return len(desk.scorer.asked)


def score(kept: Kept, desk: Desk, target: Any = CHEESE, *, horizon_days: int = 28) -> None:
    kept.scored(desk, target, horizon_days=horizon_days, progress=lambda *_: None)


def test_another_size_of_the_same_target_is_not_scored_again(desk: Desk) -> None:
    kept = Kept()
    build(desk, kept, size=2)
    again = build(desk, kept, size=3)
    assert scorings(desk) == 1
    assert again.summary == build(desk, None, size=3).summary
    assert again.report == build(desk, None, size=3).report


@pytest.mark.parametrize(("target", "horizon_days"), [(LapseTarget(), 28), (CHEESE, 7)])
def test_another_target_or_horizon_is_scored(desk: Desk, target: Any, horizon_days: int) -> None:
    kept = Kept()
    score(kept, desk)
    score(kept, desk, target, horizon_days=horizon_days)
    # the scores of before are gone
    score(kept, desk)
    assert scorings(desk) == 3


def test_another_release_or_moment_is_scored(desk: Desk) -> None:
    kept = Kept()
    score(kept, desk)
    other = replace(desk, release=desk.release.model_copy(update={"release_id": ReleaseId("r000009")}))
    score(kept, other)
    score(kept, replace(other, shop=replace(other.shop, moment=other.shop.since(1))))
    assert scorings(desk) == 3


def test_a_member_taken_out_of_the_files_is_read_anew(desk: Desk) -> None:
    kept = Kept()
    score(kept, desk)
    file = desk.shop.snapshot("member_value")
    text = file.read_bytes()
    file.unlink()
    file.write_bytes(text)
    score(kept, desk)
    assert scorings(desk) == 2


def test_contributions_are_those_of_the_rows_and_few_are_held(desk: Desk) -> None:
    kept = Kept()
    scored = kept.scored(desk, CHEESE, horizon_days=28, progress=lambda *_: None)
    for number in range(MOST_CONTRIBUTIONS + 2):
        rows = np.arange(number % 6 + 1) if number < 6 else np.array([5, number - 6])
        assert np.array_equal(kept.contributions(desk, scored, rows), desk.scorer.contributions(scored, rows))
    assert len(kept._contributions) == MOST_CONTRIBUTIONS
