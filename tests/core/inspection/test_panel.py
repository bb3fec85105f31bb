# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.inspection.panel import (
    INVALID_RGB,
    ColourScale,
    depth_scale,
    fattened,
    metre_ticks,
    paint,
    panel,
    sigma_scale,
)

RGB = np.random.default_rng(0).integers(0, 256, (36, 48, 3), dtype=np.uint8)
DEPTH_M = np.random.default_rng(1).uniform(1.0, 4.0, (36, 48)).astype(np.float32)
SIGMA_M = DEPTH_M * np.float32(0.1)


def picture(path: Path) -> NDArray[Any]:
    read = cv2.imread(str(path))
    assert read is not None
    return np.asarray(read)


def test_a_panel_is_written_and_shows_something(tmp_path: Path) -> None:
    truth_m = DEPTH_M * np.float32(1.1)
    panel(RGB, DEPTH_M, SIGMA_M, truth_m, tmp_path / "new" / "p.png", title="a room")
    drawn = picture(tmp_path / "new" / "p.png")
    assert drawn.shape[1] > 1500
    assert drawn.shape[1] > 3.5 * drawn.shape[0]  # four tiles in a row
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 1000


def test_columns_fold_the_row(tmp_path: Path) -> None:
    panel(RGB, DEPTH_M, SIGMA_M, DEPTH_M, tmp_path / "p.png", columns=2)
    height, width = picture(tmp_path / "p.png").shape[:2]
    assert 0.8 < width / height < 1.4


def test_tiles_follow_what_is_known() -> None:
    nothing = np.full((36, 48), np.nan, np.float32)
    assert [name for name, _, _ in paint(RGB, DEPTH_M, SIGMA_M).images] == ["image", "depth", "sigma (1 σ)"]
    assert [name for name, _, _ in paint(RGB, DEPTH_M, nothing).images] == ["image", "depth"]
    assert len(paint(RGB, DEPTH_M, SIGMA_M, nothing).images) == 3
    assert len(paint(RGB, DEPTH_M, SIGMA_M, DEPTH_M).images) == 4
    assert len(paint(RGB, DEPTH_M, SIGMA_M, DEPTH_M, with_truth=True).images) == 5
    assert len(paint(RGB, nothing, nothing).images) == 2  # a frame without any depth can be drawn too


def test_depth_and_measured_depth_share_a_scale_and_so_do_sigma_and_error() -> None:
    tiles = {name: scale for name, _, scale in paint(RGB, DEPTH_M, SIGMA_M, DEPTH_M * 1.5, with_truth=True).images}
    assert tiles["depth"] == tiles["measured depth"]
    assert tiles["sigma (1 σ)"] == tiles["error |depth − measured|"]
    assert tiles["depth"] is not None
    assert tiles["depth"].high_m > 5.0
    assert not tiles["depth"].log


def test_a_wide_range_of_depth_is_drawn_logarithmically() -> None:
    assert depth_scale(np.geomspace(2.0, 80.0, 100)).log
    assert depth_scale(None, np.full((3, 3), np.nan)) == depth_scale()  # nothing to draw


def test_one_outlier_does_not_set_the_scale() -> None:
    outlier = DEPTH_M.copy()
    outlier[0, 0] = 1e4
    assert depth_scale(outlier).high_m < 5.0
    assert sigma_scale(outlier).high_m < 5.0


def test_invalid_is_grey_and_beyond_range_is_the_far_colour() -> None:
    scale = ColourScale(1.0, 4.0, False, "turbo_r")
    painted = scale.paint(np.array([[np.nan, np.inf, 4.0, 1.0, 0.5, 9.0]]))[0]
    assert tuple(painted[0]) == INVALID_RGB
    assert tuple(painted[1]) == tuple(painted[2]) == tuple(painted[5])
    assert tuple(painted[3]) == tuple(painted[4]) != tuple(painted[2])


def test_sparse_values_become_dots_and_the_near_one_wins() -> None:
    sparse = np.full((20, 30), np.nan, np.float32)
    sparse[10, 10], sparse[10, 11] = 5.0, 2.0
    grown = fattened(sparse, nearest=True)
    assert 6 < np.isfinite(grown).sum() < 20
    assert set(np.unique(grown[np.isfinite(grown)])) == {2.0, 5.0}
    assert grown[10, 10] == 2.0
    assert fattened(sparse, nearest=False)[10, 11] == 5.0
    assert np.isnan(grown[0]).all()
    assert np.isnan(grown[:, 0]).all()
    np.testing.assert_array_equal(fattened(DEPTH_M, nearest=True), DEPTH_M)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (ColourScale(0.0, 0.5, False, "magma"), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (ColourScale(1.3, 3.1, False, "turbo_r"), [1.5, 2.0, 2.5, 3.0]),
        (ColourScale(1.5, 60.0, True, "turbo_r"), [2.0, 5.0, 10.0, 20.0, 50.0]),
        (ColourScale(0.0, 0.001, False, "magma"), [0.0, 0.0002, 0.0004, 0.0006, 0.0008, 0.001]),
    ],
)
def test_ticks_are_round_metres(scale: ColourScale, expected: list[float]) -> None:
    assert metre_ticks(scale) == pytest.approx(expected)


def test_wrong_shapes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sigma_m: got shape \(35, 48\), expected the image's \(36, 48\)"):
        panel(RGB, DEPTH_M, SIGMA_M[1:], None, tmp_path / "p.png")


def test_figures_need_no_matplotlib() -> None:
    """`grin evaluate` without --report, and training, must not pay for it."""
    code = "import sys, grin_ros.lab.evaluation.command; sys.exit(bool({'matplotlib', 'torch'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
