"""GET /v1/tags: the kinds of members that audiences and rules can name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.contracts.tag_settings import TagSettings
from features.snapshots import FeatureBuild, current_build
from features.tags.counts import TagCount, tag_counts
from features.tags.stored import tags_file
from serving.api.access import AudiencesKey, State
from serving.api.answering import failures, json_answer

router = APIRouter(tags=["audiences"])

MOST_VALUES = 200


class TagSentence(BaseModel):
    """The same in both languages; `{category}` stands for the category of a tag per category."""

    en: str
    zh: str


class TagValueAnswer(BaseModel):
    """A tag of one category."""

    name: str = Field(description="as `lover:TEA`")
    members: int


class DeclaredTagAnswer(BaseModel):
    """A tag."""

    name: str = Field(description='send it in `population.tags`, or ask `tags has "..."` in a filter')
    group: str | None = Field(description="a member has at most one tag of a group")
    per: str | None = Field(description="`category`: the tag is `name:CATEGORY`, each of them in `values`")
    sentence: TagSentence
    members: int | None = Field(description="members who have it; null until `faces features` has computed it")
    values: list[TagValueAnswer] = Field(description=f"most members first, {MOST_VALUES} at most")


class TagsAnswer(BaseModel):
    """The tags that the settings declare."""

    as_of: str | None = Field(description="the moment that the members are counted at; null before `faces features`")
    items: list[DeclaredTagAnswer]
    next_cursor: str | None = Field(description="always null: all are listed")


@router.get("/v1/tags", response_model=TagsAnswer, responses=failures())
def list_tags(state: State, _key: AudiencesKey) -> Response:
    """List the tags of members, what each says, and how many have it."""
    settings = state.settings
    try:
        build = current_build(settings.paths)
    except NothingLoaded:
        build = None
    counts = {} if build is None else {count.name: count for count in _counts(settings, build)}
    items = [_item(settings, name, counts.get(name)) for name in settings.tags]
    as_of = None if build is None else moment_text(build.as_of)
    return json_answer({"as_of": as_of, "items": items, "next_cursor": None})


def _item(settings: Settings, name: str, count: TagCount | None) -> dict[str, Any]:
    # `Any` because JSON is
    tag = settings.tags[name]
    values = count.values[:MOST_VALUES] if count else ()
    return {
        "name": name,
        "group": tag.group or None,
        "per": tag.per or None,
        "sentence": {"en": tag.en, "zh": tag.zh},
        "members": count.members if count else None,
        "values": [{"name": value, "members": members} for value, members in values],
    }


def _counts(settings: Settings, build: FeatureBuild) -> tuple[TagCount, ...]:
    file = tags_file(settings.tags, build, build.as_of)
    if not file.is_file():
        return ()
    return _counted(file, file.stat().st_mtime_ns, tuple(settings.tags.items()))


@lru_cache(maxsize=4)
def _counted(file: Path, _written: int, tags: tuple[tuple[str, TagSettings], ...]) -> tuple[TagCount, ...]:
    # a million members' tags are not counted for every answer
    return tuple(tag_counts(dict(tags), pq.read_table(file)))
