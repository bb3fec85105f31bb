# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Drive through the recorded room with a costmap, and print how much free floor is lethal, as Markdown.

    python benchmarks/costmap.py

The costmap marks and clears like Nav2's voxel layer with the values of config/nav2_costmap.yaml, over all 13 frames of
benchmarks/driving/room_drive.mcap. The table compares it with one from exact depth: the share of the true floor within
5 m that is lethal, the median error of the nearest obstacle of each bearing (2 degrees, seen from the middle of the
drive), and the share of the bearings with a true obstacle within the range of marking that have any in the costmap.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.driving.costmaps import VoxelCostmap  # noqa: E402
from benchmarks.driving.room_drive import BAG, FRAMES, IMAGE, LENS, STRIDE, pose, seen, stamp_ns, truth_m  # noqa: E402
from benchmarks.driving.room_lidar import lidar_hints  # noqa: E402
from grin_ros.core.artifact.loading import load_artifact  # noqa: E402
from grin_ros.core.backends.opening import open_engine  # noqa: E402
from grin_ros.core.estimator import Estimator, Settings  # noqa: E402
from grin_ros.core.planning.obstacles import ObstacleSettings, free_points, obstacle_points, trusted_pixels  # noqa: E402
from grin_ros.core.types import DepthEstimate, Frame  # noqa: E402
from grin_ros.ros.bags.messages import deserialize  # noqa: E402
from grin_ros.ros.bags.reading import Bag  # noqa: E402

CONFIG = ROOT / "config" / "nav2_costmap.yaml"
LAYER = yaml.safe_load(CONFIG.read_text())["local_costmap"]["local_costmap"]["ros__parameters"]["voxel_layer"]
MARKS, CLEARS = LAYER["obstacles"], LAYER["free_space"]
HEIGHTS_M = (MARKS["min_obstacle_height"], MARKS["max_obstacle_height"])
REACH_OF_NODE_M, REACH_SHIPPED_M = ObstacleSettings.max_range_m, MARKS["obstacle_max_range"]
CELL_M, SIDE_CELLS = 0.05, 240
LOWEST_M = -0.5 * SIDE_CELLS * CELL_M
FLOOR_M = 0.03
"""Pixels whose true height is less than this belong to the floor."""
BEARING_RAD, HALF_VIEW_RAD = math.radians(2.0), math.radians(32.0)

Cells = NDArray[np.bool_]
Points = NDArray[np.float64]
Estimates = Callable[[int], DepthEstimate]


@dataclass(frozen=True)
class Setup:
    """A row of the table. band: obstacles.height_band. marks_to_m: obstacle_max_range of the costmap."""

    estimates: Estimates
    band: bool
    marks_to_m: float


@dataclass(frozen=True)
class Errors:
    """The errors of a costmap: shares are 0 to 1; nearest is the median of found / true - 1."""

    floor: float
    nearest: float
    found: float


def in_room(points: NDArray[np.floating], number: int) -> Points:
    """Return points (..., 3) of the optical frame as (N, 3) in the frame of the room, without NaN."""
    placed = pose(number)(points.reshape(-1, 3).astype(np.float64))
    return np.asarray(placed[np.isfinite(placed).all(axis=1)])


def cells(points: Points) -> Cells:
    """Return the cells that hold a point."""
    kept = VoxelCostmap((LOWEST_M, LOWEST_M, -1e3), (SIDE_CELLS, SIDE_CELLS, 1), CELL_M, 1e6)
    kept.update(np.zeros(3), np.empty((0, 3)), points, 0.0, math.inf, (-math.inf, math.inf))
    return np.asarray(kept.occupied[..., 0])


@cache
def truth() -> tuple[NDArray[np.float32], ...]:
    """Return the true depth of every frame, (48, 64) each, NaN where nothing is."""
    measured = truth_m()
    return tuple(measured[stamp_ns(number)] for number in range(FRAMES))


