# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Motion gives metres where the camera's way reveals them, and nothing where poses and images contradict each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform import Transform
from grin_ros.core.motion import point_map
from grin_ros.core.motion.config import MotionConfig
from grin_ros.core.motion.motion import MAPPED, TRACKED, Motion
from grin_ros.core.motion.tracker import WIDTH_PX
from tests.core.motion.room import CAMERA, PERIOD_NS, at, driven, errors, sideways, turned, view

LENSES = {
    "pinhole": CAMERA,
    "distorted": replace(CAMERA, distortion_model="plumb_bob", distortion=(-0.25, 0.06, 0.001, -0.001, 0.0)),
    "fisheye": Camera(240, 180, 82.0, 82.0, 119.5, 89.5, "equidistant", (0.02, -0.01, 0.002, 0.0)),
}


@pytest.mark.parametrize("lens", LENSES)
def test_ranges_are_right_with_every_lens(lens: str) -> None:
    motion, hints, range_m = driven(sideways(16), camera=LENSES[lens])
    assert hints is not None
    assert len(hints) > 60
    error = errors(hints, range_m)
    assert np.median(np.abs(error)) < 0.025
    assert np.mean(np.abs(error) < 3.0 * hints.sigma_ln) > 0.8  # sigma is honest, but for corners at edges
    assert motion.report.problem == ""
    assert motion.report.reprojection_px < 0.5
    assert motion.report.baseline_m == pytest.approx(0.6, abs=0.1)


def test_noise_of_the_poses_costs_little() -> None:
    rng = np.random.default_rng(0)
    poses = list(sideways(16))
    noisy = [
        Transform(p.rotation @ turned(rng.normal(size=3), 0.3), p.translation_m + rng.normal(0.0, 0.004, 3))
        for p in poses
    ]
    _, hints, range_m = driven(poses, noisy)
    assert hints is not None
    assert np.median(np.abs(errors(hints, range_m))) < 0.06


def test_a_camera_that_stands_or_turns_gives_nothing_and_says_so() -> None:
    for poses in ([at(0.0, 0.0, 0.0)] * 6, [at(0.0, 0.0, 0.0, 3.0 * index) for index in range(6)]):
        motion, hints, _ = driven(poses)
        assert hints is None
        assert "stands still or only turns" in motion.report.problem


def test_hints_stay_when_the_camera_stops() -> None:
    poses = list(sideways(12))
    _, hints, range_m = driven([*poses, *poses[-1:] * 30])
    assert hints is not None
    assert len(hints) > 60
    assert np.median(np.abs(errors(hints, range_m))) < 0.03


def test_the_map_knows_a_wall_that_the_camera_turned_away_from_and_back_to() -> None:
    there = list(sideways(12))
    last = there[-1].translation_m
    away = [at(*last, -5.0 + yaw) for yaw in (*range(0, 90, 6), *range(90, -1, -6))]
    motion, hints, range_m = driven([*there, *away])
    assert hints is not None
    mapped = hints.chosen(hints.source == hints.sources.index(MAPPED))
    assert len(mapped) > 20
    assert np.median(np.abs(errors(mapped, range_m))) < 0.04
    assert (mapped.age_s > 1.0).all()
    assert motion.report.map_size <= point_map.MOST_POINTS


def test_the_map_is_bounded_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(point_map, "MOST_POINTS", 30)
    motion, _, _ = driven(sideways(16))
    assert motion.report.map_size == 30
    there = list(sideways(10))
    away = [at(*there[-1].translation_m, -5.0 + yaw) for yaw in (*range(0, 90, 6), *range(90, -1, -6))]
    monkeypatch.setattr(point_map, "LONGEST_AGE_S", 0.5)
    _, hints, _ = driven([*there, *away])
    assert hints is None or MAPPED not in hints.sources


