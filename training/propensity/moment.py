"""Everything that propensity reads of one moment: members, cells, events, products, taste."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from features.contracts.clock import days_since_epoch
from features.contracts.errors import NothingLoaded
from features.encoding import Encoding, Vectors, as_days
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild
from features.store.history import EVENT_TIMESTAMP, History
from training.propensity.activity import SetActivity
from training.propensity.cells import CellSource, read_cells
from training.propensity.events import EventLog
from training.propensity.groupings import Groupings
from training.propensity.likings import Factors, Taste, member_factors
from training.propensity.target import EventType
from training.propensity.taste import orders_of_cells
from training.protocol import Ids

SERVICE = "purchase_propensity"
"""Feast feature service that the model reads of members."""

ENCODING = Encoding(groups=tuple(GROUPS[name] for name in ("member_value", "member_rhythm", "member_mix")))
ACTIVE_DAYS = 91
"""A set's penetration is counted among members with a purchase within these days."""

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ProductColumns:
    """What is known of each product of the groupings; arrays are (products,), NaN where nothing is."""

    price: Floats
    days_on_sale: Floats
    discount_depth: Floats
    is_private_label: Floats
    buyers_91d: Floats


@dataclass(frozen=True, kw_only=True)
class PropensityMoment:
    """The shop as known at `at`; members are everybody with a purchase in the 365 days before, by id."""

    at: datetime
    member_ids: Ids
    groupings: Groupings
    cells: CellSource
    visits: SetActivity
    redemptions: SetActivity
    joins: SetActivity
    members: Vectors
    """float32 (members, len(ENCODING.model_names))."""
    taste: Taste
    products: ProductColumns

    @property
    def as_of_days(self) -> float:
        return days_since_epoch(self.at)

    @property
    def is_active(self) -> Truths:
        """bool (members,): a purchase within ACTIVE_DAYS."""
        return self.as_of_days - self.visits.last_days <= ACTIVE_DAYS

    def activity_of(self, event: EventType) -> SetActivity:
        """The members' activity of an event."""
        return {
            EventType.VISIT: self.visits,
            EventType.COUPON_REDEEMED: self.redemptions,
            EventType.JOIN: self.joins,
        }[event]


def read_learning_moment(
    history: History, log: EventLog, groupings: Groupings, *, at: datetime, factors: int, seed: int
) -> PropensityMoment:
    """A moment with all its cells in memory, and taste told from them. Raises NothingLoaded."""
    member_ids = log.active_members(at=at)
    cells = read_cells(history.build, groupings, member_ids, at=at, threads=log.threads)
    return moment_of(
        history.build,
        log,
        groupings,
        cells,
        at=at,
        member_ids=member_ids,
        members=_member_matrix(history, member_ids, at=at),
        factors=member_factors(orders_of_cells(cells, groupings), factors=factors, seed=seed),
    )


def moment_of(
    build: FeatureBuild,
    log: EventLog,
    groupings: Groupings,
    cells: CellSource,
    *,
    at: datetime,
    member_ids: Ids,
    members: Vectors,
    factors: Factors,
) -> PropensityMoment:
    """A moment whose cells, members' features and taste are given.

    `members` is float32 (members, len(ENCODING.model_names)), `factors` float32 (members, factors), NaN where unknown.

    Raises NothingLoaded when features were not built for it.
    """
    return PropensityMoment(
        at=at,
        member_ids=member_ids,
        groupings=groupings,
        cells=cells,
        visits=log.activity(EventType.VISIT, member_ids, at=at),
        redemptions=log.activity(EventType.COUPON_REDEEMED, member_ids, at=at),
        joins=log.activity(EventType.JOIN, member_ids, at=at),
        members=members,
        taste=Taste(factors),
        products=_product_columns(build, groupings, at=at),
    )


def _member_matrix(history: History, member_ids: Ids, *, at: datetime) -> Vectors:
    rows = pd.DataFrame({"member_id": member_ids.astype(object), EVENT_TIMESTAMP: pd.Timestamp(at)})
    found = history.features_at(SERVICE, rows)
    return ENCODING.model_matrix(ENCODING.encode(found), as_days(found[EVENT_TIMESTAMP]))


def _product_columns(build: FeatureBuild, groupings: Groupings, *, at: datetime) -> ProductColumns:
    facts, demand = (snapshot_file(build, name, at) for name in ("product_facts", "product_demand"))
    rows = np.arange(len(groupings.product_ids), dtype=np.int32)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("products", pa.table({"product_id": pa.array(groupings.product_ids), "product": rows}))
        found = con.execute(
            """
            SELECT price, epoch($at - first_sold_at) / 86400 AS days_on_sale, discount_depth,
                   is_private_label, buyers_91d
            FROM products LEFT JOIN read_parquet($facts) USING (product_id)
            LEFT JOIN read_parquet($demand) USING (product_id) ORDER BY product
            """,
            {"facts": str(facts), "demand": str(demand), "at": at},
        ).df()
    return ProductColumns(**{name: found[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in found.columns})


def snapshot_file(build: FeatureBuild, group: str, at: datetime) -> Path:
    file = build.snapshot(GROUPS[group], at)
    if not file.is_file():
        raise NothingLoaded(f"features: no snapshot of {group} at {at:%Y-%m-%d %H:%M}; run `faces features`")
    return file
