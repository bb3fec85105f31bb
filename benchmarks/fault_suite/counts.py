# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node's counts of frames on /diagnostics, which must add up at every moment."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray

COUNTED = ("published", "rejected", "dropped", "failed", "pending")


def counts_of(message: DiagnosticArray) -> dict[str, int]:
    """Return 'received' and what became of the frames, as one diagnostic message has it."""
    values = {pair.key: pair.value for pair in message.status[0].values}
    return {key: int(values[key]) for key in ("received", *COUNTED) if key in values}


def adds_up(counts: Mapping[str, int]) -> bool:
    """Return True if received = published + rejected + dropped + failed + pending."""
    return counts["received"] == sum(counts.get(key, 0) for key in COUNTED)


def counts_text(counts: Mapping[str, int]) -> str:
    """Return the counts as an equation."""
    return f"{counts['received']} received = {' + '.join(f'{counts[key]} {key}' for key in COUNTED if key in counts)}"
