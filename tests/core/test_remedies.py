# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The commands that remedies name are those that work where the package runs from."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from grin_ros.core import remedies

REQUIRES = ["numpy>=1.23", 'torch==2.13.0; extra == "train"', 'ray==2.60.0; extra == "fleet"']


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in site-packages of a virtual environment; its folder without a setup.py."""
    package = tmp_path / "venv" / "lib" / "python3" / "site-packages" / "grin_ros"
    package.mkdir(parents=True)
    monkeypatch.setattr(remedies, "PACKAGE", package)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(metadata, "requires", lambda _: REQUIRES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def installed_from(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    told = SimpleNamespace(read_text=lambda _: json.dumps({"url": url}))
    monkeypatch.setattr(metadata, "distribution", lambda _: told)


def test_in_a_checkout_its_own_folder_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = remedies.PACKAGE.parent
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "prefix", str(root / ".venv"))
    assert remedies.install("train") == ".venv/bin/pip install -e '.[train]'"
    monkeypatch.chdir(tmp_path)
    assert remedies.install("demo,bags") == f"{root}/.venv/bin/pip install -e '{root}[demo,bags]'"


def test_what_was_installed_from_a_folder_is_installed_from_there(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = elsewhere / "my grin"
    source.mkdir()
    (source / "setup.py").touch()
    installed_from(monkeypatch, source.as_uri())
    assert remedies.install("train") == "venv/bin/pip install 'my grin[train]'"


def test_without_a_source_folder_the_packages_are_named(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed_from(monkeypatch, (elsewhere / "gone").as_uri())
    assert remedies.install("train,fleet") == "venv/bin/pip install torch==2.13.0 ray==2.60.0"
    assert remedies.install("nonesuch") == "install grin_ros again, with its extra nonesuch"


def test_a_shell_is_offered_where_grin_cannot_be_typed(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(elsewhere / "bin"))
    assert remedies.activate() == "source venv/bin/activate"
    (elsewhere / "bin").mkdir()
    (elsewhere / "bin" / "grin").touch(0o755)
    assert remedies.activate() == ""


def test_a_ros_installation_is_sourced_and_wheels_serve_where_there_is_none(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remedies, "ROS_HOME", elsewhere / "ros")
    installed_from(monkeypatch, "")
    monkeypatch.setattr(metadata, "requires", lambda _: ['ros-jazzy-rclpy==7.1.6; extra == "ros-wheels"'])
    assert remedies.ros() == "venv/bin/pip install ros-jazzy-rclpy==7.1.6"
    for name in ("humble", "jazzy"):
        (elsewhere / "ros" / name).mkdir(parents=True)
        (elsewhere / "ros" / name / "setup.bash").touch()
    assert remedies.ros() == f"source {elsewhere}/ros/jazzy/setup.bash"
