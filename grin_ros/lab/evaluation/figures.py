# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The plots of the report: sparsification (relative and metric), reliability, and predicted over measured medians."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from grin_ros.core.inspection.panel import new_figure
from grin_ros.core.inspection.sparsification import FRACTIONS
from grin_ros.core.inspection.uncertainty import ONE, SIGMAS, TWO
from grin_ros.lab.evaluation.distance import FAR_M, NEAR_M, medians
from grin_ros.lab.evaluation.results import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT = "#1f2328", "#8c959f"
_LINES = ("#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#57606a")


def sparsification(evaluation: Evaluation) -> Figure:
    """Plot the error of the rest when the most uncertain pixels are dropped, beside oracle and random order."""
    figure = new_figure(11.0, 4.0)
    _draw_sparsification(
        _axes(figure, (0.06, 0.13, 0.42, 0.78), "dropped share, largest σ/p first", "AbsRel, rest / all"),
        evaluation,
        "",
    )
    _draw_sparsification(
        _axes(figure, (0.56, 0.13, 0.42, 0.78), "dropped share, largest σ in metres first", "mean |p − g|, rest / all"),
        evaluation,
        "_metric",
    )  # fmt: skip
    return figure


def _draw_sparsification(axes: Any, evaluation: Evaluation, reading: str) -> None:
    """Draw one plot. reading: '' (relative) or '_metric', the end of the names of curves and figures."""
    axes.axhline(1.0, color=SOFT, linewidth=1, linestyle=":", label="random order")
    for domain, colour in zip(evaluation.domain_names, _LINES * 9):  # noqa: B905 - as many colours as domains
        curve = evaluation.curve(domain, lambda c: getattr(c, f"sparsification{reading}"))
        oracle = evaluation.curve(domain, lambda c: getattr(c, f"oracle{reading}"))
        ause = evaluation.domain(domain)[f"ause{reading}"]
        axes.plot(FRACTIONS, curve, color=colour, linewidth=2, label=f"{domain}: by sigma (AUSE {ause:.3f})")
        axes.plot(FRACTIONS, oracle, color=colour, linewidth=1, linestyle="--", label=f"{domain}: oracle, by the error")
    axes.set_title("metric" if reading else "relative", fontsize=9, color=INK, loc="left")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)


def reliability(evaluation: Evaluation) -> Figure:
    """Plot the share of the errors within k sigma, beside that of a Gaussian."""
    figure = new_figure(5.6, 4.0)
    axes = _axes(figure, (0.11, 0.13, 0.86, 0.83), "k", "share of the errors within k sigma")
    gauss = [math.erf(k / math.sqrt(2.0)) for k in SIGMAS]
    axes.plot([0.0, *SIGMAS], [0.0, *gauss], color=SOFT, linewidth=1.5, linestyle=":", label="Gaussian")
    for domain, colour in zip(evaluation.domain_names, _LINES * 9):  # noqa: B905 - as many colours as domains
        observed = evaluation.curve(domain, lambda c: c.coverage)
        label = f"{domain}: {observed[ONE]:.3f} in 1σ, {observed[TWO]:.3f} in 2σ"
        axes.plot([0.0, *SIGMAS], [0.0, *observed], color=colour, linewidth=2, marker="o", markersize=3.5, label=label)
    axes.set_xlim(0, float(SIGMAS[-1]))
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def distances(evaluation: Evaluation) -> Figure:
    """Draw predicted over measured medians of all frames, the line of a perfect model, and the limits of the bands."""
    figure = new_figure(5.6, 5.0)
    axes = _axes(figure, (0.12, 0.11, 0.85, 0.86), "measured median, metres", "predicted median, metres")
    every: list[float] = []
    for domain, colour in zip(evaluation.domain_names, _LINES * 9):  # noqa: B905 - as many colours as domains
        measured_m, predicted_m, _ = medians(frame for frame in evaluation.frames if frame.domain == domain)
        figures = evaluation.domain(domain)
        label = f"{domain}: slope {figures['ln_median_slope']:.2f}, corr. {figures['ln_median_correlation']:.2f}"
        axes.scatter(measured_m, predicted_m, s=14, color=colour, alpha=0.7, linewidths=0, label=label)
        every += [*measured_m, *predicted_m]
    axes.set_xscale("log")
    axes.set_yscale("log")
    if every:
        ends = [0.9 * min(every), 1.1 * max(every)]
        axes.plot(ends, ends, color=SOFT, linewidth=1.5, linestyle=":", label="perfect")
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
    for limit_m in (NEAR_M, FAR_M):
        axes.axvline(limit_m, color=SOFT, linewidth=0.8)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _axes(figure: Figure, place: tuple[float, float, float, float], x: str, y: str) -> Any:
    axes = figure.add_axes(place)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.grid(color="#eaeef2", linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes
