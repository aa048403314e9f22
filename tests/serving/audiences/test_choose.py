"""Who is chosen of scored members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audiences.choose import UNREACHABLE, Candidates, Choice, choose
from serving.audiences.rule import AudienceRule, HoldoutRule
from serving.audiences.target_rule import TargetRule
from training.propensity.forecast import ForecastModel

FORECAST = ForecastModel(laws={})
RULE = AudienceRule(target=TargetRule(category="CHEESE"))


def chosen_by(rule: AudienceRule, candidates: Candidates) -> Choice:
    return choose(rule, candidates, FORECAST, salt=rule.holdout.salt or "s", horizon_days=28, kind="products")


def made(probabilities: list[float], **masks: list[bool]) -> Candidates:
    count = len(probabilities)
    everybody = np.ones(count, dtype=np.bool_)
    given_ = {name: np.array(values, dtype=np.bool_) for name, values in masks.items()}
    return Candidates(
        member_ids=np.array([f"m{number:03}" for number in range(count)]),
        probabilities=np.array(probabilities),
        population=given_.get("population", everybody),
        combined=given_.get("combined", everybody),
        excluded={"bought_lately": given_["excluded"]} if "excluded" in given_ else {},
        reachable=given_.get("reachable"),
        members_known=count + 5,
    )


def ids(candidates: Candidates, places: np.ndarray) -> list[str]:
    return candidates.member_ids[places].tolist()


FIVE = made(
    [0.9, 0.8, 0.7, 0.6, 0.5],
    population=[True, True, True, True, False],
    combined=[True, True, True, False, True],
    excluded=[True, False, False, False, False],
    reachable=[True, False, True, True, True],
)


def test_the_funnel_counts_who_is_left_after_each_step() -> None:
    choice = chosen_by(RULE, FIVE)
    assert ids(FIVE, choice.chosen) == ["m002"]
    assert choice.funnel.to_json() == {
        "members": 10,
        "scored": 5,
        "population": 4,
        "combined": 3,
        "suppressed": {"bought_lately": {"first": 1, "all": 1}, UNREACHABLE: {"first": 1, "all": 1}},
        "eligible": 2,
        "reachable": 1,
        "chosen": 1,
        "selected": 1,
        "held_out": 0,
    }


def test_nobody_is_asked_for_consent_when_no_channel_is_named() -> None:
    choice = chosen_by(RULE, replace(FIVE, reachable=None))
    assert ids(FIVE, choice.chosen) == ["m001", "m002"]
    assert choice.funnel.reachable is None


def test_a_size_above_those_left_takes_all_and_says_so() -> None:
    choice = chosen_by(replace(RULE, size=7), FIVE)
    assert choice.size == 1
    assert tuple(each.en for each in choice.warnings) == (
        "size 7 is more than the 1 members left to choose from: all are chosen",
    )


def test_an_audience_of_nobody_says_so() -> None:
    choice = chosen_by(RULE, made([0.5], excluded=[True]))
    assert choice.size == 0
    assert tuple(each.en for each in choice.warnings) == (
        "nobody is left to choose from; the funnel says where they went",
    )
    unlikely = chosen_by(replace(RULE, min_probability=0.9), made([0.5, 0.25]))
    assert tuple(each.en for each in unlikely.warnings) == (
        "nobody has a probability of 0.9 or more; the highest is 0.5000",
    )


def test_the_fewest_members_that_bring_the_buyers_are_chosen() -> None:
    candidates = made([0.5, 0.25, 0.25, 0.25, 0.25])
    certain = [FORECAST.buyers(candidates.probabilities[:n], horizon_days=28, kind="products") for n in range(6)]
    choice = chosen_by(replace(RULE, expected_buyers=float(certain[3].expected) - 1e-9), candidates)
    assert ids(candidates, choice.chosen) == ["m000", "m001", "m002"]


def test_buyers_that_cannot_be_had_take_everybody_and_say_how_many_they_bring() -> None:
    choice = chosen_by(replace(RULE, expected_buyers=3.0), made([0.5, 0.5]))
    assert choice.size == 2
    assert choice.warnings[0].en.startswith("3.0 buyers cannot be expected: all 2 members left bring 1.")


def test_of_those_held_out_no_buyers_are_expected() -> None:
    candidates = made([0.5] * 400)
    rule = replace(RULE, expected_buyers=50.0, holdout=HoldoutRule(share=0.3))
    choice = chosen_by(rule, candidates)
    told = candidates.probabilities[choice.selected]
    expected = FORECAST.buyers(told, horizon_days=28, kind="products").expected
    fewer = FORECAST.buyers(told[:-1], horizon_days=28, kind="products").expected
    assert fewer < 50.0 <= expected
    assert choice.funnel.held_out > 20
    # the last one chosen is told: one fewer would not do
    assert not choice.is_held_out[-1]


chances = st.sampled_from([0.1, 0.2, 0.3, 0.6])
truths = st.booleans()
shops = st.lists(st.tuples(chances, truths, truths, truths, truths), min_size=1, max_size=60).map(
    lambda rows: made(
        [row[0] for row in rows],
        population=[row[1] for row in rows],
        combined=[row[2] for row in rows],
        excluded=[row[3] for row in rows],
        reachable=[row[4] for row in rows],
    )
)
rules = st.tuples(
    st.one_of(
        st.just({}),
        st.integers(1, 70).map(lambda size: {"size": size}),
        st.floats(0, 1).map(lambda least: {"min_probability": least}),
        st.floats(0.1, 10).map(lambda buyers: {"expected_buyers": buyers}),
    ),
    st.floats(0, 0.5),
).map(lambda asked: replace(RULE, holdout=HoldoutRule(share=asked[1]), **asked[0]))


@settings(deadline=None)
@given(candidates=shops, rule=rules)
def test_only_members_that_may_be_told_are_chosen_and_each_once(candidates: Candidates, rule: AudienceRule) -> None:
    choice = chosen_by(rule, candidates)
    chosen = choice.chosen
    assert len(set(chosen.tolist())) == len(chosen) == choice.size
    assert candidates.population[chosen].all()
    assert candidates.combined[chosen].all()
    assert not candidates.excluded["bought_lately"][chosen].any()
    assert candidates.reachable is not None
    assert candidates.reachable[chosen].all()


@settings(deadline=None)
@given(candidates=shops, rule=rules)
def test_selected_and_held_out_never_overlap_and_are_all_that_is_chosen(
    candidates: Candidates, rule: AudienceRule
) -> None:
    choice = chosen_by(rule, candidates)
    selected, held = set(choice.selected.tolist()), set(choice.chosen[choice.is_held_out].tolist())
    assert not selected & held
    assert selected | held == set(choice.chosen.tolist())
    assert (choice.funnel.selected, choice.funnel.held_out) == (len(selected), len(held))


@settings(deadline=None)
@given(candidates=shops, rule=rules)
def test_the_same_request_gives_the_same_audience(candidates: Candidates, rule: AudienceRule) -> None:
    one, other = chosen_by(rule, candidates), chosen_by(rule, candidates)
    assert one.chosen.tolist() == other.chosen.tolist()
    assert one.is_held_out.tolist() == other.is_held_out.tolist()


@settings(deadline=None)
@given(candidates=shops, sizes=st.tuples(st.integers(1, 60), st.integers(1, 60)))
def test_a_larger_size_holds_the_smaller_audience(candidates: Candidates, sizes: tuple[int, int]) -> None:
    small, large = (chosen_by(replace(RULE, size=size), candidates).chosen.tolist() for size in sorted(sizes))
    assert large[: len(small)] == small


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_ties_go_by_the_member_s_id(share: float) -> None:
    candidates = made([0.3, 0.6, 0.3, 0.6])
    choice = chosen_by(replace(RULE, holdout=HoldoutRule(share=share)), candidates)
    assert ids(candidates, choice.chosen) == ["m001", "m003", "m000", "m002"]
