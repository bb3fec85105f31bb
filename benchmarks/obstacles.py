# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Compare the scan of a model's depth with the scan of true depth, and print the errors of obstacles as Markdown.

    python benchmarks/obstacles.py                  nano in 8 rendered rooms, 4 frames each (needs EGL)
    python benchmarks/obstacles.py --real DIR       real frames with measured depth (grin evaluate), indoors

Both scans go through the node's own filter. The table says for how many bearings with a true obstacle the estimate has
one, how far it is off, and how many open bearings are closed by mistake. It does so for the camera alone, with the
hints of a level 2D lidar at the camera, and for the median of all true ranges as a constant answer.

The mounting of the cameras of real frames is not known. They are taken to be level, and everything that is not lower
than the camera to be an obstacle. Of their estimates only the pixels with measured depth count.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.moving.lidar import level_hints  # noqa: E402
from grin_ros.core.artifact.loading import load_artifact  # noqa: E402
from grin_ros.core.backends.opening import open_engine  # noqa: E402
from grin_ros.core.estimator import Estimator  # noqa: E402
from grin_ros.core.geometry.camera import Camera  # noqa: E402
from grin_ros.core.geometry.mounting import Mounting  # noqa: E402
from grin_ros.core.geometry.rays import depth_to_range, range_to_depth  # noqa: E402
from grin_ros.core.planning.obstacles import ObstacleSettings, trusted_pixels  # noqa: E402
from grin_ros.core.planning.scan import level_scan  # noqa: E402
from grin_ros.core.types import DepthEstimate, Frame, Hints  # noqa: E402
from grin_ros.lab.datasets.measured import EvalDataset  # noqa: E402
from grin_ros.worlds.assets.assets import Assets  # noqa: E402
from grin_ros.worlds.rendering.renderer import Renderer  # noqa: E402
from grin_ros.worlds.sequence import render_sequence  # noqa: E402

LENS = Camera(640, 480, 500.0, 500.0, 321.0, 238.0, "plumb_bob", (-0.1, 0.02, 0.0, 0.0, 0.0), Mounting(0.5, 0.0, 0.05))
FIRST_SEED = 700
ROOM = ObstacleSettings()
LEVEL = ObstacleSettings(min_height_m=1.0, max_height_m=3.0)  # with a camera at 1 m
ALONE, LIDAR, CONSTANT = "camera alone", "with the hints of a 2D lidar", "always the median"
Scan = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """One frame for the estimator, with its true depth (H, W) in metres, NaN where it is unknown.

    camera: the one whose mounting the scan uses.
    """

    frame: Frame
    camera: Camera
    depth_m: NDArray[np.float32]


def rendered(scenes: int, frames: int) -> Iterator[Seen]:
    """Yield the frames of drives through rendered rooms."""
    renderer, seed, drives = Renderer(LENS.width, LENS.height), FIRST_SEED, 0
    while drives < scenes:
        seed += 1
        try:
            views = render_sequence(renderer, seed, Assets(), LENS, frames)
        except ValueError:  # this room has no such path
            continue
        for view in views:
            depth_m = range_to_depth(view.range_m, view.camera.rays()).astype(np.float32)
            yield Seen(Frame(view.image, view.camera), view.camera, depth_m)
        drives += 1
    renderer.close()


def real(folder: str) -> Iterator[Seen]:
    """Yield indoor frames of real cameras, which are taken to be level."""
    for sample in EvalDataset.open(folder).select("indoor"):
        camera = sample.frame.camera.with_mounting(Mounting(1.0))
        yield Seen(sample.frame, camera, sample.depth_m)


def scan(camera: Camera, estimate: DepthEstimate, settings: ObstacleSettings) -> Scan:
    """Return the ranges of the scan that the node would publish."""
    return level_scan(camera, estimate, settings, trusted_pixels(camera, estimate, settings), 0.5, 0.1).ranges_m


def lidar_hints(seen: Seen) -> Hints | None:
    """Return the hints of a level 2D lidar at the height of the camera, with 1 % of noise."""
    range_m = depth_to_range(seen.depth_m, seen.camera.rays())
    return level_hints(seen.camera, range_m, np.random.default_rng(0))


def compared(estimator: Estimator, seen: Seen, settings: ObstacleSettings) -> dict[str, Scan]:
    """Return the true scan under the empty name, and the scans of the estimates by name."""
    known = np.isfinite(seen.depth_m)
    estimates = {"": DepthEstimate(seen.depth_m, np.where(known, 0.001 * seen.depth_m, np.nan).astype(np.float32))}
    for name, hints in ((ALONE, None), (LIDAR, lidar_hints(seen))):
        estimate = estimator(seen.frame, hints=hints)
        depth_m = np.where(np.isnan(seen.depth_m), np.float32(np.nan), estimate.depth_m)
        estimates[name] = DepthEstimate(depth_m, estimate.sigma_m)
    return {name: scan(seen.camera, one, settings) for name, one in estimates.items()}


def row(name: str, true: Scan, found: Scan) -> str:
    """Return one line of the table."""
    both = np.isfinite(true) & np.isfinite(found)
    error = np.abs(found[both] / true[both] - 1.0)
    shares = (both.sum() / np.isfinite(true).sum(), np.median(error), (error < 0.1).mean(), (error < 0.25).mean())
    closed = np.isfinite(found[np.isposinf(true)])
    return f"| {name} | " + " | ".join(f"{value:.0%}" for value in shares) + f" | {closed.sum()} of {len(closed)} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--real", metavar="DIR", help="folder of real frames with measured depth")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--backend", default="ort")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--frames", type=int, default=4, help="of each scene")
    options = parser.parse_args(argv)
    estimator = Estimator(open_engine(options.backend, load_artifact(options.model), options.threads))
    frames = real(options.real) if options.real else rendered(options.scenes, options.frames)
    settings = LEVEL if options.real else ROOM
    scans: dict[str, list[Scan]] = {"": [], ALONE: [], LIDAR: []}
    count = 0
    for seen in tqdm(frames, unit="frame", disable=None):
        for name, one in compared(estimator, seen, settings).items():
            scans[name].append(one)
        count += 1
    true, alone, lidar = (np.concatenate(all_of) for all_of in scans.values())
    constant = np.full_like(true, np.median(true[np.isfinite(true)]))
    print(f"{options.model}, {count} {'real' if options.real else 'rendered'} frames, obstacles within 5 m\n")
    print("| | found | median error | within 10 % | within 25 % | open, but closed |\n|---|---:|---:|---:|---:|---:|")
    for name, found in ((ALONE, alone), (LIDAR, lidar), (CONSTANT, constant)):
        print(row(name, true, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
