# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A backend that answers with the brightness of the image, so that tests can compute what smoothing must give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grin_ros.core.backends.engine import Engine


class BrightnessEngine(Engine):
    """An engine whose clean sample is the image's mean / 255, plus 1 % of the noise; depth is 1 + that, in metres.

    Latents count the frames. Give it an artifact of `benchmarks.stand_in.engine`."""

    def __init__(self, artifact: Any, threads: int = 0) -> None:
        super().__init__(artifact, threads)
        self.latents_in: list[float] = []
        """The latents of every call of 'denoise'."""
        self.invalid = False
        """True: every other value of its clean sample is NaN."""

    @property
    def description(self) -> str:
        return "brightness, of the tests"

    def run(self, graph: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if graph == "encode":
            return {"level": np.float32(inputs["image"].mean() / 255.0)}
        if graph == "denoise":
            self.latents_in.append(float(inputs["latents"].max()))
            x = inputs["level"] + np.float32(0.01) * inputs["x"]
            if self.invalid:
                x[:, ::2] = np.nan
            return {"x_next": x, "latents_next": inputs["latents"] + 1.0, "log_variance": np.zeros_like(x)}
        depth_m = np.full(inputs["image"].shape[1:3], 1.0 + np.nanmean(inputs["x"]), np.float32)
        return {"depth_m": depth_m, "sigma_m": np.float32(0.1) * depth_m}
