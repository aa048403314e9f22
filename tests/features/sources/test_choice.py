import pytest

from features.contracts.errors import Refused
from features.contracts.settings import load_settings
from features.sources.choice import handed_over


@pytest.fixture
def settings(tmp_path):
    return load_settings(home=tmp_path / "home")


def test_a_folder_with_order_lines_is_read_by_the_contract(con, settings, tmp_path):
    (tmp_path / "order_lines.csv").write_text("order_id,product_id,ordered_at,quantity\n1,p,2017-01-01,1\n")
    assert handed_over(con, settings, source=tmp_path).adapter == "folder"


def test_no_folder_means_the_packaged_data_set(con, settings):
    handed = handed_over(con, settings, source=None)
    assert handed.adapter == "complete-journey"
    assert {table.name for table in handed.tables} == {
        *("products", "stores", "member_records", "campaigns", "order_lines", "contacts", "coupons"),
        *("coupon_products", "coupon_redemptions", "promotions"),
    }


def test_a_folder_without_either_is_refused_with_what_was_looked_for(con, settings, tmp_path):
    with pytest.raises(Refused, match=r"transactions\.parquet.*order_lines\.csv"):
        handed_over(con, settings, source=tmp_path)


def test_a_path_that_is_no_folder_is_refused(con, settings, tmp_path):
    with pytest.raises(Refused, match="is no folder"):
        handed_over(con, settings, source=tmp_path / "nowhere")


def test_a_shop_of_its_own_data_must_name_the_folder(con, tmp_path):
    settings = load_settings(home=tmp_path, load={"source": "folder"})
    with pytest.raises(Refused, match="--from"):
        handed_over(con, settings, source=None)
