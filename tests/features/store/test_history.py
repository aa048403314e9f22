"""Features at past moments: the latest snapshot known by then, in the order asked for."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.errors import NothingLoaded
from features.groups.catalogue import GROUPS
from features.snapshots import current_build
from features.store.connection import registered_services, registered_views
from features.store.history import History, open_history

COLUMNS = {
    "member_value__orders_28d": "orders_28d",
    "member_value__spend_365d": "spend_365d",
    "member_value__last_ordered_at": "last_ordered_at",
}


@pytest.fixture(scope="module")
def history(small_shop: MadeShop) -> History:
    return open_history(small_shop.settings, current_build(small_shop.settings.paths))


def snapshot(history: History, moment: datetime) -> pd.DataFrame:
    return pd.read_parquet(history.build.snapshot(GROUPS["member_value"], moment)).set_index("member_id")


def at(history: History, rows: list[tuple[str, datetime]]) -> pd.DataFrame:
    asked = pd.DataFrame(
        {"member_id": [row[0] for row in rows], "event_timestamp": pd.to_datetime([row[1] for row in rows], utc=True)}
    )
    return history.features_at("member_page", asked)


@pytest.mark.parametrize(
    "late", [timedelta(0), timedelta(seconds=1), timedelta(days=3), timedelta(days=7, seconds=-1)], ids=str
)
def test_the_latest_snapshot_at_or_before_the_moment_is_taken(history: History, late: timedelta) -> None:
    week = history.build.moments[30]
    held = snapshot(history, week)
    found = at(history, [(member, week + late) for member in held.index])
    assert not held["spend_365d"].equals(snapshot(history, history.build.moments[31])["spend_365d"].reindex(held.index))
    for ours, theirs in COLUMNS.items():
        assert found[ours].tolist() == held[theirs].tolist()


def test_a_later_snapshot_is_never_taken(history: History) -> None:
    week, before = history.build.moments[30], history.build.moments[29]
    held = snapshot(history, before)
    found = at(history, [(member, week - timedelta(seconds=1)) for member in held.index])
    assert found["member_value__spend_365d"].tolist() == held["spend_365d"].tolist()


def test_a_member_who_came_later_has_nulls(history: History) -> None:
    weeks = history.build.moments
    first, later = snapshot(history, weeks[0]), snapshot(history, weeks[20])
    newcomers = sorted(set(later.index) - set(first.index))
    assert newcomers
    found = at(history, [(member, weeks[0]) for member in newcomers])
    assert found.drop(columns=["member_id", "event_timestamp"]).isna().all(axis=None)


def test_unknown_keys_and_moments_before_the_data_have_nulls(history: History) -> None:
    known = str(snapshot(history, history.build.moments[0]).index[0])
    long_before = history.build.moments[0] - timedelta(days=400)
    found = at(history, [("nobody", history.build.as_of), (known, long_before)])
    assert found["member_id"].tolist() == ["nobody", known]
    assert found.drop(columns=["member_id", "event_timestamp"]).isna().all(axis=None)


def test_rows_keep_their_order_and_each_its_own_moment(history: History) -> None:
    weeks = history.build.moments
    held = [snapshot(history, weeks[n]) for n in (25, 40)]
    members = sorted(set(held[0].index) & set(held[1].index))
    rows = [(member, 25 if n % 2 else 40) for n, member in enumerate(members)]
    rng = np.random.default_rng(5)
    rows = [rows[n] for n in rng.permutation(len(rows))] + [(members[0], 40), ("nobody", 25), (members[0], 25)]
    found = at(history, [(member, weeks[week] + timedelta(days=1)) for member, week in rows])
    assert found["member_id"].tolist() == [member for member, _ in rows]
    expected = [
        np.nan if member == "nobody" else held[0 if week == 25 else 1].loc[member, "spend_365d"]
        for member, week in rows
    ]
    np.testing.assert_array_equal(found["member_value__spend_365d"], expected)


def test_the_same_row_twice_comes_back_twice(history: History) -> None:
    moment = history.build.moments[30]
    member = str(snapshot(history, moment).index[0])
    found = at(history, [(member, moment)] * 3)
    assert found["member_value__spend_365d"].nunique() == 1
    assert len(found) == 3


def test_columns_beside_the_keys_come_back(history: History) -> None:
    moment = history.build.moments[30]
    members = list(snapshot(history, moment).index[:3])
    asked = pd.DataFrame({"member_id": members, "event_timestamp": pd.Timestamp(moment)})
    asked["is_bought"] = [True, False, True]
    assert history.features_at("member_page", asked)["is_bought"].tolist() == [True, False, True]


def test_keys_are_those_of_the_snapshot_in_order(history: History) -> None:
    moment = history.build.moments[30]
    keys = history.keys_at("member_category", moment)
    held = pd.read_parquet(history.build.snapshot(GROUPS["member_category"], moment))[["member_id", "category"]]
    assert list(keys.columns) == ["member_id", "category"]
    expected = sorted(held.itertuples(index=False, name=None))
    assert list(keys.itertuples(index=False, name=None)) == expected


def test_keys_at_a_moment_that_was_not_built_are_refused(history: History) -> None:
    with pytest.raises(NothingLoaded, match="no snapshot of member_value at 2017-08-0"):
        history.keys_at("member_value", datetime.fromisoformat("2017-08-02T00:00:00+00:00"))


def test_every_group_is_a_view_and_what_models_read_is_served(history: History) -> None:
    views = registered_views(history.build.folder)
    assert set(GROUPS) <= set(views)
    served = {
        projection.name for service in registered_services().values() for projection in service.feature_view_projections
    }
    # What is told of categories is read from the snapshots themselves: an audience's profile, the demo's choice of one.
    of_models = {name for name, group in GROUPS.items() if group.is_read_by_models}
    assert served == of_models - {"member_category", "category_demand"}
    for name, group in GROUPS.items():
        assert [field.name for field in views[name].features] == [feature.name for feature in group.features]
        assert {entity.name for entity in views[name].entity_columns} == set(group.keys)
