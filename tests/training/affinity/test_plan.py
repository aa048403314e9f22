"""Which weeks an affinity training can use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from training.affinity.plan import first_purchase_at, plan_affinity

AS_OF = datetime(2018, 1, 1, 4, 1, 21, tzinfo=UTC)
YEAR_BEFORE = datetime(2017, 1, 1, tzinfo=UTC)


def test_a_year_of_data_has_every_week_of_the_settings(settings: Settings) -> None:
    plan = plan_affinity(settings, as_of=AS_OF, first=YEAR_BEFORE)
    assert plan.tune is not None
    assert (plan.tune.week, [cutoff.week for cutoff in plan.tests], plan.missing) == (44, [46, 48, 50], ())
    assert plan.moments[0] == datetime(2017, 10, 23, 5, tzinfo=UTC)
    assert len(plan.moments) == 4


def test_no_label_window_reaches_beyond_as_of(settings: Settings) -> None:
    plan = plan_affinity(settings, as_of=datetime(2017, 9, 1, tzinfo=UTC), first=YEAR_BEFORE)
    assert max(plan.moments) <= datetime(2017, 8, 25, tzinfo=UTC)
    assert len(plan.moments) == 4


def test_a_short_shop_says_which_weeks_are_missing(settings: Settings) -> None:
    plan = plan_affinity(settings, as_of=AS_OF, first=datetime(2017, 11, 10, tzinfo=UTC))
    assert plan.tune is None
    assert [cutoff.week for cutoff in plan.tests] == [48, 50]
    assert plan.missing == (
        "week 44 (2017-10-23) lies before the first purchase",
        "week 46 (2017-11-06) lies before the first purchase",
    )


def test_the_first_purchase_is_read_in_utc(tmp_path: Path) -> None:
    file = tmp_path / "purchases.parquet"
    moments = pd.to_datetime(["2017-05-02T10:00:00.25Z", "2017-05-01T23:30:00.00Z"])
    pd.DataFrame({"ordered_at": moments}).to_parquet(file)
    assert first_purchase_at(file) == datetime(2017, 5, 1, 23, 30, tzinfo=UTC)


def test_no_purchase_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "purchases.parquet"
    pd.DataFrame({"ordered_at": pd.to_datetime([], utc=True)}).to_parquet(file)
    with pytest.raises(NothingLoaded, match="faces load"):
        first_purchase_at(file)
