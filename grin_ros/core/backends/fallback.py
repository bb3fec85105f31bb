# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The next backend where one cannot be used: only those that the operator named, and never in silence."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from grin_ros.core.artifact import Artifact
from grin_ros.core.backends.base import AUTO, ENGINES, Engine, EngineError, check_known, open_engine
from grin_ros.core.config import nearest

logger = logging.getLogger(__name__)


def named_backends(text: str) -> tuple[str, ...]:
    """'openvino, ort' -> ('openvino', 'ort'); nothing for an empty text.

    Raises ValueError for a name that is no backend, and for one that is there twice.
    """
    names = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    known = (AUTO, *ENGINES)
    for name in names:
        if name not in known:
            raise ValueError(
                f"fallback: got '{name}' in '{text}', expected backends separated by commas, of {', '.join(known)}"
                f"{nearest(name, known)}"
            )
    if len(set(names)) < len(names):
        raise ValueError(f"fallback: got '{text}', expected every backend once; take the repetition out")
    return names


def open_first(backends: Sequence[str], artifact: Artifact, threads: int = 0) -> tuple[Engine, tuple[str, ...]]:
    """The first of `backends` that opens and answers the golden sample, and the backends from its own on. Where it is
    not the first, its `caveat` and a warning in the log say why.

    Raises EngineError: a name that is no backend, the reason of the only one, or of each.
    """
    for backend in backends:
        check_known(backend)  # a slip of the pen is nothing to fall back from
    refused: list[str] = []
    for index, backend in enumerate(backends):
        try:
            engine = open_engine(backend, artifact, threads)
        except EngineError as error:
            logger.warning("backend '%s' is not used: %s", backend, error)
            refused.append(str(error))
            continue
        if refused:
            engine.caveat = f"runs on backend '{backend}' in place of '{backends[0]}': {' | '.join(refused)}"
            logger.warning("%s", engine.caveat)
        return engine, tuple(backends[index:])
    if len(refused) == 1:
        raise EngineError(refused[0])
    raise EngineError(f"none of the backends {', '.join(backends)} can be used: {' | '.join(refused)}")
