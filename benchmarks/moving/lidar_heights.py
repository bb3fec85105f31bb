# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Depth along rendered drives with a 2D lidar, by its height, with odometry and with motion.

The camera is mounted 0.5 m high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.moving.drive import PERIOD_NS, WORSE, Drive, abs_rel
from benchmarks.moving.lidar import scanned
from benchmarks.moving.odometry import FAULTS
from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion.motion import Motion
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.evaluation.flicker import flicker

BELOW_M = 0.25
"""Metres from the camera down to the lidar where only one height is measured."""


@dataclass(frozen=True)
class Setup:
    """The sensors of a row. below_m: from the camera down to the lidar; None without a lidar. odometry: the pose of the
    camera comes with the hints of the lidar. motion: corners that are followed give hints too."""

    below_m: float | None
    odometry: bool = True
    motion: bool = False


SETUPS = {
    "camera alone": Setup(None),
    "motion": Setup(None, motion=True),
    "lidar 0.2 m above the camera": Setup(-0.2),
    "lidar at its height": Setup(0.0),
    "lidar 0.1 m below it": Setup(0.1),
    "lidar 0.25 m below it": Setup(BELOW_M),
    "the same without odometry": Setup(BELOW_M, odometry=False),
    "the same with motion": Setup(BELOW_M, motion=True),
}


def estimates(
    drive: Drive, setup: Setup, engine: Engine, told: Sequence[Transform | None] | None = None
) -> list[DepthEstimate]:
    """Return the answers along a drive. told: the poses that odometry tells; None for the true ones."""
    estimator = Estimator(engine, Settings(min_depth_m=1e-3, max_depth_m=1e4))
    motion, rng, made = Motion(), np.random.default_rng(0), []
    for index, (frame, pose) in enumerate(zip(drive.frames, told or drive.poses(), strict=True)):
        stamp_ns, parts = (index + 1) * PERIOD_NS, []
        if setup.motion:
            motion.track(frame.image, frame.camera, stamp_ns, pose)
            parts.append(motion.hints())
        if setup.below_m is not None:
            finite = pose is not None and np.isfinite(pose.translation_m).all()
            parts.append(scanned(frame, setup.below_m, pose if setup.odometry and finite else None, rng))
        given = Hints.joined([part for part in parts if part is not None])
        made.append(estimator(Frame(frame.image, frame.camera, stamp_ns), hints=given))
        motion.observe(made[-1])
    return made


def row(
    name: str, drives: Sequence[Drive], runs: Sequence[list[DepthEstimate]], against: Sequence[float]
) -> list[float]:
    """Print a row of the table, and return AbsRel of all frames. against: that of the row to compare with."""
    errors, flickers, inside = [], [], []
    for drive, run in zip(drives, runs, strict=True):
        depths_m = [estimate.depth_m for estimate in run]
        errors += abs_rel(drive, depths_m)
        still = drive.phases.index("person")  # flicker is that of static pixels
        flickers.append(flicker(drive.frames[5:still], depths_m[5:still]).flicker_m)
        for frame, estimate in zip(drive.frames, run, strict=True):
            truth_m = range_to_depth(frame.range_m, frame.camera.rays())
            known = np.isfinite(truth_m) & np.isfinite(estimate.depth_m)
            miss = np.abs(estimate.depth_m - truth_m)[known] / estimate.sigma_m[known]
            inside.append([np.mean(miss < 1.0), np.mean(miss < 2.0)])
    worse = sum(now > WORSE * before for now, before in zip(errors, against, strict=True)) if against else 0
    one, two = np.mean(inside, axis=0)
    print(
        f"| {name} | {np.mean(errors):.3f} | {np.mean(flickers):.3f} m | {one:.2f} | {two:.2f} | {worse} of "
        f"{len(errors)} |",
        flush=True,
    )
    return errors


HEADER = (
    "| {} | AbsRel | flicker | in 1 sigma | in 2 sigma | frames worse than {} by over 5 % |\n"
    "|---|---:|---:|---:|---:|---:|"
)


def show_heights(drives: Sequence[Drive], engine: Engine) -> None:
    """Print AbsRel, flicker and sigma of lidars at and below the camera."""
    print(HEADER.format("sensors", "alone"))
    against: list[float] = []
    for name, setup in SETUPS.items():
        errors = row(name, drives, [estimates(drive, setup, engine) for drive in drives], against)
        against = against or errors


def show_lidar_faults(drives: Sequence[Drive], engine: Engine) -> None:
    """Print the same of a low lidar with odometry that jumps, stops, runs backwards, ..."""
    print(HEADER.format("odometry", "without odometry"))
    alone = Setup(BELOW_M, odometry=False)
    against = row("is not used", drives, [estimates(drive, alone, engine) for drive in drives], [])
    for name, fault in FAULTS.items():
        told = [fault(drive.poses()) for drive in drives]
        runs = [estimates(drive, Setup(BELOW_M), engine, poses) for drive, poses in zip(drives, told, strict=True)]
        row(name, drives, runs, against)
