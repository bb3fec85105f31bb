# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several candidates: the first that answers right is opened, and the reasons against the others are reported."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends import opening, preferences
from grin_ros.core.backends.engine import EngineError, EngineUnavailableError
from grin_ros.core.backends.onnxruntime import OrtEngine
from grin_ros.core.backends.opening import open_engine, open_first
from grin_ros.core.backends.preferences import named_backends
from grin_ros.core.backends.registry import BACKENDS

GPU = ("trt-fp16", "trt", "ort-cuda")


@pytest.fixture(autouse=True)
def unusable_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "wrong", "tests.core.backends.broken:FivePercentTooFar")
    monkeypatch.setitem(BACKENDS, "absent", "grin_ros_runtime_that_is_not_installed:Engine")


@pytest.fixture
def artifact(tiny_artifact: Path) -> Artifact:
    return load_artifact(tiny_artifact)


def auto_prefers(monkeypatch: pytest.MonkeyPatch, *backends: str) -> None:
    monkeypatch.setattr(opening, "preferences", lambda: iter([(name, f"reason for {name}") for name in backends]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("  ", ()), ("ort", ("ort",)), ("openvino,ort", ("openvino", "ort")), (" auto , ort ", ("auto", "ort"))],
)
def test_names_are_read(text: str, expected: tuple[str, ...]) -> None:
    assert named_backends(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ortt", r"fallback: got 'ortt' in 'ortt', expected names of backends .*, of auto, .*did you mean 'ort'"),
        ("ort,,openvino", "fallback: got '' in 'ort,,openvino'"),
        ("ort openvino", "fallback: got 'ort openvino'"),
        ("ort, ort", "fallback: got 'ort, ort', expected every backend once"),
    ],
)
def test_a_misspelt_or_repeated_name_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        named_backends(text)


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        ("GenuineIntel", "avx2 amx_bf16 amx_tile", [*GPU, "openvino-bf16", "openvino", "ort"]),
        ("GenuineIntel", "avx2 avx512f", [*GPU, "openvino", "ort"]),
        ("AuthenticAMD", "avx2 avx512_bf16", [*GPU, "openvino-bf16", "openvino", "ort"]),
        ("AuthenticAMD", "avx2", [*GPU, "openvino", "ort"]),
        ("", "", [*GPU, "ort"]),
    ],
)
def test_auto_prefers_what_is_fast_on_the_processor(
    monkeypatch: pytest.MonkeyPatch, vendor: str, flags: str, expected: list[str]
) -> None:
    monkeypatch.setattr(preferences, "cpu_facts", lambda: {"vendor": vendor, "name": "X", "flags": flags})
    assert [backend for backend, _ in preferences.preferences()] == expected


def test_the_error_of_a_single_backend_is_its_own(artifact: Artifact) -> None:
    with pytest.raises(EngineError, match="^backend 'wrong' .*gives wrong depth.*it is not used"):
        open_engine(["wrong"], artifact, threads=1)
    with pytest.raises(EngineUnavailableError, match="^backend 'absent': No module named"):
        open_engine("absent", artifact, threads=1)


def test_the_first_that_answers_right_runs_and_says_why_the_others_do_not(
    artifact: Artifact, caplog: pytest.LogCaptureFixture
) -> None:
    opened = open_first(["absent", "wrong", "ort", "reference"], artifact, threads=1)
    assert opened.engine.description.startswith("onnxruntime")
    assert opened.remaining == ("ort", "reference")
    assert opened.engine.caveat.startswith("runs on backend 'ort' in place of 'absent': ")
    assert "No module named" in opened.engine.caveat
    assert "gives wrong depth" in opened.engine.caveat
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 3


def test_the_first_choice_has_no_caveat(artifact: Artifact) -> None:
    opened = open_first(["ort", "wrong"], artifact, threads=1)
    assert opened.engine.caveat == ""
    assert opened.remaining == ("ort", "wrong")


def test_if_none_answers_right_the_error_says_why_for_each(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    auto_prefers(monkeypatch, "absent", "wrong")
    for backends in (["absent", "wrong"], ["auto"]):
        with pytest.raises(EngineError, match="none of the backends .*absent: .*No module.*wrong: .*gives wrong depth"):
            open_engine(backends, artifact, threads=1)


def test_an_unknown_name_is_an_error_even_if_another_backend_would_run(artifact: Artifact) -> None:
    with pytest.raises(EngineError, match="backend: got 'ortt', expected one of"):
        open_engine(["ortt", "ort"], artifact, threads=1)


def test_a_backend_that_raises_while_it_opens_is_passed_over(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "broken", "tests.core.backends.scripted:Scripted")
    monkeypatch.setattr("tests.core.backends.scripted.Scripted.opens", False)
    with pytest.raises(EngineError, match="'broken' cannot be opened .OSError: libsomething.so") as caught:
        open_engine("broken", artifact)
    assert not isinstance(caught.value, EngineUnavailableError)
    assert open_first(["broken", "ort"], artifact, threads=1).remaining == ("ort",)


def test_auto_warns_of_a_wrong_backend_but_not_of_an_absent_one(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    auto_prefers(monkeypatch, "absent", "wrong", "ort")
    engine = open_engine("auto", artifact, threads=1)
    assert type(engine) is OrtEngine
    said = [(record.levelname, record.getMessage()) for record in caplog.records if "backend '" in record.getMessage()]
    assert [level for level, text in said if "is not used:" in text and "runs on" not in text] == ["INFO", "WARNING"]
    assert any(text.startswith("backend 'ort' is used (onnxr") and "reason for ort" in text for _, text in said)
    assert engine.caveat.startswith("runs on backend 'ort' in place of a better one: wrong: ")
    auto_prefers(monkeypatch, "absent", "ort")
    assert open_engine("auto", artifact, threads=1).caveat == ""


def test_what_follows_auto_is_a_fallback_with_all_reasons(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    auto_prefers(monkeypatch, "absent")
    opened = open_first(["auto", "ort"], artifact, threads=1)
    assert opened.remaining == ("ort",)
    assert opened.engine.caveat.startswith("runs on backend 'ort' in place of 'auto': absent: ")
