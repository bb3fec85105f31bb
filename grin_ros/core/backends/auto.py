# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Backend 'auto': the best that is present and answers right; the log says which, and why not the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from grin_ros.core.artifact import Artifact
from grin_ros.core.backends.base import Engine, EngineError, EngineUnavailableError, open_engine
from grin_ros.core.backends.cache import cpu_facts

logger = logging.getLogger(__name__)

X86 = ("GenuineIntel", "AuthenticAMD")
"""Vendors of CPUs on which OpenVINO is faster than ONNX Runtime (docs/performance.md: measured on AMD's)."""
BF16 = {"amx_bf16", "avx512_bf16"}


def preferences() -> Iterator[tuple[str, str]]:
    """(backend, why), best first, for this machine. ONNX Runtime on the CPU is the last, and always there.

    Never 'ort-tensorrt', which builds for minutes at the first frame of each size, and never 'reference': these are
    chosen by name.
    """
    cpu = cpu_facts()
    yield "trt-fp16", "TensorRT in fp16 is the fastest on a GPU"
    yield "trt", "TensorRT is the fastest on a GPU"
    yield "ort-cuda", "a GPU is faster than any CPU"
    if cpu["vendor"] in X86:
        if BF16 & set(cpu["flags"].split()):
            yield "openvino-bf16", f"{cpu['name']} multiplies matrices in bf16"
        yield "openvino", f"{cpu['name']} is an x86 CPU"
    yield "ort", "it runs on every CPU"


def open_best(artifact: Artifact, threads: int = 0) -> Engine:
    """Open the first of `preferences` that can run here and answers right.

    Where a better one is present and cannot be used, the engine's `caveat` says so. Raises EngineError with the reason
    of each where none runs.
    """
    refused: list[str] = []
    wrong: list[str] = []
    for backend, why in preferences():
        try:
            engine = open_engine(backend, artifact, threads)
        except EngineError as error:
            # What is not installed is no news; what is installed and wrong is.
            level = logging.INFO if isinstance(error, EngineUnavailableError) else logging.WARNING
            logger.log(level, "backend auto: not %s: %s", backend, error)
            refused.append(f"{backend}: {error}")
            if not isinstance(error, EngineUnavailableError):
                wrong.append(f"{backend}: {error}")
            continue
        logger.info("backend auto: %s (%s), because %s", backend, engine.description, why)
        if wrong:
            reasons = " | ".join(wrong)
            engine.caveat = f"runs on backend '{backend}', for a better one is here and cannot be used: {reasons}"
        return engine
    raise EngineError(f"backend 'auto': none of the backends runs this model here. {' | '.join(refused)}")
