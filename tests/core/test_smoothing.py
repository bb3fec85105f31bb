# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Smoothing keeps a share of the previous answer if a frame continues the previous one, and nothing otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stand_in.engine import write_artifact
from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.smoothing import CUT, change, moment_of
from grin_ros.core.types import Frame
from tests.brightness import BrightnessEngine

CAMERA = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
SECOND_NS = 10**9
SHARE = 0.5


@pytest.fixture
def estimator(tmp_path: Path) -> Estimator:
    engine = BrightnessEngine(load_artifact(write_artifact(tmp_path / "fake")))
    return Estimator(engine, Settings(smoothing=SHARE))


def frame(level: int, stamp_s: float, camera: Camera = CAMERA) -> Frame:
    """A frame whose left half is darker and right half brighter than `level` of 255."""
    image = np.full((camera.height, camera.width, 3), level - 20, np.uint8)
    image[:, camera.width // 2 :] = level + 20
    return Frame(image, camera, round(stamp_s * SECOND_NS))


def depth_m(estimator: Estimator, of: Frame) -> float:
    return float(estimator(of).depth_m[0, 0])


def alone_m(estimator: Estimator, of: Frame) -> float:
    """Return the depth of a frame without smoothing."""
    return depth_m(Estimator(estimator.engine, replace(estimator.settings, smoothing=0.0)), of)


def test_a_share_of_the_last_answer_is_kept(estimator: Estimator) -> None:
    first, second, third = frame(100, 1.0), frame(110, 1.1), frame(120, 1.2)
    one, two, three = (alone_m(estimator, of) for of in (first, second, third))
    assert depth_m(estimator, first) == one
    mixed = SHARE * one + (1.0 - SHARE) * two
    assert depth_m(estimator, second) == pytest.approx(mixed, abs=1e-6)
    assert depth_m(estimator, third) == pytest.approx(SHARE * mixed + (1.0 - SHARE) * three, abs=1e-6)


def test_the_sampler_begins_with_the_latents_of_the_previous_frame(estimator: Estimator) -> None:
    engine = estimator.engine
    assert isinstance(engine, BrightnessEngine)
    for stamp_s in (1.0, 1.1, 1.2, 9.0):
        estimator(frame(100, stamp_s))
    assert engine.latents_in == [0.0, 1.0, 2.0, 0.0]


def test_smoothing_is_off_by_default_and_forgets_when_switched_off(estimator: Estimator) -> None:
    assert Settings().smoothing == 0.0
    estimator(frame(100, 1.0))
    estimator.settings = Settings()
    assert depth_m(estimator, frame(110, 1.1)) == alone_m(estimator, frame(110, 1.1))
    estimator.settings = Settings(smoothing=SHARE)
    assert depth_m(estimator, frame(120, 1.2)) == alone_m(estimator, frame(120, 1.2))


STRIPES = np.zeros((48, 64, 3), np.uint8)
STRIPES[:24] = 250


@pytest.mark.parametrize(
    "later",
    [
        frame(110, 1.1, replace(CAMERA, fx=61.0)),
        frame(110, 1.1, Camera(48, 48, 60.0, 60.0, 23.5, 23.5)),
        frame(110, 1.0),
        frame(110, 0.5),
        frame(110, 3.1),
        replace(frame(110, 1.1), image=STRIPES),
    ],
    ids=["other lens", "other size", "same time", "back in time", "a pause", "another scene"],
)
def test_a_frame_that_does_not_continue_the_last_one_stands_by_itself(estimator: Estimator, later: Frame) -> None:
    estimator(frame(100, 1.0))
    assert depth_m(estimator, later) == alone_m(estimator, later)


def test_an_estimator_that_forgets_begins_again(estimator: Estimator) -> None:
    estimator(frame(100, 1.0))
    estimator.forget()
    assert depth_m(estimator, frame(110, 1.1)) == alone_m(estimator, frame(110, 1.1))


def test_another_ensemble_size_starts_again(estimator: Estimator) -> None:
    estimator(frame(100, 1.0))
    estimator.settings = replace(estimator.settings, members=3)
    assert depth_m(estimator, frame(110, 1.1)) == alone_m(estimator, frame(110, 1.1))


def test_a_mounting_that_moves_with_the_robot_does_not_start_again(estimator: Estimator) -> None:
    estimator(frame(100, 1.0, CAMERA.with_mounting(Mounting(0.5, 0.0, 0.1))))
    later = frame(110, 1.1, CAMERA.with_mounting(Mounting(0.5, 0.0, 0.11)))
    assert depth_m(estimator, later) != alone_m(estimator, later)


def test_another_image_is_another_scene_but_exposure_and_noise_are_not() -> None:
    rng = np.random.default_rng(0)
    blocks = rng.integers(20, 120, (6, 8, 3)).astype(np.uint8)
    image = np.kron(blocks, np.ones((20, 20, 1), np.uint8))
    camera = Camera(160, 120, 100.0, 100.0, 79.5, 59.5)
    brighter = np.clip(image * 1.6 + rng.normal(0.0, 15.0, image.shape), 0, 255).astype(np.uint8)
    other = np.kron(np.where(rng.random((6, 8, 1)) < 0.5, 5, 120), np.ones((20, 20, 3))).astype(np.uint8)
    before, same, cut = (moment_of(Frame(picture, camera, 1)).coarse for picture in (image, brighter, other))
    assert change(before, same) < 0.5 * CUT
    assert change(before, cut) > CUT


def test_tiny_and_black_images_have_a_moment() -> None:
    for width, height in ((1, 1), (3, 2), (33, 5)):
        camera = Camera(width, height, 10.0, 10.0, 0.0, 0.0)
        moment = moment_of(Frame(np.zeros((height, width, 3), np.uint8), camera, 1))
        assert change(moment.coarse, moment.coarse) == 0.0


def test_invalid_values_of_an_answer_are_not_kept(estimator: Estimator) -> None:
    engine = estimator.engine
    assert isinstance(engine, BrightnessEngine)
    engine.invalid = True
    estimator(frame(100, 1.0))
    engine.invalid = False
    smoothed, alone = depth_m(estimator, frame(110, 1.1)), alone_m(estimator, frame(110, 1.1))
    brighter = (110 - 100) / 255  # a half of the values was valid, and only that half is averaged
    assert smoothed == pytest.approx(alone - 0.5 * SHARE * brighter, abs=1e-6)


@pytest.mark.parametrize("share", [-0.1, 0.95, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="smoothing: got"):
        Settings(smoothing=share)
