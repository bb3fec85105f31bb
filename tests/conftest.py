# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A tiny model, exported once a session, and a frame for it. Its weights are random: nothing is downloaded."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.types import Frame

if TYPE_CHECKING:
    from grin_ros.lab.network.grin import Grin

settings.register_profile("grin_ros", deadline=None)  # a busy machine may stall any example
settings.load_profile("grin_ros")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each reason to skip, with the number of tests, instead of one for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"SKIPPED {count}: {reason}")


@pytest.fixture(scope="session")
def tiny_model() -> Grin:
    """Seeded, with every part awake; nothing about it is square, so that swapped axes show."""
    pytest.importorskip("torch", reason="the model is torch (pip install grin_ros[train])")
    from tests.lab.network.tiny import TINY, awake

    return awake(seed=1, config=replace(TINY, image_width=96, grid_rows=12, grid_cols=20))


@pytest.fixture(scope="session")
def tiny_artifact(tiny_model: Grin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `load_artifact` reads. Shared by the session: copy it to change it."""
    from grin_ros.lab.export.exporter import export_artifact

    folder = tmp_path_factory.mktemp("artifact") / "tiny"
    export_artifact(
        tiny_model,
        folder,
        name="tiny",
        licence="Apache-2.0",
        training={"data": "none, random weights"},
    )
    return folder


@pytest.fixture(scope="session")
def tiny_frame() -> Frame:
    """A mounted, slightly distorted camera, of an odd size, looking at soft blobs and a hard-edged block."""
    camera = Camera(
        101, 75, 80.0, 79.0, 52.0, 36.5, "plumb_bob", (-0.1, 0.02, 0.001, -0.001, 0.0), Mounting(0.8, 0.02, 0.15)
    )
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] / 100.0
    image = 127.0 + 90.0 * np.stack([np.sin(5 * u + 3 * v), np.cos(4 * v - u), np.sin(9 * u * v)], -1)
    image[20:50, 60:90] = (30.0, 200.0, 60.0)
    return Frame(image.astype(np.uint8), camera, stamp_ns=1_234_567_890_123_456_789)
