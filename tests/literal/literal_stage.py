"""A stage of literal purchases, for ranking and judging without a shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from literal_moment import AS_OF, small_settings
from scipy.sparse import csr_matrix

from training.affinity.model import fit_affinity
from training.affinity.moment import ShopMoment
from training.cutoffs import Cutoff
from training.evaluation.truth import Judge
from training.protocol import Catalogue, Holdout, Ids
from training.ranker.stage import Stage

WEEK = 50


def literal_stage(
    moment: ShopMoment,
    bought: Mapping[str, Sequence[str]],
    *,
    folder: Path,
    later: Sequence[tuple[str, str, float]] = (),
) -> Stage:
    """The stage at AS_OF, in the week after which members bought products.

    `later` are member, product and days after the cut-off, as a build's purchases in `folder` hold them.
    """
    affinity = fit_affinity(moment, small_settings(), as_of=AS_OF)
    rows = pd.DataFrame(later, columns=["member_id", "product_id", "days"])
    days: list[datetime] = [AS_OF + timedelta(days=each) for each in rows.pop("days")]
    rows = rows.assign(ordered_at=pd.to_datetime(pd.Series(days, dtype=object), utc=True))
    rows.to_parquet(folder / "purchases.parquet")
    members = np.array(list(bought))
    return Stage(
        cutoff=Cutoff(week=WEEK, at=AS_OF),
        history=SimpleNamespace(build=SimpleNamespace(folder=folder)),  # type: ignore[arg-type]  # a fake
        shelf=None,  # type: ignore[arg-type]  # no feature is read
        affinity=affinity,
        sources=affinity.sources(moment),
        holdout=Holdout(member_ids=members, truth=truth_of(moment.pairs.catalogue, bought)),
    )


def literal_judge(
    products: Sequence[str],
    bought: Mapping[str, Sequence[str]],
    *,
    before: Mapping[str, Sequence[str]] | None = None,
    first_day: Mapping[str, Sequence[str]] | None = None,
    surprise: Sequence[float] | None = None,
) -> Judge:
    """A judge of members by name; everything was bought on the first day unless that is given."""
    catalogue = Catalogue(product_ids=np.array(products), buyers=np.ones(len(products), dtype=np.int64))
    none = dict.fromkeys(bought, ())
    return Judge(
        week=WEEK,
        member_ids=np.array(list(bought)),
        truth=truth_of(catalogue, bought),
        first_day=truth_of(catalogue, bought if first_day is None else {**none, **first_day}),
        bought_before=truth_of(catalogue, {**none, **(before or {})}),
        surprise=np.array(surprise if surprise is not None else [1.0] * len(products)),
    )


def truth_of(catalogue: Catalogue, bought: Mapping[str, Sequence[str]]) -> csr_matrix:
    """bool (members, products)."""
    ids: Ids = catalogue.product_ids
    dense = [[product in products for product in ids.tolist()] for products in bought.values()]
    return csr_matrix(np.array(dense, dtype=np.bool_).reshape(len(bought), len(ids)))
