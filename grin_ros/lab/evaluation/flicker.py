# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How still depth is: by how many metres the error of one and the same point changes from a frame to the next.

    python -m grin_ros.lab.evaluation.flicker --model nano

Renders rooms (EGL), seen by a camera that stands and by one that drives, with a sensor's noise and a flicker of the
exposure, and estimates them with noise drawn anew for every frame, with the same noise, and with a warm start.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.artifact import ArtifactError, load_artifact
from grin_ros.core.backends.base import BACKENDS, Engine, EngineError, open_engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera, Mounting
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.core.types import Frame
from grin_ros.lab.evaluation.claims import Claim
from grin_ros.worlds.cameras.capture import pose
from grin_ros.worlds.views import RenderedView

SAME_POINT = 0.01
"""A point is seen again where the range there is what it must be from there, up to this share."""
STRIDE = 2
"""Every n-th row and column is followed."""
PERIOD_NS = 100_000_000
LENS = Camera(
    320, 240, 230.0, 228.0, 163.0, 117.0, "plumb_bob", (-0.2, 0.04, 0.0005, -0.0003, 0.0), Mounting(0.9, 0.0, 0.14)
)
SEEDS = (20, 23, 24, 27)
ANEW, SAME = "noise anew", "same noise"
SHARES = (0.5, 0.6, 0.7)
"""Of a warm start, tried by default."""
HALF = 0.5
WORSE = 0.01
"""AbsRel may be that share above that of noise drawn anew: one seed of the noise differs from the mean of many."""


@dataclass(frozen=True)
class Stillness:
    """flicker_m: mean change of a point's error, metres a frame; flicker_rel: as a share of its depth. abs_rel: of all
    frames."""

    abs_rel: float
    flicker_m: float
    flicker_rel: float


Found = Mapping[str, Mapping[str, Stillness]]
"""kind of sequence -> mode -> figures."""


