from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from literal_audience import members_table
from literal_people import person, sha256, write_people

from serving.exports.request import export_request
from serving.exports.writing import make_export
from serving.records.audience_members import replace_members
from serving.records.audiences import add_audience
from serving.records.audit import list_audit
from serving.records.exported_members import exported_of, exported_since


@pytest.fixture
def export(settings, records, now):
    """Exports members (ids, or ids to whether held out) of new audiences; gives the export and its bytes."""
    made = []

    def exported(members, **given):
        members = members if isinstance(members, dict) else dict.fromkeys(members, False)
        audience_id = f"a{len(made)}"
        made.append(audience_id)
        with records.writing() as transaction:
            add_audience(transaction, audience_id, name=None, rule={"target": {"lapse": True}}, at=now)
            held_out = [name for name, is_held_out in members.items() if is_held_out]
            replace_members(transaction, audience_id, members_table(list(members), held_out, drivers=None))
        defaults = {"format_": None, "columns": (), "channel": None, "destination": None, "bom": None}
        request = export_request(**{**defaults, **given}, destinations=settings.destinations, audience_channel=None)
        export = make_export(settings, records, audience_id, request, who="k1", now=lambda: now)
        return export, b"".join(export.pieces)

    return exported


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text.decode())))


PEOPLE = [
    person("ann", phone="+15550000001", email="Ann@X.example", says_yes=["sms", "email"]),
    person("ben", phone="+15550000002", says_yes=["sms"]),
    person("cleo", phone="+15550000003", says_no=["sms"]),
    person("dora", openid="o-dora", says_yes=["wechat"]),
]


def test_who_consented_to_no_channel_stays_and_is_counted(settings, export):
    write_people(settings, PEOPLE)
    made, text = export({"cleo": False, "dora": False, "ann": True, "ben": False, "stranger": False})
    assert text == b"rank,member_id,probability\r\n2,dora,0.5\r\n4,ben,0.5\r\n"
    assert (made.counts.held_out, made.counts.without_consent, made.counts.leaving) == (1, 2, 2)
    assert (made.file_name, made.notice) == ("audience-a0.csv", None)


def test_a_channel_asks_for_its_own_consent_and_hands_over_its_contact(settings, export):
    write_people(settings, PEOPLE)
    _, text = export(["dora", "ann", "ben", "cleo"], channel="sms", columns=["phone", "rank"], format_="jsonl")
    assert [json.loads(line) for line in text.splitlines()] == [
        {"phone": "+15550000001", "rank": 2},
        {"phone": "+15550000002", "rank": 3},
    ]


def test_a_contact_leaves_once_and_never_that_of_somebody_held_out(settings, export):
    people = [
        person("1", phone="+15550000001", says_yes=["sms"]),
        person("2", phone="+15550000001", says_yes=["sms"]),
        person("3", phone="+15550000003", says_yes=["sms"]),
        person("4", phone="+15550000003"),
        # the first number in two other notations: one number, one hash
        person("5", phone="15550000001", says_yes=["sms"]),
        person("6", phone="5550000001", says_yes=["sms"]),
    ]
    write_people(settings, people)
    made, text = export({"2": False, "1": False, "3": False, "4": True, "6": False}, destination="sms_csv")
    assert text == b"phone,member_id,coupon_id\r\n+15550000001,2,\r\n"
    assert (made.counts.duplicates, made.counts.shared_with_held_out, made.counts.held_out) == (2, 1, 1)


def test_hashed_destinations_hand_over_nothing_but_hashes(settings, export):
    write_people(settings, PEOPLE)
    _, phones = export(["ann", "ben"], destination="phone_sha256")
    _, emails = export(["ann", "ben"], destination="email_sha256")
    assert phones.decode().split() == ["phone_sha256", sha256("+15550000001"), sha256("+15550000002")]
    assert emails.decode().split() == ["email_sha256", sha256("ann@x.example")]


def test_a_number_known_by_its_hash_only_cannot_be_written(settings, export):
    people = [person("a", phone="+15550000001", says_yes=["sms"], is_phone_hashed_only=True)]
    write_people(settings, people)
    made, text = export(["a"], destination="sms_csv")
    assert (made.counts.without_contact, text) == (1, b"phone,member_id,coupon_id\r\n")
    assert rows_of(export(["a"], channel="sms")[1])[0]["member_id"] == "a"


def test_synthetic_contacts_are_told_in_name_notice_and_column(settings, export):
    write_people(settings, [person("a", phone="+15550000009", says_yes=["sms"], is_synthetic=True), *PEOPLE])
    made, text = export(["a", "ann"], channel="sms")
    assert made.file_name == "audience-a0-synthetic.csv"
    assert "synthetic" in made.notice
    assert [row["contacts"] for row in rows_of(text)] == ["synthetic", "given"]
    made, text = export(["a"], destination="sms_csv")
    assert made.file_name == "audience-a1-sms_csv-synthetic.csv"
    assert text.startswith(b"phone,member_id,coupon_id\r\n")


