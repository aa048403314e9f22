"""Which campaigns are learnt from, chosen on and reported."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from literal_coupons import at, literal_coupons

from features.contracts.settings import CouponSettings, load_settings
from training.coupons.plan import plan_coupons
from training.coupons.tables import CouponTables


@pytest.fixture
def settings() -> CouponSettings:
    return load_settings().coupons


def with_campaigns(con: duckdb.DuckDBPyConnection, count: int) -> CouponTables:
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        "CREATE TABLE campaign AS SELECT 'c' || lpad(n::VARCHAR, 2, '0') AS campaign_id, "
        "TIMESTAMPTZ '2017-01-01 05:00:00+00' + to_days((n * 7)::INT) AS starts_at FROM range($count) AS t(n)",
        {"count": count},
    )
    con.execute("CREATE TABLE scope AS SELECT campaign_id FROM campaign")
    con.execute("CREATE TABLE contact AS SELECT campaign_id FROM campaign")
    con.execute("CREATE TABLE redemption AS SELECT campaign_id FROM campaign")
    con.execute("CREATE TABLE purchases AS SELECT TIMESTAMPTZ '2017-01-02 12:00:00+00' AS ordered_at")
    return CouponTables(con=con)


def test_the_newest_campaigns_are_reported_and_those_before_them_are_chosen_on(settings: CouponSettings) -> None:
    with duckdb.connect() as con:
        plan = plan_coupons(with_campaigns(con, 30), settings, as_of=at("2017-12-31"))
    assert plan is not None
    assert plan.test == tuple(f"c{n}" for n in range(21, 30))
    assert plan.validate == tuple(f"c{n}" for n in range(16, 21))
    # c00 started before the first purchase: nothing was known of anybody
    assert plan.learn == tuple(f"c{n:02}" for n in range(1, 16))
    assert plan.test_from == at("2017-05-28T05:00")


def test_a_campaign_that_has_hardly_begun_is_left_out(settings: CouponSettings) -> None:
    with duckdb.connect() as con:
        plan = plan_coupons(with_campaigns(con, 30), settings, as_of=at("2017-06-10"))
    assert plan is not None
    assert plan.test[-1] == "c20"


def test_few_campaigns_are_parted_in_the_same_order(settings: CouponSettings) -> None:
    with duckdb.connect() as con:
        plan = plan_coupons(with_campaigns(con, 4), settings, as_of=at("2017-12-31"))
    assert plan is not None
    assert (plan.learn, plan.validate, plan.test) == (("c01",), ("c02",), ("c03",))


def test_fewer_than_three_campaigns_are_too_few(settings: CouponSettings, tmp_path: Path) -> None:
    with duckdb.connect() as con:
        assert plan_coupons(with_campaigns(con, 3), settings, as_of=at("2017-12-31")) is None
    with literal_coupons(tmp_path, without=("campaigns", "coupons")) as tables:
        assert plan_coupons(tables, settings, as_of=at("2017-12-31")) is None
