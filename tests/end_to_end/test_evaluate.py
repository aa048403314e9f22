"""`faces evaluate` prints tables, writes rows, and keeps what docs/quality.md is made of."""

from __future__ import annotations

import json

import pytest

from training.evaluation.page import quality_page

pytestmark = pytest.mark.slow

FIGURES = {"recall", "ndcg", "hit", "precision", "coverage", "novelty", "repeat_recall", "explore_recall"}


def test_recommendations_are_evaluated_on_the_weeks_asked_for(small_shop, tmp_path):
    shop = small_shop.copy_to(tmp_path / "home")
    rows_file, kept = tmp_path / "rows.json", tmp_path / "quality" / "recommendations.json"
    kept.parent.mkdir()
    done = shop.faces("evaluate", "recommendations", "--weeks", "49,51", "--json", str(rows_file), "--keep", str(kept))
    assert "Recommendations, mean over weeks 49,51" in done.stdout
    rows = json.loads(rows_file.read_text())
    assert {row["week"] for row in rows} == {49, 51, "all"}
    assert {row["kind"] for row in rows} == {"product", "variant", "baseline", "source"}
    assert [row["method"] for row in rows if row["kind"] == "product"] == ["thousand-faces"] * 3
    for row in rows:
        assert row.keys() >= FIGURES
        assert 0 <= row["recall"] <= 1
    best = {row["method"]: row["recall"] for row in rows if row["week"] == "all"}
    assert best["thousand-faces"] > best["popularity"]
    assert "| thousand-faces |" in quality_page(kept.parent)


def test_a_week_beyond_the_data_is_refused_in_one_line(small_shop):
    done = small_shop.faces("evaluate", "recommendations", "--weeks", "60", check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "ask for earlier weeks" in done.stderr


def test_newcomers_are_evaluated_beside_plain_popularity(small_shop, tmp_path):
    shop = small_shop.copy_to(tmp_path / "home")
    rows_file = tmp_path / "rows.json"
    done = shop.faces("evaluate", "newcomers", "--weeks", "50", "--json", str(rows_file))
    assert "Newcomers" in done.stdout
    rows = json.loads(rows_file.read_text())
    assert {row["kind"] for row in rows} == {"cold"}
    assert {row["week"] for row in rows} == {50, "all"}


def test_a_shop_with_too_few_launches_is_refused_in_one_line(small_shop):
    done = small_shop.faces("evaluate", "launches", check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "to learn from (20 are needed)" in done.stderr
