# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Images and poses of a moving camera in, hints out."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.hints.sources import MAPPED, TRACKED
from grin_ros.core.hints.thinning import thinned
from grin_ros.core.motion.checks.contradiction import contradiction, doubt_ln
from grin_ros.core.motion.checks.drift import Change, Drift, Places
from grin_ros.core.motion.checks.floor_check import FloorCheck
from grin_ros.core.motion.checks.lag import LagCheck
from grin_ros.core.motion.checks.trial import Trial
from grin_ros.core.motion.config import LARGEST_SIGMA_LN, MotionConfig
from grin_ros.core.motion.edge_hints import edge_hints
from grin_ros.core.motion.pictures import Picture
from grin_ros.core.motion.point_map import PointMap, Surface, appearance
from grin_ros.core.motion.ranges import Ranges, ranges
from grin_ros.core.motion.tracker import WIDTH_PX, Sighting, Tracker
from grin_ros.core.motion.triangulation import Fit, triangulate
from grin_ros.core.motion.window import Pose, Window
from grin_ros.core.types import DepthEstimate, Hints, Placed

Array = NDArray[np.float64]
Index = NDArray[np.intp]

STILL = "The camera stands still or only turns, so two views do not differ in their place."
NOT_FAR = "The camera has not moved far enough for two views to differ."

LEAST_CORNERS = 12
"""With fewer corners the poses cannot be checked against the image, and there are no hints."""
PLAIN = f"{LEAST_CORNERS} are needed: the place is dark, or a plain surface fills the picture."
LOST = f"{LEAST_CORNERS} are needed: the picture changes too fast or not at all, or only the odometry moves."
"""Why there are fewer."""

LEAST_PARALLAX_DEG = 0.3
"""A view is kept once the corners have moved by this angle against the last kept one, apart from the rotation."""
STILL_M = 0.01
"""With a shorter baseline there is no triangulation."""
REMEMBERED = 50
"""The poses of so many images are kept for estimates that come late."""
MOST_HINTS = 200
"""If there are more hints, the exact ones are given, spread over the image. Fusing more is not worth its time."""
MAP_SIGMA_LN = 0.1
"""Points with a larger sigma are not put into the map."""


@dataclass(frozen=True)
class MotionReport:
    """The state of motion at one image.

    tracks: how many corners are followed. points: how many of them are triangulated well enough to be hints.
    edges: how many edges are hints as well. mapped: how many hints come from the map. map_size: how many points the map
    holds. views: how many earlier views are kept. baseline_m: the largest distance of the camera from one of them.
    reprojection_px: the median residual of the triangulated corners. problem: why motion gives nothing, as a sentence;
    empty if it gives hints.
    """

    tracks: int = 0
    points: int = 0
    edges: int = 0
    mapped: int = 0
    map_size: int = 0
    views: int = 0
    baseline_m: float = 0.0
    reprojection_px: float = math.nan
    problem: str = "No image has come yet."
    idle: bool = False
    """True if nothing is wrong, but the camera has not moved."""
    doubt: str = ""
    """The contradiction to the hints that are given, in words: odometry is late, or the floor denies its scale."""


