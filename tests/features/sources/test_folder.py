from datetime import UTC, datetime

import pytest

from features.contracts.errors import MissingColumn, Refused
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
