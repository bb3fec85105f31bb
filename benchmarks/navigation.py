# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Time what the topics for planners cost for one frame, on top of its depth, and print it as Markdown.

python benchmarks/navigation.py                        640x480, a corridor with boxes, 200 frames
python benchmarks/navigation.py --width 1280 --height 720 --voxel 0.02
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.planning.obstacles import ObstacleSettings, free_points, obstacle_points, trusted_pixels
from grin_ros.core.planning.scan import level_scan
from grin_ros.core.planning.view import level_view
from grin_ros.core.types import DepthEstimate


def corridor(camera: Camera) -> DepthEstimate:
    """Return a corridor: walls with shelves 1.2 m to each side, its end at 12 m, sigma a quarter of depth."""
    view = level_view(camera)
    assert camera.mounting is not None
    with np.errstate(divide="ignore", invalid="ignore"):
        floor_m = np.where(view.climb < 0.0, -camera.mounting.height_m / view.climb, np.inf)
        aside = np.abs(np.sin(view.bearing_rad)) * view.reach
        shelves_m = np.where(np.sin(40.0 * view.bearing_rad) > 0.0, 1.2, 0.9) / aside
        depth_m = np.minimum(np.minimum(floor_m, shelves_m), 12.0).astype(np.float32)
    return DepthEstimate(depth_m, np.float32(0.25) * depth_m)


def milliseconds(act: Callable[[], object], frames: int) -> tuple[float, float]:
    """Return p50 and p95 of `frames` calls in milliseconds, after three calls that do not count."""
    for _ in range(3):
        act()
    times_ms = []
    for _ in range(frames):
        begun_s = time.perf_counter()
        act()
        times_ms.append((time.perf_counter() - begun_s) * 1e3)
    p50, p95 = np.percentile(times_ms, (50, 95))
    return float(p50), float(p95)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--voxel", type=float, default=ObstacleSettings.voxel_m, help="metres")
    parser.add_argument("--frames", type=int, default=200)
    options = parser.parse_args(argv)
    f_px = 0.82 * options.width
    centre = ((options.width - 1) / 2, (options.height - 1) / 2)
    camera = Camera(options.width, options.height, f_px, f_px, *centre, mounting=Mounting(0.6, 0.0, 0.1))
    estimate, settings = corridor(camera), ObstacleSettings(voxel_m=options.voxel, height_band=True)
    trusted = trusted_pixels(camera, estimate, settings)
    parts: dict[str, Callable[[], object]] = {
        "trusted pixels (once for all)": lambda: trusted_pixels(camera, estimate, settings),
        "obstacles": lambda: obstacle_points(camera, estimate, settings, trusted),
        "free_space": lambda: free_points(camera, estimate, settings, trusted),
        "scan": lambda: level_scan(camera, estimate, settings, trusted, 0.5, 0.1),
    }
    print(f"{options.width}x{options.height}, voxels of {options.voxel:g} m, {options.frames} frames\n")
    print("| part | p50 (ms) | p95 (ms) |\n|---|---:|---:|")
    for name, act in parts.items():
        p50, p95 = milliseconds(act, options.frames)
        print(f"| {name} | {p50:.1f} | {p95:.1f} |")
    obstacles = len(obstacle_points(camera, estimate, settings, trusted))
    ends = len(free_points(camera, estimate, settings, trusted))
    print(f"\n{trusted.mean():.0%} of the pixels trusted, {obstacles} obstacle points, {ends} ends of free rays")
    return 0


if __name__ == "__main__":
    sys.exit(main())
