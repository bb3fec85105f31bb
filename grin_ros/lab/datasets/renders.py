# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Rendered shards (`shards.py`) as samples to evaluate on, and the choice between them and measured depth.

All renders are one domain, 'renders', and a world is a scene: the table has a row for each world, and the domain's
figure is the mean over the worlds. Where the world is unknown, the frames of one scene seed are a scene.
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
from grin_ros.core.types import Frame
from grin_ros.lab.datasets.measured import EvalDataset, EvalSample, chosen
from grin_ros.lab.datasets.shards import Sample, ShardDataset

logger = logging.getLogger(__name__)

DOMAIN = "renders"
RECORDED = "recording"
"""World of packed recordings (`grin_ros.lab.datasets.recordings`): their depth has a sensor's edges."""


class Samples(Protocol):
    """What is evaluated: samples that can be read as often as needed."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[EvalSample]: ...


@dataclass(frozen=True)
class CameraRule:
    """what: 'a camera ...', for messages. holds: whether a camera, mounting and all, is one."""

    what: str
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
"""Lenses that are hard for a network that has learnt habits instead of rays."""


class RenderDataset:
    """Frames of rendered shards, read when asked for; each folder may have its own image size.

    told_mounting: whether the cameras know how they are mounted; recordings mostly do not, so False is how other data
    is evaluated.
    """

    def __init__(
        self, folders: Sequence[str | Path], frames: int | None = None, *, told_mounting: bool = False
    ) -> None:
        """frames: that many of all folders, evenly spread; None: all. Raises ValueError for no frame, and what
        ShardDataset raises."""
        self.told_mounting = told_mounting
        found: list[tuple[ShardDataset, int, str]] = []
        for number, folder in enumerate(folders):
            shards = ShardDataset(Path(folder).expanduser())
            prefix = f"{number}_{Path(folder).name}" if len(folders) > 1 else Path(folder).name
            found += [(shards, i, f"{prefix}_{i:06d}") for i in range(len(shards))]
        if not found:
            raise ValueError(f"{', '.join(map(str, folders))}: no rendered frame; render some with grin scenes")
        self._frames = [found[i] for i in chosen(len(found), frames=frames)]

    def where(self, rule: CameraRule, frames: int | None = None) -> RenderDataset:
        """The frames whose camera the rule holds for, of these `frames` evenly spread (None: all). May be empty."""
        part = copy(self)
        fit = [frame for frame in self._frames if rule.holds(frame[0].sample(frame[1]).camera)]
        part._frames = [fit[i] for i in chosen(len(fit), frames=frames)]
        return part

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[EvalSample]:
        for shards, index, name in self._frames:
            yield render_sample(
                shards.sample(index),
                name,
                scene=_scene(shards, index),
                told_mounting=self.told_mounting,
                exact=shards.world(index) != RECORDED,
            )


def render_sample(
    sample: Sample, name: str, scene: str = DOMAIN, *, told_mounting: bool = True, exact: bool = True
) -> EvalSample:
    """A render as measured depth along z; beyond range is sky, and not measured. exact: see EvalSample."""
    camera = sample.camera if told_mounting else sample.camera.with_mounting(None)
    range_m = sample.range_m.astype(np.float32)
    depth_m = range_to_depth(range_m, camera.rays())
    depth_m = np.where(np.isfinite(depth_m), depth_m, np.nan).astype(np.float32)
    return EvalSample(name, scene, DOMAIN, Frame(sample.image, camera), depth_m, sky=np.isposinf(range_m), exact=exact)


def open_samples(
    folders: Sequence[str | Path],
    *,
    domain: str | None = None,
    every: int = 1,
    limit: int | None = None,
    frames: int | None = None,
    told_mounting: bool = False,
) -> EvalDataset | RenderDataset:
    """The samples of one folder of measured depth, or of one or more folders of rendered shards, as their index.json
    says. domain, every and limit choose among measured depth, frames among both.

    Raises ValueError where a folder is neither, measured folders are mixed with others, or a choice does not apply.
    """
    if not any(map(is_rendered, folders)):
        if len(folders) != 1:
            raise ValueError(
                f"data: got {len(folders)} folders of measured depth, expected one; evaluate each by itself"
            )
        return EvalDataset.open(folders[0]).select(domain, every, limit, frames)
    measured = [str(folder) for folder in folders if not is_rendered(folder)]
    if measured:
        raise ValueError(f"data: {', '.join(measured)} among folders of renders; evaluate one kind at a time")
    if (domain or DOMAIN, every, limit) != (DOMAIN, 1, None):
        raise ValueError("--domain, --every, --limit choose among measured depth; for renders, give --frames N")
    return RenderDataset(folders, frames, told_mounting=told_mounting)


def by_lens(samples: RenderDataset, frames: int | None = None) -> dict[str, RenderDataset]:
    """The samples that the rules of LENSES hold for, at most `frames` of each; rules without a sample are logged and
    left out. Raises ValueError where none is left."""
    parts = {name: samples.where(rule, frames) for name, rule in LENSES.items()}
    for name in (name for name, part in parts.items() if not len(part)):
        logger.warning("no frame with %s: '%s' is left out", LENSES[name].what, name)
    found = {name: part for name, part in parts.items() if len(part)}
    if not found:
        raise ValueError(
            "no wide, fisheye or off-centre camera; give a folder of renders through unseen cameras as well"
        )
    return found


def is_rendered(folder: str | Path) -> bool:
    """Whether the index.json of `folder` lists shards. False where it cannot be read: its reader will say why."""
    try:
        index = json.loads((Path(folder).expanduser() / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(index, dict) and "shards" in index


def _scene(shards: ShardDataset, index: int) -> str:
    world = shards.world(index)
    return world if world != "unknown" else f"seed_{shards.origin(index)[0]}"
