# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Random generators that do not disturb the random numbers of others."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator, SeedSequence


def sibling_generator(rng: Generator, number: int) -> Generator:
    """Return a new generator that depends only on the seed of ``rng`` and on ``number``.

    Nothing is drawn from ``rng``, so code that uses the new generator changes nothing else in a scene. Raise ValueError
    if ``rng`` was not made from a seed.
    """
    seed = rng.bit_generator.seed_seq
    if not isinstance(seed, SeedSequence):
        raise ValueError(
            f"sibling_generator: got a generator seeded with {type(seed).__name__}, expected one made of a seed"
        )
    return np.random.default_rng(SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number)))
