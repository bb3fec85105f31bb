# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes of one process share an engine, which is closed when its last user gives it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.stand_in import engine as fakes
from benchmarks.stand_in.engine import FakeEngine
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.ros.node.engines import Engines


class CountedEngine(FakeEngine):
    """Counts how many engines were opened and closed."""

    opened = closed = 0

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        CountedEngine.opened += 1

    def close(self) -> None:
        CountedEngine.closed += 1


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "counted", f"{__name__}:CountedEngine")
    monkeypatch.setattr(CountedEngine, "opened", 0)
    monkeypatch.setattr(CountedEngine, "closed", 0)


def test_equal_arguments_give_the_same_engine_until_its_last_user_gives_it_back(fake_artifact: Path) -> None:
    engines = Engines()
    first = engines.take(("counted",), load_artifact(fake_artifact), 1, 0.0)
    second = engines.take(("counted",), load_artifact(fake_artifact), 1, 0.0)  # the model is read a second time
    assert first is second
    assert CountedEngine.opened == 1
    engines.give_back(first)
    assert CountedEngine.closed == 0
    engines.give_back(second)
    assert CountedEngine.closed == 1
    again = engines.take(("counted",), load_artifact(fake_artifact), 1, 0.0)
    assert again is not first
    engines.give_back(again)
    assert (CountedEngine.opened, CountedEngine.closed) == (2, 2)


def test_other_arguments_give_another_engine(fake_artifact: Path, tmp_path: Path) -> None:
    engines, artifact = Engines(), load_artifact(fake_artifact)
    other = fakes.write_artifact(tmp_path / "other")
    (other / "decode.onnx").write_bytes(b"another graph")
    manifest = (other / "manifest.json").read_text()
    from grin_ros.core.artifact.files import file_sha256

    old = load_artifact(fake_artifact).manifest.sha256["decode.onnx"]
    (other / "manifest.json").write_text(manifest.replace(old, file_sha256(other / "decode.onnx")))
    taken = [
        engines.take(("counted",), artifact, 1, 0.0),
        engines.take(("counted",), artifact, 2, 0.0),
        engines.take(("counted",), artifact, 1, 5.0),
        engines.take((fakes.BACKEND, "counted"), artifact, 1, 0.0),
        engines.take(("counted",), load_artifact(other), 1, 0.0),
    ]
    assert len({id(engine) for engine in taken}) == len(taken)
    for engine in taken:
        engines.give_back(engine)
    assert CountedEngine.opened == CountedEngine.closed == 4


def test_an_engine_that_cannot_be_opened_leaves_nothing_behind(fake_artifact: Path) -> None:
    engines, artifact = Engines(), load_artifact(fake_artifact)
    for _ in range(2):
        with pytest.raises(EngineError, match="got 'nonesuch'"):
            engines.take(("nonesuch",), artifact, 1, 0.0)
    engines.give_back(engines.take(("counted",), artifact, 1, 0.0))
    assert CountedEngine.closed == 1
