from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.contracts.atomic import write_json
from features.tables.storage import write_version_file
from serving.answers import RecommendedItem
from serving.cli.report import app
from serving.records.events import NewEvent, add_events
from serving.records.opening import open_records
from serving.records.recommendations import LoggedRecommendation, NumberedRecommendation, add_recommendations
from serving.reports.recommendations import recommendation_report

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOWN_AT = NOW - timedelta(days=10)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def wall(monkeypatch):
    """Time passes for the service, unless a test says otherwise."""
    monkeypatch.setenv("FACES_CLOCK", "wall")


def show(records, name, *products, to="m1", at=SHOWN_AT, scenario="home", source="frequency", as_of=None):
    items = tuple(
        RecommendedItem(id=product, name=product, score=1.0, source=source, reasons=()) for product in products
    )
    logged = LoggedRecommendation(
        recommendation_id=name,
        logged_at=at,
        as_of=as_of or at,
        member_id=to,
        scenario=scenario,
        variant="default",
        release_id="r000001",
        fallback=None,
        items=items,
    )
    with records.writing() as transaction:
        add_recommendations(transaction, "process", [NumberedRecommendation(sequence=1, logged=logged)])


def tell(records, kind, *, at, received_at=None, by="m1", order=None, products=None, **about):
    event = NewEvent(
        message_id=f"{kind}-{at}-{order}-{about}",
        type=kind,
        occurred_at=at,
        received_at=received_at or at,
        source="app",
        source_id=f"app-{by}",
        member_key=by,
        order_id=order,
        properties=None if products is None else json.dumps({"products": products}),
        **about,
    )
    with records.writing() as transaction:
        add_events(transaction, [event])


def order(records, name, *products, at, **more):
    told = [{"product_id": product, "quantity": 2, "price": 1.5} for product in products]
    tell(records, "Order Completed", at=at, order=name, products=told, **more)


def load(settings, *lines, aliases=()):
    """Tables of these lines: order, product, member, moment, quantity, amount."""
    folder = settings.paths.tables / "000001-literal"
    folder.mkdir(parents=True)
    names = ("order_id", "product_id", "member_id", "ordered_at", "quantity", "amount", "list_amount")
    columns = zip(*[(*line, None) for line in lines], strict=True)
    table = pa.table(dict(zip(names, (pa.array(list(column)) for column in columns), strict=True)))
    types = {"ordered_at": pa.timestamp("us", "UTC"), "quantity": pa.float64(), "list_amount": pa.float64()}
    fields = [pa.field(field.name, types.get(field.name, field.type)) for field in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), folder / "order_lines.parquet")
    if aliases:
        old, new = zip(*aliases, strict=True)
        pq.write_table(pa.table({"old_member_id": old, "member_id": new}), folder / "member_aliases.parquet")
    write_version_file(folder, latest_at=NOW, counts={"order_lines": len(lines)}, told={})
    write_json(settings.paths.tables / "current", {"version": folder.name})


def report(settings, records, *, days=28, now=NOW):
    told = recommendation_report(settings, records, now=now, days=days).to_json()
    return {(each["scenario"], each["source"]): each for each in told["outcomes"]}, told


def figures(outcome):
    return outcome["shown"], outcome["clicked"], outcome["bought"], outcome["revenue"]


def test_a_shop_that_recommended_nothing_has_an_empty_report(settings, records):
    _, told = report(settings, records)
    assert (told["outcomes"], told["total"]) == ([], {"shown": 0, "clicked": 0, "bought": 0, "revenue": 0.0})


def test_a_click_counts_once_for_the_recommendation_that_it_names(settings, records):
    show(records, "r1", "p1", "p2")
    show(records, "r2", "p1", source="neighbours")
    for kind in ("Product Clicked", "Product Viewed", "Product Added"):
        tell(records, kind, at=SHOWN_AT + DAY, product_id="p1", recommendation_id="r1")
    # an item that r1 did not hold, a view that names nothing, and one that comes too late
    tell(records, "Product Viewed", at=SHOWN_AT + DAY, product_id="p9", recommendation_id="r1")
    tell(records, "Product Viewed", at=SHOWN_AT + DAY, product_id="p2")
    tell(records, "Product Viewed", at=SHOWN_AT + 8 * DAY, product_id="p2", recommendation_id="r1")
    found, told = report(settings, records)
    assert figures(found["home", "frequency"]) == (2, 1, 0, 0.0)
    assert figures(found["home", "neighbours"]) == (1, 0, 0, 0.0)
    assert told["total"]["clicked"] == 1


