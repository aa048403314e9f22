"""Seconds and memory of resolving a million records of channels into members.

`python -m benchmarks.identity`, from the repository's root; it needs no shop. The records are generated with the rates
of `faces evaluate identity`, go the way of a load, and are kept nowhere.
"""

from __future__ import annotations

import argparse
import resource
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.processes import machine
from features.contracts.atomic import write_json
from features.contracts.settings import load_settings
from serving.cli.screen import say, show_table
from training.evaluation.identity import identity_quality
from training.generated.channel_records import Rates, channel_records

RECORDS_PER_PERSON = 2.28
STARTS_AT = datetime(2017, 1, 1, tzinfo=UTC)


def main() -> None:
    """Prints the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--json", type=Path)
    asked = options.parse_args()
    settings = load_settings()
    say(f"machine: {machine()}, {settings.threads} threads")
    random = np.random.default_rng(asked.seed)
    first = random.integers(0, 200, round(asked.records / RECORDS_PER_PERSON))
    days = np.stack([first, first + random.integers(30, 160, len(first))], axis=1)
    generated = channel_records(days, seed=asked.seed, rates=Rates(), starts_at=STARTS_AT)
    before_mb = _peak_mb()
    rules = settings.identity.model_copy(update={"phone_region": "CN"})
    found = identity_quality(generated, rules, threads=settings.threads)
    figures = found.to_json() | {"peak_mb": _peak_mb(), "peak_mb_of_the_generator": before_mb}
    show_table("Identity", ["figure", ""], [[name, value] for name, value in figures.items()])
    if asked.json:
        write_json(asked.json, {"machine": machine(), **figures})


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