@cache
def true_cells(range_m: float) -> tuple[Cells, Cells]:
    """Return the cells of the floor and those of obstacles up to a range. Cells beside an obstacle are no floor."""
    rays = seen(LENS.rays())
    everything = []
    for number, depth_m in enumerate(truth()):
        points = in_room(rays / rays[..., 2:] * depth_m[..., None], number)
        centre = pose(number).translation_m
        everything.append(points[np.linalg.norm(points - centre, axis=1) <= range_m])
    points = np.concatenate(everything)
    stands = (points[:, 2] >= HEIGHTS_M[0]) & (points[:, 2] <= HEIGHTS_M[1])
    obstacles = cells(points[stands])
    beside = cv2.dilate(obstacles.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return cells(points[np.abs(points[:, 2]) < FLOOR_M]) & ~beside, obstacles


def nearest_m(occupied: Cells, range_m: float) -> NDArray[np.float64]:
    """Return the distance of the nearest occupied cell of each bearing; NaN if there is none within the range."""
    x, y = ((np.argwhere(occupied) + 0.5) * CELL_M + LOWEST_M).T
    distance_m, beam = np.hypot(x, y), np.floor((np.arctan2(y, x) + HALF_VIEW_RAD) / BEARING_RAD).astype(int)
    found = np.full(round(2 * HALF_VIEW_RAD / BEARING_RAD), np.inf)
    inside = (beam >= 0) & (beam < len(found)) & (distance_m <= range_m)
    np.minimum.at(found, beam[inside], distance_m[inside])
    return np.where(np.isfinite(found), found, np.nan)


def errors(setup: Setup) -> Errors:
    """Drive once, and compare the costmap at the end with the truth."""
    low_m, size = (LOWEST_M, LOWEST_M, LAYER["origin_z"]), (SIDE_CELLS, SIDE_CELLS, LAYER["z_voxels"])
    kept = VoxelCostmap(low_m, size, CELL_M, LAYER["z_resolution"])
    settings = ObstacleSettings(height_band=setup.band)
    for number in range(FRAMES):
        estimate = setup.estimates(number)
        trusted = trusted_pixels(LENS, estimate, settings)
        free = in_room(free_points(LENS, estimate, settings, trusted), number)
        marking = in_room(obstacle_points(LENS, estimate, settings, trusted)[:, :3], number)
        centre = pose(number).translation_m
        kept.update(centre, free, marking, CLEARS["raytrace_max_range"], setup.marks_to_m, HEIGHTS_M)
    marked = np.asarray(kept.occupied.any(axis=2), np.bool_)
    floor = true_cells(REACH_OF_NODE_M)[0]
    true_m = nearest_m(true_cells(setup.marks_to_m)[1], math.inf)
    found_m = nearest_m(marked, math.inf)
    relative = found_m / nearest_m(true_cells(REACH_OF_NODE_M)[1], math.inf) - 1.0
    there = np.isfinite(true_m)
    return Errors(
        float((marked & floor).sum() / floor.sum()),
        float(np.nanmedian(relative)),
        float(np.isfinite(found_m[there]).mean()),
    )


def exact(number: int) -> DepthEstimate:
    """Return the true depth at full size, with a sigma of one per cent."""
    depth_m = np.kron(truth()[number], np.ones((STRIDE, STRIDE), np.float32))
    return DepthEstimate(depth_m, np.float32(0.01) * depth_m)


def answers(
    model: str, backend: str, *, mounted: bool, lidar: bool = False, floor_scale: bool = True
) -> list[DepthEstimate]:
    """Return the estimates of all frames. mounted: the mounting is known. lidar: with hints. floor_scale: as in
    `Settings`."""
    estimator = Estimator(open_engine(backend, load_artifact(model)), Settings(floor_scale=floor_scale))
    found: list[DepthEstimate] = []
    for message in Bag(BAG).messages({IMAGE}):
        jpeg = np.frombuffer(deserialize(message.data, CompressedImage).data, np.uint8)
        picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        assert picture is not None
        image = np.ascontiguousarray(picture[..., ::-1], np.uint8)
        frame = Frame(image, LENS if mounted else replace(LENS, mounting=None), message.time_ns)
        found.append(estimator(frame, hints=lidar_hints(message.time_ns) if lidar else None))
    return found


def setups(model: str, backend: str) -> Mapping[str, Setup]:
    """Return the rows of the table by name."""
    plain, mounted = (answers(model, backend, mounted=known).__getitem__ for known in (False, True))
    lidar = answers(model, backend, mounted=True, lidar=True).__getitem__
    network = answers(model, backend, mounted=True, floor_scale=False).__getitem__
    shipped_m, node_m = REACH_SHIPPED_M, REACH_OF_NODE_M
    return {
        f"mounting unknown, marks to {shipped_m:g} m": Setup(plain, False, shipped_m),
        f"mounting known, no height band, marks to {node_m:g} m": Setup(mounted, False, node_m),
        f"height band, marks to {node_m:g} m": Setup(mounted, True, node_m),
        f"**height band, marks to {shipped_m:g} m (shipped)**": Setup(mounted, True, shipped_m),
        f"the same with the hints of a 2D lidar, marks to {shipped_m:g} m": Setup(lidar, True, shipped_m),
        f"the same with the hints of a 2D lidar, marks to {node_m:g} m": Setup(lidar, True, node_m),
        f"the same without the scale of the floor, marks to {shipped_m:g} m": Setup(network, True, shipped_m),
        f"the same without the scale of the floor, marks to {node_m:g} m": Setup(network, True, node_m),
        f"exact depth, marks to {node_m:g} m": Setup(exact, True, node_m),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Estimate, drive and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="nano")
    parser.add_argument("--backend", default="ort")
    options = parser.parse_args(argv)
    print(f"| {options.model}, {FRAMES} frames | floor lethal | nearest obstacle | found |\n|---|---:|---:|---:|")
    for name, setup in setups(options.model, options.backend).items():
        found = errors(setup)
        print(f"| {name} | {found.floor:.1%} | {found.nearest:+.0%} | {found.found:.0%} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
