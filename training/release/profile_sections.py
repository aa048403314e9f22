"""The parts of a member's profile as SQL over the tables of `profile_tables`: one row per member that has the part.

Each query yields member_id and one column, named as the field of `features.store.packed_profile.MemberProfile`.
"""

from __future__ import annotations

MOST_VISITS = 5
MOST_FAVOURITES = 5
MOST_FACTS = 50
MOST_VISIT_HOURS = 200
DAYS_OF_VISITS = 364
"""Whole weeks: each is as long as the others."""

_CHANNELS = {
    "sms": ("consent_sms", "phone_hash"),
    "email": ("consent_email", "email_hash"),
    "wechat": ("consent_wechat", "wechat_openid"),
}
"""Per channel: the column that says yes or no, and the contact that two records share."""


def _second(moment: str) -> str:
    return f"epoch({moment})::BIGINT"


def _said(channel: str) -> str:
    """Yes when a record may be told as exports decide it, else no when one says no, else yes without a contact."""
    consent, contact = _CHANNELS[channel]
    refused = f"SELECT {contact} FROM member_records WHERE {consent} = false AND {contact} IS NOT NULL"
    is_refused = f"{contact} IN ({refused})"
    return (
        f"CASE WHEN bool_or({consent} AND {contact} IS NOT NULL AND NOT coalesce({is_refused}, false)) THEN true "
        f"WHEN bool_or(coalesce({consent} = false, false) OR coalesce({is_refused}, false)) THEN false "
        f"WHEN bool_or({consent}) THEN true END"
    )


_IDENTITIES = """
SELECT member_id, list({'source': source, 'source_id': source_id} ORDER BY source, source_id) AS identities
FROM member_ids GROUP BY member_id
"""
_CONSENT = f"""
SELECT member_id, {{'sms': {_said("sms")}, 'email': {_said("email")}, 'wechat': {_said("wechat")}}} AS consent
FROM member_records JOIN member_ids USING (source, source_id) GROUP BY member_id
"""
_CONTACT = """
SELECT member_id, {
    'has_phone': phone_hash IS NOT NULL, 'phone': phone_encrypted, 'has_email': email_hash IS NOT NULL,
    'email': email_encrypted, 'name': name_encrypted, 'has_wechat': wechat_openid IS NOT NULL,
    'is_synthetic': coalesce(is_synthetic, false)
} AS contact FROM members
"""
_ATTRIBUTES = """
SELECT member_id, {
    'gender': gender, 'birth_year': birth_year, 'city': city, 'tier': tier, 'is_paid_member': is_paid_member,
    'is_staff': is_staff, 'card_no': card_no, 'further': attributes
} AS attributes FROM members
"""
_JOINED = f"""
SELECT member.member_id, {{
    'at': {_second("member.joined_at")}, 'store_id': member.joined_store_id, 'via': member.joined_via,
    'associate_id': member.associate_id, 'associate_name': associate.name, 'brought_by': brought.member_id
}} AS joined
FROM members AS member
LEFT JOIN (SELECT associate_id, any_value(name) AS name FROM associates GROUP BY associate_id) AS associate
    USING (associate_id)
LEFT JOIN member_ids AS brought
    ON brought.source = member.referred_by_source AND brought.source_id = member.referred_by_id
"""
_HOME = """
SELECT member_id, coalesce(top_store_id, joined_store_id) AS home_store_id
FROM members LEFT JOIN member_mix USING (member_id) WHERE coalesce(top_store_id, joined_store_id) IS NOT NULL
"""
_TAGS = "SELECT member_id, tags FROM given_tags"
_FAVOURITES = f"""
SELECT member_id, list({{
    'category': category, 'spend_share': CASE WHEN isfinite(spend_share) THEN round(spend_share, 4) END,
    'orders_365d': orders_365d
}} ORDER BY place) AS favourites
FROM (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY spend_365d DESC NULLS LAST, category) AS place
    FROM member_category
) WHERE place <= {MOST_FAVOURITES} GROUP BY member_id
"""
_RHYTHM = f"""
SELECT member_id, {{
    'last_visited_at': {_second("last_visited_at")},
    'gap_days': CASE WHEN isfinite(gap_days) THEN round(gap_days, 2) END,
    'next_expected_at': {_second("next_expected_at")}
}} AS rhythm FROM member_rhythm WHERE last_visited_at IS NOT NULL
"""
_VISITS = f"""
SELECT member_id, list({{
    'order_id': order_id, 'ordered_at': {_second("ordered_at")}, 'store_id': store_id,
    'spend': CASE WHEN isfinite(spend) THEN round(spend, 2) END
}} ORDER BY place) AS visits
FROM (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY ordered_at DESC, order_id) AS place
    FROM visits, now WHERE ordered_at < as_of
) WHERE place <= {MOST_VISITS} GROUP BY member_id
"""
_VISIT_HOURS = f"""
SELECT member_id, list(coalesce(later - hour, hour) ORDER BY place) AS visit_hours
FROM (
    SELECT member_id, hour, row_number() OVER member AS place, lag(hour) OVER member AS later
    FROM (
        SELECT member_id, order_id, floor(epoch(timezone(zone, ordered_at)) / 3600)::BIGINT AS hour FROM visits, now
        WHERE ordered_at < as_of AND ordered_at >= as_of - INTERVAL {DAYS_OF_VISITS} DAY AND member_id IS NOT NULL
    )
    WINDOW member AS (PARTITION BY member_id ORDER BY hour DESC, order_id)
) WHERE place <= {MOST_VISIT_HOURS} GROUP BY member_id
"""
_FACTS = f"""
SELECT member_id, list({{
    'name': fact, 'value': value, 'observed_at': {_second("observed_at")}
}} ORDER BY fact) AS facts
FROM (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY observed_at DESC, fact) AS place FROM member_facts
) WHERE place <= {MOST_FACTS} GROUP BY member_id
"""
GIVEN = """
SELECT campaign_id, member_id, contacted_at FROM contact JOIN campaign USING (campaign_id) SEMI JOIN coupon
    USING (campaign_id), now WHERE ends_at > as_of AND contacted_at <= as_of
"""
"""Campaigns with coupons that are not over, and the members that they were given to."""
REDEEMED = """
SELECT DISTINCT campaign_id, coupon_id, member_id FROM redemption JOIN campaign USING (campaign_id), now
    WHERE ends_at > as_of AND redeemed_at < as_of
"""
_GIVEN = f"""
SELECT member_id, list({{'campaign_id': campaign_id, 'given_at': {_second("contacted_at")}}}
    ORDER BY campaign_id) AS given
FROM ({GIVEN}) GROUP BY member_id
"""
_REDEEMED = f"""
SELECT member_id, list({{'campaign_id': campaign_id, 'coupon_id': coupon_id}}
    ORDER BY campaign_id, coupon_id) AS redeemed
FROM ({REDEEMED}) GROUP BY member_id
"""

SECTIONS: dict[str, str] = {
    "identities": _IDENTITIES,
    "contact": _CONTACT,
    "consent": _CONSENT,
    "attributes": _ATTRIBUTES,
    "joined": _JOINED,
    "home_store_id": _HOME,
    "tags": _TAGS,
    "favourites": _FAVOURITES,
    "rhythm": _RHYTHM,
    "visits": _VISITS,
    "visit_hours": _VISIT_HOURS,
    "facts": _FACTS,
    "given": _GIVEN,
    "redeemed": _REDEEMED,
}
"""Every part of a profile by its field's name."""
