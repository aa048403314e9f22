"""What goes with given products: strength beyond chance, each product once, with its anchor."""

from __future__ import annotations

import pytest
from literal_recommender import IDS, ZONE, release

from features.contracts.ids import ProductId
from serving.recommendations.assortment import Assortment
from serving.recommendations.complements import NEIGHBOUR_WEIGHT, complements_of

RELEASE = release()
ASSORTMENT = Assortment(RELEASE, zone=ZONE)


def found(*given: str) -> dict[str, tuple[float, str, bool]]:
    rows = ASSORTMENT.rows_of(tuple(ProductId(each) for each in given))
    each = complements_of(rows, RELEASE, ASSORTMENT)
    return {
        IDS[row]: (pytest.approx(float(strength)), IDS[anchor], bool(together))
        for row, strength, anchor, together in zip(
            each.rows, each.strength, each.anchors, each.is_together, strict=True
        )
    }


def test_a_companion_counts_what_its_confidence_is_beyond_chance() -> None:
    # 40 of bread's 100 orders hold butter, of a thousand orders 100 do: lift 4
    assert found("bread")["butter"] == (0.4 * (1 - 1 / 4), "bread", True)


def test_a_neighbour_counts_a_part_of_its_likeness() -> None:
    assert found("bread")["rolls"] == (0.3 * float(NEIGHBOUR_WEIGHT), "bread", False)


def test_strengths_of_several_anchors_join_and_the_strongest_is_named() -> None:
    bread, milk = 0.4 * 0.75, 0.4 * float(NEIGHBOUR_WEIGHT)
    assert found("milk", "bread")["butter"] == (1 - (1 - bread) * (1 - milk), "bread", True)


def test_a_companion_no_likelier_than_by_chance_counts_nothing() -> None:
    assert found("tea")["milk"] == (0.0, "tea", True)


def test_what_is_given_is_never_among_what_goes_with_it() -> None:
    assert not {"milk", "bread"} & set(found("milk", "bread", "bread"))


def test_nothing_goes_with_nothing_nor_with_what_nobody_knows() -> None:
    assert found() == found("nobody's product") == found("soap") == {}
