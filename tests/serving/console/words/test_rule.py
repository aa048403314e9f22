from __future__ import annotations

import pytest
from babel import Locale

from serving.audiences.rule import AudienceRule
from serving.console.languages import language_of
from serving.console.visit import Reader
from serving.console.words.rule import rule_words


class Names:
    def product(self, product_id):
        return f"Product {product_id}"

    def audience(self, audience_id):
        return f"Audience {audience_id}"

    def list_(self, list_id):
        return f"List {list_id}"

    def tag(self, tag):
        return f"Tag {tag}"

    def store(self, store_id):
        return f"Store {store_id}"


def said(settings, now, rule, *, code="en"):
    reader = Reader(language=language_of(code), number_locale=Locale.parse("en_US"), settings=settings, now=now)
    return rule_words(AudienceRule.from_json(rule), reader, Names())


@pytest.mark.parametrize(
    ("target", "title", "what"),
    [
        ({"category": "TEA"}, "TEA", ()),
        ({"category": "TEA", "brand": "Lotus"}, "category TEA, brand Lotus", ()),
        ({"filter": "price < 3"}, "products with price < 3", ()),
        ({"product_ids": ["p1", "p2"]}, "Product p1, Product p2", ()),
        (
            {"product_ids": [f"p{number}" for number in range(1, 9)]},
            "Product p1, Product p2, Product p3, Product p4, Product p5 and 3 more",
            (),
        ),
        ({"list_id": "l"}, "Products of the list “List l”", ()),
        (
            {"launch": {"category": "TEA", "price": 4.5, "is_private_label": True, "analogues": ["p1"]}},
            "A new product in TEA",
            ("Never sold so far.", "Price: $4.50", "The shop's own label", "Taken to be like: Product p1"),
        ),
        (
            {"launch": {"category": "TEA", "unlike": ["p2"]}},
            "A new product in TEA",
            ("Never sold so far.", "Not taken to be like: Product p2"),
        ),
        ({"event": "visit"}, "Will buy anything", ()),
    ],
)
def test_what_is_sold_is_said(settings, now, target, title, what):
    words = said(settings, now, {"target": target})
    assert (words.title, words.what[:-1]) == (title, what)


def test_whoever_will_stop_counts_by_buying_nothing(settings, now):
    words = said(settings, now, {"target": {"lapse": True}, "horizon_days": 56})
    assert (words.title, words.what) == ("About to stop buying", ("Counts if nothing is bought for 56 days.",))


def test_every_condition_on_members_is_a_sentence(settings, now):
    rule = {
        "target": {"category": "TEA"},
        "channel": "sms",
        "population": {
            "bought_within_days": 30,
            "bought_category_within": {"category": "COFFEE", "days": 60},
            "tags": ["new", "lover:TEA"],
            "store_ids": ["s1"],
            "channels": ["app"],
            "filter": "age > 30",
        },
        "exclude": {"bought_within_days": 7, "contacted_within_days": 14, "audience_ids": ["a1"]},
    }
    words = said(settings, now, rule)
    assert words.whom == (
        "bought anything within the last 30 days",
        "bought COFFEE within the last 60 days",
        "has one of the tags: “Tag new”, “Tag lover:TEA”",
        "bought in the stores: Store s1",
        "bought through: app",
        "fits the condition: age > 30",
        "may be told by text message: the contact is known and they agreed",
    )
    assert words.not_whom == (
        "bought it within the last 7 days",
        "was told something within the last 14 days",
        "is in the audience “Audience a1”",
    )


def test_a_tree_of_audiences_and_lists_reads_as_one_sentence(settings, now):
    tree = {"and": [{"audience": "a"}, {"or": [{"list": "l"}, {"not": {"audience": "b"}}]}, {"not": {"list": "m"}}]}
    words = said(settings, now, {"target": {"category": "TEA"}, "combine": tree})
    assert words.whom[1] == (
        "is in the audience “Audience a” and (is in the list “List l” or is not in the audience “Audience b”) "
        "and is not in the list “List m”"
    )


@pytest.mark.parametrize(
    ("rule", "how_many"),
    [
        ({}, ("everybody who is left",)),
        ({"size": 1200, "with_coupons": True}, ("the 1,200 likeliest", "each with the running coupon that fits best")),
        ({"min_probability": 0.125}, ("everybody with a chance of 12.5% or more",)),
        ({"expected_buyers": 50}, ("as few as are expected to bring 50 buyers",)),
        (
            {"size": 5, "holdout": {"share": 0.1}, "as_of": "2017-12-31T05:00:00Z"},
            (
                "the 5 likeliest",
                "10% of them, taken by lot, are not told, so that the effect can be seen",
                "as if it were 31 Dec 2017, 00:00",
            ),
        ),
    ],
)
def test_how_many_is_said(settings, now, rule, how_many):
    assert said(settings, now, {"target": {"category": "TEA"}, **rule}).how_many == how_many


def test_the_same_is_said_in_chinese(settings, now):
    rule = {"target": {"category": "TEA"}, "size": 20, "channel": "wechat", "combine": {"not": {"list": "l"}}}
    words = said(settings, now, rule, code="zh")
    assert words.what == ("28天内购买即计入。",)
    assert words.whom == ("近91天有购买", "不在名单“List l”中", "可通过微信触达：有联系方式且已授权")
    assert words.how_many == ("可能性最高的20人",)
