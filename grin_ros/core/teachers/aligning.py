# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Aligns a teacher's answer to the robot's own measurements, before it is believed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.log_depth import LogDepth
from grin_ros.core.geometry.rays import pixel_grid
from grin_ros.core.hints.fusion import Fusion
from grin_ros.core.teachers.teacher import Teacher
from grin_ros.core.types import DepthEstimate, Frame, Hints

ROWS, COLUMNS = 48, 64
RANGES, STD = LogDepth(0.1, 300.0), 0.3
LN_PER_X = np.float32(STD * RANGES.ln_per_unit)
FUSION = Fusion(RANGES, STD, ROWS, COLUMNS)
FEWEST = 8
"""A relative teacher needs so many measurements in a frame."""
PASSES = 10
OUTLIER_SIGMAS = 2.5


class AlignedTeacher:
    """Answers a frame with its labels: the teacher's depth, corrected by the posterior of the labels."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher

    def __call__(self, frame: Frame, labels: Hints) -> DepthEstimate:
        """Return depth and sigma in metres. All is NaN for a relative teacher where there are too few labels."""
        depth_m = self.teacher.depth_m(frame)
        if self.teacher.contract.meaning == "inverse_relative":
            depth_m = scaled_inverse(depth_m, frame, labels)
        ray_z = frame.camera.rays()[..., 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            ln_range = np.log(depth_m / ray_z)
        known = np.isfinite(ln_range)
        if not known.any():
            return DepthEstimate(depth_m, np.full_like(depth_m, np.nan), frame.stamp_ns)
        camera = frame.camera
        pixels = pixel_grid(camera.width, camera.height, cols=COLUMNS, rows=ROWS)
        u, v = np.rint(pixels).astype(np.intp).T
        filled = np.where(known, ln_range, np.median(ln_range[known])).astype(np.float32)
        grid = filled[v.clip(0, camera.height - 1), u.clip(0, camera.width - 1)]
        sigma = np.float32(self.teacher.contract.sigma_ln)
        x = (RANGES.encode(np.exp(grid)) / STD).astype(np.float32)[None]
        log_variance = np.full_like(x, 2.0 * np.log(sigma / LN_PER_X))
        fused = FUSION(frame, labels, pixels, x, log_variance)
        sigma_ln = np.full(depth_m.shape, sigma, np.float32)
        if fused is not None:
            correction = (fused.x - x)[0] * LN_PER_X
            ratio = np.exp(0.5 * (fused.log_variance - log_variance))[0]
            depth_m = depth_m * np.exp(_upsampled(correction, camera))
            sigma_ln = sigma_ln * _upsampled(ratio, camera)
        return DepthEstimate(depth_m.astype(np.float32), (depth_m * sigma_ln).astype(np.float32), frame.stamp_ns)


def _upsampled(values: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """Return values of the query grid (N,) at the size of the camera."""
    size = (camera.width, camera.height)
    grid = values.reshape(ROWS, COLUMNS).astype(np.float32)
    return np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR), np.float32)


def scaled_inverse(relative_m: NDArray[np.float32], frame: Frame, labels: Hints) -> NDArray[np.float32]:
    """Return depth in metres of 1 / (relative inverse depth), by scale and shift of the inverse from the labels.

    Outliers are left out. All is NaN where fewer than FEWEST labels fall onto an answer, or where the teacher runs
    against the labels.
    """
    height, width = relative_m.shape
    u, v = np.rint(labels.pixels).astype(np.intp).T
    inside = (u >= 0) & (v >= 0) & (u < width) & (v < height)
    u, v = u[inside], v[inside]
    measured = 1.0 / (labels.range_m[inside] * frame.camera.rays()[v, u, 2])
    answered = 1.0 / relative_m[v, u]
    known = np.isfinite(answered) & np.isfinite(measured)
    nothing = np.full_like(relative_m, np.nan)
    if known.sum() < FEWEST:
        return nothing
    answered, measured = answered[known].astype(np.float64), measured[known].astype(np.float64)
    agree = np.ones(len(answered), np.bool_)
    scale = shift = 0.0
    for _ in range(PASSES):
        scale, shift = np.polyfit(answered[agree], measured[agree], 1)
        residual = np.abs(measured - scale * answered - shift)
        spread = 1.4826 * float(np.median(residual)) + 1e-9
        again = residual <= OUTLIER_SIGMAS * spread + 1e-6
        if again.sum() < FEWEST or np.array_equal(again, agree):
            break
        agree = again
    if scale <= 0.0:
        return nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = scale / relative_m + shift
    return np.where(inverse > 1e-3, 1.0 / np.maximum(inverse, 1e-3), np.nan).astype(np.float32)
