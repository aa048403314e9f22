"""The tables that a retailer hands over: columns, types, keys and grain, in one place.

Column names are spelled here and nowhere else as contract; validation, storage and the generated
page docs/tables.md derive from these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """The closed set of column types; the value is the DuckDB type that a table stores."""

    TEXT = "VARCHAR"
    MOMENT = "TIMESTAMPTZ"
    DAY = "DATE"
    MONEY = "DECIMAL(18,2)"
    QUANTITY = "DECIMAL(18,3)"
    WHOLE = "BIGINT"
    NUMBER = "DOUBLE"
    TRUTH = "BOOLEAN"
    TEXTS = "VARCHAR[]"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType
    sentence: str
    is_required: bool = False
    """The column must exist and no row may lack it."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A column whose value must stand in another table, when that table was handed over."""

    column: str
    table: str
    target: str


@dataclass(frozen=True, kw_only=True)
class TableContract:
    """One table: its grain, key and columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()
    keeps_attributes: bool = False
    """Unknown extra columns are kept in `attributes` and can be used in filters."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def _text(name: str, sentence: str, *, required: bool = False) -> Column:
    return Column(name=name, type=ColumnType.TEXT, sentence=sentence, is_required=required)


def _of(type_: ColumnType, name: str, sentence: str, *, required: bool = False) -> Column:
    return Column(name=name, type=type_, sentence=sentence, is_required=required)


_WHO = (
    _text("source", "channel that knows the member"),
    _text("source_id", "the member's id in that channel"),
    _text("member_id", "the member, when the retailer has resolved it already"),
)

ORDER_LINES = TableContract(
    name="order_lines",
    grain="product in an order",
    key=("order_id", "product_id"),
    columns=(
        _text("order_id", "the order", required=True),
        _text("product_id", "the product", required=True),
        _of(ColumnType.MOMENT, "ordered_at", "when it was ordered, UTC", required=True),
        _of(ColumnType.QUANTITY, "quantity", "pieces or weight; negative for a return", required=True),
        *_WHO,
        _of(ColumnType.MONEY, "amount", "paid for the line by the member"),
        _of(ColumnType.MONEY, "list_amount", "price of the line before any discount"),
        _of(ColumnType.MONEY, "discount_amount", "taken off by the retailer; what remains to `amount` was coupons"),
        _of(ColumnType.MONEY, "tax", "tax in the line"),
        _text("currency", "ISO 4217; the shop's currency when absent"),
        _text("coupon_id", "coupon used on the line"),
        _text("store_id", "store of the sale"),
        _text("channel", "channel of the sale"),
        _text("associate_id", "associate who sold it"),
    ),
    references=(Reference(column="product_id", table="products", target="product_id"),),
)

PRODUCTS = TableContract(
    name="products",
    grain="product",
    key=("product_id",),
    keeps_attributes=True,
    columns=(
        _text("product_id", "the product", required=True),
        _text("name", "name shown to members"),
        _text("brand", "brand or maker"),
        _text("department", "widest grouping"),
        _text("category", "grouping that audiences and shares use"),
        _text("subcategory", "narrowest grouping"),
        _text("attributes", "further attributes as a JSON object"),
    ),
)

PRODUCT_STATES = TableContract(
    name="product_states",
    grain="product, from a moment on",
    key=("product_id", "valid_from"),
    columns=(
        _text("product_id", "the product", required=True),
        _of(ColumnType.MOMENT, "valid_from", "from when this state holds", required=True),
        _of(ColumnType.MONEY, "price", "price of one piece"),
        _text("currency", "ISO 4217"),
        _of(ColumnType.TRUTH, "is_active", "may be sold"),
        _of(ColumnType.TRUTH, "in_stock", "can be delivered now"),
        _of(ColumnType.DAY, "launched_on", "first day of sale"),
    ),
    references=(Reference(column="product_id", table="products", target="product_id"),),
)

