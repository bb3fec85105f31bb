# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Maps of the pixels of a camera are computed once and kept, for as many cameras as the process serves."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LEAST = 8
"""Each function keeps at least so many maps."""
OF_A_CAMERA = 2
"""Each function keeps so many maps of a camera: motion needs the rays of a smaller picture too."""


class KeptMaps(Generic[P, R]):
    """A function of a camera that keeps the maps it was asked for last. All its arguments can be hashed.

    A camera that changes with every frame takes the place of what was asked for longest ago, so memory stays bounded.
    """

    _all: ClassVar[list[KeptMaps[..., Any]]] = []
    _most: ClassVar[int] = LEAST

    def __init__(self, make: Callable[P, R]) -> None:
        """make: computes a map."""
        self._make = make
        self._kept: Callable[P, R] = lru_cache(self._most)(make)
        self._all.append(self)
        update_wrapper(self, make)

    def __call__(self, *given: P.args, **named: P.kwargs) -> R:
        """Return the map for these arguments."""
        return self._kept(*given, **named)

    @classmethod
    def serve(cls, cameras: int) -> None:
        """Make room for the maps of so many cameras that take turns. Call it before the first frame.

        With less room than cameras, each map would be gone again before its next frame.
        """
        cls._most = max(LEAST, OF_A_CAMERA * cameras)
        for each in cls._all:
            each._kept = lru_cache(cls._most)(each._make)
