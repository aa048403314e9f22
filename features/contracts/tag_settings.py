"""The tags of settings.toml: names for kinds of members, each declared by a filter over features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from features.contracts.errors import BadRequest
from features.contracts.filters.parse import parse_filter
from features.contracts.near_names import near

TAG_NAME = r"^[a-z][a-z0-9_]{0,30}$"
SEPARATOR = ":"
"""Between a tag's name and the category that it is about, as in `lover:TEA`."""


class TagSettings(BaseModel):
    """One tag. `faces features` computes it; filters ask `tags has "new"`, audiences and rules name it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str = Field(
        min_length=1,
        description="which members have it, in the grammar of filters, over the features of docs/features.md and "
        "`facts.NAME`",
    )
    en: str = Field(min_length=1, description="what it says of a member, in English; `{category}` is the category")
    zh: str = Field(min_length=1, description="the same in Chinese")
    group: str = Field(
        "",
        pattern=r"^[a-z0-9_]{0,30}$",
        description="of the tags of a group a member has at most one, the first that holds in the order of the file",
    )
    per: Literal["", "category"] = Field(
        "",
        description="`category`: asked of each category that a member buys, with the features of member and category; "
        "the tag is then `NAME:CATEGORY`",
    )

    @field_validator("when")
    @classmethod
    def _is_understood(cls, when: str) -> str:
        try:
            parse_filter(when)
        except BadRequest as error:
            raise ValueError(str(error)) from error
        return when

    @model_validator(mode="after")
    def _one_of_many_is_in_no_group(self) -> TagSettings:
        if self.per and self.group:
            raise ValueError(f"a tag per {self.per} can hold several times and is in no group")
        return self


def declared_tag(tags: Mapping[str, TagSettings], tag: str) -> TagSettings | None:
    """The declaration behind a tag, `lover:TEA` among them; None when nothing declares it."""
    name, separator, _ = tag.partition(SEPARATOR)
    found = tags.get(name)
    return found if found is not None and bool(found.per) == bool(separator) else None


def refuse_undeclared(tags: Mapping[str, TagSettings], asked: Iterable[str], *, where: str) -> None:
    """Raises BadRequest, naming what is like it, for a tag that nothing declares; `where` it was asked for."""
    for tag in asked:
        if tag in tags and tags[tag].per:
            raise BadRequest(f"{where}: '{tag}' is a tag per {tags[tag].per}; name one, as '{tag}{SEPARATOR}TEA'")
        if declared_tag(tags, tag) is None:
            known = [name + (f"{SEPARATOR}{each.per.upper()}" if each.per else "") for name, each in tags.items()]
            told = f"there are: {', '.join(sorted(known))}" if known else "no tags are declared in the settings"
            raise BadRequest(f"{where}: there is no tag '{tag[:80]}'{near(tag, known)}; {told}")
