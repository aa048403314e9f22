"""What every feature group promises, whatever it computes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from literal_shop import AS_OF, literal_shop

from features.groups.catalogue import GROUPS
from features.groups.compile import spark_sql
from features.groups.declaration import FeatureGroup, FeatureType

ALL = [pytest.param(group, id=group.name) for group in GROUPS.values()]


def rows_of(group: FeatureGroup, *, as_of: datetime = AS_OF, until: datetime | None = None) -> pd.DataFrame:
    rows = group.expression(literal_shop(until=until), as_of).to_pandas()
    return rows.sort_values(list(group.keys), ignore_index=True)


@pytest.mark.parametrize("group", ALL)
def test_there_is_one_row_per_key(group: FeatureGroup) -> None:
    rows = rows_of(group)
    assert len(rows) > 0
    assert not rows.duplicated(list(group.keys)).any()
    assert rows[list(group.keys)].notna().all(axis=None)


@pytest.mark.parametrize("group", ALL)
def test_the_columns_are_the_declared_ones(group: FeatureGroup) -> None:
    assert list(rows_of(group).columns) == list(group.columns)


@pytest.mark.parametrize("group", ALL)
@pytest.mark.parametrize("days", [0, 20, 31], ids=lambda days: f"{days} days earlier")
def test_dropping_every_line_after_the_moment_changes_nothing(group: FeatureGroup, days: int) -> None:
    as_of = AS_OF - timedelta(days=days)
    pd.testing.assert_frame_equal(rows_of(group, as_of=as_of), rows_of(group, as_of=as_of, until=as_of))


@pytest.mark.parametrize("group", ALL)
def test_later_lines_change_what_is_known_later(group: FeatureGroup) -> None:
    later = AS_OF + timedelta(days=30)
    assert not rows_of(group, as_of=later).equals(rows_of(group, as_of=later, until=AS_OF))


@pytest.mark.parametrize("group", ALL)
def test_the_inputs_are_not_modified(group: FeatureGroup) -> None:
    tables = literal_shop()
    before = tables.purchases.to_pandas()
    group.expression(tables, AS_OF).to_pandas()
    pd.testing.assert_frame_equal(tables.purchases.to_pandas(), before)


@pytest.mark.parametrize("group", ALL)
def test_moments_lie_before_the_moment_of_asking(group: FeatureGroup) -> None:
    rows = rows_of(group)
    known = [f.name for f in group.features if f.type is FeatureType.MOMENT and not f.name.startswith("next_")]
    for name in known:
        assert (rows[name].dropna() < pd.Timestamp(AS_OF)).all(), name


@pytest.mark.parametrize("group", ALL)
def test_it_compiles_for_spark(group: FeatureGroup) -> None:
    assert "SELECT" in spark_sql(group, as_of=AS_OF)


@pytest.mark.parametrize("group", ALL)
def test_every_feature_has_a_unit_and_a_sentence(group: FeatureGroup) -> None:
    for feature in (*group.features, *group.derived):
        assert feature.unit, feature.name
        assert len(feature.sentence) > 5, feature.name


@pytest.mark.parametrize("group", ALL)
def test_ids_are_no_features(group: FeatureGroup) -> None:
    numeric = set(group.numeric)
    assert not numeric & set(group.keys)
    assert not any(name.endswith("_id") for name in numeric)
