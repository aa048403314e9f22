"""Chooses an audience from scored members: population, combination, exclusions, channel, rank, cut and holdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.audiences.cut import ranked, size_from, size_reaching
from serving.audiences.funnel import Funnel, Suppressed, suppress
from serving.audiences.holdout import held_out
from serving.audiences.remarks import Remark
from serving.audiences.rule import AudienceRule
from training.propensity.forecast import ForecastModel
from training.propensity.forecast_kinds import Kind
from training.protocol import Ids, Rows

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

UNREACHABLE = "no_contact_or_consent"
NOBODY_LEFT = Remark(
    code="nobody_left",
    en="nobody is left to choose from; the funnel says where they went",
    zh="没有剩下任何可选会员；漏斗中写明了各步排除的人数",
)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Scored members and what the rule's conditions say of them; every array has one entry per member."""

    member_ids: Ids
    """Sorted."""
    probabilities: Floats
    population: Mask
    combined: Mask
    """Let through by the combination; all where none was asked for."""
    excluded: Mapping[str, Mask]
    """By reason."""
    reachable: Mask | None
    """With contact and consent for the channel; None: no channel was asked."""
    members_known: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Who was chosen; positions are those of the candidates' arrays."""

    order: Rows
    """int64 (eligible and reachable,): the likeliest first."""
    size: int
    """The first so many of `order` are chosen."""
    is_held_out: Mask
    """bool (size,): chosen and not to be told."""
    funnel: Funnel
    warnings: tuple[Remark, ...]

    @property
    def chosen(self) -> Rows:
        return self.order[: self.size]

    @property
    def selected(self) -> Rows:
        """Chosen and to be told."""
        return self.chosen[~self.is_held_out]


def choose(
    rule: AudienceRule, candidates: Candidates, forecast: ForecastModel, *, salt: str, horizon_days: int, kind: Kind
) -> Choice:
    """The audience of the rule. Deterministic: ties in probability go by member id."""
    combined = candidates.population & candidates.combined
    kept = suppress(combined, candidates.excluded)
    reasons: tuple[Suppressed, ...] = kept.reasons
    is_left, reachable = kept.is_left, None
    if candidates.reachable is not None:
        by_channel = suppress(kept.is_left, {UNREACHABLE: ~candidates.reachable})
        is_left, reachable = by_channel.is_left, int(by_channel.is_left.sum())
        reasons = (*reasons, *by_channel.reasons)
    order = ranked(candidates.probabilities, is_left)
    falling = candidates.probabilities[order]

    def are_held_out(count: int) -> Mask:
        ids = candidates.member_ids[order[:count]].tolist()
        return held_out(ids, share=rule.holdout.share, salt=salt)

    def expected(told: Floats) -> Callable[[Rows], list[float]]:
        def of(sizes: Rows) -> list[float]:
            found = forecast.along(told, sizes, horizon_days=horizon_days, kind=kind)
            return [each.expected for each in found]

        return of

    size, warnings = _size(rule, falling, are_held_out, expected)
    flags = are_held_out(size)
    funnel = Funnel(
        members=candidates.members_known,
        scored=len(candidates.member_ids),
        population=int(candidates.population.sum()),
        combined=int(combined.sum()),
        suppressed=reasons,
        eligible=int(kept.is_left.sum()),
        reachable=reachable,
        chosen=size,
        selected=int((~flags).sum()),
        held_out=int(flags.sum()),
    )
    return Choice(order=order, size=size, is_held_out=flags, funnel=funnel, warnings=warnings)


def _size(
    rule: AudienceRule,
    falling: Floats,
    are_held_out: Callable[[int], Mask],
    expected: Callable[[Floats], Callable[[Rows], list[float]]],
) -> tuple[int, tuple[Remark, ...]]:
    """How many of the candidates the cut takes, and what has to be said of it."""
    most = len(falling)
    if not most:
        return 0, (NOBODY_LEFT,)
    if rule.size is not None:
        if rule.size > most:
            return most, (_too_many(rule.size, most),)
        return rule.size, ()
    if rule.min_probability is not None:
        size = size_from(falling, rule.min_probability)
        if not size:
            return 0, (_nobody_so_likely(rule.min_probability, float(falling[0])),)
        return size, ()
    if rule.expected_buyers is not None:
        # of those held out nobody is told, so they do not bring the buyers that were asked for
        told = falling[~are_held_out(most)] if rule.holdout.share else falling
        needed = size_reaching(rule.expected_buyers, expected(told), most=len(told))
        if needed is None:
            brings = expected(told)(np.array([len(told)]))[0] if len(told) else 0.0
            return most, (_too_few_buyers(rule.expected_buyers, most, brings),)
        return _with_held_out(needed, are_held_out, most, share=rule.holdout.share), ()
    return most, ()


def _too_many(size: int, most: int) -> Remark:
    return Remark(
        code="size_above_all",
        en=f"size {size:,} is more than the {most:,} members left to choose from: all are chosen",
        zh=f"要求 {size:,} 人，超过可选的 {most:,} 人：已全部选入",
    )


def _nobody_so_likely(least: float, highest: float) -> Remark:
    return Remark(
        code="nobody_so_likely",
        en=f"nobody has a probability of {least} or more; the highest is {highest:.4f}",
        zh=f"没有会员的可能性达到 {least:.2%}；最高为 {highest:.2%}",
    )


def _too_few_buyers(buyers: float, most: int, brings: float) -> Remark:
    return Remark(
        code="buyers_out_of_reach",
        en=f"{buyers:,} buyers cannot be expected: all {most:,} members left bring {brings:,.1f}",
        zh=f"达不到 {buyers:,} 位购买者：可选的 {most:,} 人全部选入，预计也只有 {brings:,.1f} 位",
    )


def _with_held_out(needed: int, are_held_out: Callable[[int], Mask], most: int, *, share: float) -> int:
    """The smallest size of which `needed` members are to be told."""
    if not share:
        return needed
    told = np.cumsum(~are_held_out(most))
    return int(np.searchsorted(told, needed)) + 1
