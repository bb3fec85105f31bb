# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from grin_ros.core.labels.pieces import Pieces


@pytest.mark.parametrize("jump_s", [1.7e9, 61.0, -61.0, -3600.0])
def test_a_clock_that_is_set_begins_another_piece(jump_s: float) -> None:
    pieces = Pieces()
    stamps_s = [5000.0 + i for i in range(4)] + [5003.0 + jump_s + i for i in range(3)]
    assert [pieces.of(stamp_s) for stamp_s in stamps_s] == [0, 0, 0, 0, 1, 1, 1]
    assert pieces.jumps_s == [jump_s]
    assert pieces.length_s == 5.0


def test_one_wrong_stamp_does_not_cut_what_it_lies_in() -> None:
    pieces = Pieces()
    assert [pieces.of(stamp_s) for stamp_s in (100.0, 101.0, 0.0, 102.0, 160.0)] == [0, 0, 1, 0, 0]
    assert pieces.length_s == 60.0


def test_a_piece_that_reaches_the_time_of_an_earlier_one_stays_by_itself() -> None:
    pieces = Pieces()
    assert [pieces.of(stamp_s) for stamp_s in (600.0, 480.0, 530.0, 580.0, 630.0)] == [0, 1, 1, 1, 1]
