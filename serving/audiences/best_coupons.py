"""The best running coupon of each member of an audience: the likeliest to be used, of those for the target if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.contracts.clock import days_since_epoch
from features.contracts.ids import MemberId
from features.contracts.settings import Settings
from features.encoding import Vectors
from features.store.history import History
from serving.audiences.remarks import Remark
from serving.audiences.shop_at import ShopAt
from training.coupons.model import load_coupon_model
from training.coupons.tables import open_coupon_tables
from training.protocol import Ids, Rows
from training.release.coupon_offers import COUPON_FOLDER, CouponDesk, CouponField
from training.release.coupons import Coupons, load_coupons
from training.release.products import ProductShelf

MEMBERS_AT_ONCE = 5_000

Mask = npt.NDArray[np.bool_]
Offers = Mapping[MemberId, tuple[tuple[str, ...], Vectors]]
Progress = Callable[[int, int, str], None]


NO_COUPON = Remark(code="no_coupon", en="the release knows of no running coupon", zh="当前没有进行中的优惠券")


@dataclass(frozen=True, kw_only=True)
class BestCoupons:
    """A coupon for each member who has one."""

    coupon_ids: tuple[str | None, ...]
    """In order of the members that were asked for."""
    is_for_target: bool
    """Whether a running coupon covers the target; if so, others are passed over."""
    note: Remark

    @property
    def count(self) -> int:
        """Members with a coupon."""
        return sum(each is not None for each in self.coupon_ids)


def usable_coupons(coupons: Coupons, target_rows: Rows, *, now_days: float) -> tuple[Mask, bool]:
    """bool (coupons,): those that run, and of these only those that cover the target if any does; and whether one does.

    `target_rows`: rows of the shelf.
    """
    running = (coupons.starts_days <= now_days) & (coupons.ends_days > now_days)
    covering = np.array([bool(np.isin(coupons.covered(row), target_rows).any()) for row in range(len(coupons))])
    is_for_target = bool((running & covering).any()) if len(coupons) else False
    return (running & covering if is_for_target else running), is_for_target


def best_of(member_ids: Sequence[str], offers: Offers, usable: Mask) -> list[str | None]:
    """The likeliest usable coupon of each member, None without one; a member's offers come likeliest first."""
    best: list[str | None] = []
    for member_id in member_ids:
        own = offers.get(MemberId(member_id))
        places = [] if own is None else np.flatnonzero(usable[own[1][:, CouponField.ROW].astype(np.int64)]).tolist()
        best.append(own[0][places[0]] if own is not None and places else None)
    return best


def best_coupons(
    settings: Settings,
    history: History,
    release_folder: Path,
    shop: ShopAt,
    products: ProductShelf,
    member_ids: Ids,
    target_rows: Rows,
    *,
    progress: Progress,
) -> BestCoupons:
    """The best coupon of each member; nobody has one where the release knows of none that runs."""
    coupons = load_coupons(release_folder)
    nobody: tuple[str | None, ...] = (None,) * len(member_ids)
    if coupons is None or not len(coupons):
        return BestCoupons(coupon_ids=nobody, is_for_target=False, note=NO_COUPON)
    usable, is_for_target = usable_coupons(coupons, target_rows, now_days=days_since_epoch(shop.moment))
    found: list[str | None] = []
    with open_coupon_tables(settings, history.build) as tables:
        desk = CouponDesk(
            history=history,
            tables=tables,
            model=load_coupon_model(release_folder / COUPON_FOLDER),
            coupons=coupons,
            shelf_row_of={str(each): int(row) for each, row in products.row_of.items()},
            as_of=shop.moment,
            most=settings.coupons.max_per_member,
        )
        for start in range(0, len(member_ids), MEMBERS_AT_ONCE):
            progress(start, len(member_ids), "best coupons")
            chunk = member_ids[start : start + MEMBERS_AT_ONCE].tolist()
            found += best_of(chunk, desk.offers([MemberId(each) for each in chunk]), usable)
    count = sum(each is not None for each in found)
    of_what = "a running coupon for the target" if is_for_target else "a running coupon; none is for the target"
    of_what_zh = "有适用于目标商品的优惠券" if is_for_target else "有可用的优惠券，但都不适用于目标商品"
    return BestCoupons(
        coupon_ids=tuple(found),
        is_for_target=is_for_target,
        note=Remark(
            code="coupons_named",
            en=f"{count:,} of {len(found):,} members have {of_what}",
            zh=f"{len(found):,} 位会员中，{count:,} 位{of_what_zh}",
        ),
    )
