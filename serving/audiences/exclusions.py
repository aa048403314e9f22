"""Who is left out of an audience, and the members of the audiences and lists that a rule names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.contracts.clock import days_since_epoch
from features.contracts.errors import BadRequest
from serving.audiences.combine import Leaf
from serving.audiences.population import is_among
from serving.audiences.remarks import Remark
from serving.audiences.rule import ExcludeRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.world import World
from training.protocol import Ids

Mask = npt.NDArray[np.bool_]
Days = npt.NDArray[np.float32]

DONE = "done"

_CONTACTED = """
SELECT DISTINCT member_id FROM read_parquet($file)
WHERE contacted_at >= $since AND contacted_at < $until AND member_id IS NOT NULL AND NOT coalesce(is_holdout, false)
"""


@dataclass(frozen=True)
class NamedMembers:
    """The members of saved audiences and uploaded lists, as masks over `member_ids`; each is looked up once."""

    world: World
    member_ids: Ids
    warnings: list[Remark] = field(default_factory=list)
    """What was found odd on the way, each once."""
    _found: dict[Leaf, Mask] = field(default_factory=dict)

    def of(self, leaf: Leaf) -> Mask:
        """bool (members,): those of an audience, told or held out, or of a list. Raises BadRequest."""
        if leaf not in self._found:
            ids = self._of_audience(leaf.id) if leaf.source == "audience" else self._of_list(leaf.id)
            self._found[leaf] = is_among(self.member_ids, ids)
        return self._found[leaf]

    def _of_audience(self, audience_id: str) -> Ids:
        audience = self.world.audience(audience_id)
        if audience is None:
            raise BadRequest(f"audience {audience_id[:80]}: there is none of that id; see GET /v1/audiences")
        if audience.state != DONE:
            raise BadRequest(
                f"audience {audience_id[:80]}: it is {audience.state}, so its members are not known; name one that is "
                f"{DONE}"
            )
        return np.concatenate([audience.member_ids, audience.held_out_ids])

    def _of_list(self, list_id: str) -> Ids:
        found = self.world.member_list(list_id)
        if found is None:
            raise BadRequest(f"list {list_id[:80]}: there is no list of members of that id; see GET /v1/lists")
        if not len(found.member_ids):
            raise BadRequest(f"list {list_id[:80]}: none of its {found.unknown:,} ids is known; upload another one")
        if found.unknown:
            every = found.unknown + len(found.member_ids)
            self.warnings.append(
                Remark(
                    code="unknown_members",
                    en=f"list {list_id[:80]}: {found.unknown:,} of its {every:,} ids are known to nobody",
                    zh=f"所选名单的 {every:,} 个编号中，有 {found.unknown:,} 个找不到对应会员",
                )
            )
        return found.member_ids


def exclusions_of(rule: ExcludeRule, shop: ShopAt, named: NamedMembers, last_bought_days: Days) -> dict[str, Mask]:
    """bool (members,) by reason, in the order in which they are counted; empty when nothing is excluded.

    `last_bought_days`: days since EPOCH of each member's latest purchase of the target, NaN without one.
    """
    reasons: dict[str, Callable[[], Mask]] = {}
    if rule.bought_within_days is not None:
        since = np.float32(days_since_epoch(shop.since(rule.bought_within_days)))
        reasons["bought_lately"] = lambda: last_bought_days >= since
    if rule.contacted_within_days is not None:
        days = rule.contacted_within_days
        reasons["contacted_lately"] = lambda: _contacted(shop, named, days)
    if rule.audience_ids:
        reasons["in_audience"] = lambda: np.logical_or.reduce(
            [named.of(Leaf(source="audience", id=each)) for each in rule.audience_ids]
        )
    return {reason: applies() for reason, applies in reasons.items()}


def _contacted(shop: ShopAt, named: NamedMembers, days: int) -> Mask:
    """bool (members,): reached by a campaign within the days before the moment, or exported since then."""
    since = shop.since(days)
    contacted = is_among(named.member_ids, named.world.exported_since(since))
    file = shop.table("contacts")
    if file is not None:
        found = shop.ids(_CONTACTED, file=file, since=since, until=shop.moment)
        contacted |= is_among(named.member_ids, found)
    return contacted
