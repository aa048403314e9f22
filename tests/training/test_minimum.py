"""A shop with less than the settings ask for gets what it can bear, and is told what that is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.settings import Settings, load_settings
from training.minimum import LEAST_PRODUCTS, Fallback, fitted_to

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    loaded = load_settings(home=tmp_path)
    return loaded.model_copy(update={"affinity": loaded.affinity.model_copy(update={"min_buyers": 10})})


def purchases(folder: Path, buyers: Mapping[str, int], *, days_ago: int = 10) -> Path:
    """Purchases of products by as many members as is said of each; 0: one sale to nobody known."""
    ordered_at = pd.Timestamp(AS_OF - timedelta(days=days_ago))
    rows = [
        (f"m{number}" if count else None, product, ordered_at)
        for product, count in buyers.items()
        for number in range(max(1, count))
    ]
    file = folder / "purchases.parquet"
    pd.DataFrame(rows, columns=["member_id", "product_id", "ordered_at"]).to_parquet(file)
    return file


def test_a_shop_with_products_enough_keeps_what_is_set(settings: Settings, tmp_path: Path) -> None:
    many = {f"p{number}": 10 for number in range(LEAST_PRODUCTS)} | {"seldom": 1}
    fitted = fitted_to(settings, purchases(tmp_path, many), as_of=AS_OF)
    assert fitted.settings == settings
    assert fitted.fallbacks == ()


def test_a_small_shop_recommends_what_fewer_members_bought_and_says_so(settings: Settings, tmp_path: Path) -> None:
    few = {"popular": 12, "usual": 4, "seldom": 2}
    fitted = fitted_to(settings, purchases(tmp_path, few), as_of=AS_OF)
    assert fitted.settings.affinity.min_buyers == 2
    assert fitted.settings.ranker == settings.ranker
    (fallback,) = fitted.fallbacks
    assert fallback.sentence == (
        "product affinity: 1 of 3 products sold lately has 10 buyers, 3 have 2; products that fewer members bought are "
        "recommended too"
    )


def test_no_more_products_are_let_in_than_two_lists_hold(settings: Settings, tmp_path: Path) -> None:
    sloping = {f"p{number:02d}": 40 - number for number in range(40)}
    fitted = fitted_to(
        settings.model_copy(update={"affinity": settings.affinity.model_copy(update={"min_buyers": 30})}),
        purchases(tmp_path, sloping),
        as_of=AS_OF,
    )
    assert fitted.settings.affinity.min_buyers == 40 - (LEAST_PRODUCTS - 1)


@pytest.mark.parametrize(("buyers", "days_ago"), [({"nobody's": 0}, 10), ({"old": 5}, 300)])
def test_what_no_member_bought_and_what_sold_long_ago_lowers_nothing(
    settings: Settings, tmp_path: Path, buyers: Mapping[str, int], days_ago: int
) -> None:
    fitted = fitted_to(settings, purchases(tmp_path, buyers, days_ago=days_ago), as_of=AS_OF)
    assert fitted.settings == settings


def test_a_fallback_names_the_model_the_reason_and_what_answers() -> None:
    assert Fallback(part="ranker", why="9 of 300").sentence == "ranker: 9 of 300; the blend of sources orders instead"
