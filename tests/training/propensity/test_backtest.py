"""What a backtest compares: active members, best first, with what they then did, for windows that have ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from features.contracts.clock import days_since_epoch
from training.propensity.activity import SetActivity
from training.propensity.backtest import BacktestedSnapshot, ScoredTarget, fit_forecast_of, scored_targets
from training.propensity.events import EventLog
from training.propensity.forecast_kinds import kind_of_event
from training.propensity.forecast_laws import prior_laws
from training.propensity.groupings import Groupings, groupings_of
from training.propensity.likings import Taste
from training.propensity.moment import ENCODING, ProductColumns, PropensityMoment
from training.propensity.outcomes import Outcomes
from training.propensity.product_sets import ProductSet
from training.propensity.set_features import FEATURE_NAMES, HORIZON_COLUMN, at_horizon, products_set, set_matrix
from training.propensity.target import EventType

AT = datetime(2017, 6, 5, 4, tzinfo=UTC)
MEMBERS = ("a", "b", "c", "d", "gone")
TEA = ProductSet(name="tea", kind="product", products=np.array([0]), penetration=0.5)


def groupings() -> Groupings:
    return groupings_of(
        pd.DataFrame(
            {"product_id": ["tea"], "department": ["D"], "category": ["C"], "subcategory": ["S"], "brand": ["B"]}
        ).assign(is_private_label=False)
    )


def activity(last_ago: dict[str, float], *, spend: float = 20.0) -> SetActivity:
    """Members who came once, so many days before the moment."""
    ago = np.array([last_ago.get(member, np.nan) for member in MEMBERS])
    known = (~np.isnan(ago)).astype(float)
    bits = np.where(known > 0, 1 << np.nan_to_num(ago // 7).astype(np.int64), 0).astype(np.int64)
    days = days_since_epoch(AT) - ago
    return SetActivity(
        first_days=days,
        last_days=days,
        orders_28d=known * (ago < 28),
        orders_91d=known * (ago < 91),
        orders_365d=known,
        spend_365d=known * spend,
        fast_orders=known,
        decayed_orders=known,
        slow_orders=known,
        week_bits=bits,
    )


class OneSet:
    """Cells of a shop with one product: every union is the same."""

    def __init__(self, own: SetActivity) -> None:
        self.own = own

    def unions(self, sets: object) -> list[SetActivity]:
        return [self.own for _ in cast(Any, sets)]


def moment() -> PropensityMoment:
    """Four members came lately, one has been gone for half a year; only `a` ever bought tea."""
    visits = activity({"a": 3.0, "b": 3.0, "c": 10.0, "d": 90.0, "gone": 180.0})
    nothing = activity({})
    unknown = np.full(1, np.nan)
    return PropensityMoment(
        at=AT,
        member_ids=np.array(MEMBERS),
        groupings=groupings(),
        cells=OneSet(activity({"a": 3.0}, spend=8.0)),
        visits=visits,
        redemptions=nothing,
        joins=nothing,
        members=np.zeros((len(MEMBERS), len(ENCODING.model_names)), dtype=np.float32),
        taste=Taste(np.zeros((len(MEMBERS), 2), dtype=np.float32)),
        products=ProductColumns(
            price=unknown,
            days_on_sale=unknown,
            discount_depth=unknown,
            is_private_label=unknown,
            buyers_91d=unknown,
        ),
    )


def outcomes() -> Outcomes:
    """`b` buys tea for 4 on the second day and for 6 on the tenth, `gone` on the third."""
    return Outcomes(
        members=len(MEMBERS),
        starts=np.array([0, 3]),
        member_rows=np.array([1, 1, 4], dtype=np.int32),
        days_after=np.array([2.0, 10.0, 3.0]),
        spend=np.array([4.0, 6.0, 9.0]),
    )


class Told:
    """Chances by member, the same for every target, and a tenth more for each week of the horizon."""

    def probabilities(self, matrix: npt.NDArray[np.float32], *, horizon_days: int) -> npt.NDArray[np.float64]:
        assert np.allclose(matrix[:, HORIZON_COLUMN], np.log(horizon_days))
        return np.array([0.1, 0.5, 0.1, 0.2, 0.9]) * (0.9 + horizon_days / 70)


class Visited:
    """A log in which `a` alone comes again."""

    def happened(self, _event: EventType, member_ids: npt.NDArray[np.str_], **_window: object) -> npt.NDArray[np.bool_]:
        return np.asarray(member_ids == "a")


def scored(*, until: datetime, events: tuple[EventType, ...] = ()) -> list[ScoredTarget]:
    snapshot = BacktestedSnapshot(moment=moment(), outcomes=outcomes(), model=Told())
    log = cast(EventLog, Visited())
    return list(scored_targets(snapshot, log, [TEA], events=events, horizons=(7, 14, 28), until=until))


def test_active_members_stand_best_first_and_equal_ones_by_id() -> None:
    found = scored(until=AT + timedelta(days=7))[0]
    assert found.member_ids.tolist() == ["b", "d", "a", "c"]
    assert found.probabilities.tolist() == pytest.approx([0.5, 0.2, 0.1, 0.1])


def test_what_followed_goes_with_its_member_and_ends_with_the_horizon() -> None:
    week, fortnight = scored(until=AT + timedelta(days=14))
    assert week.happened.tolist() == fortnight.happened.tolist() == [True, False, False, False]
    assert week.spent.tolist() == [4.0, 0.0, 0.0, 0.0]
    assert fortnight.spent.tolist() == [10.0, 0.0, 0.0, 0.0]


def test_windows_that_have_not_ended_are_left_out_but_for_the_last_closed_night() -> None:
    assert [each.horizon_days for each in scored(until=AT + timedelta(days=27))] == [7, 14]
    assert [each.horizon_days for each in scored(until=AT + timedelta(days=28, hours=-1))] == [7, 14, 28]


def test_a_lapse_is_a_visit_that_does_not_come() -> None:
    found = scored(until=AT + timedelta(days=7), events=(EventType.VISIT,))
    visit, lapse = found[1:]
    assert (visit.kind, lapse.kind) == ("visit", "lapse")
    assert lapse.member_ids.tolist() == ["a", "c", "d", "b"]
    assert lapse.probabilities.tolist() == pytest.approx([0.9, 0.9, 0.8, 0.5])
    assert lapse.happened.tolist() == [False, True, True, True]
    assert visit.happened.tolist() == [False, False, True, False]


def test_a_forecast_is_fitted_on_every_target_and_launch() -> None:
    snapshot = BacktestedSnapshot(moment=moment(), outcomes=outcomes(), model=Told())
    launch = scored(until=AT + timedelta(days=7))[0].audience(1.0)
    model = fit_forecast_of(
        [snapshot],
        cast(EventLog, Visited()),
        [TEA],
        events=(EventType.VISIT,),
        horizons=(7,),
        until=AT + timedelta(days=7),
        launches=[cast(Any, launch).__class__(**{**launch.__dict__, "kind": "launch"})],
    )
    assert set(model.laws) == {("products", 7), ("visit", 7), ("lapse", 7), ("launch", 7)}
    # Four members leave three sizes that differ: one, two, and all.
    assert model.audiences == 3 * 3 + 1


@pytest.mark.parametrize("event", list(EventType))
def test_every_event_has_a_prior_of_its_own(event: EventType) -> None:
    assert prior_laws(kind_of_event(event)).buyers.between_snapshots > 0


def test_rows_moved_to_another_horizon_are_those_made_for_it() -> None:
    here = moment()
    asked = products_set(here, TEA.products)
    moved = at_horizon(set_matrix(here, asked, horizon_days=7), here, asked, horizon_days=28)
    made = set_matrix(here, asked, horizon_days=28)
    assert moved.shape == (len(MEMBERS), len(FEATURE_NAMES))
    np.testing.assert_array_equal(moved, made)
