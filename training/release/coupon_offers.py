"""Packs each member's coupons: the running ones that the member may redeem, with the chance of each."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path

import numpy as np
import pandas as pd

from features.contracts.ids import MemberId
from features.contracts.settings import Settings
from features.encoding import Vectors
from features.store.history import EVENT_TIMESTAMP, History
from features.store.packed_member import PackedMember
from training.coupons.asks import ASK, USED, offers_of, running_asks
from training.coupons.model import CouponModel, load_coupon_model
from training.coupons.offers import LARGEST_CATEGORY_ORDERS, ORDERS, offer_matrix, offer_rows
from training.coupons.rows import FeatureHistory, redemption_matrix
from training.coupons.tables import CouponTables, open_coupon_tables
from training.protocol import Ids
from training.release.coupons import Coupons, build_coupons

COUPON_FOLDER = "coupons"

Chunks = Iterable[Sequence[PackedMember]]


class CouponField(IntEnum):
    """Columns of a packed member's `coupon_values`."""

    ROW = 0
    """Row of the release's coupons."""
    EXPECTED = 1
    """Chance that the member uses the coupon: REDEEMS x CHOOSES."""
    REDEEMS = 2
    """Chance that the member redeems a coupon of the campaign."""
    CHOOSES = 3
    """Chance that it is this one, among members who redeem."""
    ORDERS_365D = 4
    """The member's orders of its products within a year."""
    BOUGHT = 5
    """Row on the shelf of the product of it that the member ordered most, -1 where there is none."""
    CATEGORY_ORDERS = 6
    """The member's orders of its largest category within a year."""


_BOUGHT = f"""
SELECT {ASK}, coupon_id, first(product_id ORDER BY orders DESC, spend DESC, product_id) AS product_id
FROM (
    SELECT {ASK}, coupon_id, product_id, count(DISTINCT order_id) AS orders, sum(spend) AS spend
    FROM asks JOIN scope USING (campaign_id) JOIN purchases USING (member_id, product_id)
    WHERE ordered_at < asks.{EVENT_TIMESTAMP} AND ordered_at >= asks.{EVENT_TIMESTAMP} - INTERVAL 365 DAY
    GROUP BY {ASK}, coupon_id, product_id
) GROUP BY {ASK}, coupon_id
"""


@dataclass(frozen=True, kw_only=True)
class CouponDesk:
    """Scores the running coupons for members as of one moment."""

    history: FeatureHistory
    tables: CouponTables
    model: CouponModel
    coupons: Coupons
    shelf_row_of: Mapping[str, int]
    as_of: datetime
    most: int
    """Coupons kept for each member, the likeliest ones."""

    def with_coupons(self, members: Chunks) -> Iterator[list[PackedMember]]:
        """The same chunks, each member with coupons."""
        for chunk in members:
            own = self.offers([member.member_id for member in chunk])
            yield [
                replace(member, coupon_ids=own[member.member_id][0], coupon_values=own[member.member_id][1])
                if member.member_id in own
                else member
                for member in chunk
            ]

    def offers(self, member_ids: Sequence[MemberId]) -> dict[MemberId, tuple[tuple[str, ...], Vectors]]:
        """Coupon ids and values float32 (coupons, len(CouponField)), likeliest first; members without are left out.

        A coupon that the member redeemed already is left out, and one that covers nothing on the shelf; of one that
        several campaigns gave, the likelier stays.
        """
        asks = running_asks(self.tables, member_ids, as_of=self.as_of)
        if asks.empty:
            return {}
        offers = offers_of(self.tables, asks, seen_until=self.as_of)
        rows = self._scored(asks, offer_rows(self.tables, asks, offers))
        rows = rows[~rows[USED] & (rows["row"] >= 0)].sort_values(
            ["member_id", "expected", "row"], ascending=[True, False, True]
        )
        rows = rows.drop_duplicates(["member_id", "coupon_id"]).groupby("member_id").head(self.most)
        values = rows[["row", "expected", "redeems", "chooses", ORDERS, "bought", LARGEST_CATEGORY_ORDERS]].to_numpy(
            dtype=np.float32
        )
        return {
            MemberId(str(member)): (tuple(rows["coupon_id"].to_numpy()[at]), values[at])
            for member, at in rows.reset_index(drop=True).groupby("member_id").indices.items()
        }

    def _scored(self, asks: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        redeems = self.model.redemption.probabilities(redemption_matrix(self.history, self.tables, asks))
        bought = self.tables.rows(_BOUGHT, asks=asks)
        rows = rows.merge(asks[[ASK, "member_id"]], on=ASK).merge(bought, on=[ASK, "coupon_id"], how="left")
        chooses = self.model.choice.probabilities(offer_matrix(rows))
        of_ask = redeems[rows[ASK].to_numpy()]
        keys = zip(rows["coupon_id"], rows["campaign_id"], strict=True)
        return rows.assign(
            redeems=of_ask,
            chooses=chooses,
            expected=of_ask * chooses,
            row=[self.coupons.row_of.get(key, -1) for key in keys],
            bought=[self.shelf_row_of.get(product_id, -1) for product_id in rows["product_id"]],
        )


@contextlib.contextmanager
def coupon_part(
    folder: Path, settings: Settings, history: History, model: Path | None, product_ids: Ids, *, as_of: datetime
) -> Iterator[Callable[[Chunks], Chunks]]:
    """What puts coupons to packed members, for as long as it is open; the coupons are written into a release folder.

    `model` is the champion's folder, `product_ids` are those of the shelf. Without a model the release has no coupons
    and members stay as they are.
    """
    if model is None:
        yield lambda members: members
        return
    shutil.copytree(model, folder / COUPON_FOLDER)
    with open_coupon_tables(settings, history.build) as tables:
        rows = {str(product_id): row for row, product_id in enumerate(product_ids)}
        coupons = build_coupons(tables, rows, currency=settings.currency, as_of=as_of)
        coupons.save(folder)
        desk = CouponDesk(
            history=history,
            tables=tables,
            model=load_coupon_model(folder / COUPON_FOLDER),
            coupons=coupons,
            shelf_row_of=rows,
            as_of=as_of,
            most=settings.coupons.max_per_member,
        )
        yield desk.with_coupons
