# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The types that the readers of both storage formats share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rosbags.interfaces import Connection, MessageDefinitionFormat

Raw = tuple[Connection, int, bytes]
"""Connection, log time in nanoseconds, bytes as they are stored."""

Tell = Callable[[str], None]
"""Takes a text that says what could not be read."""

DEFINITION_FORMATS: Mapping[str, MessageDefinitionFormat] = {
    "ros2msg": MessageDefinitionFormat.MSG,
    "ros2idl": MessageDefinitionFormat.IDL,
}
"""The formats of message definitions, by the names that both storages give them."""


class Contents(NamedTuple):
    """The contents of a bag or a file according to its indexes.

    kinds, counts: message type and number of messages by topic. start_ns, end_ns: log times of the first and the last
    message, 0 if there is none.
    """

    kinds: Mapping[str, str]
    counts: Mapping[str, int]
    start_ns: int
    end_ns: int
