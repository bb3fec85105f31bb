# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what a 2D lidar gives on rendered drives, by its height, with odometry and with motion.

    python -m benchmarks.moving.lidar_heights         AbsRel, flicker and sigma; lidars at and below the camera
    python -m benchmarks.moving.lidar_heights faults  the same with odometry that jumps, stops, runs backwards, ...

The camera is mounted 0.5 m high. The drives are those of benchmarks/motion.py; rendering needs EGL and takes half a
minute a room, and the frames are kept in --cache.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.motion import FAULTS, SEEDS, WORSE, abs_rel
from benchmarks.moving.drive import PERIOD_NS, Drive, rendered
from benchmarks.moving.lidar import scanned
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import Engine
from grin_ros.core.backends.opening import open_engine
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the measurements."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("what", choices=("heights", "faults"), nargs="?", default="heights")
    parse.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="rooms")
    parse.add_argument("--cache", type=Path, default=Path("motion_drives"), help="folder for rendered frames")
    parse.add_argument("--model", default="nano")
    parse.add_argument("--backend", default="ort")
    args = parse.parse_args(argv)
    drives = [rendered(seed, args.cache) for seed in args.seeds]
    engine = open_engine(args.backend, load_artifact(args.model), 1)
    first, compared = ("sensors", "alone") if args.what == "heights" else ("odometry", "without odometry")
    print(f"| {first} | AbsRel | flicker | in 1 sigma | in 2 sigma | frames worse than {compared} by over 5 % |")
    print("|---|---:|---:|---:|---:|---:|")
    try:
        against: list[float] = []
        if args.what == "heights":
            for name, setup in SETUPS.items():
                errors = row(name, drives, [estimates(drive, setup, engine) for drive in drives], against)
                against = against or errors
            return 0
        setup = Setup(BELOW_M, odometry=False)
        against = row("is not used", drives, [estimates(drive, setup, engine) for drive in drives], [])
        for name, fault in FAULTS.items():
            told = [fault(drive.poses()) for drive in drives]
            setup = Setup(BELOW_M)
            runs = [estimates(drive, setup, engine, poses) for drive, poses in zip(drives, told, strict=True)]
            row(name, drives, runs, against)
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
