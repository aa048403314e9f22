"""Removing the forgotten from a shop's files and records: all of them, nobody else, and also after a kill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from byte_search import places_of
from sqlalchemy import select

from features.contracts.ids import AudienceId, MemberId, ReleaseId
from features.contracts.secrecy import contact_cipher
from features.store.member_now import MemberNow
from features.store.now_rows import NowRows
from features.tables.load import load_shop
from serving.answers import MemberRef
from serving.forgetting import run
from serving.forgetting.asking import Asking
from serving.forgetting.run import forget_pending
from serving.forgetting.watch import open_watch
from serving.records.audience_members import SCHEMA, replace_members
from serving.records.audience_reports import find_report, replace_report
from serving.records.audiences import add_audience, find_audience, mark_done
from serving.records.events import NewEvent, add_events
from serving.records.exported_members import add_exported, exported_since
from serving.records.forgotten import find_forgetting
from serving.records.id_lists import ListCounts, ListKind, add_list, entries_of, extend_list
from serving.records.idempotency import RememberedAnswer, remember_answer
from serving.records.recommendations import LoggedRecommendation, NumberedRecommendation, add_recommendations
from serving.records.tables import EventRow, IdempotencyRow, RecommendationRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN, APP, BOB = "ann-to-forget-7f3a", "app-to-forget-91c2", "bob-who-stays"
PHONE = "+14155552671"
AUDIENCE = AudienceId("a1")
LINES = f"""order_id,product_id,ordered_at,quantity,source,source_id
o1,p1,2017-03-01 10:00:00,1,pos,{ANN}
o2,p1,2017-03-02 10:00:00,1,pos,{BOB}
o3,p1,2017-03-03 10:00:00,-999999999,app,{APP}
o4,p1,2017-03-03 10:00:00,1,app,{APP}
"""
RECORDS = f"""source,source_id,phone,email
pos,{ANN},{PHONE},ann.to.forget@example.org
app,{APP},{PHONE},
pos,{BOB},+14155550008,
"""


@pytest.fixture
def shop(settings, records, tmp_path):
    """A shop with files, records and what somebody just did of Ann and Bob."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "order_lines.csv").write_text(LINES)
    (source / "member_records.csv").write_text(RECORDS)
    loose = settings.model_copy(update={"load": settings.load.model_copy(update={"max_rejected_share": 0.5})})
    load_shop(loose, source=source, with_synthetic_contacts=False, as_of=None, now=NOW, progress=lambda _step: None)
    with records.writing() as transaction:
        _an_audience(transaction)
        _a_list(transaction, contact_cipher(settings).hash_phone(PHONE))
        for number, member_id in enumerate((ANN, BOB), start=1):
            add_recommendations(transaction, "p", [_recommendation(number, member_id)])
            add_events(transaction, [_event(number, member_id)])
            remember_answer(transaction, _answer(number, member_id))
    NowRows(settings).write({ANN: MemberNow(newest_at=NOW), BOB: MemberNow(newest_at=NOW)}, at=NOW)
    return loose


def _an_audience(transaction):
    add_audience(transaction, AUDIENCE, name=None, rule={"target": {"category": "x"}}, at=NOW)
    rows = [
        {"rank": rank, "member_id": member_id, "probability": 0.5, "expected_revenue": 1.0, "is_held_out": False}
        | {"coupon_id": None, "drivers": None}
        for rank, member_id in enumerate((ANN, BOB), start=1)
    ]
    replace_members(transaction, AUDIENCE, pa.Table.from_pylist(rows, schema=SCHEMA))
    replace_report(transaction, AUDIENCE, {"manifest": {"counts": {"selected": 2}}})
    top = [{"member_id": ANN, "probability": 0.5}, {"member_id": BOB, "probability": 0.5}]
    mark_done(transaction, AUDIENCE, summary={"selected": 2, "top_members": top}, at=NOW)
    add_exported(transaction, [ANN, BOB], export_id="e1", audience_id=AUDIENCE, channel="sms", at=NOW)


def _a_list(transaction, phone_hash):
    add_list(transaction, "l1", name="list", kind=ListKind.MEMBER_ID, at=NOW)
    counts = ListCounts(given=3, malformed=0, duplicates=0, known=3, unknown=0)
    extend_list(transaction, "l1", [ANN, BOB, phone_hash], counts=counts, at=NOW)


def _recommendation(number, member_id):
    logged = LoggedRecommendation(
        recommendation_id=f"r{number}",
        logged_at=NOW,
        as_of=NOW,
        member_id=MemberId(member_id),
        scenario="home",
        variant="champion",
        release_id=ReleaseId("r000001"),
        fallback=None,
        items=(),
    )
    return NumberedRecommendation(sequence=number, logged=logged)


