# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The start of ROS 2: log files go where they can be written, and wrong arguments are an error with a remedy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rclpy.context import Context

from grin_ros.core.input_error import InputError
from grin_ros.ros.dds_profile import PROFILE_VARIABLES, profile_variables
from grin_ros.ros.starting import own_arguments, start_ros, use_log_folder


@pytest.fixture(autouse=True)
def no_log_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROS_LOG_DIR", "ROS_HOME"):
        monkeypatch.setenv(name, "")  # so that what the code sets is undone afterwards
        monkeypatch.delenv(name)


def test_a_home_that_can_be_written_keeps_the_log_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert use_log_folder() == ""
    assert "ROS_LOG_DIR" not in os.environ


def test_without_a_home_the_log_files_go_to_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    assert use_log_folder().startswith("HOME is not set, so ROS 2 writes its log files to ")
    assert os.environ["ROS_LOG_DIR"] in use_log_folder() or use_log_folder() == ""


def test_a_home_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".ros").touch()  # where a folder should be
    monkeypatch.setenv("HOME", str(tmp_path))
    assert f"{tmp_path}/.ros/log cannot be written" in use_log_folder()


def test_the_folder_that_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("ROS_LOG_DIR", "/chosen")
    assert use_log_folder() == ""
    assert os.environ["ROS_LOG_DIR"] == "/chosen"


def test_every_process_gets_the_dds_profile_unless_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROFILE_VARIABLES:
        monkeypatch.setenv(name, "")
    context = Context()
    start_ros(context=context)
    context.shutdown()
    assert all(os.environ[name].endswith("fastdds.xml") for name in profile_variables(os.environ))


def test_wrong_ros_arguments_are_an_input_error() -> None:
    assert own_arguments(["node", "front", "--ros-args", "-p", "steps:=1"]) == ["front"]
    for call in (own_arguments, lambda arguments: start_ros(arguments, Context())):
        with pytest.raises(InputError, match="remap rule") as refused:
            call(["node", "--ros-args", "-r", "nothing"])
        assert "--ros-args" in refused.value.remedy
        assert ".c:" not in refused.value.text
