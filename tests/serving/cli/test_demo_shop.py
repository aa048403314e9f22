"""The demo keeps tables of one's own apart from the default data, and finds something to show in any shop."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.atomic import write_json
from features.contracts.errors import Refused
from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.prepared import PURCHASES_FILE
from features.schema import computation_hash
from features.snapshots import current_build
from serving.cli.demo_shop import demo_subject, shop_of_own

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
NOBODY = pd.DataFrame({"category": pd.Series(dtype=object), "buyers_91d": pd.Series(dtype="int64")})


def test_tables_of_ones_own_go_into_a_shop_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACES_SHOP", raising=False)
    with shop_of_own(is_own=True):
        assert load_settings().shop == "own"
    assert "FACES_SHOP" not in os.environ
    with shop_of_own(is_own=False):
        assert load_settings().shop == "main"


@pytest.mark.parametrize("named", ["main", "clothes"])
def test_a_shop_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("FACES_SHOP", named)
    with shop_of_own(is_own=True):
        assert load_settings().shop == named
    assert os.environ["FACES_SHOP"] == named


def test_a_shop_that_the_settings_file_names_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FACES_SHOP", raising=False)
    file = tmp_path / "clothes.toml"
    file.write_text('shop = "clothes"\n', encoding="utf-8")
    monkeypatch.setenv("FACES_SETTINGS", str(file))
    with shop_of_own(is_own=True):
        assert load_settings().shop == "clothes"


def shop(home: Path, *, members: int = 10, categories: pd.DataFrame = NOBODY, brand: str | None = None) -> Settings:
    """A build of members who all bought `often`, the first two `seldom` too; `m2` orders as often as the median one."""
    settings = load_settings(home=home)
    version = f"000001-{computation_hash()}"
    folder = settings.paths.features / version
    folder.mkdir(parents=True)
    about = {"version": version, "tables_version": "000001", "as_of": AS_OF.isoformat(), "moments": [AS_OF.isoformat()]}
    write_json(settings.paths.features / "current", about)
    ids = [f"m{number}" for number in range(members)]
    orders = [40 if id_ == "m0" else 4 if id_ == "m1" else 9 for id_ in ids]
    values = pd.DataFrame({"member_id": ids, "orders_28d": 1, "orders_91d": orders})
    bought = [(id_, "often", None) for id_ in ids] + [(id_, "seldom", brand) for id_ in ids[:2]]
    purchases = pd.DataFrame(bought, columns=["member_id", "product_id", "brand"])
    purchases["ordered_at"] = pd.Timestamp(AS_OF - timedelta(days=3))
    build = current_build(settings.paths)
    for name, frame in {"member_value": values, "category_demand": categories}.items():
        file = build.snapshot(GROUPS[name], AS_OF)
        file.parent.mkdir(parents=True)
        frame.to_parquet(file)
    purchases.astype({"member_id": object, "brand": object}).to_parquet(folder / PURCHASES_FILE)
    return settings


def test_a_category_that_a_fifth_of_the_members_buy_is_shown(tmp_path: Path) -> None:
    categories = pd.DataFrame({"category": ["BREAD & BUNS", "TRUFFLES", "TEA"], "buyers_91d": [10, 1, 2]})
    subject = demo_subject(shop(tmp_path, categories=categories))
    assert subject.member_id == "m2"
    assert subject.target == {"category": "TEA"}
    assert (subject.option, subject.words, subject.size) == ("--category TEA", "TEA", 2)


def test_a_shop_without_categories_shows_a_brand_and_one_without_brands_a_product(tmp_path: Path) -> None:
    branded = demo_subject(shop(tmp_path / "branded", brand="o'Neil's best"))
    assert branded.target == {"brand": "o'Neil's best"}
    assert branded.option == "--brand 'o'\"'\"'Neil'\"'\"'s best'"
    bare = demo_subject(shop(tmp_path / "bare"))
    assert bare.target == {"product_ids": ["seldom"]}
    assert (bare.option, bare.words) == ("--product seldom", "product seldom")


def test_a_shop_without_members_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no member with an order"):
        demo_subject(shop(tmp_path, members=0))
