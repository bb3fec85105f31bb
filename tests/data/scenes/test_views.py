# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From a seed to kept views: the same bytes everywhere, and pictures as a camera exposes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grin_ros.data.scenes import cameras
from grin_ros.data.scenes.assets import Assets
from grin_ros.data.scenes.models import FURNITURE
from grin_ros.data.scenes.renderer import Renderer
from grin_ros.data.scenes.views import develop, render_views
from tests.data.scenes.rays import world_rays

HASHES = """
import hashlib, sys
from pathlib import Path
from grin_ros.data.scenes.assets import find_assets
from grin_ros.data.scenes.renderer import Renderer
from grin_ros.data.scenes.views import render_views
assets = find_assets(None, Path(sys.argv[1]))
print(len(assets.pieces))
for kept in render_views(Renderer(160, 120), 3, assets, 2):
    print(hashlib.sha256(kept.image.tobytes() + kept.range_m.tobytes()).hexdigest())
"""
FURNISHED = pytest.param(
    FURNITURE,
    id="furniture",
    marks=[
        pytest.mark.furniture,
        pytest.mark.skipif(not any(FURNITURE.glob("*.sh3f")), reason="needs Debian's sweethome3d-furniture"),
    ],
)


@pytest.mark.egl
@pytest.mark.usefixtures("renderer")
@pytest.mark.parametrize("furniture", [pytest.param(Path("nothing"), id="procedural"), FURNISHED])
def test_two_processes_render_the_same_bytes(furniture: Path, tmp_path: Path) -> None:
    """With furniture, the first parses its models into an empty cache, the second reads them there."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", HASHES, str(furniture)], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    pieces, *hashes = runs[0]
    assert len(set(hashes)) == 2 and (int(pieces) > 0) == (furniture == FURNITURE)


@pytest.mark.egl
def test_another_seed_is_another_room_and_the_same_one_is_not(renderer: Renderer) -> None:
    first, again, other = (list(render_views(renderer, seed, Assets(), 2)) for seed in (3, 3, 4))
    assert [a.image.tobytes() for a in first] == [b.image.tobytes() for b in again]
    assert first[0].range_m.tobytes() != other[0].range_m.tobytes()


@pytest.mark.egl
def test_rendered_views_obey_the_rules(renderer: Renderer) -> None:
    kept = [f for seed in (11, 12, 13) for f in render_views(renderer, seed, Assets(), 6)]
    assert [f.number for f in kept] == [*range(6)] * 3
    for frame in kept:
        assert cameras.passes(frame.range_m)
        assert 0.15 < frame.image.mean() / 255 < 0.7, "neither black nor white"
        assert frame.image.std() > 5
        assert np.all(frame.range_m[np.isfinite(frame.range_m)] < 60)
        floor = (frame.view.height_m - 0.08) / np.clip(-world_rays(frame.view)[..., 2], 1e-9, None)
        below = np.isfinite(frame.range_m) & (floor < 50)
        slack = 1.0 + 0.2 / (frame.view.height_m + 0.01)
        assert np.all(frame.range_m[below] < floor[below] * slack), "sees through the floor"
    assert 0.6 < np.median([np.median(f.range_m) for f in kept]) < 4.0


def test_develop_exposes_dark_and_bright_light_alike() -> None:
    light = np.random.default_rng(0).uniform(0.2, 1.0, (60, 80, 3)).astype(np.float32)
    for gain in (1e-2, 1.0, 1e2):
        image = develop(light * np.float32(gain), np.random.default_rng(1))
        assert image.dtype == np.uint8 and 0.2 < image.mean() / 255 < 0.65
