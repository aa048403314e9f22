"""Raw scores of a LightGBM model: compiled where that is possible, by LightGBM itself where it is not.

Both give the same numbers to the last bit, so batch, evaluation and service may use either.
"""

from __future__ import annotations

import logging
from typing import Protocol

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from training.ranker.tree_masks import LARGEST, TreeMasks, UnsupportedTrees, tree_masks

log = logging.getLogger(__name__)

PROBES = 256
"""Rows on which a compiled model has to agree with LightGBM before it is used."""


class Evaluator(Protocol):
    """A model that scores rows; safe to use from several threads."""

    @property
    def name(self) -> str:
        """`compiled` or `booster`."""

    def predict(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float64 (rows,): raw scores of float32 (rows, features); a missing value is NaN."""


class BoosterEvaluator:
    """LightGBM itself, on one thread."""

    name = "booster"

    def __init__(self, booster_text: str) -> None:
        self._booster = lgb.Booster(model_str=booster_text)

    def predict(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        scores = self._booster.predict(matrix, raw_score=True, num_threads=1, validate_features=False)
        return np.asarray(scores, dtype=np.float64)


class CompiledEvaluator:
    """The trees as masks, in a loop that numba compiles; no compiler has to be installed."""

    name = "compiled"

    def __init__(self, masks: TreeMasks) -> None:
        # Imported when it is asked for: it takes a second, and a machine without it has LightGBM.
        from training.ranker.mask_kernel import MaskKernel

        self._kernel = MaskKernel(masks)

    def predict(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        return self._kernel.sums(np.ascontiguousarray(matrix, dtype=np.float32))


def open_evaluator(booster_text: str, *, compiled: bool) -> Evaluator:
    """The model, compiled if asked for, possible and equal to LightGBM on probing rows; else LightGBM."""
    booster = BoosterEvaluator(booster_text)
    if not compiled:
        return booster
    try:
        masks = tree_masks(booster_text)
        evaluator = CompiledEvaluator(masks)
    except (UnsupportedTrees, ImportError) as error:
        log.warning("ranker: evaluated by LightGBM, not compiled: %s", error)
        return booster
    probes = probing_rows(masks)
    if not np.array_equal(evaluator.predict(probes), booster.predict(probes)):
        log.warning("ranker: evaluated by LightGBM, the compiled model gives other scores")
        return booster
    return evaluator


def probing_rows(masks: TreeMasks) -> npt.NDArray[np.float32]:
    """float32 (PROBES, features): each value at, just below or just above a threshold of the model, zero or missing."""
    random = np.random.default_rng(0)
    rows = np.zeros((PROBES, masks.features), dtype=np.float32)
    for feature in range(masks.features):
        bounds = masks.threshold[(masks.column % masks.features == feature) & (masks.threshold < LARGEST)]
        near = [np.nextafter(bounds, np.float32(-np.inf)), bounds, np.nextafter(bounds, np.float32(np.inf))]
        found = np.concatenate([*near, np.array([0.0, np.nan], dtype=np.float32)])
        rows[:, feature] = random.choice(found, PROBES)
    return rows
