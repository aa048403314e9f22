"""Shops of order lines alone: however few members there are, and whatever the ids look like."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

FIRST = datetime(2025, 3, 3)
ODD = (
    "{} a b",
    "会员 {}",
    "00{}",
    'o\'{}"q"',
    "{}/x\\y",
    "😀{}",
    "x" * 190 + "{}",
    "{},;|",
    "%{}_é",
    "a#{}?b=c&d",
)
"""Forms of ids that are all different, and none of them a word of letters and digits."""

Name = Callable[[str, int], str]


def plain(kind: str, number: int) -> str:
    return f"{kind}{number}"


def odd(kind: str, number: int) -> str:
    return ODD[number % len(ODD)].format(f"{kind}{number}")


def write_order_lines(
    folder: Path, *, members: int, products: int, weeks: int, name: Name = plain, seed: int = 1
) -> Path:
    """`folder`/order_lines.csv: everybody has three favourites and comes in two weeks of three."""
    dice = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "order_lines.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("order_id", "product_id", "ordered_at", "quantity", "source", "source_id", "amount"))
        orders = 0
        for member in range(members):
            favourites = dice.sample(range(products), min(3, products))
            for week in range(weeks):
                if dice.random() >= 0.67:
                    continue
                orders += 1
                at = FIRST + timedelta(weeks=week, minutes=dice.randrange(7 * 24 * 60))
                basket = {
                    dice.choice(favourites) if dice.random() < 0.7 else dice.randrange(products)
                    for _ in range(dice.randint(1, 3))
                }
                for product in sorted(basket):
                    writer.writerow(
                        (
                            *(f"o{orders}", name("p", product), f"{at:%Y-%m-%d %H:%M:%S}", 1),
                            *("till", name("m", member), f"{3 + product * 1.5:.2f}"),
                        )
                    )
    return folder
