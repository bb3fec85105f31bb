# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The names of the sources of hints that are treated differently from sensors."""

from __future__ import annotations

TRACKED, MAPPED = "motion", "motion map"
"""The two sources of hints at corners: corners that are followed now, and points of the map of motion."""
FLOOR = "floor"
"""The source whose hints are the floor, where the mounting of the camera tells its range."""
UNREACHED = "unreached"
"""The source whose hints are pixels at which a sensor met nothing up to its reach."""
OWN_SOURCES = (FLOOR, UNREACHED)
"""The sources that the estimator finds by itself. Their hints are not measured."""
