# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Capture the exact range and the linear light of a loaded scene through any lens.

A pinhole camera is rendered directly. For any other lens, the scene is rendered with one wider pinhole camera of more
pixels or, where that would be too coarse, with up to five faces of a cube, and the pixels of the lens are looked up
there. Light is interpolated. The range is taken from the nearest rendered ray and corrected to the pixel's own ray with
the slope of the surface: the inverse depth of a plane is affine in image coordinates, so planes stay exact. The slope
is the smaller one of the two sides of the rendered ray, so ranges are never averaged across an edge; edges move by at
most half a rendered pixel.

A rolling shutter is treated as a lens, too: each row has the rays of a camera that has turned a little further.
``turn_rad`` is the rotation from the first row to the last, as a rotation vector of the optical frame. The middle row
has the pose of the placement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.scene import Placement

IMAGE_CIRCLE_RAD = math.radians(95)  # the largest angle between a ray and the optical axis; five faces reach this far
Turn = tuple[float, float, float]
STILL: Turn = (0.0, 0.0, 0.0)  # the turn of a camera that does not move
_MARGIN_PX = 3  # the border around the pixels that are looked up
_FACE_PX = 0.8  # the side of a cube face, as a share of the image width
# The rotations from the optical frame to the frames of the cube faces: ahead, right, left, below, above.
_FACES = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    ],
    np.float64,
)


@dataclass(frozen=True)
class _Patch:
    """A pinhole rendering in which m pixels of a lens are looked up.

    Attributes:
        camera: The pinhole camera.
        face_from_optical: The rotation from the optical frame of the lens to that of the pinhole camera, (4, 4).
        chosen: A mask of the m pixels of the lens, (h, w).
        u: The columns of these pixels in the rendering, (m,) float32.
        v: Their rows, (m,) float32.
        z: The z of their unit rays in the frame of the pinhole camera, (m,).
    """

    camera: Camera
    face_from_optical: NDArray[np.float64]
    chosen: NDArray[np.bool_]
    u: NDArray[np.float32]
    v: NDArray[np.float32]
    z: NDArray[np.float32]


def pose(placement: Placement) -> NDArray[np.float64]:
    """Return the matrix (4, 4) from the world to the optical frame of a placed camera."""
    yaw, pitch, roll = placement.yaw_rad, placement.pitch_rad, placement.roll_rad
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    forward = np.array([cy * cp, sy * cp, -sp])
    right = np.array([sy, -cy, 0.0])
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.stack([c * right + s * down, c * down - s * right, forward])
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ placement.position
    return matrix


def capture_range(
    renderer: Renderer, camera: Camera, optical_from_world: NDArray[np.float64], turn_rad: Turn = STILL
) -> NDArray[np.float32]:
    """Return the range along the ray of each pixel centre, (h, w) float32 in metres.

    It is inf where nothing is hit and nan outside the lens. On mirrors it is the range of the glass.
    """
    if _as_drawn(camera, turn_rad):
        return renderer.range_image(camera, optical_from_world)
    range_m = np.full((camera.height, camera.width), np.nan, np.float32)
    for patch in _patches(camera, turn_rad):
        drawn = renderer.range_image(patch.camera, patch.face_from_optical @ optical_from_world)
        range_m[patch.chosen] = _range_of_pixels(drawn, patch)
    return range_m


def capture_glass(
    renderer: Renderer, camera: Camera, optical_from_world: NDArray[np.float64], turn_rad: Turn = STILL
) -> NDArray[np.bool_]:
    """Return an image (h, w) that is True on mirrors. Call it after ``capture_range`` of the same view."""
    glass = np.zeros((camera.height, camera.width), np.bool_)
    if not renderer.mirrors:
        return glass
    if _as_drawn(camera, turn_rad):
        return renderer.glass_image(camera)
    patches = _patches(camera, turn_rad)
    for patch in patches:
        if len(patches) > 1:  # the ranges of the next face have replaced those of this one
            renderer.range_image(patch.camera, patch.face_from_optical @ optical_from_world)
        column, row = _nearest(patch)
        glass[patch.chosen] = renderer.glass_image(patch.camera)[row, column]
    return glass


