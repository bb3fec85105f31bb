# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests that render are skipped, with the reason, where there is no OpenGL."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def opengl() -> None:
    pytest.importorskip("moderngl")
    from grin_ros.worlds.rendering.renderer import Renderer

    try:
        Renderer(16, 12).close()
    except RuntimeError as error:
        pytest.skip(str(error))
