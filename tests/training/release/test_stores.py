"""The stores of a release and their members, from literal tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from literal_profiles import literal_profile_tables

from training.release.campaign_coupons import load_campaign_coupons, write_campaign_coupons
from training.release.stores import Store, Stores, load_stores, write_stores


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    release = tmp_path / "release"
    release.mkdir()
    with literal_profile_tables(tmp_path / "home") as con:
        write_stores(con, release)
        write_campaign_coupons(con, release)
    return release


@pytest.fixture
def stores(folder: Path) -> Stores:
    found = load_stores(folder)
    assert found is not None
    return found


def test_a_store_is_known_by_any_table_that_names_it(stores: Stores) -> None:
    assert list(stores.by_id.values()) == [
        Store(store_id="s1", name="Downtown", city="上海", region=None, members=2),
        Store(store_id="s2", name=None, city=None, region=None, members=2),
        Store(store_id="s7", name="Empty", city=None, region=None, members=0),
    ]
    assert (stores.name("s1"), stores.name("s2"), stores.name(None), stores.name("nowhere")) == (
        "Downtown",
        None,
        None,
        None,
    )


def test_members_are_at_home_where_they_spend_most_else_where_they_joined(stores: Stores) -> None:
    assert stores.members("s1")["member_id"].to_pylist() == ["anna", "early"]
    assert stores.members("s2")["member_id"].to_pylist() == ["cleo", "new"]
    assert stores.members("nowhere").num_rows == 0


def test_staff_are_on_no_list(stores: Stores) -> None:
    # ben works for the retailer and spends most in s3
    assert stores.members("s3").num_rows == 0


def test_a_campaign_is_unused_while_no_coupon_of_it_was_used(stores: Stores) -> None:
    # anna used one of spring, cleo was held out of it
    assert stores.members("s1")["unused_campaign_ids"].to_pylist() == [None, None]
    assert stores.members("s2")["unused_campaign_ids"].to_pylist() == [None, None]


def test_who_joined_lately_is_listed_by_store(stores: Stores) -> None:
    (row,) = stores.joined("s2").to_pylist()
    assert (row["member_id"], row["joined_via"]) == ("new", "app")
    assert stores.joined("s1").num_rows == 0


def test_coupons_of_campaigns_that_are_not_over_are_kept(folder: Path) -> None:
    coupons = load_campaign_coupons(folder)
    assert {campaign: [each.coupon_id for each in own] for campaign, own in coupons.by_campaign.items()} == {
        "spring": ["s-all", "s-bread", "s-milk"],
        "open": ["o-tea"],
        "coupon alone": ["alone"],
    }
    bread = next(each for each in coupons.coupons if each.coupon_id == "s-bread")
    assert (bread.face_value, bread.discount_type, bread.campaign_name) == (1.5, "amount", None)
    assert load_campaign_coupons(folder.parent).coupons == []


def test_a_release_of_before_has_no_stores(tmp_path: Path) -> None:
    assert load_stores(tmp_path) is None
