from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts.atomic import write_json
from features.contracts.errors import Refused
from features.tables.storage import write_version_file
from serving.api.event_bodies import EventBody
from serving.replay.day import day_of
from serving.replay.sending import MOST_AT_ONCE, Sender

DAY = date(2017, 12, 20)
NOON = datetime(2017, 12, 20, 17, 0, tzinfo=UTC)
"""Noon in the shops' zone."""

LINES = pa.schema(
    {
        "order_id": pa.string(),
        "product_id": pa.string(),
        "ordered_at": pa.timestamp("us", "UTC"),
        "quantity": pa.decimal128(18, 3),
        "source": pa.string(),
        "source_id": pa.string(),
        "member_id": pa.string(),
        "amount": pa.decimal128(18, 2),
        "list_amount": pa.decimal128(18, 2),
        "store_id": pa.string(),
    }
)


def line(order, product, *, at=NOON, quantity="1", who=("pos", "01 号"), member="m1", amount="3.00", store="s1"):
    source, source_id = who
    numbers = (Decimal(quantity), Decimal(amount))
    return dict(
        zip(
            LINES.names,
            (order, product, at, numbers[0], source, source_id, member, numbers[1], None, store),
            strict=True,
        )
    )


def load(settings, lines, redemptions=()):
    folder = settings.paths.tables / "000001-literal"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(lines, LINES), folder / "order_lines.parquet")
    if redemptions:
        pq.write_table(pa.Table.from_pylist(redemptions), folder / "coupon_redemptions.parquet")
    write_version_file(folder, latest_at=NOON, counts={"order_lines": len(lines)}, told={})
    write_json(settings.paths.tables / "current", {"version": folder.name})


def test_an_order_is_told_with_its_products_and_what_it_gave_back_apart(settings):
    load(
        settings,
        [
            line("o1", "p1", quantity="2", amount="3.00"),
            line("o1", "p2"),
            line("o2", "p1", at=NOON + timedelta(hours=1), quantity="-1", amount="-1.50"),
            line("night", "p1", at=datetime(2017, 12, 20, 4, 59, tzinfo=UTC)),  # the day before, in the shops' zone
            line("nobody", "p1", who=(None, None), member=None),
        ],
    )
    found = day_of(settings, DAY, with_visits=False)
    bought, returned = (told for _, told in found.events)
    assert found.anonymous == 1
    assert (bought["type"], bought["order_id"], bought["store_id"]) == ("Order Completed", "o1", "s1")
    assert (bought["source"], bought["source_id"], bought["occurred_at"]) == ("pos", "01 号", "2017-12-20T17:00:00Z")
    assert bought["properties"]["products"] == [
        {"product_id": "p1", "quantity": 2.0, "price": 1.5},
        {"product_id": "p2", "quantity": 1.0, "price": 3.0},
    ]
    assert (returned["type"], returned["properties"]["products"][0]["quantity"]) == ("Order Refunded", 1.0)


def test_every_event_is_one_that_the_service_takes(settings):
    redemption = {
        "coupon_id": "c1",
        "redeemed_at": NOON,
        "source": None,
        "source_id": None,
        "member_id": "m1",
        "order_id": None,
        "campaign_id": "8",
    }
    load(settings, [line("o1", "p1"), line("o2", "p1", quantity="-1")], [redemption])
    told = [each for _, each in day_of(settings, DAY, with_visits=True).events]
    kinds = ["Coupon Applied", "Order Completed", "Order Refunded", "Store Entered", "Store Left"]
    assert sorted(each["type"] for each in told) == kinds
    for each in told:
        EventBody.model_validate_json(json.dumps(each))


def test_visits_are_told_on_request_only_and_say_that_they_are_inferred(settings):
    load(settings, [line("o1", "p1"), line("o2", "p1", store=None)])
    assert {told["type"] for _, told in day_of(settings, DAY, with_visits=False).events} == {"Order Completed"}
    visits = [told for _, told in day_of(settings, DAY, with_visits=True).events if "Store" in told["type"]]
    assert [told["type"] for told in visits] == ["Store Entered", "Store Left"]
    assert all(told["properties"] == {"is_inferred": True} for told in visits)


