# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Transitions of the node: one that fails says why and leaves nothing behind, and many of them leak nothing."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy

from benchmarks.stand_in.engine import FakeEngine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.ros import commands
from grin_ros.ros.node import lifecycle
from tests.ros.in_process import counts, send, submit, value, verdict

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
CYCLES, ACTIVATIONS = 100, 5


class WrongEngine(FakeEngine):
    """An engine whose depth is 10 % too far, like that of a broken runtime."""

    def run(self, graph: str, inputs: Any) -> dict[str, Any]:
        out = super().run(graph, inputs)
        return {**out, "depth_m": out["depth_m"] * 1.1} if graph == "decode" else out


class BrokenEngine(FakeEngine):
    """An engine that cannot be opened."""

    def __init__(self, *_: Any) -> None:
        raise OSError("libsomething.so: cannot open shared object file")


class HangingEngine(FakeEngine):
    """An engine that answers the golden sample and then waits for `release`."""

    release = threading.Event()
    working = threading.Event()
    closed = threading.Event()
    armed = False

    def run(self, graph: str, inputs: Any) -> dict[str, Any]:
        if HangingEngine.armed and graph == "encode":
            HangingEngine.working.set()
            HangingEngine.release.wait(60.0)
        return super().run(graph, inputs)

    def close(self) -> None:
        HangingEngine.closed.set()


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WrongEngine", "BrokenEngine", "HangingEngine"):
        monkeypatch.setitem(BACKENDS, name.removesuffix("Engine").lower(), f"{__name__}:{name}")
    for event in (HangingEngine.release, HangingEngine.working, HangingEngine.closed):
        event.clear()


def reason(node: Any) -> str:
    """Return the message of an ERROR; empty if there is none."""
    level, message = verdict(node)
    return message if level == DiagnosticStatus.ERROR else ""


def subscribed(node: Any) -> list[str]:
    return [
        subscription.topic_name for subscription in node.subscriptions if "parameter" not in subscription.topic_name
    ]


def test_the_node_goes_through_all_states(make: Callable[..., Any]) -> None:
    node = make()
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert subscribed(node) == ["/camera_info", "/image"]
    assert node.trigger_deactivate() == SUCCESS
    assert node.trigger_cleanup() == SUCCESS
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_shutdown() == SUCCESS
    assert subscribed(node) == []
    assert not reason(node)


def test_with_compressed_the_node_subscribes_to_the_compressed_image(make: Callable[..., Any]) -> None:
    node = make(compressed=True)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert subscribed(node) == ["/camera_info", "/image/compressed"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"model": "nonesuch"}, "model: got 'nonesuch', which is neither a folder nor a shipped model"),
        ({"backend": "ortt"}, "backend: got 'ortt', expected one of"),
        ({"backend": "wrong"}, "gives wrong depth"),
        ({"backend": "broken"}, "OSError: libsomething.so"),
        ({"steps": "two"}, "parameter steps: got 'two' (string), expected an integer from 1 to 50"),
        ({"steps": 99}, "parameter steps: got 99, expected an integer from 1 to 50"),
        ({"max_depth_m": "80"}, "parameter max_depth_m: got '80' (string), expected a double from 0.001 to 1000 m"),
        ({"max_depth_m": float("nan")}, "parameter max_depth_m: got nan"),
        ({"threads": "many"}, "parameter threads: got 'many'"),
        ({"model": ""}, "parameter model: got an empty text"),
        ({"min_depth_m": 90.0}, "min_depth_m, max_depth_m: got 90.0, 80.0"),
        ({"steps": 99, "members": 0}, "members: got 0"),
    ],
)
def test_configure_fails_with_the_reason_and_leaves_nothing(
    make: Callable[..., Any], values: dict[str, Any], text: str
) -> None:
    node = make(**values)
    before = [publisher.topic_name for publisher in node.publishers]
    for _ in range(2):  # a second attempt fails in the same way
        assert node.trigger_configure() == FAILURE
        assert reason(node).startswith("configure failed: ")
        assert text in reason(node)
        assert [publisher.topic_name for publisher in node.publishers] == before
        assert value(node, "lifecycle state") == "unconfigured"


def test_a_start_value_may_be_an_integer_where_a_double_is_expected(make: Callable[..., Any]) -> None:
    node = make(max_depth_m=40)
    assert node.trigger_configure() == SUCCESS
    assert node.get_parameter("max_depth_m").value == 40.0
    assert node.set_parameters([Parameter("max_depth_m", value=50.0)])[0].successful


def test_after_a_wrong_start_value_a_right_one_can_be_set(make: Callable[..., Any]) -> None:
    node = make(steps="two", members=99, max_depth_m=float("nan"))
    assert node.trigger_configure() == FAILURE
    for name, good in (("steps", 3), ("members", 2)):
        assert node.set_parameters([Parameter(name, value=good)])[0].successful
    assert node.trigger_configure() == FAILURE
    assert "steps" not in reason(node)
    assert "max_depth_m" in reason(node)
    assert node.set_parameters([Parameter("max_depth_m", value=50.0)])[0].successful
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    assert send(node) == "published"
    assert (value(node, "steps now"), value(node, "members now")) == ("3", "2")


