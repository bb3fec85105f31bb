# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pose of the camera at every frame, as tf knows it: answers with hints are carried from frame to frame by it."""

from __future__ import annotations

from grin_ros.core.input_error import InputError
from grin_ros.core.types import Placed
from grin_ros.ros.inputs.hints.placing import check_jump
from grin_ros.ros.inputs.hints.source import View


class CameraPoses:
    """Tells the poses of one camera, and which of them compare with those before."""

    def __init__(self) -> None:
        self._since = 0
        self._before_ns: int | None = None
        self._fixed = ""

    def __call__(self, view: View) -> Placed | None:
        """Return the pose at the frame; None if tf does not know the camera in the fixed frame.

        Poses no longer compare with those before if the camera jumped, if time went back, or if the fixed frame is
        another one.
        """
        fixed, now_ns = view.config.fixed_frame, view.frame.stamp_ns
        if not fixed or not view.tree.knows(fixed):
            return None
        try:
            pose = view.tree.lookup(fixed, view.frame_id, now_ns)
        except InputError:  # the sources say what is missing
            return None
        if self._fixed != fixed or not self._compares(view):
            self._since += 1
        self._fixed, self._before_ns = fixed, now_ns
        return Placed(pose, self._since)

    def forget(self) -> None:
        """Forget the frames before."""
        self._before_ns = None

    def _compares(self, view: View) -> bool:
        if self._before_ns is None or view.frame.stamp_ns <= self._before_ns:
            return False
        try:
            check_jump(view, self._before_ns)
        except InputError:
            return False
        return True