MEMBER_RECORDS = TableContract(
    name="member_records",
    grain="person as one channel knows them",
    key=("source", "source_id"),
    keeps_attributes=True,
    columns=(
        _text("source", "channel", required=True),
        _text("source_id", "the person's id in the channel", required=True),
        _text("phone_hash", "keyed hash of the phone number; the number itself is never stored"),
        _text("phone_encrypted", "the phone number, encrypted, for exports with consent"),
        _text("email_hash", "keyed hash of the e-mail address"),
        _text("email_encrypted", "the e-mail address, encrypted, for exports with consent"),
        _text("name_hash", "keyed hashes of the words of the person's name, which is handed over as `name`"),
        _text("name_encrypted", "the person's name, encrypted, for the single view"),
        _text("address_hash", "keyed hash of the postal address, which is handed over as `address`"),
        _text("wechat_openid", "WeChat openid"),
        _text("wechat_unionid", "WeChat unionid"),
        _text("card_no", "loyalty card"),
        _of(ColumnType.MOMENT, "joined_at", "when the person joined"),
        _text("joined_store_id", "store of joining"),
        _text("joined_via", "how the person joined"),
        _text("associate_id", "associate who looks after the person"),
        _text("referred_by_source", "channel of the person who brought this one"),
        _text("referred_by_id", "id of the person who brought this one"),
        _of(ColumnType.TRUTH, "is_staff", "works for the retailer"),
        _of(ColumnType.WHOLE, "birth_year", "year of birth"),
        _text("gender", "gender as stated"),
        _text("tier", "tier of the loyalty programme"),
        _of(ColumnType.TRUTH, "is_paid_member", "pays for membership"),
        _text("city", "city of residence"),
        _of(ColumnType.TRUTH, "consent_sms", "may be reached by SMS"),
        _of(ColumnType.TRUTH, "consent_email", "may be reached by e-mail"),
        _of(ColumnType.TRUTH, "consent_wechat", "may be reached by WeChat"),
        _of(ColumnType.MOMENT, "updated_at", "when the record was last changed"),
        _of(ColumnType.TRUTH, "is_synthetic", "contact data was generated, not collected"),
        _text("attributes", "further attributes as a JSON object"),
    ),
)

STORES = TableContract(
    name="stores",
    grain="store",
    key=("store_id",),
    columns=(
        _text("store_id", "the store", required=True),
        _text("name", "name"),
        _text("city", "city"),
        _text("region", "region"),
    ),
)

CAMPAIGNS = TableContract(
    name="campaigns",
    grain="campaign",
    key=("campaign_id",),
    columns=(
        _text("campaign_id", "the campaign", required=True),
        _of(ColumnType.DAY, "starts_on", "first day; unseen before it", required=True),
        _of(ColumnType.DAY, "ends_on", "last day", required=True),
        _text("name", "name"),
        _text("type", "kind of campaign"),
        _text("channel", "channel it runs in"),
    ),
)

CONTACTS = TableContract(
    name="contacts",
    grain="member reached (or held out) by a campaign",
    key=("campaign_id", "source", "source_id"),
    columns=(
        _text("campaign_id", "the campaign", required=True),
        *_WHO,
        _of(ColumnType.MOMENT, "contacted_at", "when the member was reached", required=True),
        _text("channel", "channel of the contact"),
        _of(ColumnType.TRUTH, "is_holdout", "was left out on purpose"),
    ),
    references=(Reference(column="campaign_id", table="campaigns", target="campaign_id"),),
)

COUPONS = TableContract(
    name="coupons",
    grain="coupon of a campaign",
    key=("coupon_id", "campaign_id"),
    columns=(
        _text("coupon_id", "the coupon", required=True),
        _text("campaign_id", "campaign that gave it out"),
        _of(ColumnType.DAY, "starts_on", "first day of use"),
        _of(ColumnType.DAY, "ends_on", "last day of use"),
        _text("discount_type", "percentage, amount or gift"),
        _of(ColumnType.MONEY, "face_value", "value"),
        _of(ColumnType.MONEY, "min_spend", "least spend"),
        _of(ColumnType.MONEY, "budget", "budget"),
    ),
    references=(Reference(column="campaign_id", table="campaigns", target="campaign_id"),),
)

COUPON_PRODUCTS = TableContract(
    name="coupon_products",
    grain="product that a coupon applies to",
    key=("coupon_id", "product_id", "campaign_id"),
    columns=(
        _text("coupon_id", "the coupon", required=True),
        _text("product_id", "the product", required=True),
        _text("campaign_id", "campaign that gave it out"),
    ),
    references=(Reference(column="product_id", table="products", target="product_id"),),
)

