"""The session's shop with ids, numbers and names that cannot be mistaken for anything else: a folder of its tables."""

from __future__ import annotations

from pathlib import Path

import duckdb

POS_ID = "member-to-forget-7f3a"
APP_ID = "app-user-to-forget-91c2"
OTHER = "somebody-else-"
"""Ids of the others begin so."""
PHONE = "+14155552671"
EMAIL = "forget.me.7f3a@example.org"
OPENID = "openid-to-forget-55d1"
UNIONID = "unionid-to-forget-77aa"
CARD = "card-to-forget-4242"
NAME = "Forgetta Zzyxwald"
ADDRESS = "4242 Forgotten Lane, Oblivion"
FACT = "fact-value-to-forget-0815"

EXAMPLE = "88"
"""The household that is given those names: one with many orders, redemptions and campaigns."""

_WHO = f"CASE WHEN source_id = '{EXAMPLE}' THEN '{POS_ID}' ELSE '{OTHER}' || source_id END"

_RECORDS = f"""
SELECT 'pos' AS source, {_WHO} AS source_id,
    CASE WHEN source_id = '{EXAMPLE}' THEN '{PHONE}' ELSE '+1415556' || lpad(source_id, 4, '0') END AS phone,
    CASE WHEN source_id = '{EXAMPLE}' THEN '{EMAIL}' END AS email,
    CASE WHEN source_id = '{EXAMPLE}' THEN '{CARD}' END AS card_no,
    CASE WHEN source_id = '{EXAMPLE}' THEN '{UNIONID}' END AS wechat_unionid,
    CASE WHEN source_id = '{EXAMPLE}' THEN '{NAME}' END AS name,
    CASE WHEN source_id = '{EXAMPLE}' THEN '{ADDRESS}' END AS address,
    -- somebody was brought by the member, and must not remember it
    CASE WHEN source_id = '113' THEN 'pos' END AS referred_by_source,
    CASE WHEN source_id = '113' THEN '{POS_ID}' END AS referred_by_id,
    NULL::VARCHAR AS wechat_openid, true AS consent_sms, true AS consent_email, true AS consent_wechat,
    '2016-12-01 10:00:00' AS joined_at
FROM (SELECT DISTINCT source_id FROM '{{tables}}/order_lines.parquet')
UNION ALL BY NAME
SELECT 'app' AS source, '{APP_ID}' AS source_id, '{PHONE}' AS phone, '{OPENID}' AS wechat_openid,
    '{UNIONID}' AS wechat_unionid, '2016-12-05 10:00:00' AS joined_at
"""

_TABLES = {
    "order_lines": "SELECT * EXCLUDE (source, source_id, member_id, associate_id), 'pos' AS source, "
    f"{_WHO} AS source_id FROM '{{tables}}/order_lines.parquet'",
    "products": "SELECT * EXCLUDE (attributes) FROM '{tables}/products.parquet' "
    "SEMI JOIN '{tables}/order_lines.parquet' USING (product_id)",
    "campaigns": "SELECT * FROM '{tables}/campaigns.parquet'",
    "contacts": "SELECT * EXCLUDE (source, source_id, member_id), 'pos' AS source, "
    f"{_WHO} AS source_id FROM '{{tables}}/contacts.parquet'",
    "coupons": "SELECT * FROM '{tables}/coupons.parquet'",
    "coupon_redemptions": "SELECT * EXCLUDE (source, source_id, member_id), 'pos' AS source, "
    f"{_WHO} AS source_id FROM '{{tables}}/coupon_redemptions.parquet'",
    "stores": "SELECT * FROM '{tables}/stores.parquet'",
    "member_records": _RECORDS,
    "member_facts": f"SELECT 'app' AS source, '{APP_ID}' AS source_id, 'skin' AS name, '{FACT}' AS value, "
    "'2017-05-01 10:00:00' AS observed_at",
    "associates": f"SELECT 'clerk-1' AS associate_id, '367' AS store_id, 'pos' AS source, '{POS_ID}' AS source_id",
}


def write_telling_shop(tables: Path, folder: Path) -> Path:
    """Writes the folder from the session shop's tables and returns it."""
    folder.mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, sql in _TABLES.items():
            con.execute(f"COPY ({sql.replace('{tables}', str(tables))}) TO '{folder / name}.parquet' (FORMAT parquet)")
    return folder
