from datetime import UTC, datetime

import pytest

from features.contracts.errors import MissingColumn, Refused
from features.contracts.settings import load_settings
from features.sources.folder import contract_folder, stands_in

HEADER = "order_id,product_id,ordered_at,quantity"


def test_csv_values_arrive_as_text_with_file_and_row(con, tmp_path, rows_of):
    (tmp_path / "order_lines.csv").write_text(f"{HEADER}\n001,p,2017-01-01,1\n002,p,,two\n", encoding="utf-8")
    assert stands_in(tmp_path)
    assert rows_of(contract_folder(con, tmp_path), "order_lines") == [
        {
            "order_id": "001",
            "product_id": "p",
            "ordered_at": "2017-01-01",
            "quantity": "1",
            "source_file": "order_lines.csv",
            "source_row": 1,
        },
        {
            "order_id": "002",
            "product_id": "p",
            "ordered_at": None,
            "quantity": "two",
            "source_file": "order_lines.csv",
            "source_row": 2,
        },
    ]


def test_rows_of_csv_parts_are_numbered_in_their_own_file(con, tmp_path, rows_of):
    (tmp_path / "order_lines").mkdir()
    for part in (1, 2):
        (tmp_path / "order_lines" / f"part-{part}.csv").write_text(f"{HEADER}\n{part},p,2017-01-01,1\n")
    rows = rows_of(contract_folder(con, tmp_path), "order_lines")
    assert [(row["source_file"], row["source_row"]) for row in rows] == [
        ("order_lines/part-1.csv", 1),
        ("order_lines/part-2.csv", 1),
    ]


def test_a_folder_with_wildcards_in_its_name_is_read_literally(con, tmp_path, rows_of):
    odd = tmp_path / "shop [1]*"
    odd.mkdir()
    (odd / "order_lines.csv").write_text(f"{HEADER}\n1,p,2017-01-01,1\n")
    assert len(rows_of(contract_folder(con, odd), "order_lines")) == 1


def test_parquet_keeps_its_types(con, tmp_path, write_parquet, rows_of):
    moment = datetime(2017, 1, 1, 12, tzinfo=UTC)
    line = {"order_id": 7, "product_id": 8.0, "ordered_at": moment, "quantity": 1.5}
    write_parquet(tmp_path / "order_lines.parquet", [line])
    (row,) = rows_of(contract_folder(con, tmp_path), "order_lines")
    assert (row["order_id"], row["product_id"], row["quantity"]) == ("7", "8", 1.5)
    assert row["ordered_at"].astimezone(UTC) == moment


def test_a_missing_required_column_is_named_with_what_was_found(con, tmp_path):
    (tmp_path / "order_lines.csv").write_text("order_id,product_id,ordered_at,qty\n1,p,2017-01-01,1\n")
    with pytest.raises(MissingColumn, match=r"order_lines\.csv: no column quantity \(found: .*qty"):
        contract_folder(con, tmp_path)


def test_unknown_columns_of_products_become_attributes_beside_the_given_ones(con, tmp_path, write_parquet, rows_of):
    (tmp_path / "order_lines.csv").write_text(f"{HEADER}\n1,p,2017-01-01,1\n")
    write_parquet(
        tmp_path / "products.parquet",
        [
            {"product_id": "p", "colour": "red", "size": 2, "attributes": '{"spf":50}'},
            {"product_id": "q", "colour": None, "size": 3, "attributes": None},
            {"product_id": "r", "colour": None, "size": 4, "attributes": "no json"},
        ],
    )
    rows = rows_of(contract_folder(con, tmp_path), "products")
    assert [row["attributes"] for row in rows] == ['{"colour":"red","size":2,"spf":50}', '{"size":3}', "no json"]


def test_unknown_columns_of_other_tables_are_left_out_and_said(con, tmp_path, rows_of):
    (tmp_path / "order_lines.csv").write_text(f"{HEADER},till\n1,p,2017-01-01,1,4\n")
    handed = contract_folder(con, tmp_path)
    assert handed.notes == ("order_lines: columns outside the contract were left out: till",)
    assert "till" not in rows_of(handed, "order_lines")[0]


@pytest.mark.parametrize("column", ["mobile", "Phone2", "contact_email", "tel"])
def test_contact_data_under_another_name_is_refused_instead_of_stored_plain(con, tmp_path, column):
    (tmp_path / "order_lines.csv").write_text(f"{HEADER}\n1,p,2017-01-01,1\n")
    (tmp_path / "member_records.csv").write_text(f"source,source_id,{column}\ncrm,1,+15551234567\n")
    with pytest.raises(Refused, match=f"{column} would be stored plain"):
        contract_folder(con, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + "\r\n1,p,2017-01-01,1\r\n",  # as Excel writes it
        HEADER + "\n1,p,2017-01-01,1",  # no line end at the end
        HEADER + '\n"1",p,2017-01-01,"1"\n',
    ],
)
def test_common_ways_of_writing_csv_are_read_alike(con, tmp_path, rows_of, content):
    (tmp_path / "order_lines.csv").write_bytes(content.encode())
    (row,) = rows_of(contract_folder(con, tmp_path), "order_lines")
    assert [row[column] for column in HEADER.split(",")] == ["1", "p", "2017-01-01", "1"]


def test_a_value_over_two_lines_is_one_row(con, tmp_path, rows_of):
    (tmp_path / "order_lines.csv").write_text(f'{HEADER}\n1,"p,""x""\ny",2017-01-01,1\n2,p,2017-01-01,1\n')
    rows = rows_of(contract_folder(con, tmp_path), "order_lines")
    assert [(row["product_id"], row["source_row"]) for row in rows] == [('p,"x"\ny', 1), ("p", 2)]


