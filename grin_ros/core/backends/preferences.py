# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The order in which backends are tried: by this machine ('auto'), or as the operator names them."""

from __future__ import annotations

from collections.abc import Iterator

from grin_ros.core.backends.cpu import cpu_facts
from grin_ros.core.backends.registry import choices
from grin_ros.core.config import nearest

X86 = ("GenuineIntel", "AuthenticAMD")
"""Vendors of CPUs on which OpenVINO is faster than ONNX Runtime (docs/notes/performance.md; measured on AMD's)."""
BF16 = {"amx_bf16", "avx512_bf16"}
"""CPU flags of instructions that multiply in bf16."""


def preferences() -> Iterator[tuple[str, str]]:
    """Yield (backend, reason), best first, for this machine.

    The last one is ONNX Runtime on the CPU, which is always installed. 'ort-tensorrt' is never chosen, because it
    builds for minutes at the first frame of each size; 'reference' is never chosen either. Both must be named.
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


def named_backends(text: str) -> tuple[str, ...]:
    """Read names separated by commas: 'openvino, ort' -> ('openvino', 'ort'); an empty text gives ().

    Raises ValueError for an unknown name and for a name that is given twice.
    """
    names = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    known = choices()
    for name in names:
        if name not in known:
            raise ValueError(
                f"fallback: got '{name}' in '{text}', expected names of backends separated by commas, of "
                f"{', '.join(known)}{nearest(name, known)}"
            )
    if len(set(names)) < len(names):
        raise ValueError(f"fallback: got '{text}', expected every backend once; remove the repetition")
    return names
