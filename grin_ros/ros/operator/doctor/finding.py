# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """The severity of a finding. The value is printed before its line."""

    OK = "OK"
    ABSENT = "--"
    """Not installed, which matters only to those who want what it is for."""
    OFFER = "TIP"
    """Nothing is wrong, but something at hand would make depth better."""
    WARN = "WARN"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Finding:
    """A finding, with what to do or type. The remedy is never empty for OFFER, WARN and ERROR."""

    level: Severity
    text: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.level in (Severity.OFFER, Severity.WARN, Severity.ERROR) and not self.remedy:
            raise ValueError(f"finding '{self.text}': got no remedy, expected one with {self.level.value}")

    def __str__(self) -> str:
        """Return 'WARN   text', with the remedy on a line of its own."""
        remedy = f"\n         -> {self.remedy}" if self.remedy else ""
        return f"{self.level.value:<7}{self.text}{remedy}"


def ok(text: str) -> Finding:
    """Return a finding that is as it should be."""
    return Finding(Severity.OK, text)


def absent(text: str, remedy: str) -> Finding:
    """Return a finding about something that is not installed and need not be."""
    return Finding(Severity.ABSENT, text, remedy)


def offer(text: str, remedy: str) -> Finding:
    """Return a finding about something at hand that is not used."""
    return Finding(Severity.OFFER, text, remedy)


def warn(text: str, remedy: str) -> Finding:
    """Return a finding that may be wrong."""
    return Finding(Severity.WARN, text, remedy)


def error(text: str, remedy: str) -> Finding:
    """Return a finding that is wrong."""
    return Finding(Severity.ERROR, text, remedy)
