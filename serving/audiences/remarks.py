"""What has to be said of an audience beside its figures, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

RemarkKind = Literal["warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A sentence in English and Chinese, with a code that stays when the words change."""

    code: str
    en: str
    zh: str

    def to_json(self, kind: RemarkKind) -> dict[str, str]:
        """The remark as answers show it."""
        return {"kind": kind, "code": self.code, "en": self.en, "zh": self.zh}


def distinct(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Each remark once, in the order in which it was made."""
    return tuple(dict.fromkeys(remarks))
