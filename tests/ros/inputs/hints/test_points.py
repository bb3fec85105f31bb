# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""hints/points: clouds of any layout, with the time of each point as the drivers write it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sensor_msgs.msg import PointField

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.geometry.transform_tree import IDENTITY, TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.cloud_fields import MOST_POINTS, CloudFields
from grin_ros.ros.inputs.hints.kept import KeptMessages
from grin_ros.ros.inputs.hints.points import PointsSource
from tests.ros.inputs.hints.wall import (
    CAMERA,
    NOW_NS,
    OPTICAL,
    WALL_M,
    asked,
    cloud,
    depth_error,
    driving,
    view,
    wall_points,
)

TOPIC = "hints/points"


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("big_endian", [False, True])
def test_points_of_any_layout_become_hints(kind: str, big_endian: bool) -> None:
    points = wall_points()
    extra = [("intensity", "f4", np.ones(len(points))), ("ring", "u2", np.arange(len(points)))]
    given = asked(PointsSource(), TOPIC, cloud(points, kind, extra, big_endian=big_endian))
    assert depth_error(given) < 1e-5 and given.hints is not None
    assert len(given.hints) + sum(given.rejected.values()) == len(points)
    assert len(given.hints) > 300


def test_a_cloud_in_an_optical_frame_has_the_angles_of_the_guide() -> None:
    optical = wall_points() @ OPTICAL.rotation  # x to the right, y down, z ahead
    given = asked(PointsSource(), TOPIC, cloud(optical), view(points_pose="0 0 0 -90 0 -90"))
    assert depth_error(given) < 1e-5
    wrong = asked(PointsSource(), TOPIC, cloud(optical), view(points_pose="0 0 0 0 0 0"))
    assert wrong.hints is None or depth_error(wrong) > 0.1


def test_whole_numbers_of_millimetres_or_other_types_are_read_too() -> None:
    points = np.rint(wall_points()).astype(np.int16)
    fields = CloudFields(cloud(points, "i2"), TOPIC)
    np.testing.assert_array_equal(fields.columns("xyz"), points)


def sweep(seconds: NDArray[np.float64], metres_per_s: float) -> NDArray[np.float64]:
    """Return the wall as a robot that drives towards it measures it at each of these times."""
    points = wall_points(len(seconds))
    points[:, 0] -= metres_per_s * seconds
    return points


STYLES: dict[str, Any] = {
    "Velodyne time, seconds": ("time", "f4", lambda s: s),
    "Ouster t, nanoseconds": ("t", "u4", lambda s: s * 1e9),
    "Livox offset_time, nanoseconds": ("offset_time", "u4", lambda s: s * 1e9),
    "Autoware time_stamp, nanoseconds": ("time_stamp", "u4", lambda s: s * 1e9),
    "Blickfeld point_time_offset, nanoseconds": ("point_time_offset", "u4", lambda s: s * 1e9),
    "Livox timestamp, nanoseconds": ("timestamp", "f8", lambda s: NOW_NS + 1.7e18 + s * 1e9),
    "others' timestamp, seconds": ("timestamp", "f8", lambda s: NOW_NS / 1e9 + 1.7e9 + s),
}


