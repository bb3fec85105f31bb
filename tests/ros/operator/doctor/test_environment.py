# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The environment that ROS 2 reads: right, missing, and wrong in the ways that users have met."""

from __future__ import annotations

import os
from collections import namedtuple
from pathlib import Path

import pytest

from grin_ros.core import remedies
from grin_ros.ros.dds_profile import PROFILE_VARIABLES, TRANSPORTS_VARIABLE
from grin_ros.ros.distribution import distribution_of_wheels
from grin_ros.ros.operator.doctor import environment
from grin_ros.ros.operator.doctor.environment import dds, discovery, ros, start
from grin_ros.ros.operator.doctor.finding import Finding, Severity

SHIPPED = Path(__file__).resolve().parents[4] / "config" / "fastdds.xml"
OLD, NEW = PROFILE_VARIABLES
FAST = "rmw_fastrtps_cpp"


@pytest.fixture(autouse=True)
def shared_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the shared memory large, wherever this runs."""
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(environment, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: usage(8 * 2**30))


def dds_profile(variables: dict[str, str], middleware: str = FAST) -> Finding:
    """Return the finding about the Fast DDS profile."""
    (found,) = [each for each in dds(variables, middleware, lambda: SHIPPED) if "DDS profile" in each.text]
    return found


def test_the_shipped_profile_is_large_enough() -> None:
    found = dds_profile({OLD: str(SHIPPED), "ROS_DISTRO": "jazzy"})
    assert found.level is Severity.OK
    assert "32 MiB" in found.text


@pytest.mark.parametrize(
    ("distribution", "given", "wanted"), [("humble", "", OLD), ("jazzy", NEW, OLD), ("kilted", OLD, NEW)]
)
def test_a_profile_in_the_variable_of_another_distribution_does_not_count(
    distribution: str, given: str, wanted: str
) -> None:
    found = dds_profile({"ROS_DISTRO": distribution, **({given: str(SHIPPED)} if given else {})})
    assert found.level is Severity.WARN
    assert f"export {wanted}={SHIPPED}" in found.remedy
    assert (f"{given} is, which" in found.text) == bool(given)


def test_transports_of_the_user_are_why_there_is_no_profile() -> None:
    """The programs of grin_ros set no profile then, so the finding must not say that they do."""
    found = dds_profile({"ROS_DISTRO": "jazzy", TRANSPORTS_VARIABLE: "UDPv4"})
    assert found.level is Severity.WARN
    assert f"{TRANSPORTS_VARIABLE} is UDPv4" in found.text
    assert "set their own" not in found.text
    assert f"unset {TRANSPORTS_VARIABLE}" in found.remedy


@pytest.mark.parametrize(
    ("replaced", "by", "level", "text"),
    [
        ("33554432", "1048576", Severity.WARN, "a shared memory of 1.0 MiB, 1280x720 images need 10.5"),
        ('is_default_profile="true"', "", Severity.WARN, "no shared memory"),
        ("<type>SHM</type>", "<type>TCPv4</type>", Severity.WARN, "no shared memory"),
        ("</dds>", "", Severity.ERROR, "cannot be read"),
    ],
)
def test_a_profile_that_is_too_small_is_named_with_its_size(
    tmp_path: Path, replaced: str, by: str, level: Severity, text: str
) -> None:
    whole = SHIPPED.read_text(encoding="utf-8")
    assert replaced in whole
    path = tmp_path / "profile.xml"
    path.write_text(whole.replace(replaced, by), encoding="utf-8")
    found = dds_profile({OLD: str(path), "ROS_DISTRO": "jazzy"})
    assert (found.level, text in found.text) == (level, True), found
    assert str(SHIPPED) in found.remedy


def test_a_missing_profile_is_an_error() -> None:
    assert dds_profile({OLD: "/nowhere/profile.xml", "ROS_DISTRO": "jazzy"}).level is Severity.ERROR


def test_the_profile_does_not_apply_to_another_middleware() -> None:
    found = dds_profile({}, "rmw_cyclonedds_cpp")
    assert found.level is Severity.WARN
    assert "RMW_IMPLEMENTATION=rmw_fastrtps_cpp" in found.remedy


def test_a_small_shared_memory_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: usage(64 * 2**20))
    *_, found = dds({OLD: str(SHIPPED), "ROS_DISTRO": "jazzy"}, FAST, lambda: SHIPPED)
    assert found.level is Severity.WARN
    assert "--shm-size" in found.remedy


def test_without_ros_the_remedy_is_to_source_or_install_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _: None)
    (found,) = ros({})
    assert found.level is Severity.WARN
    assert found.remedy == remedies.ros()


@pytest.mark.parametrize(
    ("variables", "wheels", "levels"),
    [
        ({"ROS_DISTRO": "jazzy"}, "", [Severity.OK]),
        ({}, "jazzy", [Severity.OK]),
        ({"ROS_DISTRO": "humble"}, "jazzy", [Severity.ERROR]),
        ({}, "", [Severity.WARN]),
    ],
)
def test_the_ros_2_that_python_finds_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wheels: str, levels: list[Severity]
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _: object())
    monkeypatch.setattr(environment, "distribution_of_wheels", lambda: wheels)
    assert [each.level for each in ros(variables)] == levels


def test_ros_2_starts_in_a_clean_shell() -> None:
    """The wheels need no AMENT_PREFIX_PATH; a ROS installation needs what its setup.bash has set."""
    kept = {name: value for name, value in os.environ.items() if name not in ("RMW_IMPLEMENTATION", OLD, NEW)}
    if distribution_of_wheels():
        kept.pop("AMENT_PREFIX_PATH", None)
    found = start(kept)
    assert (found.level, "middleware rmw_" in found.text) == (Severity.OK, True), found


def test_a_middleware_that_is_not_installed_is_a_finding() -> None:
    """rclpy ends the process that asks for one, so nobody can catch it."""
    found = start({**os.environ, "RMW_IMPLEMENTATION": "rmw_nowhere_cpp"})
    assert found.level is Severity.ERROR
    assert "RMW_IMPLEMENTATION names, rmw_nowhere_cpp" in found.text
    assert found.remedy.startswith("unset RMW_IMPLEMENTATION")
    assert "rmw-nowhere-cpp" in found.remedy


@pytest.mark.parametrize(
    ("variables", "level", "text"),
    [
        ({}, Severity.OK, "domain 0, discovery range SUBNET"),
        ({"ROS_DOMAIN_ID": "7", "ROS_LOCALHOST_ONLY": "1"}, Severity.OK, "domain 7, discovery range LOCALHOST"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, Severity.WARN, "no other process can be seen"),
        ({"ROS_DOMAIN_ID": "seven"}, Severity.ERROR, "is 'seven'"),
        ({"ROS_DOMAIN_ID": "233"}, Severity.ERROR, "is '233'"),
    ],
)
def test_domain_and_discovery_range_are_judged(variables: dict[str, str], level: Severity, text: str) -> None:
    (found,) = discovery(variables)
    assert found.level is level
    assert text in found.text
