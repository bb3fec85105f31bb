# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a teacher network by ONNX Runtime, and turns its answer into metres in the robot's camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.teachers.contract import Contract
from grin_ros.core.teachers.shift import z_shift
from grin_ros.core.types import Frame

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Fit:
    """The way of an image to the network's size: it is resized to (height, width), and stands at (top, left)."""

    height: int
    width: int
    top: int
    left: int
    whole_height: int
    whole_width: int

    def camera(self, camera: Camera) -> Camera:
        """Return the camera of the resized image."""
        return camera.resized(self.width, self.height)


class Teacher:
    """One ONNX file with its contract."""

    def __init__(self, path: Path, contract: Contract, threads: int = 0) -> None:
        """Open the file. Raises ValueError if it cannot be read or lacks an input or output of the contract."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises types of its own
            raise ValueError(f"{path}: not an ONNX file that can be run ({error})") from error
        self.contract = contract
        self.inputs = {one.name: one.shape for one in self._session.get_inputs()}
        self.outputs = {one.name: one.shape for one in self._session.get_outputs()}
        self._kinds = {one.name: one.type for one in self._session.get_inputs()}
        wanted = {contract.image, *contract.integers, *([contract.rays] if contract.rays else [])}
        if wanted != self.inputs.keys():
            raise ValueError(
                f"{path}: it takes {', '.join(sorted(self.inputs))}, the contract says {', '.join(sorted(wanted))}; "
                "give the contract of this export with --contract"
            )
        missing = sorted({contract.output, contract.sky, contract.mask} - {""} - self.outputs.keys())
        if missing:
            raise ValueError(
                f"{path}: it gives {', '.join(sorted(self.outputs))}, and not {', '.join(missing)} as the contract says"
            )

    def depth_m(self, frame: Frame) -> Array:
        """Return depth (H, W) along z in metres, NaN where the teacher has no answer. For a relative teacher it is
        1 / (its answer), which only measurements can turn into metres."""
        fit = self.fit(frame.camera)
        raw = self.run(self.feeds(frame, fit))
        small = self._depth(raw, fit, frame.camera)
        small[~np.isfinite(small) | (small <= 0.0) | (small > self.contract.longest_m)] = np.nan
        return _resized(small, frame.camera)

    def fit(self, camera: Camera) -> Fit:
        """Return how an image of this camera is brought to the network's size."""
        contract, shape = self.contract, self.inputs[self.contract.image]
        fixed = [one if isinstance(one, int) and one > 0 else 0 for one in shape[-2:]]
        height, width = fixed if all(fixed) else (contract.height, contract.width)
        if not height:
            share = (contract.pixels / (camera.width * camera.height)) ** 0.5
            sides = (camera.height * share, camera.width * share)
            height, width = (max(1, round(side / contract.multiple)) * contract.multiple for side in sides)
        if not contract.keep_aspect:
            return Fit(height, width, 0, 0, height, width)
        share = min(width / camera.width, height / camera.height)
        inner_h, inner_w = round(camera.height * share), round(camera.width * share)
        return Fit(inner_h, inner_w, (height - inner_h) // 2, (width - inner_w) // 2, height, width)

    def feeds(self, frame: Frame, fit: Fit) -> dict[str, NDArray[Any]]:
        """Return the inputs of the network for a frame."""
        contract = self.contract
        size = (fit.width, fit.height)
        shrinks = frame.camera.width > fit.width
        small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        whole = np.tile(np.array(contract.pad_rgb, np.float32), (fit.whole_height, fit.whole_width, 1))
        whole[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width] = small
        values = (whole * np.float32(contract.largest_value / 255.0) - contract.mean) / contract.std
        made: dict[str, NDArray[Any]] = {contract.image: _planes(values)}
        if contract.rays:
            made[contract.rays] = _planes(np.nan_to_num(fit.camera(frame.camera).rays()))
        for name, value in contract.integers.items():
            kind = np.int64 if "int64" in self._kinds[name] else np.int32
            made[name] = np.array(value, kind).reshape([1] * len(self.inputs[name]))
        return made

    def run(self, feeds: dict[str, NDArray[Any]]) -> dict[str, Array]:
        """Return the outputs of the network by name. Raises ValueError if it fails."""
        try:
            found = self._session.run(None, feeds)
        except Exception as error:  # ONNX Runtime raises types of its own
            raise ValueError(f"teacher: the network failed ({error}); check its size and its contract") from error
        return {name: np.asarray(value, np.float32) for name, value in zip(self.outputs, found, strict=True)}

    def _depth(self, raw: dict[str, Array], fit: Fit, camera: Camera) -> Array:
        """Return depth at the size of the resized image, NaN where it is masked."""
        contract, small = self.contract, fit.camera(camera)
        answer = raw[contract.output]
        if contract.meaning in ("points", "affine_points"):
            points = _points(answer)
            depth = points[..., 2]
            if contract.meaning == "affine_points":
                valid = _image(raw[contract.mask]) > contract.valid_above if contract.mask else np.isfinite(depth)
                scale = float(raw["metric_scale"].ravel()[0])
                depth = (depth + z_shift(points, valid, small)) * np.float32(scale)
        else:
            depth = _image(answer)
        window = (slice(fit.top, fit.top + fit.height), slice(fit.left, fit.left + fit.width))
        depth = depth[window].astype(np.float32)
        if contract.meaning.startswith("inverse"):
            depth = np.asarray(1.0 / np.maximum(depth, 1e-6), np.float32)
        if contract.meaning == "inverse_canonical":
            depth *= small.fx / small.width
        if contract.focal_over:
            depth *= 0.5 * (small.fx + small.fy) / contract.focal_over
        if contract.sky:
            depth[_image(raw[contract.sky])[window] >= contract.not_sky_below] = np.nan
        if contract.mask:
            depth[_image(raw[contract.mask])[window] <= contract.valid_above] = np.nan
        return np.asarray(depth, np.float32)


def _planes(values: NDArray[Any]) -> Array:
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)


def _image(values: Array) -> Array:
    """Return (h, w) of an output with any leading sizes of 1."""
    return values.reshape(tuple(values.shape)[-2:]).copy()


def _points(values: Array) -> Array:
    """Return (h, w, 3) of points (1, 3, h, w) or (1, h, w, 3)."""
    points = values.reshape(tuple(values.shape)[-3:])
    channels_last = tuple(points.shape)[-1] == 3
    return points if channels_last else np.ascontiguousarray(points.transpose(1, 2, 0))


def _resized(small: Array, camera: Camera) -> Array:
    """Return depth at the camera's size, interpolated in ln(depth); NaN near pixels without an answer."""
    known = np.isfinite(small)
    ln = np.where(known, np.log(np.where(known, small, 1.0)), 0.0).astype(np.float32)
    size = (camera.width, camera.height)
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    values = cv2.resize(ln, size, interpolation=cv2.INTER_LINEAR)
    return np.where(share > 0.999, np.exp(values), np.nan).astype(np.float32)
