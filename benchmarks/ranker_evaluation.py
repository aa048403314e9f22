"""CPU time of scoring one member's candidates: LightGBM's Booster beside the compiled trees, on a model of random rows.

`python -m benchmarks.ranker_evaluation`, from the repository's root; `--model FILE` takes a real booster's text.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from benchmarks.processes import machine
from features.contracts.atomic import write_json
from serving.cli.screen import say, show_table
from training.ranker.evaluator import Evaluator, open_evaluator

TRAINING_ROWS = 20_000
CALLS = 50
ROUNDS = 5

Matrix = npt.NDArray[np.float32]


def main() -> None:
    """Prints one table: microseconds of CPU a call, time to open, largest difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300, help="candidates scored at once")
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--model", type=Path, help="a booster saved as text, instead of one made here")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    text = asked.model.read_text() if asked.model else _model(asked.features, trees=asked.trees, leaves=asked.leaves)
    booster = lgb.Booster(model_str=text)
    features = booster.num_feature()
    calls = [_rows(seed, rows=asked.rows, features=features) for seed in range(CALLS)]
    reference = [open_evaluator(text, compiled=False).predict(matrix) for matrix in calls]
    figures = {}
    for compiled in (False, True):
        started = time.perf_counter()
        evaluator = open_evaluator(text, compiled=compiled)
        opened = time.perf_counter() - started
        differences = [np.abs(evaluator.predict(m) - scores).max() for m, scores in zip(calls, reference, strict=True)]
        figures[evaluator.name] = {
            "cpu_us": round(_cpu_microseconds(evaluator, calls), 1),
            "open_seconds": round(opened, 2),
            "largest_difference": float(max(differences)),
        }
    show_table(
        f"{asked.rows} rows, {features} features, {booster.num_trees()} trees; {machine()}",
        ["evaluator", "CPU us a call", "seconds to open", "largest difference"],
        [[name, *row.values()] for name, row in figures.items()],
    )
    if "compiled" not in figures:
        say("the compiled evaluator stepped back for this model; its reason stands above")
    if asked.json:
        write_json(asked.json, {"machine": machine(), "rows": asked.rows, "evaluators": figures})


def _rows(seed: int, *, rows: int, features: int) -> Matrix:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, features)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.15] = np.nan
    return matrix


def _model(features: int, *, trees: int, leaves: int) -> str:
    matrix = _rows(1_000_000, rows=TRAINING_ROWS, features=features)
    whole = np.nan_to_num(matrix)
    noise = np.random.default_rng(7).normal(size=TRAINING_ROWS)
    labels = (whole[:, 0] + whole[:, 1] * whole[:, 2] + whole[:, 3:].sum(axis=1) * 0.2 + noise > 1.0).astype(int)
    settings = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbose": -1, "seed": 7}
    return str(lgb.train(settings, lgb.Dataset(matrix, labels), num_boost_round=trees).model_to_string())


def _cpu_microseconds(evaluator: Evaluator, calls: Sequence[Matrix]) -> float:
    """The best round's CPU time a call: what else the machine does only ever adds to it."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for matrix in calls:
            evaluator.predict(matrix)
        rounds.append((time.process_time() - started) / len(calls))
    return min(rounds) * 1e6


if __name__ == "__main__":
    main()
