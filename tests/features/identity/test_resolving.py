from datetime import UTC, datetime, timedelta

import pytest

UNION = "oUnion"


def record(person, **known):
    source, source_id = person.split("/")
    return {"source": source, "source_id": source_id, **known}


def order(person, day):
    source, source_id = person.split("/")
    return {
        "order_id": f"{person}{day}",
        "product_id": "p",
        "quantity": 1,
        "source": source,
        "source_id": source_id,
        "ordered_at": datetime(2017, 1, 1, tzinfo=UTC) + timedelta(days=day),
    }


def sets(*members):
    return {frozenset(member.split()) for member in members}


@pytest.mark.parametrize("other", ["+86 138 1234 5678", "138-1234-5678", "１３８１２３４５６７８", "0086(138)12345678"])
def test_one_number_in_two_notations_is_one_member(resolve, other):
    found = resolve([record("pos/1", phone="13812345678"), record("app/9", phone=other)])
    assert found.together() == sets("pos/1 app/9")


@pytest.mark.parametrize(
    "both",
    [
        {"email": "Li@x.example"},
        {"wechat_unionid": "u"},
        {"wechat_openid": "o"},
        {"card_no": "77"},
        {"name": "李小明", "address": "南京路 12 号"},
        {"name": "John Smith", "address": "12 Main Street"},
    ],
)
def test_every_identifier_joins_two_channels(resolve, both):
    found = resolve([record("pos/1", **both), record("app/9", **both), record("pos/2")])
    assert found.together() == sets("pos/1 app/9", "pos/2")


def test_a_masked_number_joins_nobody(resolve):
    found = resolve([record("pos/1", phone="138****5678"), record("app/9", phone="138****5678")])
    assert found.together() == sets("pos/1", "app/9")


def test_generated_contacts_join_nobody(resolve):
    found = resolve([record(who, phone="13812345678", is_synthetic=True) for who in ("pos/1", "app/9")])
    assert found.together() == sets("pos/1", "app/9")


def test_two_unionids_are_two_persons_whatever_else_they_share(resolve):
    same = {"phone": "13812345678", "email": "a@x.example", "card_no": "1"}
    found = resolve([record("shop/1", wechat_unionid="u1", **same), record("app/9", wechat_unionid="u2", **same)])
    assert found.together() == sets("shop/1", "app/9")


def test_two_cards_of_one_channel_are_not_joined_by_a_number(resolve):
    found = resolve(
        [record("pos/1", card_no="1", phone="13812345678"), record("pos/2", card_no="2", phone="13812345678")]
    )
    assert found.together() == sets("pos/1", "pos/2")


def test_a_number_of_two_names_joins_each_name_and_nobody_without_one(resolve):
    phone = "13812345678"
    found = resolve(
        [
            record("pos/1", phone=phone, name="John Smith"),
            record("app/1", phone=phone, name="Smith, John"),
            record("pos/2", phone=phone, name="Mary Smith"),
            record("app/2", phone=phone, name="Mrs. Mary Smith"),
            record("web/3", phone=phone),
        ]
    )
    assert found.together() == sets("pos/1 app/1", "pos/2 app/2", "web/3")
    assert found.counts.contested == 1


def test_two_accounts_of_one_channel_need_more_than_a_number_in_common(resolve):
    phone, name, mail = "13812345678", {"name": "王小明"}, {"email": "w@x.example"}
    assert resolve([record("pos/1", phone=phone), record("pos/2", phone=phone)]).together() == sets("pos/1", "pos/2")
    for more in (name, mail):
        found = resolve([record("pos/1", phone=phone, **more), record("pos/2", phone=phone, **more)])
        assert found.together() == sets("pos/1 pos/2")


def test_a_number_of_too_many_joins_only_those_of_one_name(resolve):
    phone = "13800000001"
    crowd = [record(f"c{number}/1", phone=phone) for number in range(9)]
    named = [record("pos/1", phone=phone, name="王小明"), record("app/1", phone=phone, name="王小明")]
    found = resolve([*crowd, *named])
    assert found.together() == {frozenset({"pos/1", "app/1"}), *(frozenset({f"c{n}/1"}) for n in range(9))}


