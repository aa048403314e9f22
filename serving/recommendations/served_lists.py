"""What the service would have shown at a past cut-off: the engine itself, on a release of that moment in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from features.contracts.ids import MemberId, ReleaseId
from features.contracts.settings import Settings
from features.store.packed_member import FORMAT, PackedMember
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations.recommender import Recommender
from training.evaluation.outcome import K, Lists
from training.protocol import Rows
from training.ranker.model import RankerModel, open_ranker
from training.ranker.order import blend_order, ranker_order
from training.ranker.stage import Stage
from training.release.loaded import LoadedRelease
from training.release.manifest import Manifest, ModelInRelease
from training.release.members import packed_members

FIRST, NEW = "home", "discover"
"""Scenarios whose lists are evaluated: of everything, and of what a member never bought."""


def served_lists(settings: Settings, stage: Stage, model: RankerModel | None) -> Lists:
    """The first K items of the scenarios as the settings declare them, for each member of the stage's holdout."""
    recommender = Recommender(
        _release(stage, model),
        scenarios=lambda: settings.scenarios,
        zone=settings.zone,
        compiled=settings.ranker.compiled,
    )
    row_of = {str(product): row for row, product in enumerate(stage.affinity.catalogue.product_ids)}
    place_of = {str(member): place for place, member in enumerate(stage.holdout.member_ids)}
    lists = {name: np.full((len(place_of), K), -1, dtype=np.int64) for name in (FIRST, NEW)}
    for packed in _packed(settings, stage, model):
        for scenario, found in lists.items():
            rows = _shown(recommender, packed, scenario, row_of, stage)
            found[place_of[packed.member_id], : len(rows)] = rows
    return Lists(first=lists[FIRST], new=lists[NEW])


def _packed(settings: Settings, stage: Stage, model: RankerModel | None) -> Iterator[PackedMember]:
    moment = stage.sources.moment
    order = (
        blend_order(stage.affinity, moment)
        if model is None
        else ranker_order(open_ranker(model, stage.shelf, compiled=settings.ranker.compiled), moment)
    )
    chunks = packed_members(
        stage.history,
        stage.affinity,
        stage.sources,
        order=order,
        as_of=stage.cutoff.at,
        only=stage.holdout.member_ids,
    )
    for chunk in chunks:
        yield from chunk


def _shown(recommender: Recommender, packed: PackedMember, scenario: str, row_of: dict[str, int], stage: Stage) -> Rows:
    query = RecommendationQuery(member=MemberRef(member_id=MemberId(packed.member_id)), scenario=scenario, count=K)
    items = recommender.recommend(packed, query, as_of=stage.cutoff.at).items
    # An item outside the catalogue is a place that nothing in it can fill.
    return np.array([row_of.get(item.id, -1) for item in items], dtype=np.int64)


def _release(stage: Stage, model: RankerModel | None) -> LoadedRelease:
    unregistered = ModelInRelease(name="evaluation", number="0", run_id="", metrics={})
    manifest = Manifest(
        release_id=ReleaseId("evaluation"),
        as_of=stage.cutoff.at,
        feature_build=stage.history.build.version,
        feature_schema="",
        affinity=unregistered,
        propensity=unregistered,
        products=len(stage.shelf.table),
        members=len(stage.holdout.member_ids),
        online_format=FORMAT,
        bytes_per_member=0,
        settings={},
        files={},
    )
    return LoadedRelease(manifest=manifest, products=stage.shelf, affinity=stage.affinity, ranker=model)
