# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin flicker`: measure by how many metres the error of the same scene point changes from one frame to the next.

The program renders rooms (this needs EGL) as a standing and as a driving camera sees them, with sensor noise and a
changing exposure. It estimates them with new noise for every frame, with the same noise for all frames, and with
smoothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import Engine
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import choices
from grin_ros.core.command_line import DONE, CommandParser, new_file, one_line_errors, whole
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.drives import DriveFrame, rendered_drives, with_sensor_noise
from grin_ros.lab.evaluation.claims.claim import Claim
from grin_ros.lab.evaluation.results import json_text

SAME_POINT = 0.01
"""A point counts as seen again if the range in the second frame differs from the expected one by at most this share."""
STRIDE = 2
"""Every STRIDE-th row and column is followed."""
PERIOD_NS = 100_000_000
LENS = Camera(
    320, 240, 230.0, 228.0, 163.0, 117.0, "plumb_bob", (-0.2, 0.04, 0.0005, -0.0003, 0.0), Mounting(0.9, 0.0, 0.14)
)
SEEDS = (20, 23, 24, 27)
NEW_NOISE, SAME_NOISE = "new noise", "same noise"
SHARES = (0.5, 0.6, 0.7)
"""The values of `smoothing` that are tried by default."""
LARGEST_FLICKER = 0.5
"""Smoothing must bring the flicker below this share of the flicker with new noise."""
LARGEST_LOSS = 0.01
"""AbsRel with smoothing may exceed AbsRel with new noise by this share: results of one noise seed vary that much."""


@dataclass(frozen=True)
class Flicker:
    """The accuracy and the flicker of one sequence.

    abs_rel: the mean over all frames. flicker_m: the mean change of a point's error in metres per frame. flicker_rel:
    the same as a share of the point's depth.
    """

    abs_rel: float
    flicker_m: float
    flicker_rel: float


Found = Mapping[str, Mapping[str, Flicker]]
"""Kind of sequence -> mode -> figures."""