COUPON_REDEMPTIONS = TableContract(
    name="coupon_redemptions",
    grain="redemption",
    key=("coupon_id", "source", "source_id", "redeemed_at", "campaign_id"),
    columns=(
        _text("coupon_id", "the coupon", required=True),
        _of(ColumnType.MOMENT, "redeemed_at", "when it was redeemed", required=True),
        *_WHO,
        _text("order_id", "order it was used in"),
        _text("campaign_id", "campaign that gave it out"),
    ),
)

PROMOTIONS = TableContract(
    name="promotions",
    grain="product promoted in a week and store",
    key=("product_id", "week_on", "store_id"),
    columns=(
        _text("product_id", "the product", required=True),
        _of(ColumnType.DAY, "week_on", "first day of the week", required=True),
        _text("store_id", "the store"),
        _text("display", "place in the store; observed"),
        _text("mailer", "place in the mailer; known in advance"),
    ),
)

CONTENTS = TableContract(
    name="contents",
    grain="article, post, promotion or menu card",
    key=("content_id",),
    columns=(
        _text("content_id", "the content", required=True),
        _text("type", "article, post, promotion, menu card, ...", required=True),
        _text("title", "title shown to members"),
        _text("category", "product category that it is about"),
        _of(ColumnType.TEXTS, "product_ids", "products that it names; in CSV written [a, b]"),
        _of(ColumnType.MOMENT, "starts_at", "from when it is shown; always when absent"),
        _of(ColumnType.MOMENT, "ends_at", "until when it is shown; for good when absent"),
    ),
)

STOCK = TableContract(
    name="stock",
    grain="product in a store, from a moment on",
    key=("product_id", "store_id", "as_of"),
    columns=(
        _text("product_id", "the product", required=True),
        _text("store_id", "the store", required=True),
        _of(ColumnType.QUANTITY, "on_hand", "pieces or weight there; zero or less: none", required=True),
        _of(ColumnType.MOMENT, "as_of", "when it was counted; the latest count holds", required=True),
    ),
    references=(Reference(column="product_id", table="products", target="product_id"),),
)

MEMBER_FACTS = TableContract(
    name="member_facts",
    grain="measurement of a member at a moment",
    key=("source", "source_id", "name", "observed_at"),
    columns=(
        _text("source", "channel that knows the member", required=True),
        _text("source_id", "the member's id in that channel", required=True),
        _text("name", "what was measured: points, a skin test, a survey's question", required=True),
        _text("value", "what was found, a number or a word", required=True),
        _of(ColumnType.MOMENT, "observed_at", "when it was found; the latest holds", required=True),
    ),
)

ASSOCIATES = TableContract(
    name="associates",
    grain="associate",
    key=("associate_id",),
    columns=(
        _text("associate_id", "the associate", required=True),
        _text("store_id", "store where the associate works", required=True),
        _text("name", "name"),
        _text("source", "channel that knows the associate as a member"),
        _text("source_id", "the associate's id in that channel"),
    ),
    references=(Reference(column="store_id", table="stores", target="store_id"),),
)

EVENTS = TableContract(
    name="events",
    grain="behaviour of a person at a moment",
    key=("message_id",),
    columns=(
        _text("message_id", "the event; the same one twice counts once", required=True),
        _text("type", "name of the event, as Segment's e-commerce specification has it", required=True),
        _of(ColumnType.MOMENT, "occurred_at", "when it happened, UTC", required=True),
        _text("source", "channel that knows the person", required=True),
        _text("source_id", "the person's id in that channel", required=True),
        _text("product_id", "product that it is about"),
        _text("content_id", "content that it is about"),
        _text("coupon_id", "coupon that it is about"),
        _text("campaign_id", "campaign that it belongs to"),
        _text("store_id", "store where it happened"),
        _text("zone", "zone of the store"),
        _text("order_id", "order that it is about"),
        _text("recommendation_id", "recommendation that led to it"),
        _text("audience_id", "audience that led to it"),
        _text("properties", "what else is known, as a JSON object"),
    ),
)

CONTRACTS: dict[str, TableContract] = {
    contract.name: contract
    for contract in (
        PRODUCTS,
        STORES,
        MEMBER_RECORDS,
        CAMPAIGNS,
        ORDER_LINES,
        PRODUCT_STATES,
        CONTACTS,
        COUPONS,
        COUPON_PRODUCTS,
        COUPON_REDEMPTIONS,
        PROMOTIONS,
        CONTENTS,
        STOCK,
        MEMBER_FACTS,
        ASSOCIATES,
        EVENTS,
    )
}
"""Every table by name, referenced tables before those that refer to them."""
