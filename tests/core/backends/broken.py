# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Engines that answer the golden sample wrongly, each in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.sampling.sampler import Tensor


class Watched(OrtEngine):
    """An ONNX Runtime engine that remembers whether the last one of its class was closed."""

    closed: ClassVar[bool] = False

    def close(self) -> None:
        type(self).closed = True
        super().close()


class FivePercentTooFar(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return depth_m * np.float32(1.05), sigma_m


class OneWrongPixel(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        depth_m = depth_m.copy()
        depth_m[50, 60] *= 1.01
        return depth_m, sigma_m


class SigmaDoubled(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return depth_m, sigma_m * 2.0


class AllNan(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return np.full_like(depth_m, np.nan), sigma_m


class NumbersWhereThereIsNone(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return np.nan_to_num(depth_m, nan=1.0), sigma_m


class Transposed(Watched):
    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        depth_m, sigma_m = super().decode(inputs)
        return depth_m.T, sigma_m.T


class ForgetsLatents(Watched):
    """Is wrong before decoding: the second step starts without latents."""

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        out = super().run(graph, inputs)
        if graph == "denoise":
            out["latents_next"] = np.zeros_like(self.to_host(out["latents_next"]))
        return out


class Raises(Watched):
    """Raises an error of the runtime's own type."""

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[Any], NDArray[Any]]:
        raise MemoryError(f"no room for {len(inputs)} inputs")


class SampleOfNan(Watched):
    """Gives NaN before decoding, like a product that overflows."""

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        out = super().run(graph, inputs)
        if graph == "denoise":
            out["x_next"] = np.full_like(self.to_host(out["x_next"]), np.nan)
        return out


class UnknownPrecision(Watched):
    precision: ClassVar[str] = "int3"
