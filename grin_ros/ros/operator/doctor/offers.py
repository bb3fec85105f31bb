# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find what the robot has that would make depth better, and that the node does not use: a mounting, and sensors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress

from grin_ros.core.geometry.mounting import Mounting
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.core.input_error import InputError
from grin_ros.core.plausibility.camera import mounting_doubts
from grin_ros.ros import commands
from grin_ros.ros.inputs.hints.registry import SOURCES, wirings
from grin_ros.ros.message_types import COMPRESSED, IMAGE
from grin_ros.ros.operator.doctor.finding import Finding, offer, warn
from grin_ros.ros.operator.doctor.graph import RosGraph, SeenNode, cameras

BASE_FRAME = "base_footprint"
"""The frame of REP 120 that lies on the ground. base_link may lie above it."""
OFFERED = ("scan", "points", "range", "depth", "motion")
"""The sources that are recognised by the types of their topics. Landmarks look like any other cloud."""
_MOUNTED = ("mounting.known", "mounting.base_frame")
_FIXED = "motion.fixed_frame"
ASKED = (*_MOUNTED, _FIXED, *(SOURCES[name].switch for name in OFFERED))
"""The parameters of a node that say what it uses."""


def offers(graph: RosGraph) -> Iterator[Finding]:
    """Yield, for each node of grin_ros, what it could use."""
    for node in graph.nodes:
        if node.uses.keys() >= set(ASKED):  # else it did not answer
            yield from _mounting(node, graph)
            yield from _sensors(node, graph)


def frame_findings(graph: RosGraph) -> Iterator[Finding]:
    """Yield the frames of cameras that are no optical frames by tf, or may be none by their names.

    tf knows it for sure where it places the frame above the ground; a name proves nothing, so it is only a tip.
    """
    named = {name: graph.heard[name].frame_id.lstrip("/") for name, _ in cameras(graph) if name in graph.heard}
    for frame in sorted({*named.values()} - {""}):
        topics = ", ".join(name for name, its in named.items() if its == frame)
        if frame in graph.mountings:
            doubts = mounting_doubts(graph.mountings[frame])
            yield from (warn(f"{topics}: by tf to {BASE_FRAME}, {doubt.text}", doubt.remedy) for doubt in doubts)
        elif "optical" not in frame:
            yield offer(
                f"{topics}: the frame_id is '{frame}'; if that is a body frame (x ahead, z up), as camera_link usually "
                "is, Nav2 and RViz turn every cloud by 90 degrees",
                "let the camera driver write the optical frame (x right, y down, z ahead, REP 103); if it does, all is "
                "well",
            )


def mountings_by_tf(tree: TransformTree, frames: Iterable[str]) -> dict[str, Mounting]:
    """Return optical frame -> mounting, for those of `frames` that the tree places above BASE_FRAME."""
    found = {}
    for frame in frames:
        with suppress(InputError):  # the frames are not connected, or the camera is not above the ground
            found[frame] = Mounting.from_pose(tree.lookup(BASE_FRAME, frame))
    return found


def _mounting(node: SeenNode, graph: RosGraph) -> Iterator[Finding]:
    """Yield how to tell the node the mounting of its camera, if it does not know it."""
    if any(node.uses[name] for name in _MOUNTED):
        return
    known = next((graph.mountings[frame] for frame in _camera_frames(node, graph) if frame in graph.mountings), None)
    yield offer(
        f"{node.name}: the mounting of the camera is not known, so the floor cannot give depth its scale",
        f"set mounting.base_frame to {BASE_FRAME} in its parameter file: {_described(known)}"
        if known
        else "set mounting.known, mounting.height_m, mounting.roll_deg and mounting.pitch_deg in its parameter file, "
        "or mounting.base_frame to a frame on the ground",
    )


def _described(mounting: Mounting) -> str:
    return f"by tf, the camera is {mounting.height_m:.2f} m above it, {_tilt(math.degrees(mounting.pitch_rad))}"


def _tilt(pitch_deg: float) -> str:
    if abs(pitch_deg) < 0.5:
        return "and level"
    return f"and looks {'down' if pitch_deg > 0 else 'up'} by {abs(pitch_deg):.0f} degrees"


def _camera_frames(node: SeenNode, graph: RosGraph) -> list[str]:
    """Return the frames of the images that the node hears, without those of depth, which are hints."""
    return [
        graph.heard[name].frame_id.lstrip("/")
        for name, topic in graph.topics.items()
        if any(end.node == node.name and end.type in (IMAGE, COMPRESSED) for end in topic.subscribers)
        and name in graph.heard
        and not graph.is_depth(name)
    ]


def _sensors(node: SeenNode, graph: RosGraph) -> Iterator[Finding]:
    """Yield the topics of sensors that the node could take as hints."""
    found: dict[str, list[str]] = {}
    for name in OFFERED:
        kind = SOURCES[name]
        if node.uses[kind.switch] or (name == "motion" and node.uses[_FIXED]):
            continue
        topic, (message, _) = next(iter(kind.topics.items()))
        published = _published(message, graph)
        if published:
            found[topic.removeprefix("hints/")] = published
    if found:
        named = ", ".join(topic for topics in found.values() for topic in topics)
        wired = wirings([f"{name}={topics[0]}" for name, topics in found.items()])
        arguments = commands.hints([(SOURCES[each.source].switch, each.input, each.topic) for each in wired])
        yield offer(
            f"{node.name}: it could take hints from {named}, which correct scale and shape of depth",
            f"start it with those that you trust: {arguments} (docs/guides/hints.md)",
        )


def _published(message: str, graph: RosGraph) -> list[str]:
    """Return the topics of a type that others publish; of images only those of depth."""
    ours = {node.name for node in graph.nodes}
    return [
        name
        for name, topic in sorted(graph.topics.items())
        if any(end.type == message and end.node not in ours for end in topic.publishers)
        and (message != IMAGE or graph.is_depth(name))
    ]
