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
from grin_ros.lab.datasets.images import read_depth, read_image
from grin_ros.lab.datasets.recordings import fitted, tell_doubts, tell_unmeasured
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


def pack_place(folder: Path, number: int, place: Mapping[str, Any], writer: ShardWriter) -> tuple[int, list[Path]]:
    """Write the frames of a place as one shard, and return their number and the images without any trusted depth.

    The latter are left out. Raises ValueError if a file or the scale of depth does not fit.
    """
    images, ranges, cameras, origin, unmeasured = [], [], [], [], []
    trusted_m, scale = place.get("trust_max_m") or np.inf, float(place["depth_scale"])
    if not 0.0 < scale < np.inf:
        raise InputError(
            f"place '{place['place']}': got depth_scale {scale}, expected values per metre, above 0",
            "correct it in the index of the places",
        )
    world = WORLDS.index(METRIC if place["metric"] else SHAPE)
    for k, frame in enumerate(place["frames"]):
        image = read_image(folder / frame["image"])
        camera = Camera.from_k(np.array(frame["K"]), (), "none", image.shape[1], image.shape[0])
        depth_m = read_depth(folder / frame["depth"], scale, camera.width, camera.height)
        depth_m = np.where(depth_m <= trusted_m, depth_m, np.float32(np.nan))
        if k == 0:
            tell_doubts(camera, f"place '{place['place']}'")
        picture, range_m, camera = fitted(image, depth_m, camera, WIDTH, HEIGHT)
        if not np.isfinite(range_m).any():
            unmeasured.append(folder / frame["image"])
            continue
        images.append(picture)
        ranges.append(range_m)
        cameras.append(camera)
        origin.append((number, k, world))
    if images:
        facts = {key: place.get(key, "") for key in ("place", "licence", "repository")}
        places = np.array(origin, np.int64)
        writer.write(f"shard-{number:05d}", np.stack(images), np.stack(ranges), cameras, places, **facts)
    return len(images), unmeasured


def pack(folder: Path, out: Path, kept_back: Path | None, every: int, leave_out: Sequence[str]) -> tuple[int, int]:
    """Write all places except those that match a pattern of `leave_out`, and return the numbers of frames.

    Frames without any trusted depth are left out and named. kept_back: a folder for every `every`-th place, which is
    not trained on; None keeps no place back. Raises InputError if both are one folder, if one of them holds a data set
    already, whose places would stay and be learnt, and if nothing is left to pack.
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
    if not places:
        raise InputError(f"{folder}: got no place that is not left out", "give --leave-out fewer names")
    licence = "that of each place: see the shards"
    counts, unmeasured = [0, 0], []
    with ExitStack() as stack:
        writers = [
            stack.enter_context(ShardWriter(path, WIDTH, HEIGHT, licence, (), WORLDS).whole_or_nothing())
            for path in (out, kept_back)
            if path is not None
        ]
        for turn, (number, place) in enumerate(places):
            chosen = int(kept_back is not None and turn % every == every // 2)
            count, without = pack_place(folder, number, place, writers[chosen])
            counts[chosen] += count
            unmeasured += without
        tell_unmeasured(sum(counts), unmeasured)
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
