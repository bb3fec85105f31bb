# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation with hints: the model and simple methods on the very same measured pixels, which count in no figure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.inspection.metrics import LIMITS, Limits
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.datasets.hint_patterns import HintPattern
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.results import Evaluation, FrameResult
from grin_ros.lab.evaluation.run import has_depth, judged
from grin_ros.lab.evaluation.sharing import SharedWork

logger = logging.getLogger(__name__)

MODEL = "model"
INTERPOLATION_COLUMNS = 80
"""Interpolation is done on an image of this width and enlarged."""

Depth = NDArray[np.float32]
Method = Callable[[Depth, Frame, Hints], Depth]
"""A method that makes depth (H, W) in metres from that of the camera alone, the frame and the hints. It says nothing of
its errors."""


@dataclass(frozen=True)
class Hinted:
    """The results with one pattern: of the model, and of each baseline by name.

    hints_per_frame: how many hints the pattern gave on average.
    """

    pattern: str
    evaluation: Evaluation
    baselines: Mapping[str, Evaluation]
    hints_per_frame: float

    def to_json(self) -> dict[str, Any]:
        """Return {"hints_per_frame", "domains", "scenes", ..., "baselines": {name: {domain: {...}}}}, the rest of it as
        `Evaluation.to_json` does."""
        values = replace(self.evaluation, baselines=self.baselines).to_json()
        return {"hints_per_frame": self.hints_per_frame} | values


def evaluate_with_hints(
    samples: Iterable[EvalSample],
    engine: Engine,
    settings: Settings,
    patterns: Sequence[str],
    *,
    limits: Limits = LIMITS,
    seed: int = 0,
    progress: bool = False,
) -> list[Hinted]:
    """Evaluate the model with the hints of each pattern, beside BASELINES.

    A sample is left out for a pattern that finds no measured pixel there, or would take more than half of them, and the
    log names it. A pattern that leaves no sample is left out. Raises ValueError for a text that is no pattern, and if
    no pattern is left.
    """
    # The frame is encoded once for all patterns and methods.
    shared = SharedWork(engine)
    estimator, plain = (Estimator(shared, settings, shared.sample, hint_network=each) for each in (True, False))
    parsed = {text: HintPattern.parse(text) for text in patterns}
    frames: dict[str, dict[str, list[FrameResult]]] = {text: {} for text in parsed}
    counts: dict[str, list[int]] = {text: [] for text in parsed}
    for sample in tqdm(samples, desc="hints", unit="frame", disable=not progress):
        if not has_depth(sample, limits):
            continue
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
            counts[text].append(0 if hints is None else len(hints))
            for name, got in _estimates(estimator, plain, alone, sample.frame, hints).items():
                frames[text].setdefault(name, []).append(judged(rest, got, limits))
    for text, found in frames.items():
        if not found:
            logger.warning("'%s' is left out, because no sample has enough depth for it", text)
    if not any(frames.values()):
        raise ValueError(f"hints: no sample has enough depth for {', '.join(frames)}; take another pattern")
    results = {
        text: {name: Evaluation(tuple(found)) for name, found in by.items()} for text, by in frames.items() if by
    }
    return [
        Hinted(text, by[MODEL], {n: e for n, e in by.items() if n != MODEL}, round(float(np.mean(counts[text])), 1))
        for text, by in results.items()
    ]


def _estimates(
    estimator: Estimator, plain: Estimator, alone: DepthEstimate, frame: Frame, hints: Hints | None
) -> dict[str, DepthEstimate]:
    """Return the model's estimate with the hints, and that of every baseline; with no hints only the camera's own.

    'posterior_only' is the process without the artifact's hint network.
    """
    if hints is None:
        return {MODEL: alone}
    made = {MODEL: estimator(frame, hints=hints)}
    # Without a sigma their figures take a fifth of the time.
    silent = np.full_like(alone.sigma_m, np.nan)
    made |= {name: DepthEstimate(method(alone.depth_m, frame, hints), silent) for name, method in BASELINES.items()}
    return made | {"posterior_only": plain(frame, hints=hints)}


def _without(sample: EvalSample, hints: Hints) -> EvalSample:
    """Return the sample without the depth of the hints' pixels."""
    depth_m = sample.depth_m.copy()
    depth_m[hints.nearest(sample.frame.camera.width, sample.frame.camera.height)] = np.nan
    return replace(sample, depth_m=depth_m)


def _at_hints(alone_m: Depth, frame: Frame, hints: Hints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return measured and estimated depth (N,) along z, in metres, where both are known."""
    v, u = hints.nearest(frame.camera.width, frame.camera.height)
    measured_m = hints.range_m * frame.camera.rays()[v, u, 2]
    estimated_m = alone_m[v, u]
    known = np.isfinite(estimated_m) & np.isfinite(measured_m)
    return measured_m[known].astype(np.float64), estimated_m[known].astype(np.float64)


def _scale(alone_m: Depth, frame: Frame, hints: Hints) -> Depth:
    """Multiply depth by the median ratio of measured to estimated depth."""
    measured_m, estimated_m = _at_hints(alone_m, frame, hints)
    factor = np.float32(np.exp(np.median(np.log(measured_m / estimated_m)))) if len(measured_m) else np.float32(1.0)
    return alone_m * factor


def _inverse_depth_least_squares(alone_m: Depth, frame: Frame, hints: Hints) -> Depth:
    """Fit scale and shift in inverse depth, as most packages for depth completion do (VI-Depth, Prior Depth Anything).

    Where that gives no positive inverse depth, the scaled estimate stays.
    """
    measured_m, estimated_m = _at_hints(alone_m, frame, hints)
    scaled_m = _scale(alone_m, frame, hints)
    if len(measured_m) < 2:
        return scaled_m
    design = np.column_stack([1.0 / estimated_m, np.ones_like(estimated_m)])
    (scale, shift), *_ = np.linalg.lstsq(design, 1.0 / measured_m, rcond=None)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = scale / alone_m + shift
        return np.where(inverse > 1e-3, 1.0 / inverse, scaled_m).astype(np.float32)


def _interpolation(_alone_m: Depth, frame: Frame, hints: Hints) -> Depth:
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
    return np.asarray(np.exp(ln_range) * frame.camera.rays()[..., 2], np.float32)


BASELINES: Mapping[str, Method] = {
    "scale": _scale,
    "inverse_depth_ls": _inverse_depth_least_squares,
    "interpolation": _interpolation,
}
"""Name -> method. Each sees the same hints as the model."""
