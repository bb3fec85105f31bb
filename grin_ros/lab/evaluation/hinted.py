# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation with hints: the model and simple methods on the very same measured pixels, which count in no figure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.inspection.metrics import Limits
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.datasets.hint_patterns import HintPattern
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.results import Evaluation, FrameResult
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.evaluation.sharing import SharedWork

logger = logging.getLogger(__name__)

MODEL = "model"
INTERPOLATION_COLUMNS = 80
"""Interpolation is done on an image of this width and enlarged."""

Method = Callable[[DepthEstimate, Frame, Hints], DepthEstimate]
"""A method that makes depth from the estimate of the camera alone, the frame and the hints."""


@dataclass(frozen=True)
class Hinted:
    """The results with one pattern: of the model, and of each baseline by name."""

    pattern: str
    evaluation: Evaluation
    baselines: Mapping[str, Evaluation]

    def to_json(self) -> dict[str, Any]:
        """Return {"domains", "scenes", ..., "baselines": {name: {domain: {...}}}} as `Evaluation.to_json` does."""
        return replace(self.evaluation, baselines=self.baselines).to_json()


def evaluate_with_hints(
    samples: Iterable[EvalSample],
    engine: Engine,
    settings: Settings,
    patterns: Sequence[str],
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: bool = False,
) -> list[Hinted]:
    """Evaluate the model with the hints of each pattern, beside BASELINES.

    A sample is left out for a pattern that finds no measured pixel there, or would take more than half of them, and the
    log names it. Raises ValueError for a text that is no pattern, and where a pattern leaves no sample.
    """
    # The frame is encoded once for all patterns and methods.
    shared = SharedWork(engine)
    estimator, plain = (Estimator(shared, settings, shared.sample, hint_network=each) for each in (True, False))
    parsed = {text: HintPattern.parse(text) for text in patterns}
    frames: dict[str, dict[str, list[FrameResult]]] = {text: {} for text in parsed}
    for sample in tqdm(samples, desc="hints", unit="frame", disable=not progress):
        alone = estimator(sample.frame)
        for text, pattern in parsed.items():
            hints = pattern.draw(sample, seed)
            if hints is None and pattern.kind != "none":
                logger.warning("sample '%s' is left out of '%s', which finds no depth there", sample.name, text)
                continue
            rest = sample if hints is None else _without(sample, hints)
            if hints is not None and 2 * np.isfinite(rest.depth_m).sum() < np.isfinite(sample.depth_m).sum():
                logger.warning("sample '%s' is left out of '%s', which takes most of its depth", sample.name, text)
                continue
            for name, got in _estimates(estimator, plain, alone, sample.frame, hints).items():
                one = evaluate([rest], lambda _, got=got: got, limits=limits)  # type: ignore[misc]
                frames[text].setdefault(name, []).extend(one.frames)
    empty = [text for text, found in frames.items() if not found]
    if empty:
        raise ValueError(f"hints: no sample has depth for {', '.join(empty)}; take a pattern with fewer hints")
    results = {text: {name: Evaluation(tuple(found)) for name, found in by.items()} for text, by in frames.items()}
    return [Hinted(text, by[MODEL], {n: e for n, e in by.items() if n != MODEL}) for text, by in results.items()]


def _estimates(
    estimator: Estimator, plain: Estimator, alone: DepthEstimate, frame: Frame, hints: Hints | None
) -> dict[str, DepthEstimate]:
    """Return the model's estimate with the hints, and that of every baseline; with no hints only the camera's own.

    'posterior_only' is the process without the artifact's hint network.
    """
    if hints is None:
        return {MODEL: alone}
    made = {MODEL: estimator(frame, hints=hints)}
    # These methods say nothing of their errors. Without a sigma their figures take a fifth of the time.
    silent = np.full_like(alone.sigma_m, np.nan)
    made |= {name: replace(method(alone, frame, hints), sigma_m=silent) for name, method in BASELINES.items()}
    return made | {"posterior_only": plain(frame, hints=hints)}


def _without(sample: EvalSample, hints: Hints) -> EvalSample:
    """Return the sample without the depth of the hints' pixels."""
    depth_m = sample.depth_m.copy()
    u, v = np.rint(hints.pixels).astype(np.intp).T
    depth_m[v, u] = np.nan
    return replace(sample, depth_m=depth_m)


