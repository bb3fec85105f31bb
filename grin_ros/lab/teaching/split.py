# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The split of a robot's frames by time: the first part is learnt, and later parts judge what was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grin_ros.core.labels.folder import LabelFolder

LEARN, CHOOSE = 0.7, 0.1
"""The shares of the time of each recording that are learnt, and that choose and calibrate. The rest judges."""
GAP_S, GAP_SHARE = 5.0, 0.03
"""Frames this near to the end of a part are left out, because their neighbours show the same: seconds, but at most this
share of the recording."""
FEWEST_LEARNT, FEWEST_JUDGING = 8, 2


@dataclass(frozen=True)
class Split:
    """Indices of frames: to learn, to choose and calibrate with, and to judge with."""

    learn: tuple[int, ...]
    choose: tuple[int, ...]
    judge: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"{len(self.learn)} frames to learn, {len(self.choose)} later ones to choose and to calibrate sigma, "
            f"{len(self.judge)} still later ones to judge"
        )


def split_by_time(frames: LabelFolder) -> Split:
    """Split every recording by time, with gaps. Raises ValueError if a part has too few frames."""
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    names = [frames.recording(index) for index in range(len(frames))]
    for name in dict.fromkeys(names):
        own = np.array([index for index, other in enumerate(names) if other == name])
        stamps_s = np.array([frames.stamp_ns(int(index)) for index in own], np.float64) / 1e9
        length_s = float(stamps_s[-1] - stamps_s[0])
        time_s, gap_s = stamps_s - stamps_s[0], min(GAP_S, GAP_SHARE * length_s)
        bounds_s = (0.0, LEARN * length_s, (LEARN + CHOOSE) * length_s, np.inf)
        for number, part in enumerate(parts):
            begin_s = bounds_s[number] + (gap_s if number else 0.0)
            part += own[(time_s >= begin_s) & (time_s < bounds_s[number + 1])].tolist()
    split = Split(*(tuple(part) for part in parts))
    if len(split.learn) < FEWEST_LEARNT or min(len(split.choose), len(split.judge)) < FEWEST_JUDGING:
        raise ValueError(
            f"{split}; expected at least {FEWEST_LEARNT}, {FEWEST_JUDGING} and {FEWEST_JUDGING}; record for longer, or "
            "check why so few frames have labels"
        )
    return split
