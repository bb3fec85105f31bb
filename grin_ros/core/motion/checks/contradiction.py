# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The check of the poses against the images: what the corners say of poses that are wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.motion.triangulation import Fit

LEAST_AGREEING = 0.5
"""If a smaller share of the corners agrees with the poses, the poses are not believed."""
MOST_BEHIND = 0.25
"""If a larger share of the corners lies behind the camera, the poses are not believed."""
LARGEST_CORRECTION = 3.5
"""If the corners turn or shift the poses by more than this many sigmas (root mean square), they are not believed."""
TILTS = 2.0
"""If the corners turn the poses about the optical axis and the one to the right by so many times more than about the
one down, the camera tilts. Wrong stamps, odometry or mountings turn them about the one down at least as much."""

CHECK = (
    "Check the odometry, its stamps, and where the camera is on the robot. Large things that move close before the "
    "camera and dark images do the same."
)
CHECK_TILT = (
    "The camera tilts and the odometry does not show it, as on a robot that rolls or balances: raise "
    "motion.rotation_noise_deg, to 1 for example, or take poses that an IMU corrects. If the camera does not tilt, "
    "check where it is on the robot."
)

DOUBTED, DOUBT_LN = 1.0, 0.5
"""From this correction on, in sigmas, all ranges together are uncertain by so much of ln(range) for each sigma more.
Poses that come late when the robot sets off are corrected by 2.6 sigmas; those of its own noise by 0.1 to 1."""


def correction(fit: Fit) -> float:
    """Return by how many sigmas the corners turn or shift the poses, root mean square, the larger of the two."""
    return float(np.sqrt((fit.moved.reshape(-1, 2, 3) ** 2).mean(axis=(0, 2)).max()))


def doubt_ln(fit: Fit) -> float:
    """Return one sigma of ln(range) by which poses that do not quite fit make all ranges uncertain together."""
    return DOUBT_LN * max(0.0, correction(fit) - DOUBTED)


def contradiction(fit: Fit, followed: NDArray[np.bool_], agrees: NDArray[np.bool_]) -> str:
    """Return how the corners contradict the poses and what to check, as sentences; empty if they do not.

    followed (N,): the corners that several views share. agrees (N,): those with small residuals.
    """
    behind = fit.inverse + 2.0 * fit.sigma < 0.0
    share, share_behind = float(agrees[followed].mean()), float(behind[followed].mean())
    moved = correction(fit)
    if share < LEAST_AGREEING:
        misfit, check = f"only {share:.0%} of the corners move as the poses say", CHECK
    elif share_behind > MOST_BEHIND:
        misfit, check = f"{share_behind:.0%} of the corners would lie behind the camera", CHECK
    elif moved > LARGEST_CORRECTION:
        misfit, check = f"the corners contradict them by {moved:.1f} sigmas", CHECK_TILT if _tilts(fit) else CHECK
    else:
        return ""
    return f"The poses do not fit the images: {misfit}. {check}"


def _tilts(fit: Fit) -> bool:
    """Return whether the corners mostly turn the poses up and down or to the side."""
    right, down, ahead = np.sqrt((fit.moved[:, :3] ** 2).mean(axis=0))
    return bool(np.hypot(right, ahead) > TILTS * down)
