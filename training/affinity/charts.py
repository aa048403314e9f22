"""Plots that go with an affinity training."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from training.affinity.evaluation import Quality


def recall_chart(quality: Sequence[Quality]) -> Figure:
    """Bars of recall@10 by source, with one standard error either way."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    names = [row.source for row in quality]
    recalls = [row.recall_at_10 for row in quality]
    bars = axes.barh(names, recalls, xerr=[row.recall_at_10_error for row in quality], color="#4c6a92", height=0.6)
    axes.bar_label(bars, labels=[f"{recall:.3f}" for recall in recalls], padding=6)
    axes.invert_yaxis()
    axes.set_xlim(0, max(recalls, default=0.0) * 1.2 or 1.0)
    axes.set_xlabel("recall@10, mean over cut-offs (line: standard error over members)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
