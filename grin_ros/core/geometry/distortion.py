# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lens models of sensor_msgs/CameraInfo: points to the normalised image plane, and back to rays.

Normalised image coordinates are (u - cx) / fx, (v - cy) / fy.
The formulas are those of OpenCV's calib3d and fisheye documentation, which ROS's calibration tools write into D:

- ``plumb_bob``            k1 k2 p1 p2 k3                radial polynomial and tangential terms
- ``rational_polynomial``  k1 k2 p1 p2 k3 k4 k5 k6       radial ratio of polynomials and tangential terms
- ``equidistant``          k1 k2 k3 k4                   polynomial in the angle to the optical axis (fisheye)

Drivers write D in other lengths too. Coefficients that are missing at the end are zero, and zeros after the last
coefficient of the model say nothing.

A lens polynomial describes the lens only where it grows. Beyond its turning point it folds the image over itself, so
the turning point bounds the domain, and everything outside is NaN in both directions.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.input_error import InputError

Float = NDArray[np.float64]

DISTORTION_MODELS = ("none", "plumb_bob", "rational_polynomial", "equidistant")
COEFFICIENTS = {
    "none": (),
    "plumb_bob": ("k1", "k2", "p1", "p2", "k3"),
    "rational_polynomial": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    "equidistant": ("k1", "k2", "k3", "k4"),
}
# The names that other tools give to the same models, with the same coefficients in the same order.
_ALSO_KNOWN_AS = {
    "pinhole": "none", "perspective": "none", "radtan": "plumb_bob", "brown_conrady": "plumb_bob",
    "radial_tangential": "plumb_bob", "opencv": "plumb_bob", "full_opencv": "rational_polynomial",
    "fisheye": "equidistant", "opencv_fisheye": "equidistant", "kannala_brandt": "equidistant",
}  # fmt: skip

_TABLE_SIZE = 2048  # start values for Newton's method
_LARGEST_RADIUS = 1e4  # normalised, 89.994 degrees off the axis: the end of the table if the domain has no end
_MAX_ITERATIONS = 50
_TOLERANCE = 1e-10  # normalised: 1e-5 px at a focal length of 100,000 px
_NEGLIGIBLE = 1e-14  # smaller leading coefficients change nothing, but make the root finder fail


def lens_model(name: str) -> str:
    """Return the name in `DISTORTION_MODELS` of a model that is spelt in another way; an unknown name as it is."""
    key = name.strip().lower().replace("-", "_").replace(" ", "_") or "none"
    return _ALSO_KNOWN_AS.get(key, key)


def check_distortion(model: str, coefficients: Sequence[float]) -> tuple[str, tuple[float, ...]]:
    """Return the model's name and its coefficients in canonical form: as many as the model has.

    An empty name is "none", which has no coefficients. Capital letters do not matter, and the names that other tools
    give to the same models are understood. Missing coefficients are zeros, so an empty D is a lens without distortion,
    and zeros after the last coefficient are dropped. Raises InputError for an unknown model, for values that are not
    finite, and for other values after the last coefficient of the model.
    """
    values = tuple(float(value) for value in coefficients)
    name = lens_model(model)
    if name not in DISTORTION_MODELS:
        near = difflib.get_close_matches(name, DISTORTION_MODELS, n=1)
        raise InputError(
            f"distortion_model: got {model!r}, expected one of {', '.join(DISTORTION_MODELS)}",
            f"the nearest is {near[0]!r}: set it in the camera's calibration file if that is the model of D"
            if near
            else "calibrate the camera again with one of them (equidistant for a fisheye lens)",
        )
    if not all(math.isfinite(value) for value in values):
        raise InputError(
            f"distortion coefficients D: got {list(values)}, expected finite numbers",
            "calibrate the camera again, or correct D in its calibration file",
        )
    order = COEFFICIENTS[name]
    beyond = values[len(order) :]
    if not any(beyond):
        return name, (values + (0.0,) * len(order))[: len(order)]
    if name == "none":
        raise InputError(
            f"distortion_model: got {model!r} with D = {list(values)}, expected no or only zero coefficients",
            "name the model of D (plumb_bob, rational_polynomial or equidistant), or clear D",
        )
    if name == "rational_polynomial":  # OpenCV's longer forms: s1 s2 s3 s4 [tx ty]
        raise InputError(
            f"distortion coefficients D of rational_polynomial: got thin-prism or tilt terms {list(beyond)}, "
            "expected zeros after the first 8",
            "calibrate again without the thin-prism and tilted-sensor models",
        )
    rational = name == "plumb_bob" and not any(values[8:])
    raise InputError(
        f"distortion coefficients D of {name}: got {list(beyond)} after the first {len(order)} ({' '.join(order)}), "
        "expected nothing or zeros there",
        "if D holds k4 k5 k6, set distortion_model to rational_polynomial in the calibration file; else correct D"
        if rational
        else "correct D or distortion_model in the calibration file",
    )


