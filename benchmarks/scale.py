# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure AbsRel with and without the scale from a few ranges, and print it as Markdown.

    python benchmarks/scale.py DIR                 DIR: a folder of real frames with measured depth (grin evaluate)
    python benchmarks/scale.py DIR --frames 20 --noise 0.02 --outliers 0.3

The ranges are simulated from the measured depth of real frames, for two sensors at the camera: a 2D lidar (at most 180
pixels within half a degree of the level plane) and an 8x8 time-of-flight sensor with 45 degrees. They get noise, and
some are wrong by a factor of 0.4 to 2.5. Pixels that were used count in no figure. Each frame is treated as the first
of a drive. 'aligned' divides the estimate by the ratio of the medians of the whole frame.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.rays import points_from_depth
from grin_ros.core.hints.scale import NoScaleError, match_scale, scaled
from grin_ros.core.hints.scale_filter import SmoothScale
from grin_ros.core.inspection.metrics import measure
from grin_ros.core.types import DepthEstimate
from grin_ros.lab.datasets.measured import EvalDataset, EvalSample

Chosen = NDArray[np.bool_]
PLAIN, ALIGNED = "camera alone", "aligned"


def lidar(sample: EvalSample) -> Chosen:
    """Return a mask (H, W) of the measured pixels that a 2D lidar would see."""
    rays = sample.frame.camera.rays()
    with np.errstate(invalid="ignore"):
        level = np.abs(np.arctan2(rays[..., 1], rays[..., 2])) < math.radians(0.5)
    return thinned(level & np.isfinite(sample.depth_m), 180)


def time_of_flight(sample: EvalSample) -> Chosen:
    """Return a mask (H, W) of the measured pixels within 4 m that are nearest to the centres of 8x8 zones."""
    camera = sample.frame.camera
    angles = np.radians((np.arange(8) - 3.5) * 45.0 / 8.0)
    x, y = np.meshgrid(np.tan(angles), np.tan(angles))
    pixels = camera.project(np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3))
    found = np.zeros(sample.depth_m.shape, np.bool_)
    near = (sample.depth_m > 0.0) & (sample.depth_m < 4.0)
    reach = max(1, round(0.02 * camera.width))
    for u, v in np.rint(pixels[np.isfinite(pixels).all(axis=1)]).astype(int):
        top, left = max(0, v - reach), max(0, u - reach)
        rows, columns = np.nonzero(near[top : v + reach + 1, left : u + reach + 1])
        if len(rows):
            nearest = int(np.argmin(np.hypot(columns + left - u, rows + top - v)))
            found[rows[nearest] + top, columns[nearest] + left] = True
    return found


def thinned(chosen: Chosen, most: int) -> Chosen:
    """Return at most `most` of the chosen pixels, evenly spread over the columns."""
    rows, columns = np.nonzero(chosen)
    order = np.argsort(columns, kind="stable")
    kept = order[np.unique(np.linspace(0, len(order) - 1, most).astype(int))] if len(order) > most else order
    thin = np.zeros_like(chosen)
    thin[rows[kept], columns[kept]] = True
    return thin


SENSORS: Mapping[str, Callable[[EvalSample], Chosen]] = {"2D lidar": lidar, "8x8 time of flight": time_of_flight}


def ranges(sample: EvalSample, chosen: Chosen, options: argparse.Namespace, seed: int) -> NDArray[np.float64]:
    """Return points (N, 3) in the optical frame with the noise and the outliers of the sensor."""
    rng = np.random.default_rng(seed)
    points = points_from_depth(sample.depth_m, sample.frame.camera.rays())[chosen].astype(np.float64)
    factor = 1.0 + options.noise * rng.standard_normal(len(points))
    wrong = rng.random(len(points)) < options.outliers
    factor[wrong] = np.exp(rng.uniform(math.log(0.4), math.log(2.5), int(wrong.sum())))
    return np.asarray(points * factor[:, None])


def abs_rel(sample: EvalSample, estimate: DepthEstimate, used: Chosen) -> tuple[float, float]:
    """Return AbsRel of the pixels that were not used: as it is, and after alignment of the scale."""
    truth_m = np.where(used, np.nan, sample.depth_m).astype(np.float32)
    figures, _ = measure(estimate.depth_m, estimate.sigma_m, truth_m)
    return figures.abs_rel, figures.abs_rel_aligned


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", help="folder of real frames with measured depth")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--backend", default="ort")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--frames", type=int, help="number of frames, evenly spread (all)")
    parser.add_argument("--noise", type=float, default=0.01, help="relative standard deviation of the ranges (0.01)")
    parser.add_argument("--outliers", type=float, default=0.1, help="share of wrong ranges (0.1)")
    options = parser.parse_args(argv)
    estimator = Estimator(open_engine(options.backend, load_artifact(options.model), options.threads))
    dataset = EvalDataset.open(options.folder).select(frames=options.frames)
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    silent: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for number, sample in enumerate(tqdm(dataset, total=len(dataset), unit="frame", disable=None)):
        estimate = estimator(sample.frame)
        chosen = {name: sensor(sample) for name, sensor in SENSORS.items()}
        used = np.any(list(chosen.values()), axis=0)
        row = figures[sample.domain]
        plain, aligned = abs_rel(sample, estimate, used)
        row[PLAIN].append(plain)
        row[ALIGNED].append(aligned)
        for name, pixels in chosen.items():
            try:
                match = match_scale(sample.frame.camera, estimate, ranges(sample, pixels, options, number))
            except NoScaleError:
                silent[sample.domain][name] += 1
                match = None
            row[name].append(abs_rel(sample, scaled(estimate, SmoothScale()(0, match)), used)[0])
    names = (PLAIN, *SENSORS, ALIGNED)
    print(f"AbsRel, {options.model}, range noise {options.noise:.0%}, outliers {options.outliers:.0%}\n")
    print("| domain | frames | " + " | ".join(names) + " |\n|---|---:|" + "---:|" * len(names))
    for domain, row in figures.items():
        print(f"| {domain} | {len(row[PLAIN])} | " + " | ".join(f"{np.mean(row[name]):.3f}" for name in names) + " |")
    for domain, counts in silent.items():
        for name, count in counts.items():
            print(f"\n{domain}, {name}: {count} frames without a scale, left as they are")
    return 0


if __name__ == "__main__":
    sys.exit(main())
