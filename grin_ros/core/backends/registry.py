# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The backends by name. A new backend is one file and one line here."""

from __future__ import annotations

from grin_ros.core.backends.engine import EngineError
from grin_ros.core.config import nearest

BACKENDS: dict[str, str] = {
    "reference": "grin_ros.core.backends.torch_reference:ReferenceEngine",
    "ort": "grin_ros.core.backends.onnxruntime:OrtEngine",
    "ort-int8": "grin_ros.core.backends.onnxruntime:OrtInt8Engine",
    "ort-cuda": "grin_ros.core.backends.onnxruntime:OrtCudaEngine",
    "ort-tensorrt": "grin_ros.core.backends.onnxruntime:OrtTensorrtEngine",
    "trt": "grin_ros.core.backends.tensorrt.backend:TrtEngine",
    "trt-fp16": "grin_ros.core.backends.tensorrt.backend:TrtFp16Engine",
    "trt-bf16": "grin_ros.core.backends.tensorrt.backend:TrtBf16Engine",
    "trt-int8": "grin_ros.core.backends.tensorrt.backend:TrtInt8Engine",
    "openvino": "grin_ros.core.backends.openvino.backend:OpenvinoEngine",
    "openvino-bf16": "grin_ros.core.backends.openvino.backend:OpenvinoBf16Engine",
    "openvino-int8": "grin_ros.core.backends.openvino.backend:OpenvinoInt8Engine",
}
"""Backend name -> 'module:class'. The module is imported only when the backend is opened."""

AUTO = "auto"
"""The name that stands for the best backend of this machine (see preferences.py)."""


def choices() -> tuple[str, ...]:
    """Return every name that `open_engine` accepts. A program may have added a backend of its own."""
    return (AUTO, *BACKENDS)


def check_known(backend: str) -> None:
    """Raise EngineError if `backend` is neither a registered backend nor 'auto'."""
    known = choices()
    if backend not in known:
        raise EngineError(f"backend: got '{backend}', expected one of {', '.join(known)}{nearest(backend, known)}")
