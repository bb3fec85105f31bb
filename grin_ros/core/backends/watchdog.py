# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A watchdog for the engine: one that hangs or keeps failing is closed, and the next backend is opened.

Every engine has a thread of its own, which opens it, runs it and closes it, so an engine is never used by two threads.
The caller waits for that thread, but only as long as the limit says. A thread that hangs in its runtime cannot be
stopped: it is abandoned, and it closes its engine if the runtime ever returns.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import Artifact
from grin_ros.core.backends.answer_check import check_answer
from grin_ros.core.backends.engine import OF_CAMERA, Engine, EngineError, EngineSizeError, FusedDenoiser
from grin_ros.core.backends.opening import open_first
from grin_ros.core.sampling.sampler import Denoiser, Sample, Tensor, sample

logger = logging.getLogger(__name__)

FAILURES = 3
"""The number of frames that fail in a row before the engine is closed."""
RETRY_S = 10.0
"""Seconds between two attempts to open an engine, if none can be opened or the last one never answered a frame."""
REOPEN_S = 120.0
"""Seconds for another engine to open while frames wait. What it needs was built when the node was configured."""
MAX_HANGING = 3
"""The number of hanging engines after which no other is opened, because each keeps its memory and a thread."""
CLOSE_S = 30.0
"""Seconds for an engine to close before it counts as hanging."""

R = TypeVar("R")


class EngineHangsError(EngineError):
    """The engine has not answered in time; the text says what happens next."""


