from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts.forgotten import Named
from features.forgetting.files import parquet_files, remove_people
from features.forgetting.names import Names, everyone

ANN = Names(
    member_ids=frozenset({"ann"}),
    people=frozenset({("pos", "7"), ("app", "A1")}),
    contacts=frozenset({(Named.PHONE, "h1")}),
)


@pytest.fixture
def write(tmp_path):
    def written(name, **columns):
        file = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(columns), file)
        return file

    return written


def rows(file):
    return pq.read_table(file).to_pylist()


@pytest.mark.parametrize("column", ["member_id", "old_member_id", "own_id", "referrer_id"])
def test_rows_that_name_the_member_go(write, column):
    file = write("member_value", **{column: ["ann", "bob", None], "spend": [1, 2, 3]})
    assert remove_people(file, ANN) == 1
    assert rows(file) == [{column: "bob", "spend": 2}, {column: None, "spend": 3}]


def test_a_person_is_a_channel_and_an_id_together(write):
    file = write("order_lines", source=["pos", "app", "app", None], source_id=["7", "7", "A1", "7"], n=[1, 2, 3, 4])
    assert remove_people(file, ANN) == 2
    assert [row["n"] for row in rows(file)] == [2, 4]


def test_a_record_known_by_a_contact_alone_goes_as_well(write):
    file = write("member_records", source=["web", "web"], source_id=["w1", "w2"], phone_hash=["h1", "h2"])
    assert remove_people(file, ANN) == 1
    assert [row["source_id"] for row in rows(file)] == ["w2"]


def test_who_was_brought_by_them_stays_and_forgets_by_whom(write):
    file = write(
        "members",
        member_id=["bob", "cat"],
        referred_by_source=["pos", "pos"],
        referred_by_id=["7", "9"],
    )
    assert remove_people(file, ANN) == 1
    assert rows(file) == [
        {"member_id": "bob", "referred_by_source": None, "referred_by_id": None},
        {"member_id": "cat", "referred_by_source": "pos", "referred_by_id": "9"},
    ]


def test_an_associate_stays_and_is_no_customer_any_more(write):
    file = write("associates", associate_id=["c1"], store_id=["s1"], source=["pos"], source_id=["7"])
    assert remove_people(file, ANN) == 1
    assert rows(file) == [{"associate_id": "c1", "store_id": "s1", "source": None, "source_id": None}]


def test_a_file_without_them_is_not_touched(write):
    file = write("order_lines", source=["pos"], source_id=["8"], member_id=["bob"])
    before = (file.stat().st_mtime_ns, file.stat().st_ino)
    assert remove_people(file, ANN) == 0
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_row_groups_types_and_order_stay(tmp_path):
    file = tmp_path / "member_product.parquet"
    table = pa.table(
        {
            "member_id": [f"m{n}" if n % 7 else "ann" for n in range(100)],
            "at": pa.array(range(100), pa.timestamp("us", tz="UTC")),
            "price": pa.array([Decimal(n) for n in range(100)], pa.decimal128(18, 2)),
        }
    )
    pq.write_table(table, file, row_group_size=10)
    remove_people(file, ANN)
    left = pq.ParquetFile(file)
    assert left.schema_arrow == table.schema
    assert left.num_row_groups == 10
    assert left.read().column("at").to_pylist() == [at for n, at in enumerate(table.column("at").to_pylist()) if n % 7]


def test_a_file_without_columns_of_people_is_left_alone(write):
    assert remove_people(write("products", product_id=["ann"]), ANN) == 0


def test_half_written_files_are_not_looked_at(tmp_path, write):
    write("members", member_id=["bob"])
    (tmp_path / ".partial-x").mkdir()
    (tmp_path / ".partial-x" / "members.parquet").write_bytes(b"")
    assert [file.name for file in parquet_files(tmp_path)] == ["members.parquet"]


def test_names_survive_being_written_down_and_put_together():
    both = everyone([ANN, Names(member_ids=frozenset({"old"}), brought=frozenset({"bob"}))])
    assert Names.from_json(both.to_json()) == both
    assert both.member_ids == {"ann", "old"}
    assert not Names()
