"""A finished audience as a worker leaves it: members, report and summary, without a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from features.contracts.ids import AudienceId
from serving.new_ids import new_id
from serving.records.audience_members import SCHEMA, replace_members
from serving.records.audience_reports import replace_report
from serving.records.audiences import add_audience, mark_done
from serving.state import ServiceState

DRIVERS = '[["set.recency", 0.7]]'
REPORT = {"curve": [], "drivers": [], "profile": [], "associated": {}, "manifest": {}}


def members_table(members: Sequence[str], held_out: Sequence[str] = (), *, drivers: str | None = DRIVERS) -> pa.Table:
    """The members, the likeliest first, as a build gives them."""
    columns = {
        "rank": range(1, len(members) + 1),
        "member_id": members,
        "probability": [0.5] * len(members),
        "expected_revenue": [2.0] * len(members),
        "is_held_out": [member in held_out for member in members],
        "coupon_id": [None] * len(members),
        "drivers": [drivers] * len(members),
    }
    return pa.table({name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()})


def store_audience(
    state: ServiceState,
    rule: Mapping[str, Any],
    members: Sequence[str],
    *,
    held_out: Sequence[str] = (),
    as_of: str = "2017-09-16T00:00:00Z",
    horizon_days: int = 28,
) -> AudienceId:
    """The id of an audience of these members, done."""
    audience_id = AudienceId(new_id(state.now()))
    summary = {"size": len(members), "as_of": as_of, "horizon_days": horizon_days}
    with state.records.writing() as transaction:
        add_audience(transaction, audience_id, name=None, rule=dict(rule), at=state.now())
        transaction.session.flush()
        replace_members(transaction, audience_id, members_table(members, held_out))
        replace_report(transaction, audience_id, REPORT)
        mark_done(transaction, audience_id, summary=summary, at=state.now())
    return audience_id