def test_a_line_that_ends_early_is_a_row_without_its_last_values(con, tmp_path, rows_of):
    (tmp_path / "order_lines.csv").write_text(f"{HEADER}\n1,p\n2,p,2017-01-01,1\n")
    rows = rows_of(contract_folder(con, tmp_path), "order_lines")
    assert [(row["order_id"], row["quantity"]) for row in rows] == [("1", None), ("2", "1")]


@pytest.mark.parametrize("header", ["", "order_id,order_id,product_id", "order_id,,product_id"])
def test_a_header_that_does_not_name_each_column_once_is_refused(con, tmp_path, header):
    (tmp_path / "order_lines.csv").write_text(f"{header}\n" if header else "")
    with pytest.raises(Refused, match=r"order_lines\.csv: .*name"):
        contract_folder(con, tmp_path)


def test_a_file_that_is_no_csv_is_refused_readably(con, tmp_path):
    (tmp_path / "order_lines.csv").write_bytes(b"\xff\xfe\x00\x01" * 50)
    with pytest.raises(Refused, match=r"order_lines\.csv"):
        contract_folder(con, tmp_path)


def settings_of(**load):
    return load_settings(load={"source": "folder", **load}).load


LINES_IN_CHINESE = "订单号;商品;时间;件数\n0001;裙 子;2017-01-01 09:05;1\n0002;鞋;2017-01-02 10:00;2\n"
IN_CHINESE = {"order_id": "订单号", "product_id": "商品", "ordered_at": "时间", "quantity": "件数"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(con, tmp_path, rows_of, encoding, delimiter):
    (tmp_path / "order_lines.csv").write_bytes(LINES_IN_CHINESE.replace(";", delimiter).encode(encoding))
    load = settings_of(columns={"order_lines": IN_CHINESE})
    rows = rows_of(contract_folder(con, tmp_path, load=load, spill=tmp_path / "spill"), "order_lines")
    assert [(row["order_id"], row["product_id"], row["source_row"]) for row in rows] == [
        ("0001", "裙 子", 1),
        ("0002", "鞋", 2),
    ]


def test_a_declared_encoding_that_the_file_has_not_is_refused(con, tmp_path):
    (tmp_path / "order_lines.csv").write_bytes(LINES_IN_CHINESE.encode("gb18030"))
    load = settings_of(columns={"order_lines": IN_CHINESE}, format={"encoding": "utf-8"})
    with pytest.raises(Refused, match="not valid UTF-8"):
        contract_folder(con, tmp_path, load=load)


def test_a_mapped_column_that_is_missing_is_named_as_the_settings_name_it(con, tmp_path):
    (tmp_path / "order_lines.csv").write_text("订单号,商品,日期,件数\n1,p,2017-01-01,1\n")
    with pytest.raises(MissingColumn, match="no column ordered_at, nor 时间 as the settings name it"):
        contract_folder(con, tmp_path, load=settings_of(columns={"order_lines": IN_CHINESE}))


def test_channels_with_names_and_constants_of_their_own_are_one_table(con, tmp_path, rows_of):
    for channel, header in (("pos", "ticket,sku,at,n,card"), ("shop", "order,sku,paid,n,user")):
        (tmp_path / channel).mkdir()
        (tmp_path / channel / "export 1.csv").write_text(f"{header}\n1,p,2017-01-01,1,007\n")
    load = settings_of(
        files={"order_lines": ["pos/*.csv", "shop/*.csv"]},
        columns={
            "order_lines": {
                "order_id": ["ticket", "order"],
                "product_id": "sku",
                "ordered_at": ["at", "paid"],
                "quantity": "n",
                "source_id": ["card", "user"],
            }
        },
        constants={"pos/*": {"source": "pos"}, "shop/*": {"source": "shop", "channel": "online"}},
    )
    rows = rows_of(contract_folder(con, tmp_path, load=load), "order_lines")
    assert [(row["source"], row["source_id"], row["order_id"], row["channel"]) for row in rows] == [
        ("pos", "007", "1", None),
        ("shop", "007", "1", "online"),
    ]


def test_products_are_what_the_lines_tell_when_none_are_handed_over(con, tmp_path, rows_of):
    (tmp_path / "order_lines.csv").write_text(
        f"{HEADER},kind,title\n1,p,2017-01-01,1,tea,Old name\n2,p,2017-01-02,1,,New name\n3,q,2017-01-02,1,milk,\n"
    )
    load = settings_of(columns={"order_lines": {"category": "kind", "name": "title"}})
    handed = contract_folder(con, tmp_path, load=load)
    rows = rows_of(handed, "products")
    assert sorted((row["product_id"], row["category"], row["name"]) for row in rows) == [
        ("p", "tea", "New name"),
        ("q", "milk", None),
    ]
    assert "left out" not in "".join(handed.notes)


def test_a_name_that_the_settings_give_and_no_file_has_is_said(con, tmp_path):
    (tmp_path / "order_lines.csv").write_text(f"{HEADER}\n1,p,2017-01-01,1\n")
    handed = contract_folder(con, tmp_path, load=settings_of(columns={"order_lines": {"amount": "paid"}}))
    assert handed.notes == ("order_lines: the settings name columns that order_lines.csv has not: paid (amount)",)


def test_one_file_and_a_folder_of_parts_are_all_read(con, tmp_path, rows_of):
    (tmp_path / "order_lines").mkdir()
    for file in ("order_lines.csv", "order_lines/late.csv"):
        (tmp_path / file).write_text(f"{HEADER}\n{file},p,2017-01-01,1\n")
    assert len(rows_of(contract_folder(con, tmp_path), "order_lines")) == 2
