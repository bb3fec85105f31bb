# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""hints/scan: rays become hints where the camera sees what they hit, moved by what the robot did in between."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grin_ros.core.geometry.transform import Transform
from grin_ros.core.input_error import InputError
from grin_ros.ros.inputs.hints.scan import ScanSource
from tests.ros.inputs.hints.wall import CAMERA, NOW_NS, OPTICAL, asked, depth_error, driving, scan, tree, view

TOPIC = "hints/scan"


def test_a_level_scan_lies_on_the_row_of_the_horizon() -> None:
    given = asked(ScanSource(), TOPIC, scan())
    assert depth_error(given) < 1e-3 and given.reason == "" and given.age_s == 0.0
    assert given.hints is not None and len(given.hints) > 60
    np.testing.assert_allclose(given.hints.pixels[:, 1], CAMERA.cy, atol=1e-3)
    assert given.rejected["no return"] > 10 and given.rejected["outside the image"] > 50


@pytest.mark.parametrize("share", [0.2, 0.75])
@pytest.mark.parametrize("code_m", [0.0, math.nan, math.inf, -math.inf, 20.0, 20.0 - 1e-4, 21.0, 10.0, 0.1, 0.05, 0.2])
def test_whatever_a_driver_writes_for_no_return_is_no_hint(code_m: float, share: float) -> None:
    coded = scan(541)
    ranges_m = np.array(coded.ranges)
    lost = (np.random.default_rng(1).random(len(ranges_m)) < share) | (ranges_m > (10.0 if code_m == 10.0 else 20.0))
    coded.ranges = np.where(lost, code_m, ranges_m).astype(np.float32).tolist()
    given = asked(ScanSource(), TOPIC, coded)
    assert depth_error(given) < 1e-3 and given.hints is not None and len(given.hints) > 30


def test_rays_that_met_nothing_tell_so_up_to_the_reach_of_the_scan_or_of_the_parameter() -> None:
    message = scan()
    for ray in range(85, 95):
        message.ranges[ray] = np.inf
    message.ranges[80] = np.nan
    for parameter_m, reach_m in ((30.0, 20.0), (5.0, 5.0)):
        hints = asked(ScanSource(), "hints/scan", message, view(max_range_m=parameter_m)).hints
        assert hints is not None and hints.unreached is not None
        assert len(hints.unreached.reach_m) == 10
        np.testing.assert_allclose(hints.unreached.reach_m, reach_m, rtol=1e-5)


def test_a_tilted_scanner_runs_across_the_image() -> None:
    tilted = tree()
    tilted.set("base", "lidar", 0, Transform.from_rpy((0, 0, 0), (math.pi / 2, 0, 0)), static=True)
    given = asked(ScanSource(), TOPIC, scan(), view(tilted))
    assert given.hints is not None and np.ptp(given.hints.pixels[:, 1]) > 100
    assert depth_error(given) < 1e-3


def test_a_pose_as_six_numbers_needs_no_tf() -> None:
    given = asked(ScanSource(), TOPIC, scan(), view(scan_pose="0.5 0 0.1 0 0 0"))
    assert given.hints is not None
    rays = CAMERA.unproject(given.hints.pixels)
    np.testing.assert_allclose(given.hints.range_m * rays[:, 2], 3.5, rtol=1e-3)
    np.testing.assert_allclose(given.hints.range_m * rays[:, 1], -0.1, atol=1e-3)


@pytest.mark.parametrize("pose", ["tf", "0 0 0 0 0 0"])
def test_a_scan_is_moved_to_the_time_of_the_image(pose: str) -> None:
    """The robot drives at 1 m/s: 0.1 s after the scan the wall is 0.1 m nearer."""
    at = view(driving(1.0), image_ns=NOW_NS + 10**8, scan_pose=pose)
    given = asked(ScanSource(), TOPIC, scan(), at)
    assert given.hints is not None and given.age_s == pytest.approx(0.1)
    rays = CAMERA.unproject(given.hints.pixels)
    np.testing.assert_allclose(given.hints.range_m * rays[:, 2], 2.9, rtol=1e-3)
    np.testing.assert_allclose(given.hints.sigma_ln, 0.01)


