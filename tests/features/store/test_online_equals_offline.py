"""What a request reads online is what Feast's history says offline, at the release's own moment."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from made_shop import MadeShop

from features.encoding import Encoding
from features.groups.catalogue import GROUPS
from features.groups.declaration import SNAPSHOT_AT, FeatureType
from features.snapshots import current_build
from features.store.history import History, open_history
from features.store.online import OnlineReader, PackedMember, identity_key, ordered_moments
from training.release.manifest import Manifest, read_manifest
from training.release.products import ENCODING as PRODUCT_ENCODING
from training.release.products import load_products
from training.release.shelf import release_folder, require_active_release

MEMBER_GROUPS = tuple(GROUPS[name] for name in ("member_value", "member_rhythm", "member_mix"))
MEMBER_ENCODING = Encoding(groups=MEMBER_GROUPS)


@pytest.fixture(scope="module")
def manifest(small_shop: MadeShop) -> Manifest:
    paths = small_shop.settings.paths
    return read_manifest(release_folder(paths, require_active_release(paths)))


@pytest.fixture(scope="module")
def history(small_shop: MadeShop) -> History:
    return open_history(small_shop.settings, current_build(small_shop.settings.paths))


@pytest.fixture(scope="module")
def online(small_shop: MadeShop, manifest: Manifest) -> OnlineReader:
    return OnlineReader(small_shop.settings, manifest.release_id)


@pytest.fixture(scope="module")
def offline(history: History, manifest: Manifest) -> pd.DataFrame:
    """Every member's own features as Feast's history knows them at the release's moment."""
    keys = history.keys_at("member_value", manifest.as_of)
    return history.features_at("member_page", keys.assign(event_timestamp=pd.Timestamp(manifest.as_of)))


@pytest.fixture(scope="module")
def read(online: OnlineReader, offline: pd.DataFrame) -> list[PackedMember]:
    """The online rows of the same members, in the same order."""
    rows = [online.member(member_id) for member_id in offline["member_id"]]
    assert None not in rows
    return [row for row in rows if row is not None]


def test_every_member_with_a_purchase_is_online(history: History, manifest: Manifest, offline: pd.DataFrame) -> None:
    visits = history.build.folder / "visits.parquet"
    bought = {row[0] for row in duckdb.sql(f"SELECT DISTINCT member_id FROM read_parquet('{visits}')").fetchall()}
    assert len(bought) == manifest.members == 250
    assert set(offline["member_id"]) == bought


def test_the_vector_is_the_offline_features_of_every_member(read: list[PackedMember], offline: pd.DataFrame) -> None:
    online_vectors = np.stack([member.vector for member in read])
    np.testing.assert_array_equal(online_vectors, MEMBER_ENCODING.encode(offline))
    # Not a comparison of nothing with nothing.
    assert np.isfinite(online_vectors).mean() > 0.95
    assert (np.nanstd(online_vectors, axis=0) > 0).mean() > 0.9


def test_the_vector_is_what_the_snapshot_holds(read: list[PackedMember], history: History, manifest: Manifest) -> None:
    """The same without Feast: the files of the snapshot, joined by hand."""
    vectors = pd.DataFrame(
        [member.vector for member in read],
        columns=MEMBER_ENCODING.stored_names,
        index=[member.member_id for member in read],
    )
    for group in MEMBER_GROUPS:
        rows = pd.read_parquet(history.build.snapshot(group, manifest.as_of)).set_index("member_id")
        for feature in group.features:
            if feature.type in (FeatureType.NUMBER, FeatureType.COUNT):
                ours = vectors[f"{group.name}__{feature.name}"]
                np.testing.assert_array_equal(ours, rows[feature.name].astype("float32").reindex(ours.index))


def test_the_texts_are_the_offline_ones(read: list[PackedMember], offline: pd.DataFrame) -> None:
    names = [
        f"{group.name}__{feature.name}"
        for group in MEMBER_GROUPS
        for feature in group.features
        if feature.type is FeatureType.TEXT
    ]
    assert names == ["member_mix__top_category", "member_mix__top_brand", "member_mix__top_store_id"]
    assert [list(member.texts) for member in read] == offline[names].fillna("").to_numpy().tolist()


def test_every_row_says_the_release_s_moment(read: list[PackedMember], manifest: Manifest) -> None:
    assert {member.as_of for member in read} == {manifest.as_of}


def test_the_latest_purchases_are_those_of_the_goods_log(read: list[PackedMember], history: History) -> None:
    log = pd.read_parquet(history.build.folder / "purchases.parquet").dropna(subset="member_id")
    log["ordered_at"] = log["ordered_at"].dt.tz_convert("UTC")
    log = log.sort_values(["ordered_at", "spend", "product_id"], ascending=[False, False, True])
    for member in read:
        latest = log[log["member_id"] == member.member_id].head(20)
        assert list(member.recent_product_ids) == list(latest["product_id"])
        assert list(ordered_moments(member.recent_ordered_days)) == list(latest["ordered_at"])


def test_the_product_matrix_is_the_offline_features(small_shop: MadeShop, history: History, manifest: Manifest) -> None:
    shelf = load_products(release_folder(small_shop.settings.paths, manifest.release_id))
    keys = history.keys_at("product_facts", manifest.as_of)
    assert sorted(shelf.table["product_id"]) == list(keys["product_id"])
    # Asked for in the shelf's order, so that a matrix in another order than its table would show.
    asked = shelf.table[["product_id"]].assign(event_timestamp=pd.Timestamp(manifest.as_of))
    offline = history.features_at("product_matrix", asked)
    np.testing.assert_array_equal(shelf.matrix, PRODUCT_ENCODING.encode(offline))
    for name in ("brand", "department", "category", "subcategory", "price"):
        pd.testing.assert_series_equal(
            shelf.table[name], offline[f"product_facts__{name}"], check_names=False, check_dtype=False
        )
    facts = pd.read_parquet(history.build.snapshot(GROUPS["product_facts"], manifest.as_of)).set_index("product_id")
    assert set(facts[SNAPSHOT_AT]) == {pd.Timestamp(manifest.as_of)}
    expected = facts["price"].reindex(shelf.table["product_id"]).astype("float32")
    price = shelf.matrix[:, PRODUCT_ENCODING.stored_names.index("product_facts__price")]
    np.testing.assert_array_equal(price, expected)


def test_every_channel_id_of_the_tables_names_its_member(small_shop: MadeShop, online: OnlineReader) -> None:
    tables = small_shop.settings.paths.tables
    ids = pd.read_parquet(next(iter(tables.glob("*/member_ids.parquet"))))
    assert len(ids) >= 250
    for row in ids.itertuples():
        assert online.member_id(identity_key(source=row.source, source_id=row.source_id)) == row.member_id


def test_a_phone_hash_names_its_member_and_one_that_is_shared_names_nobody(
    small_shop: MadeShop, online: OnlineReader
) -> None:
    tables = small_shop.settings.paths.tables
    ids = pd.read_parquet(next(iter(tables.glob("*/member_ids.parquet"))))
    records = pd.read_parquet(next(iter(tables.glob("*/member_records.parquet"))))
    known = records.dropna(subset="phone_hash").merge(ids, on=["source", "source_id"], suffixes=("_stated", ""))
    assert len(known) > 100
    for phone_hash, owners in known.groupby("phone_hash")["member_id"]:
        expected = owners.iloc[0] if owners.nunique() == 1 else None
        assert online.member_id(identity_key(phone_hash=str(phone_hash))) == expected
