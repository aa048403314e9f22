"""What is packed of members beside their features: latest purchases and the ids that name them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from training.release.members import RECENT_PURCHASES, identities, recent_purchases

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write_purchases(folder: Path, rows: list[tuple[str | None, str, datetime, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["member_id", "product_id", "ordered_at", "spend"])
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"], utc=True)
    frame.to_parquet(folder / "purchases.parquet")


def products_of(folder: Path, *members: str) -> dict[str, list[str]]:
    found = recent_purchases(folder, list(members), as_of=AS_OF)
    return {row.member_id: list(row.product_ids) for row in found.itertuples()}


def test_the_newest_come_first_then_the_dearest_then_the_smaller_id(tmp_path: Path) -> None:
    write_purchases(
        tmp_path,
        [
            ("anna", "milk", AS_OF - 3 * HOUR, 1.0),
            ("anna", "tea", AS_OF - HOUR, 2.0),
            ("anna", "rum", AS_OF - HOUR, 9.0),
            ("anna", "ale", AS_OF - HOUR, 2.0),
            ("anna", "milk", AS_OF - 2 * HOUR, 1.0),
            ("ben", "gin", AS_OF - 9 * HOUR, 1.0),
            (None, "gin", AS_OF - HOUR, 1.0),
        ],
    )
    assert products_of(tmp_path, "anna", "ben", "nobody") == {
        "anna": ["rum", "ale", "tea", "milk", "milk"],
        "ben": ["gin"],
    }
    assert products_of(tmp_path, "ben") == {"ben": ["gin"]}


def test_moments_go_with_their_products(tmp_path: Path) -> None:
    write_purchases(tmp_path, [("anna", "milk", AS_OF - 3 * HOUR, 1.0), ("anna", "tea", AS_OF - HOUR, 2.0)])
    found = recent_purchases(tmp_path, ["anna"], as_of=AS_OF)
    moments = [datetime.fromtimestamp(each, UTC) for each in found["ordered_epochs"][0]]
    assert moments == [AS_OF - HOUR, AS_OF - 3 * HOUR]


def test_what_was_bought_at_the_moment_or_later_is_not_seen(tmp_path: Path) -> None:
    write_purchases(
        tmp_path,
        [
            ("anna", "milk", AS_OF - timedelta(microseconds=1), 1.0),
            ("anna", "tea", AS_OF, 1.0),
            ("anna", "rum", AS_OF + HOUR, 1.0),
        ],
    )
    assert products_of(tmp_path, "anna") == {"anna": ["milk"]}


def test_no_more_than_the_latest_are_packed(tmp_path: Path) -> None:
    write_purchases(tmp_path, [("anna", f"p{n:02}", AS_OF - (n + 1) * HOUR, 1.0) for n in range(30)])
    assert products_of(tmp_path, "anna") == {"anna": [f"p{n:02}" for n in range(RECENT_PURCHASES)]}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    ids = [("pos", "1", "anna"), ("web", "a1", "anna"), ("pos", "2", "ben"), ("pos", "3", "cleo")]
    pd.DataFrame(ids, columns=["source", "source_id", "member_id"]).to_parquet(tmp_path / "member_ids.parquet")
    return tmp_path


def write_records(folder: Path, rows: list[tuple[str, str, str | None]], openid: str | None = None) -> None:
    records = pd.DataFrame(rows, columns=["source", "source_id", "phone_hash"])
    records["wechat_openid"] = pd.Series([openid] * len(rows), dtype="string")
    records.to_parquet(folder / "member_records.parquet")


def named(folder: Path) -> dict[str, str]:
    found = identities(folder)
    assert not found["identity_key"].duplicated().any()
    return dict(zip(found["identity_key"], found["member_id"], strict=True))


BY_ID = {"id:pos:1": "anna", "id:web:a1": "anna", "id:pos:2": "ben", "id:pos:3": "cleo"}


def test_every_channel_s_id_and_every_phone_names_its_member(tables: Path) -> None:
    write_records(tables, [("pos", "1", "f1"), ("web", "a1", "f1"), ("pos", "2", "f2"), ("pos", "3", None)])
    assert named(tables) == {**BY_ID, "phone:f1": "anna", "phone:f2": "ben"}


def test_a_phone_that_several_members_share_names_nobody(tables: Path) -> None:
    write_records(tables, [("pos", "1", "shared"), ("pos", "2", "shared"), ("pos", "3", "f3")])
    assert named(tables) == {**BY_ID, "phone:f3": "cleo"}


def test_an_openid_names_its_member_and_a_shared_one_nobody(tables: Path) -> None:
    write_records(tables, [("pos", "1", None), ("web", "a1", None)], openid="o1")
    assert named(tables) == {**BY_ID, "openid:o1": "anna"}
    write_records(tables, [("pos", "1", None), ("pos", "2", None)], openid="o1")
    assert named(tables) == BY_ID


def test_a_card_names_its_member_however_it_is_written_and_a_shared_one_nobody(tables: Path) -> None:
    cards = {"1": "88-00 12a", "a1": "880012A", "2": "77 1", "3": "771"}
    records = pd.DataFrame(
        [(source, own, cards[own]) for source, own in (("pos", "1"), ("web", "a1"), ("pos", "2"), ("pos", "3"))],
        columns=["source", "source_id", "card_no"],
    )
    records["phone_hash"] = records["wechat_openid"] = pd.Series([None] * len(records), dtype="string")
    records.to_parquet(tables / "member_records.parquet")
    assert named(tables) == {**BY_ID, "card:880012A": "anna"}


def test_an_id_of_before_a_merge_names_the_member_of_now(tables: Path) -> None:
    aliases = pd.DataFrame([("annie", "anna")], columns=["old_member_id", "member_id"])
    aliases.to_parquet(tables / "member_aliases.parquet")
    assert named(tables) == {**BY_ID, "member:annie": "anna"}


def test_without_member_records_the_ids_alone_name_members(tables: Path) -> None:
    assert named(tables) == BY_ID