def test_a_board_that_moves_gives_fewer_hints_than_one_that_stands() -> None:
    poses = list(sideways(16))
    standing = [(0.2, 0.2, 1.5)] * 16
    walking = [(-0.9 + 0.05 * index, 0.2, 1.5 + 0.02 * index * index * 0.3) for index in range(16)]
    shares = []
    for boards in (standing, walking):
        _, hints, range_m = driven(poses, boards=boards)
        assert hints is not None
        _, empty_m = view(CAMERA, poses[-1])
        u, v = np.rint(hints.pixels).astype(int).T
        on_board = range_m[v, u] < empty_m[v, u] - 0.3
        shares.append((on_board.sum(), np.abs(errors(hints, range_m))[~on_board]))
    assert shares[0][0] > 10  # the test can fail: what stands is triangulated
    assert shares[1][0] <= shares[0][0] / 3
    assert np.median(shares[1][1]) < 0.04  # and the rest of the room stays right


def shifted(pose: Transform, *metres: float) -> Transform:
    return Transform(pose.rotation, pose.translation_m + np.array(metres))


def backwards(pose: Transform) -> Transform:
    return Transform(pose.rotation, -pose.translation_m)


@pytest.mark.parametrize("fault", ["backwards", "another frame", "a jump"])
def test_poses_that_contradict_the_images_give_nothing(fault: str) -> None:
    poses = list(sideways(14))
    told = {
        "backwards": [backwards(pose) for pose in poses],
        "another frame": [Transform(p.rotation, turned((0.0, 1.0, 0.0), 90.0) @ p.translation_m) for p in poses],
        "a jump": [*poses[:-1], shifted(poses[-1], 0.0, 0.6, 0.0)],
    }[fault]
    motion, hints, _ = driven(poses, told)
    assert hints is None
    assert "do not fit the images" in motion.report.problem
    assert "Check the odometry" in motion.report.problem


def problems(images: Sequence[NDArray[np.uint8]], poses: Sequence[Transform]) -> list[str]:
    """Return for each image why there are no hints; empty if there are."""
    motion, found = Motion(), []
    for index, (image, pose) in enumerate(zip(images, poses, strict=True)):
        motion.track(image, CAMERA, (index + 1) * PERIOD_NS, pose)
        motion.hints()
        found.append(motion.report.problem)
    return found


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_camera_that_tilts_beside_planar_odometry_is_named_and_the_remedy_helps(axis: Sequence[float]) -> None:
    planar = list(sideways(27, 0.03))
    tilting = [
        Transform(pose.rotation @ turned(axis, 3.0 * np.sin(2.0 * np.pi * index / 13)), pose.translation_m)
        for index, pose in enumerate(planar)
    ]
    motion, hints, _ = driven(tilting, planar)
    assert hints is None
    assert "The camera tilts and the odometry does not show it" in motion.report.problem
    assert "raise motion.rotation_noise_deg" in motion.report.problem
    _, hints, range_m = driven(tilting, planar, config=MotionConfig(rotation_noise_deg=1.0))
    assert hints is not None
    assert np.median(np.abs(errors(hints, range_m))) < 0.05


def test_turns_that_come_late_are_not_taken_for_a_camera_that_tilts() -> None:
    poses = [at(0.2, 0.0, -1.5 + 0.02 * index, 25.0 * np.sin(index / 6)) for index in range(24)]
    found = problems([view(CAMERA, pose)[0] for pose in poses], [poses[max(0, index - 2)] for index in range(24)])
    assert any("contradict them by" in problem for problem in found)
    assert not any("tilts" in problem for problem in found)


def test_motion_recovers_after_a_jump() -> None:
    poses = list(sideways(28, 0.03))
    told = [*poses[:10], *(shifted(p, 3.0, 0.0, 1.0) for p in poses[10:])]
    _, hints, range_m = driven(poses, told)
    assert hints is not None
    assert np.median(np.abs(errors(hints, range_m))) < 0.04