@pytest.mark.parametrize("style", STYLES)
def test_each_point_is_moved_by_its_own_time(style: str) -> None:
    name, kind, write = STYLES[style]
    seconds = np.linspace(0.0, 0.1, 400)
    begin_ns = NOW_NS + int(1.7e18)
    tree = driving(0.0)
    for step in range(40):
        tree.set("odom", "base", begin_ns + step * 10**7 // 2, _ahead(2.0 * step / 200))
    message = cloud(sweep(seconds, 2.0), extra=[(name, kind, write(seconds))], stamp_ns=begin_ns)
    at = view(tree, image_ns=begin_ns)
    assert depth_error(asked(PointsSource(), TOPIC, message, at)) < 1e-3
    untimed = cloud(sweep(seconds, 2.0), stamp_ns=begin_ns)
    assert depth_error(asked(PointsSource(), TOPIC, untimed, at)) > 0.05


def _ahead(metres: float) -> Any:
    from grin_ros.core.geometry.transform import Transform

    return Transform.from_rpy((metres, 0, 0), (0, 0, 0))


@pytest.mark.parametrize("unit", [1.0, 1e9])
def test_times_of_a_simulation_that_has_just_begun_are_understood(unit: float) -> None:
    """There, nanoseconds are as small as the seconds since 1970 are elsewhere."""
    seconds = np.linspace(0.0, 0.1, 400)
    times = (NOW_NS / 1e9 + seconds) * unit
    message = cloud(sweep(seconds, 2.0), extra=[("timestamp", "f8", times)])
    assert depth_error(asked(PointsSource(), TOPIC, message, view(driving(2.0)))) < 1e-3


def test_times_that_are_not_understood_count_as_the_stamp_and_diagnostics_say_so() -> None:
    points = wall_points()
    for values in (np.full(len(points), np.nan), np.full(len(points), 1e5)):
        given = asked(PointsSource(), TOPIC, cloud(points, extra=[("time", "f4", values)]), view(driving(1.0)))
        assert depth_error(given) < 1e-5
        assert given.note.startswith("the times of the points in the field time are more than 1 s from the stamp")


def test_points_without_a_time_do_not_cost_the_others_theirs() -> None:
    """Organised clouds have holes, which some drivers leave without a time, and a few times may be broken."""
    seconds = np.linspace(0.0, 0.1, 400)
    points, times = sweep(seconds, 2.0), NOW_NS / 1e9 + seconds
    points[:300:2], times[:300:2] = np.nan, 0.0
    points[1:100:2], times[1:100:2] = 0.0, 0.0
    times[-1] = np.nan
    message = cloud(points, extra=[("timestamp", "f8", times)])
    given = asked(PointsSource(), TOPIC, message, view(driving(2.0)))
    assert given.hints is not None and len(given.hints) == 200 and not given.note
    rays = CAMERA.unproject(given.hints.pixels)
    wrong = np.abs(given.hints.range_m * rays[:, 2] / WALL_M - 1.0) > 1e-3
    assert wrong.sum() == 1, "the one whose time is not known"


def test_of_a_large_cloud_a_sample_is_read_that_misses_no_ring() -> None:
    points = np.zeros((40 * MOST_POINTS, 3))
    points[:, 0], points[:, 1] = 5.0, np.arange(len(points)) % 16
    read = CloudFields(cloud(points), TOPIC).columns("xy")
    assert len(read) <= MOST_POINTS and set(read[:, 1]) == set(range(16))


def test_of_huge_clouds_only_the_newest_are_kept_in_memory() -> None:
    kept, huge = KeptMessages(TOPIC), cloud(np.zeros((3_000_000, 3)))  # 36 MB each
    for step in range(6):
        later = cloud(wall_points(), stamp_ns=NOW_NS + step * 10**8)
        later.data = huge.data
        kept.add(later)
    for wanted, found in ((5, 5), (4, 4), (1, 4)):
        stamp = kept.nearest(NOW_NS + wanted * 10**8, 10.0).header.stamp
        assert stamp.sec * 10**9 + stamp.nanosec == NOW_NS + found * 10**8


def test_clouds_that_cannot_be_read_are_refused_with_the_topic() -> None:
    broken = cloud(wall_points())
    broken.fields = broken.fields[:2]
    with pytest.raises(InputError, match="got the fields x, y, expected x, y, z among them; remap hints/points"):
        asked(PointsSource(), TOPIC, broken)
    assert CAMERA.width == 160


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"row_step": 4799}, r"got row_step 4799, expected at least 4800 \(400 points of 12 bytes\)"),
        (
            {"height": 2},
            "got 4800 bytes, expected at least 9600 for 400x2 points with point_step 12 and row_step 4800",
        ),
        ({"point_step": 8}, r"got the field z up to byte 12 of a point, expected at most 8 \(point_step\)"),
        ({"point_step": 0, "width": 2**31, "row_step": 0}, "got 4800 bytes, expected at least 2147483648"),
    ],
)
def test_each_size_of_a_cloud_that_does_not_fit_is_told_with_the_expected_one(
    changes: dict[str, int], told: str
) -> None:
    broken = cloud(wall_points())
    assert (broken.width, broken.point_step, broken.row_step) == (400, 12, 4800)
    for name, value in changes.items():
        setattr(broken, name, value)
    with pytest.raises(InputError, match=f"cloud: {told}.*; correct the node that publishes the cloud"):
        asked(PointsSource(), TOPIC, broken)


def test_only_what_is_read_of_a_cloud_has_to_be_there() -> None:
    """A field that nobody reads may lie beyond the points, and the padding of the last row may be missing."""
    loose = cloud(wall_points())
    loose.fields = [*loose.fields, PointField(name="intensity", offset=12, datatype=PointField.FLOAT32, count=1)]
    loose.row_step += 13
    assert depth_error(asked(PointsSource(), TOPIC, loose)) < 1e-5
    with pytest.raises(InputError, match="got the field intensity up to byte 16"):
        CloudFields(loose, TOPIC).raw("intensity")


def test_a_cloud_without_points_or_of_nan_gives_nothing_and_says_why() -> None:
    given = asked(PointsSource(), TOPIC, cloud(np.full((50, 3), np.nan)))
    assert given.hints is None and given.rejected == {"no return": 50}
    assert given.reason.startswith("no measurement is left (no return 50); check")
    empty = asked(PointsSource(), TOPIC, cloud(np.empty((0, 3))))
    assert empty.hints is None and "the cloud has no points" in empty.reason
    assert given.sees_nothing and empty.sees_nothing, "many drivers leave out what has no return"


def test_one_point_with_a_wrong_time_does_not_keep_the_others_in_place() -> None:
    """tf does not reach to its time. It is too far from the image to be used anyway."""
    points, since_s = wall_points(), np.zeros(400, np.float32)
    since_s[7] = 0.9
    short = TransformTree()
    for step in range(-100, 6):
        pose = Transform.from_rpy((0.5 * step / 100, 0, 0), (0, 0, np.radians(0.4 * step)))
        short.set("odom", "base", NOW_NS + step * 10**7, pose)
    for child in ("camera", "lidar"):
        short.set("base", child, 0, IDENTITY, static=True)
    short.set("camera", "optical", 0, OPTICAL, static=True)
    given = asked(PointsSource(), TOPIC, cloud(points, extra=[("time", "f4", since_s)]), view(short))
    assert given.hints is not None and given.rejected["too old"] == 1 and not given.note
