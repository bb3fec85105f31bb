# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The files that `grin depth` writes for a picture."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from grin_ros.core.geometry.rays import millimetres
from grin_ros.core.input_error import InputError
from grin_ros.core.inspection.panel import panel
from grin_ros.core.inspection.ply import write_ply
from grin_ros.core.photo.page import chosen_points, write_page
from grin_ros.core.types import DepthEstimate, Frame

MAX_POINTS = 2_000_000
"""The largest number of pixels that become points of a cloud. Of a larger picture, every k-th in both directions do."""


def panel_possible() -> bool:
    """Return True if matplotlib, which draws the panel, is installed."""
    return find_spec("matplotlib") is not None


def open_folder(path: Path) -> None:
    """Make the folder of the results. Raises InputError if nothing can be written there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror})", "give another folder by --out") from error


def write_outputs(
    folder: Path, name: str, frame: Frame, estimate: DepthEstimate, *, with_panel: bool, with_page: bool
) -> None:
    """Write NAME_depth.png, NAME_depth.npy, NAME_sigma.npy and NAME_cloud.ply.

    with_panel, with_page: NAME_panel.png and NAME_points.html too. Raises OSError.
    """
    base = str(folder / name)
    coded = np.ascontiguousarray(millimetres(estimate.depth_m))
    if not cv2.imwrite(f"{base}_depth.png", coded):
        raise OSError(f"{base}_depth.png: cannot be written; look whether the disk is full")
    np.save(f"{base}_depth.npy", estimate.depth_m)
    np.save(f"{base}_sigma.npy", estimate.sigma_m)
    write_cloud(Path(f"{base}_cloud.ply"), frame, estimate)
    if with_page:
        write_page(Path(f"{base}_points.html"), frame, estimate, name)
    if with_panel:
        panel(frame.image, estimate.depth_m, estimate.sigma_m, None, f"{base}_panel.png", title=name)


def write_cloud(path: Path, frame: Frame, estimate: DepthEstimate) -> None:
    """Write the pixels that have a finite depth as coloured points, at most MAX_POINTS. Raises OSError."""
    write_ply(path, *chosen_points(frame, estimate, MAX_POINTS))
