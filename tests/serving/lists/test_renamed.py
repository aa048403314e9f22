"""Ids of before a merge, in lists, in audiences and in results."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts.settings import Settings, load_settings
from features.tables.storage import current_tables, move_pointer, write_version_file
from serving.lists.known import named_by
from serving.lists.renamed import Renamed
from serving.records.id_lists import ListKind
from serving.results.persons import create_persons
from training.protocol import Ids

TABLES = {
    "members": {"member_id": ["anna", "ben"]},
    "member_ids": {"source": ["pos", "app"], "source_id": ["1", "9"], "member_id": ["anna", "ben"]},
    "member_aliases": {"old_member_id": ["annie"], "member_id": ["anna"]},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = load_settings(home=tmp_path, secrets={"contact_key": "key of the tests"})
    folder = chosen.paths.tables / "000001-a"
    folder.mkdir(parents=True)
    for name, columns in TABLES.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    write_version_file(folder, latest_at=datetime(2018, 1, 1, tzinfo=UTC), counts={}, told={})
    move_pointer(chosen.paths, "000001-a")
    return chosen


def array(*ids: str) -> Ids:
    return np.array(ids, dtype=np.str_)


def test_an_id_of_before_a_merge_becomes_the_member_of_now_once(settings: Settings) -> None:
    assert Renamed(settings).of_now(array("ben", "annie", "anna", "gone")).tolist() == ["anna", "ben", "gone"]
    assert Renamed(settings).of_now(array()).tolist() == []


def test_a_shop_without_merges_renames_nobody(settings: Settings) -> None:
    current_tables(settings.paths).file("member_aliases").unlink()
    assert Renamed(settings).of_now(array("annie")).tolist() == ["annie"]


def test_an_uploaded_list_of_before_a_merge_still_names_the_member(settings: Settings) -> None:
    named = named_by(settings, ListKind.MEMBER_ID, ["annie", "anna", "nobody"])
    assert (named.ids.tolist(), named.known, named.unknown) == (["anna"], 2, 1)


def test_results_count_two_ids_of_one_person_once(settings: Settings) -> None:
    with duckdb.connect() as con:
        con.register(
            "chosen", pa.table({"member_id": ["annie", "anna"], "is_held_out": [True, False], "is_told": [False, True]})
        )
        counted = create_persons(con, current_tables(settings.paths).folder)
    assert (counted.members, counted.persons, counted.held_out_wins, counted.no_longer_known) == (2, 1, 1, 0)
