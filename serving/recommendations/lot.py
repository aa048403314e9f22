"""Exploration: a few places go by lot to products that are new to the shop, so that something is learnt of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from hashlib import blake2b

from serving.recommendations.ask import Ask
from training.protocol import Rows


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What the lot decides for one member, scenario and day; the same request on the same day gets the same."""

    draw: random.Random
    places: float
    """Places that go by lot on average."""

    def number(self) -> int:
        """Places that go by lot this time: the whole ones, and one more with the chance of the fraction."""
        whole = int(self.places)
        return whole + (self.draw.random() < self.places - whole)

    def pick(self, rows: Rows, number: int) -> list[int]:
        """`number` of the rows, each with the same chance; all of them when there are fewer."""
        return self.draw.sample(rows.tolist(), min(number, len(rows)))

    def probability(self, products: int) -> float:
        """Chance of each of so many products to be picked, before `number` is drawn."""
        if products == 0:
            return 0.0
        whole = int(self.places)
        fraction = self.places - whole
        expected = (1 - fraction) * min(whole, products) + fraction * min(whole + 1, products)
        return expected / products


def lot_of(ask: Ask) -> Lot:
    """The lot of a request, seeded by member, scenario and day in the shops' zone."""
    who = ask.query.member
    known = ask.packed.member_id if ask.packed else None
    named = known or who.member_id or who.source_id or who.phone_hash or who.anonymous_id or ""
    day = ask.as_of.astimezone(ask.zone).date().isoformat()
    seed = blake2b("\0".join((named, ask.query.scenario, day)).encode("utf-8", "replace"), digest_size=8).digest()
    share = ask.scenario.exploration_share
    return Lot(draw=random.Random(int.from_bytes(seed)), places=share * ask.query.count)
