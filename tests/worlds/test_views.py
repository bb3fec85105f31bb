# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of rendered views: they are reproducible, and they satisfy the rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grin_ros.core.geometry.camera import Camera
from grin_ros.worlds import views
from grin_ros.worlds.assets.assets import Assets
from grin_ros.worlds.assets.models import FURNITURE
from grin_ros.worlds.registry import named
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.views import is_usable, render_views
from tests.worlds.rays import world_rays

HASHES = """
import hashlib, sys
from pathlib import Path
from grin_ros.worlds.assets.assets import find_assets
from grin_ros.worlds.rendering.renderer import Renderer
from grin_ros.worlds.views import render_views
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
    """With furniture, the first process fills an empty cache with models and the second one reads them from it."""
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
def test_the_same_seed_gives_the_same_views_and_another_seed_other_ones(renderer: Renderer) -> None:
    first, again, other = (list(render_views(renderer, seed, Assets(), 2)) for seed in (3, 3, 4))
    assert [a.image.tobytes() for a in first] == [b.image.tobytes() for b in again]
    assert first[0].range_m.tobytes() != other[0].range_m.tobytes()


@pytest.mark.egl
def test_rendered_views_satisfy_the_rules(renderer: Renderer) -> None:
    rooms = named(["room"])
    kept = [f for seed in (11, 12, 13) for f in render_views(renderer, seed, Assets(), 6, worlds=rooms)]
    assert [f.number for f in kept] == [*range(6)] * 3
    for frame in kept:
        assert is_usable(frame.range_m) and frame.world == "room"
        assert 0.15 < frame.image.mean() / 255 < 0.7, "the image must be neither black nor white"
        assert frame.image.std() > 5
        assert np.all(frame.range_m[np.isfinite(frame.range_m)] < 60)
        mounting = frame.camera.mounting
        assert mounting is not None
        assert (mounting.roll_rad, mounting.pitch_rad) == (frame.placement.roll_rad, frame.placement.pitch_rad)
        down = np.clip(-world_rays(frame.camera, frame.placement)[..., 2], 1e-9, None)
        floor = (mounting.height_m - 0.08) / down
        below = np.isfinite(frame.range_m) & (floor < 6)  # farther away it can be the lower ground outside a window
        slack = 1.0 + 0.2 / (mounting.height_m + 0.01)
        assert np.all(frame.range_m[below] < floor[below] * slack), "the camera sees through the floor"
    assert 0.6 < np.median([np.nanmedian(f.range_m) for f in kept]) < 4.0


def test_near_bare_and_empty_views_are_not_usable() -> None:
    ramp = np.tile(np.linspace(1, 3, 160, dtype=np.float32), (120, 1))
    assert is_usable(ramp)
    near = ramp.copy()
    near[60, 80] = 0.2
    assert not is_usable(near)
    crowded = ramp.copy()
    crowded[:, :70] = 0.4
    assert not is_usable(crowded)
    assert not is_usable(np.full((120, 160), 2.0, np.float32))
    sky = ramp.copy()
    sky[:90] = np.inf
    assert is_usable(sky)  # streets can have more sky than that, and rooms have a stricter rule
    sky[90:105] = np.inf
    assert not is_usable(sky)
    circle = ramp.copy()
    circle[:, :40] = circle[:, -40:] = np.nan
    assert is_usable(circle)
    assert not is_usable(np.full((120, 160), np.nan, np.float32))


@pytest.mark.egl
def test_a_lens_is_used_until_one_of_its_views_is_kept(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise lenses that rarely give a usable view would be rarer than intended."""
    lenses = iter([Camera(160, 120, f, f, 80.0, 60.0) for f in np.linspace(100, 200, 200)])
    monkeypatch.setattr(views, "sample_lens", lambda *_: next(lenses))
    kept = [f.camera.fx for f in render_views(renderer, 11, Assets(), 6, worlds=named(["room"]))]
    assert len(set(kept)) == 6 and kept == sorted(kept)
    numbers = np.rint((np.array(kept) - 100) / (100 / 199))
    assert numbers[-1] < 12, "most lenses should give a view"
