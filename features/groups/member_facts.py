"""Member facts: what was measured of a member last, as known at a moment."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, age, count, days_before, moment, number, text
from features.tables.shop_tables import ShopTables


def compute_member_facts(tables: ShopTables, as_of: datetime) -> Table:
    """The latest value of each fact observed before `as_of`. One row per member and fact.

    Two values of one moment: the larger text, whichever channel told it, so that the same tables say the same.
    """
    facts = tables.member_facts
    known = facts.filter(facts.observed_at < days_before(as_of, 0))
    place = ibis.row_number().over(
        group_by=["member_id", "fact"], order_by=[ibis.desc(known.observed_at), ibis.desc(known.value)]
    )
    times = ibis.window(group_by=["member_id", "fact"])
    latest = known.mutate(place=place, observations=known.count().over(times))
    latest = latest.filter(latest.place == 0)
    return latest.mutate(number=_number(latest.value))


def _number(value: ibis.expr.types.StringValue) -> ibis.expr.types.FloatingValue:
    """The value as a number; null for a word, and for what no sum could hold (NaN, infinity)."""
    plain = value.strip()
    is_number = plain.re_search(r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$")
    return ibis.ifelse(is_number, plain, ibis.null("string")).cast("float64")


MEMBER_FACTS = FeatureGroup(
    name="member_facts",
    entities=("member", "fact"),
    sentence="What was measured of a member last: points, skin tests, body measures, answers, paid membership.",
    features=(
        text("value", "what was found, as it was handed over"),
        number("number", "as measured", "the value as a number; null where it is a word"),
        moment("observed_at", "when it was found"),
        count("observations", "times", "how often it was measured"),
    ),
    derived=(age("days_since_observed", of="observed_at", sentence="days since it was found"),),
    compute=compute_member_facts,
    is_weekly=False,
    is_read_by_models=False,
)
