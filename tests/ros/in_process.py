# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A node in the test's own process: what its diagnostics say, and frames that are given to it without DDS."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.stand_in.camera import info_message, picture
from grin_ros.ros.node.lifecycle import GrinNode
from grin_ros.ros.operator.harness.messages import image_message

DEADLINE_S = 30.0


def verdict(node: GrinNode) -> tuple[bytes, str]:
    """Return level and message of the node's diagnostics."""
    status = node.diagnostic_status()
    return status.level, status.message


def values(node: GrinNode) -> dict[str, str]:
    """Return the values of the node's diagnostics, all of one moment."""
    return {pair.key: pair.value for pair in node.diagnostic_status().values}


def value(node: GrinNode, key: str) -> str:
    """Return one value of the node's diagnostics; empty if it is not there."""
    return values(node).get(key, "")


def counts(node: GrinNode) -> dict[str, int]:
    """Return the node's counts of frames of one moment."""
    now = values(node)
    return {key: int(now[key]) for key in ("received", "published", "dropped", "rejected", "failed", "pending")}


def deliver(node: Any, topic: str, message: Any) -> None:
    """Call the node's callback for a topic, as the executor does when a message arrives."""
    next(each for each in node.subscriptions if each.topic_name == topic).callback(message)


def submit(node: Any) -> None:
    """Give the node one good frame."""
    deliver(node, "/camera_info", info_message())
    deliver(node, "/image", image_message(picture(), 0))


def send(node: Any) -> str:
    """Give the node one good frame and wait. Return 'published', 'rejected' or 'failed'."""
    before = counts(node)
    submit(node)
    deadline = time.monotonic() + DEADLINE_S
    while (now := counts(node))["pending"] or now["received"] == before["received"]:
        assert time.monotonic() < deadline, "the frame was not answered"
        time.sleep(0.005)
    return next(key for key in ("published", "rejected", "failed") if now[key] > before[key])
