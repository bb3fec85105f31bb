# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Backend 'auto': the best for the processor, the next one where it is missing or wrong, and the log says why."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from grin_ros.core.artifact import load_artifact
from grin_ros.core.backends import auto
from grin_ros.core.backends.base import ENGINES, EngineError, open_engine
from grin_ros.core.backends.ort import OrtEngine

GPU = ("trt-fp16", "trt", "ort-cuda")
BROKEN = "tests.core.backends.test_open_engine:FivePercentTooFar"


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
def test_the_order_is_the_processors(
    monkeypatch: pytest.MonkeyPatch, vendor: str, flags: str, expected: list[str]
) -> None:
    monkeypatch.setattr(auto, "cpu_facts", lambda: {"vendor": vendor, "name": "X", "flags": flags})
    assert [backend for backend, _ in auto.preferences()] == expected


def test_what_is_missing_or_wrong_is_passed_over_and_logged(
    tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setitem(ENGINES, "absent", "grin_ros_runtime_that_is_not_installed:Engine")
    monkeypatch.setitem(ENGINES, "broken", BROKEN)
    order = [("absent", "a"), ("broken", "b"), ("ort", "it is left")]
    monkeypatch.setattr(auto, "preferences", lambda: iter(order))
    engine = open_engine("auto", load_artifact(tiny_artifact), threads=1)
    assert type(engine) is OrtEngine
    levels = [(record.levelname, record.getMessage()[:24]) for record in caplog.records if record.name == auto.__name__]
    # What is here and wrong is a warning: somebody should know.
    assert levels == [
        ("INFO", "backend auto: not absent"),
        ("WARNING", "backend auto: not broken"),
        ("INFO", "backend auto: ort (onnxr"),
    ]
    assert "because it is left" in caplog.text


def test_where_none_is_right_the_error_says_it_of_each(tiny_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "absent", "grin_ros_runtime_that_is_not_installed:Engine")
    monkeypatch.setitem(ENGINES, "broken", BROKEN)
    monkeypatch.setattr(auto, "preferences", lambda: iter([("absent", ""), ("broken", "")]))
    with pytest.raises(EngineError, match="none of the backends .*absent: .*No module.*broken: .*gives wrong depth"):
        open_engine("auto", load_artifact(tiny_artifact), threads=1)
