# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The types that flow through the estimator: a camera frame, measured hints and a depth estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.transform import Transform

LEAVE_OUT = "leave out pixels without a measurement"
MAX_PIXELS = 64_000_000
"""The largest number of pixels. A larger image is refused before memory is allocated for it."""


@dataclass(frozen=True)
class Frame:
    """An image with the camera that took it. If the two do not fit, it is refused here.

    image: (H, W, 3) uint8 RGB. camera: of the size of the image. stamp_ns: time of exposure, nanoseconds.
    Raises ValueError with what was got, what was expected and what to do.
    """

    image: NDArray[np.uint8]
    camera: Camera
    stamp_ns: int = 0

    def __post_init__(self) -> None:
        image = self.image
        camera: Any = self.camera
        if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            got = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f"image: got {got}, expected (H, W, 3) uint8 RGB; convert it to 'rgb8' first")
        height, width = image.shape[:2]
        if not 0 < height * width <= MAX_PIXELS:
            raise ValueError(f"image: got {width}x{height}, expected 1 to {MAX_PIXELS} pixels; check the camera driver")
        if not isinstance(camera, Camera):
            got = type(camera).__name__
            raise ValueError(f"camera: got {got}, expected Camera; make one with Camera(width, height, fx, fy, cx, cy)")
        if (width, height) != (camera.width, camera.height):
            raise ValueError(
                f"camera: calibrated for {camera.width}x{camera.height}, but the image is {width}x{height}; "
                "use the calibration of this resolution, or say how it was cropped or binned (CameraInfo roi, binning)"
            )


@dataclass(frozen=True)
class HintReport:
    """The use that was made of one frame's hints.

    used: how many were left in the image after thinning, without those of the floor.
    outliers: how many disagreed with the rest. correction_ln: the median of ln(measured) - ln(network) of the others.
    by_source: how many were used of each sensor, and of the floor. refused: sensor -> why none of its hints was
    believed. alone_ln: (rows, cols) ln(range in metres) of the query grid that the camera alone gave. left_out_ln: the
    median distance, in ln(range), of a hint from what all others say of its pixel. apart_ln: the same from the
    network's range times one factor.
    """

    used: int
    outliers: int
    correction_ln: float
    by_source: Mapping[str, int]
    refused: Mapping[str, str] = field(default_factory=dict)
    alone_ln: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    left_out_ln: float = 0.0
    apart_ln: float = 0.0


class Unlimited(NamedTuple):
    """Depth and sigma (H, W) float32, in metres, of an estimate that does not end at max_depth_m. They tell what is
    surely farther than some range from what may be nearer."""

    depth_m: NDArray[np.float32]
    sigma_m: NDArray[np.float32]


@dataclass(frozen=True)
class DepthEstimate:
    """Metric depth with its uncertainty, pixel for pixel with the frame it came from.

    depth_m: (H, W) float32, metres along the camera's z axis (REP 118); NaN = invalid, +inf = beyond range (REP 117).
    sigma_m: (H, W) float32, one standard deviation in metres; NaN wherever depth_m is not finite.
    stamp_ns: that of the frame. timings_ms: milliseconds by stage. hints: None without hints, or if none of them
    lies in the image. floor_ln: ln(factor) by which the network's ranges were too long by the floor that they show;
    None if they were not compared with it. unlimited: depth and sigma before max_depth_m was applied, if
    something was beyond it; None else.
    """

    depth_m: NDArray[np.float32]
    sigma_m: NDArray[np.float32]
    stamp_ns: int = 0
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    hints: HintReport | None = None
    floor_ln: float | None = None
    unlimited: Unlimited | None = None


@dataclass(frozen=True)
class Placed:
    """The pose of the camera at a frame. fixed_from_optical: takes points of the optical frame to a frame in which the
    world stands still. since: a number that changes when poses no longer compare with those before."""

    fixed_from_optical: Transform
    since: int = 0


@dataclass(frozen=True)
class Unreached:
    """Pixels at which a sensor met nothing up to its reach.

    pixels: (K, 2) float, as in `Hints`. reach_m: (K,) float, metres along the ray of the pixel, finite and above 0.
    Raises ValueError with what was got and what was expected.
    """

    pixels: NDArray[np.float32]
    reach_m: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("pixels", "reach_m"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))
        shapes = self.pixels.shape, self.reach_m.shape
        if len(shapes[1]) != 1 or shapes[0] != (*shapes[1], 2):
            raise ValueError(
                f"unreached: got pixels of shape {shapes[0]} and reach_m of shape {shapes[1]}, expected (K, 2) and (K,)"
            )
        _check("unreached: pixels", self.pixels, np.logical_and(*np.isfinite(self.pixels).T), "finite ones", LEAVE_OUT)
        reached = np.isfinite(self.reach_m) & (self.reach_m > 0.0)
        _check("unreached: reach_m", self.reach_m, reached, "finite metres above 0", LEAVE_OUT)

    @classmethod
    def joined(cls, parts: Sequence[Unreached]) -> Unreached | None:
        """Return the pixels of several sensors as one; None for no parts."""
        if not parts:
            return None
        return cls(np.concatenate([part.pixels for part in parts]), np.concatenate([part.reach_m for part in parts]))


