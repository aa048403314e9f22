"""Who brought whom, who shared what and what was measured, from the tables as they are handed over."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import pandas as pd

from features.tables.relations import content_shares_of_members, facts_of_members, referrals_of_members

MARCH, MAY = datetime(2017, 3, 1, tzinfo=UTC), datetime(2017, 5, 1, tzinfo=UTC)
_MOMENT = "timestamp('UTC', 6)"
IDS = ibis.memtable(
    pd.DataFrame(
        [("pos", "1", "anna"), ("app", "a1", "anna"), ("pos", "2", "ben"), ("app", "c1", "cleo"), ("pos", "4", "dora")],
        columns=["source", "source_id", "member_id"],
    )
)
RECORDS = ["source", "source_id", "joined_at", "referred_by_source", "referred_by_id"]


def records(*rows: tuple[object, ...]) -> ibis.Table:
    schema = ibis.schema(dict.fromkeys(RECORDS, "string") | {"joined_at": _MOMENT})
    return ibis.memtable(pd.DataFrame(rows, columns=RECORDS), schema=schema)


def visits(*rows: tuple[str, datetime]) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["member_id", "ordered_at"])
    return ibis.memtable(frame, schema=ibis.schema({"member_id": "string", "ordered_at": _MOMENT}))


def test_referrals_join_members_over_their_channels_and_leave_out_who_named_themselves() -> None:
    found = referrals_of_members(
        records(
            ("pos", "2", MAY, "app", "a1"),
            # the same person through another channel, and earlier
            ("app", "c1", MAY, "pos", "1"),
            ("pos", "1", MAY, "app", "a1"),  # herself
            ("pos", "4", None, "pos", "1"),  # no moment: that of the first purchase
            ("app", "a1", None, "pos", "2"),  # no moment at all
            ("pos", "4", MAY, "pos", "nobody"),
            ("pos", "4", MAY, None, None),
        ),
        IDS,
        visits(("dora", MAY), ("dora", MARCH)),
    ).to_pandas()
    rows = sorted((row.member_id, row.referrer_id, row.joined_at.month) for row in found.itertuples())
    assert rows == [("ben", "anna", 5), ("cleo", "anna", 5), ("dora", "anna", 3)]


def test_shares_are_the_events_of_that_type_by_known_members() -> None:
    events = ibis.memtable(
        pd.DataFrame(
            [
                ("e1", "Content Shared", MAY, "app", "a1"),
                ("e2", "Content Viewed", MAY, "app", "a1"),
                ("e3", "Content Shared", MAY, "app", "nobody"),
            ],
            columns=["message_id", "type", "occurred_at", "source", "source_id"],
        )
    )
    found = content_shares_of_members(events, IDS).to_pandas()
    assert found[["member_id", "message_id"]].to_dict("records") == [{"member_id": "anna", "message_id": "e1"}]


def test_facts_of_all_channels_are_the_member_s() -> None:
    facts = ibis.memtable(
        pd.DataFrame(
            [("pos", "1", "points", "10", MARCH), ("app", "a1", "points", "20", MAY), ("x", "1", "points", "9", MAY)],
            columns=["source", "source_id", "name", "value", "observed_at"],
        )
    )
    found = facts_of_members(facts, IDS).to_pandas().sort_values("observed_at")
    assert found[["member_id", "fact", "value"]].to_numpy().tolist() == [
        ["anna", "points", "10"],
        ["anna", "points", "20"],
    ]
