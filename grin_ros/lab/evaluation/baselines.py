# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Baselines: trivial methods that do not look at the image. A useful network is better than all of them.

- constant: the same depth everywhere, the median of the training depth.
- mean_map: the mean of ln(range) over the training images for each cell of a 24 x 32 grid over the image.
- ground_plane: a flat floor below the camera, z = height / (downward part of the ray with z = 1), at most far_m, which
  is also the depth above the horizon. Height and tilt are those of the mounting, or 1.5 m and level if it is unknown.
- constant_oracle: the constant with the smallest AbsRel on the evaluated domain itself. It is computed from the ground
  truth, so that no other constant can be better.

The first three use statistics of training images, which are in baselines.npz beside this file:

    grin baselines --renders DIR [DIR ...]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.command_line import DONE, CommandParser, new_file, one_line_errors, whole
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import pixel_grid, range_to_depth
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.shards import ShardDataset, TrainingSample
from grin_ros.lab.evaluation.results import Estimate

SHIPPED = Path(__file__).parent / "baselines.npz"
GRID = (24, 32)  # rows, cols of the mean map
UNKNOWN_MOUNTING = Mounting(height_m=1.5)


@dataclass(frozen=True)
class Baselines:
    """The statistics of the training depth.

    constant_m: median of depth along z. far_m: its 90th percentile. mean_ln_range: (24, 32) float32, the mean of
    ln(range in metres) by image cell. frames: the number of training frames.
    """

    constant_m: float
    far_m: float
    mean_ln_range: NDArray[np.float32]
    frames: int

    def estimates(self) -> dict[str, Estimate]:
        """Return the methods by name. Their sigma is NaN."""
        return {
            "constant": constant(self.constant_m),
            "mean_map": mean_map(self.mean_ln_range),
            "ground_plane": ground_plane(self.far_m),
        }

    def save(self, path: str | Path) -> None:
        """Write the statistics as .npz."""
        np.savez_compressed(
            path, constant_m=self.constant_m, far_m=self.far_m, mean_ln_range=self.mean_ln_range, frames=self.frames
        )

    @classmethod
    def load(cls, path: str | Path = SHIPPED) -> Baselines:
        """Read the statistics. Raises ValueError if the file cannot be read or holds something else."""
        try:
            with np.load(path, allow_pickle=False) as file:
                mean_ln_range = file["mean_ln_range"]
                constant_m, far_m, frames = (float(file[key]) for key in ("constant_m", "far_m", "frames"))
        except (OSError, KeyError, ValueError) as error:
            raise ValueError(
                f"{path}: not a statistics file of the baselines ({error}); make it from training renders: "
                f"grin baselines --renders DIR --out {path}"
            ) from error
        return cls(constant_m, far_m, mean_ln_range, int(frames))


def learn(samples: Iterable[TrainingSample]) -> Baselines:
    """Return the statistics of training samples at the centres of the 24 x 32 cells.

    Pixels that are unmeasured or beyond range do not count. Raises ValueError if a cell has no range in any sample.
    """
    depths: list[NDArray[np.float32]] = []
    sums, counts, frames = np.zeros(GRID), np.zeros(GRID), 0
    for sample in samples:
        range_m, z = _at_cells(sample)
        known = np.isfinite(range_m) & (range_m > 0.0)
        sums[known] += np.log(range_m[known])
        counts += known
        depths.append((range_m * z)[known & (z > 0.0)].astype(np.float32))
        frames += 1
    if not counts.all():
        raise ValueError(
            f"baselines: none of {frames} samples has a range in {np.count_nonzero(counts == 0)} of {counts.size} "
            "image cells; give more training samples"
        )
    constant_m, far_m = np.percentile(np.concatenate(depths), (50.0, 90.0))
    return Baselines(float(constant_m), float(far_m), (sums / counts).astype(np.float32), frames)


def constant(depth_m: float) -> Estimate:
    """Return a method that answers the same depth along z everywhere, in metres."""
    return lambda frame: _without_sigma(frame, np.full(frame.image.shape[:2], depth_m, np.float32))


def mean_map(mean_ln_range: NDArray[np.float32]) -> Estimate:
    """Return a method that stretches a map (rows, cols) of mean ln(range in metres) over the image."""

    def estimate(frame: Frame) -> DepthEstimate:
        camera = frame.camera
        ln_range = cv2.resize(mean_ln_range, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)
        return _without_sigma(frame, range_to_depth(np.exp(ln_range), camera.rays()))

    return estimate


