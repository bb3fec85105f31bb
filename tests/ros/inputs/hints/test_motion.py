# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""hints.motion: images and the poses of tf or of motion/odometry become hints; faults of odometry are named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.ros.inputs.hints.gathering import Gathered, HintInputs
from grin_ros.ros.parameters.table import node_config
from tests.core.motion.room import CAMERA, PERIOD_NS, at, errors, sideways, turned, view
from tests.ros.inputs.hints.wall import header

BASE_TO_OPTICAL = Transform(turned((1.0, 0.0, 0.0), 20.0), np.array([0.1, -0.3, 0.2]))
"""The pose of the camera on the robot."""
FRAMES = 14
Told = Callable[[int, Transform], list[tuple[int, Transform]]]
"""Frame number and true pose of the base -> stamps and poses that the robot tells then."""


def truly(index: int, pose: Transform) -> list[tuple[int, Transform]]:
    return [((index + 1) * PERIOD_NS, pose)]


def image_message(pixels: np.ndarray, stamp_ns: int, compressed: bool = False) -> Image | CompressedImage:  # type: ignore[type-arg]
    if compressed:
        _, data = cv2.imencode(".png", pixels[..., ::-1])
        return CompressedImage(header=header("optical", stamp_ns), format="png", data=data.tobytes())
    made = Image(header=header("optical", stamp_ns), height=180, width=240, encoding="rgb8", step=720)
    made.data.frombytes(pixels.tobytes())
    return made


def odometry(stamp_ns: int, pose: Transform, child: str = "base", variance: float = 0.0) -> Any:
    """Return what a nav_msgs/Odometry holds."""
    place = SimpleNamespace(**dict(zip("xyz", pose.translation_m, strict=True)))
    turn = SimpleNamespace(**dict(zip("xyzw", pose.quaternion, strict=True)))
    speed = SimpleNamespace(linear=SimpleNamespace(x=0.4, y=0.0, z=0.0))
    return SimpleNamespace(
        header=header("odom", stamp_ns),
        child_frame_id=child,
        pose=SimpleNamespace(pose=SimpleNamespace(position=place, orientation=turn)),
        twist=SimpleNamespace(twist=speed, covariance=[variance] + [0.0] * 35),
    )


def driven(
    told: Told = truly,
    by: str = "odometry",
    poses: Sequence[Transform] | None = None,
    compressed: bool = False,
    every: int = 1,
    child: str = "base",
    variance: float = 0.0,
    period_ns: int = PERIOD_NS,
    **parameters: Any,
) -> tuple[Gathered, np.ndarray]:  # type: ignore[type-arg]
    """Drive through the room, and return what was gathered for the last image, and its true range."""
    if by == "tf":
        parameters.setdefault("motion.fixed_frame", "odom")
    config = node_config({"hints.motion": True, **parameters}).hints
    tree = TransformTree()
    tree.set("base", "optical", 0, BASE_TO_OPTICAL, static=True)
    inputs = HintInputs(config, tree)
    assert inputs.sees_images
    found, range_m = Gathered(None, {}), np.zeros(0)
    for index, pose in enumerate(poses or list(sideways(FRAMES))):
        for stamp_ns, base in told(index, pose.after(BASE_TO_OPTICAL.inverse())):
            if by == "tf":
                tree.set("odom", "base", stamp_ns, base)
            else:
                inputs.take("motion/odometry", odometry(stamp_ns, base, child, variance))
        pixels, range_m = view(CAMERA, pose)
        inputs.see(image_message(pixels, (index + 1) * period_ns, compressed), None)
        if index % every == 0 or index == FRAMES - 1:
            frame = Frame(pixels, CAMERA, (index + 1) * period_ns)
            found = inputs.gather(frame, "optical", config)
            depth_m = (range_m * CAMERA.rays()[..., 2]).astype(np.float32)
            inputs.answered(DepthEstimate(depth_m, depth_m * np.float32(0.1), frame.stamp_ns))
    return found, range_m


@pytest.mark.parametrize("by", ["odometry", "tf"])
def test_poses_of_odometry_or_tf_and_images_give_hints(by: str) -> None:
    found, range_m = driven(by=by)
    assert found.hints is not None
    assert found.hints.sources == ("motion",)
    assert np.median(np.abs(errors(found.hints, range_m))) < 0.03
    assert "baseline 0.5" in found.sources["motion"].note
    assert "corners triangulated" in found.sources["motion"].note


