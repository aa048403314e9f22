import pytest

from features.contracts.settings import load_settings
from features.contracts.tables import CONTRACTS, ColumnType
from features.tables.storage import connect, current_tables, open_tables, stored_columns

LINES = ["order_id,product_id,ordered_at,quantity,source,source_id", "o1,p1,2017-03-01 10:00:00,1,pos,7"]
TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.TEXTS: "array<string>",
    ColumnType.MOMENT: "timestamp('UTC', 6)",
    ColumnType.DAY: "date",
    ColumnType.MONEY: "decimal(18, 2)",
    ColumnType.QUANTITY: "decimal(18, 3)",
    ColumnType.WHOLE: "int64",
    ColumnType.TRUTH: "boolean",
}


@pytest.fixture
def opened(load, settings, csv_folder):
    load(csv_folder(order_lines=LINES))
    return open_tables(current_tables(settings.paths), connect(settings))


def test_every_contract_table_is_there_with_its_columns_and_types(opened):
    assert set(opened) == {*CONTRACTS, "members", "member_ids", "member_aliases", "member_merges"}
    for table, columns in stored_columns().items():
        found = {column: str(type_) for column, type_ in opened[table].schema().items()}
        assert found == {column: TYPES[type_] for column, type_ in columns.items()}, table


def test_a_table_that_was_not_handed_over_is_empty(opened):
    assert opened["stores"].count().execute() == 0
    assert opened["order_lines"].count().execute() == 1


def test_products_that_were_not_handed_over_are_those_that_were_sold(opened):
    assert opened["products"].product_id.execute().tolist() == ["p1"]


def test_a_home_with_wildcards_in_its_name_is_read_literally(load, csv_folder, tmp_path):
    odd = load_settings(home=tmp_path / "home [1]*", secrets={"contact_key": "k"})
    load(csv_folder(order_lines=LINES), settings=odd)
    assert open_tables(current_tables(odd.paths), connect(odd))["order_lines"].count().execute() == 1


def test_hours_are_those_of_utc_in_the_session(opened):
    assert opened["order_lines"].ordered_at.hour().execute().tolist() == [15]


def test_threads_and_memory_are_bounded_by_the_settings(settings):
    con = connect(settings)
    named = "SELECT current_setting('threads'), current_setting('TimeZone'), current_setting('temp_directory')"
    threads, zone, spill = con.raw_sql(named).fetchone()
    assert (threads, zone) == (settings.threads, "UTC")
    assert spill.startswith(str(settings.paths.root))
