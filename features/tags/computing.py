"""Which members have which tags, as of one moment: features before it are all that is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.errors import BadRequest, NothingLoaded
from features.contracts.filters.columns import Columns, Mask
from features.contracts.filters.mask import mask
from features.contracts.filters.names import names_in
from features.contracts.filters.parse import parse_filter
from features.contracts.settings import Settings
from features.contracts.tag_settings import SEPARATOR, TagSettings
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild
from features.tags.category_columns import category_columns
from features.tags.checking import check_tags, wrong_tag
from features.tags.feature_columns import MEMBER_GROUPS, FeatureColumns, Ids, Rows

SCHEMA = pa.schema([("member_id", pa.string()), ("tags", pa.list_(pa.string()))])


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """Members with a tag: a row of the sorted ids, and the text, for each."""

    rows: Rows
    texts: pa.Array


def tags_at(settings: Settings, build: FeatureBuild, moment: datetime) -> pa.Table:
    """Rows of SCHEMA, one per member with a tag, sorted by id, the tags of each sorted.

    Somebody of whom no feature is known has none. Raises SettingsError for a tag that cannot be computed.
    """
    check_tags(settings.tags)
    ids = _known_members(build, moment)
    features = FeatureColumns(build, moment, ids)
    found = [
        *tagged_members(settings.tags, Columns(size=len(ids), by_name=features)),
        *_of_categories(settings, build, moment, ids),
    ]
    return _listed(ids, found)


def _known_members(build: FeatureBuild, moment: datetime) -> Ids:
    known = []
    for name in (*MEMBER_GROUPS, "member_facts"):
        try:
            file = build.known_snapshot(GROUPS[name], moment)
        except NothingLoaded:
            continue
        known.append(pc.unique(pq.read_table(file, columns=["member_id"]).column("member_id")))
    ids = pc.unique(pa.concat_arrays(known)) if known else pa.array([], pa.string())
    return np.sort(ids.to_numpy(zero_copy_only=False).astype(np.str_))


def tagged_members(tags: Mapping[str, TagSettings], columns: Columns) -> Iterator[Tagged]:
    """Of each tag that is none per category, in the order of the settings, the rows of `columns` that have it."""
    has_one: dict[str, Mask] = {}
    for name, tag in tags.items():
        if tag.per:
            continue
        try:
            holds = mask(parse_filter(tag.when), columns)
        except BadRequest as error:
            raise wrong_tag(name, error) from error
        if tag.group:
            earlier = has_one.get(tag.group, np.zeros(columns.size, dtype=np.bool_))
            holds = holds & ~earlier
            has_one[tag.group] = earlier | holds
        rows = np.flatnonzero(holds).astype(np.int64)
        yield Tagged(rows=rows, texts=pa.array([name] * len(rows), pa.string()))


def _of_categories(settings: Settings, build: FeatureBuild, moment: datetime, ids: Ids) -> Iterator[Tagged]:
    asked = {name: parse_filter(tag.when) for name, tag in settings.tags.items() if tag.per}
    if not asked:
        return
    names = frozenset(name.text for condition in asked.values() for name in names_in(condition))
    for keys, columns in category_columns(settings, build, moment, names=names):
        for name, condition in asked.items():
            chosen = keys.filter(pa.array(mask(condition, columns)))
            members = chosen.column("member_id").to_numpy(zero_copy_only=False).astype(np.str_)
            texts = pc.binary_join_element_wise(name, chosen.column("category").combine_chunks(), SEPARATOR)
            yield Tagged(rows=np.searchsorted(ids, members).astype(np.int64), texts=texts)


def _listed(ids: Ids, found: list[Tagged]) -> pa.Table:
    texts = pa.concat_arrays([each.texts.cast(pa.string()) for each in found]) if found else pa.array([], pa.string())
    rows: Rows = np.concatenate([each.rows for each in found]) if found else np.empty(0, dtype=np.int64)
    encoded = texts.dictionary_encode()
    different = np.asarray(encoded.dictionary.to_pylist(), dtype=object)
    place: npt.NDArray[np.int64] = np.empty(len(different), dtype=np.int64)
    place[np.argsort(different)] = np.arange(len(different))
    codes = place[encoded.indices.to_numpy(zero_copy_only=False)]
    order = np.lexsort((codes, rows))
    members, firsts = np.unique(rows[order], return_index=True)
    offsets = pa.array(np.append(firsts, len(order)), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, texts.take(pa.array(order)))
    return pa.table({"member_id": pa.array(ids[members], pa.string()), "tags": lists}, schema=SCHEMA)
