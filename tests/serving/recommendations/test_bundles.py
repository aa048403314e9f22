"""Bundles: liked products with what is really bought with them, each product once, and a true sentence to say."""

from __future__ import annotations

import numpy as np
import pytest
from literal_asks import BREAD, BUTTER, CHEESE, GONE, JAM, WINE, ask, candidates, release, together

from features.contracts.ids import ProductId
from serving.recommendations.ask import Offered, ScoredProducts
from serving.recommendations.bundles import offer_bundles
from training.release.loaded import LoadedRelease
from training.release.segments import Segments
from training.release.together import Together

PAIRS = {
    (BREAD, BUTTER): (40, 8.0),
    (BUTTER, BREAD): (40, 8.0),
    (BREAD, JAM): (20, 4.0),
    (JAM, BREAD): (20, 4.0),
    (CHEESE, WINE): (10, 5.0),
    (WINE, CHEESE): (10, 5.0),
    (WINE, GONE): (90, 20.0),
}
TRIOS = {(BREAD, BUTTER, JAM): (15, 60.0)}
ANNA = candidates({BREAD: 0.5, BUTTER: 0.1, JAM: 0.2, CHEESE: 0.4}, bought=[BREAD])


@pytest.fixture
def shop() -> LoadedRelease:
    return release(together=together(PAIRS, TRIOS))


def ids(offered: Offered) -> list[str]:
    return [item.id for item in offered.items]


def test_a_bundle_says_what_it_is_made_of_and_how_sure_it_is(shop: LoadedRelease) -> None:
    first = offer_bundles(ask(shop, "associate", own=ANNA)).items[0]
    assert first.id == "bread+butter+jam"
    assert first.type == "bundle"
    assert first.name == "Bread + Butter + Jam"
    assert [(each.product_id, each.name, each.price) for each in first.products] == [
        ("bread", "Bread", 2.0),
        ("butter", "Butter", 1.5),
        ("jam", "Jam", 3.25),
    ]
    assert first.total_price == 6.75
    assert first.support == pytest.approx(0.015)
    assert first.lift == pytest.approx(60.0)
    assert first.source == "together"


def test_no_product_stands_in_two_bundles_and_the_best_liked_comes_first(shop: LoadedRelease) -> None:
    offered = offer_bundles(ask(shop, "associate", own=ANNA, count=2))
    assert ids(offered) == ["bread+butter+jam", "cheese+wine"]
    assert offered.items[0].score > offered.items[1].score
    assert offered.filtered == {}


def test_too_few_bundles_are_said(shop: LoadedRelease) -> None:
    assert offer_bundles(ask(shop, "associate", own=ANNA, count=5)).filtered == {"no_more_bundles": 3}
    without = offer_bundles(ask(release(), "associate", own=ANNA, count=5))
    assert without == Offered(items=(), filtered={"no_more_bundles": 5})


def test_an_unknown_price_makes_no_total(shop: LoadedRelease) -> None:
    wine = offer_bundles(ask(shop, "associate", own=ANNA)).items[1]
    assert [each.price for each in wine.products] == [4.0, None]
    assert wine.total_price is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"exclude": frozenset(["jam"])}, ["bread+butter", "cheese+wine"]),
        ({"basket": (ProductId("butter"),)}, ["bread+jam", "cheese+wine"]),
        ({"product_id": ProductId("bread")}, ["cheese+wine"]),
        ({"exclude": frozenset(["bread+butter+jam"])}, ["bread+jam", "cheese+wine"]),
        ({"item_ids": ("cheese",)}, ["cheese+wine"]),
        ({"item_ids": ("bread+jam", "nothing")}, ["bread+jam"]),
        ({"eligible": [BREAD, JAM]}, ["bread+jam"]),
    ],
)
def test_what_may_not_come_is_in_no_bundle(shop: LoadedRelease, query: dict[str, object], expected: list[str]) -> None:
    assert ids(offer_bundles(ask(shop, "associate", own=ANNA, **query))) == expected  # type: ignore[arg-type]  # as named


def test_an_excluded_bundle_is_counted(shop: LoadedRelease) -> None:
    excluded = ask(shop, "associate", own=ANNA, count=2, exclude=frozenset(["bread+butter+jam"]))
    assert offer_bundles(excluded).filtered == {"excluded": 1}


def test_what_left_the_shops_is_in_no_bundle(shop: LoadedRelease) -> None:
    offered = offer_bundles(ask(shop, "associate", own=candidates({WINE: 0.5})))
    assert ids(offered) == ["wine+cheese"]


def test_flavours_of_one_thing_are_no_bundle() -> None:
    alike = release(together=together({(WINE, GONE): (90, 20.0)}, {}))
    alike.products.matrix[:] = np.nan
    assert not offer_bundles(ask(alike, "associate", own=candidates({WINE: 0.5}))).items


def test_what_was_bought_too_lately_is_in_no_bundle(shop: LoadedRelease) -> None:
    lately: ScoredProducts = candidates({BREAD: 0.5, CHEESE: 0.4}, bought=[BREAD], days_ago=3)
    assert ids(offer_bundles(ask(shop, "associate", own=lately, scenario={"exclude_bought_days": 7}))) == [
        "cheese+wine"
    ]
    assert ids(offer_bundles(ask(shop, "associate", own=lately, scenario={"exclude_bought_days": 2})))[0].startswith(
        "bread"
    )


@pytest.mark.parametrize(
    ("own", "locale", "code", "sentence"),
    [
        (ANNA, "en", "bundle_bought", "You have bought Bread before; many take Butter and Jam with it."),
        (ANNA, "zh", "bundle_bought", "您买过Bread，很多顾客会同时带上Butter和Jam。"),
        (
            candidates({BREAD: 0.5}),
            "en",
            "bundle_taste",
            "Bread may be to your taste; many take Butter and Jam with it.",
        ),
    ],
)
def test_the_sentence_is_true_of_the_member(
    shop: LoadedRelease, own: ScoredProducts, locale: str, code: str, sentence: str
) -> None:
    (reason,) = offer_bundles(ask(shop, "associate", own=own, locale=locale)).items[0].reasons
    assert (reason.code, reason.sentence) == (code, sentence)


def test_somebody_unknown_is_offered_what_is_popular_in_the_store() -> None:
    bundled: Together = together(PAIRS, TRIOS)
    everywhere = offer_bundles(ask(release(together=bundled), "associate"))
    assert ids(everywhere)[0] == "bread+butter+jam"
    assert everywhere.items[0].reasons[0].code == "bundle_popular"
    segments = Segments(
        rows=np.array([BREAD, CHEESE], dtype=np.int64),
        popularity=np.array([1.0, 0.9], dtype=np.float32),
        keys=np.array(["store=cellar"], dtype=np.str_),
        log_lifts=np.array([[-3.0, 0.0]], dtype=np.float32),
    )
    cellar = release(together=bundled, segments=segments)
    assert ids(offer_bundles(ask(cellar, "associate", count=1, store_id="cellar"))) == ["cheese+wine"]
    assert ids(offer_bundles(ask(cellar, "associate", count=1, store_id="elsewhere")))[0].startswith("bread")
