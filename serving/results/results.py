"""The results of a finished audience as answers show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from features.contracts.clock import moment_text
from features.contracts.errors import BadRequest
from features.contracts.settings import Settings
from features.snapshots import FeatureBuild, current_build
from serving.audiences.product_table import ProductTable
from serving.audiences.rule import AudienceRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.targets import resolve_target
from serving.exports.consent import has_synthetic_contacts
from serving.ports import Json
from serving.records.audience_members import member_batches
from serving.records.audience_reports import find_report
from serving.records.audience_world import AudienceWorld
from serving.records.audiences import AudienceRecord
from serving.records.exported_members import exported_of
from serving.records.opening import Records
from serving.results.measuring import GroupOutcome, Outcome, measure
from serving.results.window import Window, require_passed, window_of
from training.evaluation.lift import LEVEL, Effect
from training.propensity.target import LaunchDescription, ProductsTarget, Target

PLACEBO = (
    "placebo: nobody of this audience was handed over by an export before its horizon ended, so telling had no effect; "
    "the interval of the lift should hold none"
)
DESCRIBED = (
    "of a launch that was only described, purchases of every product that fits and was first sold from then on are "
    "counted: name the products that were launched by `product_id` to compare with what was predicted"
)
TOLD = "everybody selected is compared with everybody held out, whether or not they could be told"


@dataclass(frozen=True, kw_only=True)
class Results:
    """What came of an audience, and what was predicted."""

    audience: AudienceRecord
    window: Window
    target: Target
    outcome: Outcome
    has_synthetic_contacts: bool

    @property
    def is_placebo(self) -> bool:
        """Whether nobody was told."""
        return self.outcome.exported.group.members == 0

    @property
    def note(self) -> str:
        """What a reader must know of them."""
        said = PLACEBO if self.is_placebo else TOLD
        return f"{said}; {DESCRIBED}" if isinstance(self.target, LaunchDescription) else said

    def to_json(self) -> Json:
        """The results as answers show them."""
        outcome = self.outcome
        return {
            "id": self.audience.audience_id,
            "as_of": moment_text(self.window.from_at),
            "until": moment_text(self.window.until_at),
            "horizon_days": self.window.days,
            "is_placebo": self.is_placebo,
            "note": self.note,
            "contacts": "synthetic" if self.has_synthetic_contacts else "given",
            "products": len(self.target.product_ids) if isinstance(self.target, ProductsTarget) else None,
            "selected": _group(outcome.selected),
            "held_out": _group(outcome.held_out),
            "exported": _group(outcome.exported),
            "lift": {
                "level": LEVEL,
                "difference": _effect(outcome.difference),
                "ratio": _effect(outcome.ratio),
                "revenue_per_member": _effect(outcome.revenue_difference),
                "more_buyers": _effect(outcome.difference, times=outcome.selected.group.members),
            },
            "predicted": _predicted(self.audience.summary or {}, outcome.selected),
            "persons": outcome.persons.to_json(),
        }


def audience_results(
    settings: Settings, records: Records, audience: AudienceRecord, *, product_ids: tuple[str, ...] = ()
) -> Results:
    """The results of a finished audience; of a launch, `product_ids` are the products that were launched in the end.

    Raises Conflict while its horizon has not passed in the data, BadRequest, NothingLoaded.
    """
    build = current_build(settings.paths)
    window = window_of(audience.summary or {})
    require_passed(window, settings, build)
    rule = AudienceRule.from_json(audience.rule)
    with records.reading() as transaction:
        report = find_report(transaction, audience.audience_id) or {}
    chosen = _products_of(report.get("manifest", {}))
    target = _target(settings, records, build, rule, window, chosen=chosen, product_ids=product_ids)
    with records.reading() as transaction:
        told = exported_of(transaction, audience.audience_id, before=window.until_at)
    members = member_batches(records, audience.audience_id, ("member_id", "is_held_out"))
    return Results(
        audience=audience,
        window=window,
        target=target,
        outcome=measure(settings, build, target, window, members=members, told=told),
        has_synthetic_contacts=has_synthetic_contacts(settings),
    )


def _target(
    settings: Settings,
    records: Records,
    build: FeatureBuild,
    rule: AudienceRule,
    window: Window,
    *,
    chosen: tuple[str, ...],
    product_ids: tuple[str, ...],
) -> Target:
    """What the audience was chosen for: the products of then, whatever the rule would find today."""
    if chosen and not product_ids:
        return ProductsTarget(product_ids=chosen)
    world = AudienceWorld(records=records, settings=settings)
    products = ProductTable(ShopAt(settings=settings, build=build, moment=window.from_at))
    resolved = resolve_target(rule.target, products, world)
    if isinstance(resolved.target, LaunchDescription):
        named = product_ids or tuple(resolved.product_ids(products).tolist())
        return ProductsTarget(product_ids=tuple(sorted(set(named)))) if named else resolved.target
    if product_ids:
        raise BadRequest("product_id: only a launch's products are named with its results; this audience has its own")
    return resolved.target


def _products_of(manifest: Json) -> tuple[str, ...]:
    """The products that were scored; empty where they were too many to note, and for what is no set of products."""
    return tuple(manifest.get("target_products", {}).get("ids") or ())


def _group(outcome: GroupOutcome) -> dict[str, Any]:
    # `Any` because JSON is
    group = outcome.group
    per_member = outcome.revenue / group.members if outcome.revenue is not None and group.members else None
    return {
        "members": group.members,
        "buyers": group.buyers,
        "rate": round(group.rate, 6),
        "revenue": None if outcome.revenue is None else round(outcome.revenue, 2),
        "revenue_per_member": None if per_member is None else round(per_member, 4),
    }


def _effect(effect: Effect, *, times: float = 1.0) -> dict[str, float | None]:
    return {name: None if value is None else round(value * times, 6) for name, value in asdict(effect).items()}


def _predicted(summary: Json, actual: GroupOutcome) -> dict[str, Any]:
    """What was expected of those selected, beside what they did; `Any` because JSON is."""
    return {
        "buyers": _compared(summary.get("expected_buyers_interval"), float(actual.group.buyers)),
        "revenue": _compared(summary.get("expected_revenue_interval"), actual.revenue),
    }


def _compared(interval: Json | None, actual: float | None) -> dict[str, Any]:
    # an audience of an earlier version has no interval
    told = {name: None if interval is None else interval[name] for name in ("expected", "low", "high")}
    is_within = None if interval is None or actual is None else interval["low"] <= actual <= interval["high"]
    return {**told, "actual": None if actual is None else round(actual, 2), "is_within": is_within}
