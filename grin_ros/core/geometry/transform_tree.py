# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The tree of coordinate frames that /tf and /tf_static describe, with the transforms of the last seconds.

It answers what tf2 answers, at one time or between two times through a fixed frame. tf2_ros is not on PyPI and does not
read bags; this tree serves the node and `grin bag` alike, with the same results.
"""

from __future__ import annotations

import bisect
import threading
from dataclasses import dataclass, field

import cv2
import numpy as np

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.input_error import InputError

KEPT_NS = 10_000_000_000
"""Transforms that are older than the newest one of their frame by more than this are forgotten."""
AHEAD_NS = 100_000_000
"""A transform is continued at constant velocity by at most this time. An image is often processed before the
transforms of its stamp have arrived."""
SELDOM_NS = AHEAD_NS // 2
"""Transforms that come at longer periods than this come too rarely, if the newest one is too old to be continued. It
leaves them the other half of the time for their way to the node."""
JITTER = 1.2
"""Periods that are longer by up to this factor still count as kept."""
VELOCITY_NS = 20_000_000
"""The velocity for that is taken over at least this time, because two stamps that nearly coincide amplify noise."""
LAST = 10
"""The period at which transforms come is the median of those between so many last ones."""
JUMP_NS = 1_000_000_000
"""A transform that is older than the newest one by more than this means that time went back, as when a bag starts
again."""
MOST_FRAMES = 2000
"""At most this many frames are kept. Of more, those that have been silent for the longest time are forgotten, because
some trackers give everything that they see a new frame."""
CHECK_NODES = (
    "check that the nodes that publish these frames run: robot_state_publisher for those of the robot, odometry for "
    "odom, and localisation for map; grin doctor says whether /tf is heard"
)
"""The remedy on a robot whose tf does not connect two frames."""


@dataclass
class _Edge:
    """The way from a frame to its parent. stamps_ns is empty for a static transform."""

    parent: str
    stamps_ns: list[int] = field(default_factory=list)
    transforms: list[Transform] = field(default_factory=list)


class TransformTree:
    """Keeps transforms between frames, and finds the one between any two frames. Thread safe."""

    def __init__(self, remedy: str = CHECK_NODES) -> None:
        """remedy: what to do where two frames are not connected, for the error of `lookup`."""
        self._remedy = remedy
        self._lock = threading.Lock()
        self._edges: dict[str, _Edge] = {}
        self._refused: dict[str, InputError] = {}
        self.unfilled: InputError | None = None
        """Why no transforms come at all; None if they may come."""

    def refuse(self, child: str, why: InputError) -> None:
        """Keep why the transform of a frame cannot be used, for the error of `lookup` where there is no other one."""
        with self._lock:
            if len(self._refused) < MOST_FRAMES:
                self._refused[child.lstrip("/")] = why

    def set(self, parent: str, child: str, stamp_ns: int, transform: Transform, *, static: bool = False) -> None:
        """Take a transform of points of `child` to `parent`. static: it holds at all times.

        Raises InputError for a frame without a name or one that would be its own parent, which tf2 ignores too.
        """
        parent, child = parent.lstrip("/"), child.lstrip("/")
        if parent == child or not (parent and child):
            raise InputError(
                f"tf: got a transform from '{child}' to '{parent}', expected two different names",
                "correct the node that publishes it",
            )
        with self._lock:
            edge = self._edges.get(child)
            if edge is None and len(self._edges) >= MOST_FRAMES:
                self._forget_silent()
            if edge is None or edge.parent != parent or static:
                edge = self._edges[child] = _Edge(parent)
            if static:
                edge.transforms = [transform]
                return
            stamps = edge.stamps_ns
            if (stamps and stamp_ns < stamps[-1] - JUMP_NS) or not stamps:
                edge.stamps_ns, edge.transforms = [stamp_ns], [transform]
                return
            at = bisect.bisect_left(stamps, stamp_ns)
            if at < len(stamps) and stamps[at] == stamp_ns:
                edge.transforms[at] = transform
                return
            stamps.insert(at, stamp_ns)
            edge.transforms.insert(at, transform)
            if stamps[0] < stamps[-1] - 2 * KEPT_NS:  # in blocks, because the removal moves the rest
                old = bisect.bisect_left(stamps, stamps[-1] - KEPT_NS)
                del stamps[:old], edge.transforms[:old]

    def knows(self, frame: str) -> bool:
        """Return True if the frame has a parent or children."""
        frame = frame.lstrip("/")
        with self._lock:
            return self._holds(frame)

    def lookup(self, target: str, source: str, stamp_ns: int | None = None, late_ns: int = 0) -> Transform:
        """Return the transform that takes points of `source` to `target` at a time; None for the newest one.

        Between two stamps it is interpolated. late_ns: the first or last transform counts as it is up to this time
        before or after it. Raises InputError if the frames are not connected or if no transform is known near that
        time.
        """
        target, source = target.lstrip("/"), source.lstrip("/")
        with self._lock:
            up = self._chain(source)
            down = self._chain(target)
            common = next((frame for frame in up if frame in down), None)
            if common is None:
                raise self._not_connected(target, source, up, down)
            to_common = self._along(up[: up.index(common)], stamp_ns, late_ns)
            return self._along(down[: down.index(common)], stamp_ns, late_ns).inverse().after(to_common)

    def newest_ns(self, target: str, source: str) -> int | None:
        """Return the stamp after which `lookup` continues the way between two frames; None if it never does."""
        with self._lock:
            way = set(self._chain(source.lstrip("/"))) ^ set(self._chain(target.lstrip("/")))
            edges = [self._edges[frame] for frame in way if frame in self._edges]
            return min((edge.stamps_ns[-1] for edge in edges if edge.stamps_ns), default=None)

    def between(self, target: str, target_ns: int, source: str, source_ns: int, fixed: str) -> Transform:
        """Return the transform of points of `source` at one time to `target` at another, as `fixed` stands still.

        Raises InputError as `lookup` does.
        """
        return self.lookup(fixed, target, target_ns).inverse().after(self.lookup(fixed, source, source_ns))

    def _not_connected(self, target: str, source: str, *chains: list[str]) -> InputError:
        """Return the error of two frames without a common ancestor. chains: both with their ancestors."""
        got = f"tf: no transform from '{source}' to '{target}'"
        for chain in chains:
            if again := self._edges.get(chain[-1]):
                loop = ", ".join(f"'{name}'" for name in chain[chain.index(again.parent) :])
                return InputError(
                    f"{got} (the frames {loop} are parents of one another)", "correct the nodes that publish them"
                )
        missing = [name for name in (target, source) if not self._holds(name)]
        for why in (self.unfilled, *map(self._refused.get, missing)):
            if missing and why is not None:
                return InputError(f"{got} ({why.text})", why.remedy)
        names = " and ".join(f"'{name}'" for name in missing)
        return InputError(
            f"{got} ({f'tf does not hold {names}' if missing else 'they are not connected'})",
            self._remedy,
        )

    def _forget_silent(self) -> None:
        """Forget a tenth of all frames, those whose newest transforms are the oldest. Static frames are kept."""
        newest = {child: edge.stamps_ns[-1] for child, edge in self._edges.items() if edge.stamps_ns}
        for child in sorted(newest, key=newest.__getitem__)[: MOST_FRAMES // 10]:
            del self._edges[child]

    def _holds(self, frame: str) -> bool:
        return frame in self._edges or any(edge.parent == frame for edge in self._edges.values())

    def _chain(self, frame: str) -> list[str]:
        """Return the frame and its ancestors, the root last, or the last one before the first that comes again."""
        chain = [frame]
        while (edge := self._edges.get(chain[-1])) is not None and edge.parent not in chain:
            chain.append(edge.parent)
        return chain

    def _along(self, frames: list[str], stamp_ns: int | None, late_ns: int) -> Transform:
        """Return the transform of the first of the frames to the parent of the last one."""
        found = IDENTITY
        for frame in frames:
            found = _at(self._edges[frame], frame, stamp_ns, late_ns).after(found)
        return found


IDENTITY = Transform(np.eye(3), np.zeros(3))


def _at(edge: _Edge, child: str, stamp_ns: int | None, late_ns: int) -> Transform:
    stamps = edge.stamps_ns
    if stamp_ns is None or not stamps:
        return edge.transforms[-1]
    at = bisect.bisect_left(stamps, stamp_ns)
    if at < len(stamps) and stamps[at] == stamp_ns:
        return edge.transforms[at]
    if 0 < at < len(stamps):
        before, after = at - 1, at
    elif at and stamp_ns - stamps[-1] <= AHEAD_NS:
        after = len(stamps) - 1
        before = max(0, bisect.bisect_right(stamps, stamps[-1] - VELOCITY_NS) - 1)
    elif stamps[0] - late_ns <= stamp_ns <= stamps[-1] + late_ns:
        return edge.transforms[-1 if at else 0]
    else:
        seconds = (stamps[-1] - stamp_ns if at else stamps[0] - stamp_ns) / 1e9
        period_ns = float(np.median(np.diff(stamps[-LAST:]))) if len(stamps) > 1 else 0.0
        rare = at > 0 and period_ns > JITTER * SELDOM_NS and stamp_ns - stamps[-1] < 2 * period_ns
        raise InputError(
            f"tf: the {'newest' if at else 'oldest'} transform from '{child}' to '{edge.parent}' is "
            f"{abs(seconds):.2f} s {'older' if seconds < 0 else 'newer'} than what is asked for"
            f"{f', because one comes only every {period_ns / 1e9:.2f} s' if rare else ''}",
            f"publish it at {1e9 / SELDOM_NS:.0f} Hz or more, because it is continued for at most {AHEAD_NS / 1e9:g} s"
            if rare
            else "check the rate of the node that publishes it, and that all clocks agree",
        )
    if before == after:
        return edge.transforms[after]
    share = (stamp_ns - stamps[before]) / (stamps[after] - stamps[before])
    return interpolated(edge.transforms[before], edge.transforms[after], share)


def interpolated(first: Transform, last: Transform, share: float) -> Transform:
    """Return the transform at a share of the way; a share above 1 continues it. The rotation is about one axis."""
    turn = cv2.Rodrigues(first.rotation.T @ last.rotation)[0]
    rotation = first.rotation @ cv2.Rodrigues(share * turn)[0]
    return Transform(rotation, first.translation_m + share * (last.translation_m - first.translation_m))
