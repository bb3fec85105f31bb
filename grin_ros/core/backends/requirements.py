# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The requirements of each backend, for error messages and docs/reference/backends.md. A backend has one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from grin_ros.core import remedies


class Requirement(NamedTuple):
    """The device and software that a backend needs."""

    device: str
    precision: str
    """The precision in which the network is computed; 'denoise int8' means that the other graphs stay fp32."""
    packages: str
    """The software that has to be installed, in words that a person can search for."""
    extra: str = ""
    """The extra of setup.py that brings it; '' if none does."""


_ORT = "onnxruntime, which comes with grin_ros"
_TENSORRT = "TensorRT 10.3 to 11.4 (JetPack, or NVIDIA's repository) and cuda-bindings"
_OPENVINO = "openvino"
_BF16_CPU = "CPU with AMX or AVX512-BF16"
_INT8_CPU = "CPU with VNNI or dot products"
_GPU = "NVIDIA GPU"

REQUIREMENTS: Mapping[str, Requirement] = {
    "reference": Requirement("CPU, for comparison", "fp32", "torch", "train"),
    "ort": Requirement("CPU", "fp32", _ORT),
    "ort-int8": Requirement(_INT8_CPU, "denoise int8", f"{_ORT}; the artifact needs int8 graphs"),
    "ort-cuda": Requirement(_GPU, "fp32", "onnxruntime-gpu in place of onnxruntime"),
    "ort-tensorrt": Requirement(_GPU, "fp16", "onnxruntime-gpu in place of onnxruntime, and TensorRT"),
    "trt": Requirement(_GPU, "fp32", _TENSORRT, "trt"),
    "trt-fp16": Requirement(_GPU, "fp16", f"{_TENSORRT}; the artifact needs fp16 graphs", "trt"),
    "trt-bf16": Requirement(_GPU, "bf16", f"{_TENSORRT}; the artifact needs bf16 graphs", "trt"),
    "trt-int8": Requirement(_GPU, "int8", f"{_TENSORRT}; the artifact needs int8 graphs", "trt"),
    "openvino": Requirement("CPU", "fp32", _OPENVINO, "openvino"),
    "openvino-bf16": Requirement(_BF16_CPU, "denoise and hints bf16", _OPENVINO, "openvino"),
    "openvino-int8": Requirement(_INT8_CPU, "denoise int8", f"{_OPENVINO}; the artifact needs int8 graphs", "openvino"),
}
"""Backend name -> what it needs, for every name in registry.BACKENDS."""


def install_advice(backend: str) -> str:
    """Return what to install for a backend, as the beginning of a sentence."""
    if backend not in REQUIREMENTS:
        return "install it"
    needs = REQUIREMENTS[backend]
    command = f": {remedies.install(needs.extra)}" if needs.extra else ""
    return f"install what it needs ({needs.packages}{command})"