def seen_again(before: RenderedView, after: RenderedView) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(M, 2), (M, 2): pixels (u, v) of points in the one view, and of the same points of the scene in the other."""
    camera = before.camera
    u, v = np.meshgrid(np.arange(0, camera.width, STRIDE), np.arange(0, camera.height, STRIDE))
    pixels = np.stack([u.ravel(), v.ravel()], -1)
    range_m = before.range_m[pixels[:, 1], pixels[:, 0]].astype(np.float64)
    hit = np.isfinite(range_m)
    pixels, points = pixels[hit], camera.unproject(pixels[hit].astype(np.float64)) * range_m[hit, None]
    moved = pose(after.placement) @ np.linalg.inv(pose(before.placement))
    points = points @ moved[:3, :3].T + moved[:3, 3]
    there = after.camera.project(points)
    inside = np.isfinite(there).all(-1) & (points[:, 2] > 0.0)
    nearest = np.rint(np.where(inside[:, None], there, -1.0)).astype(np.intp)
    inside &= ((nearest >= 0) & (nearest < (after.camera.width, after.camera.height))).all(-1)
    pixels, nearest, expected_m = pixels[inside], nearest[inside], np.linalg.norm(points[inside], axis=1)
    same = np.abs(after.range_m[nearest[:, 1], nearest[:, 0]] / expected_m - 1.0) < SAME_POINT
    return pixels[same], nearest[same]


def stillness(views: Sequence[RenderedView], depths_m: Sequence[NDArray[np.float32]]) -> Stillness:
    """Of depth (H, W) estimated for each view of a sequence. Raises ValueError for fewer than two."""
    if len(views) < 2 or len(views) != len(depths_m):
        raise ValueError(f"sequence: got {len(views)} views and {len(depths_m)} depths, expected two or more of each")
    truths_m = [range_to_depth(view.range_m, view.camera.rays()) for view in views]
    with np.errstate(invalid="ignore"):
        errors_m = [
            np.where(np.isfinite(d) & np.isfinite(t), d - t, np.nan) for d, t in zip(depths_m, truths_m, strict=True)
        ]
        abs_rel = [np.nanmean(np.abs(e) / t) for e, t in zip(errors_m, truths_m, strict=True)]
    metres, shares = [], []
    for (before, after), pair, truth_m in zip(pairwise(views), pairwise(errors_m), truths_m[1:], strict=True):
        (u0, v0), (u1, v1) = (pixels.T for pixels in seen_again(before, after))
        changed_m = np.abs(pair[1][v1, u1] - pair[0][v0, u0])
        metres.append(np.nanmean(changed_m))
        shares.append(np.nanmean(changed_m / truth_m[v1, u1]))
    return Stillness(float(np.mean(abs_rel)), float(np.mean(metres)), float(np.mean(shares)))


def estimates(
    views: Sequence[RenderedView], engine: Engine, settings: Settings, *, anew: bool = False
) -> list[NDArray[np.float32]]:
    """Depth (H, W) of each view, ten frames a second, told the mounting. anew: other noise for every frame."""
    estimator = Estimator(engine, settings)
    depths_m = []
    for number, view in enumerate(views):
        if anew:
            estimator.settings = replace(settings, seed=settings.seed + 1 + number)
        depths_m.append(estimator(Frame(view.image, view.camera, (number + 1) * PERIOD_NS)).depth_m)
    return depths_m


def warm(share: float) -> str:
    """Name of the mode: 'warm start 0.5'."""
    return f"warm start {share:g}"


def claims(found: Found) -> list[Claim]:
    """That a warm start halves the flicker, and costs nothing."""
    made = []
    for kind, by_mode in found.items():
        anew = by_mode[ANEW]
        for mode, one in by_mode.items():
            if mode not in (ANEW, SAME):
                share, above = one.flicker_m / anew.flicker_m, one.abs_rel / anew.abs_rel - 1.0
                made.append(Claim(f"{kind}, {mode}: flicker, of that of noise anew", share, HALF))
                made.append(Claim(f"{kind}, {mode}: AbsRel, above that of noise anew", above, WORSE))
    return made


def sequences(seeds: Sequence[int], frames: int) -> dict[str, list[list[RenderedView]]]:
    """'standing' and 'driving' -> a sequence for each scene, as a sensor delivers it. Imports moderngl."""
    from grin_ros.worlds.assets.assets import Assets
    from grin_ros.worlds.rendering.renderer import Renderer
    from grin_ros.worlds.sequence import as_sensed, render_sequence

    renderer = Renderer(LENS.width, LENS.height)
    made: dict[str, list[list[RenderedView]]] = {"standing": [], "driving": []}
    try:
        for seed in tqdm(seeds, desc="rendering", unit="scene", disable=None):
            driving = render_sequence(renderer, seed, Assets(), LENS, frames)
            for kind, views in (("standing", driving[:1] * max(2, frames // 3)), ("driving", driving)):
                rng = np.random.default_rng(seed)
                made[kind].append([replace(view, image=as_sensed(view.image, rng)) for view in views])
    finally:
        renderer.close()
    return made


def measure(
    made: Mapping[str, Sequence[Sequence[RenderedView]]], engine: Engine, settings: Settings, shares: Sequence[float]
) -> Found:
    """Means over the scenes."""
    modes = {ANEW: 0.0, SAME: 0.0, **{warm(share): share for share in shares}}

    def mean(found: Sequence[Stillness]) -> Stillness:
        return Stillness(*(float(np.mean([getattr(one, name) for one in found])) for name in asdict(found[0])))

    def of(views: Sequence[RenderedView], mode: str) -> Stillness:
        chosen = replace(settings, warm_start=modes[mode])
        return stillness(views, estimates(views, engine, chosen, anew=mode == ANEW))

    return {
        kind: {
            mode: mean([of(views, mode) for views in scenes])
            for mode in tqdm(modes, desc=kind, unit="mode", disable=None)
        }
        for kind, scenes in made.items()
    }


def table(found: Found) -> str:
    """A row for each kind and mode."""
    rows = ["| camera | | AbsRel | flicker m/frame | of depth |", "|---|---|---:|---:|---:|"]
    rows += [
        f"| {kind} | {mode} | {one.abs_rel:.3f} | {one.flicker_m:.4f} | {one.flicker_rel:.2%} |"
        for kind, by_mode in found.items()
        for mode, one in by_mode.items()
    ]
    return "\n".join(rows)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m grin_ros.lab.evaluation.flicker", description="How still depth is.")
    made.add_argument("--model", default="nano", help="shipped model, or folder of an artifact (default nano)")
    made.add_argument("--backend", default="ort", help=f"one of {', '.join(BACKENDS)} (default ort)")
    made.add_argument("--threads", type=int, default=0)
    made.add_argument("--steps", type=int, default=Settings.steps)
    made.add_argument("--members", type=int, default=Settings.members)
    told = f"shares to try (default {' '.join(map(str, SHARES))})"
    made.add_argument("--warm-start", type=float, nargs="*", default=SHARES, metavar="SHARE", help=told)
    made.add_argument("--scenes", type=int, default=len(SEEDS), metavar="N", help=f"1 to {len(SEEDS)} (default all)")
    made.add_argument("--frames", type=int, default=48, metavar="N", help="of each drive (default 48)")
    made.add_argument("--json", type=Path, metavar="FILE")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """0, whether claims hold or fail; 2 with the reason on stderr."""
    args = parser().parse_args(argv)
    try:
        settings = Settings(args.steps, args.members, min_depth_m=1e-3, max_depth_m=1e4)
        if not (1 <= args.scenes <= len(SEEDS) and args.frames >= 6):
            raise ValueError(f"got {args.scenes} scenes, {args.frames} frames; expected 1 to {len(SEEDS)}, 6 or more")
        engine = open_engine(args.backend, load_artifact(args.model), args.threads)
        try:
            found = measure(sequences(SEEDS[: args.scenes], args.frames), engine, settings, args.warm_start)
        finally:
            engine.close()
    except (ValueError, RuntimeError, EngineError, ArtifactError) as error:
        print(f"flicker: {error}", file=sys.stderr)
        return 2
    judged = claims(found)
    print(table(found), *judged, sep="\n")
    if args.json:
        figures = {kind: {mode: asdict(one) for mode, one in modes.items()} for kind, modes in found.items()}
        args.json.write_text(json.dumps({"flicker": figures, "claims": [c.to_json() for c in judged]}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
