# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A backend that hangs or keeps failing is replaced in time, and no engine is ever used by two threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends import watchdog
from grin_ros.core.backends.engine import EngineError, EngineSizeError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.backends.warm_up import warm_up
from grin_ros.core.backends.watchdog import FAILURES, MAX_HANGING, EngineHangsError, WatchedEngine
from grin_ros.core.estimator import Estimator
from grin_ros.core.types import Frame
from tests.core.backends import scripted
from tests.core.backends.scripted import Scripted, Second

SOON_S = 0.05
DEADLINE_S = 30.0


@pytest.fixture
def artifact(tiny_artifact: Path) -> Artifact:
    return load_artifact(tiny_artifact)


@pytest.fixture
def watch(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., WatchedEngine]]:
    monkeypatch.setitem(BACKENDS, "first", "tests.core.backends.scripted:Scripted")
    monkeypatch.setitem(BACKENDS, "second", "tests.core.backends.scripted:Second")
    scripted.reset()
    made: list[WatchedEngine] = []

    def start(*backends: str, limit_s: float = 0.0) -> WatchedEngine:
        made.append(WatchedEngine(backends, artifact, 1, limit_s))
        return made[-1]

    yield start
    Scripted.release.set()
    for engine in made:
        engine.close()
    join_engine_threads()
    assert all(engine.closed.is_set() for engine in [*Scripted.made, *Second.made])


def set_limit(estimator: Estimator, limit_s: float) -> None:
    assert isinstance(estimator.engine, WatchedEngine)
    estimator.engine.limit_s = limit_s


def join_engine_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "grin_engine":
            thread.join(DEADLINE_S)
            assert not thread.is_alive()


def test_it_answers_as_the_engine_does_and_runs_it_in_one_thread(
    watch: Callable[..., WatchedEngine], artifact: Artifact, tiny_frame: Frame
) -> None:
    engine = watch("first", limit_s=60.0)
    expected = Estimator(open_engine("ort", artifact, 1))(tiny_frame)
    got = Estimator(engine)(tiny_frame)
    np.testing.assert_array_equal(got.depth_m, expected.depth_m)
    np.testing.assert_array_equal(got.sigma_m, expected.sigma_m)
    warm_up(engine, 64, 48, 2)
    assert engine.description.startswith("onnxruntime")
    assert engine.caveat == ""
    engine.close()
    (inner,) = Scripted.made
    assert [thread.name for thread in inner.seen_in] == ["grin_engine"]
    assert inner.closed.is_set()


@pytest.mark.parametrize(("backends", "taken"), [(("first", "second"), Second), (("first",), Scripted)])
def test_a_hang_ends_in_time_and_the_next_frame_is_answered_by_the_next_engine(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, backends: tuple[str, ...], taken: type[Scripted]
) -> None:
    estimator = Estimator(watch(*backends, limit_s=DEADLINE_S))
    estimator(tiny_frame)
    Scripted.fault = "hangs"
    set_limit(estimator, SOON_S)
    told = f"a frame of 101x75 pixels in time .watchdog_s 0.05.*'{backends[-1]}' is opened.*, send smaller images"
    with pytest.raises(EngineHangsError, match=f"has not answered {told}"):
        estimator(tiny_frame)
    Scripted.fault = ""
    set_limit(estimator, DEADLINE_S)  # opening the next engine may take long
    assert np.isfinite(estimator(tiny_frame).depth_m).any()
    assert len(taken.made) == (1 if taken is Second else 2)
    assert "was opened after this: onnxruntime" in estimator.engine.caveat
    hung = Scripted.made[0]
    assert not hung.closed.is_set()  # its thread is still in it
    Scripted.release.set()
    assert hung.closed.wait(DEADLINE_S)  # its own thread closes it when the runtime returns
    for inner in (hung, taken.made[-1]):
        assert len(inner.seen_in) == 1
    assert hung.seen_in != taken.made[-1].seen_in


def test_the_first_frame_of_a_size_may_take_longer(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "first_frame_s", DEADLINE_S)
    estimator = Estimator(watch("first", limit_s=1e-9))
    assert np.isfinite(estimator(tiny_frame).depth_m).any()
    with pytest.raises(EngineHangsError):  # the second frame of its size has no time at all
        estimator(tiny_frame)


