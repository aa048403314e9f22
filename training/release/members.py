"""Packs what a request reads of each member: features, candidates, latest purchases, and the ids that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from features.contracts.clock import days_since_epoch
from features.contracts.identifiers import normalised_card
from features.contracts.ids import MemberId, ProductId
from features.encoding import Encoding, Vectors
from features.groups.catalogue import GROUPS
from features.groups.declaration import FeatureType
from features.prepared import PURCHASES_FILE
from features.store.history import EVENT_TIMESTAMP, History
from features.store.online import PackedMember, identity_key
from training.affinity.candidates import MemberCandidates, Sources
from training.affinity.model import AffinityModel
from training.affinity.source import Scores
from training.protocol import Ids
from training.release.bought_before import bought_marks, bought_products

SERVICE = "member_page"
MEMBER_GROUPS = tuple(GROUPS[name] for name in ("member_value", "member_rhythm", "member_mix"))
ENCODING = Encoding(groups=MEMBER_GROUPS)
TEXT_NAMES = tuple(
    f"{group.name}__{feature.name}"
    for group in MEMBER_GROUPS
    for feature in group.features
    if feature.type is FeatureType.TEXT
)
"""Names of the packed texts, in order."""

Order = Callable[[Vectors, MemberCandidates, int], Scores]
"""Scores the unions of members whose encoded features are given; the number is the position of a union's first."""

_NAMING = ("phone_hash", "wechat_openid")
"""Columns of member_records by which requests name members, beside the card."""

RECENT_PURCHASES = 20
MEMBERS_PER_CHUNK = 2_000
"""Members packed at once: bounds the memory whatever the size of the shop."""


def packed_members(
    history: History,
    affinity: AffinityModel,
    sources: Sources,
    *,
    order: Order,
    as_of: datetime,
    only: Ids | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Iterator[list[PackedMember]]:
    """Every member with a purchase before `as_of`, in chunks, ordered by id; `order` cuts and orders the candidates.

    With `only` no other members are packed.
    """
    keys = history.keys_at("member_value", as_of)
    if only is not None:
        keys = keys[keys["member_id"].isin(only.astype(object))]
    for start in range(0, len(keys), MEMBERS_PER_CHUNK):
        chunk = keys.iloc[start : start + MEMBERS_PER_CHUNK]
        features = history.features_at(SERVICE, chunk.assign(**{EVENT_TIMESTAMP: pd.Timestamp(as_of)}))
        vectors = ENCODING.encode(features)
        candidates = affinity.candidates(
            sources, features["member_id"].to_numpy(dtype=np.str_), rank=partial(order, vectors)
        )
        recent = recent_purchases(history.build.folder, list(features["member_id"]), as_of=as_of)
        bought = bought_products(history.build.folder, list(features["member_id"]), as_of=as_of)
        yield _pack(features, vectors, candidates, recent, bought, as_of=as_of)
        progress(min(start + MEMBERS_PER_CHUNK, len(keys)), len(keys))


def recent_purchases(build_folder: Path, member_ids: list[str], *, as_of: datetime) -> pd.DataFrame:
    """The latest products of each member: member_id, product_ids, ordered_days (days since the epoch), newest first."""
    with duckdb.connect() as con:
        con.register("asked", pd.DataFrame({"member_id": member_ids}))
        return con.execute(
            """
            SELECT member_id,
                   list(product_id ORDER BY place) AS product_ids,
                   list(epoch(ordered_at) ORDER BY place) AS ordered_epochs
            FROM (
                SELECT member_id, product_id, ordered_at, row_number() OVER (
                    PARTITION BY member_id ORDER BY ordered_at DESC, spend DESC, product_id
                ) AS place
                FROM read_parquet($purchases) SEMI JOIN asked USING (member_id)
                WHERE ordered_at < $as_of
            )
            WHERE place <= $most GROUP BY member_id
            """,
            {"purchases": str(build_folder / PURCHASES_FILE), "as_of": as_of, "most": RECENT_PURCHASES},
        ).df()


def identities(tables_folder: Path) -> pd.DataFrame:
    """Every way to name a member but the member id itself: identity_key and member_id, one row per key.

    A phone hash, openid or card that several members share names nobody; an id of before a merge names the member of
    now.
    """
    ids, records, aliases = (
        tables_folder / f"{name}.parquet" for name in ("member_ids", "member_records", "member_aliases")
    )
    with duckdb.connect() as con:
        people = con.execute("SELECT source, source_id, member_id FROM read_parquet($file)", {"file": str(ids)}).df()
        named = {
            column: con.execute(
                f"SELECT {column}, any_value(member_id) AS member_id "
                "FROM read_parquet($records) JOIN read_parquet($ids) USING (source, source_id) "
                f"WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(DISTINCT member_id) = 1",
                {"records": str(records), "ids": str(ids)},
            ).df()
            for column in _NAMING
            if records.is_file()
        }
        if records.is_file():
            named["card_no"] = _cards(con, ids, records)
        if aliases.is_file():
            named["old_member_id"] = con.execute(
                "SELECT old_member_id, member_id FROM read_parquet($file)", {"file": str(aliases)}
            ).df()
    keys = [
        identity_key(source=source, source_id=own)
        for source, own in zip(people["source"], people["source_id"], strict=True)
    ]
    members = list(people["member_id"])
    for way, found in named.items():
        keys += [identity_key(**{way: each}) for each in found[way]]
        members += list(found["member_id"])
    return pd.DataFrame({"identity_key": keys, "member_id": members})


def _cards(con: duckdb.DuckDBPyConnection, ids: Path, records: Path) -> pd.DataFrame:
    """card_no, normalised, and the one member_id that has it."""
    found = con.execute(
        # a table of before may lack the column
        "SELECT DISTINCT card_no, member_id FROM (SELECT NULL::VARCHAR AS card_no WHERE false UNION ALL BY NAME "
        "SELECT * FROM read_parquet($records)) JOIN read_parquet($ids) USING (source, source_id) "
        "WHERE card_no IS NOT NULL",
        {"records": str(records), "ids": str(ids)},
    ).df()
    found["card_no"] = [normalised_card(each) for each in found["card_no"]]
    found = found.dropna(subset=["card_no"]).drop_duplicates()
    return found.drop_duplicates("card_no", keep=False)[["card_no", "member_id"]]


def _pack(
    features: pd.DataFrame,
    vectors: Vectors,
    candidates: MemberCandidates,
    recent: pd.DataFrame,
    bought_by: dict[str, list[str]],
    *,
    as_of: datetime,
) -> list[PackedMember]:
    texts = features[list(TEXT_NAMES)].fillna("").to_numpy(dtype=object)
    latest = recent.set_index("member_id")
    epoch = days_since_epoch(datetime.fromtimestamp(0, tz=as_of.tzinfo))
    packed = []
    for row, member_id in enumerate(features["member_id"]):
        found = candidates.of(row)
        bought = latest.loc[member_id]
        candidate_ids = tuple(ProductId(str(each)) for each in found.product_ids)
        packed.append(
            PackedMember(
                member_id=MemberId(member_id),
                as_of=as_of,
                vector=vectors[row],
                candidate_ids=candidate_ids,
                candidate_values=found.values,
                recent_product_ids=tuple(ProductId(each) for each in bought["product_ids"]),
                recent_ordered_days=tuple(epoch + seconds / 86_400 for seconds in bought["ordered_epochs"]),
                texts=tuple(texts[row]),
                bought_marks=bought_marks(bought_by[member_id], candidate_ids),
            )
        )
    return packed
