# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The engines of a process. Nodes that need the same engine share it; it is closed when its last user gives it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.backends.watchdog import WatchedEngine


@dataclass
class _Shared:
    engine: WatchedEngine
    users: int = 0


class Engines:
    """Opens engines and closes each after its last user. Call it from the executor's thread only.

    An engine is used by one thread at a time: the nodes that share it share their worker too.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], _Shared] = {}

    def take(self, backends: Sequence[str], artifact: Artifact, threads: int, limit_s: float) -> WatchedEngine:
        """Return the engine that is open for these arguments, or open it. Raises EngineError as WatchedEngine does."""
        key = (tuple(backends), artifact.digest, threads, limit_s)
        if key not in self._open:
            self._open[key] = _Shared(WatchedEngine(backends, artifact, threads, limit_s))
        shared = self._open[key]
        shared.users += 1
        return shared.engine

    def give_back(self, engine: WatchedEngine) -> None:
        """Note that one user no longer needs the engine; close it if there is no other."""
        key, shared = next((key, shared) for key, shared in self._open.items() if shared.engine is engine)
        shared.users -= 1
        if shared.users == 0:
            del self._open[key]
            engine.close()
