# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Tests of grin_ros.ros. ROOT is the folder of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