def test_a_chain_does_not_join_two_names_and_the_number_outweighs_the_address(resolve):
    found = resolve(
        [
            record("pos/1", phone="13812345678", name="John Smith"),
            record("app/1", phone="13812345678", email="home@x.example"),
            record("web/2", email="home@x.example", name="Mary Smith"),
        ]
    )
    assert found.together() == sets("pos/1 app/1", "web/2")


def test_a_recycled_number_belongs_to_its_newest_holder(resolve):
    phone = "13812345678"
    records = [record("pos/1", phone=phone, name="李小明"), record("pos/2", phone=phone, name="王大伟")]
    found = resolve(records, [order("pos/1", 0), order("pos/1", 30), order("pos/2", 200)])
    assert found.together() == sets("pos/1", "pos/2")
    assert found.lost == {"pos/1"}
    both_active = resolve(records, [order("pos/1", 0), order("pos/1", 150), order("pos/2", 200)])
    assert both_active.lost == set()


def test_a_member_has_the_id_of_its_longest_known_record(resolve):
    mail = {"email": "a@x.example"}
    records = [record("app/9", **mail), record("pos/1", **mail)]
    found = resolve(records, [order("app/9", 50), order("pos/1", 3)])
    assert found.ids == {"app/9": "1", "pos/1": "1"}
    assert [(each["old_member_id"], each["member_id"], each["rule"], each["state"]) for each in found.merges] == [
        ("9", "1", "email", "merged")
    ]


def test_the_same_rows_again_give_the_same_members_and_moments(resolve):
    records = [record("app/9", email="a@x.example"), record("pos/1", email="a@x.example"), record("pos/3")]
    first = resolve(records)
    again = resolve(records, now=datetime(2018, 3, 1, tzinfo=UTC))
    assert (again.ids, again.aliases, again.merges) == (first.ids, first.aliases, first.merges)


def test_an_id_that_was_answered_resolves_after_the_merge_and_comes_back_after_the_split(resolve):
    apart = [record("pos/1", phone="13812345678"), record("app/9")]
    joined = [record("pos/1", phone="13812345678"), record("app/9", phone="13812345678")]
    first, merged, split = resolve(apart), resolve(joined), resolve(apart, now=datetime(2018, 3, 1, tzinfo=UTC))
    assert first.ids == split.ids == {"app/9": "9", "pos/1": "1"}
    assert (merged.ids, merged.aliases) == ({"app/9": "9", "pos/1": "9"}, {"1": "9"})
    assert split.aliases == {}
    assert [(each["state"], each["since"].month) for each in split.merges] == [("split", 3)]


def test_a_new_channel_with_the_same_ids_takes_no_id_away(resolve):
    assert resolve([record("pos/7")]).ids == {"pos/7": "7"}
    assert resolve([record("pos/7"), record("app/7")]).ids == {"app/7": "app:7", "pos/7": "7"}


def test_ids_that_colons_could_confuse_stay_apart(resolve):
    found = resolve([record("a/b:c"), record("z/b:c"), record("a:b/c"), record("z/c")])
    assert len(set(found.ids.values())) == 4


def test_a_member_id_that_is_handed_over_later_wins_and_the_old_one_still_resolves(resolve):
    assert resolve([record("pos/7")]).ids == {"pos/7": "7"}
    found = resolve([record("pos/7")], [{**order("pos/7", 1), "member_id": "M1"}])
    assert (found.ids, found.aliases) == ({"pos/7": "M1"}, {"7": "M1"})


def test_a_channels_id_that_was_handed_over_as_member_id_names_that_member(resolve):
    found = resolve([record("crm/M1")], [{**order("pos/1", 1), "member_id": "M1"}])
    assert found.ids == {"crm/M1": "M1", "pos/1": "M1"}
