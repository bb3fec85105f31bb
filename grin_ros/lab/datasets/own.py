# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin dataset`: images with measured depth and a calibration become a data set for `grin evaluate`.

Images and depth maps are paired by their names without suffix, or by their order where no names agree. Depth is metres
along the optical axis, pixel for pixel with its image: 16-bit PNG or TIFF of one channel (metres = value / scale), or
float metres in TIFF or .npy. 0, NaN and inf are not measured.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.command_line import DONE, CommandParser, existing, new_folder, one_line_errors, positive, whole
from grin_ros.core.config import from_mapping
from grin_ros.core.input_error import InputError
from grin_ros.core.opencv_name import opencv_name
from grin_ros.core.photo.cameras import CameraChoice, add_camera_options, camera_choice
from grin_ros.core.photo.pictures import truncated
from grin_ros.lab.datasets.images import paired, read_image
from grin_ros.lab.datasets.measured import FORMAT, EvalDataset, SampleEntry
from grin_ros.lab.datasets.shards import check_free

SCALE = 256.0
"""PNG values per metre for depth that comes as float metres: steps of 4 mm, up to 256 m."""
_MAX_VALUE = 65535


def coded_depth(path: Path, scale: float) -> tuple[NDArray[np.uint16], float]:
    """Return depth as (H, W) uint16, 0 where nothing was measured, and its values per metre.

    scale: those of a 16-bit file, which is kept as it is. Raises InputError.
    """
    try:
        values = (
            np.load(path, allow_pickle=False) if path.suffix.lower() == ".npy" else cv2.imread(opencv_name(path), -1)
        )
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})", "give a .npy file with one array of floats") from error
    if values is None or values.ndim != 2 or not _is_depth(values.dtype):
        got = "a file that cannot be read" if values is None else f"{values.shape} {values.dtype}"
        raise InputError(
            f"{path}: got {got}, expected one channel of 16-bit integers or of float metres",
            "write depth as 16-bit PNG, float TIFF or .npy; 8-bit pictures of depth have lost it",
        )
    if values.dtype == np.uint16:
        return np.asarray(values, np.uint16), scale
    with np.errstate(invalid="ignore"):
        coded = np.round(np.where(np.isfinite(values) & (values > 0), values, 0.0) * SCALE)
    return np.where(coded <= _MAX_VALUE, coded, 0.0).astype(np.uint16), SCALE


def _is_depth(dtype: np.dtype[Any]) -> bool:
    return dtype == np.uint16 or dtype.kind == "f"


def write_dataset(
    pairs: Sequence[tuple[Path, Path]], cameras: CameraChoice, scale: float, out: Path, *, scene: str, domain: str
) -> list[float]:
    """Write images, depth maps and index.json into `out`, and return the median depth of every sample, metres.

    index.json is written last, so an unfinished folder is no data set. Raises ValueError for a file or a name that does
    not fit, if `out` is a data set already, and if files would be written beside those that are read.
    """
    check_free(out, "--out")
    read = {path.parent.resolve() for pair in pairs for path in pair}
    for folder in ("images", "depth"):
        if (out / folder).resolve() in read:
            raise InputError(
                f"{out / folder}: got files of --images or --depth in it, expected a place for new files",
                "give another folder by --out",
            )
    for folder in ("images", "depth"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    samples, medians_m = [], []
    for image, depth in pairs:
        if truncated(image):
            raise InputError(f"{image}: cannot be read as a whole image", "remove it, or convert it to JPEG or PNG")
        pixels = read_image(image)
        coded, values_per_metre = coded_depth(depth, scale)
        height, width = pixels.shape[:2]
        if coded.shape != (height, width):
            raise InputError(
                f"{depth}: got {coded.shape[1]}x{coded.shape[0]} px, expected {width}x{height} px as {image.name}",
                "give depth that is registered to the image, pixel for pixel",
            )
        if not coded.any():
            raise InputError(
                f"{depth}: nothing is measured in it; of 0 and of depth beyond 256 m nothing is kept",
                "remove it and its image, or convert it if its floats are millimetres: they must be metres",
            )
        medians_m.append(float(np.median(coded[coded > 0])) / values_per_metre)
        camera = cameras(width, height).camera
        files = f"images/{image.name}", f"depth/{image.stem}.png"
        sample = {
            "name": image.stem, "scene": scene, "domain": domain, "image": files[0], "depth": files[1],
            "depth_scale": values_per_metre, "K": camera.K.tolist(), "D": list(camera.distortion),
            "distortion_model": camera.distortion_model, "width": width, "height": height,
        }  # fmt: skip
        from_mapping(SampleEntry, sample, str(image))  # refuses what grin evaluate would refuse
        shutil.copyfile(image, out / files[0])
        if not cv2.imwrite(str(out / files[1]), coded):
            raise OSError(f"{out / files[1]}: cannot be written; look whether the disk is full")
        samples.append(sample)
    index = {"format": FORMAT, "samples": samples}
    (out / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return medians_m


@one_line_errors("dataset")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin dataset`, and return its exit code."""
    made = CommandParser(
        "dataset",
        "Make a data set for `grin evaluate` of your own images, measured depth and calibration.",
        "grin dataset --images rgb --depth depth --calibration camera.yaml --out data/mine",
        "grin dataset --images rgb --depth depth --depth-scale 5000 --fov 69 --out data/mine --every 10",
        notes="Depth is metres along the optical axis, pixel for pixel with its image: 16-bit PNG or TIFF\n"
        "(--depth-scale), float TIFF or .npy in metres; 0, NaN and inf are not measured.",
    )
    made.add_argument("--images", type=existing, required=True, metavar="DIR", help="folder of images")
    made.add_argument("--depth", type=existing, required=True, metavar="DIR", help="folder of depth maps")
    made.add_argument("--depth-scale", type=positive, default=1000.0, help="values of a 16-bit file per metre")
    add_camera_options(made, "the images")
    made.add_argument("--every", type=whole(1), default=1, metavar="N", help="use every N-th image")
    made.add_argument("--scene", default="mine", help="name of the place or recording")
    made.add_argument("--domain", default="indoor", help="kind of place, which figures are grouped by")
    made.add_argument("--out", type=new_folder, required=True, metavar="DIR", help="folder of the data set")
    options = made.parse_args(argv)
    cameras = camera_choice(options)
    if cameras is None:
        made.error("got neither --calibration FILE nor --fov DEG, expected one; metres follow from the camera")
    pairs, warning = paired(options.images, options.depth)
    if warning:
        print(f"WARN: {warning}", file=sys.stderr)
    scene, domain = options.scene, options.domain
    medians_m = write_dataset(
        pairs[:: options.every], cameras, options.depth_scale, options.out, scene=scene, domain=domain
    )
    EvalDataset.open(options.out)
    print(
        f"{options.out} holds {len(medians_m)} samples with median depths of {min(medians_m):.2f} to "
        f"{max(medians_m):.2f} m; if all are wrong by one factor, correct --depth-scale. "
        f"Type: grin evaluate {options.out}"
    )
    return DONE
