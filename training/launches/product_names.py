"""The products' groupings as numbers, so that a name is looked up once and not in every product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.propensity.groupings import Codes, Groupings

Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class NamedColumn:
    """One grouping of all products."""

    codes: Codes
    """int64 (products,): number of the product's name, -1 where it has none."""
    names: pd.Index

    def has(self, name: str | None) -> Truths:
        """bool (products,): whether the product bears the name; nobody bears an unknown one, or None."""
        if name is None or name not in self.names:
            return np.zeros(len(self.codes), dtype=np.bool_)
        return np.asarray(self.codes == self.names.get_loc(name))


@dataclass(frozen=True, kw_only=True)
class ProductNames:
    """The groupings that a launch is described by."""

    category: NamedColumn
    subcategory: NamedColumn
    brand: NamedColumn


def product_names(groupings: Groupings) -> ProductNames:
    """The names of every product."""
    return ProductNames(**{name: _column(groupings.names[name]) for name in ("category", "subcategory", "brand")})


def _column(values: pd.Series) -> NamedColumn:
    codes, names = pd.factorize(values)
    return NamedColumn(codes=np.asarray(codes, dtype=np.int64), names=pd.Index(names))
