# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The DDIM update (Song et al., arXiv 2010.02502, eta = 0) under v-prediction (Salimans and Ho, arXiv 2202.00512).

Arithmetic only: the same functions serve floats, NumPy arrays, torch tensors and the exported graph.
"""

from __future__ import annotations

from typing import Any, TypeVar

A = TypeVar("A")


def noised(x_0: A, eps: A, signal: Any, noise: Any) -> A:
    """The forward process: x_t = signal * x_0 + noise * eps."""
    return signal * x_0 + noise * eps


def velocity(x_0: A, eps: A, signal: Any, noise: Any) -> A:
    """The training target v = signal * eps - noise * x_0."""
    return signal * eps - noise * x_0


def clean(x_t: A, v: A, signal: Any, noise: Any) -> A:
    """x_0 as the network sees it: signal * x_t - noise * v. At pure noise it is -v: the network's answer alone."""
    return signal * x_t - noise * v


def ddim(x_t: A, v: A, signal: Any, noise: Any, signal_next: Any, noise_next: Any) -> A:
    """x at the next level: the predicted clean sample and the predicted noise, mixed at that level.

    With the clean level (1, 0) as next, this is the predicted clean sample itself.
    """
    eps = noise * x_t + signal * v
    return signal_next * clean(x_t, v, signal, noise) + noise_next * eps
