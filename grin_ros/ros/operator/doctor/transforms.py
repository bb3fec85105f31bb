# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find out whether the nodes of a ROS graph hear the transforms that they subscribe to."""

from __future__ import annotations

from collections.abc import Iterator

from grin_ros.ros.message_types import TF_MESSAGE
from grin_ros.ros.operator.doctor.finding import Finding, error, ok, warn
from grin_ros.ros.operator.doctor.graph import RosGraph, mismatches


def transform_findings(graph: RosGraph) -> Iterator[Finding]:
    """Yield what an operator should know about /tf and /tf_static, for each node that takes transforms."""
    for node in graph.nodes:
        silent, taken = [], []
        for name, topic in sorted(graph.topics.items()):
            ours = [end for end in topic.subscribers if end.node == node.name and end.type == TF_MESSAGE]
            if not ours:
                continue
            taken.append(name)
            if not topic.publishers:
                silent.append(name)
                continue
            # The node subscribes twice to static transforms, of which one subscription fits.
            deaf = [end for end in topic.publishers if all(any(mismatches(end, each)) for each in ours)]
            for end in deaf:
                yield error(
                    f"{name}: {node.name} asks for reliable, {end.node} does not offer it, so no transform arrives",
                    f"make {end.node} publish {name} reliably, as tf2_ros does",
                )
            if not deaf:
                names = ", ".join(sorted({end.node for end in topic.publishers}))
                yield ok(f"{name}: published by {names}")
        if taken and silent == taken:
            yield warn(
                f"{' and '.join(taken)}: nothing publishes them, and {node.name} waits for transforms",
                "start robot_state_publisher and the odometry of the robot; if their topics have a namespace, remap: "
                "-r /tf:=/robot/tf -r /tf_static:=/robot/tf_static",
            )
