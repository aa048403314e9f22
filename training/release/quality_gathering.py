"""Gathers what the trainings of a release's models found out of their tracked tables."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pandas as pd

from features.contracts.clock import week_start
from features.contracts.settings import Settings
from training.evaluation.summary import ALL
from training.launches.past import BASE_HORIZON
from training.protocol import HORIZON
from training.recommendations.report import ORDER
from training.release.quality import (
    Bin,
    Comparison,
    Measure,
    MethodQuality,
    ModelQuality,
    PartQuality,
    ReleaseQuality,
    TenthOfMembers,
)
from training.tracking import RELIABILITY, TENTHS, ModelVersion, Tracking

MEASURES = {
    "recommendations": ("recall", "ndcg", "hit", "precision", "explore_recall", "coverage"),
    "propensity": ("auc", "ap", "lift10", "ece", "auc_never"),
    "launches": ("auc", "ap", "lift10", "ece"),
    "redemption": ("auc", "lift10", "ece"),
    "choice": ("hit1", "recall10"),
}
"""Measures of each part, the first being the one that it is judged by."""

Tables = Mapping[str, pd.DataFrame]


def quality_of(settings: Settings, tracking: Tracking, versions: Sequence[ModelVersion]) -> ReleaseQuality:
    """What the trainings of the versions found; a table that is missing or cannot be read leaves its part out."""
    return ReleaseQuality(models=tuple(_model(settings, tracking, version) for version in versions))


def _model(settings: Settings, tracking: Tracking, version: ModelVersion) -> ModelQuality:
    tables, params = tracking.tables_of(version), tracking.params_of(version)
    gather = {
        "product_affinity": _recommendations,
        "purchase_propensity": _propensity,
        "coupon_redemption": _coupons,
    }[version.model]
    parts: list[PartQuality] = []
    # a table of another shape says nothing that can be shown; the release is made all the same
    with contextlib.suppress(LookupError, ValueError, TypeError):
        parts.extend(gather(settings, tables, params))
    return ModelQuality(
        model=version.model,
        number=version.number,
        trained_at=tracking.trained_at(version),
        learnt_until=tracking.learnt_up_to(version),
        parts=tuple(parts),
        not_measured=tracking.not_evaluated_of(version),
        fallbacks=tracking.fallbacks_of(version),
    )


def _recommendations(settings: Settings, tables: Tables, _params: Mapping[str, str]) -> Iterator[PartQuality]:
    table = tables.get("quality")
    if table is None:
        return
    weeks = sorted({int(week) for week in table["week"] if str(week) != ALL})
    overall = table[table["week"].astype(str) == ALL].copy()
    overall["kind"] = ["product" if method == ORDER else "baseline" for method in overall["method"]]
    yield PartQuality(
        part="recommendations",
        counted="members",
        tested_on=tuple(
            week_start(week, anchor=settings.week_anchor).astimezone(settings.zone).date() for week in weeks
        ),
        horizon_days=HORIZON.days,
        comparisons=(
            Comparison(
                over=ALL,
                count=int(overall["members"].iloc[0]),
                methods=_methods(overall, MEASURES["recommendations"]),
            ),
        ),
    )


def _propensity(settings: Settings, tables: Tables, params: Mapping[str, str]) -> Iterator[PartQuality]:
    means, targets = tables.get("quality"), tables.get("quality_by_target")
    if means is not None:
        tested = params.get("tested_on")
        yield PartQuality(
            part="propensity",
            counted="targets",
            tested_on=(date.fromisoformat(tested),) if tested else (),
            horizon_days=settings.propensity.horizon_days,
            comparisons=(
                Comparison(
                    over=ALL, count=int(means["targets"].iloc[0]), methods=_methods(means, MEASURES["propensity"])
                ),
                *(() if targets is None else _by_kind(targets)),
            ),
            reliability=_bins(tables.get(RELIABILITY)),
            tenths=_tenths(tables.get(TENTHS)),
        )
    if (launches := tables.get("launches")) is not None:
        yield PartQuality(
            part="launches",
            counted="launches",
            horizon_days=BASE_HORIZON,
            comparisons=(
                Comparison(
                    over=ALL, count=int(launches["launches"].iloc[0]), methods=_methods(launches, MEASURES["launches"])
                ),
            ),
            reliability=_bins(tables.get(f"launches_{RELIABILITY}")),
            tenths=_tenths(tables.get(f"launches_{TENTHS}")),
        )


def _coupons(_settings: Settings, tables: Tables, _params: Mapping[str, str]) -> Iterator[PartQuality]:
    table = tables.get("quality")
    if table is None:
        return
    redemption, choice = (table[table["task"] == task] for task in ("redemption", "choice"))
    yield PartQuality(
        part="redemption",
        counted="reached",
        comparisons=(
            Comparison(
                over=ALL, count=int(redemption["rows"].iloc[0]), methods=_methods(redemption, MEASURES["redemption"])
            ),
        ),
        reliability=_bins(tables.get(RELIABILITY)),
        tenths=_tenths(tables.get(TENTHS)),
    )
    yield PartQuality(
        part="choice",
        counted="reached",
        comparisons=(
            Comparison(over=ALL, count=int(choice["rows"].iloc[0]), methods=_methods(choice, MEASURES["choice"])),
        ),
    )


def _by_kind(targets: pd.DataFrame) -> Iterator[Comparison]:
    names = list(MEASURES["propensity"])
    for kind, rows in targets.groupby("target_kind", sort=True):
        grouped = rows.groupby("method", sort=False)
        table = pd.concat(
            [grouped["kind"].first(), grouped[names].mean(), grouped[names].sem().add_suffix("_error")], axis=1
        ).reset_index()
        count = int(rows["target"].nunique())
        yield Comparison(over=str(kind), count=count, methods=_methods(table, MEASURES["propensity"]))


def _methods(table: pd.DataFrame, measures: Sequence[str]) -> tuple[MethodQuality, ...]:
    return tuple(
        MethodQuality(
            method=str(row["method"]),
            kind=row["kind"],
            measures={
                name: Measure(value=value, error=_figure(row.get(f"{name}_error")))
                for name in measures
                if (value := _figure(row.get(name))) is not None
            },
        )
        for row in table.to_dict("records")
    )


def _bins(table: pd.DataFrame | None) -> tuple[Bin, ...]:
    return () if table is None else tuple(Bin.model_validate(row) for row in table.to_dict("records"))


def _tenths(table: pd.DataFrame | None) -> tuple[TenthOfMembers, ...]:
    return () if table is None else tuple(TenthOfMembers.model_validate(row) for row in table.to_dict("records"))


def _figure(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
