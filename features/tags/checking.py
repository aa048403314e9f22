"""Whether the declared tags can be asked of the features, told before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.contracts.errors import BadRequest, SettingsError
from features.contracts.filters.columns import Column, Columns, NumberColumn, TextColumn
from features.contracts.filters.mask import mask
from features.contracts.filters.names import names_in, unknown
from features.contracts.filters.parse import parse_filter
from features.contracts.tag_settings import TagSettings
from features.groups.declaration import FeatureGroup, FeatureType
from features.tags.category_columns import CATEGORY_GROUPS
from features.tags.fact_columns import FACT
from features.tags.feature_columns import MEMBER_GROUPS, groups_by_feature


def check_tags(tags: Mapping[str, TagSettings]) -> None:
    """Raises SettingsError naming the tag whose filter asks for what is no feature, or compares it with another type.

    Whether a fact is known is told by the data alone, when the tags are computed.
    """
    for name, tag in tags.items():
        known = _no_rows(groups_by_feature(*(CATEGORY_GROUPS if tag.per else MEMBER_GROUPS)))
        try:
            _check(tag, known)
        except BadRequest as error:
            raise wrong_tag(name, error) from error


def wrong_tag(name: str, error: BadRequest) -> SettingsError:
    """The error of a tag that cannot be computed."""
    return SettingsError(f"settings: tags.{name}.when: {error}")


def _check(tag: TagSettings, known: Mapping[str, Column]) -> None:
    condition = parse_filter(tag.when)
    facts = [name for name in names_in(condition) if name.text.startswith(FACT) and not tag.per]
    for name in names_in(condition):
        if name.text not in known and name not in facts:
            raise unknown(name, known)
    if not facts:
        mask(condition, Columns(size=0, by_name=known))


def _no_rows(groups: Mapping[str, FeatureGroup]) -> dict[str, Column]:
    texts = {each.name for group in groups.values() for each in group.features if each.type is FeatureType.TEXT}
    nothing = NumberColumn(numbers=np.empty(0))
    return {
        name: TextColumn(texts=(), codes=np.empty(0, dtype=np.int32)) if name in texts else nothing for name in groups
    }
