# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Render a data set of random scenes:

    grin scenes --out renders --frames 500 --sheet sheet.png

The result is deterministic on one machine: a scene follows from its seed and the assets, its views follow from the seed
of the scene. Shards are independent of each other, and an interrupted run continues after the last complete shard.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.core.command_line import DONE, CommandParser, new_folder, one_line_errors, whole
from grin_ros.core.evenly import evenly
from grin_ros.core.geometry.camera import Camera
from grin_ros.lab.datasets.shards import ShardDataset, ShardWriter
from grin_ros.worlds.assets.assets import Assets, find_assets
from grin_ros.worlds.assets.models import FURNITURE
from grin_ros.worlds.registry import WORLDS, named
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.views import render_views

WIDTH, HEIGHT = 400, 300
VIEWS_OF_SCENE = 16
SCENES_OF_SHARD, SCENES_OF_SEED = 10**5, 10**9  # numbers of scenes that are reserved for a shard and for a seed
_NOTES = """\
Only EGL is needed. Furniture models are those of Debian's sweethome3d-furniture or the .sh3f catalogues in --furniture.
Textures come from folders textures*/ in the assets folder, with one subfolder of tileable images per category, such as
textures_mine/WoodFloor/oak.jpg. Light comes from panoramas .hdr in light*/, such as light_mine/hall.hdr. index.json
lists the assets that were used. See docs/guides/worlds.md.

environment:
  GRIN_ASSETS    the assets folder where --assets is not given
"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Job:
    """A shard to render: its number and count of frames, the seed of the data set, the assets, the worlds, and the
    most views of a scene."""

    number: int
    count: int
    seed: int
    assets: Path | None
    furniture: Path
    worlds: tuple[str, ...]
    views: int

    @property
    def name(self) -> str:
        return f"shard-{self.number:05d}"


@dataclass(frozen=True)
class _Shard:
    """A rendered shard: image (n, h, w, 3), range_m (n, h, w), n cameras and origin (n, 3), as in shards.py."""

    image: NDArray[np.uint8]
    range_m: NDArray[np.float16]
    cameras: list[Camera]
    origin: NDArray[np.int64]


def _render(job: _Job) -> tuple[_Job, _Shard]:
    """Render scenes with seeds from seed * 10^9 + number * 10^5 on until the shard is full."""
    n, assets, worlds = job.count, find_assets(job.assets, job.furniture), named(job.worlds)
    shard = _Shard(
        np.empty((n, HEIGHT, WIDTH, 3), np.uint8),
        np.empty((n, HEIGHT, WIDTH), np.float16),
        [],
        np.empty((n, 3), np.int64),
    )
    renderer = Renderer(WIDTH, HEIGHT)
    done, scene_seed = 0, job.seed * SCENES_OF_SEED + job.number * SCENES_OF_SHARD
    try:
        while done < n:
            views = min(job.views, n - done)
            for kept in render_views(renderer, scene_seed, assets, views, worlds=worlds):
                shard.image[done], shard.range_m[done] = kept.image, kept.range_m
                shard.cameras.append(kept.camera)
                shard.origin[done] = (kept.scene_seed, kept.number, job.worlds.index(kept.world))
                done += 1
            scene_seed += 1
    finally:
        renderer.close()
    return job, shard


def generate(
    out: str | Path,
    frames: int,
    seed: int = 0,
    shard_size: int = 500,
    workers: int = 2,
    assets: Path | None = None,
    furniture: Path = FURNITURE,
    worlds: Sequence[str] = (),
    views: int = VIEWS_OF_SCENE,
) -> int:
    """Render until the folder holds at least `frames` frames, and return how many frames were added.

    worlds: names of worlds; none means all. views: the most views of a scene; fewer views give more scenes. Raises
    ValueError if a number is out of range, a world is unknown, an asset folder cannot be used, or the folder holds
    frames of another seed, of other assets or of other worlds. Raises RuntimeError if there is no OpenGL.
    """
    _require("frames", frames, 1)
    _require("seed", seed, 0)
    _require("shard-size", shard_size, 1)
    _require("workers", workers, 1)
    _require("views", views, 1)
    most = shard_size * (SCENES_OF_SEED // SCENES_OF_SHARD)
    if frames > most:
        raise ValueError(f"frames: got {frames}, expected at most {most} in shards of {shard_size}; raise shard-size")
    names = tuple(world.name for world in named(worlds))
    found = find_assets(assets, furniture)
    for note in found.notes:
        _log.warning("%s", note)
    writer = ShardWriter(out, WIDTH, HEIGHT, found.licence, found.used, names, seed=seed)
    have, planned, jobs = writer.counts, writer.count, []
    for first in range(0, frames, shard_size):
        job = _Job(first // shard_size, min(shard_size, frames - first), seed, assets, furniture, names, views)
        more = job.count - have.get(job.name, 0)
        if more > 0 and planned < frames:
            planned += more
            jobs.append(job)
    if not jobs:
        return 0
    before = writer.count
    os.environ.setdefault("LP_NUM_THREADS", "0")  # each worker has one software rasteriser thread
    with (
        multiprocessing.get_context("spawn").Pool(min(workers, len(jobs))) as pool,
        tqdm(total=planned, initial=before, unit="frame") as bar,
    ):
        for job, shard in pool.imap_unordered(_render, jobs):
            seeds = {"seed_first": int(shard.origin[0, 0]), "seed_last": int(shard.origin[-1, 0])}
            writer.write(job.name, shard.image, shard.range_m, shard.cameras, shard.origin, **seeds)
            bar.update(writer.count - bar.n)
    return writer.count - before


def _require(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name}: got {value}, expected {least} or more")


def contact_sheet(dataset: ShardDataset, path: Path, columns: int = 8, rows: int = 8) -> None:
    """Write a PNG of images from all over the data set, each with its coloured ranges below.

    Colours are logarithmic from 0.3 m (red) to 100 m (blue). Pixels without a hit are grey, unmeasured ones black.
    """
    cells = []
    for index in evenly(len(dataset), columns * rows):
        sample = dataset.sample(int(index))
        range_m = sample.range_m.astype(np.float32)
        hit = np.where(np.isfinite(range_m), range_m, 1)
        scaled = np.clip(np.log(hit / 0.3) / np.log(100 / 0.3), 0, 1)
        coloured = cv2.applyColorMap(255 - (scaled * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
        coloured[np.isinf(range_m)], coloured[np.isnan(range_m)] = 128, 0
        pair = np.concatenate([sample.image[:, :, ::-1], coloured])
        cells.append(cv2.resize(pair, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    sheet = np.concatenate([np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)])
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), sheet):
        raise ValueError(f"{path}: the contact sheet could not be written; give a path that ends in .png")


def _picture(text: str) -> Path:
    """Return the path of a picture that OpenCV can write. Raises argparse.ArgumentTypeError before any work is done."""
    path = Path(text).expanduser()
    if path.is_dir() or not cv2.haveImageWriter(str(path)):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected the name of a picture; give a name that ends in .png")
    return path


def parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        "scenes",
        "Render random scenes with exact ranges, as shards to train on.",
        "grin scenes --out data/worlds --frames 12000",
        notes=_NOTES,
    )
    parser.add_argument(
        "--out",
        type=new_folder,
        required=True,
        metavar="DIR",
        help="folder of the data set; an unfinished one is completed",
    )
    parser.add_argument(
        "--frames", type=int, required=True, metavar="N", help="number of frames that the folder will hold"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the data set")
    parser.add_argument("--shard-size", type=whole(1), default=500, metavar="N", help="frames per shard")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="number of processes")
    parser.add_argument(
        "--assets",
        type=Path,
        default=os.environ.get("GRIN_ASSETS") or None,
        metavar="DIR",
        help="folder of textures and light (default $GRIN_ASSETS, or none)",
    )
    parser.add_argument("--furniture", type=Path, default=FURNITURE, metavar="DIR", help="folder of .sh3f catalogues")
    parser.add_argument(
        "--worlds",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="NAME,...",
        help=f"render only these worlds (default all: {', '.join(world.name for world in WORLDS)})",
    )
    parser.add_argument(
        "--views",
        type=whole(1),
        default=VIEWS_OF_SCENE,
        metavar="N",
        help="views of a scene, at most (default %(default)s)",
    )
    parser.add_argument("--sheet", type=_picture, metavar="PNG", help="write a contact sheet of the data set")
    return parser


def _print_assets(found: Assets) -> None:
    for line in found.used:
        print(f"uses {line}", flush=True)


@one_line_errors("scenes", RuntimeError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin scenes`, and return its exit code."""
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    start = time.monotonic()
    _print_assets(find_assets(args.assets, args.furniture))
    added = generate(
        args.out,
        args.frames,
        args.seed,
        shard_size=args.shard_size,
        workers=args.workers,
        assets=args.assets,
        furniture=args.furniture,
        worlds=args.worlds,
        views=args.views,
    )
    seconds = time.monotonic() - start
    dataset = ShardDataset(args.out)
    if args.sheet is not None:
        contact_sheet(dataset, args.sheet)
    if added:
        print(f"{added} frames in {seconds:.1f} s: {added / seconds:.1f} frames/s with {args.workers} workers")
    print(f"{args.out} holds {len(dataset)} frames" + (f", see {args.sheet}" if args.sheet is not None else ""))
    return DONE
