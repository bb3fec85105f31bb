# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of labels before they are learnt: where they lie, and whether a model that has not seen them agrees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.rays import depth_to_range
from grin_ros.core.inspection.sparsification import spearman
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame
from grin_ros.core.types import DepthEstimate, Frame

ROWS, COLUMNS = 6, 8
"""The cells of the image over which the coverage is counted."""
FEWEST = 12
"""Frames with fewer labels say nothing about the order of depths."""
FEWEST_FRAMES = 6
"""Labels and model are compared on at least this many frames."""
MIRRORED_LEAD = 0.15
"""Labels are mirrored if the model agrees better with their mirror image by this much of rank correlation."""
AGREES = 0.1
"""A smaller rank correlation with the model means that the labels have nothing to do with the image."""


@dataclass(frozen=True)
class Coverage:
    """share: of the cells of the image that some label falls into. per_frame: median number of labels. ranges_m: the
    5th, 50th and 95th percentile of the labels."""

    share: float
    per_frame: float
    ranges_m: tuple[float, float, float]

    def __str__(self) -> str:
        near, middle, far = self.ranges_m
        return (
            f"labels cover {self.share:.0%} of the image, {self.per_frame:.0f} a frame, from {near:.1f} to {far:.1f} m "
            f"(median {middle:.1f} m)"
        )


@dataclass(frozen=True)
class Agreement:
    """The median rank correlation between labels and the model over frames: as given, and with the labels mirrored left
    to right, upside down, or both. frames: how many were compared. source: of the first label."""

    as_given: float
    mirrored: float
    upside_down: float
    turned: float
    frames: int
    source: str = "scan"

    @property
    def not_compared(self) -> str:
        """The reason why labels and model cannot be compared; empty if they can."""
        if self.frames >= FEWEST_FRAMES:
            return ""
        return (
            f"{self.frames} of the frames that were looked at have {FEWEST} labels or more where the model knows the "
            f"depth, expected at least {FEWEST_FRAMES}; check the pose of the sensor yourself"
        )

    @property
    def problem(self) -> str:
        """The fault of the labels and its remedy; empty if there is none, or if too few frames tell."""
        if self.not_compared:
            return ""
        lidar = (
            "the lidar is probably mounted upside down and its pose does not say so: turn the pose by 180 degrees of "
            f"roll, in the URDF or with -p hints.{self.source}_pose:='x y z 180 0 0'"
        )
        others = {
            "mirrored left to right": (self.mirrored, lidar),
            "turned by 180 degrees in the image": (self.turned, lidar),
            "mirrored up and down": (self.upside_down, "check the pitch of the sensor's pose"),
        }
        name, (best, remedy) = max(others.items(), key=lambda item: item[1][0])
        if best >= self.as_given + MIRRORED_LEAD:
            return (
                f"the model agrees better with the labels {name} (rank correlation {best:.2f}) than as they are "
                f"({self.as_given:.2f}); {remedy}"
            )
        if self.as_given < AGREES:
            return (
                f"labels and model do not agree at all (rank correlation {self.as_given:.2f}); check the pose of the "
                "sensor on the robot and the camera_info"
            )
        return ""


def coverage(frames: LabelFolder, chosen: Sequence[int]) -> Coverage:
    """Return where the labels of the chosen frames lie."""
    cells = np.zeros((ROWS, COLUMNS), np.bool_)
    counts, ranges = [], []
    for index in chosen:
        labelled = frames[index]
        camera, labels = labelled.frame.camera, labelled.labels
        share = (labels.pixels + 0.5) / (camera.width, camera.height)
        u, v = (np.clip(share * (COLUMNS, ROWS), 0, (COLUMNS - 1, ROWS - 1))).astype(np.intp).T
        cells[v, u] = True
        counts.append(len(labels))
        ranges.append(labels.range_m)
    near, middle, far = np.percentile(np.concatenate(ranges), (5, 50, 95)).tolist()
    return Coverage(float(cells.mean()), float(np.median(counts)), (near, middle, far))


def agreement(frames: Sequence[LabelledFrame], estimate: Callable[[Frame], DepthEstimate]) -> Agreement:
    """Return how well a model agrees with the labels and with their mirror images."""
    enough = [labelled for labelled in frames if len(labelled.labels) >= FEWEST]
    compared = [_correlations(labelled, estimate(labelled.frame).depth_m) for labelled in enough]
    found = [one for one in compared if np.isfinite(one[0])]
    medians = np.nanmedian(found, axis=0).tolist() if found else [float("nan")] * 4
    as_given, mirrored, upside_down, turned = medians
    source = enough[0].labels.sources[0] if enough else ""
    return Agreement(as_given, mirrored, upside_down, turned, len(found), source)


def _correlations(labelled: LabelledFrame, depth_m: NDArray[np.float32]) -> list[float]:
    height, width = depth_m.shape
    v, u = labelled.labels.nearest(width, height)
    range_m = depth_to_range(depth_m, labelled.frame.camera.rays())
    places = ((v, u), (v, width - 1 - u), (height - 1 - v, u), (height - 1 - v, width - 1 - u))
    return [_rank_correlation(labelled.labels.range_m, range_m[place]) for place in places]


def _rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return Spearman's correlation of the pairs that are known, NaN if they are too few."""
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < FEWEST:
        return float("nan")
    return spearman(a[known], b[known])
