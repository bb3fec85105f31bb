# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The old domain: frames of other places, which show what a taught model has forgotten, and a pack to replay."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grin_ros.lab.datasets.measured import OF_SET, EvalDataset, EvalSample, EvalSets, chosen
from grin_ros.lab.datasets.rendering import generate
from grin_ros.lab.datasets.renders import DOMAIN, UNSCALED, RenderDataset, open_samples
from grin_ros.lab.datasets.shards import ShardDataset

logger = logging.getLogger(__name__)

RENDERED, SEED = 200, 20_260_901
"""The number of frames that are rendered to replay, and the seed of their scenes, which no training has used."""
JUDGING, JUDGING_SEED = 120, 20_260_902
"""The same for the frames that choose and judge."""
SHARD, VIEWS = 40, 2
"""Frames of a shard, and the most views of a scene. Many scenes tell more than many views of few."""
MOST = 60
"""The largest number of frames of a given set (all renders are one) that choose and judge. They are evenly spread."""

OldSamples = EvalDataset | EvalSets | RenderDataset

Scene = tuple[int, str | int]
"""The number of a folder, and in it the name of a recording or the seed of a rendered scene."""


@dataclass(frozen=True)
class Place:
    """The place of a frame. domain: that of its sample."""

    domain: str
    scene: Scene


@dataclass(frozen=True)
class OldDomain:
    """samples: frames with measured depth that choose and judge, None if there are none. halves: the half of each, see
    `halves_by_scene`. replay: frames to learn again, None without. what: a description of both, for the report."""

    samples: OldSamples | None
    halves: tuple[int, ...]
    replay: ShardDataset | None
    what: str

    def half(self, number: int) -> Iterator[EvalSample]:
        """Yield one half of the samples: 0 chooses, 1 judges. They share a scene only where its domain has no other."""
        for sample, own in zip(self.samples or (), self.halves, strict=True):
            if own == number:
                yield sample


def halves_by_scene(places: Sequence[Place]) -> tuple[int, ...]:
    """Return the half, 0 or 1, of each frame. All frames of a scene are in one half.

    In each domain the halves have as many scenes, but for one, because figures are means over scenes. Large scenes come
    first, each to the half with fewer scenes, then with fewer frames. The only scene of a domain is cut in the middle,
    and a warning says so. Raises ValueError for a single frame.
    """
    if len(places) == 1:
        raise ValueError("--old-domain: got 1 frame, expected at least 2: one that chooses, and another that judges")
    frames = Counter(place.scene for place in places)
    domains = {place.scene: place.domain for place in reversed(places)}
    scenes = Counter(domains.values())
    cut = {scene for scene, domain in domains.items() if scenes[domain] == 1 and frames[scene] > 1}
    half_of: dict[Scene, int] = {}
    scenes_of: Counter[tuple[int, str]] = Counter()
    frames_of: Counter[tuple[int, str | None]] = Counter()
    for scene, count in frames.most_common():
        domain = domains[scene]
        if scene in cut:
            logger.warning(
                "--old-domain: got one scene of %s, so its first frames choose and the others judge; give more scenes",
                domain,
            )
            continue
        loads = [(scenes_of[half, domain], frames_of[half, domain], frames_of[half, None]) for half in (0, 1)]
        half_of[scene] = half = loads.index(min(loads))
        scenes_of[half, domain] += 1
        frames_of.update({(half, domain): count, (half, None): count})
    seen: Counter[Scene] = Counter()
    halves = []
    for place in places:
        halves.append(int(2 * seen[place.scene] >= frames[place.scene]) if place.scene in cut else half_of[place.scene])
        seen[place.scene] += 1
    return tuple(halves)


def find_old_domain(given: Sequence[Path], replay: Sequence[Path], work: Path) -> OldDomain:
    """Open what was given, and render what was not, where this machine can.

    given: folders of measured depth or of renders that choose and judge. replay: folders of shards to learn again.
    Raises ValueError if a folder is something else, and for a single frame that is given.
    """
    samples: OldSamples | None = open_samples([str(path) for path in given], frames=MOST) if given else None
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
    halves = halves_by_scene(_places(samples, given or [work / "old_domain"])) if samples is not None else ()
    return OldDomain(
        samples, halves, pack, "; ".join(what) or "nothing: no frames were given, and none could be rendered"
    )


def _places(samples: OldSamples, folders: Sequence[Path]) -> list[Place]:
    """Return the places of samples that `find_old_domain` has opened, in their order, without reading a frame."""
    if isinstance(samples, RenderDataset):  # its samples name the world as their scene
        shards = [ShardDataset(folder.expanduser()) for folder in folders]
        found = [
            Place(DOMAIN, (number, one.origin(index)[0]))
            for number, one in enumerate(shards)
            for index in range(len(one))
            if one.world(index) not in UNSCALED
        ]
        return [found[index] for index in chosen(len(found), frames=len(samples))]
    if isinstance(samples, EvalDataset):
        return [Place(entry.domain, (0, entry.scene)) for entry in samples.entries]
    return [
        Place(f"{data.root.name}{OF_SET}{entry.domain}", (number, entry.scene))
        for number, data in enumerate(samples.sets)
        for entry in data.entries
    ]
