"""Companions: what shares an order more often than chance, behind enough orders of enough members."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts.settings import Settings, load_settings
from training.release.together import Together, build_together, load_together
from training.release.together_counts import Evidence

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
SHELF = np.array(["bread", "butter", "jam", "nails", "salt"], dtype=np.str_)
BREAD, BUTTER, JAM, NAILS, SALT = range(5)
LITTLE = Evidence(orders=3, together=3, members=3, caution=0.0)

Basket = tuple[str | None, list[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


def write(folder: Path, baskets: list[Basket], *, first_at: datetime = AS_OF - timedelta(days=30)) -> Path:
    rows = [
        (member, f"o{nth}", product, first_at + timedelta(minutes=nth))
        for nth, (member, products) in enumerate(baskets)
        for product in products
    ]
    frame = pd.DataFrame(rows, columns=["member_id", "order_id", "product_id", "ordered_at"])
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"], utc=True)
    file = folder / "purchases.parquet"
    frame.to_parquet(file)
    return file


def breakfasts(count: int, *, member: str | None = None) -> list[Basket]:
    return [(member or f"m{nth}", ["bread", "butter", "jam"]) for nth in range(count)]


OTHERS: list[Basket] = [(f"n{nth}", ["salt"]) for nth in range(12)]


def built(settings: Settings, file: Path, evidence: Evidence = LITTLE) -> Together:
    return build_together(settings, file, SHELF, as_of=AS_OF, evidence=evidence)


def test_support_confidence_and_lift_are_those_of_the_orders(settings: Settings, tmp_path: Path) -> None:
    baskets = [*breakfasts(3), ("m8", ["bread"]), ("m9", ["butter", "nails"]), *OTHERS[:5]]
    together = built(settings, write(tmp_path, baskets))
    assert together.all_orders == 10
    # nails stand in too few orders to tell anything
    assert together.orders_of.tolist() == [4, 4, 3, 0, 5]
    companions = together.of(BREAD)
    # jam: 3 of 10 orders hold both, chance would have it in 10 x 4/10 x 3/10; butter the same with 4/10
    assert companions.rows.tolist() == [JAM, BUTTER]
    assert companions.orders.tolist() == [3, 3]
    np.testing.assert_allclose(companions.support, [0.3, 0.3], rtol=1e-6)
    np.testing.assert_allclose(companions.confidence, [0.75, 0.75], rtol=1e-6)
    np.testing.assert_allclose(companions.lift, [3 * 10 / (4 * 3), 3 * 10 / (4 * 4)], rtol=1e-6)
    assert together.lift_of(BREAD, JAM) == pytest.approx(2.5)
    assert together.lift_of(BREAD, SALT) is None


def test_three_products_of_one_order_are_a_trio(settings: Settings, tmp_path: Path) -> None:
    together = built(settings, write(tmp_path, [*breakfasts(3), *OTHERS[:7]]))
    trios = together.trios_of(BREAD)
    assert trios.rows.tolist() == [[BUTTER, JAM]]
    assert trios.orders.tolist() == [3]
    np.testing.assert_allclose(trios.support, [0.3], rtol=1e-6)
    np.testing.assert_allclose(trios.lift, [3 * 10**2 / 27], rtol=1e-6)
    assert together.trios_of(SALT).rows.shape == (0, 2)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (Evidence(orders=3, together=4, members=3, caution=0.0), "too few orders hold both"),
        (Evidence(orders=4, together=3, members=3, caution=0.0), "one of them is in too few orders"),
        (Evidence(orders=3, together=3, members=4, caution=0.0), "too few members are behind it"),
        (Evidence(orders=3, together=3, members=3, caution=1.5), "the lift may be luck"),
    ],
)
def test_too_little_evidence_makes_no_companions(
    settings: Settings, tmp_path: Path, evidence: Evidence, why: str
) -> None:
    together = built(settings, write(tmp_path, [*breakfasts(3), *OTHERS[:5]]), evidence)
    assert not len(together.of(BREAD).rows), why
    assert not len(together.trios_of(BREAD).rows), why


def test_one_member_s_habit_is_no_rule_but_sales_without_a_member_count(settings: Settings, tmp_path: Path) -> None:
    habit = built(settings, write(tmp_path, [*breakfasts(9, member="anna"), *OTHERS]))
    assert not len(habit.of(BREAD).rows)
    nobody: list[Basket] = [(None, ["bread", "jam"]) for _ in range(3)]
    assert built(settings, write(tmp_path, [*nobody, *OTHERS])).of(BREAD).rows.tolist() == [JAM]


def test_what_shares_orders_no_more_than_by_chance_is_no_companion(settings: Settings, tmp_path: Path) -> None:
    together = built(settings, write(tmp_path, [(f"m{n}", ["bread", "salt"]) for n in range(6)]))
    assert not len(together.of(BREAD).rows)


def test_a_product_counts_once_in_an_order(settings: Settings, tmp_path: Path) -> None:
    baskets: list[Basket] = [(f"m{n}", ["bread", "bread", "jam"]) for n in range(3)]
    together = built(settings, write(tmp_path, [*baskets, *OTHERS[:3]]))
    assert together.orders_of[BREAD] == 3
    assert together.of(BREAD).orders.tolist() == [3]


@pytest.mark.parametrize("moment", [AS_OF, AS_OF - timedelta(days=366)], ids=["at the moment", "over a year ago"])
def test_orders_outside_the_year_before_are_not_seen(settings: Settings, tmp_path: Path, moment: datetime) -> None:
    together = built(settings, write(tmp_path, [*breakfasts(5), *OTHERS], first_at=moment))
    assert together.all_orders == 0
    assert together.starts.tolist() == [0] * 6
    assert together.of(BREAD).rows.shape == (0,)


def test_products_off_the_shelf_are_left_out_of_companions_but_not_of_the_orders(
    settings: Settings, tmp_path: Path
) -> None:
    baskets: list[Basket] = [*breakfasts(3), *((f"x{n}", ["petrol"]) for n in range(7))]
    together = built(settings, write(tmp_path, baskets))
    assert together.all_orders == 10
    assert set(together.of(BREAD).rows.tolist()) == {BUTTER, JAM}


def test_saved_and_loaded_it_is_the_same(settings: Settings, tmp_path: Path) -> None:
    together = built(settings, write(tmp_path, [*breakfasts(3), *OTHERS]))
    together.save(tmp_path)
    loaded = load_together(tmp_path)
    assert loaded is not None
    assert loaded.all_orders == together.all_orders
    for name in (
        "orders_of",
        "starts",
        "rows",
        "orders",
        "lift",
        "trio_starts",
        "trio_rows",
        "trio_orders",
        "trio_lift",
    ):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(together, name))
    assert load_together(tmp_path / "home") is None
