"""The coupons that a member holds: given by a running campaign or claimed by the member, and not used yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from features.store.packed_member import PackedMember
from features.store.packed_profile import MemberProfile
from training.release.campaign_coupons import CampaignCoupon, CampaignCoupons
from training.release.coupon_offers import CouponField
from training.release.coupons import Coupons

Locale = Literal["en", "zh"]

_UNUSED: dict[Locale, str] = {
    "en": "Was given {count} coupon(s) of {name} and has used none; they end on {day}.",
    "zh": "获得{name}的{count}张优惠券，尚未使用，{day}到期。",
}


@dataclass(frozen=True, kw_only=True)
class HeldCoupon:
    """A coupon that the member may use now."""

    coupon_id: str
    campaign_id: str | None
    name: str
    how: Literal["given", "claimed"]
    ends_on: date | None
    discount_type: str | None
    face_value: float | None
    chance: float | None
    """Of being used, by the release's model; None where it has none."""


@dataclass(frozen=True, kw_only=True)
class UnusedBenefit:
    """What a running campaign gave the member, who has used nothing of it."""

    campaign_id: str
    name: str
    coupons: int
    ends_on: date
    sentence: str


@dataclass(frozen=True, kw_only=True)
class CouponBook:
    """The coupons of a release, as members hold them."""

    campaigns: CampaignCoupons
    named: Coupons | None
    """The coupons with names in words, where the release has a model of them."""
    zone: ZoneInfo

    def held(
        self,
        profile: MemberProfile,
        packed: PackedMember | None,
        *,
        claimed: Collection[str],
        used: Collection[str],
        as_of: datetime,
    ) -> tuple[HeldCoupon, ...]:
        """The member's coupons, likeliest to be used first; `claimed` and `used` are coupon ids that events tell of."""
        chances = self._chances(packed)
        used_up = {(each.campaign_id, each.coupon_id) for each in profile.redeemed}
        given = {each.campaign_id for each in profile.given}
        found = [
            self._coupon(coupon, "given" if coupon.campaign_id in given else "claimed", chances)
            for coupon in self.campaigns.coupons
            if (coupon.campaign_id in given or coupon.coupon_id in claimed)
            and coupon.is_running(as_of)
            and (coupon.campaign_id, coupon.coupon_id) not in used_up
            and coupon.coupon_id not in used
        ]
        known = {coupon.coupon_id for coupon in self.campaigns.coupons}
        found += [_unknown(coupon_id) for coupon_id in sorted(set(claimed) - set(used) - known)]
        return tuple(sorted(found, key=lambda each: (-(each.chance or 0.0), each.ends_on or date.max, each.coupon_id)))

    def unused(self, profile: MemberProfile, *, as_of: datetime, locale: Locale) -> tuple[UnusedBenefit, ...]:
        """Running campaigns that gave the member coupons of which none was used, those that end first first."""
        touched = {each.campaign_id for each in profile.redeemed}
        found = [
            self.benefit(each.campaign_id, as_of=as_of, locale=locale)
            for each in profile.given
            if each.campaign_id not in touched
        ]
        return tuple(sorted((each for each in found if each), key=lambda each: (each.ends_on, each.campaign_id)))

    def benefit(self, campaign_id: str, *, as_of: datetime, locale: Locale) -> UnusedBenefit | None:
        """What a campaign gives, None when it does not run at the moment."""
        coupons = [each for each in self.campaigns.by_campaign.get(campaign_id, ()) if each.is_running(as_of)]
        if not coupons:
            return None
        ends_on = self._last_day(coupons[0])
        name = coupons[0].campaign_name or campaign_id
        words = {"count": len(coupons), "name": name, "day": ends_on.isoformat()}
        return UnusedBenefit(
            campaign_id=campaign_id,
            name=name,
            coupons=len(coupons),
            ends_on=ends_on,
            sentence=_UNUSED[locale].format(**words),
        )

    def _coupon(
        self, coupon: CampaignCoupon, how: Literal["given", "claimed"], chances: Mapping[tuple[str, str], float]
    ) -> HeldCoupon:
        key = (coupon.coupon_id, coupon.campaign_id)
        row = None if self.named is None else self.named.row_of.get(key)
        return HeldCoupon(
            coupon_id=coupon.coupon_id,
            campaign_id=coupon.campaign_id,
            name=coupon.coupon_id if self.named is None or row is None else self.named.names[row],
            how=how,
            ends_on=self._last_day(coupon),
            discount_type=coupon.discount_type,
            face_value=coupon.face_value,
            chance=chances.get(key),
        )

    def _chances(self, packed: PackedMember | None) -> Mapping[tuple[str, str], float]:
        if packed is None or self.named is None or not packed.coupon_ids:
            return {}
        keys = list(self.named.row_of)
        values = packed.coupon_values
        return {
            keys[int(row)]: round(float(chance), 4)
            for row, chance in zip(values[:, CouponField.ROW], values[:, CouponField.EXPECTED], strict=True)
        }

    def _last_day(self, coupon: CampaignCoupon) -> date:
        # The first moment after a campaign is no part of it.
        return (coupon.ends_at - timedelta(seconds=1)).astimezone(self.zone).date()


def _unknown(coupon_id: str) -> HeldCoupon:
    """A coupon that was claimed and of which the tables know nothing."""
    return HeldCoupon(
        coupon_id=coupon_id,
        campaign_id=None,
        name=coupon_id,
        how="claimed",
        ends_on=None,
        discount_type=None,
        face_value=None,
        chance=None,
    )
