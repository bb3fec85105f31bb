# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The labels of a frame together with what the other frames of its recording measured.

A level lidar measures one line of each image. As the camera moves, the lines of other moments lie elsewhere in this
image, so that a robot that knows its poses has labels all over it. A point of another frame counts where the frame has
no labels of its own, if no label hides it, if its surroundings look the same in both images (or else something hides it
that nothing has measured, or it has moved), and if both frames agree where they measured the same. The points of motion
are taken along in the same way: what is triangulated well later labels earlier images too.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.sensors.gates import COMPARED_WIDTH, hidden
from grin_ros.core.hints.thinning import COLUMNS
from grin_ros.core.labels.folder import LabelFolder, LabelledFrame
from grin_ros.core.motion.pictures import resized
from grin_ros.core.motion.point_map import COARSE_PX, LEAST_LIKENESS, appearance
from grin_ros.core.types import Hints

logger = logging.getLogger(__name__)

AGE_S, TRAVEL_M = 60.0, 20.0
"""Frames farther away in time or on the robot's way add nothing: odometry drifts and things move."""
DRIFT, POSITION_M = 0.01, 0.002
"""One sigma of the distance between two poses: a share of the way between them, and metres."""
LARGEST_SIGMA_LN = 0.05
"""Labels with a larger sigma of ln(range) are used in their own frame only."""
OF_EACH, MOST = 400, 100_000
"""At most so many points of each frame are taken to others, and at most so many are looked at for one frame."""
MOST_ADDED = 10_000
NEAREST_M = 0.1
AT_ONCE = 30_000
"""OpenCV looks up at most so many pixels at once."""
DISAGREES_LN, COMPARED = 0.1, 12
"""If the ranges of other frames differ by more than the first from those of the frame itself, in the median over at
least the second number of common cells of the image, the poses are wrong and nothing is added to the frame."""


@dataclass(frozen=True)
class _Points:
    """All labels as points (N, 3) of the fixed frame of their recording. place (N,): which of the chosen frames
    measured each. sigma_m (N,). looks (N, L): see `appearance`. labels: the labels themselves."""

    points: NDArray[np.float64]
    place: NDArray[np.intp]
    sigma_m: NDArray[np.float64]
    looks: NDArray[np.float32]
    labels: Hints


