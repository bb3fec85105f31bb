# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Opening an engine: the first candidate that can be opened and repeats the golden sample.

The caller names one backend, several in order of preference, or 'auto'. An engine that gives wrong depth never runs.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.preferences import preferences
from grin_ros.core.backends.registry import AUTO, BACKENDS, check_known
from grin_ros.core.backends.requirements import install_advice

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """A backend that is tried. index: position of the caller's name it comes from. reason: why it is tried."""

    backend: str
    index: int
    reason: str
    chosen_by_auto: bool


@dataclass(frozen=True)
class Opened:
    """An open engine. remaining: the caller's names from the one that was opened on, for the next attempt."""

    engine: Engine
    remaining: tuple[str, ...]


def open_engine(backends: str | Sequence[str], artifact: Artifact, threads: int = 0) -> Engine:
    """Open the first of `backends` that runs here and repeats the golden sample within its precision's tolerance.

    backends: a name, or several in order of preference; 'auto' stands for the best ones of this machine. threads: CPU
    threads, 0 lets the runtime choose. The engine's `caveat` says why a preferred backend is not used.

    Raises EngineError if a name is unknown, the artifact cannot be loaded, or an answer is wrong; its kind
    EngineUnavailableError if the only candidate's runtime, provider or device is not on this machine.
    """
    return open_first((backends,) if isinstance(backends, str) else backends, artifact, threads).engine


def open_first(backends: Sequence[str], artifact: Artifact, threads: int = 0) -> Opened:
    """Open an engine as `open_engine` does; return with it the names that remain to be tried if it fails later."""
    for backend in backends:
        check_known(backend)  # a misspelt name is an error, not a reason to use the next one
    tried = list(candidates(backends))
    refused: list[str] = []
    unexpected: list[str] = []
    for candidate in tried:
        try:
            engine = open_one(candidate.backend, artifact, threads)
        except EngineError as error:
            if len(tried) == 1:
                raise
            # It is normal that 'auto' does not find every runtime installed. All else the operator should know.
            expected = candidate.chosen_by_auto and isinstance(error, EngineUnavailableError)
            logger.log(
                logging.INFO if expected else logging.WARNING, "backend '%s' is not used: %s", candidate.backend, error
            )
            refused.append(f"{candidate.backend}: {error}")
            unexpected += [] if expected else refused[-1:]
            continue
        engine.reason = candidate.reason
        logger.info("backend '%s' is used (%s): %s", candidate.backend, engine.description, candidate.reason)
        reasons = refused if candidate.index > 0 else unexpected
        if reasons:
            preferred = f"'{backends[0]}'" if candidate.index > 0 else "a better one"
            engine.caveat = f"runs on backend '{candidate.backend}' in place of {preferred}: {' | '.join(reasons)}"
            logger.warning("%s", engine.caveat)
        return Opened(engine, tuple(backends[candidate.index :]))
    raise EngineError(f"none of the backends {', '.join(backends)} can be used here. {' | '.join(refused)}")


def candidates(backends: Sequence[str]) -> Iterator[Candidate]:
    """Yield what is tried for the caller's names: 'auto' becomes the preferences of this machine."""
    for index, name in enumerate(backends):
        if name == AUTO:
            yield from (Candidate(backend, index, reason, True) for backend, reason in preferences())
        else:
            yield Candidate(name, index, "it was named", False)


def open_one(backend: str, artifact: Artifact, threads: int) -> Engine:
    """Open a registered backend and check its answer to the golden sample. Raises EngineError if it may not run."""
    engine = _constructed(backend, artifact, threads)
    try:
        report = check_golden(engine)
    except EngineError:
        engine.close()
        raise
    except Exception as error:  # a backend may raise anything
        engine.close()
        raise EngineError(
            f"backend '{backend}' ({engine.description}) fails on the golden sample ({type(error).__name__}: {error}); "
            "it is not used. Try another backend or version of the runtime, and report it"
        ) from error
    if not report.passed:
        engine.close()
        raise EngineError(
            f"backend '{backend}' ({engine.description}) gives wrong depth: on the golden sample its ln(range) is off "
            f"by up to {report.max_error_ln:.3g} (mean {report.mean_error_ln:.3g}), accepted is "
            f"{report.tolerance_ln:.3g}; it is not used. Try another backend or version of the runtime, and report it"
        )
    logger.info(
        "engine %s (%s): golden sample max error %.2g ln, mean %.2g",
        backend,
        engine.description,
        report.max_error_ln,
        report.mean_error_ln,
    )
    engine.settle()
    return engine


def _constructed(backend: str, artifact: Artifact, threads: int) -> Engine:
    module, name = BACKENDS[backend].split(":")
    try:
        engine_class: type[Engine] = getattr(importlib.import_module(module), name)
    except (ImportError, OSError) as error:  # OSError: a shared library of the runtime is missing
        raise EngineUnavailableError(
            f"backend '{backend}': {error}", f"{install_advice(backend)}, or choose another"
        ) from error
    try:
        return engine_class(artifact, threads)
    except EngineError:
        raise
    except Exception as error:  # a backend may raise anything
        raise EngineError(
            f"backend '{backend}' cannot be opened ({type(error).__name__}: {error}). Try another backend or "
            "version of the runtime, and report it"
        ) from error
