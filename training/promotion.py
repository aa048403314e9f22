"""The promotion gate: a version comes into use unless it is worse than the champion beyond its own error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from features.contracts.clock import moment_text
from features.contracts.errors import NothingLoaded, WorseThanChampion
from training.tracking import Model, ModelVersion

PRIMARY = "primary"
PRIMARY_ERROR = "primary_standard_error"


class Registry(Protocol):
    """What promotion asks of `training.tracking.Tracking`."""

    def champion(self, model: Model) -> ModelVersion | None: ...

    def newest(self, model: Model) -> ModelVersion | None: ...

    def version(self, model: Model, number: int) -> ModelVersion: ...

    def metrics_of(self, version: ModelVersion) -> Mapping[str, float]: ...

    def set_champion(self, version: ModelVersion, *, note: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What was put in use, instead of what, and why."""

    promoted: ModelVersion
    previous: ModelVersion | None
    reason: str
    is_forced: bool = False


def promote(
    tracking: Registry, *, model: Model, version: int | None = None, force: bool = False, as_of: datetime
) -> Promotion:
    """Puts the newest version, or the one named, in use as champion.

    The first version is taken as it is. Raises WorseThanChampion when the champion's primary metric exceeds the
    candidate's by more than the candidate's standard error, or the candidate has none to compare, unless forced;
    NothingLoaded when there is nothing to promote.
    """
    candidate = tracking.newest(model) if version is None else tracking.version(model, version)
    if candidate is None:
        raise NothingLoaded(f"promote: no version of {model} is registered; run `faces train` first")
    champion = tracking.champion(model)
    if champion == candidate:
        return Promotion(promoted=candidate, previous=champion, reason="is the champion already")
    if champion is None:
        reason, is_worse = "first champion", False
    else:
        reason, is_worse = _compare(tracking, candidate, champion)
    if is_worse and not force:
        raise WorseThanChampion(f"promote: {reason}; train a better one, or force it")
    is_forced = is_worse and force
    note = f"as of {moment_text(as_of)}: {'forced, although ' if is_forced else ''}{reason}"
    tracking.set_champion(candidate, note=note)
    return Promotion(promoted=candidate, previous=champion, reason=reason, is_forced=is_forced)


def _compare(tracking: Registry, candidate: ModelVersion, champion: ModelVersion) -> tuple[str, bool]:
    """The comparison in words, and whether the candidate is worse beyond its error."""
    ours, theirs = tracking.metrics_of(candidate), tracking.metrics_of(champion)
    names = f"{candidate.name} version {candidate.number}", f"champion version {champion.number}"
    if PRIMARY not in theirs:
        return f"{names[1]} has no primary metric to compare with", False
    if PRIMARY not in ours:
        return f"{names[0]} has no primary metric, {names[1]} has {theirs[PRIMARY]:.4f}", True
    error = ours.get(PRIMARY_ERROR, 0.0)
    is_worse = theirs[PRIMARY] - ours[PRIMARY] > error
    verdict = "is worse than" if is_worse else "holds against"
    return (
        f"{names[0]} ({PRIMARY} {ours[PRIMARY]:.4f}, standard error {error:.4f}) {verdict} {names[1]} "
        f"({theirs[PRIMARY]:.4f})"
    ), is_worse
