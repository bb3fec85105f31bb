# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The names that a program takes from `grin_ros` itself."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import grin_ros


@pytest.mark.parametrize("name", grin_ros.PUBLIC)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    found = getattr(grin_ros, name)
    assert found is getattr(import_module(grin_ros.PUBLIC[name]), name)
    assert found.__module__ == grin_ros.PUBLIC[name], "the table names the module that defines it"
    assert found.__doc__
    assert name in dir(grin_ros)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Camra'; it has Camera, "):
        _ = grin_ros.Camra


@pytest.mark.parametrize("module", ["numpy", "cv2", "torch", "rclpy"])
def test_the_package_itself_loads_no_library(module: str) -> None:
    told = f"import sys, grin_ros; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False, timeout=300).returncode == 0
