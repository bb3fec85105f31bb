# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Runs to time: a whole frame as the node processes it, and the denoising loop alone for other sizes."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping

import numpy as np

from benchmarks.timing.rounds import Run
from grin_ros.core.backends.engine import OF_CAMERA, Engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import camera_inputs
from grin_ros.core.sampling.noise import member_noise
from grin_ros.core.sampling.sampler import sample
from grin_ros.core.sampling.schedule import Schedule
from grin_ros.core.types import DepthEstimate, Frame, Hints

GRAPH_STAGES = ("encode", "denoise", "decode")
STAGES = ("prepare", *GRAPH_STAGES, "limit", "messages")
ROS = importlib.util.find_spec("rclpy") is not None
"""True if rclpy is installed. Without it the stage of the messages is left out."""


def frame_of(width: int, height: int, shift_px: float = 0.0) -> Frame:
    """Return a frame with detail everywhere, of a pinhole camera with 60 degrees. shift_px: of the principal point."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    f_px = width / 2.0 / np.tan(np.radians(30.0))
    centre = (width - 1) / 2.0 + shift_px
    return Frame(image, Camera(width, height, f_px, f_px, centre, (height - 1) / 2.0, "plumb_bob", (0.0,) * 5))


def hints_of(frame: Frame, count: int) -> Hints:
    """Return measured ranges of `count` random pixels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, (frame.camera.width, frame.camera.height), (count, 2))
    return Hints.measured(pixels, np.exp(rng.normal(1.0, 0.3, count)))


def whole_frame(engine: Engine, settings: Settings, *frames: Frame, hints: Hints | None = None) -> Run:
    """Return a run that estimates each frame, and fills and serialises depth, sigma and the full cloud."""
    estimator = Estimator(engine, settings)

    def run() -> dict[str, float]:
        laps: dict[str, float] = {}
        start = time.perf_counter()
        for frame in frames:
            estimate = estimator(frame, hints=hints)
            before = time.perf_counter()
            if ROS:
                serialise(frame, estimate)
            messages = (time.perf_counter() - before) * 1e3
            for stage, value in {**estimate.timings_ms, "messages": messages}.items():
                laps[stage] = laps.get(stage, 0.0) + value
        return {**laps, "overhead": overhead(laps), "total": (time.perf_counter() - start) * 1e3}

    return run


def overhead(laps: Mapping[str, float]) -> float:
    """Return the time of everything but the three graphs."""
    return sum(value for stage, value in laps.items() if stage not in GRAPH_STAGES)


def serialise(frame: Frame, estimate: DepthEstimate) -> int:
    """Serialise what the node publishes for a frame, and return the number of bytes."""
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
    """Return a run of 'encode' and the DDIM loop with rows x cols queried pixels instead of the artifact's grid."""
    manifest = engine.artifact.manifest
    scene = (manifest.network.scene_rows, manifest.network.scene_cols)
    camera = camera_inputs(frame.camera, (rows, cols), scene)
    noise = member_noise(camera.queries[0], settings.members, settings.seed)
    levels = Schedule(manifest.schedule_shift).levels(settings.steps)
    latents = manifest.network.zero_latents(settings.members)
    inputs = {"image": frame.image[None], **{name: getattr(camera, name) for name in OF_CAMERA}}

    def run() -> dict[str, float]:
        start = time.perf_counter()
        found = sample(engine.denoiser(engine.encode(inputs)), noise, latents, levels)
        engine.to_host(found.x)
        return {"total": (time.perf_counter() - start) * 1e3}

    return run
