"""Fits the booster of launches, and predicts each past launch by a booster that has not seen it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt

from features.contracts.settings import LaunchSettings
from training.launches.features import FEATURE_NAMES
from training.launches.model import raw_probabilities
from training.launches.moment import Truths
from training.launches.shop import Example

Floats = npt.NDArray[np.float64]
LabelledExample = tuple[Example, Truths]
"""An example and who of its members bought within BASE_HORIZON."""

FOLDS = 3
"""Stretches of time: launches of one stretch are predicted by what the others and the simulated ones teach."""


@dataclass(frozen=True, kw_only=True)
class CrossedBooster:
    """A booster, and what it is worth on launches that it has not seen."""

    booster: lightgbm.Booster
    predicted: tuple[Floats, ...]
    """Raw probabilities (members,) of each real example, in their order."""


def fit_booster(examples: Sequence[LabelledExample], *, settings: LaunchSettings, seed: int) -> lightgbm.Booster:
    """A booster of all buyers of the examples, and of a share of the other members with the weight of all."""
    random = np.random.default_rng(seed)
    matrices, labels = [], []
    for example, bought in examples:
        kept = bought | (random.random(len(bought)) < settings.negative_share)
        matrices.append(example.matrix[kept])
        labels.append(bought[kept])
    truth = np.concatenate(labels)
    learnt = lightgbm.Dataset(
        np.concatenate(matrices),
        truth.astype(np.int8),
        weight=np.where(truth, 1.0, 1.0 / settings.negative_share),
        feature_name=list(FEATURE_NAMES),
        params={"max_bin": 63, "min_data_in_bin": 20, "num_threads": 1, "verbosity": -1},
        free_raw_data=True,
    )
    return lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": settings.learning_rate,
            "num_leaves": settings.leaves,
            "min_data_in_leaf": min(settings.min_rows_in_leaf, max(1, len(truth) // 20)),
            "feature_fraction": settings.feature_share,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "max_bin": 63,
            "min_data_in_bin": 20,
            "seed": seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        },
        learnt,
        num_boost_round=settings.rounds,
    )


def fit_crossed(
    examples: Sequence[LabelledExample],
    *,
    settings: LaunchSettings,
    seed: int,
    threads: int,
    step: Callable[[int, int], None] = lambda _done, _all: None,
) -> CrossedBooster:
    """The booster of all examples, and each real one predicted by a booster that saw none of its stretch of time.

    A simulated launch teaches every fold that its moment lies outside of.
    """
    real = np.array([number for number, (each, _) in enumerate(examples) if not each.is_simulated])
    moments = np.array([each.at_days for each, _ in examples])
    folds = np.array_split(real[np.argsort(moments[real], kind="stable")], FOLDS)
    learnt = [list(examples)]
    for fold in folds:
        inside = (moments >= moments[fold].min()) & (moments <= moments[fold].max())
        learnt.append([each for each, is_inside in zip(examples, inside, strict=True) if not is_inside])
    boosters: list[lightgbm.Booster] = []
    # Each on a thread of its own: several threads of one booster wait for each other, and the longest on busy cores.
    with ThreadPoolExecutor(threads) as pool:
        for booster in pool.map(lambda each: fit_booster(each, settings=settings, seed=seed), learnt):
            boosters.append(booster)
            step(len(boosters), len(learnt))
    predicted: dict[int, Floats] = {}
    for booster, fold in zip(boosters[1:], folds, strict=True):
        for number in fold.tolist():
            predicted[number] = raw_probabilities(booster, examples[number][0].matrix, threads=1)
    return CrossedBooster(booster=boosters[0], predicted=tuple(predicted[number] for number in real.tolist()))
