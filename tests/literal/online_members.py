"""Packed members to write online: an ordinary one, one without candidates, one of whom nearly nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.contracts.settings import Settings
from features.store.online import PackedMember, identity_key, publish_members

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
RELEASE = ReleaseId("r000001")

ANNA = PackedMember(
    member_id=MemberId("anna"),
    as_of=AS_OF,
    vector=np.array([1.5, np.nan, 6547.25], dtype=np.float32),
    candidate_ids=(ProductId("milk"), ProductId("tea")),
    candidate_values=np.array([[0.5, 1.0, 0.25], [0.125, 0.0, np.nan]], dtype=np.float32),
    recent_product_ids=(ProductId("tea"), ProductId("milk"), ProductId("tea")),
    recent_ordered_days=(6546.75, 6545.5, 6500.0),
    texts=("DAIRY", "", "north"),
    bought_marks=np.array([7, 4_294_967_295], dtype=np.uint32),
)
WITHOUT_CANDIDATES = PackedMember(
    member_id=MemberId("ben"),
    as_of=AS_OF,
    vector=np.array([0.0, 2.0, 3.0], dtype=np.float32),
    candidate_ids=(),
    candidate_values=np.empty((0, 0), dtype=np.float32),
    recent_product_ids=(ProductId("bread"),),
    recent_ordered_days=(6000.0,),
    texts=("BAKERY", "house", "south"),
)
NEARLY_UNKNOWN = PackedMember(
    member_id=MemberId("会员 3"),
    as_of=AS_OF,
    vector=np.full(3, np.nan, dtype=np.float32),
    candidate_ids=(),
    candidate_values=np.empty((0, 0), dtype=np.float32),
    recent_product_ids=(),
    recent_ordered_days=(),
    texts=("", "", ""),
)
EVERYBODY = (ANNA, WITHOUT_CANDIDATES, NEARLY_UNKNOWN)

IDENTITIES = pd.DataFrame(
    {
        "identity_key": [
            identity_key(source="pos", source_id="17"),
            identity_key(source="web", source_id="17"),
            identity_key(phone_hash="ab12"),
        ],
        "member_id": ["anna", "ben", "anna"],
    }
)


def publish(settings: Settings, *, release_id: ReleaseId = RELEASE, members: Sequence[PackedMember] = EVERYBODY) -> int:
    """Writes the members online, in two chunks."""
    return publish_members(settings, release_id, [members[:1], members[1:]], IDENTITIES, as_of=AS_OF).members
