# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what motion and a 2D lidar give on rendered drives, what faults of odometry do, and what it costs.

    python benchmarks/motion.py drive         AbsRel and flicker by phase of the drive, with a person who walks through
    python benchmarks/motion.py person        AbsRel of the pixels of a person who walks in various ways, and who stands
    python benchmarks/motion.py faults        odometry that jumps, stops, ...: is depth worse than alone?
    python benchmarks/motion.py stamps        error against the offset of the stamps and of the camera's pose
    python benchmarks/motion.py lidar         AbsRel, flicker and sigma with 2D lidars at and below the camera
    python benchmarks/motion.py lidar-faults  the same with a low lidar and odometry that jumps, stops, ...
    python benchmarks/motion.py cost          milliseconds an image at 640x480 with 300 corners
    python benchmarks/motion.py latency       latency of depth with motion against that without, side by side, without
                                              ROS (with it: benchmarks/node_motion.py)

Rendering needs EGL and takes half a minute a room; the frames are kept in --cache.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.moving.drive import PERIOD_NS, SEEDS, WALKS, WORSE, Drive, abs_rel, rendered  # noqa: E402
from benchmarks.moving.latency import CAMERA, latencies, wall  # noqa: E402
from benchmarks.moving.lidar_heights import show_heights, show_lidar_faults  # noqa: E402
from benchmarks.moving.odometry import FAULTS, late, scaled  # noqa: E402
from grin_ros.core.artifact.loading import load_artifact  # noqa: E402
from grin_ros.core.backends.opening import open_engine  # noqa: E402
from grin_ros.core.estimator import Estimator, Settings  # noqa: E402
from grin_ros.core.geometry.transform import Transform  # noqa: E402
from grin_ros.core.motion.motion import Motion  # noqa: E402
from grin_ros.core.motion.tracker import Tracker  # noqa: E402
from grin_ros.core.types import Frame  # noqa: E402
from grin_ros.lab.evaluation.flicker import flicker  # noqa: E402

WHAT = ("drive", "person", "faults", "stamps", "cost", "latency", "lidar", "lidar-faults")
EVERY = 4
"""With faults, depth is computed for every EVERY-th image; all are followed."""
COST_IMAGES = 120
Depth = NDArray[np.float32]


@dataclass
class Driven:
    """The answers along one drive: depth (H, W) in metres of each frame, and what motion said."""

    depths_m: list[Depth] = field(default_factory=list)
    hint_errors: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def follow(
    drive: Drive,
    told: Sequence[Transform | None],
    estimator: Estimator | None,
    alone: Sequence[Depth],
    wanted: Sequence[bool] | None = None,
) -> Driven:
    """Drive with the poses that motion is told.

    estimator: None if only the hints are wanted. wanted: the frames whose depth is computed; None for all.
    """
    motion, made = Motion(), Driven()
    for index, (frame, pose) in enumerate(zip(drive.frames, told, strict=True)):
        stamp_ns = (index + 1) * PERIOD_NS
        motion.track(frame.image, frame.camera, stamp_ns, pose)
        hints = motion.hints()
        made.problems.append(motion.report.problem or motion.report.doubt)
        if hints is not None:
            height, width = frame.range_m.shape
            truth_m = frame.range_m[hints.nearest(width, height)]
            known = np.isfinite(truth_m)
            made.hint_errors.extend(np.abs(hints.range_m[known] / truth_m[known] - 1.0).tolist())
        if estimator is None:
            continue
        if hints is None or (wanted is not None and not wanted[index]):
            made.depths_m.append(alone[index])
            continue
        estimate = estimator(Frame(frame.image, frame.camera, stamp_ns), hints=hints)
        motion.observe(estimate)
        made.depths_m.append(estimate.depth_m)
    return made


def camera_alone(drive: Drive, estimator: Estimator, wanted: Sequence[bool] | None = None) -> list[Depth]:
    """Return the depth of the camera alone, of the wanted frames or of all; NaN for the others."""
    return [
        estimator(Frame(frame.image, frame.camera, 1)).depth_m
        if wanted is None or wanted[index]
        else np.full(frame.range_m.shape, np.nan, np.float32)
        for index, frame in enumerate(drive.frames)
    ]