class Motion:
    """Follows the corners of one camera, and gives the range of those that its motion reveals. Not thread safe.

    Call `track` with every image, and `hints` after it where depth is computed. `report` is the state at the last
    image.
    """

    def __init__(self, config: MotionConfig | None = None) -> None:
        self.config = config or MotionConfig()
        self.report = MotionReport()
        self._tracker = Tracker()
        self._window = Window()
        self._map = PointMap(self.config)
        self._camera: Camera | None = None
        self._mounting: Mounting | None = None
        self._floor = FloorCheck()
        self._lag = LagCheck()
        self._seen: Sighting | None = None  # the last one
        self._rays: Array = np.zeros((0, 3))  # of its corners
        self._pose: Pose | None = None  # of the last image
        self._last: Pose | None = None  # the last one that was known
        self._distance_noise = self.config.distance_noise
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._next_id = 0
        self._drift = Drift()
        self._surface: Surface | None = None
        self._poses: OrderedDict[int, Transform] = OrderedDict()  # by stamp, of the last images
        self._began = ""  # why everything began again, until there are hints or it was told
        self._since = 0  # how often everything began again
        self._trial = Trial()

    def track(
        self, image: NDArray[np.uint8], camera: Camera, stamp_ns: int, pose: Transform | None, why_not: str = ""
    ) -> None:
        """Take the next image.

        image: (H, W, 3) RGB or (H, W) grey, uint8, of the camera's size. pose: takes points of the optical frame to a
        fixed frame; None if it is not known, and then why_not says why.
        """
        self.take(self._tracker.follow(image, stamp_ns), camera, pose, why_not)

    def take(
        self,
        seen: Sighting,
        camera: Camera,
        pose: Transform | None,
        why_not: str = "",
        distance_noise: float = 0.0,
        measured: tuple[int, Transform] | None = None,
    ) -> None:
        """Take the next image as a `Tracker` of the caller has seen it, which may be in another thread.

        pose and why_not: as in `track`. distance_noise: the noise of this pose, if it is known to be larger than that
        of the settings. measured: the newest pose that was not continued, with its stamp, if that is not `pose`.
        """
        self._mounting = camera.mounting
        camera = camera.with_mounting(None)  # a mounting that changes a little changes no ray
        if seen.began or (self._camera is not None and camera != self._camera):
            self._forget()
            self._last, self._lag = None, LagCheck()
            self._began = seen.began or "The calibration of the camera changed, so motion began again."
        self._camera, self._seen = camera, seen
        self._distance_noise = max(self.config.distance_noise, distance_noise)
        self._window.follow(seen.kept, seen.added)
        new = np.arange(self._next_id, self._next_id + seen.added)
        self._ids = np.concatenate([self._ids[seen.kept], new])
        self._next_id += seen.added
        before, self._rays = self._rays[seen.kept], camera.unproject(seen.pixels)
        self._pose = self._located(pose, seen.stamp_ns)
        known_ns, known = measured or (seen.stamp_ns, None if self._pose is None else self._pose.fixed_from_optical)
        self._lag.add(seen.stamp_ns, before, self._rays[: len(before)], known, known_ns)
        self.report = MotionReport(tracks=len(self._ids), views=len(self._window), map_size=len(self._map))
        if self._pose is None:
            why_not = why_not or ("The pose of the camera is not finite." if pose is not None else "")
            self.report = replace(self.report, problem=why_not or "The pose of the camera is not known.")
            return
        self.report = replace(self.report, problem=self._began)
        moved = not len(self._window) or (
            self._window.baselines_m(self._pose)[-1] > STILL_M / 2
            and self._window.parallax_rad(self._pose, self._rays) > math.radians(LEAST_PARALLAX_DEG)
        )
        if moved:
            self._window.add(self._pose, self._rays, seen.view)

    def hints(self) -> Hints | None:
        """Return the hints of the last image; None if there are none, and then `report.problem` says why."""
        if self._pose is None or self._camera is None:
            return None
        parts = []
        problem, tracked = self._triangulated()
        if tracked is not None:
            parts.append(tracked)
            self._began = ""
        mapped = self._mapped(tracked)
        if mapped is not None:
            parts.append(mapped)
        idle = not parts and not self._trial.running and problem in (STILL, NOT_FAR)
        problem = f"{self._began} {problem}".lstrip() if idle else self._began or problem
        self._began = "" if idle else self._began  # told once: a robot that stands gives no hints that would end it
        self.report = replace(
            self.report,
            problem="" if parts else _sentences(self._lag.text, problem),
            idle=idle,
            mapped=len(mapped) if mapped is not None else 0,
            map_size=len(self._map),
            doubt="; ".join(text for text in (self._lag.text, self._floor.text) if text and parts),
        )
        joined = Hints.joined(parts)
        if joined is None:
            return None
        joined = replace(joined, range_m=joined.range_m / np.float32(self.divisor))
        placed = Placed(self._pose.fixed_from_optical, self._since)
        return replace(thinned(joined, self._camera.width, MOST_HINTS), placed=placed)

    def observe(self, estimate: DepthEstimate) -> None:
        """Take the depth of an image that was tracked lately: it hides points of the map that lie behind it."""
        pose = self._poses.get(estimate.stamp_ns)
        if pose is not None and self._camera is not None:
            self._surface = Surface(estimate, self._camera, pose)

    @property
    def divisor(self) -> float:
        """The divisor of the ranges of the hints. If the floor denies the scale of odometry, the hints are given in the
        middle between the two."""
        return math.exp(0.5 * self._floor.error_ln)

    def _triangulated(self) -> tuple[str, Hints | None]:
        """Return why there are no hints of corners that are followed, or the hints."""
        assert self._pose is not None and self._camera is not None
        config = self.config
        baselines = self._window.baselines_m(self._pose)
        baseline_m = float(baselines.max(initial=0.0))
        self.report = replace(self.report, baseline_m=baseline_m)
        if baseline_m < STILL_M:
            return STILL, None
        usable = np.isfinite(self._rays[:, 0])
        if usable.sum() < LEAST_CORNERS:
            return f"The image has {usable.sum()} corners that can be followed, {PLAIN}", None
        focal_px = math.sqrt(self._camera.fx * self._camera.fy) * min(1.0, WIDTH_PX / self._camera.width)
        noise_rad = config.pixel_noise_px / focal_px  # the corners are those of a reduced image
        rotation_rad = math.radians(config.rotation_noise_deg)
        views, pictures = self._window.relative(self._pose, self._distance_noise, rotation_rad)
        views = views._replace(rays=views.rays[:, usable], seen=views.seen[:, usable])
        fit = triangulate(self._rays[usable], views, noise_rad)
        found = ranges(fit, views.seen.sum(axis=0), noise_rad, self._distance_noise, config.max_range_m)
        index = np.flatnonzero(usable)
        problem, change = self._checked(fit, found, index, noise_rad)
        if change is None:
            return problem, None
        return "", self._made(fit, found, index, pictures, change)

    def _checked(self, fit: Fit, found: Ranges, index: Index, noise_rad: float) -> tuple[str, Change | None]:
        """Return why the fit gives no hints, or how ranges changed if it does.

        found: the ranges of the fit. index (N,): its corners among those that are followed. noise_rad: one sigma of a
        ray, in rad.
        """
        assert self._pose is not None and self._seen is not None
        pose, followed, good = self._pose.fixed_from_optical, found.followed, found.good
        if followed.sum() < LEAST_CORNERS:
            return f"{followed.sum()} corners were followed over several views, {LOST}", None
        misfit = contradiction(fit, followed, found.agrees)
        if misfit:
            return self._refused(misfit)
        if self._drift.jumped(self._ids[index], fit.inverse, pose.translation_m):
            return self._refused(
                "The poses jumped: the ranges that they give changed at once. Motion began again. If this repeats, "
                "check the odometry, or take a fixed frame that does not jump, such as odom."
            )
        ids, points = self._ids[index[good]], pose(self._rays[index[good]] * found.range_m[good, None])
        places = Places(self._seen.stamp_ns, pose.translation_m, ids, points, found.poses_ln, doubt_ln(fit))
        change = self._drift.add(places)
        if change.problem:
            return self._refused(change.problem, self._drift)
        pixel_px = float(np.median(fit.residual[followed])) / noise_rad * self.config.pixel_noise_px
        self.report = replace(self.report, points=int(good.sum()), reprojection_px=pixel_px)
        if not good.any():
            return NOT_FAR, None
        return ("", change) if self._trial.fits(pose.translation_m) else (self._began, None)

    def _made(self, fit: Fit, found: Ranges, index: Index, pictures: Sequence[Picture], change: Change) -> Hints:
        """Return the hints of good corners and of edges; the map and the check by the floor take the exact corners.

        found, index: as `_checked` has them. pictures: those of the fitted views.
        """
        assert self._seen is not None and self._camera is not None
        moving = self._seen.pixels[index[found.followed & ~found.agrees]]
        index, range_m, sigma_ln = index[found.good], found.range_m[found.good], found.sigma_ln[found.good]
        exact = sigma_ln <= MAP_SIGMA_LN
        self._remember(index[exact], range_m[exact], sigma_ln[exact])
        if self._mounting is not None:
            self._floor.add(self._rays[index[exact]], range_m[exact], self._mounting)
        pixels, shared_ln = self._seen.pixels[index], math.hypot(found.poses_ln, self._distance_noise)
        made = [Hints.measured(pixels, range_m, sigma_ln, TRACKED, shared_ln=shared_ln)]
        edges = edge_hints(
            self._seen.view, pictures, fit, self._camera, pixels, moving, self.config, self._distance_noise,
            int(exact.sum()),
        )  # fmt: skip
        if edges is not None:
            made.append(edges)
            self.report = replace(self.report, edges=len(edges))
        joined = Hints.joined(made)
        assert joined is not None
        # A contradiction to poses or earlier ranges makes all as uncertain as it is large, and one to the floor half.
        more_ln = np.float32(math.hypot(math.log(self.divisor), doubt_ln(fit), change.doubt_ln))
        return replace(
            joined, sigma_ln=np.hypot(joined.sigma_ln, more_ln), shared_ln=np.hypot(joined.shared_ln, more_ln)
        )

    def _refused(self, why: str, drift: Drift | None = None) -> tuple[str, None]:
        """Begin again, and put the poses on trial. drift: what is known of earlier ranges, if it holds still."""
        self._forget()
        self._began, self._drift = why, drift or Drift()
        self._trial.refused()
        return why, None

    def _remember(self, index: Index, range_m: Array, sigma_ln: Array) -> None:
        """Put triangulated corners into the map."""
        assert self._pose is not None and self._seen is not None
        points = self._pose.fixed_from_optical(self._rays[index] * range_m[:, None])
        seen = self._seen
        looks = appearance(seen.picture, (seen.pixels[index] + 0.5) / seen.width)
        self._map.put(self._ids[index], points, sigma_ln * range_m, looks, seen.stamp_ns, self._pose.travelled_m)

    def _mapped(self, tracked: Hints | None) -> Hints | None:
        """Return the hints of the map where no corner that is followed gives one."""
        assert self._pose is not None and self._camera is not None and self._seen is not None
        known = tracked or Hints.measured([], [], [])
        pixels, range_m = known.pixels.astype(np.float64), known.range_m.astype(np.float64)
        seen = self._map.seen(
            self._camera, self._pose.fixed_from_optical, self._seen.stamp_ns, self._pose.travelled_m, pixels, range_m,
            self._ids, self._surface, self._seen.picture,
        )  # fmt: skip
        chosen = seen.sigma_ln <= LARGEST_SIGMA_LN
        if not chosen.any():
            return None
        made = Hints.measured(seen.pixels[chosen], seen.range_m[chosen], seen.sigma_ln[chosen], MAPPED)
        return replace(made, age_s=seen.age_s[chosen].astype(np.float32))

    def _forget(self) -> None:
        self._since += 1
        self._window.clear()
        self._floor = FloorCheck()
        self._map.clear()
        self._drift = Drift()
        self._surface = None
        self._poses.clear()

    def _located(self, pose: Transform | None, stamp_ns: int) -> Pose | None:
        if pose is None or not (np.isfinite(pose.rotation).all() and np.isfinite(pose.translation_m).all()):
            return None
        step_m = 0.0
        if self._last is not None:
            step_m = float(np.linalg.norm(pose.translation_m - self._last.fixed_from_optical.translation_m))
        self._poses[stamp_ns] = pose
        if len(self._poses) > REMEMBERED:
            self._poses.popitem(last=False)
        self._last = Pose(pose, (self._last.travelled_m if self._last else 0.0) + step_m)
        return self._last


def _sentences(doubt: str, problem: str) -> str:
    """Return a problem after a doubt that may explain it."""
    return f"{doubt[0].upper()}{doubt[1:]}. {problem}" if doubt and problem else problem