def test_each_ray_is_moved_by_its_own_time() -> None:
    """A robot that turns by 90 degrees per second sees a wall bent, unless time_increment is heeded."""
    turning, count, each_s = driving(0.0, 90.0), 181, 0.001
    bent = scan(count, each_s=each_s)
    angles = np.linspace(-np.pi / 2, np.pi / 2, count)
    with np.errstate(divide="ignore"):
        ranges_m = 3.0 / np.cos(angles + np.radians(90.0) * each_s * np.arange(count))
    bent.ranges = np.where((ranges_m > 0.0) & (ranges_m < 20.0), ranges_m, np.inf).astype(np.float32).tolist()
    assert depth_error(asked(ScanSource(), TOPIC, bent, view(turning))) < 2e-3
    bent.time_increment = 0.0
    assert depth_error(asked(ScanSource(), TOPIC, bent, view(turning))) > 0.05


@pytest.mark.parametrize("each_s", [0.1, -0.1, math.nan, math.inf])
def test_a_time_increment_that_cannot_be_is_not_used_and_diagnostics_say_so(each_s: float) -> None:
    """0.1 s is the time of a whole scan, which some drivers write there."""
    given = asked(ScanSource(), TOPIC, scan(each_s=each_s), view(driving(1.0)))
    assert depth_error(given) < 1e-3
    assert given.note.startswith("its time_increment says that the scan took") and "at its stamp" in given.note


def test_without_a_fixed_frame_the_hints_are_less_certain_and_it_is_said() -> None:
    given = asked(ScanSource(), TOPIC, scan(), view(image_ns=NOW_NS + 10**8))
    assert given.hints is not None and given.hints.sigma_ln.min() > 0.013
    assert "tf does not hold hints.fixed_frame 'odom', so the motion of the robot is not taken into" in given.note
    assert "hints.fixed_frame is empty" in asked(ScanSource(), TOPIC, scan(), view(fixed_frame="")).note


def test_odometry_that_begins_again_between_scan_and_image_does_not_move_the_hints() -> None:
    """At 30 m/s the camera moves by 3 m in the meantime, which it may; odometry that begins again jumps by 8 m."""
    begins_again = driving(1.0)
    for step in range(5, 101):
        begins_again.set("odom", "base", NOW_NS + step * 10**7, Transform.from_rpy((-8.0, 0, 0), (0, 0, 0)))
    later = {"image_ns": NOW_NS + 10**8}
    given = asked(ScanSource(), TOPIC, scan(), view(begins_again, **later))
    assert depth_error(given) < 1e-3 and given.hints is not None
    assert given.hints.sigma_ln.min() > 0.013
    assert "not taken into account: in 'odom' the camera moved by 8.0 m in 0.10 s" in given.note
    fast = asked(ScanSource(), TOPIC, scan(), view(driving(-30.0), **later))
    assert depth_error(fast) == pytest.approx(1.0, abs=1e-3) and not fast.note, "it drove back from 3 m to 6 m"


def test_the_scan_that_is_nearest_in_time_is_used_and_an_old_or_future_one_is_not() -> None:
    source = ScanSource()
    for shift_s in (-0.3, -0.05, 0.1):
        source.take(TOPIC, scan(stamp_ns=NOW_NS + round(shift_s * 1e9)))
    assert source(view()).age_s == pytest.approx(0.05)
    for shift_s, word in ((1.0, "older"), (-1.0, "newer")):
        with pytest.raises(InputError, match=rf"{word} than the image, and hints\.max_age_s is 0\.4; check that"):
            source(view(image_ns=NOW_NS + round((0.1 if shift_s > 0 else -0.3) * 1e9) + round(shift_s * 1e9)))


def test_an_image_without_a_stamp_is_named() -> None:
    with pytest.raises(InputError, match=r"the image has no time \(its stamp is 0\); let the node"):
        asked(ScanSource(), TOPIC, scan(), view(image_ns=0))


