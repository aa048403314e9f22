"""The promises of the affinity model: seed, saving, refitting, similar products."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from literal_moment import AS_OF, checkerboard, small_settings

from features.contracts.errors import ReleaseDamaged
from features.contracts.ids import ProductId
from features.contracts.settings import Settings
from training.affinity.blend import BlendWeights, Field
from training.affinity.candidates import MemberCandidates
from training.affinity.model import AffinityModel, fit_affinity
from training.affinity.model_files import load_affinity, save_affinity
from training.affinity.moment import ShopMoment

WEIGHTS = BlendWeights(item_item=0.2, als=0.3, popularity=0.01)


@pytest.fixture
def settings() -> Settings:
    return small_settings()


@pytest.fixture
def board() -> ShopMoment:
    return checkerboard()


@pytest.fixture
def model(board: ShopMoment, settings: Settings) -> AffinityModel:
    return fit_affinity(board, settings, as_of=AS_OF, weights=WEIGHTS)


def candidates(model: AffinityModel, moment: ShopMoment) -> MemberCandidates:
    """Of every member, ordered by item-item alone."""
    sources = model.sources(moment)
    return model.candidates(sources, model.member_ids, rank=lambda union, _start: union.values[..., Field.ITEM_ITEM])


def is_same(one: MemberCandidates, other: MemberCandidates) -> bool:
    return np.array_equal(one.product_rows, other.product_rows) and np.array_equal(
        one.values, other.values, equal_nan=True
    )


def test_the_same_seed_gives_the_same_candidates_with_one_thread_and_two(
    model: AffinityModel, board: ShopMoment, settings: Settings
) -> None:
    again = fit_affinity(board, settings.model_copy(update={"threads": 2}), as_of=AS_OF, weights=WEIGHTS)
    assert is_same(candidates(model, board), candidates(again, board))


def test_a_saved_model_comes_back_the_same(model: AffinityModel, board: ShopMoment, tmp_path: Path) -> None:
    save_affinity(model, tmp_path)
    loaded = load_affinity(tmp_path)
    assert (loaded.weights, loaded.as_of, loaded.seed) == (WEIGHTS, AS_OF, 7)
    assert loaded.settings == model.settings
    assert loaded.catalogue.buyers.tolist() == model.catalogue.buyers.tolist()
    assert is_same(candidates(model, board), candidates(loaded, board))
    assert loaded.similar(ProductId("p0"), 3) == model.similar(ProductId("p0"), 3)


def test_a_saved_model_holds_nothing_that_numpy_would_unpickle(model: AffinityModel, tmp_path: Path) -> None:
    save_affinity(model, tmp_path)
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float32), np.dtype(np.int32)}


@pytest.mark.parametrize("name", ["arrays.npz", "members.parquet", "products.parquet"])
def test_a_changed_file_is_refused(name: str, model: AffinityModel, tmp_path: Path) -> None:
    save_affinity(model, tmp_path)
    with (tmp_path / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ReleaseDamaged, match=name):
        load_affinity(tmp_path)


def test_an_unfinished_folder_is_refused(model: AffinityModel, tmp_path: Path) -> None:
    save_affinity(model, tmp_path)
    (tmp_path / "model.json").unlink()
    with pytest.raises(ReleaseDamaged, match=r"model\.json"):
        load_affinity(tmp_path)


def test_a_model_of_other_settings_is_refused_and_the_setting_named(model: AffinityModel, tmp_path: Path) -> None:
    save_affinity(model, tmp_path)
    written = json.loads((tmp_path / "model.json").read_text())
    written["settings"]["half_life_days"] = 70
    (tmp_path / "model.json").write_text(json.dumps(written))
    with pytest.raises(ReleaseDamaged, match="half_life_days"):
        load_affinity(tmp_path)


def test_similar_products_have_the_same_buyers(model: AffinityModel) -> None:
    assert {each.product_id for each in model.similar(ProductId("p0"), 3)} == {"p2", "p4", "p6"}


def test_a_product_is_not_similar_to_itself_and_the_nearest_come_first(model: AffinityModel) -> None:
    found = model.similar(ProductId("p0"), 10)
    assert "p0" not in {each.product_id for each in found}
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)


def test_nothing_is_similar_to_an_unknown_product(model: AffinityModel) -> None:
    assert model.similar(ProductId("never sold"), 3) == []


def test_a_model_of_other_candidate_fields_is_refused(model: AffinityModel, tmp_path: Path) -> None:
    save_affinity(model, tmp_path)
    written = json.loads((tmp_path / "model.json").read_text())
    written["candidate_fields"] = written["candidate_fields"][:-1]
    (tmp_path / "model.json").write_text(json.dumps(written))
    with pytest.raises(ReleaseDamaged, match=r"candidate fields .* train again"):
        load_affinity(tmp_path)
