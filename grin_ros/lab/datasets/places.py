# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Pack measured frames of many real places as shards to train on, beside renders:

    grin pack PLACES --out data/places --kept-back data/places_kept_back --leave-out 'odm_*' brighton_beach

PLACES/index.json is {"format": 1, "places": [{"place", "frames": [{"image", "depth", "K"}], "depth_scale", "metric",
"trust_max_m", "licence", "repository", ...}, ...]}: undistorted images, uint16 depth PNGs of their size with metres
along z = value / depth_scale (0 = unknown), and K of the stored image with integer coordinates at pixel centres. Frames
of places with a scale are of the world `metric_places`, the others of `shape_places`. The scene seed of a frame is the
number of its place in the index, so that training can count every place once (`by_place`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from grin_ros.core.command_line import DONE, CommandParser, existing, new_folder, one_line_errors, whole
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.input_error import InputError
from grin_ros.lab.datasets.recordings import fitted, read
from grin_ros.lab.datasets.shards import ShardWriter, check_free

FORMAT = 1
METRIC, SHAPE = WORLDS = ("metric_places", "shape_places")
WIDTH, HEIGHT = 400, 300  # the size of renders, because all folders of one training have one size


def read_index(folder: Path) -> list[Mapping[str, Any]]:
    """Return the places of a folder's index. Raises ValueError if it cannot be read or has another format."""
    path = folder / "index.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); give the folder that holds the places' index") from error
    if values.get("format") != FORMAT or not values.get("places"):
        raise ValueError(f"{path}: got format {values.get('format')!r}, expected {FORMAT} with at least one place")
    places: list[Mapping[str, Any]] = values["places"]
    return places


def pack_place(folder: Path, number: int, place: Mapping[str, Any], writer: ShardWriter) -> int:
    """Write the frames of a place as one shard and return their number. Raises ValueError if a file does not fit."""
    images, ranges, cameras = [], [], []
    trusted_m = place.get("trust_max_m") or np.inf
    for frame in place["frames"]:
        image, depth_m = read(folder / frame["image"], folder / frame["depth"], float(place["depth_scale"]))
        depth_m = np.where(depth_m <= trusted_m, depth_m, np.float32(np.nan))
        camera = Camera.from_k(np.array(frame["K"]), (), "none", image.shape[1], image.shape[0])
        picture, range_m, camera = fitted(image, depth_m, camera, WIDTH, HEIGHT)
        images.append(picture)
        ranges.append(range_m)
        cameras.append(camera)
    world = WORLDS.index(METRIC if place["metric"] else SHAPE)
    origin = np.array([(number, k, world) for k in range(len(images))], np.int64)
    facts = {key: place.get(key, "") for key in ("place", "licence", "repository")}
    writer.write(f"shard-{number:05d}", np.stack(images), np.stack(ranges), cameras, origin, **facts)
    return len(images)


def pack(folder: Path, out: Path, kept_back: Path | None, every: int, leave_out: Sequence[str]) -> tuple[int, int]:
    """Write all places except those that match a pattern of `leave_out`, and return the numbers of frames.

    kept_back: a folder for every `every`-th place, which is not trained on; None keeps no place back. Raises InputError
    if both are one folder, or if one of them holds a data set already: its places would stay, and be learnt.
    """
    if kept_back is not None and out.resolve() == kept_back.resolve():
        raise InputError(
            f"{out}: got one folder for --out and --kept-back", "give two, or the kept-back places are learnt"
        )
    for path, option in ((out, "--out"), (kept_back, "--kept-back")):
        if path is not None:
            check_free(path, option)
    places = [
        (number, place)
        for number, place in enumerate(read_index(folder))
        if not any(fnmatch(place["place"], pattern) for pattern in leave_out)
    ]
    licence = "that of each place: see the shards"
    counts = [0, 0]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(ShardWriter(path, WIDTH, HEIGHT, licence, (), WORLDS).whole_or_nothing())
            for path in (out, kept_back)
            if path is not None
        ]
        for turn, (number, place) in enumerate(places):
            chosen = int(kept_back is not None and turn % every == every // 2)
            counts[chosen] += pack_place(folder, number, place, writers[chosen])
    return counts[0], counts[1]


@one_line_errors("pack", KeyError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin pack`, and return its exit code."""
    parser = CommandParser(
        "pack",
        "Pack measured frames of many real places as shards to train on.",
        "grin pack PLACES --out data/places --kept-back data/places_kept_back",
        notes=__doc__.partition("\n\n    ")[2].partition("\n\n")[2],
    )
    parser.add_argument("places", type=existing, metavar="PLACES", help="folder with index.json")
    parser.add_argument("--out", type=new_folder, required=True, metavar="DIR", help="new folder for the shards")
    parser.add_argument(
        "--kept-back", type=new_folder, metavar="DIR", help="folder of shards for places that training does not see"
    )
    parser.add_argument("--every", type=whole(1), default=6, metavar="N", help="keep every Nth place back")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="places to leave out; * matches all")
    a = parser.parse_args(argv)
    learnt, kept = pack(a.places, a.out, a.kept_back, a.every, a.leave_out)
    print(f"{a.out} holds {learnt} frames" + (f", {a.kept_back} {kept}" if a.kept_back else ""))
    return DONE
