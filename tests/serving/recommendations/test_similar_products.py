"""Products alike and products found by words, on a real release."""

from __future__ import annotations

import pytest
from made_shop import MadeShop

from features.contracts.ids import ProductId
from serving.recommendations.engine import ReleaseEngine, load_engine
from training.release.shelf import require_active_release


@pytest.fixture(scope="module")
def engine(small_shop: MadeShop) -> ReleaseEngine:
    settings = small_shop.settings
    return load_engine(settings, require_active_release(settings.paths))


def catalogue_of(engine: ReleaseEngine) -> list[str]:
    return [str(each) for each in engine.release.affinity.catalogue.product_ids]


@pytest.fixture(scope="module")
def popular(engine: ReleaseEngine) -> list[ProductId]:
    return [ProductId(each) for each in catalogue_of(engine)[:20]]


def test_similar_products_are_others_best_first_and_as_many_as_asked_for(
    engine: ReleaseEngine, popular: list[ProductId]
) -> None:
    for product in popular:
        cards = engine.similar(product, count=12)
        assert cards is not None
        found = [card.product_id for card in cards]
        assert len(found) == len(set(found)) == 12
        assert product not in found
        scores = [card.score for card in cards if card.score is not None]
        assert scores == sorted(scores, reverse=True)
        assert scores
        # Those of the same group, which have no score, come after.
        assert [card.score is None for card in cards] == sorted(card.score is None for card in cards)


def test_a_product_outside_the_catalogue_has_others_of_its_group(engine: ReleaseEngine) -> None:
    known = set(catalogue_of(engine))
    table = engine.release.products.table
    rare = table[~table["product_id"].isin(known) & table["subcategory"].notna()].iloc[0]
    cards = engine.similar(ProductId(rare["product_id"]), count=3)
    assert cards
    assert {card.score for card in cards} == {None}
    groups = table.set_index("product_id")["subcategory"]
    assert (groups == rare["subcategory"]).sum() > 3
    assert {groups[card.product_id] for card in cards} == {rare["subcategory"]}


def test_an_unknown_product_has_nothing_similar(engine: ReleaseEngine) -> None:
    assert engine.similar(ProductId("no such product"), count=3) is None


def test_the_whole_shelf_can_be_paged_through(engine: ReleaseEngine) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = engine.search("tea", limit=100, cursor=cursor)
        seen += [card.product_id for card in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 100
    order = engine.release.products.row_of
    assert seen == sorted(seen, key=lambda product: order[ProductId(product)])
