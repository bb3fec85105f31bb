# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An engine that is watched while it runs: one that hangs or keeps failing is given up, and the next one opened.

Every engine has a thread of its own, which opens it, runs it and closes it; so no engine is ever in two threads. The
caller waits for that thread, but not longer than it was told. A thread that hangs in its runtime cannot be ended: it is
left behind with its engine, which it closes should the runtime ever return.
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
from grin_ros.core.backends.engine import Engine, EngineError, FusedDenoiser
from grin_ros.core.backends.opening import open_first
from grin_ros.core.sampling.sampler import Denoiser, Sample, Tensor, sample

logger = logging.getLogger(__name__)

FAILURES = 3
"""Frames that fail in a row before the engine is given up."""
RETRY_S = 10.0
"""Between two attempts where none would open, or the last one left answered no frame."""
REOPEN_S = 120.0
"""For an engine to open in the place of another: what it needs was built when the node was configured."""
MAX_HANGING = 3
"""Engines left behind, hanging: each holds its memory and a thread. No more are opened then."""
CLOSE_S = 30.0
"""For an engine to close, before it counts as one that hangs."""

R = TypeVar("R")


class EngineHangsError(EngineError):
    """The engine has not answered in time; the text says what is done about it."""


class WatchedEngine(Engine):
    """The first of `backends` that answers right; the next one where it hangs or fails `FAILURES` frames in a row, the
    same one again where it is the last."""

    def __init__(self, backends: Sequence[str], artifact: Artifact, threads: int = 0, limit_s: float = 0.0) -> None:
        """limit_s: for the answer to a frame; 0 = any time. The first frame of a size may take the engine's own
        `first_frame_s`. Raises EngineError where none of the backends can be used."""
        super().__init__(artifact, threads)
        self._limit_s = limit_s
        self._deadline_s: float | None = None
        """Of the frame under way, where it has one."""
        self._sizes: set[tuple[Any, ...]] = set()
        """Of the present frame; `_known` are those that have been answered."""
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
        """Of the engine that runs now."""
        thread = self._thread  # others ask, while a frame runs
        return thread.engine.description if thread else f"none: {self._why_none}"

    def run(self, graph: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return self._watched(lambda engine: engine.run(graph, inputs))

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As Engine.encode; the time of a frame begins here, and after a failure the next engine is opened here."""
        if self._thread is None:
            self._reopen()
        self._sizes = {("image", *np.shape(inputs["image"]))}
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
        """As Engine.decode. Raises EngineError where the answer cannot be depth."""

        def checked(engine: Engine) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            depth_m, sigma_m = engine.decode(inputs)
            check_answer(depth_m, sigma_m, np.asarray(inputs["ray_z"])[0])
            return depth_m, sigma_m

        answer = self._watched(checked)
        self._deadline_s = None
        self._known |= self._sizes
        self._failures = 0
        return answer

    def to_host(self, tensor: Tensor) -> NDArray[Any]:
        return self._watched(lambda engine: engine.to_host(tensor))

    def close(self) -> None:
        """Close the engine, in its thread. One that hangs is left behind."""
        if self._thread is not None:
            self._thread.finish()
        self._thread, self._closed, self._why_none = None, True, "the engine was closed, open a new one"

    def _begin(self) -> None:
        """From now on the time runs."""
        self._deadline_s = None
        if self._limit_s > 0.0 and self._thread is not None:
            allowed_s = self._limit_s
            if not self._sizes <= self._known:
                allowed_s = max(allowed_s, self._thread.engine.first_frame_s)
            self._deadline_s = time.monotonic() + allowed_s

    def _watched(self, work: Callable[[Engine], R]) -> R:
        """The answer of `work`, done in the engine's thread, if it comes before the deadline."""
        thread = self._thread
        if thread is None:
            raise EngineError(f"no backend: {self._why_none}")
        future = thread.submit(lambda: work(thread.engine))
        wait([future], self._remaining_s())
        if not future.done():
            what = f"{thread.engine.description} has not answered a frame in time (watchdog_s {self._limit_s:g})"
            self._hanging.append(thread)
            self._give_up(thread, what)
            raise EngineHangsError(
                f"{what}; it is left behind, and backend '{self._next[0]}' is opened at the next frame. Where this "
                "comes again, check the device and its driver, and start this process anew"
            )
        try:
            return future.result()
        except Exception as error:
            self._deadline_s = None
            self._failures += 1
            if self._failures >= FAILURES:
                who = thread.engine.description
                self._give_up(thread, f"{who} failed {FAILURES} frames in a row, the last with: {error}")
                thread.join(CLOSE_S)
                self._hanging += [thread] * thread.is_alive()
            raise

    def _remaining_s(self) -> float | None:
        """Of the frame under way; all of the limit where there is none."""
        if self._deadline_s is not None:
            return max(0.0, self._deadline_s - time.monotonic())
        return self._limit_s if self._limit_s > 0.0 else None

    def _give_up(self, thread: _EngineThread, what: str) -> None:
        """The engine is not used again; its thread closes it as soon as it can."""
        logger.error("%s; backend '%s' is given up", what, thread.backends[0])
        self._next = thread.backends[1:] or thread.backends
        self._thread, self._why_none, self._retry_at_s = None, what, 0.0
        if self._next == thread.backends and not self._known:  # it never worked: there is no hurry
            self._why_none, self._retry_at_s = f"{what}; tried again every {RETRY_S:.0f} s", time.monotonic() + RETRY_S
        self._known.clear()
        self._failures, self._deadline_s = 0, None
        thread.abandon()

    def _reopen(self) -> None:
        """Open one in the place of that which was given up. Raises EngineError where none can be used."""
        if self._closed or time.monotonic() < self._retry_at_s:
            return
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= MAX_HANGING:
            self._why_none = f"{len(self._hanging)} engines hang; start this process anew, and check device and driver"
            return
        try:
            self._open(self._next, given_up=self._why_none)
        except EngineHangsError:
            raise
        except EngineError as error:
            self._retry_at_s = time.monotonic() + RETRY_S
            self._why_none = f"{error}; tried again every {RETRY_S:.0f} s"
            raise EngineError(f"no backend: {self._why_none}") from error

    def _open(self, backends: Sequence[str], given_up: str = "") -> None:
        """given_up: what happened to the one before."""
        thread = _EngineThread(backends, self.artifact, self.threads)
        if given_up and not thread.opened_within(REOPEN_S):
            what = f"backend '{backends[0]}' was to be opened anew and has not answered in {REOPEN_S:g} s"
            self._hanging.append(thread)
            self._give_up(thread, what)
            raise EngineHangsError(what)
        engine = thread.engine
        self._thread = thread
        after = f"{engine.description} was opened after this: {given_up}" if given_up else ""
        self.caveat = " | ".join(text for text in (after, engine.caveat) if text)
        if given_up:
            logger.warning("%s", self.caveat)


class _EngineThread(threading.Thread):
    """Opens the first engine of `backends` that can be used, does what is submitted, one after the other, and closes
    the engine. A daemon: a backend that hangs must not keep the process from ending."""

    def __init__(self, backends: Sequence[str], artifact: Artifact, threads: int) -> None:
        super().__init__(name="grin_engine", daemon=True)
        self.backends = tuple(backends)
        """The one that runs, once it is open, and those after it."""
        self._artifact, self._threads = artifact, threads
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._opened: Future[Engine] = Future()
        self.start()

    @property
    def engine(self) -> Engine:
        """Waits until it is open. Raises EngineError where none of the backends can be used."""
        return self._opened.result()

    def opened_within(self, limit_s: float) -> bool:
        return bool(wait([self._opened], limit_s).done)

    def submit(self, work: Callable[[], R]) -> Future[R]:
        future: Future[R] = Future()
        self._jobs.put((future, work))
        return future

    def abandon(self) -> None:
        """Close the engine after what is under way, whenever that ends."""
        self._jobs.put(None)

    def finish(self) -> None:
        """Close the engine, and wait for it."""
        self.abandon()
        self.join(CLOSE_S)

    def run(self) -> None:
        try:
            opened = open_first(self.backends, self._artifact, self._threads)
        except BaseException as error:  # whatever it is, somebody waits for it
            self._opened.set_exception(error)
            return
        engine, self.backends = opened.engine, opened.remaining
        self._opened.set_result(engine)
        while (job := self._jobs.get()) is not None:
            future, work = job
            try:
                future.set_result(work())
            except BaseException as error:  # as above
                future.set_exception(error)
            del job, future, work  # tensors of a frame must not live on until the next one comes
        try:
            engine.close()
        except Exception as error:  # a backend may raise anything; there is nobody to hear it
            logger.warning("%s: closing failed: %s", engine.description, error)
