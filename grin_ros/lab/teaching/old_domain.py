# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The old domain: frames of other places, which show what a taught model has forgotten, and a pack to replay."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.rendering import generate
from grin_ros.lab.datasets.renders import RenderDataset, open_samples
from grin_ros.lab.datasets.renders import Samples as EvalSamples
from grin_ros.lab.datasets.shards import ShardDataset

logger = logging.getLogger(__name__)

RENDERED, SEED = 200, 20_260_901
"""The number of frames that are rendered to replay, and the seed of their scenes, which no training has used."""
JUDGING, JUDGING_SEED = 120, 20_260_902
"""The same for the frames that judge."""
SHARD, VIEWS = 40, 2
"""Frames of a shard, and the most views of a scene. Many scenes tell more than many views of few."""
MOST = 60
"""The largest number of frames of a given set that judge. They are evenly spread."""


@dataclass(frozen=True)
class OldDomain:
    """samples: frames with measured depth that judge, None if there are none. replay: frames to learn again, None
    without. what: a description of both, for the report."""

    samples: EvalSamples | None
    replay: ShardDataset | None
    what: str

    def half(self, number: int) -> Iterator[EvalSample]:
        """Yield one half of the samples: 0 chooses, 1 judges. Views of one rendered scene are in the same half."""
        for index, sample in enumerate(self.samples or ()):
            if index // VIEWS % 2 == number:
                yield sample


def find_old_domain(given: Sequence[Path], replay: Sequence[Path], work: Path) -> OldDomain:
    """Open what was given, and render what was not, where this machine can.

    given: folders of measured depth or of renders that judge. replay: folders of shards to learn again. Raises
    ValueError if a folder is something else.
    """
    samples: EvalSamples | None = open_samples([str(path) for path in given], frames=MOST) if given else None
    pack = ShardDataset(list(replay)) if replay else None
    what = [f"judged on {', '.join(path.name for path in given)}"] if given else []
    what += [f"replays {', '.join(path.name for path in replay)}"] if replay else []
    if samples is None or pack is None:
        try:
            if pack is None:
                generate(work / "replay", RENDERED, SEED, SHARD, 1, views=VIEWS)
                pack = ShardDataset(work / "replay")
                what.append(f"replays {RENDERED} renders made here")
            if samples is None:
                generate(work / "old_domain", JUDGING, JUDGING_SEED, SHARD, 1, views=VIEWS)
                samples = RenderDataset([work / "old_domain"])
                what.append(f"judged on {JUDGING} renders made here")
        except (RuntimeError, ImportError) as error:
            logger.warning(
                "this machine cannot render (%s), so %s. Install EGL (apt install libegl1 libgl1-mesa-dri), or give "
                "--old-domain and --replay",
                error,
                "what the model forgets is neither measured nor held back by replay",
            )
    return OldDomain(samples, pack, "; ".join(what) or "nothing: no frames were given, and none could be rendered")
