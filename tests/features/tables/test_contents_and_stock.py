"""Contents and stock: what is kept of them, what is rejected, and what is not known yet."""

from __future__ import annotations

from datetime import UTC, datetime

ORDERS = ["order_id,product_id,ordered_at,quantity,source,source_id", "o1,milk,2017-05-01T10:00:00Z,1,pos,1"]
PRODUCTS = ["product_id,name", "milk,Milk", "tea,Tea"]
CONTENTS = [
    "content_id,type,title,product_ids,starts_at,ends_at",
    'named,post,Two,"[milk, tea]",2017-05-01T00:00:00Z,2017-06-01T00:00:00Z',
    "always,article,,,,",
    "planned,promotion,Next year,,2019-01-01T00:00:00Z,",
    "no list,post,Odd,milk,,",
    "backwards,post,Odd,,2017-05-02T00:00:00Z,2017-05-01T00:00:00Z",
    "always,post,Again,,,",
    ",post,Nameless,,,",
]
STOCK = [
    "product_id,store_id,on_hand,as_of",
    "milk,north,3,2017-05-01T10:00:00Z",
    "milk,north,0,2017-05-02T10:00:00Z",
    "milk,north,1,2017-05-02T10:00:00Z",
    "tea,north,many,2017-05-01T10:00:00Z",
    "rum,north,1,2017-05-01T10:00:00Z",
    "tea,south,1,2019-05-01T10:00:00Z",
]


def loaded(load, csv_folder, settings, rows_in, **options):
    lenient = settings.model_copy(update={"load": settings.load.model_copy(update={"max_rejected_share": 1.0})})
    source = csv_folder(order_lines=ORDERS, products=PRODUCTS, contents=CONTENTS, stock=STOCK)
    summary = load(source, settings=lenient, **options)
    tables = {table.name: table for table in summary.tables}
    folder = settings.paths.tables / summary.version
    return tables, {name: rows_in(folder / f"{name}.parquet") for name in ("contents", "stock")}


def test_sound_contents_are_kept_with_their_lists(load, csv_folder, settings, rows_in):
    tables, rows = loaded(load, csv_folder, settings, rows_in)
    kept = {row["content_id"]: row for row in rows["contents"]}
    assert set(kept) == {"named", "always", "planned"}
    assert kept["named"]["product_ids"] == ["milk", "tea"]
    assert kept["named"]["starts_at"] == datetime(2017, 5, 1, tzinfo=UTC)
    assert kept["always"]["product_ids"] is None
    assert tables["contents"].rejected == {
        "missing_content_id": 1,
        "bad_value:product_ids": 1,
        "impossible_date": 1,
        "duplicate_key": 1,
    }


def test_stock_is_counted_per_product_store_and_moment(load, csv_folder, settings, rows_in):
    tables, rows = loaded(load, csv_folder, settings, rows_in)
    assert [(row["product_id"], row["store_id"], int(row["on_hand"])) for row in rows["stock"]] == [
        ("milk", "north", 3),
        ("milk", "north", 0),
    ]
    # a count of the future is a mistake, unlike a content that is planned
    assert tables["stock"].rejected == {
        "bad_value:on_hand": 1,
        "impossible_date": 1,
        "duplicate_key": 1,
        "orphan_product_id": 1,
    }


def test_as_of_a_moment_what_came_later_is_not_known(load, csv_folder, settings, rows_in):
    tables, rows = loaded(load, csv_folder, settings, rows_in, as_of=datetime(2017, 5, 2, 10, tzinfo=UTC))
    assert {row["content_id"] for row in rows["contents"]} == {"named", "always"}
    assert tables["contents"].later == 1
    assert [int(row["on_hand"]) for row in rows["stock"]] == [3]
