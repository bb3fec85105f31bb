# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's parameters for a run over a bag. A parameter that such a run cannot honour is refused by name."""

from __future__ import annotations

from collections.abc import Mapping

from grin_ros.core.input_error import InputError
from grin_ros.ros.parameters.row import Value
from grin_ros.ros.parameters.table import NodeConfig, node_config

LIVE_ONLY: Mapping[str, tuple[str, str]] = {
    "autostart": ("only a node has lifecycle states", "leave it out"),
    "compressed": ("the bag says which images are compressed", "choose image topics with --image"),
    "diagnostics_period_s": ("nothing is published on /diagnostics", "read the counts that grin bag prints at its end"),
    "fallback": (
        "the whole output comes from one backend, so that it is the same every time",
        "name that backend with --backend",
    ),
    "latency_budget_ms": ("no frame has to be ready at a certain time", "set --steps and --members instead"),
    "watchdog_s": ("a backend may take any time for a frame", "leave it out"),
}
"""Parameter of a live node -> why a run over a bag does not have it, and what to do instead."""


def bag_config(parameters: Mapping[str, Value], camera: str = "camera") -> NodeConfig:
    """Check the parameters that were given, and return the configuration. Raises ValueError, with the remedy.

    camera: the name of the camera, by which the cameras of one bag differ.
    """
    for name in parameters:
        if name in LIVE_ONLY:
            reason, remedy = LIVE_ONLY[name]
            raise InputError(f"{name}: a run over a bag does not have this parameter: {reason}", remedy)
    return node_config(parameters, camera)
