# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Another backend is taken only where the operator named it, only for a reason, and the reason is told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from grin_ros.core.artifact import load_artifact
from grin_ros.core.backends import auto
from grin_ros.core.backends.base import ENGINES, EngineError, EngineUnavailableError, open_engine
from grin_ros.core.backends.fallback import named_backends, open_first


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "wrong", "tests.core.backends.test_open_engine:FivePercentTooFar")
    monkeypatch.setitem(ENGINES, "absent", "grin_ros_runtime_that_is_not_installed:Engine")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("  ", ()), ("ort", ("ort",)), ("openvino,ort", ("openvino", "ort")), (" auto , ort ", ("auto", "ort"))],
)
def test_names_are_read(text: str, expected: tuple[str, ...]) -> None:
    assert named_backends(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ortt", r"fallback: got 'ortt' in 'ortt', expected backends .*, of auto, .*did you mean 'ort'"),
        ("ort,,openvino", "fallback: got '' in 'ort,,openvino'"),
        ("ort openvino", "fallback: got 'ort openvino'"),
        ("ort, ort", "fallback: got 'ort, ort', expected every backend once"),
    ],
)
def test_a_slip_of_the_pen_is_told_at_once(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        named_backends(text)


def test_without_a_fallback_the_error_is_the_backend_s_own(tiny_artifact: Path) -> None:
    with pytest.raises(EngineError, match="^backend 'wrong' .*gives wrong depth.*it is not used"):
        open_first(["wrong"], load_artifact(tiny_artifact), threads=1)


def test_the_first_that_answers_right_is_taken_and_says_what_was_wrong_with_those_before(
    tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine, rest = open_first(["absent", "wrong", "ort", "reference"], load_artifact(tiny_artifact), threads=1)
    assert engine.description.startswith("onnxruntime")
    assert rest == ("ort", "reference")
    assert engine.caveat.startswith("runs on backend 'ort' in place of 'absent': ")
    assert "No module named" in engine.caveat
    assert "gives wrong depth" in engine.caveat
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 3


def test_the_first_one_has_no_caveat(tiny_artifact: Path) -> None:
    engine, rest = open_first(["ort", "wrong"], load_artifact(tiny_artifact), threads=1)
    assert engine.caveat == ""
    assert rest == ("ort", "wrong")


def test_where_none_answers_right_every_reason_is_told(tiny_artifact: Path) -> None:
    with pytest.raises(EngineError, match="none of the backends absent, wrong can be used: .*No module.*wrong depth"):
        open_first(["absent", "wrong"], load_artifact(tiny_artifact), threads=1)


def test_a_name_that_is_no_backend_is_not_fallen_back_from(tiny_artifact: Path) -> None:
    with pytest.raises(EngineError, match="backend: got 'ortt', expected one of"):
        open_first(["ortt", "ort"], load_artifact(tiny_artifact), threads=1)


def test_whatever_a_backend_raises_while_opening_is_fallen_back_from(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "broken", "tests.core.backends.scripted:Scripted")
    monkeypatch.setattr("tests.core.backends.scripted.Scripted.opens", False)
    with pytest.raises(EngineError, match="'broken' cannot be opened .OSError: libsomething.so") as caught:
        open_engine("broken", load_artifact(tiny_artifact))
    assert not isinstance(caught.value, EngineUnavailableError)
    assert open_first(["broken", "ort"], load_artifact(tiny_artifact), threads=1)[1] == ("ort",)


def test_auto_has_a_caveat_only_where_a_better_one_is_here_and_wrong(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = load_artifact(tiny_artifact)
    monkeypatch.setattr(auto, "preferences", lambda: iter([("absent", ""), ("ort", "")]))
    assert open_engine("auto", artifact, threads=1).caveat == ""
    monkeypatch.setattr(auto, "preferences", lambda: iter([("wrong", ""), ("ort", "")]))
    assert "a better one is here and cannot be used: wrong: " in open_engine("auto", artifact, threads=1).caveat
