"""The ranker as it is stored, opened and asked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from online_members import ANNA
from ranker_rows import ranker_rows

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import load_settings
from features.store.packed_member import PackedMember
from training.affinity.blend import CANDIDATE_FIELDS, UNKNOWN, Field
from training.ranker.fit import fit_ranker
from training.ranker.model import BOOSTER_FILE, MODEL_FILE, Ranker, RankerModel, load_ranker, open_ranker
from training.ranker.model import promotions_of as in_fixed_order
from training.release.members import ENCODING as MEMBER_ENCODING
from training.release.products import ENCODING as PRODUCT_ENCODING
from training.release.products import ProductShelf

AS_OF = datetime(2017, 10, 23, 5, tzinfo=UTC)
NOW = 6500.5


@pytest.fixture(scope="module")
def model() -> RankerModel:
    loaded = load_settings(threads=1)
    few = {"rounds": 15, "leaves": 7, "min_rows_in_leaf": 20}
    settings = loaded.model_copy(update={"ranker": loaded.ranker.model_copy(update=few)})
    rows, later = (ranker_rows(100, seed=seed) for seed in (1, 2))
    return fit_ranker(rows, later, settings, as_of=AS_OF, promotions=("mailer",))


@pytest.fixture(scope="module")
def shelf() -> ProductShelf:
    matrix = np.random.default_rng(3).uniform(0, 30, (40, len(PRODUCT_ENCODING.stored_names))).astype(np.float32)
    for column, name in enumerate(PRODUCT_ENCODING.stored_names):
        if name.endswith("_at"):
            matrix[:, column] += np.float32(NOW - 40)
    return ProductShelf(table=pd.DataFrame({"product_id": [f"p{row:02}" for row in range(40)]}), matrix=matrix)


@pytest.fixture(scope="module")
def ranker(model: RankerModel, shelf: ProductShelf) -> Ranker:
    return open_ranker(model, shelf, compiled=False)


@pytest.fixture
def anna() -> PackedMember:
    vector = np.random.default_rng(4).uniform(0, 30, len(MEMBER_ENCODING.stored_names)).astype(np.float32)
    return replace(ANNA, vector=vector)


def some_values(count: int) -> np.ndarray:
    random = np.random.default_rng(5)
    values = np.tile(UNKNOWN, (count, 1))
    values[:, Field.LAST_ORDERED_DAYS] = NOW - random.uniform(0, 60, count)
    values[:, Field.DECAYED_ORDERS] = random.uniform(0, 5, count)
    return values


PRODUCTS = np.arange(40)
VALUES = some_values(40)


def test_scores_are_probabilities_in_the_order_of_the_model(ranker: Ranker, anna: PackedMember) -> None:
    scores = ranker.scores(anna, PRODUCTS, VALUES, as_of_days=NOW)
    assert (scores.dtype, scores.shape) == (np.float32, (40,))
    assert ((scores > 0) & (scores < 1)).all()
    assert np.corrcoef(scores, VALUES[:, Field.LAST_ORDERED_DAYS])[0, 1] > 0.5


def test_a_candidate_alone_scores_what_it_scores_among_others(ranker: Ranker, anna: PackedMember) -> None:
    together = ranker.scores(anna, PRODUCTS, VALUES, as_of_days=NOW)
    alone = [ranker.scores(anna, PRODUCTS[[row]], VALUES[[row]], as_of_days=NOW)[0] for row in range(40)]
    assert together.tolist() == alone


def test_a_compiled_ranker_scores_the_same(model: RankerModel, shelf: ProductShelf, anna: PackedMember) -> None:
    compiled, booster = (open_ranker(model, shelf, compiled=compiled) for compiled in (True, False))
    one, other = (each.scores(anna, PRODUCTS, VALUES, as_of_days=NOW) for each in (compiled, booster))
    assert (one == other).all()


def test_products_age_by_the_hour_and_what_was_asked_before_changes_nothing(
    model: RankerModel, shelf: ProductShelf, anna: PackedMember
) -> None:
    ranker = open_ranker(model, shelf, compiled=False)
    first = ranker.scores(anna, PRODUCTS, VALUES, as_of_days=NOW)
    later = ranker.scores(anna, PRODUCTS, VALUES, as_of_days=NOW + 30)
    assert (later != first).any()
    assert (ranker.scores(anna, PRODUCTS, VALUES, as_of_days=NOW) == first).all()
    fresh = open_ranker(model, shelf, compiled=False).scores(anna, PRODUCTS, VALUES, as_of_days=NOW + 30)
    assert (later == fresh).all()


def test_a_promotion_that_was_not_learnt_from_changes_no_score(ranker: Ranker, anna: PackedMember) -> None:
    displayed = VALUES.copy()
    displayed[:, Field.DISPLAY] = 1.0
    plain, shown = (ranker.scores(anna, PRODUCTS, each, as_of_days=NOW) for each in (VALUES, displayed))
    assert (plain == shown).all()


def test_no_candidates_score_nothing(ranker: Ranker, anna: PackedMember) -> None:
    nothing = np.empty((0, len(CANDIDATE_FIELDS)), dtype=np.float32)
    assert ranker.scores(anna, PRODUCTS[:0], nothing, as_of_days=NOW).shape == (0,)


def test_a_saved_ranker_comes_back_the_same(model: RankerModel, tmp_path: Path) -> None:
    model.save(tmp_path / "models")
    assert load_ranker(tmp_path / "models") == model


def test_a_folder_without_a_ranker_has_none(tmp_path: Path) -> None:
    assert load_ranker(tmp_path) is None


@pytest.mark.parametrize("name", [BOOSTER_FILE.format(0), BOOSTER_FILE.format(1), MODEL_FILE])
def test_half_a_ranker_is_refused(name: str, model: RankerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ReleaseDamaged, match=r"train again"):
        load_ranker(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_broken_description_is_refused(content: bytes, model: RankerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    (tmp_path / MODEL_FILE).write_bytes(content)
    with pytest.raises(ReleaseDamaged):
        load_ranker(tmp_path)


@pytest.mark.parametrize("key", ["slope", "parts", "features"])
def test_a_description_without_a_key_is_refused(key: str, model: RankerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    written = json.loads((tmp_path / MODEL_FILE).read_text())
    del written[key]
    (tmp_path / MODEL_FILE).write_text(json.dumps(written))
    with pytest.raises(ReleaseDamaged):
        load_ranker(tmp_path)


def test_a_ranker_of_other_features_is_refused(model: RankerModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    written = json.loads((tmp_path / MODEL_FILE).read_text())
    written["features"] = written["features"][::-1]
    (tmp_path / MODEL_FILE).write_text(json.dumps(written))
    with pytest.raises(ReleaseDamaged, match="other features"):
        load_ranker(tmp_path)


def test_promotions_have_one_order() -> None:
    assert in_fixed_order(["display", "mailer"]) == ("mailer", "display")
    assert in_fixed_order(["display"]) == ("display",)
    assert in_fixed_order([]) == ()