@pytest.mark.parametrize("late_s", [0.45, 0.5])
def test_a_lidar_that_turns_slowly_is_as_old_as_its_rays(late_s: float) -> None:
    """It turns in 0.2 s, and the stamp is that of the first ray. Rays that are too old are rejected one by one."""
    source, slow = ScanSource(), scan(each_s=0.2 / 180)
    source.take(TOPIC, slow)
    given = source(view(driving(0.5), NOW_NS + round(late_s * 1e9)))
    assert given.hints is not None and given.rejected["too old"] > 0
    assert given.hints.age_s.max() <= 0.4
    with pytest.raises(InputError, match=r"0\.41 s older than the image"):
        source(view(driving(0.5), NOW_NS + 611_000_000))


def test_a_scan_in_millimetres_is_named_and_a_code_for_no_return_is_none() -> None:
    millimetres = scan()
    millimetres.ranges = [1e3 * each for each in millimetres.ranges]
    with pytest.raises(InputError, match=r"got ranges of 3000 to \d+\.\d, but its range_max is 20; let .* in metres"):
        asked(ScanSource(), TOPIC, millimetres)
    nothing = scan()
    nothing.ranges = [65.533] * len(nothing.ranges)
    assert asked(ScanSource(), TOPIC, nothing).sees_nothing


@pytest.mark.parametrize("rate_hz", [50, 60, 75, 100, 120, 200, 1000])
def test_at_any_rate_the_scans_of_an_image_that_took_a_while_are_still_there(rate_hz: int) -> None:
    source = ScanSource()
    for step in range(rate_hz):
        source.take(TOPIC, scan(3, stamp_ns=NOW_NS + step * 10**9 // rate_hz))
    for ago_ms in (0, 60, 130):
        image_ns = NOW_NS + (rate_hz - 1) * 10**9 // rate_hz - ago_ms * 10**6
        assert abs(source(view(image_ns=image_ns)).age_s or 0.0) < 0.018


def test_a_frame_that_tf_does_not_hold_is_named() -> None:
    unknown = scan()
    unknown.header.frame_id = "laser"
    with pytest.raises(InputError, match="tf does not hold 'laser'"):
        asked(ScanSource(), TOPIC, unknown)
    assert OPTICAL.rotation.shape == (3, 3)


@pytest.mark.parametrize("factor", [0.5, 2.0, -0.5])
def test_a_scan_whose_rays_do_not_end_at_angle_max_is_refused(factor: float) -> None:
    message = scan()
    message.angle_increment *= factor
    source = ScanSource()
    source.take(TOPIC, message)
    with pytest.raises(InputError, match=r"got 181 ranges.*expected it at angle_max 1\.5708; .*is 0\.0174533$"):
        source(view())


def test_an_infinite_angle_max_is_refused() -> None:
    source = ScanSource()
    source.take(TOPIC, scan(angle_max=math.inf))
    with pytest.raises(InputError, match="expected it at angle_max inf"):
        source(view())


@pytest.mark.parametrize("angle_max", [0.0, math.pi / 2 + 0.02, math.pi / 2 - 2.0 * math.pi])
def test_an_angle_max_that_is_not_set_or_hardly_off_is_no_fault(angle_max: float) -> None:
    source = ScanSource()
    source.take(TOPIC, scan(angle_max=angle_max))
    assert source(view()).hints is not None


def test_after_the_clock_was_set_back_no_scan_of_before_is_used() -> None:
    source = ScanSource()
    for later_s in range(8):
        source.take(TOPIC, scan(stamp_ns=NOW_NS + later_s * 10**9))
    source.take(TOPIC, scan(stamp_ns=NOW_NS - 2 * 10**9))
    with pytest.raises(InputError, match="2.00 s older than the image"):
        source(view())


def test_of_scans_with_one_stamp_the_last_one_is_used() -> None:
    """A simulator without /clock stamps all of them with 0."""
    source = ScanSource()
    for ranges_m in (1.0, 2.0, 3.0):
        source.take(TOPIC, scan(ranges=[ranges_m + 0.001 * ray for ray in range(181)]))
    given = source(view())
    assert given.hints is not None and given.hints.range_m.min() > 3.0