def points_to_plane(model: str, coefficients: tuple[float, ...], points: Float) -> Float:
    """Return the normalised image coordinates (N, 2) of points (N, 3) in the optical frame, in any unit of length.

    They are NaN behind the camera (z <= 0; for equidistant only opposite the optical axis) and outside the lens's
    domain.
    """
    with np.errstate(all="ignore"):
        if model == "equidistant":
            return _fisheye_to_plane(coefficients, points)
        x, y, z = points[:, 0], points[:, 1], points[:, 2]
        in_front = np.where(z > 0.0, z, np.nan)
        plane: Float = np.stack([x / in_front, y / in_front], axis=-1)
        if any(coefficients):
            lens = _padded(coefficients)
            x, y = plane[:, 0], plane[:, 1]
            plane, jacobian = _distort(lens, x, y)
            plane[~_in_domain(lens, x, y, jacobian)] = np.nan
        plane[~np.isfinite(plane).all(axis=-1)] = np.nan
        return plane


def plane_to_rays(model: str, coefficients: tuple[float, ...], plane: Float) -> Float:
    """Return the unit rays (N, 3) of normalised image coordinates (N, 2); NaN outside the lens's domain."""
    with np.errstate(all="ignore"):
        if model == "equidistant":
            return _fisheye_to_rays(coefficients, plane)
        straight = _undistort(_padded(coefficients), plane) if any(coefficients) else plane
        rays: Float = np.concatenate([straight, np.ones((len(straight), 1))], axis=-1)
        rays /= np.sqrt(np.einsum("ij,ij->i", rays, rays))[:, None]
        rays[~np.isfinite(rays).all(axis=-1)] = np.nan
        return rays


# --- plumb_bob and rational_polynomial: one lens with the eight coefficients k1 k2 p1 p2 k3 k4 k5 k6 ---


def _padded(coefficients: tuple[float, ...]) -> tuple[float, ...]:
    return coefficients + (0.0,) * (8 - len(coefficients))


