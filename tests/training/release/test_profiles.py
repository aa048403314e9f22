"""Profiles of literal members: each part from its table, at its moment, and nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from literal_people import person, write_people
from literal_profiles import AS_OF, EVERYTHING, literal_profile_tables

from features.contracts.settings import Settings, load_settings
from features.store.packed_profile import (
    Attributes,
    Consent,
    Fact,
    FavouriteCategory,
    GivenCampaign,
    Identity,
    Joined,
    MemberProfile,
    RedeemedCoupon,
    Rhythm,
    StoredContact,
    Visit,
    unpack_profile,
)
from serving.exports.consent import CHANNELS, reachable_members
from training.release.profile_sections import SECTIONS
from training.release.profiles import packed_profiles


def profiles(home: Path, **told: object) -> dict[str, MemberProfile]:
    with literal_profile_tables(home, **told) as con:  # type: ignore[arg-type]  # handed on
        return {each.member_id: unpack_profile(each.packed) for chunk in packed_profiles(con) for each in chunk}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_part_is_packed_as_of_the_moment(tmp_path: Path) -> None:
    assert profiles(tmp_path, tags=[("anna", ["active", "lover:TEA"])])["anna"] == MemberProfile(
        identities=(Identity(source="pos", source_id="17"), Identity(source="web", source_id="a/安")),
        contact=StoredContact(has_phone=True, phone="token"),
        consent=Consent(sms=True, email=False, wechat=None),
        attributes=Attributes(),
        joined=Joined(
            at=moment("2016-01-01T05:00"),
            store_id="s1",
            via="QR code",
            associate_id="a1",
            associate_name="Bo",
            brought_by="ben",
        ),
        home_store_id="s1",
        tags=("active", "lover:TEA"),
        favourites=tuple(
            FavouriteCategory(category=f"C{n}", spend_share=round(n / 21, 4), orders_365d=n) for n in (6, 5, 4, 3, 2)
        ),
        rhythm=Rhythm(
            last_visited_at=moment("2017-05-01T12:00"), gap_days=8.46, next_expected_at=moment("2017-05-09T22:00")
        ),
        visits=tuple(
            Visit(order_id=f"o{n}", ordered_at=moment(f"2017-04-0{n}T12:00"), store_id="s1", spend=n + 0.5)
            for n in (7, 6, 5, 4, 3)
        ),
        # eight in the morning on the shops' clocks, and a day earlier each
        visit_hours=(414_320, 24, 24, 24, 24, 24, 24),
        facts=(
            Fact(name="points", value="120", observed_at=moment("2017-05-01T12:00")),
            Fact(name="skin", value="干性", observed_at=moment("2017-05-02T12:00")),
        ),
        given=(GivenCampaign(campaign_id="spring", given_at=moment("2017-05-01T04:00")),),
        redeemed=(RedeemedCoupon(campaign_id="spring", coupon_id="s-milk"),),
    )


def test_what_is_not_known_is_left_empty(tmp_path: Path) -> None:
    found = profiles(tmp_path)
    assert found["cleo"] == MemberProfile(
        identities=(Identity(source="pos", source_id="3"),),
        contact=StoredContact(has_phone=True),
        joined=Joined(store_id="s2", associate_id="a9"),
        home_store_id="s2",
    )
    ben = found["ben"]
    assert ben.rhythm == Rhythm(last_visited_at=moment("2017-04-20T12:00"))
    assert ben.visits == (Visit(order_id="b1", ordered_at=moment("2017-04-20T12:00")),)
    assert ben.attributes.is_staff is True


def test_a_member_without_purchases_or_a_channel_has_a_profile(tmp_path: Path) -> None:
    found = profiles(tmp_path)
    assert set(found) == {"anna", "ben", "cleo", "new", "early"}
    assert found["new"].joined == Joined(at=moment("2017-05-09T20:00"), store_id="s2", via="app")
    assert found["early"].identities == ()


def test_who_joined_later_or_left_no_trace_until_then_is_not_known_yet(tmp_path: Path) -> None:
    assert not {"tomorrow", "nowhere"} & set(profiles(tmp_path))


def test_who_was_held_out_was_given_nothing(tmp_path: Path) -> None:
    # cleo is in the campaign's contacts, as held out
    assert profiles(tmp_path)["cleo"].given == ()


def test_a_shop_that_has_none_of_it_still_has_profiles(tmp_path: Path) -> None:
    found = profiles(tmp_path, without=EVERYTHING)["anna"]
    assert found.identities == (Identity(source="pos", source_id="17"), Identity(source="web", source_id="a/安"))
    assert (found.consent, found.given, found.facts, found.rhythm) == (Consent(), (), (), None)
    assert found.home_store_id == "s1"
    assert len(found.visits) == 5


def test_every_part_of_a_profile_has_its_query() -> None:
    assert set(SECTIONS) == set(MemberProfile.__dataclass_fields__)


@pytest.fixture
def consents(tmp_path: Path) -> Callable[..., tuple[Settings, dict[str, Consent]]]:
    def of(people: list[dict[str, object]]) -> tuple[Settings, dict[str, Consent]]:
        settings = load_settings(home=tmp_path)
        write_people(settings, people)
        folder = settings.paths.tables / "000001-a"
        with duckdb.connect() as con:
            for table in ("member_records", "member_ids"):
                con.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder / table}.parquet')")
            found = con.execute(SECTIONS["consent"]).fetchall()
        return settings, {member: Consent(**consent) for member, consent in found}

    return of


PEOPLE = [
    person("yes", phone="+15550000001", says_yes=["sms"]),
    person("refused", phone="+15550000002", says_yes=["sms"]),
    person("refusing", phone="+15550000002", says_no=["sms"], source="shop"),
    person("silent", phone="+15550000003"),
    person("nowhere", says_yes=["sms", "wechat"]),
    person("old", phone="+15550000004", says_no=["sms"], source="shop", member_id="moved"),
    person("now", phone="+15550000005", says_yes=["sms"], member_id="moved"),
    person("a", email="a@x.example", openid="o1", says_yes=["email"], says_no=["wechat"], member_id="mixed"),
    person("b", openid="o1", says_yes=["wechat"], member_id="mixed"),
    person("c", says_yes=["sms"], member_id="torn"),
    person("d", phone="+15550000006", says_no=["sms"], member_id="torn"),
]


def test_consent_is_shown_as_exports_decide_it(consents: Callable[..., tuple[Settings, dict[str, Consent]]]) -> None:
    settings, found = consents(PEOPLE)
    contacts = {"nowhere"}  # who said yes and left no contact cannot be reached, and did not say no
    for channel in CHANNELS:
        said_yes = {member for member, consent in found.items() if getattr(consent, channel)}
        assert said_yes - contacts == set(reachable_members(settings, channel).tolist()), channel
    assert found["refused"].sms is False
    assert found["silent"] == Consent()
    assert found["mixed"] == Consent(email=True, wechat=False)
    assert found["torn"].sms is False
    assert found["nowhere"] == Consent(sms=True, wechat=True)


def test_no_part_looks_ahead(tmp_path: Path) -> None:
    with literal_profile_tables(tmp_path) as con:
        (latest,) = con.execute("SELECT max(as_of) FROM now").fetchone() or (None,)
        assert latest == AS_OF
        visits = con.execute(f"SELECT visits FROM ({SECTIONS['visits']}) WHERE member_id = 'anna'").fetchone()
    assert visits is not None
    assert "later" not in {each["order_id"] for each in visits[0]}