def _event(number, member_id):
    return NewEvent(
        message_id=f"message {number}",
        type="Cart Viewed",
        occurred_at=NOW,
        received_at=NOW,
        source="pos",
        source_id=member_id,
        member_key=member_id,
    )


def _answer(number, member_id):
    body = f'{{"summary": {{"top_members": [{{"member_id": "{member_id}"}}]}}}}'
    return RememberedAnswer(
        key_id="k", key=str(number), route="x", body_hash="0", status=200, response=body, created_at=NOW
    )


def ask(settings, records, member=None):
    asking = Asking(settings=settings, records=records, who="test")
    return asking.forget(member or MemberRef(source="app", source_id=APP), known_as=None, at=NOW)


def tokens(settings):
    cipher = contact_cipher(settings)
    plain = [ANN, APP, PHONE, PHONE[1:], "ann.to.forget@example.org"]
    return [*plain, cipher.hash_phone(PHONE), cipher.hash_email("ann.to.forget@example.org")]


def test_every_byte_of_them_goes_and_everybody_else_stays(shop, records, record_store):
    before = places_of(tokens(shop), shop.home)
    assert {place.split("/")[1] for place in before[ANN]} >= {"raw", "tables", "identity", "now"}
    # a line with an impossible quantity was rejected, and is kept with whom it is of
    assert "main/rejected/order_lines.parquet" in before[APP]
    assert (record_store == "postgresql") or "main/records/records.db" in str(before[ANN])
    asked = ask(shop, records)
    summary = forget_pending(shop, records, now=NOW)
    assert summary.forgettings == 1
    assert min(summary.counts[place] for place in ("raw", "tables", "rejected", "identity", "events")) >= 1
    assert places_of(tokens(shop), shop.home) == {}
    assert places_of([BOB], shop.home)[BOB]
    require_records_without_ann(records)
    assert NowRows(shop).read(ANN) is None
    assert NowRows(shop).read(BOB) is not None
    with records.reading() as transaction:
        done = find_forgetting(transaction, asked.forgetting_id)
    assert (bool(done.names), done.done_at, dict(done.counts)) == (False, NOW, summary.counts)


def require_records_without_ann(records):
    with records.reading() as transaction:
        session = transaction.session
        audience = find_audience(transaction, AUDIENCE)
        assert (audience.summary["top_members"], audience.summary["forgotten"]) == (
            [{"member_id": BOB, "probability": 0.5}],
            1,
        )
        assert find_report(transaction, AUDIENCE)["manifest"] == {"counts": {"selected": 2}, "forgotten": 1}
        assert list(exported_since(transaction, NOW - timedelta(days=1))) == [BOB]
        assert list(entries_of(transaction, "l1")) == [BOB]
        logged = session.execute(select(RecommendationRow.recommendation_id, RecommendationRow.member_id)).all()
        assert sorted(map(tuple, logged)) == [("r1", None), ("r2", BOB)]
        assert list(session.scalars(select(EventRow.source_id))) == [BOB]
        assert list(session.scalars(select(IdempotencyRow.key))) == ["2"]


SOMETIMES = [pytest.param(step, marks=pytest.mark.slow) for step in (0, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize("killed_at", [1, 4, *SOMETIMES])
def test_a_run_that_was_killed_is_finished_by_the_next_one(shop, records, killed_at):
    asked = ask(shop, records)
    steps = []

    def progress(step):
        steps.append(step)
        if len(steps) > killed_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forget_pending(shop, records, now=NOW, progress=progress)
    assert open_watch(shop, records).is_person("app", APP)
    forget_pending(shop, records, now=NOW + timedelta(hours=1))
    assert places_of(tokens(shop), shop.home) == {}
    require_records_without_ann(records)
    with records.reading() as transaction:
        assert find_forgetting(transaction, asked.forgetting_id).done_at == NOW + timedelta(hours=1)


def test_the_next_run_has_nothing_to_do(shop, records):
    ask(shop, records)
    forget_pending(shop, records, now=NOW)
    assert forget_pending(shop, records, now=NOW) == run.ForgettingSummary(forgettings=0, counts={})


def test_who_was_removed_is_still_known_as_forgotten_by_every_name(shop, records):
    asked = ask(shop, records)
    forget_pending(shop, records, now=NOW)
    watch = open_watch(shop, records)
    assert watch.is_person("pos", ANN)
    assert watch.is_person("app", APP)
    assert not watch.is_person("pos", BOB)
    same = ask(shop, records, MemberRef(source="pos", source_id=ANN))
    assert same.forgetting_id == asked.forgetting_id