def test_ids_are_the_same_each_time_and_differ_between_events(settings):
    load(settings, [line("o1", "p1"), line("o2", "p1"), line("o2", "p1", quantity="-1")])
    first, again = (day_of(settings, DAY, with_visits=True) for _ in range(2))
    ids = [told["message_id"] for _, told in first.events]
    assert ids == [told["message_id"] for _, told in again.events]
    assert len(set(ids)) == len(ids)


def test_a_day_without_purchases_is_refused_with_where_the_data_end(settings):
    load(settings, [line("o1", "p1")])
    with pytest.raises(Refused, match="nobody bought on 2017-12-24; the loaded data end at 2017-12-20 17:00 UTC"):
        day_of(settings, date(2017, 12, 24), with_visits=False)


class Service:
    """Takes events in a time of its own; `failures` come first."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.batches = []
        self.seconds = 0.0
        self.taken_at = []

    def answer(self, request):
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        events = json.loads(request.content)["events"]
        self.batches.append(events)
        self.taken_at += [self.seconds] * len(events)
        return httpx.Response(200, json={"accepted": len(events), "duplicates": 0, "rejected": []})

    def sleep(self, seconds):
        self.seconds += seconds

    def sender(self, patience=60.0):
        client = httpx.Client(transport=httpx.MockTransport(self.answer), base_url="http://faces")
        return Sender(client=client, patience_seconds=patience, sleep=self.sleep, clock=lambda: self.seconds)


def events(count, *, minutes=1):
    return [
        (NOON + timedelta(minutes=minutes * number), {"message_id": str(number), "occurred_at": "then"})
        for number in range(count)
    ]


def test_at_speed_60_a_minute_takes_a_second():
    service = Service()
    service.sender().replay(events(11), speed=60)
    assert service.taken_at == pytest.approx(range(11), abs=0.21)


def test_without_a_speed_they_go_at_once_and_never_more_than_500_together():
    service = Service()
    done = service.sender().replay(events(1_200), speed=0)
    assert [len(batch) for batch in service.batches] == [MOST_AT_ONCE, MOST_AT_ONCE, 200]
    assert (done.accepted, service.seconds) == (1_200, 0.0)


def test_what_fails_for_a_while_is_sent_again_as_it_was():
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json={})
    service = Service(httpx.ConnectError("refused"), busy, httpx.ReadTimeout("slow"))
    done = service.sender().replay(events(3), speed=0)
    assert (done.accepted, done.retries) == (3, 3)
    assert service.seconds >= 2
    assert [each["message_id"] for each in service.batches[0]] == ["0", "1", "2"]


def test_a_service_that_stays_away_or_refuses_the_key_ends_the_replay():
    with pytest.raises(Refused, match="took no events for 3 seconds: ConnectError"):
        Service(*[httpx.ConnectError("refused")] * 99).sender(patience=3).replay(events(1), speed=0)
    with pytest.raises(Refused, match="401"):
        Service(httpx.Response(401, json={"error": "unauthorized"})).sender().replay(events(1), speed=0)


def test_events_tell_their_own_moment_or_that_of_sending():
    service = Service()
    service.sender().replay(events(1), speed=0)
    service.sender().replay(events(1), speed=0, as_now=True, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert [batch[0]["occurred_at"] for batch in service.batches] == ["then", "2026-01-01T00:00:00Z"]


def test_rejected_events_are_counted_with_the_first_reason():
    service = Service(
        httpx.Response(200, json={"accepted": 1, "duplicates": 0, "rejected": [{"index": 1, "reason": "too old"}]})
    )
    done = service.sender().replay(events(2), speed=0)
    assert (done.accepted, done.rejected, done.first_reason) == (1, 1, "too old")