def test_a_purchase_is_credited_to_what_was_shown_last_and_once(settings, records):
    show(records, "r1", "p1", source="frequency")
    show(records, "r2", "p1", source="neighbours", at=SHOWN_AT + DAY)
    show(records, "r3", "p1", source="popular", at=SHOWN_AT + 3 * DAY)
    order(records, "o1", "p1", "p7", at=SHOWN_AT + 2 * DAY)
    found, told = report(settings, records)
    assert figures(found["home", "neighbours"]) == (1, 0, 1, 3.0)
    assert figures(told["total"] | {"shown": 3}) == (3, 0, 1, 3.0)


def test_only_a_purchase_by_the_member_of_the_product_within_the_days_counts(settings, records):
    show(records, "r1", "p1")
    order(records, "before", "p1", at=SHOWN_AT - DAY)
    order(records, "late", "p1", at=SHOWN_AT + 7 * DAY)
    order(records, "other product", "p2", at=SHOWN_AT + DAY)
    order(records, "other member", "p1", at=SHOWN_AT + DAY, by="m2")
    found, _ = report(settings, records)
    assert figures(found["home", "frequency"]) == (1, 0, 0, 0.0)


def test_an_order_that_names_a_recommendation_counts_for_it_even_of_somebody_unknown(settings, records):
    show(records, "r1", "p1", to=None)
    order(records, "o1", "p1", at=SHOWN_AT + DAY, by="id:app:cookie", recommendation_id="r1")
    found, _ = report(settings, records)
    assert figures(found["home", "frequency"]) == (1, 0, 1, 3.0)


@pytest.mark.parametrize(
    ("kind", "products", "left"),
    [
        ("Order Cancelled", None, 0),
        ("Order Refunded", None, 0),
        ("Order Refunded", [{"product_id": "p1", "quantity": 2}], 1),
    ],
)
def test_what_was_cancelled_or_given_back_was_not_bought(settings, records, kind, products, left):
    show(records, "r1", "p1", "p2")
    order(records, "o1", "p1", "p2", at=SHOWN_AT + DAY)
    tell(records, kind, at=SHOWN_AT + 2 * DAY, order="o1", products=products)
    found, _ = report(settings, records)
    assert found["home", "frequency"]["bought"] == left


def test_lines_of_the_loaded_tables_count_and_win_over_the_event_of_the_same_order(settings, records):
    show(records, "r1", "p1", "p2", "p3")
    order(records, "o1", "p1", at=SHOWN_AT + DAY)
    at = SHOWN_AT + DAY
    load(
        settings,
        ("o1", "p1", "m1", at, 2.0, 2.5),  # the same purchase, at the price that the till took
        ("o2", "p2", "m1", at, 1.0, 4.0),
        ("o3", "p3", "m1", at, 1.0, 5.0),  # returned in the same order
        ("o3", "p3", "m1", at, -1.0, -5.0),
        ("o4", "p2", "m2", at, 1.0, 9.0),  # nothing was shown to m2
        ("o5", "p2", "m1", SHOWN_AT - DAY, 1.0, 9.0),  # before it was shown
    )
    found, _ = report(settings, records)
    assert figures(found["home", "frequency"]) == (3, 0, 2, 6.5)


def test_a_member_who_was_called_otherwise_then_is_found(settings, records):
    show(records, "r1", "p1", to="old")
    load(settings, ("o1", "p1", "m1", SHOWN_AT + DAY, 1.0, 4.0), aliases=[("old", "m1")])
    found, _ = report(settings, records)
    assert found["home", "frequency"]["bought"] == 1