def capture_colour(
    renderer: Renderer,
    camera: Camera,
    optical_from_world: NDArray[np.float64],
    occlusion: float = 1.0,
    turn_rad: Turn = STILL,
) -> NDArray[np.float32]:
    """Return linear light, (h, w, 3) float32 >= 0, black outside the lens.

    Call it after ``capture_range`` of the same view. ``occlusion`` is the strength of the ambient occlusion.
    """
    if _as_drawn(camera, turn_rad):
        return renderer.colour_image(camera, optical_from_world, occlusion)
    light = np.zeros((camera.height, camera.width, 3), np.float32)
    patches = _patches(camera, turn_rad)
    for patch in patches:
        face_from_world = patch.face_from_optical @ optical_from_world
        if len(patches) > 1:  # the ranges of the next face have replaced those of this one
            renderer.range_image(patch.camera, face_from_world)
        drawn = renderer.colour_image(patch.camera, face_from_world, occlusion)
        u, v = np.zeros((2, camera.height, camera.width), np.float32)
        u[patch.chosen], v[patch.chosen] = patch.u, patch.v
        found = cv2.remap(drawn, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        light[patch.chosen] = found[patch.chosen]
    return light


def _range_of_pixels(drawn: NDArray[np.float32], patch: _Patch) -> NDArray[np.float32]:
    """Return the range (m,) along the rays of a patch's pixels, from the ranges rendered for the patch."""
    k = patch.camera
    x, y = (np.arange(k.width) - k.cx) / k.fx, (np.arange(k.height) - k.cy) / k.fy
    inverse = (np.sqrt(1 + x * x + (y * y)[:, None]) / drawn).astype(
        np.float32
    )  # inverse depth; 0 where nothing is hit
    column, row = _nearest(patch)
    middle = row * k.width + column  # thanks to the margin, all neighbours are inside the rendering
    flat = inverse.ravel()
    here = flat[middle]
    value = here.copy()
    for step, offset in ((1, patch.u - column), (k.width, patch.v - row)):
        before, after = here - flat[middle - step], flat[middle + step] - here
        less, more = np.minimum(np.abs(before), np.abs(after)), np.maximum(np.abs(before), np.abs(after))
        # A steep slope is used only where both sides agree: the slope of a strip one rendered pixel wide is unknown.
        sure = (before * after > 0) & ((less < 0.02 * here) | (less > 0.6 * more))
        value += np.where(sure, np.copysign(less, before) * offset, 0)
    value = np.clip(value, here / 2, here * 2)
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (value * patch.z), np.float32)


def _nearest(patch: _Patch) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the column and row (m,) of the rendered ray that is nearest to each of a patch's pixels."""
    return np.rint(patch.u).astype(np.intp), np.rint(patch.v).astype(np.intp)


def _as_drawn(camera: Camera, turn_rad: Turn) -> bool:
    """Return True if a pinhole rendering has exactly the rays of the camera."""
    return camera.distortion_model == "none" and turn_rad == STILL


def rolling_shutter_rays(rays: NDArray[np.float32], turn_rad: Turn) -> NDArray[np.float32]:
    """Return the rays (h, w, 3) of a camera that turns while its rows are read, in the frame of the middle row."""
    if turn_rad == STILL:
        return rays
    times = np.linspace(-0.5, 0.5, len(rays))
    turns = np.stack([cv2.Rodrigues(time * np.array(turn_rad))[0] for time in times]).astype(np.float32)
    return np.asarray(np.einsum("hij,hwj->hwi", turns, rays), np.float32)


@lru_cache(maxsize=4)
def _patches(camera: Camera, turn_rad: Turn = STILL) -> tuple[_Patch, ...]:
    rays = camera.rays()
    with np.errstate(invalid="ignore"):
        inside = rays[..., 2] > math.cos(IMAGE_CIRCLE_RAD)
        rays = rolling_shutter_rays(rays, turn_rad)  # the image circle does not move in the image
        ahead = inside & (rays[..., 2] > 0.3)
    if np.array_equal(inside, ahead):
        for scale in (1.2, 1.5, 2.0):
            patch = _patch(rays, inside, _FACES[0], round(scale * camera.width), round(scale * camera.height))
            if patch.camera.fx >= camera.fx and patch.camera.fy >= camera.fy:
                return (patch,)
    toward = np.stack([np.where(inside, rays @ face[2], -np.inf) for face in _FACES])
    nearest, side = np.where(inside, toward.argmax(axis=0), -1), round(_FACE_PX * camera.width)
    half = side // 2  # only about the front half of the other faces is inside the image circle
    sizes = ((side, side), (half, side), (half, side), (side, half), (side, half))
    return tuple(
        _patch(rays, nearest == k, face, *size)
        for k, (face, size) in enumerate(zip(_FACES, sizes, strict=True))
        if np.any(nearest == k)
    )


def _patch(
    rays: NDArray[np.float32], chosen: NDArray[np.bool_], face: NDArray[np.float64], width: int, height: int
) -> _Patch:
    """Return the narrowest pinhole rendering of this size in pixels that contains the chosen rays (h, w, 3)."""
    x, y, z = face @ rays[chosen].astype(np.float64).T
    x, y = x / z, y / z
    fx = (width - 1 - 2 * _MARGIN_PX) / max(x.max() - x.min(), 1e-3)
    fy = (height - 1 - 2 * _MARGIN_PX) / max(y.max() - y.min(), 1e-3)
    cx, cy = _MARGIN_PX - x.min() * fx, _MARGIN_PX - y.min() * fy
    matrix = np.eye(4)
    matrix[:3, :3] = face
    u, v = (x * fx + cx).astype(np.float32), (y * fy + cy).astype(np.float32)
    return _Patch(Camera(width, height, fx, fy, cx, cy), matrix, chosen, u, v, z.astype(np.float32))
