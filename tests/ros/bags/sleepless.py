# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the node of `grin replay`."""

from __future__ import annotations

from typing import Any


class SleeplessNode:
    """A node that notes all that is published, and does not wait."""

    def __init__(self) -> None:
        self.context = self
        self.published: list[tuple[str, Any]] = []
        self.offered: dict[str, Any] = {}

    def ok(self) -> bool:
        return True

    def create_publisher(self, _: Any, topic: str, profile: Any) -> Any:
        self.offered[topic] = profile
        node = self

        class Publisher:
            def publish(self, message: Any) -> None:
                node.published.append((topic, message))

            def get_subscription_count(self) -> int:
                return 0

        return Publisher()