def test_the_fixed_frame_alone_switches_motion_on() -> None:
    assert "motion" in node_config({"motion.fixed_frame": "odom"}).hints.on
    assert "motion" not in node_config({}).hints.on


@pytest.mark.parametrize("parameters", [{}, {"motion.rotation_noise_deg": 1.0}], ids=["defaults", "other noise"])
def test_every_image_is_followed_from_the_first_one_on(parameters: dict[str, Any]) -> None:
    config = node_config({"hints.motion": True, "hints.fixed_frame": "odom", **parameters}).hints
    tree = TransformTree()
    inputs = HintInputs(config, tree)
    reasons: list[str] = []
    for index, pose in enumerate(sideways(4)):
        if index == 2:
            inputs.forget()
        stamp_ns = (index + 1) * PERIOD_NS
        tree.set("odom", "optical", stamp_ns, pose)
        pixels, _ = view(CAMERA, pose)
        inputs.see(image_message(pixels, stamp_ns), None)
        reasons.append(inputs.gather(Frame(pixels, CAMERA, stamp_ns), "optical", config).sources["motion"].reason)
    assert not any("was not followed" in reason for reason in reasons)
    assert [bool(reason) for reason in reasons] == [True, False, True, False], "two images have a baseline"


def test_images_without_depth_are_followed_too_and_compressed_ones_as_well() -> None:
    sparse, range_m = driven(every=6, compressed=True)
    assert sparse.hints is not None
    assert np.median(np.abs(errors(sparse.hints, range_m))) < 0.03


def test_hints_wait_for_the_corners_of_their_image_which_another_thread_follows() -> None:
    """The node hands an image to the worker first, and follows its corners then."""
    config = node_config({"hints.motion": True}).hints
    inputs = HintInputs(config, TransformTree())
    pose = Transform(np.eye(3), np.zeros(3))
    inputs.take("motion/odometry", odometry(PERIOD_NS, pose, "optical"))
    pixels, _ = view(CAMERA, pose)
    late = threading.Timer(0.05, inputs.see, (image_message(pixels, PERIOD_NS), None))
    late.start()
    found = inputs.gather(Frame(pixels, CAMERA, PERIOD_NS), "optical", config)
    late.join()
    assert "stands still" in found.sources["motion"].reason
    found = inputs.gather(Frame(pixels, CAMERA, 2 * PERIOD_NS), "optical", config)
    assert "this image was not followed" in found.sources["motion"].reason


@pytest.mark.parametrize("by", ["odometry", "tf"])
def test_images_before_the_first_odometry_do_no_harm(by: str) -> None:
    found, range_m = driven(
        lambda index, pose: truly(index, pose) if index >= 5 else [], by, **{"motion.fixed_frame": ""}
    )
    assert found.hints is not None, found.sources["motion"].reason
    assert np.median(np.abs(errors(found.hints, range_m))) < 0.04


def test_an_image_after_a_reset_of_the_clock_may_wait_beside_one_before_it() -> None:
    """The callbacks hear the first image after the reset while the worker still asks for the last one before it."""
    config = node_config({"hints.motion": True}).hints
    inputs, poses = HintInputs(config, TransformTree()), list(sideways(9))

    def show(index: int, stamp: int) -> None:
        inputs.take("motion/odometry", odometry(stamp * PERIOD_NS, poses[index], "optical"))
        inputs.see(image_message(view(CAMERA, poses[index])[0], stamp * PERIOD_NS), None)

    def asked(index: int, stamp: int) -> Gathered:
        return inputs.gather(Frame(view(CAMERA, poses[index])[0], CAMERA, stamp * PERIOD_NS), "optical", config)

    for index in range(5):
        show(index, 100 + index)
        found = asked(index, 100 + index)
    assert found.hints is not None
    show(5, 105)
    show(6, 1)
    asked(5, 105)
    assert "Time went back by 10.4 s" in asked(6, 1).sources["motion"].reason
    for index, stamp in ((7, 2), (8, 3)):
        show(index, stamp)
        found = asked(index, stamp)
    assert found.hints is not None, found.sources["motion"].reason


