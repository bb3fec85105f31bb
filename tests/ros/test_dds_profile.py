# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile is found wherever it was installed, and replaces no other one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from grin_ros.ros import dds_profile as profiles
from grin_ros.ros import distribution
from grin_ros.ros.dds_profile import PROFILE_VARIABLES, TRANSPORTS_VARIABLE, dds_profile, use_dds_profile


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove all variables of ROS, as in a fresh shell, and restore them afterwards."""
    for name in ("AMENT_PREFIX_PATH", "ROS_DISTRO", *PROFILE_VARIABLES):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("sourced", "names"),
    [("humble", PROFILE_VARIABLES[:1]), ("jazzy", PROFILE_VARIABLES[:1]), ("kilted", PROFILE_VARIABLES[1:])],
)
def test_the_shipped_profile_is_used_where_none_is_set(
    clean: pytest.MonkeyPatch, sourced: str, names: tuple[str, ...]
) -> None:
    """Kilted warns of the variable of Jazzy."""
    clean.setenv("ROS_DISTRO", sourced)
    use_dds_profile()
    assert tuple(name for name in PROFILE_VARIABLES if name in os.environ) == names
    for name in names:
        assert "maxMessageSize" in Path(os.environ[name]).read_text()


def test_both_variables_are_set_where_the_distribution_is_not_known(clean: pytest.MonkeyPatch) -> None:
    clean.setattr(distribution, "distribution_of_wheels", lambda: "")
    use_dds_profile()
    assert all(os.environ[name].endswith("fastdds.xml") for name in PROFILE_VARIABLES)


@pytest.mark.parametrize("name", PROFILE_VARIABLES)
def test_a_users_profile_stays_the_only_one(clean: pytest.MonkeyPatch, name: str) -> None:
    clean.setenv(name, "/etc/mine.xml")
    use_dds_profile()
    assert [os.environ.get(variable) for variable in PROFILE_VARIABLES if variable in os.environ] == ["/etc/mine.xml"]


def test_transports_that_a_user_has_chosen_are_not_replaced_by_those_of_the_profile(clean: pytest.MonkeyPatch) -> None:
    """With LARGE_DATA on other machines, a node with the profile would not be reached by them."""
    clean.setenv(TRANSPORTS_VARIABLE, "LARGE_DATA")
    use_dds_profile()
    assert not any(name in os.environ for name in PROFILE_VARIABLES)
    clean.setenv(TRANSPORTS_VARIABLE, "")
    use_dds_profile()
    assert any(name in os.environ for name in PROFILE_VARIABLES), "an empty variable chooses nothing"


def test_a_user_can_keep_the_settings_of_fast_dds(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("GRIN_ROS_DDS_PROFILE", "false")
    use_dds_profile()
    assert not any(name in os.environ for name in PROFILE_VARIABLES)


def test_the_profile_is_found_where_it_was_installed(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "ws" / "share" / "grin_ros" / "config" / "fastdds.xml"
    clean.setattr(profiles, "__file__", str(tmp_path / "site/grin_ros/ros/dds_profile.py"))
    clean.setattr(sys, "prefix", str(tmp_path / "venv"))
    clean.setenv("AMENT_PREFIX_PATH", f"/opt/ros/jazzy:{tmp_path / 'ws'}")
    with pytest.raises(FileNotFoundError, match="fastdds.xml: not found.*reinstall"):
        dds_profile()
    installed.parent.mkdir(parents=True)
    installed.write_text("<dds/>")
    assert dds_profile() == installed
