"""quality.json of a release: written and read, gathered from a training's tables, and what is missing stays away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import Settings, load_settings
from training.release.quality import (
    QUALITY_FILE,
    Comparison,
    Measure,
    MethodQuality,
    ModelQuality,
    PartQuality,
    ReleaseQuality,
    read_quality,
    write_quality,
)
from training.release.quality_gathering import quality_of
from training.release.shelf import release_folder, require_active_release
from training.tracking import Model, ModelVersion

AT = datetime(2017, 12, 31, 5, tzinfo=UTC)
OURS = MethodQuality(method="thousand-faces", kind="product", measures={"lift10": Measure(value=5.1, error=0.2)})
CARRIED = ReleaseQuality(
    models=(
        ModelQuality(
            model="purchase_propensity",
            number=2,
            trained_at=AT,
            learnt_until=AT,
            parts=(
                PartQuality(
                    part="propensity",
                    counted="targets",
                    comparisons=(Comparison(over="all", count=9, methods=(OURS,)),),
                ),
            ),
        ),
    )
)

PROPENSITY = pd.DataFrame(
    {
        "method": ["thousand-faces", "recency"],
        "kind": ["product", "baseline"],
        "auc": [0.83, 0.75],
        "ap": [0.3, 0.2],
        "lift10": [5.0, 4.0],
        "ece": [0.01, float("nan")],
        "auc_never": [0.7, 0.5],
        "lift10_error": [0.2, 0.3],
        "targets": [2, 2],
    }
)
BY_TARGET = pd.DataFrame(
    {
        "method": ["thousand-faces", "recency"] * 2,
        "kind": ["product", "baseline"] * 2,
        "target": ["a", "a", "b", "b"],
        "target_kind": ["brand", "brand", "brand", "brand"],
        **{name: [4.0, 2.0, 6.0, 3.0] for name in ("auc", "ap", "lift10", "ece", "auc_never")},
    }
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a tracking tells of every version."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)

    def tables_of(self, _version: ModelVersion) -> Mapping[str, pd.DataFrame]:
        return self.tables

    def params_of(self, _version: ModelVersion) -> Mapping[str, str]:
        return self.params

    def trained_at(self, _version: ModelVersion) -> datetime:
        return AT

    learnt_up_to = trained_at

    def not_evaluated_of(self, _version: ModelVersion) -> tuple[str, ...]:
        return ("a week is too early",)

    def fallbacks_of(self, _version: ModelVersion) -> tuple[str, ...]:
        return ()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


def gathered(settings: Settings, model: Model, told: Told) -> ModelQuality:
    version = ModelVersion(model=model, name=f"main.{model}", number=3, run_id="r")
    return quality_of(settings, told, [version]).models[0]  # type: ignore[arg-type]  # it tells all that is asked


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_quality(tmp_path, CARRIED)
    assert read_quality(tmp_path) == CARRIED
    part = CARRIED.part("propensity")
    assert part is not None
    assert part.overall is not None
    assert part.overall.ours == OURS
    assert CARRIED.part("launches") is None


def test_a_release_of_before_carries_none(tmp_path: Path) -> None:
    assert read_quality(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"models": 3}', b"\xff\xfe"])
def test_a_damaged_file_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / QUALITY_FILE).write_bytes(text)
    with pytest.raises(ReleaseDamaged, match=r"quality\.json cannot be read"):
        read_quality(tmp_path)


def test_a_training_s_tables_become_parts_with_errors_and_kinds_of_target(settings: Settings) -> None:
    found = gathered(
        settings,
        "purchase_propensity",
        Told(
            tables={
                "quality": PROPENSITY,
                "quality_by_target": BY_TARGET,
                "reliability": pd.DataFrame({"predicted": [0.2], "observed": [0.25], "rows": [40]}),
                "tenths": pd.DataFrame(
                    {"tenth": [1], "members": [4], "buyers": [2], "lift": [5.0], "lift_error": [0.2]}
                ),
            },
            params={"tested_on": "2017-12-04"},
        ),
    )
    (part,) = found.parts
    assert (part.part, part.tested_on, part.horizon_days) == ("propensity", (date(2017, 12, 4),), 28)
    overall, brands = part.comparisons
    assert (overall.over, overall.count, brands.over, brands.count) == ("all", 2, "brand", 2)
    assert overall.methods[0].measures["lift10"] == Measure(value=5.0, error=0.2)
    assert "ece" not in overall.methods[1].measures
    assert brands.methods[0].measures["lift10"] == Measure(value=5.0, error=1.0)
    assert (part.reliability[0].rows, part.tenths[0].lift) == (40, 5.0)
    assert found.not_measured == ("a week is too early",)


def test_a_version_trained_before_bins_were_kept_has_its_table_alone(settings: Settings) -> None:
    (part,) = gathered(settings, "purchase_propensity", Told(tables={"quality": PROPENSITY})).parts
    assert (part.reliability, part.tenths, len(part.comparisons)) == ((), (), 1)


@pytest.mark.parametrize("model", ["product_affinity", "purchase_propensity", "coupon_redemption"])
@pytest.mark.parametrize("table", [None, pd.DataFrame({"other": [1]}), PROPENSITY.iloc[:0]])
def test_tables_that_are_missing_or_of_another_shape_leave_their_part_out(
    settings: Settings, model: Model, table: pd.DataFrame | None
) -> None:
    tables = {} if table is None else {"quality": table}
    assert gathered(settings, model, Told(tables=tables)).parts == ()


def test_a_real_release_carries_the_figures_of_all_its_models(small_shop: MadeShop) -> None:
    paths = small_shop.settings.paths
    quality = read_quality(release_folder(paths, require_active_release(paths)))
    assert quality is not None
    for name, measure in (("recommendations", "hit"), ("propensity", "lift10"), ("redemption", "lift10")):
        part = quality.part(name)  # type: ignore[arg-type]  # they are parts
        assert part is not None
        assert part.overall is not None
        assert part.overall.ours is not None
        assert part.overall.ours.measures[measure].value > 0
        assert any(each.kind == "baseline" for each in part.overall.methods)
    for name in ("propensity", "redemption"):
        part = quality.part(name)  # type: ignore[arg-type]  # as above
        assert part is not None
        assert len(part.tenths) == 10
        assert sum(each.rows for each in part.reliability) > 0
    propensity = quality.part("propensity")
    assert propensity is not None
    assert propensity.overall is not None
    assert propensity.overall.ours is not None
    assert propensity.tenths[0].lift == pytest.approx(propensity.overall.ours.measures["lift10"].value)
