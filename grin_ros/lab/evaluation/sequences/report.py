# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Table and picture of the results along a sequence."""

from __future__ import annotations

from pathlib import Path

from grin_ros.core.inspection.panel import new_figure, save
from grin_ros.lab.evaluation.sequences.evaluation import SequenceResult
from grin_ros.lab.evaluation.table import cell, cells, columns_of


def sequence_table(result: SequenceResult) -> str:
    """Return two Markdown tables: the figures of each method, and AbsRel frame by frame."""
    shown = columns_of("abs_rel", "abs_rel_aligned", "delta1", "coverage_1sigma", "frames")
    rows = [f"| | {' | '.join(heading for _, heading, _ in shown)} |", "|---" + "|---:" * len(shown) + "|"]
    for name, made in result.evaluations.items():
        rows.append(f"| {name} | {' | '.join(cells(made.domain(made.domain_names[0]), shown))} |")
    rows += ["", "| frame | alone | scale | motion | hints | their error | baseline m | |",
             "|---|---:|---:|---:|---:|---:|---:|---|"]  # fmt: skip
    described = result.to_json()
    for one in described["frames"]:
        errors = " | ".join(cell(one[name], "{:.3f}") for name in result.evaluations)
        rows.append(
            f"| {one['name']} | {errors} | {one['hints']} | {cell(one['hint_error'], '{:.1%}')} | "
            f"{one['baseline_m']:.2f} | {one['problem']} |"
        )
    hints = described["hints"]
    return "\n".join(rows) + (
        f"\n\n{hints['per_frame']:.0f} hints a frame, median error {cell(hints['median_error'], '{:.1%}')}; "
        f"{result.worse} of {len(result.hints)} frames are worse than alone by more than 5 %"
    )


def sequence_picture(result: SequenceResult, path: Path) -> Path:
    """Draw AbsRel of each method, the baseline and the number of hints along the sequence. Needs matplotlib."""
    figure = new_figure(9.0, 6.0)
    figure.set_layout_engine("constrained")
    errors, baseline, number = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
    for name in result.evaluations:
        errors.plot(result.abs_rel(name), "o-", label=name)
    baseline.plot([report.baseline_m for report in result.reports])
    baseline.set_ylabel("baseline m")
    number.plot([found.count for found in result.hints])
    number.set_ylabel("hints")
    errors.set_ylabel("AbsRel")
    number.set_xlabel("frames with measured depth")
    for axes in (errors, baseline, number):
        axes.set_ylim(bottom=0.0)
        axes.grid(alpha=0.3)
    errors.legend()
    save(figure, path)
    return path
