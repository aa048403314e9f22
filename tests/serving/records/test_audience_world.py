from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from literal_people import person, write_people

from serving.records.audience_members import SCHEMA, find_member, member_batches, replace_members
from serving.records.audience_reports import find_report, replace_report
from serving.records.audience_world import AudienceWorld
from serving.records.audiences import add_audience, forget_dry_runs, page_of_audiences
from serving.records.exported_members import add_exported
from serving.records.id_lists import ListCounts, ListKind, add_list, extend_list, remove_list
from serving.records.opening import Records

NONE = ListCounts(given=0, malformed=0, duplicates=0, known=0, unknown=0)


def members(*rows):
    columns = zip(*rows, strict=True) if rows else [[] for _ in SCHEMA]
    return pa.table([pa.array(each, field.type) for each, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


ROWS = (
    (1, "b", 0.9, 1.5, False, "k", '[["set.recency", 0.5]]'),
    (2, "c", 0.8, None, True, None, None),
    (3, "a", 0.7, 0.0, False, None, None),
)


@pytest.fixture
def world(settings, records):
    write_people(settings, [person("a"), person("b")], products=["p1"])
    return AudienceWorld(records=records, settings=settings)


@pytest.fixture
def audience(records, now):
    with records.writing() as transaction:
        add_audience(transaction, "a1", name=None, rule={}, at=now)
        replace_members(transaction, "a1", members(*ROWS))


@pytest.mark.usefixtures("audience")
def test_members_come_back_as_they_were_stored(records):
    (batch,) = member_batches(records, "a1")
    assert batch.to_pylist() == [dict(zip(SCHEMA.names, row, strict=True)) for row in ROWS]
    (few,) = member_batches(records, "a1", ("is_held_out", "member_id"))
    assert few.schema.names == ["is_held_out", "member_id"]


@pytest.mark.usefixtures("audience")
def test_one_member_is_found_with_what_speaks_for_them(records):
    with records.reading() as transaction:
        found = find_member(transaction, "a1", "b")
        assert find_member(transaction, "a1", "nobody") is None
    assert (found.rank, found.coupon_id, found.drivers) == (1, "k", '[["set.recency", 0.5]]')


@pytest.mark.usefixtures("audience")
def test_an_earlier_audience_tells_selected_and_held_out_apart(world):
    found = world.audience("a1")
    assert (found.member_ids.tolist(), found.held_out_ids.tolist(), found.state) == (["a", "b"], ["c"], "queued")
    assert world.audience("unknown") is None


def test_a_list_is_found_by_what_it_names_only(world, records, now):
    with records.writing() as transaction:
        for list_id, kind, entry in (("l1", ListKind.MEMBER_ID, "a"), ("l2", ListKind.PRODUCT_ID, "p1")):
            add_list(transaction, list_id, name="n", kind=kind, at=now)
            extend_list(transaction, list_id, [entry, "unknown"], counts=NONE, at=now)
    of_members, of_products = world.member_list("l1"), world.product_list("l2")
    assert (of_members.kind, of_members.member_ids.tolist(), of_members.unknown) == ("member_id", ["a"], 1)
    assert (of_products.product_ids.tolist(), of_products.unknown) == (["p1"], 1)
    assert (world.member_list("l2"), world.product_list("l1"), world.member_list("l3")) == (None, None, None)


def test_a_removed_list_takes_its_ids_along(world, records, now):
    with records.writing() as transaction:
        add_list(transaction, "l1", name="n", kind=ListKind.MEMBER_ID, at=now)
        extend_list(transaction, "l1", ["a"], counts=NONE, at=now)
        assert (remove_list(transaction, "l1"), remove_list(transaction, "l1")) == (True, False)
        add_list(transaction, "l1", name="n", kind=ListKind.MEMBER_ID, at=now)
    assert world.member_list("l1").member_ids.tolist() == []


@pytest.mark.usefixtures("audience")
def test_whoever_was_exported_since_is_named_once(world, records, now):
    with records.writing() as transaction:
        for number, (hours, member_id) in enumerate([(0, "b"), (1, "b"), (1, "a"), (-1, "c")]):
            add_exported(
                transaction,
                [member_id],
                export_id=f"e{number}",
                audience_id="a1",
                channel="sms",
                at=now + timedelta(hours=hours),
            )
    assert world.exported_since(now).tolist() == ["a", "b"]
    assert world.exported_since(now + timedelta(hours=2)).tolist() == []
    other = AudienceWorld(records=Records(shop="other", engine=records.engine), settings=world.settings)
    assert other.exported_since(now).tolist() == []


@pytest.mark.usefixtures("audience")
def test_a_report_is_replaced_and_stays_out_of_the_list(records):
    with records.writing() as transaction:
        assert find_report(transaction, "a1") is None
        replace_report(transaction, "a1", {"curve": []})
        replace_report(transaction, "a1", {"curve": [1]})
        assert find_report(transaction, "a1") == {"curve": [1]}


def test_dry_runs_are_not_listed_have_no_members_and_are_forgotten(world, records, now):
    with records.writing() as transaction:
        add_audience(transaction, "d1", name=None, rule={}, at=now, is_dry_run=True)
        add_audience(transaction, "a1", name=None, rule={}, at=now)
        assert [each.audience_id for each in page_of_audiences(transaction, limit=9, before=None)] == ["a1"]
    assert world.audience("d1") is None
    with records.writing() as transaction:
        assert forget_dry_runs(transaction, before=now) == 0
        assert forget_dry_runs(transaction, before=now + timedelta(seconds=1)) == 1
