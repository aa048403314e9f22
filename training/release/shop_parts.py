"""The parts of a release that come from the shop's tables and purchases, without a model of any member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.contracts.settings import Settings
from features.prepared import GROUPINGS_FILE, PURCHASES_FILE
from features.store.history import History
from features.store.packed_member import PackedMember
from training.protocol import Ids
from training.release.attributes import build_attributes
from training.release.availability import build_availability
from training.release.contents import build_contents
from training.release.newcomers import packed_newcomers
from training.release.product_states import launched_products
from training.release.products import ProductShelf, build_products, read_names
from training.release.segment_keys import member_keys
from training.release.segments import Segments, build_segments
from training.release.together import build_together


@dataclass(frozen=True, kw_only=True)
class ShopParts:
    """What the rest of a release is made with."""

    tables_folder: Path
    products: ProductShelf
    segments: Segments
    keys: pd.DataFrame
    """member_id and key of the segments that each member belongs to."""

    @property
    def product_ids(self) -> Ids:
        """Product of each row of the shelf."""
        return self.products.table["product_id"].to_numpy(dtype=np.str_)

    def newcomers(self, history: History, *, as_of: datetime) -> Iterator[list[PackedMember]]:
        """The members without a purchase before `as_of`, packed, in chunks."""
        known = history.keys_at("member_value", as_of)["member_id"].to_numpy(dtype=np.str_)
        return packed_newcomers(
            self.tables_folder, self.segments, self.keys, self.product_ids, known=known, as_of=as_of
        )


def write_shop_parts(
    folder: Path,
    settings: Settings,
    history: History,
    tables_folder: Path,
    *,
    as_of: datetime,
    progress: Callable[[int, int, str], None],
) -> ShopParts:
    """Writes the shelf and all that stands over its rows into a release folder."""
    purchases = history.build.folder / PURCHASES_FILE
    progress(0, 1, "product matrix")
    launched = launched_products(
        tables_folder, history.build.folder / GROUPINGS_FILE, settings.features, as_of=as_of, zone=settings.zone
    )
    products = build_products(history, read_names(tables_folder), as_of=as_of, launched=launched)
    products.save(folder)
    build_attributes(tables_folder, products.table["product_id"]).save(folder)
    product_ids = products.table["product_id"].to_numpy(dtype=np.str_)
    build_availability(tables_folder, product_ids, as_of=as_of, zone=settings.zone).save(folder)
    build_contents(tables_folder, products, as_of=as_of).save(folder)
    progress(0, 1, "products bought together")
    build_together(settings, purchases, product_ids, as_of=as_of).save(folder)
    progress(0, 1, "what newcomers buy")
    keys = member_keys(tables_folder)
    segments = build_segments(settings, purchases, keys, product_ids, as_of=as_of)
    segments.save(folder)
    return ShopParts(tables_folder=tables_folder, products=products, segments=segments, keys=keys)
