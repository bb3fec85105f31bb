# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin depth`: depth of one's own photographs and videos, without ROS and without torch."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from grin_ros.core import remedies
from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import choices
from grin_ros.core.command_line import DONE, INCOMPLETE, CommandParser, one_line_errors, whole
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.input_error import InputError
from grin_ros.core.photo.cameras import (
    ASSUMED_FOV_DEG,
    CameraChoice,
    KnownCamera,
    add_camera_options,
    camera_choice,
)
from grin_ros.core.photo.outputs import open_folder, panel_possible, write_outputs
from grin_ros.core.photo.page import page_possible
from grin_ros.core.photo.pictures import Picture, Source, find_sources, read_pictures
from grin_ros.core.picture_stream import HEAD_BYTES, JPEG, PNG, declared, has_16_bits
from grin_ros.core.plausibility.doubt import WITHHELD
from grin_ros.core.plausibility.picture import picture_doubt
from grin_ros.core.types import DepthEstimate, Frame


class Run:
    """The work on all pictures of one call. faults: how many could not be worked on."""

    def __init__(self, estimator: Estimator, cameras: CameraChoice, options: argparse.Namespace) -> None:
        self.estimator, self.cameras = estimator, cameras
        self.out: Path = options.out
        self.every: int = options.every
        self.max_size_px: int = options.max_size
        self.with_panel = panel_possible()
        self.with_page = options.html and page_possible()
        self.faults = 0
        self._warned = False

    def __call__(self, source: Source) -> None:
        """Work on a photograph or video. One that cannot be used is left out with a message. Raises OSError."""
        try:
            for picture in read_pictures(source, self.every):
                known, frame = prepared(picture, self.cameras, self.max_size_px)
                self.estimate(picture, known, frame)
        except InputError as error:
            self.faults += 1
            print(f"!!  left out: {error}", file=sys.stderr, flush=True)

    def estimate(self, picture: Picture, known: KnownCamera, frame: Frame) -> None:
        """Write the results of a picture, and print a line about it. Raises OSError if they cannot be written."""
        estimate = self.estimator(frame)
        write_outputs(self.out, picture.name, frame, estimate, with_panel=self.with_panel, with_page=self.with_page)
        if known.assumed and not self._warned:
            self._warned = True
            print(
                f"WARN: the field of view of {picture.path.name} is not known, so {ASSUMED_FOV_DEG:g} degrees are "
                "assumed: metres may be wrong by a constant factor. Give --fov DEG or --calibration FILE",
                file=sys.stderr,
                flush=True,
            )
        if found := picture_doubt(picture.image):
            text = found.text.removesuffix(WITHHELD)  # this tells a robot something, and nothing here
            print(f"WARN: {picture.name}: {text}; {found.remedy}", file=sys.stderr, flush=True)
        print(line(picture.name, frame, known.source, estimate, self.out), flush=True)


def prepared(picture: Picture, cameras: CameraChoice, max_size_px: int) -> tuple[KnownCamera, Frame]:
    """Return the picture as a frame, and where its camera is from.

    If its longer side has more than max_size_px pixels (0: no limit), picture and camera are resized. Raises InputError
    that names the picture, also if it is taken for depth.
    """
    height, width = picture.image.shape[:2]
    try:
        if picture.exif is not None and is_depth(picture.path):
            raise InputError(
                "got a grey picture of 16 bits, which is taken for depth, expected a photograph",
                "give the colour picture that belongs to it, or save it with 8 bits if it is a photograph",
            )
        known = cameras(width, height, picture.exif)
        factor = max_size_px / max(width, height)
        if not 0.0 < factor < 1.0:
            return known, Frame(picture.image, known.camera)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        image = np.asarray(cv2.resize(picture.image, size, interpolation=cv2.INTER_AREA), np.uint8)
        return known, Frame(image, known.camera.resized(*size))
    except InputError as error:
        raise InputError(f"{picture.path}: {error.text}", error.remedy) from error
    except ValueError as error:  # too many pixels
        raise InputError(f"{picture.path}: {error}", "or give --max-size") from error


