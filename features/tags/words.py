"""What a tag says of a member, in English and Chinese, and which of a member's tags is of a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from features.contracts.tag_settings import SEPARATOR, TagSettings, declared_tag

CATEGORY = "{category}"


@dataclass(frozen=True, kw_only=True)
class TagWords:
    """A tag's sentence in both languages."""

    en: str
    zh: str


def sentence_of(tags: Mapping[str, TagSettings], tag: str) -> TagWords:
    """The sentence of a tag, the category of `lover:TEA` in its place; a tag that nothing declares says its name."""
    declared = declared_tag(tags, tag)
    if declared is None:
        return TagWords(en=tag, zh=tag)
    _, _, category = tag.partition(SEPARATOR)
    return TagWords(en=declared.en.replace(CATEGORY, category), zh=declared.zh.replace(CATEGORY, category))


def tag_in_group(tags: Mapping[str, TagSettings], member_tags: Iterable[str], group: str) -> str | None:
    """The one of a member's tags that is of the group, as `at_risk` is of `lifecycle`; None when there is none."""
    return next((tag for tag in member_tags if tag in tags and tags[tag].group == group), None)
