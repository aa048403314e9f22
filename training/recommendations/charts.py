"""Plots that go with an evaluation of recommendations."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from training.evaluation.summary import EvaluationRow


def recall_chart(rows: Sequence[EvaluationRow]) -> Figure:
    """Bars of recall@10 by method, with one standard error either way."""
    figure = Figure(figsize=(7, 1.2 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    recalls = [row.recall for row in rows]
    bars = axes.barh(
        [row.method for row in rows], recalls, xerr=[row.recall_error for row in rows], color="#4c6a92", height=0.6
    )
    axes.bar_label(bars, labels=[f"{recall:.3f}" for recall in recalls], padding=6)
    axes.invert_yaxis()
    axes.set_xlim(0, max(recalls, default=0.0) * 1.2 or 1.0)
    axes.set_xlabel("recall@10, mean over cut-offs (line: standard error over members)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
