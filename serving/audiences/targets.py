"""From what a marketer named to what is scored: the products of a set, or a launch, an event, a lapse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from features.contracts.errors import BadRequest
from features.contracts.filters.columns import Columns, Mask
from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter
from features.contracts.near_names import near
from serving.audiences.product_table import ProductTable, is_private_label
from serving.audiences.remarks import Remark
from serving.audiences.target_rule import TargetRule
from serving.audiences.world import ProductList
from training.propensity.target import EventTarget, LapseTarget, LaunchDescription, ProductsTarget, Target
from training.protocol import Ids, Rows

MOST_NAMED = 3
"""Ids that a message names."""


class ProductLists(Protocol):
    """Where uploaded lists of products are."""

    def product_list(self, list_id: str) -> ProductList | None: ...


@dataclass(frozen=True, kw_only=True)
class ResolvedTarget:
    """What is scored, and the products whose purchase will count."""

    target: Target
    rows: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """int64 (products,): rows of the product table, in order: the set, or the products that a launch stands for; empty
    for what is only described, events and lapse."""
    warnings: tuple[Remark, ...] = ()

    def product_ids(self, products: ProductTable) -> Ids:
        """str (products,): the ids of `rows`, sorted."""
        return products.ids[self.rows]

    def to_json(self) -> dict[str, Any]:
        """How the target was understood; `Any` because JSON is."""
        match self.target:
            case ProductsTarget():
                return {"kind": "products", "products": len(self.rows)}
            case LaunchDescription() as launch:
                said = {name: value for name, value in vars(launch).items() if value not in (None, ())}
                said |= {name: list(said[name]) for name in ("analogues", "unlike") if name in said}
                return {"kind": "launch", "products": len(self.rows), "launch": said}
            case EventTarget(type=type_):
                return {"kind": "event", "event": type_.value}
            case LapseTarget():
                return {"kind": "lapse"}


def resolve_target(rule: TargetRule, products: ProductTable, lists: ProductLists) -> ResolvedTarget:
    """The target as the scorer takes it.

    A set of which nothing was sold within a year becomes a launch, described by its own rows. Raises BadRequest for
    what the shop does not know, with counts and names like it.
    """
    if rule.event is not None:
        return ResolvedTarget(target=EventTarget(type=rule.event))
    if rule.lapse:
        return ResolvedTarget(target=LapseTarget())
    if rule.launch is not None:
        return _launch(rule.launch, products)
    if rule.product_ids:
        rows, warnings = _named(np.array(sorted(set(rule.product_ids)), dtype=np.str_), products, "target.product_ids")
    elif rule.list_id is not None:
        rows, warnings = _listed(rule.list_id, products, lists)
    else:
        rows, warnings = _of_attributes(rule.attributes, products), ()
    return _set_or_launch(rows, products, warnings)


def _set_or_launch(rows: Rows, products: ProductTable, warnings: tuple[Remark, ...]) -> ResolvedTarget:
    is_goods = products.is_goods[rows]
    if not is_goods.any():
        raise BadRequest(
            f"target: none of its {len(rows):,} products counts as goods (settings features.not_goods_...), so nobody "
            "will be seen to buy them; name others"
        )
    rows = rows[is_goods]
    if products.is_sold[rows].any():
        target = ProductsTarget(product_ids=tuple(products.ids[rows].tolist()))
        return ResolvedTarget(target=target, rows=rows, warnings=warnings)
    launch, said = _described(rows, products)
    return ResolvedTarget(target=launch, rows=rows, warnings=(*warnings, said))


def _described(rows: Rows, products: ProductTable) -> tuple[LaunchDescription, Remark]:
    """The launch that products without a sale are, and a remark that says so."""
    categories = products.texts("category")
    codes = categories.codes[rows]
    if not (codes >= 0).any():
        raise BadRequest(
            f"target: none of its {len(rows):,} products was sold within a year and none has a category, so nothing "
            "can be said of them; describe a launch by target.launch"
        )
    most = int(np.argmax(np.bincount(codes[codes >= 0])))
    own = rows[codes == most]
    prices = products.prices[own]
    launch = LaunchDescription(
        category=categories.texts[most],
        subcategory=_shared(products, "subcategory", own),
        brand=_shared(products, "brand", own),
        price=float(np.nanmedian(prices)) if not np.isnan(prices).all() else None,
        is_private_label=is_private_label(products, own),
    )
    others = len(rows) - len(own)
    beside = f"; {others:,} of other categories are passed over" if others else ""
    beside_zh = f"；其他品类的 {others:,} 件商品未计入" if others else ""
    return launch, Remark(
        code="scored_as_launch",
        en=f"none of the {len(rows):,} products named was sold within the last 365 days: scored as a launch in "
        f"{launch.category}, described by its own data{beside}",
        zh=f"所选的 {len(rows):,} 件商品近 365 天内均无销售：按 {launch.category} 品类的新品估算{beside_zh}",
    )


def _shared(products: ProductTable, name: str, rows: Rows) -> str | None:
    """The text that most of the rows have, the first by name of several; None where none has one."""
    column = products.texts(name)
    codes = column.codes[rows]
    codes = codes[codes >= 0]
    return column.texts[int(np.argmax(np.bincount(codes)))] if len(codes) else None


def _launch(launch: LaunchDescription, products: ProductTable) -> ResolvedTarget:
    _require("launch.category", "category", launch.category, products)
    warnings = []
    for name in ("subcategory", "brand"):
        value = getattr(launch, name)
        names = products.texts(name).texts
        if value is not None and value not in names:
            warnings.append(_new_to_the_shop(name, value, names))
    for name in ("analogues", "unlike"):
        if asked := getattr(launch, name):
            rows, said = _named(np.array(sorted(set(asked)), dtype=np.str_), products, f"target.launch.{name}")
            warnings += said
            launch = LaunchDescription(**{**vars(launch), name: tuple(products.ids[rows].tolist())})
    return ResolvedTarget(target=launch, warnings=tuple(warnings))


def _new_to_the_shop(name: str, value: str, names: Sequence[str]) -> Remark:
    return Remark(
        code="new_to_the_shop",
        en=f"launch.{name}: '{value}' is new to the shop, so nobody has bought it{near(value, names)}",
        zh=f"“{value}”是本店从未有过的{'品牌' if name == 'brand' else '小类'}，还没有人买过",
    )


def _named(ids: Ids, products: ProductTable, where: str) -> tuple[Rows, tuple[Remark, ...]]:
    rows = products.rows_of(ids)
    unknown = ids[rows < 0]
    if len(unknown) == 0:
        return rows, ()
    shown = ", ".join(unknown[:MOST_NAMED].tolist())
    if len(unknown) == len(ids):
        raise BadRequest(f"{where}: none of the {len(ids):,} ids is a product of the shop (first: {shown[:200]})")
    said = Remark(
        code="unknown_products",
        en=f"{where}: {len(unknown):,} of {len(ids):,} ids are no product of the shop (first: {shown[:200]})",
        zh=f"{len(ids):,} 个商品编号中有 {len(unknown):,} 个不是本店商品（例如：{shown[:200]}）",
    )
    return rows[rows >= 0], (said,)


def _listed(list_id: str, products: ProductTable, lists: ProductLists) -> tuple[Rows, tuple[Remark, ...]]:
    found = lists.product_list(list_id)
    if found is None:
        raise BadRequest(f"target.list_id: there is no list of products '{list_id[:80]}'; see GET /v1/lists")
    if not len(found.product_ids):
        raise BadRequest(
            f"target.list_id: list {list_id[:80]} holds no product of the shop ({found.unknown:,} unknown ids)"
        )
    rows, warnings = _named(np.unique(found.product_ids), products, f"list {list_id[:80]}")
    if found.unknown:
        said = Remark(
            code="unknown_products",
            en=f"list {list_id[:80]}: {found.unknown:,} of its ids are no product of the shop",
            zh=f"所选名单中有 {found.unknown:,} 个编号不是本店商品",
        )
        warnings = (*warnings, said)
    return rows, warnings


def _of_attributes(attributes: dict[str, str], products: ProductTable) -> Rows:
    """Rows of the products that have every attribute. Raises BadRequest when none has."""
    every = np.ones(len(products.ids), dtype=np.bool_)
    counts = []
    for name, value in attributes.items():
        passes = _passing(name, value, products)
        counts.append(f"{name} {value[:80]} has {int(passes.sum()):,}")
        every &= passes
    if not every.any():
        raise BadRequest(f"target: of {len(products.ids):,} products none is left: {', '.join(counts)}")
    return np.flatnonzero(every).astype(np.int64)


def _passing(name: str, value: str, products: ProductTable) -> Mask:
    if name == "filter":
        return mask(parse_filter(value), Columns(size=len(products.ids), by_name=products))
    code = _require(name, name, value, products)
    passes: Mask = products.texts(name).codes == code
    return passes


def _require(where: str, name: str, value: str, products: ProductTable) -> int:
    """Number of a text that the shop must know. Raises BadRequest."""
    names = products.texts(name).texts
    if value not in names:
        raise BadRequest(
            f"target.{where}: there is no {name} '{value[:80]}' among {len(names):,}{near(value, names)}; "
            "see GET /v1/products?q="
        )
    return names.index(value)
