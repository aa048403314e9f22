"""The rows that the ranker learns from are the same whoever makes them."""

from __future__ import annotations

import numpy as np
import pytest

from training.ranker import drawn_rows as drawing
from training.ranker.drawn_rows import Draw, drawn_rows
from training.recommendations.plan import plan_training


def test_processes_make_the_same_rows_as_one(small_shop, small_history, monkeypatch):
    settings = small_shop.settings
    plan = plan_training(settings, as_of=small_history.build.as_of, first=None)
    draws = [
        Draw(cutoff=plan.train[0], negative_share=0.25, seed=3),
        Draw(cutoff=plan.tune, negative_share=None, seed=3),
    ]
    tables = settings.paths.tables / small_history.build.tables_version

    def made(cutoffs_per_process):
        monkeypatch.setattr(drawing, "CUTOFFS_PER_PROCESS", cutoffs_per_process)
        return list(drawn_rows(settings, small_history, draws, tables_folder=tables))

    with monkeypatch.context() as one:
        one.setattr(drawing, "_pool", lambda *_, **__: pytest.fail("no process is worth its start for two cut-offs"))
        alone = made(3)
    beside = made(1)
    for own, other in zip(alone, beside, strict=True):
        for name in ("matrix", "bought", "members", "product_rows"):
            assert np.array_equal(getattr(own, name), getattr(other, name), equal_nan=name == "matrix")
    assert len(alone[0]) < len(alone[1])


def test_a_failure_in_a_process_comes_back_in_words(small_shop, small_history, monkeypatch, tmp_path):
    monkeypatch.setattr(drawing, "CUTOFFS_PER_PROCESS", 1)
    plan = plan_training(small_shop.settings, as_of=small_history.build.as_of, first=None)
    draws = [Draw(cutoff=cutoff, negative_share=None, seed=1) for cutoff in (plan.train[0], plan.tune)]
    (tmp_path / "products.parquet").write_text("damaged")
    with pytest.raises(Exception, match=r"products\.parquet"):
        list(drawn_rows(small_shop.settings, small_history, draws, tables_folder=tmp_path))