def ground_plane(far_m: float) -> Estimate:
    """Return a method that answers the depth of a flat floor, in metres along z, at most far_m."""

    def estimate(frame: Frame) -> DepthEstimate:
        mounting = frame.camera.mounting or UNKNOWN_MOUNTING
        rays = frame.camera.rays()
        down = -(rays @ mounting.up_optical()) / rays[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            depth_m = np.where(down > 0.0, np.minimum(mounting.height_m / down, far_m), far_m)
        return _without_sigma(frame, np.where(np.isfinite(rays[..., 2]), depth_m, np.nan))

    return estimate


class ConstantSearch:
    """A search for the constant with the smallest AbsRel on a domain, to 0.1 %, in one pass over its frames.

    AbsRel of a constant c is a weighted sum of |c - g| / g over the measured depths g. Its minimum is the median of g
    with weights 1 / g. A histogram over ln(g) keeps them, so that memory does not grow with the number of frames.
    """

    _STEP_LN = 1e-3
    _LOW_LN, _BINS = float(np.log(1e-3)), 16_000  # 1 mm to 8.9 km

    def __init__(self) -> None:
        self._scenes: dict[tuple[str, str], tuple[NDArray[np.float64], int]] = {}

    def add(self, domain: str, scene: str, depths_m: NDArray[Any]) -> None:
        """Add the measured depths (N,) of one frame, in metres."""
        depths = depths_m.astype(np.float64)
        bins = ((np.log(depths) - self._LOW_LN) / self._STEP_LN).astype(np.int64).clip(0, self._BINS - 1)
        weights = np.bincount(bins, weights=1.0 / (len(depths) * depths), minlength=self._BINS)
        total, frames = self._scenes.get((domain, scene), (np.zeros(self._BINS), 0))
        self._scenes[domain, scene] = (total + weights, frames + 1)

    def best_m(self, domain: str) -> float:
        """Return the best constant in metres. Scenes have the same weight, and so do the frames of a scene."""
        scenes = [total / frames for (name, _), (total, frames) in self._scenes.items() if name == domain]
        summed = np.cumsum(np.sum(scenes, axis=0))
        middle = int(np.searchsorted(summed, summed[-1] / 2.0))
        return float(np.exp(self._LOW_LN + (middle + 0.5) * self._STEP_LN))


def _at_cells(sample: TrainingSample) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return range (24, 32) in metres and z of the unit ray at the pixels nearest to the centres of the cells."""
    camera: Camera = sample.camera
    pixels = np.rint(pixel_grid(camera.width, camera.height, cols=GRID[1], rows=GRID[0])).astype(np.int64)
    range_m = sample.range_m[pixels[:, 1], pixels[:, 0]].astype(np.float64).reshape(GRID)
    return range_m, camera.unproject(pixels)[:, 2].reshape(GRID)


def _without_sigma(frame: Frame, depth_m: NDArray[Any]) -> DepthEstimate:
    depth = depth_m.astype(np.float32)
    return DepthEstimate(depth, np.full_like(depth, np.nan), frame.stamp_ns)


@one_line_errors("baselines")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin baselines`, and return its exit code."""
    parser = CommandParser(
        "baselines",
        "Learn the baselines that `grin evaluate` compares with, from training renders.",
        "grin baselines --renders data/worlds",
    )
    parser.add_argument(
        "--renders", required=True, type=Path, nargs="+", metavar="DIR", help="folders of training shards"
    )
    parser.add_argument(
        "--out", type=new_file, default=SHIPPED, metavar="FILE", help="file to write (default: the shipped one)"
    )
    parser.add_argument("--every", type=whole(1), default=1, metavar="K", help="use every K-th sample")
    args = parser.parse_args(argv)
    chosen = [(s, i) for s in map(ShardDataset, args.renders) for i in range(0, len(s), max(1, args.every))]
    known = learn(shards.sample(i) for shards, i in tqdm(chosen, desc="training samples", unit="frame"))
    known.save(args.out)
    near, far = np.exp(known.mean_ln_range.min()), np.exp(known.mean_ln_range.max())
    print(
        f"{args.out}: constant {known.constant_m:.2f} m, 90th percentile {known.far_m:.2f} m, "
        f"mean range {near:.2f} to {far:.2f} m, from {known.frames} samples"
    )
    return DONE