class WatchedEngine(Engine):
    """The first of `backends` that answers right, watched while it runs.

    If it hangs or fails FAILURES frames in a row, the next one is opened; the last one is opened again.
    """

    def __init__(self, backends: Sequence[str], artifact: Artifact, threads: int = 0, limit_s: float = 0.0) -> None:
        """Open an engine.

        limit_s: seconds for the answer to a frame, 0 is no limit. The first frame of a size may take the engine's
        `first_frame_s`. Raises EngineError if none of the backends can be used.
        """
        super().__init__(artifact, threads)
        self.limit_s = limit_s
        self._frame = "a frame"
        """The words for the present frame, with its size if it is known."""
        self._left_s: float | None = None
        """The seconds that the engine may still take for the present frame; None if it has no limit."""
        self._first_cameras: dict[tuple[int, ...], int] = {}
        """Size of an image -> the hash of its first camera, for which an engine may have compiled its graphs."""
        self._sizes: set[tuple[Any, ...]] = set()
        """The sizes of the present frame; `_known` holds the sizes of frames that were answered."""
        self._known: set[tuple[Any, ...]] = set()
        self._failures = 0
        self._hanging: list[_EngineThread] = []
        self._next: tuple[str, ...] = ()
        self._why_none = ""
        self._retry_at_s = 0.0
        self._closed = False
        self._thread: _EngineThread | None = None
        self._open(backends)

    @property
    def description(self) -> str:
        """The description of the engine that runs now."""
        thread = self._thread  # another thread may ask while a frame runs
        return thread.engine.description if thread else f"none: {self._why_none}"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return self._watched(lambda engine: engine.run(graph, inputs))

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Encode as Engine.encode does. After a failure the next engine is opened here."""
        if self._thread is None:
            self._reopen()
        size = np.shape(inputs["image"])
        self._frame = f"a frame of {size[2]}x{size[1]} pixels"
        camera = hash(tuple(np.asarray(inputs[name]).tobytes() for name in OF_CAMERA if name in inputs))
        self._sizes = {("image", *size, self._first_cameras.setdefault(size, camera) == camera)}
        self._begin()
        return self._watched(lambda engine: engine.encode(inputs))

    def denoiser(self, tokens: Mapping[str, Tensor]) -> Denoiser:
        return FusedDenoiser(self, tokens, self.denoise_loop)

    def denoise_loop(
        self, tokens: Mapping[str, Tensor], x: Tensor, latents: Tensor, levels: NDArray[np.float32]
    ) -> Sample:
        """Do all steps in the engine's thread at once, so that the steps need not wait for this one."""
        members = ("members", len(x))
        if members not in self._known:
            self._sizes.add(members)
            self._begin()
        return self._watched(lambda engine: sample(engine.denoiser(tokens), x, latents, levels, share_first_step=False))

    def decode(self, inputs: Mapping[str, Tensor]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Decode as Engine.decode does. Raises EngineError if the answer cannot be depth."""

        def checked(engine: Engine) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            depth_m, sigma_m = engine.decode(inputs)
            check_answer(depth_m, sigma_m, np.asarray(inputs["ray_z"])[0])
            return depth_m, sigma_m

        answer = self._watched(checked)
        self._left_s = None
        self._known |= self._sizes
        self._failures = 0
        return answer

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return self._watched(lambda engine: engine.to_host(tensor))

    def close(self) -> None:
        """Close the engine in its thread. A hanging one is abandoned."""
        if self._thread is not None:
            self._thread.finish()
        self._thread, self._closed, self._why_none = None, True, "the engine was closed, open a new one"

    def _begin(self) -> None:
        """Start the time limit of a frame. What the caller does between the graphs does not count."""
        self._left_s = None
        if self.limit_s > 0.0 and self._thread is not None:
            allowed_s = self.limit_s
            if not self._sizes <= self._known:
                allowed_s = max(allowed_s, self._thread.engine.first_frame_s)
            self._left_s = allowed_s

    def _watched(self, work: Callable[[Engine], R]) -> R:
        """Return the result of `work`, done in the engine's thread. Raises EngineHangsError if it takes too long."""
        thread = self._thread
        if thread is None:
            raise EngineError(f"no backend: {self._why_none}")
        future, began_s = thread.submit(lambda: work(thread.engine)), time.monotonic()
        wait([future], self._remaining_s())
        if self._left_s is not None:
            self._left_s = max(0.0, self._left_s - (time.monotonic() - began_s))
        if not future.done():
            what = f"{thread.engine.description} has not answered {self._frame} in time (watchdog_s {self.limit_s:g})"
            self._hanging.append(thread)
            self._give_up(thread, what)
            raise EngineHangsError(
                f"{what}; this frame is lost, and backend '{self._next[0]}' is opened for the next one. If this "
                "happens again, reduce steps and members if they are more than 1, send smaller images, check the "
                "device and its driver, and restart this process"
            )
        try:
            return future.result()
        except Exception as error:
            self._left_s = None
            self._failures += not isinstance(error, EngineSizeError)
            if self._failures >= FAILURES:
                who = thread.engine.description
                self._give_up(thread, f"{who} failed {FAILURES} frames in a row, the last with: {error}")
                thread.join(CLOSE_S)
                self._hanging += [thread] * thread.is_alive()
            raise

    def _remaining_s(self) -> float | None:
        """Return the seconds left for the present frame, or the whole limit between frames; None is no limit."""
        if self._left_s is not None:
            return self._left_s
        return self.limit_s if self.limit_s > 0.0 else None

    def _give_up(self, thread: _EngineThread, reason: str) -> None:
        """Stop using an engine; its thread closes it as soon as it can. reason: for the log and the diagnostics."""
        logger.error("%s; backend '%s' is not used any more", reason, thread.backends[0])
        self._next = thread.backends[1:] or thread.backends
        self._thread, self._why_none, self._retry_at_s = None, reason, 0.0
        if self._next == thread.backends and not self._known:  # it never answered: opening it at every frame is no use
            self._why_none = f"{reason}; opened again every {RETRY_S:.0f} s"
            self._retry_at_s = time.monotonic() + RETRY_S
        self._known.clear()
        self._first_cameras.clear()
        self._failures, self._left_s = 0, None
        thread.abandon()

    def _reopen(self) -> None:
        """Open another engine. Raises EngineError if none can be used."""
        if self._closed or time.monotonic() < self._retry_at_s:
            return
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= MAX_HANGING:
            self._why_none = (
                f"{len(self._hanging)} engines hang; restart this process, and check the device and its driver"
            )
            return
        try:
            self._open(self._next, given_up=self._why_none)
        except EngineHangsError:
            raise
        except EngineError as error:
            self._retry_at_s = time.monotonic() + RETRY_S
            self._why_none = f"{error}; opened again every {RETRY_S:.0f} s"
            raise EngineError(f"no backend: {self._why_none}") from error

    def _open(self, backends: Sequence[str], given_up: str = "") -> None:
        """Open the first of `backends` that answers right. given_up: what happened to the engine before."""
        thread = _EngineThread(backends, self.artifact, self.threads)
        if given_up and not thread.opened_within(REOPEN_S):
            what = f"backend '{backends[0]}' was opened again and has not answered in {REOPEN_S:g} s"
            self._hanging.append(thread)
            self._give_up(thread, what)
            raise EngineHangsError(what)
        engine = thread.engine
        self._thread = thread
        after = f"{engine.description} was opened after this: {given_up}" if given_up else ""
        self.reason = engine.reason
        self.caveat = " | ".join(text for text in (after, engine.caveat) if text)
        if given_up:
            logger.warning("%s", self.caveat)


def engine_threads() -> int:
    """Return how many threads of engines are alive in this process: open, being opened, or hanging."""
    return sum(isinstance(thread, _EngineThread) for thread in threading.enumerate())


class _EngineThread(threading.Thread):
    """Opens the first engine of `backends` that can be used, runs what is submitted in order, and closes the engine.

    It is a daemon, so that a hanging backend does not keep the process from ending.
    """

    def __init__(self, backends: Sequence[str], artifact: Artifact, threads: int) -> None:
        super().__init__(name="grin_engine", daemon=True)
        self.backends = tuple(backends)
        """The backend that runs, once it is open, and those after it."""
        self._artifact, self._threads = artifact, threads
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._opened: Future[Engine] = Future()
        self.start()

    @property
    def engine(self) -> Engine:
        """The engine; waits until it is open. Raises EngineError if none of the backends can be used."""
        return self._opened.result()

    def opened_within(self, limit_s: float) -> bool:
        """Wait until an engine is open or refused. Returns False if that takes longer than `limit_s`."""
        return bool(wait([self._opened], limit_s).done)

    def submit(self, work: Callable[[], R]) -> Future[R]:
        """Run `work` in this thread after what was submitted before."""
        future: Future[R] = Future()
        self._jobs.put((future, work))
        return future

    def abandon(self) -> None:
        """Close the engine when the present work ends, and return at once."""
        self._jobs.put(None)

    def finish(self) -> None:
        """Close the engine, and wait for that."""
        self.abandon()
        self.join(CLOSE_S)

    def run(self) -> None:
        try:
            opened = open_first(self.backends, self._artifact, self._threads)
        except BaseException as error:  # the caller waits for the result, whatever it is
            self._opened.set_exception(error)
            return
        engine, self.backends = opened.engine, opened.remaining
        self._opened.set_result(engine)
        while (job := self._jobs.get()) is not None:
            future, work = job
            try:
                future.set_result(work())
            except BaseException as error:  # the caller waits for it
                future.set_exception(error)
            del job, future, work  # else the tensors of a frame would be kept until the next one comes
        try:
            engine.close()
        except Exception as error:  # a backend may raise anything, and nobody waits
            logger.warning("%s could not be closed: %s; its memory may not be freed", engine.description, error)