def is_depth(path: Path) -> bool:
    """Return True if a picture file holds 16 bits of one channel, as depth in millimetres does."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(JPEG):  # it has 8 bits, and a large photograph takes long to decode
        return False
    if head.startswith(PNG):
        found = declared(head)
        return found is not None and found.grey and has_16_bits(head)
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return stored is not None and stored.ndim == 2 and stored.dtype == np.uint16


def line(name: str, frame: Frame, camera_source: str, estimate: DepthEstimate, out: Path) -> str:
    """Return the line that is printed about a picture."""
    finite = estimate.depth_m[np.isfinite(estimate.depth_m)]
    median = f"median depth {np.median(finite):.2f} m" if finite.size else "no pixel has a depth"
    camera = frame.camera
    return (
        f"{name}: {camera.width}x{camera.height} px, camera from {camera_source} ({camera.fov_deg()[0]:.0f} degrees "
        f"wide); {median}; {out / name}_*"
    )


def checked(options: argparse.Namespace) -> tuple[list[Source], CameraChoice, Artifact, Settings]:
    """Return what the call names, after everything that can be wrong with it before the work was checked.

    Raises ValueError with what is wrong and what to do.
    """
    sources = find_sources(options.sources)
    cameras = camera_choice(options) or CameraChoice()
    if len(sources) == 1:  # of several files, one that cannot be used must not stop the others
        for picture in islice(read_pictures(sources[0], options.every), 1):
            prepared(picture, cameras, options.max_size)
    settings = Settings(options.steps, options.members)
    if any(options.out.resolve() == path.resolve() for path in options.sources):
        raise InputError(f"{options.out}: is the folder of the pictures", "give another folder by --out")
    open_folder(options.out)
    return sources, cameras, load_artifact(options.model), settings


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin depth`."""
    made = CommandParser(
        "depth",
        "Estimate the depth of your own photographs and videos; neither ROS nor a calibrated camera is needed.",
        "grin depth photo.jpg                        the field of view from EXIF, if the picture has it",
        "grin depth pictures/ --fov 69 --out depth   all pictures of a folder",
        "grin depth drive.mp4 --calibration cam.yaml --every 30",
        notes="For each picture it writes NAME_depth.png (16 bit, millimetres, 0: no depth), NAME_depth.npy and\n"
        "NAME_sigma.npy (float32, metres), NAME_cloud.ply and, if matplotlib and plotly are installed, NAME_panel.png\n"
        "and NAME_points.html: the points to turn round in a browser, about 7 MB for each picture.",
    )
    made.add_argument("sources", nargs="+", type=Path, metavar="PHOTO|FOLDER|VIDEO", help="what to work on")
    made.add_argument("--out", type=Path, default=Path("depth_output"), metavar="DIR", help="folder of the results")
    add_camera_options(made, "the pictures")
    made.add_argument("--every", type=whole(1), default=10, metavar="N", help="of a video, take every N-th frame")
    made.add_argument(
        "--max-size",
        type=whole(0),
        default=1600,
        metavar="PX",
        help="resize pictures with a longer side than this, 0: never; the network sees no more detail in larger ones",
    )
    made.add_argument("--no-html", dest="html", action="store_false", help="write no NAME_points.html")
    made.add_argument("--model", default="nano", help="name of a shipped model, or folder of an artifact")
    made.add_argument("--backend", default="auto", choices=choices(), metavar="NAME", help="what runs the network")
    made.add_argument("--steps", type=int, default=Settings.steps, help="denoising steps")
    made.add_argument("--members", type=int, default=Settings.members, help="ensemble size")
    return made


@one_line_errors("depth", EngineError)
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin depth`. The exit code is INCOMPLETE if some pictures could not be worked on."""
    options = parser().parse_args(argv)
    sources, cameras, artifact, settings = checked(options)
    if caveat := artifact.manifest.sigma_caveat():
        print(f"WARN: {caveat}", file=sys.stderr, flush=True)
    engine = open_engine(options.backend, artifact)
    run = Run(Estimator(engine, settings), cameras, options)
    for source in sources:
        run(source)
    engine.close()
    if not run.with_panel:
        print(f"no panels were drawn: they need matplotlib. Type: {remedies.install('demo')}")
    if options.html and not run.with_page:
        print(f"no pages with points were written: they need plotly. Type: {remedies.install('html')}")
    return INCOMPLETE if run.faults else DONE