def test_while_time_stands_still_events_count_by_receipt_and_lines_by_the_moment_of_the_answer(settings, records):
    then = datetime(2017, 12, 20, 5, tzinfo=UTC)
    show(records, "r1", "p1", "p2", as_of=then)
    # replayed: it happened in the data's time and is received now
    order(records, "o1", "p1", at=then + timedelta(hours=3), received_at=SHOWN_AT + timedelta(minutes=1))
    load(
        settings,
        ("o2", "p2", "m1", then + DAY, 1.0, 4.0),
        ("o3", "p2", "m1", then - DAY, 1.0, 4.0),
    )
    found, _ = report(settings.model_copy(update={"clock": "data"}), records)
    assert figures(found["home", "frequency"]) == (2, 0, 2, 7.0)


def test_only_recommendations_of_the_days_asked_for_are_reported(settings, records):
    show(records, "old", "p1", at=NOW - 30 * DAY)
    show(records, "new", "p2", at=NOW - DAY)
    assert report(settings, records, days=28)[1]["total"]["shown"] == 1
    assert report(settings, records, days=31)[1]["total"]["shown"] == 2


def test_the_events_before_the_days_are_skipped_without_reading_them_all(settings, records, monkeypatch):
    monkeypatch.setattr("serving.records.shown.CHUNK", 4)
    show(records, "r1", "p1")
    for number in range(40):
        at = SHOWN_AT - 100 * DAY + number * timedelta(hours=1)
        tell(records, "Product Viewed", at=at, product_id="p1", recommendation_id="r1", store_id=str(number))
    for number in range(7):
        at = SHOWN_AT + timedelta(minutes=number)
        tell(records, "Product Viewed", at=at, product_id="p1", recommendation_id="r1")
    found, _ = report(settings, records, days=11)
    assert found["home", "frequency"]["clicked"] == 1


def test_another_shop_in_the_same_records_is_not_reported(settings, records):
    show(records, "r1", "p1")
    other = type(records)(shop="other", engine=records.engine)
    assert report(settings, other)[1]["outcomes"] == []


def test_the_report_is_answered_over_http(start_api, engine):
    api = start_api(engine)
    asked = {"member": {"member_id": "m1"}, "count": 3}
    told = api.send("POST", "/v1/recommendations", json=asked).json()
    api.state.log.stop(at=NOW)
    tell(
        api.state.records,
        "Product Clicked",
        at=NOW,
        product_id=told["items"][0]["id"],
        recommendation_id=told["recommendation_id"],
    )
    object.__setattr__(api.state, "now", lambda: NOW + timedelta(hours=1))
    answer = api.send("GET", "/v1/reports/recommendations?days=7", key="audiences")
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == {"shown": 3, "clicked": 1, "bought": 0, "revenue": 0.0}
    assert "not caused" in answer.json()["note"]
    assert api.send("GET", "/v1/reports/recommendations", key="recommend").status_code == 403


def test_the_command_prints_a_table_or_json(settings, monkeypatch):
    monkeypatch.setenv("FACES_HOME", str(settings.home))
    records = open_records(settings)
    show(records, "r1", "p1", at=datetime.now(UTC) - DAY)
    records.close()
    told = CliRunner().invoke(app, ["recommendations", "--format", "json"], catch_exceptions=False)
    assert json.loads(told.stdout)["total"]["shown"] == 1
    table = CliRunner().invoke(app, ["recommendations"], catch_exceptions=False)
    assert table.exit_code == 0


def test_what_came_is_told_by_the_shop_s_day_on_which_it_was_shown(settings, records):
    # 03:00 UTC is the evening before in New York
    night = datetime(2026, 11, 12, 3, tzinfo=UTC)
    show(records, "r1", "p1", "p2", at=night)
    show(records, "r2", "p3", at=night + DAY)
    tell(records, "Product Clicked", at=night + DAY, product_id="p1", recommendation_id="r1")
    order(records, "o1", "p1", at=night + DAY)
    _, told = report(settings, records)
    assert settings.timezone == "America/New_York"
    assert told["by_day"] == [
        {"day": "2026-11-11", "shown": 2, "clicked": 1, "bought": 1, "revenue": 3.0},
        {"day": "2026-11-12", "shown": 1, "clicked": 0, "bought": 0, "revenue": 0.0},
    ]
