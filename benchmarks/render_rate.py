# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Measure how many kept frames a second `grin scenes` renders, without writing them.

    python benchmarks/render_rate.py                          all worlds, 2 processes, 600 frames
    python benchmarks/render_rate.py --worlds room            one of them
    python benchmarks/render_rate.py --assets DIR             with texture sets (or GRIN_ASSETS)

Furniture models are used if they are installed. Every process renders its first scene before the clock starts, because
that one takes longer (imports, shaders, parsed models). The rate is the median over windows of consecutive frames,
printed as Markdown.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path

from tqdm import tqdm

from grin_ros.lab.datasets.rendering import HEIGHT, VIEWS_OF_SCENE, WIDTH
from grin_ros.worlds.assets.assets import find_assets
from grin_ros.worlds.assets.models import FURNITURE
from grin_ros.worlds.registry import named
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.views import render_views

FIRST_SEED = 7_000_000_000  # far from the seeds of data sets


@lru_cache(maxsize=1)
def renderer() -> Renderer:
    """Return the renderer of this process."""
    return Renderer(WIDTH, HEIGHT)


def scene(seed: int, assets: Path | None, furniture: Path, worlds: Sequence[str]) -> tuple[int, list[float]]:
    """Render a scene; return the process id and the time of each kept frame, on the clock that all processes share."""
    found = find_assets(assets, furniture)
    views = render_views(renderer(), seed, found, VIEWS_OF_SCENE, worlds=named(worlds))
    return os.getpid(), [time.monotonic() for _ in views]


def rates(
    workers: int, frames: int, window: int, assets: Path | None, furniture: Path, worlds: Sequence[str]
) -> list[float]:
    """Return the kept frames a second in each window, in order."""
    done: dict[int, list[list[float]]] = {}  # process -> times of its scenes
    task = partial(scene, assets=assets, furniture=furniture, worlds=worlds)
    with (
        multiprocessing.get_context("spawn").Pool(workers) as pool,
        tqdm(total=frames, desc="render", unit="frame") as bar,
    ):
        for process, times in pool.imap_unordered(task, range(FIRST_SEED, FIRST_SEED + 10**6)):
            if times:
                done.setdefault(process, []).append(times)
            if len(done) < workers:
                continue
            start, end = max(scenes[0][-1] for scenes in done.values()), min(scenes[-1][-1] for scenes in done.values())
            measured = sorted(t for scenes in done.values() for times in scenes for t in times if start <= t <= end)
            bar.update(min(len(measured), frames) - bar.n)
            if len(measured) > frames:
                break
    return [window / (measured[k + window] - measured[k]) for k in range(0, frames - window + 1, window)]


def report(measured: Sequence[float], workers: int, window: int, used: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"{WIDTH}x{HEIGHT}, {workers} processes, {os.cpu_count()} cores ({platform.machine()}); {'; '.join(used)}"
    yield ""
    yield f"| kept frames/s | over windows of {window} frames |"
    yield "|---|---|"
    for name, value in (
        ("median", statistics.median(measured)),
        ("slowest", min(measured)),
        ("fastest", max(measured)),
    ):
        yield f"| {value:.1f} | {name} of {len(measured)} |"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="render_rate.py", description="Measure kept frames a second.")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default 2)")
    parser.add_argument("--frames", type=int, default=600, metavar="N", help="measured, after warm-up (default 600)")
    parser.add_argument("--window", type=int, default=50, metavar="N", help="frames a window (default 50)")
    parser.add_argument(
        "--assets", type=Path, default=os.environ.get("GRIN_ASSETS") or None, metavar="DIR", help="texture sets"
    )
    parser.add_argument("--worlds", default="", metavar="NAME,...", help="only these (default all)")
    parser.add_argument("--furniture", type=Path, default=FURNITURE, metavar="DIR", help="default %(default)s")
    args = parser.parse_args(argv)
    if min(args.workers, args.window) < 1 or args.frames < args.window:
        parser.error("expected --workers >= 1 and --frames >= --window >= 1")
    os.environ.setdefault(
        "LP_NUM_THREADS", "0"
    )  # one thread for the software rasteriser of each process, as in grin scenes
    try:
        found = find_assets(args.assets, args.furniture)
        worlds = tuple(name for name in args.worlds.split(",") if name)
        names = ", ".join(world.name for world in named(worlds))
        measured = rates(args.workers, args.frames, args.window, args.assets, args.furniture, worlds)
    except (ValueError, RuntimeError) as error:
        print(f"render_rate: {error}", file=sys.stderr)
        return 1
    print("\n".join(report(measured, args.workers, args.window, (f"worlds: {names}", *found.used))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
