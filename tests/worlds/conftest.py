# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A small renderer that all tests of this folder share. Without EGL these tests are skipped, with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grin_ros.worlds.rendering.renderer import Renderer


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    try:
        made = Renderer(160, 120)
    except RuntimeError as error:
        pytest.skip(str(error))
    yield made
    made.close()
