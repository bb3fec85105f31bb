# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Renders a data set of random rooms: ``python -m grin_ros.data.scenes.generate --out DIR --frames N --seed S``.

Deterministic on one machine: a scene follows from its seed and the assets, its views from the scene's seed. Shards are independent, and an
interrupted run continues after the last complete shard.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from tqdm import tqdm

from grin_ros.data.scenes import assets as assets_module
from grin_ros.data.scenes.assets import Piece
from grin_ros.data.scenes.cameras import View, bare, keep_probability, passes, propose
from grin_ros.data.scenes.layout import furnish
from grin_ros.data.scenes.renderer import Renderer
from grin_ros.data.sparse import ShardDataset, ShardWriter

WIDTH, HEIGHT = 320, 240
LICENCE = "Rendered by grin_ros; furniture CC BY 3.0 and CC0 (sweethome3d-furniture), surface tiles CC0 (ambientCG)"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """One rendered view: image (h, w, 3) uint8 RGB, range_m (h, w) float32, the view, and its scene seed and number."""

    image: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    view: View
    scene_seed: int
    number: int


def develop(light: NDArray[np.float32], rng: Generator) -> NDArray[np.uint8]:
    """Linear light to an 8 bit sRGB image (h, w, 3): auto exposure with an error, a filmic shoulder, vignetting, and the sRGB curve."""
    luminance = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    metered = float(np.exp(np.log(np.maximum(luminance[::4, ::4], 1e-3)).mean()))
    exposure = float(rng.uniform(0.13, 0.34)) / max(0.6 * metered + 0.4 * float(luminance.mean()), 1e-3)
    shoulder = float(rng.uniform(0.0, 0.6))
    fall = 0.35 * float(rng.random()) * float(rng.random() < 0.5)
    v, u = np.mgrid[-1 : 1 : light.shape[0] * 1j, -1 : 1 : light.shape[1] * 1j].astype(np.float32)
    x = light * (exposure * (1 - fall * (u * u + v * v) / 2))[..., None]
    x = np.clip(x * (1 + x * np.float32(shoulder / 9)) / (1 + np.float32(shoulder) * x), 0, 1)
    srgb = _SRGB[(x * 4095 + 0.5).astype(np.int32)]
    mean = float(srgb.mean()) / 255
    wanted = float(np.clip(mean, 0.22, 0.64))
    if wanted != mean:  # keeps every image between too dark and too bright
        srgb = np.clip(srgb.astype(np.float32) * (wanted / max(mean, 1e-3)), 0, 255).astype(np.uint8)
    return np.asarray(srgb, np.uint8)


_linear = np.arange(4096) / 4095
_SRGB = (np.where(_linear < 0.0031308, 12.92 * _linear, 1.055 * _linear ** (1 / 2.4) - 0.055) * 255 + 0.5).astype(
    np.uint8
)


@lru_cache(maxsize=1)
def _assets(folder: str | None) -> tuple[list[Piece], dict[str, list[NDArray[np.uint8]]]]:
    return assets_module.catalogue(), assets_module.surface_tiles(Path(folder) if folder else None)


def scene_frames(
    renderer: Renderer, scene_seed: int, assets: str | None, views: int = 16, tries: int = 120
) -> Iterator[Frame]:
    """Up to ``views`` kept views of the room of a seed."""
    scene = furnish(scene_seed, *_assets(assets))
    renderer.load(scene.meshes, scene.textures, scene.lighting, scene.shadowless)
    rng = np.random.default_rng([scene_seed, 0xCA3])
    occlusion = float(rng.uniform(0.5, 1.2))
    number = 0
    for _ in range(tries):
        view = propose(rng, scene, renderer.width, renderer.height)
        chance = float(rng.random())
        if view is None:
            continue
        range_m = renderer.range_image(view.intrinsics, view.optical_from_world)
        if not passes(range_m) or chance > keep_probability(float(np.median(range_m))):
            continue
        if chance > 0.12 * keep_probability(float(np.median(range_m))) and bare(range_m, view.intrinsics):
            continue  # one in eight of the views on a bare wall or floor stays: real recordings have some
        light = renderer.colour_image(view.intrinsics, view.optical_from_world, occlusion)
        yield Frame(develop(light, rng), range_m, view, scene_seed, number)
        number += 1
        if number == views:
            return