def _at_hints(alone: DepthEstimate, frame: Frame, hints: Hints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return measured and estimated depth (N,) along z, in metres, where both are known."""
    u, v = np.rint(hints.pixels).astype(np.intp).T
    measured_m = hints.range_m * frame.camera.rays()[v, u, 2]
    estimated_m = alone.depth_m[v, u]
    known = np.isfinite(estimated_m) & np.isfinite(measured_m)
    return measured_m[known].astype(np.float64), estimated_m[known].astype(np.float64)


def _scale(alone: DepthEstimate, frame: Frame, hints: Hints) -> DepthEstimate:
    """Multiply depth by the median ratio of measured to estimated depth."""
    measured_m, estimated_m = _at_hints(alone, frame, hints)
    factor = np.float32(np.exp(np.median(np.log(measured_m / estimated_m)))) if len(measured_m) else np.float32(1.0)
    return replace(alone, depth_m=alone.depth_m * factor, sigma_m=alone.sigma_m * factor)


def _inverse_depth_least_squares(alone: DepthEstimate, frame: Frame, hints: Hints) -> DepthEstimate:
    """Fit scale and shift in inverse depth, as most packages for depth completion do (VI-Depth, Prior Depth Anything).

    Where that gives no positive inverse depth, the scaled estimate stays.
    """
    measured_m, estimated_m = _at_hints(alone, frame, hints)
    scaled = _scale(alone, frame, hints)
    if len(measured_m) < 2:
        return scaled
    design = np.column_stack([1.0 / estimated_m, np.ones_like(estimated_m)])
    (scale, shift), *_ = np.linalg.lstsq(design, 1.0 / measured_m, rcond=None)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = scale / alone.depth_m + shift
        depth_m = np.where(inverse > 1e-3, 1.0 / inverse, scaled.depth_m).astype(np.float32)
        return replace(alone, depth_m=depth_m, sigma_m=alone.sigma_m / alone.depth_m * depth_m)


def _interpolation(alone: DepthEstimate, frame: Frame, hints: Hints) -> DepthEstimate:
    """Interpolate ln(range) between the hints, weighted by the inverse square of the distance; no network."""
    width, height = frame.camera.width, frame.camera.height
    rows = max(1, round(height * INTERPOLATION_COLUMNS / width))
    v, u = np.mgrid[0:rows, 0:INTERPOLATION_COLUMNS].astype(np.float32)
    step = np.float32(width / INTERPOLATION_COLUMNS)
    pixels = np.stack([(u + 0.5) * step - 0.5, (v + 0.5) * np.float32(height / rows) - 0.5], -1).reshape(-1, 2)
    total, weighted = np.zeros(len(pixels), np.float32), np.zeros(len(pixels), np.float32)
    for pixel, ln_range in zip(hints.pixels, np.log(hints.range_m), strict=True):
        weight = 1.0 / (((pixels - pixel) ** 2).sum(axis=1) + np.float32(0.25) * step**2)
        total += weight
        weighted += weight * ln_range
    small = (weighted / total).reshape(rows, INTERPOLATION_COLUMNS)
    ln_range = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    depth_m = (np.exp(ln_range) * frame.camera.rays()[..., 2]).astype(np.float32)
    return replace(alone, depth_m=depth_m, sigma_m=np.float32(0.1) * depth_m)


BASELINES: Mapping[str, Method] = {
    "scale": _scale,
    "inverse_depth_ls": _inverse_depth_least_squares,
    "interpolation": _interpolation,
}
"""Name -> method. Each sees the same hints as the model."""


def hints_table(results: Sequence[Hinted]) -> str:
    """Return a Markdown table: AbsRel of the model and of each baseline, by pattern and domain, and sigma's figures."""
    names = list(dict.fromkeys(name for result in results for name in result.baselines))
    head = ["hints", "domain", "AbsRel", *names, "in 1σ", "in 2σ", "rank corr.", "½ gain", "frames"]
    rows = [head, ["---", "---", *["---:"] * (len(head) - 2)]]
    for result in results:
        for domain in result.evaluation.domain_names:
            figures = result.evaluation.domain(domain)
            others = [
                f"{result.baselines[name].domain(domain)['abs_rel']:.3f}" if name in result.baselines else ""
                for name in names
            ]
            rows.append([
                result.pattern, domain, f"{figures['abs_rel']:.3f}", *others, f"{figures['coverage_1sigma']:.3f}",
                f"{figures['coverage_2sigma']:.3f}", f"{figures['rank_correlation']:+.2f}",
                f"{figures['certain_half_gain']:+.0%}", f"{figures['frames']:.0f}",
            ])  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def hints_picture(results: Sequence[Hinted], path: Path) -> Path:
    """Draw AbsRel against the number of hints, a line for every method, one plot for each domain. Needs matplotlib."""
    from matplotlib.figure import Figure

    domains = list(dict.fromkeys(domain for result in results for domain in result.evaluation.domain_names))
    figure = Figure(figsize=(5.2 * len(domains), 4.2), layout="constrained")
    for axes, domain in zip(figure.subplots(1, len(domains), squeeze=False)[0], domains, strict=True):
        shown = [result for result in results if domain in result.evaluation.domain_names]
        lines: dict[str, dict[str, float]] = {}
        for result in shown:
            for name, evaluation in ({MODEL: result.evaluation} | dict(result.baselines)).items():
                lines.setdefault(name, {})[result.pattern] = evaluation.domain(domain)["abs_rel"]
        for name, values in lines.items():
            axes.plot(list(values), list(values.values()), "o-", label=name, linewidth=2.5 if name == MODEL else 1.2)
        axes.set_title(domain)
        axes.set_ylabel("AbsRel")
        axes.set_ylim(bottom=0.0)
        axes.tick_params(axis="x", rotation=30)
        axes.grid(alpha=0.3)
        axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return path
