# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The pieces of a recording whose clock was set meanwhile, as that of a computer without a battery is by NTP."""

from __future__ import annotations

from dataclasses import dataclass

JUMP_S = 60.0
"""Stamps that differ by more than this from the one before begin another piece."""


@dataclass
class _Piece:
    number: int
    first_s: float
    last_s: float
    newest_s: float


class Pieces:
    """Sorts the stamps of a recording, in the order in which they were recorded, into pieces without jumps."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []  # the piece of the newest stamp is the last
        self.jumps_s: list[float] = []
        """The jumps with which new pieces began, negative where the clock was set back."""

    def of(self, stamp_s: float) -> int:
        """Return the number, from 0, of the piece that a stamp belongs to. A clock that returns finds its old piece."""
        near = [piece for piece in self._pieces if abs(stamp_s - piece.newest_s) <= JUMP_S]
        if near:
            piece = near[-1]
            self._pieces.remove(piece)
        else:
            piece = _Piece(len(self._pieces), stamp_s, stamp_s, stamp_s)
            self.jumps_s += [stamp_s - one.newest_s for one in self._pieces[-1:]]
        self._pieces.append(piece)
        piece.first_s, piece.last_s = min(piece.first_s, stamp_s), max(piece.last_s, stamp_s)
        piece.newest_s = stamp_s
        return piece.number

    @property
    def length_s(self) -> float:
        """The time that all pieces take together, without the jumps between them."""
        return sum(piece.last_s - piece.first_s for piece in self._pieces)