def show_drive(drives: Sequence[Drive], estimator: Estimator) -> None:
    """Print AbsRel by phase, the person's, flicker, and the frames that are worse than alone."""
    by_phase: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    flickers, worse, frames = [], 0, 0
    for drive in drives:
        alone = camera_alone(drive, estimator)
        moved = follow(drive, drive.poses(), estimator, alone).depths_m
        pairs = list(zip(abs_rel(drive, alone), abs_rel(drive, moved), strict=True))
        for phase, pair in zip(drive.phases, pairs, strict=True):
            by_phase[phase].append(pair)
        person = zip(abs_rel(drive, alone, drive.person), abs_rel(drive, moved, drive.person), strict=True)
        by_phase["person (its pixels)"] += [pair for pair in person if not math.isnan(pair[0])]
        worse += sum(with_motion > WORSE * without for without, with_motion in pairs)
        frames += len(pairs)
        still = drive.phases.index("person")  # flicker is that of static pixels
        flickers.append([flicker(drive.frames[5:still], depths[5:still]).flicker_m for depths in (alone, moved)])
    print("| phase | alone | with motion | worst frame |\n|---|---:|---:|---:|")
    for phase, pairs in by_phase.items():
        values = np.array(pairs)
        ratio = (values[:, 1] / values[:, 0]).max()
        print(f"| {phase} | {values[:, 0].mean():.3f} | {values[:, 1].mean():.3f} | {ratio:.2f} of alone |")
    without, with_motion = np.mean(flickers, axis=0)
    print(f"\nflicker {without:.3f} m a frame alone, {with_motion:.3f} with motion ({with_motion / without:.0%})")
    print(f"{worse} of {frames} frames are worse than alone by more than 5 %")


def show_person(seeds: Sequence[int], cache: Path, estimator: Estimator) -> None:
    """Print AbsRel of the person's pixels for every walk."""
    print("| person | alone | with motion | worst frame alone | worst with motion | frames worse by over 5 % |")
    print("|---|---:|---:|---:|---:|---:|")
    for walk in WALKS:
        errors: list[tuple[float, float]] = []
        for seed in seeds:
            drive = rendered(seed, cache, walk)
            seen = [bool(where.any()) for where in drive.person]
            alone = camera_alone(drive, estimator, wanted=seen)
            made = follow(drive, drive.poses(), estimator, alone, wanted=seen).depths_m
            pairs = zip(abs_rel(drive, alone, drive.person), abs_rel(drive, made, drive.person), strict=True)
            errors += [pair for pair in pairs if not math.isnan(pair[0])]
        values = np.array(errors)
        without, with_motion = values.T
        print(
            f"| {walk} | {without.mean():.3f} | {with_motion.mean():.3f} | {without.max():.2f} | "
            f"{with_motion.max():.2f} | {(with_motion > WORSE * without).sum()} of {len(values)} |",
            flush=True,
        )


def show_faults(drives: Sequence[Drive], estimator: Estimator) -> None:
    """Print how AbsRel suffers from each fault of odometry, and what the status says."""
    print("| odometry | alone | with motion | frames worse by over 5 % | worst | most frequent status |")
    print("|---|---:|---:|---:|---:|---|")
    wanted = [index % EVERY == 0 for index in range(len(drives[0].frames))]
    known = [camera_alone(drive, estimator, wanted) for drive in drives]
    for name, fault in FAULTS.items():
        pairs: list[tuple[float, float]] = []
        problems: defaultdict[str, int] = defaultdict(int)
        for drive, alone in zip(drives, known, strict=True):
            made = follow(drive, fault(drive.poses()), estimator, alone, wanted)
            pairs += zip(abs_rel(drive, alone), abs_rel(drive, made.depths_m), strict=True)
            for problem in made.problems[15:]:
                problems[re.sub(r"\d+", "..", problem.partition(":")[0])] += 1  # numbers differ from frame to frame
        values = np.array(pairs)
        values = values[np.isfinite(values[:, 0])]
        ratio = values[:, 1] / values[:, 0]
        said = max(problems, key=lambda text: problems[text])
        print(
            f"| {name} | {values[:, 0].mean():.3f} | {values[:, 1].mean():.3f} | {(ratio > WORSE).sum()} of "
            f"{len(ratio)} | {ratio.max():.2f} | {said or 'gives hints'} |",
            flush=True,
        )