class Accumulated:
    """Frames with the labels of others, made when they are read. A frame without a pose keeps its own labels alone."""

    def __init__(self, frames: LabelFolder, chosen: Sequence[int]) -> None:
        """chosen: the frames that give their labels to each other."""
        self._frames, self._chosen = frames, list(chosen)
        names = [frames.recording(index) for index in chosen]
        self._recordings = np.unique(names, return_inverse=True)[1].reshape(-1)
        self._stamps_s = np.array([frames.stamp_ns(index) / 1e9 for index in chosen])
        self._poses = [frames.pose(index) for index in chosen]
        self._travelled_m = _travelled(self._poses)
        self._told = False

    def __getitem__(self, index: int) -> LabelledFrame:
        """Read one of the chosen frames."""
        labelled = self._frames[index]
        place = self._chosen.index(index)
        pose = self._poses[place]
        if pose is None or self._points is None:
            return labelled
        added = self._seen(labelled, pose, place, self._points)
        joined = None if added is None else Hints.joined([labelled.labels, added])
        return labelled if joined is None else replace(labelled, labels=joined)

    def _seen(self, labelled: LabelledFrame, pose: Transform, place: int, known: _Points) -> Hints | None:
        """Return what other frames measured of this view; None if that is nothing."""
        camera, own = labelled.frame.camera, labelled.labels
        age_s = np.abs(self._stamps_s - self._stamps_s[place])
        way_m = np.abs(self._travelled_m - self._travelled_m[place])
        near = (self._recordings == self._recordings[place]) & (age_s <= AGE_S) & (way_m <= TRAVEL_M)
        near[place] = False
        (index,) = np.nonzero(near[known.place])
        index = index[:: max(1, -(-len(index) // MOST))]
        local = pose.inverse()(known.points[index])
        range_m, pixels = np.linalg.norm(local, axis=1), camera.project(local)

        def keep(which: NDArray[np.bool_]) -> None:
            nonlocal index, range_m, pixels
            index, range_m, pixels = index[which], range_m[which], pixels[which]

        keep((local[:, 2] > 0.0) & (range_m > NEAREST_M) & camera.contains(pixels))
        all_m = np.concatenate([range_m, own.range_m])
        keep(~hidden(np.concatenate([pixels, own.pixels]), all_m, camera.width)[: len(index)])
        looks = _looks(labelled, pixels)
        keep(np.einsum("nl,nl->n", looks, known.looks[index]) >= LEAST_LIKENESS)
        same_m = _nearest(own, pixels, COMPARED_WIDTH / camera.width)
        common = np.isfinite(same_m)
        if common.sum() >= COMPARED and not self._agree(labelled, range_m[common] / same_m[common]):
            return None
        keep(~np.isfinite(_nearest(own, pixels, COLUMNS / camera.width)))
        if not len(index):
            return None
        keep(np.arange(len(index)) % -(-len(index) // MOST_ADDED) == 0)
        at = known.place[index]
        sigma_m = np.sqrt(known.sigma_m[index] ** 2 + (DRIFT * way_m[at]) ** 2 + POSITION_M**2)
        return replace(
            known.labels.chosen(index),
            pixels=pixels.astype(np.float32),
            range_m=range_m.astype(np.float32),
            sigma_ln=(sigma_m / range_m).astype(np.float32),
            age_s=age_s[at].astype(np.float32),
        )

    @cached_property
    def _points(self) -> _Points | None:
        parts = []
        for place, (index, pose) in enumerate(zip(self._chosen, self._poses, strict=True)):
            if pose is None:
                continue
            labelled = self._frames[index]
            rays = labelled.frame.camera.unproject(labelled.labels.pixels.astype(np.float64))
            usable = np.isfinite(rays).all(axis=1)
            (fit,) = np.nonzero(usable & (labelled.labels.sigma_ln <= LARGEST_SIGMA_LN))
            fit = fit[:: max(1, -(-len(fit) // OF_EACH))]
            labels, range_m = labelled.labels.chosen(fit), labelled.labels.range_m[fit].astype(np.float64)
            points = pose(rays[fit] * range_m[:, None])
            looks = _looks(labelled, labels.pixels)
            parts.append(_Points(points, np.full(len(fit), place), labels.sigma_ln * range_m, looks, labels))
        joined = Hints.joined([part.labels for part in parts])
        if joined is None:
            return None
        return _Points(
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.place for part in parts]),
            np.concatenate([part.sigma_m for part in parts]),
            np.concatenate([part.looks for part in parts]),
            replace(joined, shared_ln=np.zeros_like(joined.shared_ln)),
        )

    def _agree(self, labelled: LabelledFrame, ratio: NDArray[np.floating]) -> bool:
        differs = float(np.median(np.abs(np.log(ratio))))
        if differs > DISAGREES_LN and not self._told:
            self._told = True
            text = (
                "%s: ranges of other frames differ by %.0f %% from its own where both measured, so that it learns its "
                "own labels alone, as all frames do where this is so; check the odometry and its stamps"
            )
            logger.warning(text, labelled.name, 100.0 * differs)
        return differs <= DISAGREES_LN


def _looks(labelled: LabelledFrame, pixels: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return how the surroundings of pixels (N, 2) look."""
    places = (pixels.astype(np.float64) + 0.5) / labelled.frame.camera.width
    image = resized(np.ascontiguousarray(labelled.frame.image[:, :, 1]), COARSE_PX)
    return np.concatenate([appearance(image, some) for some in np.array_split(places, len(places) // AT_ONCE + 1)])


def _travelled(poses: Sequence[Transform | None]) -> NDArray[np.float64]:
    """Return the way in metres that the camera has gone at each frame."""
    way_m, last = [0.0], None
    for pose in poses:
        step_m = 0.0 if pose is None or last is None else np.linalg.norm(pose.translation_m - last.translation_m)
        way_m.append(way_m[-1] + float(step_m))
        last = last if pose is None else pose
    return np.array(way_m[1:])


def _nearest(own: Hints, pixels: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """Return the smallest of the ranges `own` in the cell of each of `pixels` (N, 2), inf where there is none.

    scale: cells of a pixel.
    """
    (u, v), (own_u, own_v) = (
        np.floor((np.maximum(at, 0.0) + 0.5) * scale).astype(np.intp).T for at in (pixels, own.pixels)
    )
    size = (max(v.max(initial=0), own_v.max(initial=0)) + 1, max(u.max(initial=0), own_u.max(initial=0)) + 1)
    nearest = np.full(size, np.inf, np.float32)
    np.minimum.at(nearest, (own_v, own_u), own.range_m)
    return np.asarray(nearest[v, u])
