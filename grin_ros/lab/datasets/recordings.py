# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
r"""Pack a recorded RGB-D sequence as shards, so that it can be trained on together with renders:

    grin pack-recording --images rgb --depth depth --depth-scale 1000 --k K.txt \
        --licence MIT --out DIR

Images and depth maps (uint16 PNG or TIFF, metres along z = value / depth-scale, 0 = not measured) are paired by their
names without suffix, or by their order where no names agree, and must match pixel by pixel. Every frame is cropped
around its middle to the aspect of the shards and resized; K follows. The mounting of the camera is unknown.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.command_line import DONE, CommandParser, existing, new_folder, one_line_errors, positive, whole
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.input_error import InputError
from grin_ros.core.plausibility.camera import intrinsics_doubts
from grin_ros.lab.datasets.images import paired, read_depth, read_image
from grin_ros.lab.datasets.renders import PHOTOGRAPHS
from grin_ros.lab.datasets.shards import ShardWriter, check_free

SHARD_SIZE = 250
KINDS = (".png", ".tif", ".tiff")
"""The suffixes of files that can hold 16-bit depth."""
SPARSE = 0.08
"""With a smaller share of measured pixels, depth is sparse."""
NAMED = 3
"""The number of frames that a message names. A recording may have hundreds of the same kind."""


def read_k(path: Path) -> NDArray[np.float64]:
    """Return K (3, 3) of a text file with its 9 numbers, row by row. Raises InputError that names the file."""
    how = "write the 9 numbers of K row by row, with spaces between them"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})", "give a text file with the 9 numbers") from error
    text = " ".join(line.partition("#")[0] for line in lines)
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        raise InputError(f"{path}: got '{text[:60]}', expected numbers", how) from None
    if len(numbers) != 9:
        raise InputError(f"{path}: got {len(numbers)} numbers, expected the 9 of K", how)
    k = np.array(numbers).reshape(3, 3)
    try:
        Camera.from_k(k, (), "none", 1, 1)
    except InputError as error:
        raise InputError(f"{path}: {error.text}", error.remedy) from error
    return k


def tell_doubts(camera: Camera, where: str) -> None:
    """Print what is implausible about the intrinsics of the camera of an image. where: what told them."""
    for doubt in intrinsics_doubts(camera.width, camera.height, camera.K.ravel().tolist(), fisheye=False):
        text = doubt.text.removeprefix("camera_info: ")
        print(f"WARN: {where}: {text}; give K in pixels of the images as they are stored", file=sys.stderr)


def fitted(
    image: NDArray[np.uint8], depth_m: NDArray[np.float32], camera: Camera, width: int, height: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Camera]:
    """Crop an image around its middle to the aspect of width x height, resize it, and return image, range and camera.

    image (H, W, 3), depth_m (H, W) along z, NaN where it is unknown. The range (height, width) is along the ray, from
    `resized_depth`.
    """
    share = min(camera.width / width, camera.height / height)
    w, h = round(width * share), round(height * share)
    x, y = (camera.width - w) // 2, (camera.height - h) // 2
    window = (slice(y, y + h), slice(x, x + w))
    small = camera.cropped(x, y, w, h).resized(width, height)
    image, z_m = np.ascontiguousarray(image[window]), depth_m[window]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if share > 1 else cv2.INTER_CUBIC)
    out_m = resized_depth(z_m, width, height)
    return np.asarray(resized, np.uint8), (out_m / small.rays()[..., 2]).astype(np.float32), small


def resized_depth(depth_m: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Return depth or ranges (H, W), NaN where they are unknown, at another size.

    A value is that of the nearest pixel and never a mean. No point of sparse depth is lost: it goes to the pixel that
    it falls into, or the nearest point does if there are several.
    """
    known, (h, w) = np.isfinite(depth_m), depth_m.shape
    if known.mean() >= SPARSE:
        return np.asarray(cv2.resize(depth_m, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), np.float32)
    v, u = np.nonzero(known)
    found = np.full(width * height, np.inf, np.float32)
    np.minimum.at(found, (v * height // h) * width + u * width // w, depth_m[known])
    return np.where(np.isfinite(found), found, np.float32(np.nan)).reshape(height, width)


def tell_unmeasured(count: int, unmeasured: Sequence[Path]) -> None:
    """Print which images were left out because they have no measured depth: training would stop at such a frame.

    count: the number of frames that were packed. Raises InputError if it is 0.
    """
    more = len(unmeasured) - NAMED
    names = ", ".join(path.name for path in unmeasured[:NAMED]) + (f" and {more} more" if more > 0 else "")
    if not count:
        raise InputError(
            f"got no measured depth in {len(unmeasured)} frames ({names})",
            "give frames with depth above 0 that is trusted, or correct the scale of depth",
        )
    if unmeasured:
        print(
            f"WARN: {len(unmeasured)} frames are left out, because they have no measured depth: {names}",
            file=sys.stderr,
        )


def pack(
    pairs: Sequence[tuple[Path, Path]],
    depth_scale: float,
    k: NDArray[np.float64],
    distortion: Sequence[float],
    writer: ShardWriter,
    width: int,
    height: int,
) -> tuple[int, list[Path]]:
    """Write a frame for each (image, depth map), and return their number and the images that have no measured depth.

    The latter are left out. Raises ValueError if a file does not fit.
    """
    model = "plumb_bob" if len(distortion) else "none"
    count, unmeasured = 0, []
    for first in range(0, len(pairs), SHARD_SIZE):
        frames, origin = [], []
        for number, (image, depth) in enumerate(pairs[first : first + SHARD_SIZE], first):
            pixels = read_image(image)
            camera = Camera.from_k(k, distortion, model, pixels.shape[1], pixels.shape[0])
            depth_m = read_depth(depth, depth_scale, camera.width, camera.height)
            frame = fitted(pixels, depth_m, camera, width, height)
            if np.isfinite(frame[1]).any():
                frames.append(frame)
                origin.append((0, number, 0))
            else:
                unmeasured.append(image)
        if frames:
            pictures, ranges, cameras = zip(*frames, strict=True)
            name = f"shard-{first // SHARD_SIZE:05d}"
            writer.write(name, np.stack(pictures), np.stack(ranges), cameras, np.array(origin, np.int64))
        count += len(frames)
    return count, unmeasured


@one_line_errors("pack-recording")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin pack-recording`, and return its exit code."""
    parser = CommandParser(
        "pack-recording",
        "Pack a recording of images with measured depth as shards to train on.",
        "grin pack-recording --images rgb --depth depth --k K.txt --licence MIT --out data/lounge",
    )
    parser.add_argument("--images", type=existing, required=True, metavar="DIR", help="folder of images")
    parser.add_argument("--depth", type=existing, required=True, metavar="DIR", help="folder of depth maps")
    parser.add_argument("--depth-scale", type=positive, default=1000.0, help="values of a depth map per metre")
    parser.add_argument("--k", type=existing, required=True, help="text file with the 9 numbers of K")
    parser.add_argument("--distortion", type=float, nargs="*", default=[], help="plumb_bob coefficients")
    parser.add_argument("--every", type=whole(1), default=1, metavar="N", help="use every Nth frame")
    parser.add_argument(
        "--size", type=whole(1), nargs=2, default=(400, 300), metavar=("W", "H"), help="image size of the shards"
    )
    parser.add_argument(
        "--world",
        choices=PHOTOGRAPHS,
        default="recording",
        help="kind of the frames; depth of places and shape_places has no metric scale",
    )
    parser.add_argument("--licence", required=True, help="licence of the recording, which the index names")
    parser.add_argument("--out", type=new_folder, required=True, metavar="DIR", help="new folder for the shards")
    a = parser.parse_args(argv)
    check_free(a.out, "--out")
    pairs, warning = paired(a.images, a.depth, KINDS)
    if warning:
        print(f"WARN: {warning}", file=sys.stderr)
    k = read_k(a.k)
    first = read_image(pairs[0][0])
    tell_doubts(Camera.from_k(k, (), "none", first.shape[1], first.shape[0]), str(a.k))
    with ShardWriter(a.out, a.size[0], a.size[1], a.licence, (), (a.world,)).whole_or_nothing() as writer:
        count, unmeasured = pack(pairs[:: a.every], a.depth_scale, k, a.distortion, writer, a.size[0], a.size[1])
        tell_unmeasured(count, unmeasured)
    print(f"{a.out} holds {count} frames")
    return DONE