def show_stamps(drives: Sequence[Drive]) -> None:
    """Print the median error of the hints against the offset of stamps and of the pose of the camera."""
    print("| error of | size | median error of hints | hints a frame |\n|---|---|---:|---:|")

    def row(what: str, size: str, told: Callable[[Sequence[Transform]], Sequence[Transform | None]]) -> None:
        made = [follow(drive, told(drive.poses()), None, ()) for drive in drives]
        errors = np.concatenate([one.hint_errors for one in made])
        frames = sum(len(drive.frames) for drive in drives)
        median = f"{np.median(errors):.1%}" if len(errors) else "no hints"
        print(f"| {what} | {size} | {median} | {len(errors) / frames:.0f} |", flush=True)

    for offset_s in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2):
        row("stamps", f"{offset_s * 1e3:.0f} ms", lambda poses, s=offset_s: late(poses, s))  # type: ignore[misc]
    for degrees in (1.0, 2.0, 5.0, 10.0):
        turn, _ = cv2.Rodrigues(np.array([0.0, math.radians(degrees), 0.0]))
        offset = Transform(np.asarray(turn), np.zeros(3))
        row("camera's yaw", f"{degrees:.0f}°", lambda poses, by=offset: [pose.after(by) for pose in poses])  # type: ignore[misc]
    for metres in (0.02, 0.05, 0.1, 0.2):
        offset = Transform(np.eye(3), np.array([metres, 0.0, 0.0]))
        row("camera's place", f"{metres:.2f} m", lambda poses, by=offset: [pose.after(by) for pose in poses])  # type: ignore[misc]
    for share in (0.02, 0.05, 0.1, 0.2):
        row("odometry's scale", f"{share:.0%}", lambda poses, by=share: scaled(poses, 1.0 + by))  # type: ignore[misc]


def show_cost() -> None:
    """Print milliseconds an image, of a camera that moves along a wall of noise at 640x480."""
    cv2.setNumThreads(1)
    motion, tracker = Motion(), Tracker(300)
    track_ms, hints_ms, points = [], [], 0
    for index, (image, pose) in enumerate(wall(COST_IMAGES)):
        times = [time.process_time()]
        motion.take(tracker.follow(image, (index + 1) * PERIOD_NS), CAMERA, pose)
        times.append(time.process_time())
        motion.hints()
        times.append(time.process_time())
        (took_ms, gave_ms) = (1e3 * (b - a) for a, b in pairwise(times))
        track_ms.append(took_ms)
        hints_ms.append(gave_ms)
        points = motion.report.points
    print("| | best decile | median |\n|---|---:|---:|")
    for name, values in (("follow the corners of an image", track_ms), ("triangulate, once for each depth", hints_ms)):
        print(f"| {name} | {np.quantile(values[10:], 0.1):.1f} ms | {np.median(values[10:]):.1f} ms |")
    print(f"\n300 corners, {points} triangulated; time of one CPU core")


def show_latency(estimator: Estimator) -> None:
    """Print the latency with motion and without it."""
    found = latencies(estimator)
    print("| ms | p50 | p95 |\n|---|---:|---:|")
    for name in ("latency alone", "latency motion", "CPU time alone", "CPU time motion"):
        print(f"| {name} | {found[f'{name} p50']:.1f} | {found[f'{name} p95']:.1f} |")
    print(f"\n{found['hints']:.0f} hints a frame, {found['frames']:.0f} frames with motion")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the measurements."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("what", choices=WHAT)
    parse.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="rooms")
    parse.add_argument("--cache", type=Path, default=Path("motion_drives"), help="folder for rendered frames")
    parse.add_argument("--model", default="nano")
    args = parse.parse_args(argv)
    if args.what == "cost":
        show_cost()
        return 0
    drives = [] if args.what in ("latency", "person") else [rendered(seed, args.cache) for seed in args.seeds]
    if args.what == "stamps":
        show_stamps(drives)
        return 0
    engine = open_engine("ort", load_artifact(args.model), 1)
    try:
        if args.what.startswith("lidar"):
            (show_heights if args.what == "lidar" else show_lidar_faults)(drives, engine)
            return 0
        estimator = Estimator(engine, Settings(min_depth_m=1e-3, max_depth_m=1e4))
        if args.what == "latency":
            show_latency(estimator)
            return 0
        if args.what == "person":
            show_person(args.seeds, args.cache, estimator)
            return 0
        (show_drive if args.what == "drive" else show_faults)(drives, estimator)
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
