"""The promotion gate over a registry of literal versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from features.contracts.errors import NothingLoaded, WorseThanChampion
from training.promotion import promote
from training.tracking import Model, ModelVersion

AS_OF = datetime(2017, 12, 31, 5, 0, tzinfo=UTC)
MODEL: Model = "product_affinity"


def version(number: int) -> ModelVersion:
    return ModelVersion(model=MODEL, name=f"main.{MODEL}", number=number, run_id=f"run-{number}")


@dataclass
class LiteralRegistry:
    """Versions 1..n with their metrics."""

    metrics: list[Mapping[str, float]]
    champion_number: int | None = None
    notes: dict[int, str] = field(default_factory=dict)

    def champion(self, model: Model) -> ModelVersion | None:
        assert model == MODEL
        return None if self.champion_number is None else version(self.champion_number)

    def newest(self, model: Model) -> ModelVersion | None:
        assert model == MODEL
        return version(len(self.metrics)) if self.metrics else None

    def version(self, model: Model, number: int) -> ModelVersion:
        assert model == MODEL
        return version(number)

    def metrics_of(self, version: ModelVersion) -> Mapping[str, float]:
        return self.metrics[version.number - 1]

    def set_champion(self, version: ModelVersion, *, note: str) -> None:
        self.champion_number = version.number
        self.notes[version.number] = note


def quality(primary: float, error: float = 0.01) -> Mapping[str, float]:
    return {"primary": primary, "primary_standard_error": error}


def test_the_first_version_becomes_champion_at_once() -> None:
    registry = LiteralRegistry([quality(0.01)])
    promotion = promote(registry, model=MODEL, as_of=AS_OF)
    assert (promotion.promoted, promotion.previous, registry.champion_number) == (version(1), None, 1)


def test_a_better_version_replaces_the_champion() -> None:
    registry = LiteralRegistry([quality(0.15), quality(0.16)], champion_number=1)
    promotion = promote(registry, model=MODEL, as_of=AS_OF)
    assert (promotion.promoted, promotion.previous, registry.champion_number) == (version(2), version(1), 2)


def test_a_version_worse_within_its_error_is_taken() -> None:
    registry = LiteralRegistry([quality(0.150), quality(0.145, error=0.006)], champion_number=1)
    promote(registry, model=MODEL, as_of=AS_OF)
    assert registry.champion_number == 2


def test_a_version_worse_by_just_its_error_is_taken() -> None:
    registry = LiteralRegistry([quality(0.5), quality(0.25, error=0.25)], champion_number=1)
    promote(registry, model=MODEL, as_of=AS_OF)
    assert registry.champion_number == 2


def test_a_version_worse_beyond_its_error_is_refused_with_numbers() -> None:
    registry = LiteralRegistry([quality(0.150), quality(0.140, error=0.006)], champion_number=1)
    with pytest.raises(WorseThanChampion, match=r"version 2 \(primary 0.1400, standard error 0.0060\).*0.1500"):
        promote(registry, model=MODEL, as_of=AS_OF)
    assert registry.champion_number == 1


def test_a_version_without_a_primary_metric_does_not_replace_one_that_has_it() -> None:
    registry = LiteralRegistry([quality(0.15), {}], champion_number=1)
    with pytest.raises(WorseThanChampion, match="version 2 has no primary metric"):
        promote(registry, model=MODEL, as_of=AS_OF)


def test_force_promotes_the_worse_version_and_says_so_in_its_note() -> None:
    registry = LiteralRegistry([quality(0.150), quality(0.10)], champion_number=1)
    promotion = promote(registry, model=MODEL, force=True, as_of=AS_OF)
    assert promotion.is_forced
    assert registry.champion_number == 2
    assert registry.notes[2].startswith("as of 2017-12-31T05:00:00Z: forced, although")


def test_force_that_was_not_needed_is_not_recorded_as_forced() -> None:
    registry = LiteralRegistry([quality(0.15), quality(0.16)], champion_number=1)
    assert not promote(registry, model=MODEL, force=True, as_of=AS_OF).is_forced
    assert "forced" not in registry.notes[2]


def test_a_named_version_is_promoted_instead_of_the_newest() -> None:
    registry = LiteralRegistry([quality(0.15), quality(0.14), quality(0.10)], champion_number=2)
    assert promote(registry, model=MODEL, version=1, as_of=AS_OF).promoted == version(1)


def test_the_champion_stays_when_it_is_the_newest() -> None:
    registry = LiteralRegistry([quality(0.15)], champion_number=1)
    promotion = promote(registry, model=MODEL, as_of=AS_OF)
    assert promotion.promoted == promotion.previous == version(1)
    assert registry.notes == {}


def test_nothing_registered_is_refused() -> None:
    with pytest.raises(NothingLoaded, match="faces train"):
        promote(LiteralRegistry([]), model=MODEL, as_of=AS_OF)