def test_poses_that_jump_again_have_to_fit_for_longer() -> None:
    poses = list(sideways(48, 0.02))
    told = [shifted(pose, 0.0, 0.6 * ((index >= 10) + (index >= 24)), 0.0) for index, pose in enumerate(poses)]
    found = problems([view(CAMERA, pose)[0] for pose in poses], told)
    assert not found[9] and found[10] and not found[23] and found[24] and not found[-1]
    first, second = (found[start:].index("") for start in (10, 24))
    assert first < second


def test_a_person_close_by_costs_hints_only_while_in_the_image() -> None:
    poses, comes, goes = list(sideways(60, 0.01)), 15, 47
    boards = [
        (pose.translation_m[0] - 1.2 + 0.08 * (index - comes), 0.0, pose.translation_m[2] + 0.6)
        for index, pose in enumerate(poses)
    ]
    images = [
        view(CAMERA, pose, boards[index] if comes <= index < goes else None)[0] for index, pose in enumerate(poses)
    ]
    found = problems(images, poses)
    assert "Large things that move close before the camera" in "".join(found[comes:goes])  # the test can fail
    assert not any(found[goes + 3 :])


def test_hints_come_back_soon_after_darkness() -> None:
    rng, poses, dark, light = np.random.default_rng(0), list(sideways(60, 0.008)), 15, 30
    images = []
    for index, pose in enumerate(poses):
        image = view(CAMERA, pose)[0] * np.float32(0.0 if dark <= index < light else 1.0)
        images.append(np.clip(image + rng.normal(0.0, 1.5, image.shape[:2])[..., None], 0, 255).astype(np.uint8))
    found = problems(images, poses)
    assert all("dark images" in problem for problem in found[dark + 1 : light])  # noise of the sensor is no texture
    assert not any(found[light + 15 :])


def test_missing_and_broken_poses_are_named_and_survived() -> None:
    poses = list(sideways(16))
    broken = Transform(np.eye(3), np.array([np.nan, 0.0, 0.0]))
    motion, hints, _ = driven(poses, [*poses[:-1], broken])
    assert hints is None
    assert "not finite" in motion.report.problem
    motion.track(view(CAMERA, poses[-1])[0], CAMERA, 17 * PERIOD_NS, None, "Odometry is silent.")
    assert motion.hints() is None
    assert motion.report.problem == "Odometry is silent."
    motion.track(view(CAMERA, poses[-1])[0], CAMERA, 18 * PERIOD_NS, poses[-1])
    assert motion.hints() is not None


@pytest.mark.parametrize(
    ("stamp_ns", "camera", "words"),
    [
        (PERIOD_NS, CAMERA, "Time went back"),
        (100 * PERIOD_NS, CAMERA, "No image came for"),
        (13 * PERIOD_NS, replace(CAMERA, fx=190.0), "calibration of the camera changed"),
    ],
)
def test_jumps_of_time_and_of_the_camera_begin_again(stamp_ns: int, camera: Camera, words: str) -> None:
    poses = list(sideways(12))
    motion, hints, _ = driven(poses)
    assert hints is not None
    motion.track(view(camera, poses[-1])[0], camera, stamp_ns, poses[-1])
    assert motion.hints() is None
    assert motion.report.map_size == 0
    assert words in motion.report.problem


def test_a_robot_that_stands_after_a_pause_of_the_images_is_no_fault() -> None:
    poses, motion, reports = list(sideways(12)), Motion(), []
    stamps = [*range(12), *range(30, 34)]  # drives, and stands after a pause
    for stamp, pose in zip(stamps, [*poses, *poses[-1:] * 4], strict=True):
        motion.track(view(CAMERA, pose)[0], CAMERA, stamp * PERIOD_NS, pose)
        motion.hints()
        reports.append(motion.report)
    assert reports[11].problem == ""
    assert reports[12].problem.startswith("No image came for 1.9 s, so motion began again. The camera stands still")
    assert reports[-1].problem.startswith("The camera stands still")
    assert all(report.idle for report in reports[12:])


