"""The members of an audience as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from serving.audiences.choose import Choice
from serving.records.audience_members import SCHEMA
from training.propensity.scored import ScoredMembers


def members_table(
    scored: ScoredMembers, choice: Choice, *, drivers: Sequence[str], coupon_ids: Sequence[str | None] | None
) -> pa.Table:
    """One row per chosen member, told or held out, the likeliest first; columns of SCHEMA.

    `drivers` are those of the first members, `coupon_ids` one for each member; None: none were asked for.
    """
    chosen = choice.chosen
    probabilities = scored.probabilities[chosen]
    without = pa.nulls(choice.size - len(drivers), pa.string())
    no_coupons = pa.nulls(choice.size, pa.string())
    return pa.table(
        {
            "rank": np.arange(1, choice.size + 1, dtype=np.int64),
            "member_id": pa.array(scored.member_ids[chosen], type=pa.string()),
            "probability": probabilities,
            "expected_revenue": probabilities * scored.revenue_if_bought[chosen],
            "is_held_out": choice.is_held_out,
            "coupon_id": no_coupons if coupon_ids is None else pa.array(coupon_ids, pa.string()),
            "drivers": pa.chunked_array([pa.array(drivers, pa.string()), without]),
        },
        schema=SCHEMA,
    )
