"""Whom an audience is chosen from: members who bought lately, and what else the rule asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.contracts.clock import days_since_epoch
from features.contracts.errors import BadRequest
from features.contracts.filters.columns import Columns, TextsColumn
from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter
from features.contracts.filters.tree import Holding, Name
from features.contracts.near_names import near
from features.contracts.tag_settings import SEPARATOR, refuse_undeclared
from features.prepared import VISITS_FILE
from serving.audiences.member_columns import TAGS, MemberColumns
from serving.audiences.rule import BoughtCategory, PopulationRule
from serving.audiences.shop_at import ShopAt
from training.protocol import Ids

Mask = npt.NDArray[np.bool_]
Days = npt.NDArray[np.float32]

_OF_CATEGORY = "SELECT member_id FROM read_parquet($file) WHERE category = $category AND last_ordered_at >= $since"
_IN_STORES = """
SELECT DISTINCT member_id FROM read_parquet($file)
WHERE ordered_at >= $since AND ordered_at < $until AND store_id IN (SELECT unnest($names))
"""
_BY_CHANNEL = """
SELECT DISTINCT member_id FROM read_parquet($file)
WHERE quantity > 0 AND ordered_at >= $since AND ordered_at < $until AND channel IN (SELECT unnest($names))
    AND member_id IS NOT NULL
"""
_NAMES = "SELECT DISTINCT {column} AS name FROM read_parquet($file) WHERE {column} IS NOT NULL"


def population_of(
    rule: PopulationRule, shop: ShopAt, columns: MemberColumns, last_visit_days: Days, *, active_within_days: int
) -> Mask:
    """bool (members,): those that the rule asks for, in order of `columns.member_ids`.

    `last_visit_days`: days since EPOCH of each member's latest purchase. Raises BadRequest for a name that the shop
    does not know and for a population without anybody.
    """
    days = rule.bought_within_days or active_within_days
    since = shop.since(days)
    chosen = last_visit_days >= days_since_epoch(since)
    counts = [f"{int(chosen.sum()):,} bought within {days} days"]

    def narrow(passes: Mask, what: str) -> None:
        nonlocal chosen
        chosen = chosen & passes
        counts.append(f"{int(passes.sum()):,} {what}")

    if rule.bought_category_within is not None:
        narrow(_bought_category(rule.bought_category_within, shop, columns.member_ids), "bought from the category")
    if rule.filter is not None:
        named = Columns(size=len(columns.member_ids), by_name=columns)
        narrow(_filtered(rule.filter, named), "pass the filter")
    if rule.tags:
        narrow(_tagged(rule.tags, shop, columns), "have one of the tags")
    if rule.store_ids:
        narrow(_in_stores(rule.store_ids, shop, columns.member_ids, since=since), "bought in the stores")
    if rule.channels:
        narrow(_by_channel(rule.channels, shop, columns.member_ids, since=since), "bought through the channels")
    if not chosen.any():
        raise BadRequest(
            f"population: nobody is left of {len(chosen):,} members with a purchase within a year: "
            f"{', '.join(counts)}; ask for less"
        )
    return chosen


def _filtered(text: str, columns: Columns) -> Mask:
    try:
        return mask(parse_filter(text), columns)
    except BadRequest as error:
        raise BadRequest(f"population.{error}") from error


def _tagged(tags: Sequence[str], shop: ShopAt, columns: MemberColumns) -> Mask:
    refuse_undeclared(shop.settings.tags, tags, where="population.tags")
    column = columns[TAGS]
    known = column.texts if isinstance(column, TextsColumn) else ()
    for tag in tags:
        if SEPARATOR in tag and tag not in known:
            raise BadRequest(f"population.tags: nobody has the tag '{tag[:80]}'{near(tag, known)}")
    named = Columns(size=len(columns.member_ids), by_name=columns)
    return mask(Holding(Name(TAGS, 1), tuple(tags)), named)


def _bought_category(asked: BoughtCategory, shop: ShopAt, member_ids: Ids) -> Mask:
    file = shop.snapshot("member_category")
    found = shop.ids(_OF_CATEGORY, file=file, category=asked.category, since=shop.since(asked.days))
    if not len(found):
        names = shop.ids(_NAMES.format(column="category"), file=file)
        if asked.category not in names:
            raise BadRequest(
                f"population.bought_category_within: nobody bought from a category '{asked.category[:80]}' within a "
                f"year{near(asked.category, names.tolist())}"
            )
    return is_among(member_ids, found)


def _in_stores(names: Sequence[str], shop: ShopAt, member_ids: Ids, *, since: datetime) -> Mask:
    file = shop.build.folder / VISITS_FILE
    found = shop.ids(_IN_STORES, file=file, names=list(names), since=since, until=shop.moment)
    _require(names, "store_id", "population.store_ids", shop.ids(_NAMES.format(column="store_id"), file=file))
    return is_among(member_ids, found)


def _by_channel(names: Sequence[str], shop: ShopAt, member_ids: Ids, *, since: datetime) -> Mask:
    file = shop.table("order_lines")
    known = shop.ids(_NAMES.format(column="channel"), file=file)
    if not len(known):
        raise BadRequest(
            "population.channels: the orders of this shop name no channel (order_lines.channel), so nobody can be "
            "chosen by it; leave it out"
        )
    _require(names, "channel", "population.channels", known)
    return is_among(member_ids, shop.ids(_BY_CHANNEL, file=file, names=list(names), since=since, until=shop.moment))


def _require(names: Sequence[str], what: str, where: str, known: Ids) -> None:
    for name in names:
        if name not in known:
            raise BadRequest(
                f"{where}: there is no {what} '{name[:80]}' in the orders, which name {len(known):,}"
                f"{near(name, known.tolist())}"
            )


def is_among(member_ids: Ids, some: Ids) -> Mask:
    """bool (members,): those of the sorted `member_ids` that are among `some`, in any order and perhaps unknown."""
    found = np.zeros(len(member_ids), dtype=np.bool_)
    if not len(member_ids) or not len(some):
        return found
    places = np.minimum(np.searchsorted(member_ids, some), len(member_ids) - 1)
    found[places[member_ids[places] == some]] = True
    return found