def test_another_camera_of_a_size_may_take_longer_once(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine may compile its graphs again for it."""
    monkeypatch.setattr(Scripted, "first_frame_s", DEADLINE_S)
    estimator = Estimator(watch("first", limit_s=1e-9))
    others = [replace(tiny_frame, camera=replace(tiny_frame.camera, fx=f_px)) for f_px in (70.0, 80.0)]
    for frame in (tiny_frame, others[0]):
        assert np.isfinite(estimator(frame).depth_m).any()
    with pytest.raises(EngineHangsError):
        estimator(others[1])


def test_what_the_caller_does_between_the_graphs_does_not_count(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed_s = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed_s)
    monkeypatch.setattr(watchdog, "time", clock)
    estimator = Estimator(watch("first", limit_s=DEADLINE_S))

    def slow_hints() -> None:
        nonlocal passed_s
        passed_s += 10.0 * DEADLINE_S

    for _ in range(2):
        assert np.isfinite(estimator(tiny_frame, hints=slow_hints).depth_m).any()


def test_an_image_that_is_too_large_is_no_fault_of_the_engine(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame
) -> None:
    estimator = Estimator(watch("first", "second"))
    Scripted.fault = "too large"
    for _ in range(FAILURES + 1):
        with pytest.raises(EngineSizeError, match="resize the image"):
            estimator(tiny_frame)
    Scripted.fault = ""
    assert np.isfinite(estimator(tiny_frame).depth_m).any()
    assert len(Scripted.made) == 1 and not Second.made


def test_without_a_limit_it_waits(watch: Callable[..., WatchedEngine], tiny_frame: Frame) -> None:
    estimator = Estimator(watch("first", limit_s=0.0))
    Scripted.fault = "hangs"
    threading.Timer(3 * SOON_S, Scripted.release.set).start()
    assert np.isfinite(estimator(tiny_frame).depth_m).any()


def test_no_more_engines_are_opened_if_several_hang(
    watch: Callable[..., WatchedEngine],
    tiny_frame: Frame,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """This holds for engines that hang while they open, too."""
    monkeypatch.setattr(watchdog, "REOPEN_S", SOON_S)
    monkeypatch.setattr(watchdog, "RETRY_S", 0.0)
    estimator = Estimator(watch("first", limit_s=SOON_S))
    Scripted.fault = "hangs"
    for _ in range(MAX_HANGING):
        with pytest.raises(EngineHangsError):
            estimator(tiny_frame)
    for _ in range(3):
        with pytest.raises(EngineError, match=f"no backend: {MAX_HANGING} engines hang; restart this process"):
            estimator(tiny_frame)
    assert caplog.text.count("is not used any more") == MAX_HANGING
    Scripted.fault = ""
    Scripted.release.set()  # all of them return, so another may be opened
    join_engine_threads()
    monkeypatch.setattr(watchdog, "REOPEN_S", DEADLINE_S)
    set_limit(estimator, DEADLINE_S)
    assert np.isfinite(estimator(tiny_frame).depth_m).any()


@pytest.mark.parametrize(
    ("fault", "text"),
    [("raises", "illegal memory access"), ("nan", "no positive depth"), ("shape", "got shape")],
)
def test_failures_in_a_row_open_the_next_backend_and_a_single_one_does_not(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, fault: str, text: str
) -> None:
    estimator = Estimator(watch("first", "second"))
    for _ in range(3):  # single failures with a good frame after them
        Scripted.fault = fault
        for _ in range(FAILURES - 1):
            with pytest.raises((EngineError, RuntimeError), match=text):
                estimator(tiny_frame)
        Scripted.fault = ""
        estimator(tiny_frame)
    assert not Second.made
    Scripted.fault = fault
    for _ in range(FAILURES):
        with pytest.raises((EngineError, RuntimeError), match=text):
            estimator(tiny_frame)
    assert Scripted.made[0].closed.wait(DEADLINE_S)
    assert np.isfinite(estimator(tiny_frame).depth_m).any()
    assert len(Second.made) == 1
    assert "failed 3 frames in a row, the last with: " in estimator.engine.caveat


def test_if_no_engine_opens_it_is_tried_again_later(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimator = Estimator(watch("first"))
    estimator(tiny_frame)
    Scripted.fault, Scripted.opens = "raises", False
    for _ in range(FAILURES):
        with pytest.raises(RuntimeError, match="illegal memory access"):
            estimator(tiny_frame)
    for _ in range(3):
        with pytest.raises(EngineError, match="no backend: .*libsomething.so.*opened again every 10 s"):
            estimator(tiny_frame)
    assert estimator.engine.description.startswith("none: ")
    Scripted.fault, Scripted.opens = "", True
    with pytest.raises(EngineError, match="no backend"):  # not yet
        estimator(tiny_frame)
    now_s = watchdog.time.monotonic()
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: now_s + 11.0)
    assert np.isfinite(estimator(tiny_frame).depth_m).any()


def test_an_engine_that_never_answers_is_not_opened_at_every_frame(
    watch: Callable[..., WatchedEngine], tiny_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimator = Estimator(watch("first"))
    Scripted.fault = "nan"
    refused = 0
    for _ in range(10):
        with pytest.raises(EngineError) as caught:
            estimator(tiny_frame)
        refused += "failed 3 frames in a row" in str(caught.value) and "opened again every 10 s" in str(caught.value)
    assert refused == 10 - FAILURES
    assert len(Scripted.made) == 1
    Scripted.fault, now_s = "", watchdog.time.monotonic()
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: now_s + 11.0)
    assert np.isfinite(estimator(tiny_frame).depth_m).any()
    assert len(Scripted.made) == 2


def test_a_wrong_backend_at_the_start_is_refused(
    watch: Callable[..., WatchedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "wrong", "tests.core.backends.broken:FivePercentTooFar")
    with pytest.raises(EngineError, match="gives wrong depth"):
        watch("wrong")
    engine = watch("wrong", "second")
    assert "runs on backend 'second' in place of 'wrong'" in engine.caveat
    engine.close()
    with pytest.raises(EngineError, match="was closed, open a new one"):
        engine.run("encode", {})