def matching_pixels(before: DriveFrame, after: DriveFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pixels (u, v) of the scene points that both frames see, in `before` (M, 2) and in `after` (M, 2)."""
    camera = before.camera
    u, v = np.meshgrid(np.arange(0, camera.width, STRIDE), np.arange(0, camera.height, STRIDE))
    pixels = np.stack([u.ravel(), v.ravel()], -1)
    range_m = before.range_m[pixels[:, 1], pixels[:, 0]].astype(np.float64)
    hit = np.isfinite(range_m)
    pixels, points = pixels[hit], camera.unproject(pixels[hit].astype(np.float64)) * range_m[hit, None]
    moved = after.optical_from_world @ np.linalg.inv(before.optical_from_world)
    points = points @ moved[:3, :3].T + moved[:3, 3]
    there = after.camera.project(points)
    inside = np.isfinite(there).all(-1) & (points[:, 2] > 0.0)
    nearest = np.rint(np.where(inside[:, None], there, -1.0)).astype(np.intp)
    inside &= ((nearest >= 0) & (nearest < (after.camera.width, after.camera.height))).all(-1)
    pixels, nearest, expected_m = pixels[inside], nearest[inside], np.linalg.norm(points[inside], axis=1)
    same = np.abs(after.range_m[nearest[:, 1], nearest[:, 0]] / expected_m - 1.0) < SAME_POINT
    return pixels[same], nearest[same]


def flicker(frames: Sequence[DriveFrame], depths_m: Sequence[NDArray[np.float32]]) -> Flicker:
    """Return the flicker of the depths (H, W) in metres that were estimated for the frames of one sequence.

    Raises ValueError for fewer than two frames and for another number of depths than frames.
    """
    if len(frames) < 2 or len(frames) != len(depths_m):
        raise ValueError(f"sequence: got {len(frames)} frames and {len(depths_m)} depths, expected two or more of each")
    truths_m = [range_to_depth(frame.range_m, frame.camera.rays()) for frame in frames]
    with np.errstate(invalid="ignore"):
        errors_m = [
            np.where(np.isfinite(d) & np.isfinite(t), d - t, np.nan) for d, t in zip(depths_m, truths_m, strict=True)
        ]
        abs_rel = [np.nanmean(np.abs(e) / t) for e, t in zip(errors_m, truths_m, strict=True)]
    metres, shares = [], []
    for (before, after), pair, truth_m in zip(pairwise(frames), pairwise(errors_m), truths_m[1:], strict=True):
        (u0, v0), (u1, v1) = (pixels.T for pixels in matching_pixels(before, after))
        changed_m = np.abs(pair[1][v1, u1] - pair[0][v0, u0])
        metres.append(np.nanmean(changed_m))
        shares.append(np.nanmean(changed_m / truth_m[v1, u1]))
    return Flicker(float(np.mean(abs_rel)), float(np.mean(metres)), float(np.mean(shares)))


def estimates(
    frames: Sequence[DriveFrame], engine: Engine, settings: Settings, *, new_noise: bool = False
) -> list[NDArray[np.float32]]:
    """Return the depth (H, W) in metres of each frame, at ten frames a second and with the mounting known.

    new_noise: draw other noise for every frame.
    """
    estimator = Estimator(engine, settings)
    depths_m = []
    for number, frame in enumerate(frames):
        if new_noise:
            estimator.settings = replace(settings, seed=settings.seed + 1 + number)
        depths_m.append(estimator(Frame(frame.image, frame.camera, (number + 1) * PERIOD_NS)).depth_m)
    return depths_m


def smoothed(share: float) -> str:
    """Return the name of the mode with smoothing by this share, for instance 'smoothing 0.5'."""
    return f"smoothing {share:g}"


def claims(found: Found) -> list[Claim]:
    """Return the claims that smoothing halves the flicker and costs no accuracy."""
    made = []
    for kind, by_mode in found.items():
        new = by_mode[NEW_NOISE]
        for mode, one in by_mode.items():
            if mode not in (NEW_NOISE, SAME_NOISE):
                share, loss = one.flicker_m / new.flicker_m, one.abs_rel / new.abs_rel - 1.0
                made.append(Claim(f"{kind}, {mode}: flicker / flicker with new noise", share, LARGEST_FLICKER))
                made.append(Claim(f"{kind}, {mode}: AbsRel / AbsRel with new noise - 1", loss, LARGEST_LOSS))
    return made


def sequences(seeds: Sequence[int], frames: int) -> dict[str, list[tuple[DriveFrame, ...]]]:
    """Render a 'standing' and a 'driving' sequence in the scene of each seed, with sensor noise (needs EGL)."""
    made: dict[str, list[tuple[DriveFrame, ...]]] = {"standing": [], "driving": []}
    drives = rendered_drives(seeds, LENS, frames)
    for seed, drive in zip(seeds, tqdm(drives, "rendering", len(seeds), unit="scene"), strict=True):
        made["standing"].append(with_sensor_noise(drive[:1] * max(2, frames // 3), np.random.default_rng(seed)))
        made["driving"].append(with_sensor_noise(drive, np.random.default_rng(seed)))
    return made


def compare(
    made: Mapping[str, Sequence[Sequence[DriveFrame]]], engine: Engine, settings: Settings, shares: Sequence[float]
) -> Found:
    """Return the flicker of every kind of sequence in every mode, as means over the scenes."""
    modes = {NEW_NOISE: 0.0, SAME_NOISE: 0.0, **{smoothed(share): share for share in shares}}

    def mean(found: Sequence[Flicker]) -> Flicker:
        return Flicker(*(float(np.mean([getattr(one, name) for one in found])) for name in asdict(found[0])))

    def measured(frames: Sequence[DriveFrame], mode: str) -> Flicker:
        chosen = replace(settings, smoothing=modes[mode])
        found = flicker(frames, estimates(frames, engine, chosen, new_noise=mode == NEW_NOISE))
        bar.update(len(frames))
        return found

    total = len(modes) * sum(len(frames) for scenes in made.values() for frames in scenes)
    with tqdm(total=total, desc="estimating", unit="frame") as bar:
        return {
            kind: {mode: mean([measured(frames, mode) for frames in scenes]) for mode in modes}
            for kind, scenes in made.items()
        }


def table(found: Found) -> str:
    """Return a Markdown table with a row for each kind of sequence and mode."""
    rows = ["| camera | | AbsRel | flicker m/frame | of depth |", "|---|---|---:|---:|---:|"]
    rows += [
        f"| {kind} | {mode} | {one.abs_rel:.3f} | {one.flicker_m:.4f} | {one.flicker_rel:.2%} |"
        for kind, by_mode in found.items()
        for mode, one in by_mode.items()
    ]
    return "\n".join(rows)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin flicker`."""
    made = CommandParser(
        "flicker",
        "Measure how much depth flickers from frame to frame, and what smoothing makes of it.",
        "grin flicker --model nano --smoothing 0.6",
    )
    made.add_argument("--model", default="nano", help="name of a shipped model, or folder of an artifact")
    made.add_argument("--backend", default="ort", help=f"one of {', '.join(choices())}")
    made.add_argument("--threads", type=whole(0), default=0, help="CPU threads; 0: the runtime chooses")
    made.add_argument("--steps", type=whole(1), default=Settings.steps, help="denoising steps")
    made.add_argument("--members", type=whole(1), default=Settings.members, help="ensemble size")
    made.add_argument(
        "--smoothing", type=float, nargs="*", default=SHARES, metavar="SHARE", help="shares of the last answer to try"
    )
    made.add_argument("--scenes", type=whole(1), default=len(SEEDS), metavar="N", help=f"rooms, 1 to {len(SEEDS)}")
    made.add_argument("--frames", type=whole(1), default=48, metavar="N", help="frames of each drive")
    made.add_argument("--json", type=new_file, metavar="FILE", help="also write the figures to this file")
    return made


@one_line_errors("flicker", RuntimeError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin flicker`, and return its exit code."""
    args = parser().parse_args(argv)
    settings = Settings(args.steps, args.members, min_depth_m=1e-3, max_depth_m=1e4)
    if not (1 <= args.scenes <= len(SEEDS) and args.frames >= 6):
        raise ValueError(f"got {args.scenes} scenes, {args.frames} frames; expected 1 to {len(SEEDS)}, 6 or more")
    engine = open_engine(args.backend, load_artifact(args.model), args.threads)
    try:
        found = compare(sequences(SEEDS[: args.scenes], args.frames), engine, settings, args.smoothing)
    finally:
        engine.close()
    judged = claims(found)
    print(table(found), *judged, sep="\n")
    if args.json:
        figures = {kind: {mode: asdict(one) for mode, one in modes.items()} for kind, modes in found.items()}
        args.json.write_text(json_text({"flicker": figures, "claims": [c.to_json() for c in judged]}))
    return DONE
