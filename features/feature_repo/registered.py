"""Every Feast object, one named line each: Feast finds module attributes and nothing else.

Views derive from the feature groups. Paths are relative to a feature build; `features.store.connection` puts the
build's folder in front when it registers them.
"""

from __future__ import annotations

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.data_format import ParquetFormat
from feast.types import Bytes, FeastType, Float64, Int64, String, UnixTimestamp

from features.groups.catalogue import GROUPS
from features.groups.declaration import JOIN_KEYS, SNAPSHOT_AT, FeatureGroup, FeatureType

WEEKLY_TTL = timedelta(days=7)
"""Near the snapshot interval: Feast's history joins every row inside it before it picks the latest."""

ONLINE_ONLY = "online-only.parquet"
"""Packed views are written to the online store directly; Feast asks for a source and never opens this one."""

TYPES: dict[FeatureType, FeastType] = {
    FeatureType.NUMBER: Float64,
    FeatureType.COUNT: Int64,
    FeatureType.MOMENT: UnixTimestamp,
    FeatureType.TEXT: String,
}


def _entity(name: str, join_key: str, sentence: str) -> Entity:
    return Entity(name=name, join_keys=[join_key], value_type=ValueType.STRING, description=sentence)


member = _entity("member", JOIN_KEYS["member"], "A member of the shop.")
product = _entity("product", JOIN_KEYS["product"], "A product of the shop.")
category = _entity("category", JOIN_KEYS["category"], "A product category of the shop.")
fact = _entity("fact", JOIN_KEYS["fact"], "Something that is measured of members.")
release = _entity(
    "release", "release_id", "A release; online rows are read only by the release they were written with."
)
person = _entity("person", "member_key", "A member's id, or the key of a person whom no release knows yet.")
identity = _entity("identity", "identity_key", "A channel's id or a phone hash that names a member.")

ENTITIES = {"member": member, "product": product, "category": category, "fact": fact}


def _view(group: FeatureGroup) -> FeatureView:
    source = FileSource(
        name=group.name,
        path=f"{group.name}/*.parquet",
        file_format=ParquetFormat(),
        timestamp_field=SNAPSHOT_AT,
    )
    keys = [Field(name=key, dtype=String) for key in group.keys]
    features = [Field(name=f.name, dtype=TYPES[f.type], description=f.sentence) for f in group.features]
    return FeatureView(
        name=group.name,
        entities=[ENTITIES[entity] for entity in group.entities],
        schema=[*keys, *features],
        source=source,
        ttl=WEEKLY_TTL,
        online=False,
        description=group.sentence,
    )


def _packed(
    name: str, entities: list[Entity], fields: dict[str, FeastType], sentence: str, *, pushed: bool = False
) -> FeatureView:
    source: FileSource | PushSource = FileSource(
        name=name, path=ONLINE_ONLY, file_format=ParquetFormat(), timestamp_field=SNAPSHOT_AT
    )
    if pushed:
        source = PushSource(name=f"{name}_events", batch_source=source)
    keys = [Field(name=entity.join_key, dtype=String) for entity in entities]
    return FeatureView(
        name=name,
        entities=entities,
        schema=[*keys, *(Field(name=field, dtype=dtype) for field, dtype in fields.items())],
        source=source,
        ttl=timedelta(0),
        online=True,
        description=sentence,
    )


member_value = _view(GROUPS["member_value"])
member_rhythm = _view(GROUPS["member_rhythm"])
member_mix = _view(GROUPS["member_mix"])
member_coupons = _view(GROUPS["member_coupons"])
member_category = _view(GROUPS["member_category"])
member_product = _view(GROUPS["member_product"])
product_facts = _view(GROUPS["product_facts"])
product_demand = _view(GROUPS["product_demand"])
category_demand = _view(GROUPS["category_demand"])
member_standing = _view(GROUPS["member_standing"])
member_taste = _view(GROUPS["member_taste"])
member_advocacy = _view(GROUPS["member_advocacy"])
member_facts = _view(GROUPS["member_facts"])

member_packed = _packed(
    "member_packed",
    [release, member],
    {"packed": Bytes},
    "All that a request reads of a member: features, candidates, coupons and latest purchases, as the release saw "
    "them, in the form of `features.store.packed_member`.",
)
member_profile = _packed(
    "member_profile",
    [release, member],
    {"profile": Bytes},
    "What the single view shows of a member beside the features: identities, consent, tags, favourites, visits, facts "
    "and coupons, as the release saw them, in the form of `features.store.packed_profile`.",
)
member_identity = _packed(
    "member_identity",
    [release, identity],
    {"member_id": String},
    "The member behind a channel's id or a phone hash.",
)
member_now = _packed(
    "member_now",
    [person],
    {"packed": Bytes},
    "What a member just did: products viewed, put in the basket and bought, the store and the zone, each with its "
    "time, in the form of `features.store.member_now`. Never materialized: rebuilt from a member's events.",
    pushed=True,
)

product_affinity = FeatureService(
    name="product_affinity", features=[member_product], description="What the product affinity model learns from."
)
purchase_propensity = FeatureService(
    name="purchase_propensity",
    features=[member_value, member_rhythm, member_mix],
    description="What the purchase propensity model reads of a member, beside the cells of members and products.",
)
coupon_redemption = FeatureService(
    name="coupon_redemption",
    features=[member_value, member_mix, member_coupons],
    description="What the coupon redemption model learns from, beside the coupons themselves.",
)
member_page = FeatureService(
    name="member_page",
    features=[member_value, member_rhythm, member_mix],
    description="A member's own features: the online vector and the single view.",
)
product_matrix = FeatureService(
    name="product_matrix", features=[product_facts, product_demand], description="What a release knows of each product."
)