def test_an_unknown_parameter_is_reported_with_the_nearest_known_one(
    make: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    make(stepz=3, mounting__knwon=True, use_sim_time=False)
    said = capfd.readouterr().err
    assert "parameter 'stepz' is not known and has no effect; did you mean 'steps'?" in said
    assert "did you mean 'mounting.known'?" in said
    assert "use_sim_time" not in said


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda folder: (folder / "denoise.onnx").write_bytes(b"other"), "is corrupt or was changed: export"),
        (lambda folder: (folder / "decode.onnx").unlink(), "missing; export the model again"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "not valid JSON"),
        (lambda folder: (folder / "manifest.json").unlink(), "cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text(json.dumps({"format": 99})), "got format 99"),
    ],
)
def test_a_damaged_artifact_is_refused_and_a_repaired_one_works(
    make: Callable[..., Any], fake_artifact: Path, tmp_path: Path, damage: Callable[[Path], Any], text: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(fake_artifact, folder)
    damage(folder)
    node = make(model=str(folder))
    assert node.trigger_configure() == FAILURE
    assert text in reason(node)
    shutil.copytree(fake_artifact, folder, dirs_exist_ok=True)
    assert node.trigger_configure() == SUCCESS
    assert not reason(node)


@pytest.mark.parametrize("end", ["trigger_cleanup", "trigger_shutdown"])
def test_a_transition_that_failed_is_no_error_after_one_that_succeeds(make: Callable[..., Any], end: str) -> None:
    node = make(**{"qos_overrides./image.subscription.reliability": "sometimes"})
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == FAILURE
    assert "activate failed" in reason(node)
    assert getattr(node, end)() == SUCCESS
    assert not reason(node)


def test_a_node_that_was_shut_down_says_how_to_get_it_back(make: Callable[..., Any]) -> None:
    node = make(backend="nonesuch")
    assert node.trigger_configure() == FAILURE
    assert "configure" in reason(node)
    assert node.trigger_shutdown() == SUCCESS
    level, message = verdict(node)
    assert level == DiagnosticStatus.OK
    assert message == "finalized: the node was shut down and publishes nothing until its process is started again"


def test_the_node_subscribes_best_effort_and_publishes_reliably(make: Callable[..., Any]) -> None:
    """docs/reference/topics.md says so."""
    node = make(hints__scan=True)
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    asked = [each for name in ("/image", "/hints/scan") for each in node.get_subscriptions_info_by_topic(name)]
    offered = [each for name in ("/points", "/diagnostics") for each in node.get_publishers_info_by_topic(name)]
    assert [each.qos_profile.reliability for each in asked] == [ReliabilityPolicy.BEST_EFFORT] * 2
    assert [each.qos_profile.reliability for each in offered] == [ReliabilityPolicy.RELIABLE] * 2


def test_an_impossible_qos_override_fails_configure(make: Callable[..., Any]) -> None:
    node = make(**{"qos_overrides./points.publisher.reliability": "sometimes"})
    assert node.trigger_configure() == FAILURE
    assert "sometimes" in reason(node)


def stuck(make: Callable[..., Any]) -> Any:
    """Return an active node whose backend waits for `HangingEngine.release` with a frame."""
    node = make(backend="hanging")
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    HangingEngine.armed = True
    submit(node)
    assert HangingEngine.working.wait(60.0)
    return node


def test_a_backend_that_hangs_is_not_closed_while_it_works(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "STOP_TIMEOUT_S", 0.05)
    node = stuck(make)
    assert node.trigger_deactivate() == TransitionCallbackReturn.ERROR
    assert not HangingEngine.closed.is_set()
    assert "has not answered" in reason(node)
    HangingEngine.release.set()
    monkeypatch.setattr(lifecycle, "STOP_TIMEOUT_S", 60.0)
    node.close()
    assert HangingEngine.closed.is_set()
    HangingEngine.armed = False


def test_a_backend_that_answers_late_leaves_an_unconfigured_node_that_says_so(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backend answers after deactivate has given up, while the node recovers from that."""
    monkeypatch.setattr(lifecycle, "STOP_TIMEOUT_S", 2.0)
    node = stuck(make)

    def answer_late() -> None:
        while "has not answered" not in reason(node):
            time.sleep(0.01)
        HangingEngine.release.set()

    late = threading.Thread(target=answer_late)
    late.start()
    assert node.trigger_deactivate() == TransitionCallbackReturn.ERROR
    late.join()
    HangingEngine.armed = False
    level, message = verdict(node)
    assert level == DiagnosticStatus.ERROR
    assert f"it is unconfigured; {commands.transitions('/grin', 'configure', 'activate')}" in message
    assert node.trigger_configure() == SUCCESS
    assert not reason(node)


def test_five_hundred_activations_leak_neither_threads_nor_files_nor_entities(make: Callable[..., Any]) -> None:
    node = make()

    def cycle() -> None:
        assert node.trigger_configure() == SUCCESS
        for _ in range(ACTIVATIONS):
            assert node.trigger_activate() == SUCCESS
            submit(node)
            assert node.trigger_deactivate() == SUCCESS
        assert node.trigger_cleanup() == SUCCESS

    def held() -> tuple[int, int, int, int]:
        entities = len(list(node.publishers)) + len(list(node.subscriptions)) + len(list(node.timers))
        threads, files = (len(os.listdir(f"/proc/self/{kind}")) for kind in ("task", "fd"))
        return threads, files, entities, len(node._managed_entities)

    cycle()
    before = held()
    for _ in range(CYCLES):
        cycle()
    threads, files, entities, managed = held()
    assert (entities, managed) == before[2:]
    assert threads <= before[0] + 1  # a thread that has ended may still be listed for a moment
    assert files <= before[1] + 3
    numbers = counts(node)
    assert numbers["received"] == (CYCLES + 1) * ACTIVATIONS
    assert numbers["received"] == numbers["published"] + numbers["dropped"]