@dataclass(frozen=True)
class Hints:
    """Measured ranges of single pixels of a frame, from whatever sensors the robot has.

    pixels: (N, 2) float, u to the right and v down; integer coordinates are pixel centres. range_m: (N,) metres along
    the ray of the pixel. sigma_ln: (N,) one standard deviation of ln(range), above 0. age_s: (N,) seconds between the
    measurement and the image, 0 or more; it changes no weight, so an old hint needs a larger sigma_ln. source: (N,) the
    index of the hint's sensor in `sources`, their names. shared_ln: (N,) the part of sigma_ln, 0 or more, by which all
    hints of a source are too long or too short together. placed: the pose of the camera, if the source of the hints
    knows it; answers are then carried from frame to frame. unreached: where sensors met nothing; None if that is not
    known. Raises ValueError with what was got and what was expected.
    """

    pixels: NDArray[np.float32]
    range_m: NDArray[np.float32]
    sigma_ln: NDArray[np.float32]
    age_s: NDArray[np.float32]
    source: NDArray[np.intp]
    sources: tuple[str, ...]
    shared_ln: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """Empty stands for zeros."""
    placed: Placed | None = None
    unreached: Unreached | None = None

    def __post_init__(self) -> None:
        count = len(self.range_m)
        if self.pixels.shape != (count, 2):
            raise ValueError(f"hints: got pixels of shape {self.pixels.shape}, expected ({count}, 2) as range_m says")
        if not len(self.shared_ln):
            object.__setattr__(self, "shared_ln", np.zeros(count, np.float32))
        for name in ("range_m", "sigma_ln", "age_s", "source", "shared_ln"):
            values = getattr(self, name)
            if values.shape != (count,):
                raise ValueError(f"hints: got {name} of shape {values.shape}, expected ({count},)")
        _check("hints: pixels", self.pixels, np.logical_and(*np.isfinite(self.pixels).T), "finite ones", LEAVE_OUT)
        for name, remedy in (("range_m", LEAVE_OUT), ("sigma_ln", "give the one of the sensor")):
            values = getattr(self, name)
            _check(f"hints: {name}", values, np.isfinite(values) & (values > 0.0), "finite numbers above 0", remedy)
        for name in ("age_s", "shared_ln"):
            values = getattr(self, name)
            right = np.isfinite(values) & (values >= 0.0)
            _check(f"hints: {name}", values, right, "finite numbers of 0 or more", "give 0 if it is not known")
        known = (self.source >= 0) & (self.source < len(self.sources))
        _check("hints: source", self.source, known, f"indices of the {len(self.sources)} sources", "name all sources")

    def __len__(self) -> int:
        return len(self.range_m)

    @classmethod
    def measured(
        cls,
        pixels: ArrayLike,
        range_m: ArrayLike,
        sigma_ln: ArrayLike = 0.01,
        source: str = "sensor",
        age_s: float = 0.0,
        shared_ln: ArrayLike = 0.0,
    ) -> Hints:
        """Return the hints of one sensor.

        pixels: (N, 2), or the two coordinates of a single hint. sigma_ln, shared_ln: (N,), or one number for all of
        them; the shared part is at most the whole.
        """
        ranges = np.asarray(range_m, np.float32).reshape(-1)
        at = np.asarray(pixels, np.float32)
        made = cls(
            at.reshape(-1, 2) if at.ndim == 1 and at.size in (0, 2) else at,
            ranges,
            _for_each(sigma_ln, ranges.shape),
            np.full(ranges.shape, age_s, np.float32),
            np.zeros(ranges.shape, np.intp),
            (source,),
            _for_each(shared_ln, ranges.shape),
        )
        return replace(made, shared_ln=np.minimum(made.shared_ln, made.sigma_ln)) if made.shared_ln.any() else made

    def nearest(self, width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return row (N,) and column (N,) of the nearest pixels of an image."""
        u, v = np.clip(np.rint(self.pixels).astype(np.intp), 0, (width - 1, height - 1)).T
        return v, u

    def of(self, *names: str) -> NDArray[np.bool_]:
        """Return which hints (M,) are of sources with these names."""
        return np.array([name in names for name in self.sources], np.bool_)[self.source]

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Hints:
        """Return the hints that a mask or indices choose."""
        return replace(
            self,
            pixels=self.pixels[which],
            range_m=self.range_m[which],
            sigma_ln=self.sigma_ln[which],
            age_s=self.age_s[which],
            source=self.source[which],
            shared_ln=self.shared_ln[which],
        )

    @classmethod
    def joined(cls, parts: Sequence[Hints]) -> Hints | None:
        """Return the hints of several sensors as one; None for no parts."""
        if not parts:
            return None
        names = tuple(dict.fromkeys(name for part in parts for name in part.sources))
        return cls(
            pixels=np.concatenate([part.pixels for part in parts]),
            range_m=np.concatenate([part.range_m for part in parts]),
            sigma_ln=np.concatenate([part.sigma_ln for part in parts]),
            age_s=np.concatenate([part.age_s for part in parts]),
            source=np.concatenate([np.array([names.index(n) for n in p.sources], np.intp)[p.source] for p in parts]),
            sources=names,
            shared_ln=np.concatenate([part.shared_ln for part in parts]),
            placed=next((part.placed for part in parts if part.placed is not None), None),
            unreached=Unreached.joined([part.unreached for part in parts if part.unreached is not None]),
        )


def _check(name: str, values: NDArray[Any], right: NDArray[np.bool_], expected: str, remedy: str) -> None:
    """Raise ValueError with the first of the values (N,) or (N, 2) that is not right (N,)."""
    if not right.all():
        index = int(np.argmin(right))
        raise ValueError(f"{name}: got {values[index]} at index {index}, expected {expected}; {remedy}")


def _for_each(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an array as it is, and a number as an array of this shape."""
    given = np.asarray(values, np.float32)
    return np.full(shape, given) if given.ndim == 0 else given
