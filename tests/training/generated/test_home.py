"""A generated home: audiences can be built over it, and nothing in it can be taken for a real member."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from features.contracts.errors import Refused
from features.groups.catalogue import GROUPS
from features.snapshots import current_build
from features.tables.storage import current_tables
from training.generated.home import MARK, generate_home

MEMBERS = 1_000


@pytest.fixture(scope="module")
def made(small_shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "home"
    home = generate_home(small_shop.settings, folder, members=MEMBERS, cells_per_member=20)
    return home, small_shop.settings.model_copy(update={"home": folder})


def rows_of(settings, group):
    build = current_build(settings.paths)
    return pq.read_table(build.snapshot(GROUPS[group], build.as_of))


def test_every_member_is_there_once_and_named_as_generated(made):
    home, settings = made
    ids = rows_of(settings, "member_value")["member_id"].to_pylist()
    assert len(set(ids)) == len(ids) == home.members == MEMBERS
    assert all(each.startswith("synthetic-") for each in ids)
    assert "none of them exists" in (home.folder / MARK).read_text()


def test_products_are_as_many_as_asked_for_each_once_and_sorted_for_reading(made):
    home, settings = made
    cells = rows_of(settings, "member_product").select(["product_id", "member_id"]).to_pylist()
    keys = [(cell["product_id"], cell["member_id"]) for cell in cells]
    assert keys == sorted(set(keys))
    assert home.cells == len(keys) == pytest.approx(20 * MEMBERS, rel=0.1)


def test_no_contact_of_a_donor_is_in_it(made):
    _, settings = made
    tables = current_tables(settings.paths)
    for name in ("members", "member_records"):
        table = pq.read_table(tables.file(name))
        for column in ("phone_hash", "phone_encrypted", "email_hash", "email_encrypted"):
            assert table[column].null_count == len(table)


def test_a_folder_that_holds_something_is_left_alone(small_shop, tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(Refused, match="not empty"):
        generate_home(small_shop.settings, tmp_path, members=10)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