def test_poses_between_images_are_interpolated() -> None:
    """Odometry comes at other times than images, and the newest pose is 40 ms older than the image."""
    poses = list(sideways(FRAMES + 1))
    bases = [pose.after(BASE_TO_OPTICAL.inverse()) for pose in poses]

    def early(index: int, _: Transform) -> list[tuple[int, Transform]]:
        before, here = bases[max(0, index - 1)], bases[index]
        place = 0.4 * before.translation_m + 0.6 * here.translation_m
        return [(int((index + 0.6) * PERIOD_NS), Transform(here.rotation, place))]

    found, range_m = driven(early, poses=poses[:FRAMES])
    assert found.hints is not None
    assert np.median(np.abs(errors(found.hints, range_m))) < 0.04


def silent(index: int, pose: Transform) -> list[tuple[int, Transform]]:
    return truly(index, pose) if index < 9 else []


def broken(index: int, pose: Transform) -> list[tuple[int, Transform]]:
    return truly(index, pose if index < 9 else Transform(pose.rotation, np.full(3, np.nan)))


def mirrored(index: int, pose: Transform) -> list[tuple[int, Transform]]:
    return truly(index, Transform(pose.rotation, -pose.translation_m))


@pytest.mark.parametrize(
    ("told", "parameters", "words"),
    [
        (silent, {}, "motion/odometry: the newest transform from 'base'"),
        (lambda index, pose: truly(index, pose) if index % 5 == 0 else [], {}, "because one comes only every 0.50 s"),
        (broken, {}, "expected finite metres"),
        (mirrored, {}, "The poses do not fit the images"),
        (truly, {"child": "other"}, "tf does not hold 'other'"),
        (truly, {"by": "tf", "motion.fixed_frame": "world"}, "tf does not hold 'world'"),
        (
            lambda *_: [],
            {"hints.fixed_frame": ""},
            "nothing has come on motion/odometry",
        ),
    ],
)
def test_what_is_wrong_with_odometry_is_said(told: Told, parameters: dict[str, Any], words: str) -> None:
    found, _ = driven(told, **parameters)
    assert found.hints is None
    assert words in found.sources["motion"].reason
    assert not found.sources["motion"].sees_nothing


@pytest.mark.parametrize(("late_ns", "by"), [(0, "odometry"), (0, "tf"), (PERIOD_NS * 2, "odometry")])
def test_odometry_at_5_hz_is_called_late_only_where_its_stamps_are(late_ns: int, by: str) -> None:
    """Poses are continued until the next ones come, and such poses show each turn too late."""
    period_ns = PERIOD_NS // 2
    poses = [at(-0.3 + 0.01 * index, 0.0, -1.0, 16.0 * np.sin(0.12 * index)) for index in range(110)]

    def seldom(index: int, pose: Transform) -> list[tuple[int, Transform]]:
        return [((index + 1) * period_ns + late_ns, pose)] if index % 4 == 0 else []

    found, _ = driven(seldom, by, poses=poses, period_ns=period_ns)
    said = found.sources["motion"].reason + found.sources["motion"].note
    assert ("later than the images do" in said) == bool(late_ns)


def test_a_robot_that_stands_is_no_fault() -> None:
    found, _ = driven(poses=[at(0.0, 0.0, 0.0)] * FRAMES)
    assert found.hints is None
    assert "stands still" in found.sources["motion"].reason
    assert found.sources["motion"].sees_nothing


def test_a_large_covariance_of_odometry_makes_hints_less_certain() -> None:
    (sure, _), (unsure, _) = driven(), driven(variance=0.04**2)
    assert sure.hints is not None
    assert unsure.hints is not None
    assert np.median(unsure.hints.sigma_ln) > 1.5 * np.median(sure.hints.sigma_ln)


def test_the_scale_error_of_odometry_is_reported_where_another_sensor_is_present() -> None:
    from grin_ros.core.motion.checks.scale_check import ScaleCheck

    _, range_m = driven()
    rows, cols = np.mgrid[10:170:8, 10:230:8]
    pixels = np.stack([cols.ravel(), rows.ravel()], -1)
    lidar = Hints.measured(pixels, range_m[rows.ravel(), cols.ravel()])
    check = ScaleCheck()

    def long(index: int, pose: Transform) -> list[tuple[int, Transform]]:
        return truly(index, Transform(pose.rotation, 1.2 * pose.translation_m))

    found, _ = driven(long)
    assert found.hints is not None
    assert check.text == ""
    for _ in range(10):
        check.add(found.hints, lidar, CAMERA.width)
    assert check.factor == pytest.approx(1.2, abs=0.04)
    assert "% long" in check.text
