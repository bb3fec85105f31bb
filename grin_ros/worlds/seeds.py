# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Random numbers that leave those of others alone."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator, SeedSequence


def sibling_generator(rng: Generator, number: int) -> Generator:
    """A generator of its own from the seed of another and a number, whatever was drawn there; takes nothing from it.

    What is added to scenes with one leaves everything else of their seeds as it was. ValueError for a generator that
    was not made of a seed.
    """
    seed = rng.bit_generator.seed_seq
    if not isinstance(seed, SeedSequence):
        raise ValueError(
            f"sibling_generator: got a generator seeded with {type(seed).__name__}, expected one made of a seed"
        )
    return np.random.default_rng(SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number)))
