"""Builds an audience: the target understood, everybody scored, the members chosen, and the answer explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from serving.audiences.best_coupons import BestCoupons, best_coupons
from serving.audiences.choose import Candidates, Choice, choose
from serving.audiences.combine import combined
from serving.audiences.curve import curve_of
from serving.audiences.desk import Desk, open_desk
from serving.audiences.exclusions import NamedMembers, exclusions_of
from serving.audiences.kept import Kept
from serving.audiences.manifest import audience_manifest, default_salt, filled
from serving.audiences.members_table import members_table
from serving.audiences.notes import notes_of
from serving.audiences.population import is_among, population_of
from serving.audiences.product_table import ProductTable
from serving.audiences.report import Explained, Surroundings, described, explain, shelf_rows
from serving.audiences.rule import AudienceRule
from serving.audiences.summary import curve_json, population_share, remarks_json, summary_of
from serving.audiences.targets import ResolvedTarget, resolve_target
from serving.audiences.world import NoWorld, World
from serving.records.audience_members import SCHEMA
from training.propensity.forecast_kinds import kind_of
from training.propensity.scored import ScoredMembers
from training.propensity.scorer import Progress
from training.release.together import load_together

STEPS = ("population", "who is chosen", "drivers", "profile", "best coupons", "done")


@dataclass(frozen=True, kw_only=True)
class BuiltAudience:
    """The members of an audience, best first, and what can be said of it."""

    summary: dict[str, Any]
    """JSON figures; `Any` because JSON is."""
    report: dict[str, Any]
    """JSON: curve, drivers, profile, associated and manifest; no manifest after a dry run."""
    members: pa.Table
    """One row per member of SCHEMA, told and held out alike; none after a dry run."""


def build_audience(
    settings: Settings,
    rule: AudienceRule,
    world: World | None = None,
    *,
    is_dry_run: bool = False,
    release_id: ReleaseId | None = None,
    kept: Kept | None = None,
    progress: Progress,
) -> BuiltAudience:
    """The audience of `rule` with a release (the active one), as of its moment or a later one.

    `kept` is what the builds of this process leave for each other.

    Raises NothingLoaded, ReleaseDamaged, Refused for a moment before the release, and BadRequest for what the shop does
    not know.
    """
    desk = open_desk(settings, as_of=rule.as_of, release_id=release_id)
    return build_at(desk, rule, world or NoWorld(), is_dry_run=is_dry_run, kept=kept, progress=progress)


def build_at(
    desk: Desk, rule: AudienceRule, world: World, *, is_dry_run: bool, kept: Kept | None = None, progress: Progress
) -> BuiltAudience:
    """The audience of a rule at a desk."""
    shop = desk.shop
    rule = filled(
        rule,
        shop,
        horizon_days=rule.horizon_days or shop.settings.propensity.horizon_days,
        salt=rule.holdout.salt or default_salt(shop.settings, rule.target),
    )
    products = ProductTable(shop)
    resolved = resolve_target(rule.target, products, world)
    kept = kept or Kept()
    scored = kept.scored(desk, resolved.target, horizon_days=rule.horizon_days or 0, progress=progress)
    return _Build(desk, rule, world, products, resolved, scored, kept, progress).built(is_dry_run=is_dry_run)


class _Build:
    """One audience, from scores to answer."""

    def __init__(
        self,
        desk: Desk,
        rule: AudienceRule,
        world: World,
        products: ProductTable,
        resolved: ResolvedTarget,
        scored: ScoredMembers,
        kept: Kept,
        progress: Progress,
    ) -> None:
        self._desk = desk
        self._rule = rule
        self._world = world
        self._products = products
        self._resolved = resolved
        self._scored = scored
        self._progress = progress
        self._kept = kept
        self._columns = kept.columns(desk, scored)
        self._named = NamedMembers(world, scored.member_ids)

    def built(self, *, is_dry_run: bool) -> BuiltAudience:
        self._step("population")
        candidates = self._candidates()
        self._step("who is chosen")
        choice = self._choice(candidates)
        share = population_share(self._scored, candidates.population)
        points = curve_of(
            self._desk.scorer.forecast,
            self._scored.probabilities[choice.order],
            self._scored.revenue_if_bought[choice.order],
            chosen=choice.size,
            population_share=share,
            horizon_days=self._scored.horizon_days,
            kind=kind_of(self._scored.target),
        )
        warnings = (*self._resolved.warnings, *self._named.warnings, *choice.warnings)
        notes = notes_of(self._rule, self._scored, self._desk.release)
        summary = summary_of(
            self._rule,
            self._desk.shop,
            self._desk.release,
            self._resolved,
            self._scored,
            choice,
            self._desk.scorer.forecast,
            population_share=share,
            warnings=warnings,
            notes=notes,
        )
        report: dict[str, Any] = {"curve": curve_json(points)}
        population = np.flatnonzero(candidates.population)
        self._step("drivers")
        explained = explain(
            lambda rows: self._kept.contributions(self._desk, self._scored, rows),
            self._scored,
            self._desk.words,
            choice,
            population,
            with_members=not is_dry_run,
        )
        report["drivers"] = [each.to_json() for each in explained.drivers]
        self._step("profile")
        around = self._surroundings()
        report |= described(around, self._resolved, self._scored, choice, population)
        if is_dry_run:
            self._step("done")
            return BuiltAudience(summary=summary, report=report, members=SCHEMA.empty_table())
        coupons = self._coupons(around, choice) if self._rule.with_coupons else None
        if coupons is not None:
            summary["coupons"] = {"members": coupons.count, "is_for_target": coupons.is_for_target}
            summary |= remarks_json(warnings, (*notes, coupons.note))
        return self._whole(summary, report, choice, explained, coupons)

    def _whole(
        self,
        summary: dict[str, Any],
        report: dict[str, Any],
        choice: Choice,
        explained: Explained,
        coupons: BestCoupons | None,
    ) -> BuiltAudience:
        desk = self._desk
        members = members_table(
            self._scored,
            choice,
            drivers=explained.of_members,
            coupon_ids=None if coupons is None else coupons.coupon_ids,
        )
        report["manifest"] = audience_manifest(
            self._rule,
            desk.shop,
            desk.release,
            product_ids=self._resolved.product_ids(self._products),
            counts=summary["funnel"],
            members=members,
        )
        self._step("done")
        return BuiltAudience(summary=summary, report=report, members=members)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            shop=self._desk.shop,
            columns=self._columns,
            products=self._products,
            shelf=self._desk.shelf,
            together=load_together(self._desk.release_folder),
        )

    def _candidates(self) -> Candidates:
        shop, scored, rule = self._desk.shop, self._scored, self._rule
        ids = scored.member_ids
        population = population_of(
            rule.population,
            shop,
            self._columns,
            scored.last_visit_days,
            active_within_days=shop.settings.propensity.active_within_days,
        )
        population &= ~self._world.forgotten(ids)
        everybody = np.ones(len(ids), dtype=np.bool_)
        tree = rule.combine
        reachable = None
        if rule.channel is not None:
            reachable = is_among(ids, self._desk.reachable(shop.settings, rule.channel))
        return Candidates(
            member_ids=ids,
            probabilities=scored.probabilities,
            population=population,
            combined=everybody if tree is None else combined(tree, self._named.of, size=len(ids)),
            excluded=exclusions_of(rule.exclude, shop, self._named, scored.last_bought_days),
            reachable=reachable,
            members_known=max(shop.count_of("members"), len(ids)),
        )

    def _choice(self, candidates: Candidates) -> Choice:
        return choose(
            self._rule,
            candidates,
            self._desk.scorer.forecast,
            salt=self._rule.holdout.salt or "",
            horizon_days=self._scored.horizon_days,
            kind=kind_of(self._scored.target),
        )

    def _coupons(self, around: Surroundings, choice: Choice) -> BestCoupons:
        desk = self._desk
        return best_coupons(
            desk.shop.settings,
            desk.history,
            desk.release_folder,
            desk.shop,
            desk.shelf,
            self._scored.member_ids[choice.chosen],
            shelf_rows(around, self._resolved.rows),
            progress=self._progress,
        )

    def _step(self, what: str) -> None:
        self._progress(STEPS.index(what), len(STEPS) - 1, what)
