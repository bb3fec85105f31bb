# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in backend with faults: the first pixel of an image says which fault it has."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.stand_in.engine import FakeEngine
from grin_ros.core.backends.registry import BACKENDS

BACKEND = "faulty"
HANG_VARIABLE = "GRIN_TEST_HANG_S"
FAULT_GREEN = 12  # the pictures of the harness have 14 or more, the golden sample 11 or less


class Fault(IntEnum):
    """The fault of one frame."""

    RAISES = 1
    NAN = 2
    """Depth and sigma are NaN everywhere."""
    NEGATIVE = 3
    OTHER_SHAPE = 4
    HANGS = 5
    """It hangs for the seconds of the environment variable."""


def register() -> None:
    """Make `backend:=faulty` known in this process."""
    BACKENDS[BACKEND] = f"{__name__}:FaultyEngine"


def asking_for(fault: Fault, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a copy of the (H, W, 3) image that makes the engine fail."""
    asking = image.copy()
    asking[0, 0] = (0, FAULT_GREEN, int(fault))
    return asking


class FaultyEngine(FakeEngine):
    """The stand-in backend, which fails for images that ask for it."""

    def run(self, graph: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        out = super().run(graph, inputs)
        if "image" not in inputs or inputs["image"][0, 0, 0, 1] != FAULT_GREEN:
            return out
        fault = Fault(int(inputs["image"][0, 0, 0, 2]))
        if graph == "encode" and fault is Fault.RAISES:
            raise RuntimeError("device lost (as the test asked for)")
        if graph == "encode" and fault is Fault.HANGS:
            time.sleep(float(os.environ.get(HANG_VARIABLE, "5")))
        if graph == "decode":
            return _spoilt(fault, out)
        return out


def _spoilt(fault: Fault, out: dict[str, Any]) -> dict[str, Any]:
    depth_m, sigma_m = out["depth_m"], out["sigma_m"]
    if fault is Fault.NAN:
        return {"depth_m": np.full_like(depth_m, np.nan), "sigma_m": np.full_like(sigma_m, np.nan)}
    if fault is Fault.NEGATIVE:
        return {"depth_m": -depth_m, "sigma_m": sigma_m}
    if fault is Fault.OTHER_SHAPE:
        return {"depth_m": depth_m[:-1, :-1], "sigma_m": sigma_m[:-1, :-1]}
    return out
