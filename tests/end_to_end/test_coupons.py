"""Coupons on the small shop: the evaluation that is printed, and the scenario that is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_shop import MadeShop

from features.contracts.ids import MemberId
from features.store.online import OnlineReader
from training.release.coupon_offers import CouponField
from training.release.loaded import load_release
from training.release.member_list import member_ids
from training.release.shelf import release_folder, require_active_release


def test_the_evaluation_prints_both_tables_and_writes_their_rows(small_shop: MadeShop, tmp_path: Path) -> None:
    shop = small_shop.copy_to(tmp_path / "home")
    file = tmp_path / "coupons.json"
    done = shop.faces("evaluate", "coupons", "--json", str(file))
    assert "does a reached member redeem?" in done.stdout
    assert "which coupon does a redeeming member use?" in done.stdout
    assert "propensity, not uplift" in done.stdout
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert {(row["task"], row["kind"]) for row in rows} == {
        (task, kind) for task in ("redemption", "choice") for kind in ("baseline", "variant", "product")
    }
    ours = next(row for row in rows if row["method"] == "thousand-faces" and row["task"] == "redemption")
    assert 0.5 < ours["auc"] <= 1.0
    assert ours["auc_error"] > 0


def test_a_release_holds_running_coupons_with_names_and_products(small_shop: MadeShop) -> None:
    settings = small_shop.settings
    coupons = load_release(settings, require_active_release(settings.paths)).coupons
    assert coupons is not None
    assert len(coupons) > 10
    assert all(name.startswith("Coupon for ") for name in coupons.names)
    assert all(len(coupons.covered(row)) for row in range(len(coupons)))


@pytest.fixture(scope="module")
def reached(small_shop: MadeShop) -> MemberId:
    """A member with several coupons."""
    settings = small_shop.settings
    release_id = require_active_release(settings.paths)
    reader = OnlineReader(settings, release_id)
    for chunk in member_ids(release_folder(settings.paths, release_id), at_once=500):
        for member_id in chunk:
            packed = reader.member(member_id)
            if packed is not None and len(packed.coupon_ids) >= 5:
                expected = packed.coupon_values[:, CouponField.EXPECTED]
                assert ((expected > 0) & (expected < 1)).all()
                return member_id
    raise AssertionError("no member of the small shop has coupons")


def test_the_scenario_answers_a_reached_member_with_coupons_and_reasons(
    small_shop: MadeShop, reached: MemberId, tmp_path: Path
) -> None:
    file = tmp_path / "answer.json"
    small_shop.faces("recommend", "--member", reached, "--scenario", "coupon", "--count", "5", "--json", str(file))
    items = json.loads(file.read_text(encoding="utf-8"))["items"]
    assert len(items) == 5
    assert {item["type"] for item in items} == {"coupon"}
    assert len({item["id"] for item in items}) == 5
    scores = [item["score"] for item in items]
    assert scores == sorted(scores, reverse=True)
    for item in items:
        assert item["reasons"][0]["sentence"]
        assert item["products"]
        assert item["ends_on"] >= "2017-12-31"
