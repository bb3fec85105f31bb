# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Table and picture of the results along a sequence."""

from __future__ import annotations

from pathlib import Path

from grin_ros.lab.evaluation.sequences.evaluation import SequenceResult


def sequence_table(result: SequenceResult) -> str:
    """Return two Markdown tables: the figures of each method, and AbsRel frame by frame."""
    rows = ["| | AbsRel | aligned | delta1 | in 1σ | frames |", "|---|---:|---:|---:|---:|---:|"]
    for name, made in result.evaluations.items():
        one = made.domain(made.domain_names[0])
        rows.append(
            f"| {name} | {one['abs_rel']:.3f} | {one['abs_rel_aligned']:.3f} | {one['delta1']:.3f} | "
            f"{one['coverage_1sigma']:.3f} | {one['frames']:.0f} |"
        )
    rows += ["", "| frame | alone | scale | motion | hints | their error | baseline m | |",
             "|---|---:|---:|---:|---:|---:|---:|---|"]  # fmt: skip
    described = result.to_json()
    for one in described["frames"]:
        errors = " | ".join(_shown(one[name], ".3f") for name in result.evaluations)
        rows.append(
            f"| {one['name']} | {errors} | {one['hints']} | {_shown(one['hint_error'], '.1%')} | "
            f"{one['baseline_m']:.2f} | {one['problem']} |"
        )
    hints = described["hints"]
    return "\n".join(rows) + (
        f"\n\n{hints['per_frame']:.0f} hints a frame, median error {_shown(hints['median_error'], '.1%')}; "
        f"{result.worse} of {len(result.hints)} frames are worse than alone by more than 5 %"
    )


def sequence_picture(result: SequenceResult, path: Path) -> Path:
    """Draw AbsRel of each method, the baseline and the number of hints along the sequence. Needs matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
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
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return path


def _shown(value: float | None, form: str) -> str:
    """Return a figure as text, a dash if it is not defined."""
    return "–" if value is None else format(value, form)
