"""A member is found by an id of before a merge and by an openid."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from online_members import ANNA

from features.store.packed_member import PackedMember
from features.store.packed_profile import MemberProfile
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations.engine import ReleaseEngine


@dataclasses.dataclass(frozen=True)
class Merged:
    """Online rows of a shop in which `annie` has become `anna`."""

    def member(self, member_id: str) -> PackedMember | None:
        return ANNA if member_id == "anna" else None

    def profile(self, _member_id: str) -> MemberProfile | None:
        return None

    def member_id(self, key: str) -> str | None:
        return {"member:annie": "anna", "openid:o1": "anna"}.get(key)


class Recorder:
    """Answers with the row that it is given."""

    def recommend(self, packed: PackedMember | None, _query: RecommendationQuery, **_more: Any) -> PackedMember | None:
        # `Any`: what else the recommender takes is not looked at
        return packed

    def of(self, _key: str | None, **_more: Any) -> None:
        """Nothing has just happened."""


@pytest.fixture
def engine() -> ReleaseEngine:
    fakes: dict[str, Any] = {"release": None, "recommender": Recorder(), "online": Merged(), "viewer": None}
    return ReleaseEngine(
        **fakes, stored_phone_hash=str, just_now=Recorder(), clock=lambda: datetime(2018, 1, 1, tzinfo=UTC)
    )


NAMED = [MemberRef(member_id="anna"), MemberRef(member_id="annie"), MemberRef(wechat_openid="o1")]
UNKNOWN = [MemberRef(member_id="older"), MemberRef(wechat_openid="o2"), MemberRef(anonymous_id="annie")]


@pytest.mark.parametrize("named", NAMED)
def test_the_member_of_now_answers(engine: ReleaseEngine, named: MemberRef) -> None:
    assert engine.recommend(RecommendationQuery(member=named, scenario="home", count=1)) is ANNA
    known = engine.known(named)
    assert known is not None
    assert known.member_id == "anna"


@pytest.mark.parametrize("named", UNKNOWN)
def test_an_id_that_names_nobody_is_somebody_unknown(engine: ReleaseEngine, named: MemberRef) -> None:
    assert engine.recommend(RecommendationQuery(member=named, scenario="home", count=1)) is None
    assert engine.known(named) is None