def test_a_robot_that_stands_after_poses_that_did_not_fit_is_still_a_fault() -> None:
    poses = list(sideways(14))
    told = [*poses[:-1], shifted(poses[-1], 0.0, 0.6, 0.0)]
    motion, hints, _ = driven([*poses, *poses[-1:] * 4], [*told, *told[-1:] * 4])
    assert hints is None
    assert "do not fit the images" in motion.report.problem
    assert not motion.report.idle


def test_a_mounting_that_changes_a_little_does_not_begin_again() -> None:
    motion, hints = Motion(), None
    for index, pose in enumerate(sideways(12)):
        camera = CAMERA.with_mounting(Mounting(0.5, 0.001 * index))
        motion.track(view(CAMERA, pose)[0], camera, (index + 1) * PERIOD_NS, pose)
        hints = motion.hints()
    assert hints is not None


def test_an_image_without_texture_gives_nothing() -> None:
    motion = Motion()
    for index, pose in enumerate(sideways(6)):
        motion.track(np.full((180, 240, 3), 90, np.uint8), CAMERA, index * PERIOD_NS, pose)
    assert motion.hints() is None
    assert motion.report.problem
    assert motion.report.tracks == 0


def test_large_images_are_reduced_and_pixels_are_those_of_the_image() -> None:
    large = CAMERA.resized(960, 720)
    _, hints, range_m = driven(sideways(12), camera=large)
    assert hints is not None
    assert hints.pixels.max() > WIDTH_PX
    assert np.median(np.abs(errors(hints, range_m))) < 0.04


def test_a_changing_exposure_costs_few_hints() -> None:
    counts = []
    for gains in ([1.0] * 12, [1.0, 0.8] * 6):
        motion = Motion()
        for index, (pose, gain) in enumerate(zip(sideways(12), gains, strict=True)):
            image = (view(CAMERA, pose)[0] * gain).astype(np.uint8)
            motion.track(image, CAMERA, (index + 1) * PERIOD_NS, pose)
        hints = motion.hints()
        counts.append(0 if hints is None else len(hints))
    assert counts[1] > 0.8 * counts[0] > 40


def test_hints_name_their_source() -> None:
    _, hints, _ = driven(chain(sideways(12)))
    assert hints is not None
    assert hints.sources[0] == TRACKED


@pytest.mark.parametrize("wrong", [{"distance_noise": 0.0}, {"max_range_m": 0.01}, {"pixel_noise_px": math.nan}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="motion.*got.*expected"):
        MotionConfig(**wrong)


def test_the_floor_tells_the_scale_of_odometry_where_the_height_of_the_camera_is_known() -> None:
    camera = CAMERA.with_mounting(Mounting(1.2))  # the floor of the room is 1.2 m below
    poses = list(sideways(26))
    for scale, words in ((1.0, ""), (1.25, "% long"), (0.8, "% short")):
        told = [Transform(pose.rotation, scale * pose.translation_m) for pose in poses]
        motion, hints, _ = driven(poses, told, camera)
        assert hints is not None
        assert words in motion.report.doubt
        assert bool(words) == bool(motion.report.doubt)
        assert motion.divisor == pytest.approx(scale**0.5, rel=0.02)  # depth goes half of the way to the floor
        assert (float(hints.shared_ln.max()) > 0.09) == bool(words)  # and does not rely on either
    assert not driven(poses, told)[0].report.doubt  # the height is not known


def test_one_short_step_gives_ranges_that_share_their_error() -> None:
    _, hints, _ = driven(sideways(4, 0.02))
    assert hints is not None
    assert np.median(hints.shared_ln) > 0.05
    _, late, _ = driven(sideways(16))
    assert late is not None
    assert np.median(late.shared_ln) < 0.03
