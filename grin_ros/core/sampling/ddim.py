# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The DDIM step (Song et al., arXiv 2010.02502, eta = 0) under v-prediction (Salimans and Ho, arXiv 2202.00512).

The functions are plain arithmetic, for floats, NumPy arrays, torch tensors and the exported graph.
"""

from __future__ import annotations

from typing import Any, TypeVar

A = TypeVar("A")


def noised(x_0: A, eps: A, signal: Any, noise: Any) -> A:
    """Return the forward process x_t = signal * x_0 + noise * eps."""
    x_t: A = signal * x_0 + noise * eps
    return x_t


def velocity(x_0: A, eps: A, signal: Any, noise: Any) -> A:
    """Return the training target v = signal * eps - noise * x_0."""
    v: A = signal * eps - noise * x_0
    return v


def clean(x_t: A, v: A, signal: Any, noise: Any) -> A:
    """Return the predicted clean sample x_0 = signal * x_t - noise * v. At pure noise it is -v."""
    x_0: A = signal * x_t - noise * v
    return x_0


def ddim(x_t: A, v: A, signal: Any, noise: Any, signal_next: Any, noise_next: Any) -> A:
    """Return x at the next level: the predicted clean sample and the predicted noise, mixed for that level.

    If the next level is clean (1, 0), it is the predicted clean sample itself.
    """
    eps: A = noise * x_t + signal * v
    return noised(clean(x_t, v, signal, noise), eps, signal_next, noise_next)
