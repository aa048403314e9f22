"""Contents as an answer: running, liked through what they name, with a true reason."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from literal_asks import AS_OF, BREAD, CHEESE, GONE, JAM, WINE, ask, candidates, release

from features.contracts.ids import ProductId
from serving.recommendations.ask import Offered
from serving.recommendations.contents import offer_contents
from training.release.contents import Contents
from training.release.loaded import LoadedRelease

DAY = timedelta(days=1)
ROWS = [
    # id, title, category, rows, starts_at, ends_at
    ("coming", "Coming", None, [BREAD], AS_OF + DAY, None),
    ("news", "News", None, [], AS_OF - DAY, None),
    ("toast", "Toast", None, [JAM, BREAD], AS_OF - 2 * DAY, AS_OF + DAY),
    ("board", "Cheese board", None, [CHEESE, WINE], AS_OF - 3 * DAY, None),
    ("dairy", "All about milk", "DAIRY", [], AS_OF - 4 * DAY, None),
    ("relic", "Relic", None, [GONE], AS_OF - 5 * DAY, None),
]
ANNA = candidates({BREAD: 0.5, JAM: 0.1, CHEESE: 0.4}, bought=[BREAD])


@pytest.fixture
def shop() -> LoadedRelease:
    columns = ["content_id", "title", "category", "product_rows", "starts_at", "ends_at"]
    table = pd.DataFrame(ROWS, columns=columns).assign(type="post")
    for moment in ("starts_at", "ends_at"):
        table[moment] = pd.to_datetime(table[moment], utc=True)
    return release(contents=Contents(table))


def ids(offered: Offered) -> list[str]:
    return [item.id for item in offered.items]


def test_running_contents_come_in_order_of_liking(shop: LoadedRelease) -> None:
    offered = offer_contents(ask(shop, "content", own=ANNA, count=4))
    assert ids(offered) == ["toast", "board", "dairy", "news"]
    scores = [item.score for item in offered.items]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == 0.0
    assert offered.filtered == {"no_eligible_product": 1}


def test_a_content_names_its_products_the_best_liked_first_and_its_last_day(shop: LoadedRelease) -> None:
    toast = offer_contents(ask(shop, "content", own=ANNA)).items[0]
    assert (toast.type, toast.name, toast.source) == ("content", "Toast", "contents")
    assert [each.product_id for each in toast.products] == ["bread", "jam"]
    # five in the morning UTC is midnight in the shops: the content ends with the fourth
    assert toast.ends_on == date(2017, 12, 4)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            ANNA,
            {
                "toast": ("content_bought", "About Bread, which you have bought."),
                "board": ("content_taste", "About Cheese, which may be to your taste."),
                "dairy": ("content_category", "About DAIRY, where you may like much."),
                "news": ("content_running", "On in our shops now."),
            },
        ),
        (
            None,
            {
                "toast": ("content_popular", "About Bread, which many members buy."),
                "board": ("content_popular", "About Cheese, which many members buy."),
                "dairy": ("content_category_popular", "About DAIRY, which many members buy."),
                "news": ("content_running", "On in our shops now."),
            },
        ),
    ],
    ids=["known", "unknown"],
)
def test_the_reason_is_true_of_whoever_asks(
    shop: LoadedRelease, own: object, expected: dict[str, tuple[str, str]]
) -> None:
    asked = ask(shop, "content") if own is None else ask(shop, "content", own=ANNA)
    found = {item.id: (item.reasons[0].code, item.reasons[0].sentence) for item in offer_contents(asked).items}
    assert found == expected


@pytest.mark.parametrize(
    ("query", "expected", "filtered"),
    [
        ({"exclude": frozenset(["toast"])}, ["board", "dairy", "news"], {"excluded": 1}),
        ({"item_ids": ("board", "coming", "news")}, ["board", "news"], {"not_asked_for": 2}),
        ({"basket": (ProductId("bread"), ProductId("jam"))}, ["board", "dairy", "news"], {"no_eligible_product": 2}),
        ({"eligible": [WINE]}, ["news", "board", "dairy"], {"no_eligible_product": 2}),
    ],
)
def test_what_may_not_come_is_left_out_and_counted(
    shop: LoadedRelease, query: dict[str, object], expected: list[str], filtered: dict[str, int]
) -> None:
    offered = offer_contents(ask(shop, "content", own=ANNA, count=4, **query))  # type: ignore[arg-type]  # as named
    assert ids(offered) == expected
    short = {"no_more_contents": 4 - len(expected)}
    assert offered.filtered == {"no_eligible_product": 1, **filtered, **short}


def test_a_shop_without_contents_says_so() -> None:
    nothing = Offered(items=(), filtered={"no_more_contents": 3})
    assert offer_contents(ask(release(), "content", count=3)) == nothing
