# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that fail when a test asks for it, and answer right otherwise."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from grin_ros.core.backends.engine import EngineSizeError
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.sampling.sampler import Tensor


class Scripted(OrtEngine):
    """ONNX Runtime with a `fault` that all instances share. It records the threads that opened, ran and closed it."""

    fault: ClassVar[str] = ""
    """'', 'raises', 'nan', 'shape', 'hangs', 'too large'"""
    opens: ClassVar[bool] = True
    release: ClassVar[threading.Event] = threading.Event()
    made: ClassVar[list[Scripted]] = []
    first_frame_s: ClassVar[float] = 0.05  # so that a test that waits for the watchdog waits no longer

    def __init__(self, *args: Any) -> None:
        if not type(self).opens:
            raise OSError("libsomething.so: cannot open shared object file")
        super().__init__(*args)
        self.closed = threading.Event()
        self.seen_in = {threading.current_thread()}
        type(self).made.append(self)

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        self.seen_in.add(threading.current_thread())
        fault = type(self).fault
        if fault == "raises" and graph == "denoise":
            raise RuntimeError("CUDA error 700: an illegal memory access was encountered")
        if fault == "too large":
            raise EngineSizeError("image: got (1, 4000, 4000, 3), at most (1, 2048, 2048, 3); resize the image")
        if fault == "hangs":  # in the first graph, so that a stall in one before it is not the hang
            type(self).release.wait(60.0)
        out = super().run(graph, inputs)
        if fault in ("nan", "shape") and graph == "decode":
            depth = self.to_host(out["depth_m"])
            out["depth_m"] = np.full_like(depth, np.nan) if fault == "nan" else depth[:-1]
        return out

    def close(self) -> None:
        self.seen_in.add(threading.current_thread())
        super().close()
        self.closed.set()


class Second(Scripted):
    """Another backend."""

    made: ClassVar[list[Scripted]] = []


def reset() -> None:
    """Reset both backends to their state at the start."""
    for scripted in (Scripted, Second):
        scripted.fault, scripted.opens = "", True
        scripted.release = threading.Event()
        scripted.made = []
