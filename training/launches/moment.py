"""What launches read of a moment, in service and while learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.launches.product_names import ProductNames, product_names
from training.propensity.activity import SetActivity
from training.propensity.cells import CellSource
from training.propensity.groupings import Groupings
from training.propensity.likings import Taste
from training.propensity.moment import ACTIVE_DAYS, ProductColumns, PropensityMoment

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class LaunchMoment:
    """The shop as known at `as_of_days`; arrays over members are in the order of the visits'."""

    as_of_days: float
    groupings: Groupings
    names: ProductNames
    cells: CellSource
    visits: SetActivity
    taste: Taste
    products: ProductColumns

    @property
    def is_active(self) -> Truths:
        """bool (members,): a purchase within ACTIVE_DAYS."""
        return self.as_of_days - self.visits.last_days <= ACTIVE_DAYS

    @property
    def list_prices(self) -> Floats:
        """float64 (products,): price of a piece before discounts, NaN where nothing was sold in 91 days."""
        depth = np.clip(np.nan_to_num(self.products.discount_depth), 0.0, 0.95)
        return self.products.price / (1.0 - depth)


def launch_moment(moment: PropensityMoment) -> LaunchMoment:
    """What launches read of the moment that the service scores at."""
    return LaunchMoment(
        as_of_days=moment.as_of_days,
        groupings=moment.groupings,
        names=product_names(moment.groupings),
        cells=moment.cells,
        visits=moment.visits,
        taste=moment.taste,
        products=moment.products,
    )
