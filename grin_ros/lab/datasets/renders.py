# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered shards as samples to evaluate on, and the choice between renders and measured depth.

All renders are one domain, 'renders', and each world is a scene of it. The table then has a row per world, and the
figure of the domain is the mean over worlds. Where the world is unknown, the frames of one scene seed are a scene.
Shards of photographs (`grin pack`, `grin pack-recording`) can be evaluated too: each place is a scene, edges are those
of a sensor, and frames without a metric scale are left out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.rays import range_to_depth
from grin_ros.core.photo.cameras import CameraChoice
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalDataset, EvalSample, EvalSets, chosen
from grin_ros.lab.datasets.shards import ShardDataset, TrainingSample

logger = logging.getLogger(__name__)

DOMAIN = "renders"
SCALED, UNSCALED = ("recording", "metric_places"), ("places", "shape_places")
"""The worlds of photographs, with and without a metric scale. Their depth edges are those of a sensor."""
PHOTOGRAPHS = SCALED + UNSCALED
"""The worlds that are not rendered."""


class Samples(Protocol):
    """Samples to evaluate on, which can be iterated more than once."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[EvalSample]: ...


@dataclass(frozen=True)
class CameraRule:
    """A choice of cameras. description: 'a camera ...', for messages. holds: True for a camera that is chosen."""

    description: str
    holds: Callable[[Camera], bool]


ROBOT_HEIGHT_M = 1.0
ROBOT_HEIGHT = CameraRule(
    f"a camera mounted at most {ROBOT_HEIGHT_M:g} m high",
    lambda camera: camera.mounting is not None and camera.mounting.height_m <= ROBOT_HEIGHT_M,
)
LENSES = {
    "wide": CameraRule(
        "a camera without fisheye of 60 to 120 degrees",
        lambda camera: camera.distortion_model != "equidistant" and 60.0 <= camera.fov_deg()[0] <= 120.0,
    ),
    "fisheye": CameraRule("a fisheye camera", lambda camera: camera.distortion_model == "equidistant"),
    "off_centre": CameraRule(
        "a principal point off the centre by 15 % of the image or more",
        lambda camera: (
            max(abs((camera.cx + 0.5) / camera.width - 0.5), abs((camera.cy + 0.5) / camera.height - 0.5)) >= 0.15
        ),
    ),
}
"""Lenses that are hard for a network that does not use the rays."""


class RenderDataset:
    """The frames of rendered shards, which are read when they are used. Each folder may have its own image size.

    known_mounting: give the cameras their mounting. The default is False because most recordings do not have one.
    """

    def __init__(
        self, folders: Sequence[str | Path], frames: int | None = None, *, known_mounting: bool = False
    ) -> None:
        """Open the folders. frames: take that many of all frames, evenly spread; None: all.

        Frames of places without a metric scale are left out, and the log says how many. Raises ValueError if there is
        no frame, and what ShardDataset raises.
        """
        self.known_mounting = known_mounting
        found: list[tuple[ShardDataset, int, str, str]] = []
        left_out = 0
        for number, folder in enumerate(folders):
            shards = ShardDataset(Path(folder).expanduser())
            prefix = f"{number}_{Path(folder).name}" if len(folders) > 1 else Path(folder).name
            unscaled = {int(i) for world in UNSCALED for i in shards.indices_of(world)}
            left_out += len(unscaled)
            of_folder = f"{prefix}_" if len(folders) > 1 else ""  # the places of each folder are counted from 0
            found += [
                (shards, i, f"{prefix}_{i:06d}", _scene(shards, i, of_folder))
                for i in range(len(shards))
                if i not in unscaled
            ]
        if left_out:
            text = "%d frames of %s are left out, because places without a metric scale say nothing about metres"
            logger.warning(text, left_out, ", ".join(map(str, folders)))
        if left_out and not found:
            raise ValueError(
                f"{', '.join(map(str, folders))}: got only places without a metric scale; give renders, or places "
                "whose index says metric: true (grin pack)"
            )
        if not found:
            raise ValueError(f"{', '.join(map(str, folders))}: got no rendered frame; render some with grin scenes")
        self._frames = [found[i] for i in chosen(len(found), frames=frames)]

    def where(self, rule: CameraRule, frames: int | None = None) -> RenderDataset:
        """Return the frames whose camera the rule chooses, or `frames` of them, evenly spread. It may be empty."""
        part = copy(self)
        fit = [frame for frame in self._frames if rule.holds(frame[0].sample(frame[1]).camera)]
        part._frames = [fit[i] for i in chosen(len(fit), frames=frames)]
        return part

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[EvalSample]:
        for shards, index, name, scene in self._frames:
            yield render_sample(
                shards.sample(index),
                name,
                scene=scene,
                known_mounting=self.known_mounting,
                exact=shards.world(index) not in PHOTOGRAPHS,
            )


def render_sample(
    sample: TrainingSample, name: str, scene: str = DOMAIN, *, known_mounting: bool = True, exact: bool = True
) -> EvalSample:
    """Return a render as measured depth along z, with sky beyond range. exact: see EvalSample."""
    camera = sample.camera if known_mounting else sample.camera.with_mounting(None)
    range_m = sample.range_m.astype(np.float32)
    depth_m = range_to_depth(range_m, camera.rays())
    depth_m = np.where(np.isfinite(depth_m), depth_m, np.nan).astype(np.float32)
    return EvalSample(name, scene, DOMAIN, Frame(sample.image, camera), depth_m, sky=np.isposinf(range_m), exact=exact)


def render_samples(
    shards: ShardDataset, count: int | None = None, *, known_mounting: bool = False
) -> Iterator[EvalSample]:
    """Yield rendered samples as measured ones, `count` of them evenly spread (None: all).

    For a fit of sigma, give the held-out part of `ShardDataset.split`, and leave the mounting unknown: a sigma that was
    fitted with a known mounting is too small for cameras without one.
    """
    for index in chosen(len(shards), frames=count):
        yield render_sample(shards.sample(index), f"render_{index:06d}", known_mounting=known_mounting)


def open_samples(
    folders: Sequence[str | Path],
    *,
    domain: str | None = None,
    every: int = 1,
    limit: int | None = None,
    frames: int | None = None,
    known_mounting: bool = False,
    cameras: CameraChoice | None = None,
) -> EvalDataset | EvalSets | RenderDataset:
    """Open one or more folders of measured depth, or of rendered shards, as their index.json says.

    domain, every and limit choose among measured depth, frames among both; of each set, where there are several.
    known_mounting: give the cameras their mounting; of measured depth only the samples that show their floor are left.
    cameras: tells the cameras of measured samples without K. Raises ValueError if a folder is neither, if folders are
    mixed, and if a choice does not apply.
    """
    if not any(map(is_rendered, folders)):
        sets = [EvalDataset.open(folder, cameras).select(domain, every, limit, frames) for folder in folders]
        sets = [data.mounted() for data in sets] if known_mounting else sets
        return sets[0] if len(sets) == 1 else EvalSets(sets)
    measured = [str(folder) for folder in folders if not is_rendered(folder)]
    if measured:
        raise ValueError(
            f"data: got folders of renders and of measured depth ({', '.join(measured)}); evaluate them separately"
        )
    check_choice_of_renders(domain, every, limit, cameras)
    return RenderDataset(folders, frames, known_mounting=known_mounting)


def check_choice_of_renders(domain: str | None, every: int, limit: int | None, cameras: CameraChoice | None) -> None:
    """Raise ValueError for a choice of `open_samples` that applies to measured depth only."""
    if cameras is not None:
        raise ValueError("--calibration and --fov: got renders, which know their cameras; leave them out")
    if (domain or DOMAIN, every, limit) != (DOMAIN, 1, None):
        raise ValueError("--domain, --every and --limit apply to measured depth only; for renders, give --frames N")


def by_lens(samples: RenderDataset, frames: int | None = None) -> dict[str, RenderDataset]:
    """Return the samples by the rules of LENSES, at most `frames` of each.

    A rule without samples is logged and left out. Raises ValueError if no rule has samples.
    """
    parts = {name: samples.where(rule, frames) for name, rule in LENSES.items()}
    for name in (name for name, part in parts.items() if not len(part)):
        logger.warning("'%s' is left out, because there is no frame with %s", name, LENSES[name].description)
    found = {name: part for name, part in parts.items() if len(part)}
    if not found:
        raise ValueError(
            "got no wide, fisheye or off-centre camera; give a folder of renders with other cameras as well"
        )
    return found


def is_rendered(folder: str | Path) -> bool:
    """Return True if the index.json of `folder` lists shards, and False if it does not or cannot be read."""
    try:
        index = json.loads((Path(folder).expanduser() / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(index, dict) and "shards" in index


def train_and_held_out(dataset: ShardDataset, holdout: int) -> tuple[ShardDataset, ShardDataset]:
    """Return the samples to train on, and those that are held out: the last shards with at least `holdout` renders.

    Without renders they are the last photographs. Places without a metric scale are never held out, because errors in
    metres cannot be measured on them. Raises ValueError if there are too few samples.
    """
    rendered = dataset.frames_by_world.keys() - PHOTOGRAPHS
    return dataset.split(holdout, PHOTOGRAPHS if rendered else UNSCALED)


def _scene(shards: ShardDataset, index: int, of_folder: str) -> str:
    """Return the world of a render and the place of a photograph. of_folder: what tells folders of places apart."""
    world, seed = shards.world(index), shards.origin(index)[0]
    if world in PHOTOGRAPHS:
        return f"{of_folder}{world}_{seed}"
    return world if world != "unknown" else f"seed_{seed}"