def _shard(
    job: tuple[int, int, int, str | None],
) -> tuple[int, tuple[NDArray[np.uint8], NDArray[np.float16], NDArray[np.float64], NDArray[np.int64]]]:
    """Renders shard ``number``: scenes numbered upwards from seed * 10^9 + number * 10^5 until it has ``count`` frames."""
    number, count, seed, assets = job
    renderer = Renderer(WIDTH, HEIGHT)
    image = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    range_m = np.empty((count, HEIGHT, WIDTH), np.float16)
    camera, origin = np.empty((count, 7)), np.empty((count, 2), np.int64)
    done, scene_seed = 0, seed * 10**9 + number * 10**5
    try:
        while done < count:
            for frame in scene_frames(renderer, scene_seed, assets):
                k, v = frame.view.intrinsics, frame.view
                image[done], range_m[done] = frame.image, frame.range_m
                camera[done] = (k.fx, k.fy, k.cx, k.cy, v.height_m, v.roll_rad, v.pitch_rad)
                origin[done] = (frame.scene_seed, frame.number)
                done += 1
                if done == count:
                    break
            scene_seed += 1
    finally:
        renderer.close()
    return number, (image, range_m, camera, origin)


def generate(
    out_dir: Path, frames: int, seed: int, shard_size: int = 500, workers: int = 2, assets: Path | None = None
) -> int:
    """Renders until the folder holds at least ``frames`` frames; returns how many this call added."""
    found = [str(p) for p in (assets_module.FURNITURE, assets) if p is not None and p.exists()]
    names = [Path(p).name for p in found]
    writer = ShardWriter(out_dir, WIDTH, HEIGHT, LICENCE, names, seed=seed)
    total = -(-frames // shard_size)
    have = set(writer.names)
    jobs = [
        (k, min(shard_size, frames - k * shard_size), seed, str(assets) if assets else None)
        for k in range(total)
        if f"shard-{k:05d}" not in have
    ]
    added = 0
    os.environ.setdefault("LP_NUM_THREADS", "0")  # one software rasteriser thread a worker
    with (
        multiprocessing.get_context("spawn").Pool(min(workers, max(len(jobs), 1))) as pool,
        tqdm(total=frames, initial=writer.count, unit="frame") as bar,
    ):
        for number, (image, range_m, camera, origin) in pool.imap_unordered(_shard, jobs):
            writer.write(
                f"shard-{number:05d}",
                image,
                range_m,
                camera,
                origin,
                seed_first=int(origin[0, 0]),
                seed_last=int(origin[-1, 0]),
            )
            added += len(image)
            bar.update(len(image))
    return added


def contact_sheet(dataset: ShardDataset, path: Path, columns: int = 8, rows: int = 8) -> None:
    """Writes a PNG of images with their coloured ranges (log scale 0.3 to 10 m) below, spread over the data set."""
    count = min(columns * rows, len(dataset))
    cells = []
    for index in np.linspace(0, len(dataset) - 1, count).astype(int):
        sample = dataset.sample(int(index))
        scaled = np.clip(np.log(sample.range_m.astype(np.float32) / 0.3) / np.log(10 / 0.3), 0, 1)
        coloured = cv2.applyColorMap(255 - (scaled * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
        pair = np.concatenate([sample.image[:, :, ::-1], coloured])
        cells.append(
            cv2.resize(pair, (sample.image.shape[1] * 3 // 4, pair.shape[0] * 3 // 4), interpolation=cv2.INTER_AREA)
        )
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    sheet = np.concatenate([np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)])
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m grin_ros.data.scenes.generate", description="Render random rooms with exact range."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--frames", type=int, required=True, help="frames the folder shall hold")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shard-size", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    default = os.environ.get("GRIN_ASSETS")
    parser.add_argument(
        "--assets",
        type=Path,
        default=Path(default) if default else None,
        help="folder with textures_ambientcg/ (GRIN_ASSETS)",
    )
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG) here")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    start = time.monotonic()
    added = generate(args.out, args.frames, args.seed, args.shard_size, args.workers, args.assets)
    seconds = time.monotonic() - start
    if added:
        print(f"{added} frames in {seconds:.1f} s: {added / seconds:.1f} frames/s with {args.workers} workers")
    else:
        print(f"{args.out} already holds {args.frames} frames")
    if args.sheet is not None:
        contact_sheet(ShardDataset(args.out), args.sheet)
        print(f"contact sheet: {args.sheet}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
