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
from grin_ros.ros.bags.storage.raw import Contents


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
    contents, seen = bag.contents(), _Seen(kinds, static)
    return _whole(bag, seen) if contents is None else _by_index(bag, contents, seen)


class _Seen:
    """The part of a survey that has been read: types of topics, first messages that were asked for, transforms."""

    def __init__(self, asked: Collection[str] | None, wants_static: bool) -> None:
        self._asked, self._wants_static = asked, wants_static
        self.kinds: dict[str, str] = {}
        self._first: dict[str, Message] = {}
        self._static: list[Message] = []

    def asks(self, kind: str) -> bool:
        """Return True if the first message of topics of this type was asked for."""
        return self._asked is None or kind in self._asked

    def asks_all(self, topic: str) -> bool:
        """Return True if all messages of this topic were asked for."""
        return self._wants_static and is_static(topic)

    def add(self, message: Message) -> None:
        self.kinds.setdefault(message.topic, message.kind)
        if self.asks(message.kind):
            self._first.setdefault(message.topic, message)
        if self.asks_all(message.topic):
            self._static.append(message)

    def survey(self, start_ns: int, end_ns: int) -> Survey:
        return Survey(self.kinds, self._first, start_ns, end_ns, self._static)


def _by_index(bag: Bag, contents: Contents, seen: _Seen) -> Survey:
    """Read until all that was asked for has come; the index tells how much that is."""
    seen.kinds.update(contents.kinds)
    kinds, counts = contents.kinds, contents.counts
    missing = Counter({topic: 1 for topic, kind in kinds.items() if seen.asks(kind) and counts[topic]})
    missing |= Counter({topic: counts[topic] for topic in kinds if seen.asks_all(topic)})
    if missing:
        for message in bag.messages():
            seen.add(message)
            missing -= Counter([message.topic])
            if not missing:
                break
    return seen.survey(contents.start_ns, contents.end_ns)


def _whole(bag: Bag, seen: _Seen) -> Survey:
    """Read all messages."""
    start_ns, end_ns = None, 0
    for message in bag.messages():
        start_ns = message.time_ns if start_ns is None else min(start_ns, message.time_ns)
        end_ns = max(end_ns, message.time_ns)
        seen.add(message)
    return seen.survey(start_ns or 0, end_ns)