def test_parquet_has_the_columns_and_types_of_members(settings, export):
    write_people(settings, PEOPLE)
    columns = ["probability", "rank", "coupon_id", "expected_revenue", "wechat_openid"]
    _, text = export(["ann", "dora"], format_="parquet", channel="wechat", columns=columns)
    table = pq.read_table(io.BytesIO(text))
    assert table.to_pylist() == [
        {"probability": 0.5, "rank": 2, "coupon_id": None, "expected_revenue": 2.0, "wechat_openid": "o-dora"}
    ]
    assert table.schema.field("rank").type == pa.int64()


def test_an_empty_export_is_a_file_too(settings, export):
    write_people(settings, PEOPLE)
    assert export([])[1] == b"rank,member_id,probability\r\n"
    assert pq.read_table(io.BytesIO(export(["cleo"], format_="parquet")[1])).num_rows == 0


def test_a_byte_order_mark_comes_first(settings, export):
    write_people(settings, PEOPLE)
    assert export(["ann"], bom=True)[1].startswith(b"\xef\xbb\xbfrank,")


@pytest.mark.parametrize("member_id", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_an_id_that_a_spreadsheet_would_compute_gets_an_apostrophe(settings, export, member_id):
    write_people(settings, [person(member_id, phone="+15550000001", says_yes=["sms"])])
    (row,) = rows_of(export([member_id], channel="sms", columns=["member_id", "phone"])[1])
    assert (row["member_id"], row["phone"]) == (f"'{member_id}", "+15550000001")


def test_every_export_is_audited_before_and_after_and_marks_who_left(settings, records, export, now):
    write_people(settings, PEOPLE)
    export(["ann", "cleo", "ben"], destination="sms_csv")
    with records.reading() as transaction:
        after, before = sorted(list_audit(transaction, limit=9), key=lambda entry: entry.what)
        assert list(exported_since(transaction, now)) == ["ann", "ben"]
        assert list(exported_of(transaction, "a0", before=now)) == []
    assert (before.what, after.what, before.who) == ("audience_exported", "audience_export_finished", "k1")
    told = ("audience_id", "format", "columns", "channel", "destination", "leaving", "without_consent")
    assert [before.details[name] for name in told] == [
        "a0", "csv", ["phone", "member_id", "coupon_id"], "sms", "sms_csv", 2, 1,
    ]  # fmt: skip
    assert (after.details["rows"], after.details["export_id"]) == (2, before.details["export_id"])


def test_nobody_is_marked_who_did_not_leave(settings, records, now):
    write_people(settings, PEOPLE)
    request = export_request(
        format_=None, columns=(), channel=None, destination=None, bom=None,
        destinations=settings.destinations, audience_channel=None,
    )  # fmt: skip
    with records.writing() as transaction:
        add_audience(transaction, "a", name=None, rule={"target": {"lapse": True}}, at=now)
        replace_members(transaction, "a", members_table(["ann"]))
    make_export(settings, records, "a", request, who="k1", now=lambda: now)
    with records.reading() as transaction:
        assert list(exported_since(transaction, now)) == []


def test_an_export_passes_the_chunks_without_losing_a_row(settings, export):
    write_people(settings, [person(f"m{n}", openid=f"o{n}", says_yes=["wechat"]) for n in range(45_000)])
    _, text = export([f"m{n}" for n in range(45_000)], destination="wechat_openid_csv")
    assert text.decode().split() == ["openid", *(f"o{n}" for n in range(45_000))]


# as a source writes a number, and the number it is: a refusal under one notation holds for every other
NUMBERS = {
    "+15550000001": "+15550000001",
    "+15550000002": "+15550000002",
    "+15550000003": "+15550000003",
    "15550000001": "+15550000001",
    "5550000002": "+15550000002",
    None: None,
}
PERSON = st.builds(
    dict,
    phone=st.sampled_from(list(NUMBERS)),
    says_yes=st.sampled_from([[], ["sms"]]),
    says_no=st.sampled_from([[], ["sms"]]),
    is_held_out=st.booleans(),
    is_chosen=st.booleans(),
)


@hypothesis_settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(people=st.lists(PERSON, min_size=1, max_size=8), destination=st.sampled_from(["sms_csv", "phone_sha256", None]))
def test_nobody_held_out_unconsenting_or_twice_ever_leaves(settings, export, people, destination):
    named = {f"m{n}": each for n, each in enumerate(people)}
    records = [
        person(
            name,
            phone=each["phone"],
            says_yes=[] if each["says_no"] else each["says_yes"],
            says_no=each["says_no"],
        )
        for name, each in named.items()
    ]
    write_people(settings, records)
    chosen = {name: each["is_held_out"] for name, each in named.items() if each["is_chosen"]}
    rows = rows_of(export(chosen, destination=destination, channel=None if destination else "sms")[1])
    refused = {NUMBERS[each["phone"]] for each in people if each["says_no"]}
    held_out = {NUMBERS[named[name]["phone"]] for name, is_held_out in chosen.items() if is_held_out}
    may = [
        name
        for name, is_held_out in chosen.items()
        if not is_held_out
        and named[name]["says_yes"]
        and NUMBERS[named[name]["phone"]] not in {None, *refused, *held_out}
    ]
    contacts = [next(iter(row.values())) for row in rows]
    assert len(contacts) == len(set(contacts))
    for row in rows:
        assert row.get("member_id", may[0] if may else None) in may
    assert bool(rows) == bool(may)
