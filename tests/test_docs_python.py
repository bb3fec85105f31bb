# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Python examples of the pages for readers: they run, and the guide names all that is public."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from grin_ros import PUBLIC, Settings
from tests.test_docs import FENCE, ROOT


def ran(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the names of the only Python example of a page after it ran on a grey photograph of 640x480."""
    monkeypatch.chdir(folder)
    cv2.imwrite("photo.png", np.full((480, 640, 3), 90, np.uint8))
    (example,) = [block for language, block in FENCE.findall((ROOT / page).read_text()) if language == "python"]
    values: dict[str, Any] = {}
    exec(example, values)
    return values


def test_the_example_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran("README.md", tmp_path, monkeypatch)["estimate"].depth_m.shape == (480, 640)


def test_the_example_of_the_python_guide_gives_points_at_their_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ran("docs/guides/python.md", tmp_path, monkeypatch)
    known = found["known"]
    assert known.mean() > 0.5
    np.testing.assert_allclose(found["points"][:, 2], found["estimate"].depth_m[known], rtol=1e-5)
    pixels = found["camera"].project(found["points"][::1000])
    np.testing.assert_allclose(pixels, np.argwhere(known)[::1000, ::-1], atol=0.01)
    assert found["estimate"].hints.used == 1
    assert len(found["colours"]) == len(found["sigma_m"]) == len(found["points"])


def test_the_python_guide_has_every_public_name() -> None:
    guide = (ROOT / "docs" / "guides" / "python.md").read_text(encoding="utf-8")
    assert [name for name in PUBLIC if not re.search(rf"`{name}\b", guide)] == []
    assert [field.name for field in fields(Settings) if f"`{field.name}`" not in guide] == []
