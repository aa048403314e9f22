"""Plots that go with a propensity training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

BINS = 20


def auc_chart(means: pd.DataFrame) -> Figure:
    """Bars of the mean AUC by method, with one standard error either way."""
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(means["method"], means["auc"], xerr=means["auc_error"], color="#4c6a92", height=0.6)
    axes.bar_label(bars, labels=[f"{value:.3f}" for value in means["auc"]], padding=6)
    axes.invert_yaxis()
    axes.set_xlim(0.4, 1.0)
    axes.set_xlabel("AUC, mean over targets (line: standard error)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def reliability_chart(bought: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64]) -> Figure:
    """Predicted against observed share of buyers in bins of equal count."""
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.subplots()
    parts = np.array_split(np.argsort(probabilities, kind="stable"), min(BINS, len(probabilities)))
    predicted = [float(probabilities[part].mean()) for part in parts]
    observed = [float(bought[part].mean()) for part in parts]
    limit = max(*predicted, *observed, 0.01) * 1.05
    axes.plot([0, limit], [0, limit], color="#999999", linewidth=1)
    axes.plot(predicted, observed, marker="o", color="#4c6a92")
    axes.set(xlabel="predicted share of buyers", ylabel="observed share of buyers", xlim=(0, limit), ylim=(0, limit))
    axes.spines[["top", "right"]].set_visible(False)
    return figure
