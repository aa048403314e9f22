"""The ranker: LightGBM models of the order, their weighted sum, and a curve from it to a probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.contracts.atomic import read_json, write_json
from features.contracts.clock import moment_text, parse_moment
from features.contracts.errors import Refused, ReleaseDamaged
from features.store.packed_member import PackedMember
from training.affinity.blend import CandidateValues
from training.affinity.source import Scores
from training.protocol import Rows
from training.ranker.evaluator import Evaluator, open_evaluator
from training.ranker.features import MEMBER_FEATURES, PRODUCT_FEATURES, RANKER_FEATURES, Selection, ranker_matrix
from training.release.members import ENCODING as MEMBER_ENCODING
from training.release.products import ENCODING as PRODUCT_ENCODING
from training.release.products import ProductShelf

BOOSTER_FILE = "ranker_{}.txt"
MODEL_FILE = "ranker.json"

OF_MEMBER = Selection(encoding=MEMBER_ENCODING, names=MEMBER_FEATURES)
OF_PRODUCT = Selection(encoding=PRODUCT_ENCODING, names=PRODUCT_FEATURES)

HOURS_PER_DAY = 24


@dataclass(frozen=True, kw_only=True)
class Part:
    """One LightGBM model of a ranker."""

    objective: str
    booster_text: str
    """The model in LightGBM's own text form."""
    weight: float
    """Its raw scores are multiplied by it."""


@dataclass(frozen=True, kw_only=True)
class RankerModel:
    """A trained ranker as it is stored."""

    parts: tuple[Part, ...]
    """Their weighted raw scores, added, order candidates."""
    slope: float
    intercept: float
    """The probability of a purchase in the week is 1 / (1 + e^-(slope * score + intercept)); the slope is above 0."""
    promotions: tuple[str, ...]
    """Which of `mailer` and `display` it has learnt from."""
    as_of: datetime
    """The latest cut-off that it was learnt at; of the week after it the purchases were seen, and nothing later."""

    def evaluator(self, *, compiled: bool) -> Evaluator:
        """What gives the scores."""
        parts = tuple((part.weight, open_evaluator(part.booster_text, compiled=compiled)) for part in self.parts)
        return SumOfParts(parts=parts)

    def save(self, folder: Path) -> None:
        """Writes the model into `folder`, `ranker.json` last: a folder without it is not finished."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(self.parts):
            (folder / BOOSTER_FILE.format(number)).write_text(part.booster_text, encoding="utf-8")
        write_json(
            folder / MODEL_FILE,
            {
                "slope": self.slope,
                "intercept": self.intercept,
                "promotions": list(self.promotions),
                "parts": [{"objective": part.objective, "weight": part.weight} for part in self.parts],
                "as_of": moment_text(self.as_of),
                "features": list(RANKER_FEATURES),
            },
        )


def load_ranker(folder: Path) -> RankerModel | None:
    """The model that was saved, None where none was learnt. Raises ReleaseDamaged for a missing or a foreign file."""
    if not (folder / MODEL_FILE).exists() and not (folder / BOOSTER_FILE.format(0)).exists():
        return None
    try:
        written = read_json(folder / MODEL_FILE)
        if written is None:
            raise ReleaseDamaged(f"ranker: {folder / MODEL_FILE} is missing; train again")
        if written["features"] != list(RANKER_FEATURES):
            raise ReleaseDamaged(
                f"ranker: {folder / MODEL_FILE} was trained on other features than this code computes; train again"
            )
        parts = tuple(
            Part(
                objective=part["objective"],
                weight=part["weight"],
                booster_text=(folder / BOOSTER_FILE.format(number)).read_text(encoding="utf-8"),
            )
            for number, part in enumerate(written["parts"])
        )
        return RankerModel(
            parts=parts,
            slope=written["slope"],
            intercept=written["intercept"],
            promotions=tuple(written["promotions"]),
            as_of=parse_moment(written["as_of"]),
        )
    except ReleaseDamaged:
        raise
    except (OSError, ValueError, KeyError, Refused) as error:
        raise ReleaseDamaged(f"ranker: a file of {folder} cannot be read ({error}); train again") from error


@dataclass(frozen=True, kw_only=True)
class SumOfParts:
    """Several models' weighted scores, added in their order."""

    parts: tuple[tuple[float, Evaluator], ...]

    @property
    def name(self) -> str:
        """Names of the parts' evaluators."""
        return " + ".join(dict.fromkeys(evaluator.name for _, evaluator in self.parts))

    def predict(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float64 (rows,)."""
        total = np.zeros(len(matrix))
        for weight, evaluator in self.parts:
            total += weight * evaluator.predict(matrix)
        return total


@dataclass(frozen=True, kw_only=True)
class Ranker:
    """A ranker over the products of one shelf; safe to use from several threads."""

    model: RankerModel
    shelf: ProductShelf
    evaluator: Evaluator

    def scores(self, member: PackedMember, product_rows: Rows, values: CandidateValues, *, as_of_days: float) -> Scores:
        """float32 (products,): the probability that the member buys each within a week; higher is better.

        `product_rows` are rows of the shelf, `values` is float32 (products, CANDIDATE_FIELDS).
        """
        members = OF_MEMBER.matrix(member.vector[None, :], as_of_days=as_of_days)
        return self.probabilities(members, product_rows, values, as_of_days=as_of_days)

    def probabilities(
        self, members: npt.NDArray[np.float32], product_rows: Rows, values: CandidateValues, *, as_of_days: float
    ) -> Scores:
        """The same of candidates of several members: `members` is float32 (products or 1, MEMBER_FEATURES)."""
        products = self._products_at(as_of_days)[product_rows]
        rows = ranker_matrix(values, products, members, as_of_days=as_of_days, promotions=self.model.promotions)
        raw = self.evaluator.predict(rows)
        return np.asarray(1.0 / (1.0 + np.exp(-(self.model.slope * raw + self.model.intercept))), dtype=np.float32)

    def _products_at(self, as_of_days: float) -> npt.NDArray[np.float32]:
        """float32 (shelf rows, PRODUCT_FEATURES), their ages at the full hour: the same for every request of it."""
        hour = int(as_of_days * HOURS_PER_DAY)
        known = self._by_hour
        found = known.get(hour)
        if found is None:
            found = OF_PRODUCT.matrix(self.shelf.matrix, as_of_days=hour / HOURS_PER_DAY)
            known.clear()
            known[hour] = found
        return found

    @cached_property
    def _by_hour(self) -> dict[int, npt.NDArray[np.float32]]:
        return {}


def open_ranker(model: RankerModel, shelf: ProductShelf, *, compiled: bool = True) -> Ranker:
    """The ranker ready to score products of a shelf."""
    return Ranker(model=model, shelf=shelf, evaluator=model.evaluator(compiled=compiled))


def promotions_of(names: Sequence[str]) -> tuple[str, ...]:
    """The names of promotions in their fixed order."""
    return tuple(name for name in ("mailer", "display") if name in names)
