"""What the models of a release were worth when they were tested: one small file that a page can be made of."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from features.contracts.atomic import write_text
from features.contracts.errors import ReleaseDamaged

QUALITY_FILE = "quality.json"

Part = Literal["recommendations", "propensity", "launches", "redemption", "choice"]
"""What a model is asked: `redemption` who uses a coupon, `choice` which one."""
MethodKind = Literal["product", "baseline", "variant"]
ALL = "all"


class _Carried(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Measure(_Carried):
    """A figure with its standard error, where that is known."""

    value: float
    error: float | None = None


class MethodQuality(_Carried):
    """What one way of choosing was worth; a measure that has no meaning for it is missing."""

    method: str
    kind: MethodKind
    measures: dict[str, Measure]


class Comparison(_Carried):
    """The model beside what is simpler, over the same rows."""

    over: str
    """`all`, or a kind of target."""
    count: int | None
    """Members, targets, launches or reached members that were measured; `PartQuality.counted` says which."""
    methods: tuple[MethodQuality, ...]

    @property
    def ours(self) -> MethodQuality | None:
        """The model's own row."""
        return next((each for each in self.methods if each.kind == "product"), None)


class Bin(_Carried):
    """Rows of about the same probability: what was said, and what share came true."""

    predicted: float
    observed: float
    rows: int


class TenthOfMembers(_Carried):
    """One tenth of the ranked members; `lift`: share of buyers in it over that of all."""

    tenth: int
    members: int
    buyers: int
    lift: float
    lift_error: float


class PartQuality(_Carried):
    """One thing that a model answers, measured on what came after everything that it had learnt from."""

    part: Part
    counted: Literal["members", "targets", "launches", "reached"]
    tested_on: tuple[date, ...] = ()
    """First days of the weeks that were predicted."""
    horizon_days: int | None = None
    comparisons: tuple[Comparison, ...]
    reliability: tuple[Bin, ...] = ()
    """Empty where the model was trained before this was kept, and where it tells no probabilities."""
    tenths: tuple[TenthOfMembers, ...] = ()

    @property
    def overall(self) -> Comparison | None:
        """The comparison over everything."""
        return next((each for each in self.comparisons if each.over == ALL), None)


class ModelQuality(_Carried):
    """One model of a release."""

    model: str
    number: int
    trained_at: datetime
    learnt_until: datetime
    """The moment that its data ends at."""
    parts: tuple[PartQuality, ...]
    not_measured: tuple[str, ...] = ()
    """What its training could not evaluate, in sentences."""
    fallbacks: tuple[str, ...] = ()


class ReleaseQuality(_Carried):
    """The contents of quality.json."""

    models: tuple[ModelQuality, ...]

    def part(self, name: Part) -> PartQuality | None:
        """One thing that the models answer; None where it was not measured."""
        return next((part for model in self.models for part in model.parts if part.part == name), None)


def write_quality(folder: Path, quality: ReleaseQuality) -> None:
    """Writes quality.json into a release folder."""
    write_text(folder / QUALITY_FILE, quality.model_dump_json(indent=1) + "\n")


def read_quality(folder: Path) -> ReleaseQuality | None:
    """The quality that a release carries, None in one made before this was kept. Raises ReleaseDamaged."""
    try:
        return ReleaseQuality.model_validate_json((folder / QUALITY_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        raise ReleaseDamaged(f"release {folder.name}: {QUALITY_FILE} cannot be read; run `faces release`") from error