def _distort(lens: tuple[float, ...], x: Float, y: Float) -> tuple[Float, tuple[Float, Float, Float]]:
    """Return distorted coordinates (N, 2) and the entries (dx/dx, dx/dy = dy/dx, dy/dy) of the symmetric Jacobian."""
    k1, k2, p1, p2, k3, k4, k5, k6 = lens
    s = x * x + y * y
    top, bottom = 1 + s * (k1 + s * (k2 + s * k3)), 1 + s * (k4 + s * (k5 + s * k6))
    ratio = top / bottom
    d_top, d_bottom = k1 + s * (2 * k2 + s * 3 * k3), k4 + s * (2 * k5 + s * 3 * k6)
    slope = 2 * (d_top - ratio * d_bottom) / bottom  # twice d ratio / d s, as d s / d x = 2 x
    distorted: Float = np.stack(
        [
            x * ratio + 2 * p1 * x * y + p2 * (s + 2 * x * x),
            y * ratio + p1 * (s + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=-1,
    )
    xx = ratio + x * x * slope + 2 * p1 * y + 6 * p2 * x
    xy = x * y * slope + 2 * p1 * x + 2 * p2 * y
    yy = ratio + y * y * slope + 6 * p1 * y + 2 * p2 * x
    return distorted, (xx, xy, yy)


def _in_domain(lens: tuple[float, ...], x: Float, y: Float, jacobian: tuple[Float, Float, Float]) -> NDArray[np.bool_]:
    """Return True where the lens neither folds radially nor mirrors the image by its tangential terms."""
    xx, xy, yy = jacobian
    inside: NDArray[np.bool_] = (np.hypot(x, y) < _radial_table(lens)[2]) & (xx * yy - xy * xy > 0.0)
    return inside


def _undistort(lens: tuple[float, ...], plane: Float) -> Float:
    """Invert `_distort` with Newton's method, starting at the inverse of the radial part."""
    radii, distorted_radii, limit = _radial_table(lens)
    target_radius = np.hypot(plane[:, 0], plane[:, 1])
    # No point of the lens reaches farther, whatever the tangential terms add, so 50 iterations would be wasted.
    reach = distorted_radii[-1] + 3.0 * math.hypot(lens[2], lens[3]) * limit * limit
    scale = np.interp(target_radius, distorted_radii, radii) / np.where(target_radius > 0.0, target_radius, 1.0)
    x, y = plane[:, 0] * scale, plane[:, 1] * scale
    active = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & ~(target_radius > reach))
    solved = np.zeros(len(plane), dtype=bool)
    for _ in range(_MAX_ITERATIONS):
        distorted, jacobian = _distort(lens, x[active], y[active])
        error = distorted - plane[active]
        close = np.hypot(error[:, 0], error[:, 1]) <= _TOLERANCE * (1.0 + target_radius[active])
        inside = _in_domain(lens, x[active], y[active], jacobian)
        solved[active[close & inside]] = True
        going = ~close
        if not going.any():
            break
        active, error = active[going], error[going]
        xx, xy, yy = (entry[going] for entry in jacobian)
        determinant = xx * yy - xy * xy
        step_x = (yy * error[:, 0] - xy * error[:, 1]) / determinant
        step_y = (xx * error[:, 1] - xy * error[:, 0]) / determinant
        old_radius = np.hypot(x[active], y[active])
        new_x, new_y = x[active] - step_x, y[active] - step_y
        new_radius = np.hypot(new_x, new_y)
        # A step over the fold would land on the wrong branch: go half of the way to the fold instead.
        shrink = np.where(new_radius >= limit, 0.5 * (old_radius + limit) / new_radius, 1.0)
        x[active], y[active] = new_x * shrink, new_y * shrink
        active = active[np.isfinite(x[active]) & np.isfinite(y[active])]
        if not len(active):
            break
    result: Float = np.stack([x, y], axis=-1)
    result[~solved] = np.nan
    return result


@lru_cache(maxsize=64)
def _radial_table(lens: tuple[float, ...]) -> tuple[Float, Float, float]:
    """Return radii up to the end of the domain, the same radii distorted, and the end of the domain (maybe inf)."""
    k1, k2, _, _, k3, k4, k5, k6 = lens
    top, bottom = np.polynomial.Polynomial([1, k1, k2, k3]), np.polynomial.Polynomial([1, k4, k5, k6])
    s = np.polynomial.Polynomial([0, 1])
    # With s = r^2, the derivative of r top(s) / bottom(s) has the sign of this polynomial.
    growth = top * bottom + 2 * s * (top.deriv() * bottom - top * bottom.deriv())
    limit = math.sqrt(min(_first_positive_root(growth.coef), _first_positive_root(bottom.coef)))
    radii = np.tan(np.linspace(0.0, math.atan(min(limit, _LARGEST_RADIUS)), _TABLE_SIZE))
    squares = radii * radii
    distorted = radii * top(squares) / bottom(squares)
    # At the fold, rounding may make the last value smaller than the one before; at a pole it is infinite. Coefficients
    # that were neglected for the limit have a pole far outside, behind which distorted radii grow again.
    keep = np.logical_and.accumulate(np.isfinite(distorted) & (np.diff(distorted, prepend=-1.0) > 0.0))
    return radii[keep], distorted[keep], limit


def _first_positive_root(ascending: Sequence[float] | NDArray[Any]) -> float:
    """Return the smallest positive real root of a polynomial (coefficients from the constant on), or inf."""
    coefficients = np.asarray(ascending, dtype=np.float64)
    significant = np.flatnonzero(np.abs(coefficients) > _NEGLIGIBLE)
    if not len(significant):
        return math.inf
    roots = np.roots(coefficients[: significant[-1] + 1][::-1])
    real = roots.real[(np.abs(roots.imag) <= 1e-9 * np.abs(roots)) & (roots.real > 0.0)]
    return float(real.min()) if len(real) else math.inf


# --- equidistant ---


def _fisheye_angle(lens: tuple[float, ...], theta: Float) -> tuple[Float, Float]:
    """Return the distorted angle and its derivative for angles theta (radians) to the optical axis."""
    k1, k2, k3, k4 = lens
    s = theta * theta
    angle: Float = theta * (1 + s * (k1 + s * (k2 + s * (k3 + s * k4))))
    slope: Float = 1 + s * (3 * k1 + s * (5 * k2 + s * (7 * k3 + s * 9 * k4)))
    return angle, slope


@lru_cache(maxsize=64)
def _fisheye_table(lens: tuple[float, ...]) -> tuple[Float, Float, float]:
    """Return angles up to the end of the domain (pi at most), the same angles distorted, and that end."""
    k1, k2, k3, k4 = lens
    limit = min(math.pi, math.sqrt(_first_positive_root([1, 3 * k1, 5 * k2, 7 * k3, 9 * k4])))
    theta = np.linspace(0.0, limit, _TABLE_SIZE)
    angle, _ = _fisheye_angle(lens, theta)
    keep = np.diff(angle, prepend=-1.0) > 0.0
    return theta[keep], angle[keep], limit


def _fisheye_to_plane(lens: tuple[float, ...], points: Float) -> Float:
    radius = np.hypot(points[:, 0], points[:, 1])
    theta = np.arctan2(radius, points[:, 2])
    angle, _ = _fisheye_angle(lens, theta)
    # Opposite the axis (theta = pi) the direction in the image is undefined; the camera centre has no angle.
    defined = (theta < _fisheye_table(lens)[2]) & ((radius > 0.0) | (points[:, 2] > 0.0))
    scale = np.where(defined, angle, np.nan) / np.where(radius > 0.0, radius, 1.0)
    plane: Float = points[:, :2] * scale[:, None]
    plane[~np.isfinite(plane).all(axis=-1)] = np.nan
    return plane


def _fisheye_to_rays(lens: tuple[float, ...], plane: Float) -> Float:
    angles, distorted_angles, limit = _fisheye_table(lens)
    target = np.hypot(plane[:, 0], plane[:, 1])
    theta = np.interp(target, distorted_angles, angles)
    for _ in range(_MAX_ITERATIONS):
        angle, slope = _fisheye_angle(lens, theta)
        error = angle - target
        if not (np.abs(error) > _TOLERANCE).any():
            break
        theta = np.clip(theta - np.where(np.abs(error) > _TOLERANCE, error / slope, 0.0), 0.0, limit)
    error = _fisheye_angle(lens, theta)[0] - target
    theta = np.where((np.abs(error) <= _TOLERANCE * (1.0 + target)) & (theta < limit), theta, np.nan)
    direction = plane / np.where(target > 0.0, target, 1.0)[:, None]
    rays: Float = np.concatenate([direction * np.sin(theta)[:, None], np.cos(theta)[:, None]], axis=-1)
    rays[~np.isfinite(rays).all(axis=-1)] = np.nan
    return rays
