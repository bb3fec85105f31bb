# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One frame as the node sees it, image message to serialised outputs, by stage; and the loop alone, by its sizes."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping

import numpy as np

from benchmarks.timing.rounds import Run
from grin_ros.core.backends.engine import Engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import camera_inputs
from grin_ros.core.sampling.noise import member_noise
from grin_ros.core.sampling.sampler import sample
from grin_ros.core.sampling.schedule import Schedule
from grin_ros.core.types import DepthEstimate, Frame

GRAPH_STAGES = ("encode", "denoise", "decode")
STAGES = ("prepare", *GRAPH_STAGES, "limit", "messages")
ROS = importlib.util.find_spec("rclpy") is not None
"""Without it no messages are made, and their stage is left out."""


def frame_of(width: int, height: int, shift_px: float = 0.0) -> Frame:
    """A view with detail everywhere, through a pinhole of 60 degrees. shift_px: of the centre, for another camera."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    f_px = width / 2.0 / np.tan(np.radians(30.0))
    centre = (width - 1) / 2.0 + shift_px
    return Frame(image, Camera(width, height, f_px, f_px, centre, (height - 1) / 2.0, "plumb_bob", (0.0,) * 5))


def whole_frame(engine: Engine, settings: Settings, *frames: Frame) -> Run:
    """Estimate each of `frames` and fill and serialise depth, sigma and the full cloud: all but the transport."""
    estimator = Estimator(engine, settings)

    def run() -> dict[str, float]:
        laps: dict[str, float] = {}
        start = time.perf_counter()
        for frame in frames:
            estimate = estimator(frame)
            before = time.perf_counter()
            if ROS:
                serialise(frame, estimate)
            messages = (time.perf_counter() - before) * 1e3
            for stage, value in {**estimate.timings_ms, "messages": messages}.items():
                laps[stage] = laps.get(stage, 0.0) + value
        return {**laps, "overhead": overhead(laps), "total": (time.perf_counter() - start) * 1e3}

    return run


def overhead(laps: Mapping[str, float]) -> float:
    """Everything but the three graphs."""
    return sum(value for stage, value in laps.items() if stage not in GRAPH_STAGES)


def serialise(frame: Frame, estimate: DepthEstimate) -> int:
    """What the node publishes of a frame, as bytes on the wire: how many."""
    from rclpy.serialization import serialize_message
    from std_msgs.msg import Header

    from grin_ros.ros.frame.cloud import cloud_message
    from grin_ros.ros.frame.depth_images import metres_message

    header = Header(frame_id="camera")
    messages = (
        metres_message(estimate.depth_m, header),
        metres_message(estimate.sigma_m, header),
        cloud_message(frame, estimate, header),
    )
    return sum(len(serialize_message(message)) for message in messages)


def loop(engine: Engine, frame: Frame, rows: int, cols: int, settings: Settings) -> Run:
    """encode and the DDIM loop with rows x cols queried pixels, however many the artifact's grid has."""
    manifest = engine.artifact.manifest
    scene = (manifest.network.scene_rows, manifest.network.scene_cols)
    camera = camera_inputs(frame.camera, (rows, cols), scene)
    noise = member_noise(camera.queries[0], settings.members, settings.seed)
    levels = Schedule(manifest.schedule_shift).levels(settings.steps)
    latents = manifest.network.zero_latents(settings.members)
    names = ("queries", "query_rays", "scene_rays", "mounting")
    inputs = {"image": frame.image[None], **{name: getattr(camera, name) for name in names}}

    def run() -> dict[str, float]:
        start = time.perf_counter()
        found = sample(engine.denoiser(engine.encode(inputs)), noise, latents, levels)
        engine.to_host(found.x)
        return {"total": (time.perf_counter() - start) * 1e3}

    return run
