# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The contents of a bag: its topics, their first messages, and its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grin_ros.core.input_error import InputError
from grin_ros.ros.bags.before_start import is_static
from grin_ros.ros.bags.reading import Bag, Message


@dataclass(frozen=True)
class Survey:
    """The topics of a bag.

    kinds: topic -> message type. first: topic -> its first message, of the types that were asked for. start_ns, end_ns:
    log times of the first and the last message. static: the messages of static transforms, if they were asked for.
    """

    kinds: Mapping[str, str]
    first: Mapping[str, Message]
    start_ns: int
    end_ns: int
    static: Sequence[Message] = ()

    def time_ns(self, start_s: float) -> int:
        """Return the log time that is `start_s` seconds after the first message.

        Raises InputError if it is after the last one.
        """
        time_ns = self.start_ns + round(start_s * 1e9)
        if time_ns > max(self.start_ns, self.end_ns):
            length_s = (self.end_ns - self.start_ns) / 1e9
            raise InputError(f"--start: got {start_s:g} s, but the bag is {length_s:.1f} s long", "give fewer seconds")
        return time_ns


def survey(bag: Bag, kinds: Collection[str] | None = None, *, static: bool = False) -> Survey:
    """Read a bag until each topic of these message types (None: of all) has had a message.

    static: read on until all static transforms have come; some bags hold them late. A bag without usable index is read
    to its end.
    """
    contents = bag.contents()
    found: dict[str, str] = dict(contents.kinds) if contents else {}
    counts = contents.counts if contents else {}
    wanted = Counter({topic: 1 for topic, kind in found.items() if (kinds is None or kind in kinds) and counts[topic]})
    if static:
        wanted |= Counter({topic: counts[topic] for topic in found if is_static(topic)})
    first: dict[str, Message] = {}
    transforms: list[Message] = []
    start_ns, end_ns = (contents.start_ns, contents.end_ns) if contents else (None, 0)
    if wanted or contents is None:
        for message in bag.messages():
            if contents is None:
                start_ns = message.time_ns if start_ns is None else min(start_ns, message.time_ns)
                end_ns = max(end_ns, message.time_ns)
            found.setdefault(message.topic, message.kind)
            if kinds is None or message.kind in kinds:
                first.setdefault(message.topic, message)
            if static and is_static(message.topic):
                transforms.append(message)
            wanted -= Counter([message.topic])
            if contents is not None and not wanted:
                break
    return Survey(found, first, start_ns or 0, end_ns, transforms)
