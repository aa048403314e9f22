"""The ranker's features of literal candidates, reckoned by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from features.encoding import Encoding
from features.groups.catalogue import GROUPS
from training.affinity.blend import CANDIDATE_FIELDS, UNKNOWN, Field
from training.ranker.features import (
    CROSSED,
    MEMBER_FEATURES,
    PRODUCT_FEATURES,
    RANKER_FEATURES,
    Selection,
    ranker_matrix,
)
from training.ranker.model import OF_MEMBER, OF_PRODUCT

NOW = 6570.25
PROMOTED = ("mailer", "display")

Matrix = npt.NDArray[np.float32]


def values(**fields: float) -> Matrix:
    """A candidate of whom only these fields are known, float32 (1, fields)."""
    found = UNKNOWN.copy()
    for name, value in fields.items():
        found[Field[name.upper()]] = value
    return found[None, :]


def numbers(names: tuple[str, ...], **known: float) -> Matrix:
    """float32 (1, names): NaN where nothing is given; names may leave out their group."""
    return np.array([[known.get(name, known.get(name.split("__")[-1], np.nan)) for name in names]], dtype=np.float32)


BOUGHT = values(
    als=0.5,
    orders_365d=6,
    orders_91d=3,
    decayed_orders=4.0,
    fast_decayed_orders=2.0,
    slow_decayed_orders=5.0,
    last_ordered_days=NOW - 28,
    gap_days=14.0,
    gap_deviation_days=7.0,
    visits_since_first=24.0,
    visits_since_last=4.0,
    subcategory_orders=5.0,
    subcategory_last_days=NOW - 2,
    category_last_days=NOW - 1,
    brand_last_days=NOW - 28,
    mailer=0.75,
    display=0.25,
)
NEVER = values(item_item=1.0, mailer=1.0)
PRODUCT = numbers(PRODUCT_FEATURES, price=3.0, product_demand__gap_days=56.0)
MEMBER = numbers(MEMBER_FEATURES, mean_price=2.0, orders_91d=12.0, member_rhythm__gap_days=5.0)


def matrix(candidate: Matrix, *, now: float = NOW, promotions: tuple[str, ...] = PROMOTED) -> Matrix:
    return ranker_matrix(candidate, PRODUCT, MEMBER, as_of_days=now, promotions=promotions)


def named(rows: Matrix) -> dict[str, float]:
    return dict(zip(RANKER_FEATURES, rows[0].tolist(), strict=True))


def test_there_is_a_column_for_each_feature_and_no_name_twice() -> None:
    assert matrix(BOUGHT).shape == (1, len(RANKER_FEATURES))
    assert matrix(BOUGHT).dtype == np.float32
    assert matrix(BOUGHT).flags["C_CONTIGUOUS"]
    assert len(set(RANKER_FEATURES)) == len(RANKER_FEATURES)
    assert RANKER_FEATURES[: len(CANDIDATE_FIELDS)] == CANDIDATE_FIELDS


def test_moments_become_ages_and_decayed_counts_are_those_of_now() -> None:
    found = named(matrix(BOUGHT))
    assert found["last_ordered_days"] == pytest.approx(28, abs=1e-3)
    assert found["subcategory_last_days"] == pytest.approx(2, abs=1e-3)
    assert found["category_last_days"] == pytest.approx(1, abs=1e-3)
    assert found["brand_last_days"] == pytest.approx(28, abs=1e-3)
    assert found["decayed_orders"] == pytest.approx(4 * 0.5 ** (28 / 70), rel=1e-5)
    assert found["fast_decayed_orders"] == pytest.approx(2 * 0.5, rel=1e-5)
    assert found["slow_decayed_orders"] == pytest.approx(5 * 0.5 ** (28 / 180), rel=1e-5)


def test_crossed_features_are_those_of_a_reckoning_by_hand() -> None:
    found = named(matrix(BOUGHT))
    assert {name: found[name] for name in CROSSED} == pytest.approx(
        {
            "overdue": 28 / 14,
            "overdue_of_product": 28 / 56,
            "lateness": (28 - 14) / 7,
            "orders_per_visit": 6 / 24,
            "orders_per_visit_91d": 3 / 12,
            "share_of_subcategory": 4 * 0.5 ** (28 / 70) / 5,
            "relative_price": 3.0 / 2.0,
        },
        rel=1e-4,
    )


def test_what_is_stored_as_it_is_read_is_left_as_it_is() -> None:
    found = named(matrix(BOUGHT))
    stored = ("als", "orders_365d", "orders_91d", "gap_days", "visits_since_last", "subcategory_orders")
    assert [found[name] for name in stored] == [0.5, 6.0, 3.0, 14.0, 4.0, 5.0]
    assert (found["product_facts__price"], found["product_demand__gap_days"]) == (3.0, 56.0)
    assert (found["member_mix__mean_price"], found["member_rhythm__gap_days"]) == (2.0, 5.0)


def test_a_product_never_bought_has_no_orders_and_no_age() -> None:
    found = named(matrix(NEVER))
    assert (found["decayed_orders"], found["fast_decayed_orders"], found["share_of_subcategory"]) == (0.0, 0.0, 0.0)
    for name in ("last_ordered_days", "overdue", "overdue_of_product", "lateness", "orders_per_visit"):
        assert np.isnan(found[name]), name


def test_gaps_and_visits_below_one_are_taken_for_one() -> None:
    short = values(
        last_ordered_days=NOW - 3, gap_days=0.25, gap_deviation_days=0.0, orders_365d=2, visits_since_first=0
    )
    found = named(matrix(short))
    assert (found["overdue"], found["lateness"], found["orders_per_visit"]) == pytest.approx((3, 2.75, 2), abs=1e-3)


@pytest.mark.parametrize(
    ("promotions", "left"), [((), (0.0, 0.0)), (("mailer",), (0.75, 0.0)), (("display",), (0.0, 0.25))]
)
def test_promotions_that_are_not_named_are_zero(promotions: tuple[str, ...], left: tuple[float, float]) -> None:
    found = named(matrix(BOUGHT, promotions=promotions))
    assert (found["mailer"], found["display"]) == left


def test_a_later_moment_ages_what_ages_and_nothing_else() -> None:
    now, later = named(matrix(BOUGHT)), named(matrix(BOUGHT, now=NOW + 14))
    ages = {"last_ordered_days", "subcategory_last_days", "category_last_days", "brand_last_days"}
    for name in ages:
        assert later[name] == pytest.approx(now[name] + 14, abs=1e-3)
    assert later["decayed_orders"] == pytest.approx(now["decayed_orders"] * 0.5 ** (14 / 70), rel=1e-5)
    assert later["overdue"] == pytest.approx(42 / 14, rel=1e-4)
    changed = {name for name in RANKER_FEATURES if later[name] != now[name] and not np.isnan(now[name])}
    fading = {"decayed_orders", "fast_decayed_orders", "slow_decayed_orders", "share_of_subcategory"}
    assert changed == {*ages, *fading, "overdue", "overdue_of_product", "lateness"}


def many(count: int) -> tuple[Matrix, Matrix, Matrix]:
    """Candidates, products and members with every value drawn, some missing."""
    random = np.random.default_rng(1)

    def drawn(width: int) -> Matrix:
        found = random.uniform(0, 30, (count, width)).astype(np.float32)
        found[random.random(found.shape) < 0.2] = np.nan
        return found

    candidates = drawn(len(CANDIDATE_FIELDS))
    for field in (
        Field.LAST_ORDERED_DAYS,
        Field.SUBCATEGORY_LAST_DAYS,
        Field.CATEGORY_LAST_DAYS,
        Field.BRAND_LAST_DAYS,
    ):
        candidates[:, field] += np.float32(NOW - 40)
    return candidates, drawn(len(PRODUCT_FEATURES)), drawn(len(MEMBER_FEATURES))


@pytest.mark.parametrize("count", [2, 17, 300])
def test_a_row_alone_is_the_row_among_many_to_the_last_bit(count: int) -> None:
    candidates, products, members = many(count)
    together = ranker_matrix(candidates, products, members, as_of_days=NOW, promotions=PROMOTED)
    for row in range(count):
        one = slice(row, row + 1)
        alone = ranker_matrix(candidates[one], products[one], members[one], as_of_days=NOW, promotions=PROMOTED)
        assert alone.tobytes() == together[one].tobytes()


def test_one_member_of_many_candidates_is_the_member_repeated() -> None:
    candidates, products, members = many(40)
    one = ranker_matrix(candidates, products, members[:1], as_of_days=NOW, promotions=PROMOTED)
    repeated = np.repeat(members[:1], 40, axis=0)
    assert one.tobytes() == ranker_matrix(candidates, products, repeated, as_of_days=NOW, promotions=PROMOTED).tobytes()


def test_inputs_are_left_as_they_were() -> None:
    given = many(20)
    before = [each.copy() for each in given]
    ranker_matrix(*given, as_of_days=NOW, promotions=())
    assert [each.tobytes() for each in given] == [each.tobytes() for each in before]


def test_no_candidates_give_no_rows() -> None:
    candidates, products, members = many(2)
    found = ranker_matrix(candidates[:0], products[:0], members[:1], as_of_days=NOW, promotions=PROMOTED)
    assert found.shape == (0, len(RANKER_FEATURES))


@pytest.mark.parametrize("selection", [OF_MEMBER, OF_PRODUCT], ids=["member", "product"])
def test_a_selection_is_that_part_of_the_whole_model_matrix(selection: Selection) -> None:
    encoding = selection.encoding
    random = np.random.default_rng(2)
    vectors = random.uniform(6000, NOW, (9, len(encoding.stored_names))).astype(np.float32)
    vectors[random.random(vectors.shape) < 0.2] = np.nan
    whole = encoding.model_matrix(vectors, np.full(9, NOW))
    columns = [encoding.model_names.index(name) for name in selection.names]
    assert np.array_equal(selection.matrix(vectors, as_of_days=NOW), whole[:, columns], equal_nan=True)


def test_a_selection_of_an_unknown_name_is_an_error() -> None:
    encoding = Encoding(groups=(GROUPS["product_facts"],))
    with pytest.raises(KeyError, match="nonsense"):
        Selection(encoding=encoding, names=("nonsense",)).matrix(np.zeros((1, 9), dtype=np.float32), as_of_days=NOW)


def test_no_feature_is_a_bare_moment() -> None:
    """A date is the same for all of training and another at every request."""
    moments = {f"{group.name}__{f.name}" for group in GROUPS.values() for f in group.features if f.type == "moment"}
    assert moments & set(RANKER_FEATURES) == set()
