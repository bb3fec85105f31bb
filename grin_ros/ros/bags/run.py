# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One bag through the estimator: what the node would have published, written beside the recorded messages.

The same functions as in the node (`frame_from`, `Estimator`, the message makers), in one thread: no frame is dropped,
and the answer depends on nothing but the bag, the parameters and the model.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from grin_ros.core.artifact import load_artifact
from grin_ros.core.backends.engine import Engine
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.ros.bags.cameras import COMPRESSED, CameraTopics, Survey, find_cameras, survey
from grin_ros.ros.bags.messages import deserialize, serialize, type_name
from grin_ros.ros.bags.reading import Bag, Message
from grin_ros.ros.bags.writing import PartsWriter, finished_note
from grin_ros.ros.frame.cloud import cloud_message
from grin_ros.ros.inputs.images import Converter, open_converter
from grin_ros.ros.inputs.messages import (
    FrameRejectedError,
    frame_from,
    info_message,
    metres_message,
    millimetres_message,
)
from grin_ros.ros.parameters.row import Value
from grin_ros.ros.parameters.table import NodeConfig, Switches, node_config

logger = logging.getLogger(__name__)

OUTPUTS = ("depth/image", "depth/sigma", "depth/camera_info", "depth/image_mm", "points")
PART_BYTES = 256 << 20
BACKEND_FAILED = "backend failed"

Watch = Callable[[int, int], None]
"""Called now and then with the log time reached and the frames done."""


@dataclass(frozen=True)
class Job:
    """One bag to work on, as plain values: it can be sent to another process or machine.

    parameters: of the node, by name. topics: what is passed through besides the outputs, None for all. every: depth of
    every n-th image of a camera. start_s, end_s: window, seconds from the bag's first message. part_frames: so many
    frames at most are computed again after an interruption.
    """

    input: str
    output: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    topics: tuple[str, ...] | None = None
    images: tuple[str, ...] = ()
    info: str = ""
    every: int = 1
    start_s: float = 0.0
    end_s: float | None = None
    storage: str = "mcap"
    part_frames: int = 200

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every: got {self.every}, expected 1 or more")
        if self.start_s < 0.0 or (self.end_s is not None and not self.end_s > self.start_s):
            raise ValueError(f"start, end: got {self.start_s}, {self.end_s}, expected 0 <= start < end (seconds)")


@dataclass(frozen=True)
class Report:
    """What was done. frames: with depth. rejected: reason -> number of images without. damage: what was unreadable."""

    output: str
    frames: int
    rejected: Mapping[str, int]
    damage: tuple[str, ...]
    already: bool = False
    """It was all there from an earlier run."""

    @property
    def complete(self) -> bool:
        return not self.damage and not self.rejected


def run(job: Job, watch: Watch | None = None) -> Report:
    """Work on the whole bag, going on where an interrupted run with the same job stopped.

    Raises ValueError or EngineError where it cannot begin: no bag, no camera, no model, output taken.
    """
    output = Path(job.output)
    bag = Bag(Path(job.input))
    config = node_config(job.parameters)
    if config.mounting_frame:
        raise ValueError("mounting.base_frame: transforms of a bag are not read; give mounting.known, height_m, ...")
    if config.scale.from_ranges:
        raise ValueError("scale.from_ranges: ranges of a bag are not read; replay it through the node (grin replay)")
    artifact = load_artifact(config.model)
    identity = identity_of(job, bag, artifact.digest)
    note = finished_note(output)
    if note is not None and note.get("identity") == identity:
        return Report(job.output, note["frames"], note["rejected"], tuple(note["damage"]), already=True)
    found = survey(bag)
    cameras = find_cameras(found, job.images, job.info)
    unknown = sorted(set(job.topics or ()) - found.kinds.keys())
    if unknown:
        raise ValueError(f"{job.input}: it has no topic {', '.join(unknown)}; it has {', '.join(sorted(found.kinds))}")
    with (
        closing(open_engine(config.backend, artifact, config.threads)) as engine,
        # Parts of two engines are not put into one bag.
        PartsWriter(output, job.storage, f"{identity} {engine.description}") as writer,
    ):
        offline = _Offline(job, config, cameras, found, writer, engine, open_converter())
        offline.read(bag, watch)
        result = Report(job.output, offline.frames, dict(sorted(offline.rejected.items())), tuple(bag.damage))
        note = {**asdict(result), "identity": identity, "model": artifact.digest, "engine": engine.description}
        writer.finish(note)
    return result


def identity_of(job: Job, bag: Bag, model_digest: str) -> str:
    """Text that is the same only for the same input, options and model; not the places where bag and model lie."""
    options = {key: value for key, value in asdict(job).items() if key not in ("input", "output", "part_frames")}
    options["parameters"] = {name: value for name, value in job.parameters.items() if name != "model"}
    files = [[path.name, path.stat().st_size if path.is_file() else None] for path in bag.files]
    return json.dumps({"input": files, "options": options, "model": model_digest}, sort_keys=True)


class _Offline:
    """The state of one pass over a bag: newest camera_info, images counted, frames done."""

    def __init__(
        self,
        job: Job,
        config: NodeConfig,
        cameras: list[CameraTopics],
        found: Survey,
        writer: PartsWriter,
        engine: Engine,
        converter: Converter,
    ) -> None:
        self._job = job
        self._config = config
        self._writer = writer
        self._converter = converter
        self._cameras = {camera.image: camera for camera in cameras}
        self._estimators = {camera.image: Estimator(engine, config.settings) for camera in cameras}
        # Until the first camera_info a live node must refuse; a bag knows it already.
        self._infos = {c.info: found.first[c.info].data for c in cameras if c.info in found.first}
        self._computed = {camera.output(name) for camera in cameras for name in OUTPUTS}
        self._start_ns = found.start_ns + round(job.start_s * 1e9)
        self._stop_ns = None if job.end_s is None else found.start_ns + round(job.end_s * 1e9)
        self._images: Counter[str] = Counter()
        progress = writer.resumed
        self._done = int(progress.get("messages", 0))
        self.frames = int(progress.get("frames", 0))
        self.rejected: Counter[str] = Counter(progress.get("rejected", {}))
        replaced = sorted(self._computed & found.kinds.keys())
        if replaced:
            logger.warning("%s: recorded outputs are replaced by the computed ones: %s", job.input, ", ".join(replaced))

    def read(self, bag: Bag, watch: Watch | None) -> None:
        """All messages; those of earlier runs are only looked at for what later ones need."""
        committed, number = self.frames + self.rejected.total(), 0
        for number, message in enumerate(bag.messages(stop_ns=self._stop_ns), 1):
            if message.topic in self._infos:
                self._infos[message.topic] = message.data
            if message.time_ns < self._start_ns:
                continue
            camera = self._cameras.get(message.topic)
            self._images[message.topic] += 1
            due = camera is not None and (self._images[message.topic] - 1) % self._job.every == 0
            if number <= self._done:
                continue
            self._pass_on(message)
            if camera is not None and due:
                self._estimate(camera, message)
            worked = self.frames + self.rejected.total()
            if worked - committed >= self._job.part_frames or self._writer.pending_bytes >= PART_BYTES:
                self._commit(number)
                committed = worked
            if watch is not None:
                watch(message.time_ns, self.frames)
        self._commit(max(number, self._done))

    def _commit(self, messages: int) -> None:
        for estimator in self._estimators.values():
            estimator.smoothing.forget()  # a run that begins again here must give the same
        self._writer.commit({"messages": messages, "frames": self.frames, "rejected": dict(self.rejected)})

    def _pass_on(self, message: Message) -> None:
        topics = self._job.topics
        if message.topic not in self._computed and (topics is None or message.topic in topics):
            self._writer.write(message.topic, message.kind, message.time_ns, message.data, message.connection)

    def _estimate(self, camera: CameraTopics, message: Message) -> None:
        info = None
        try:
            image = _image(message)
            data = self._infos.get(camera.info)
            info = None if data is None else deserialize(data, CameraInfo)
            frame = frame_from(image, info, self._config.mounting, self._converter, self._config.rectified)
        except ValueError as error:
            reason = error.reason if isinstance(error, FrameRejectedError) else "bad message"
            self._reject(message, reason, error)
            return
        try:
            estimate = self._estimators[camera.image](frame)
        except Exception as error:  # a backend may raise anything; the next frame may work
            self._reject(message, BACKEND_FAILED, error)
            return
        for name, out in output_messages(frame, estimate, info, image.header, self._config.switches):
            self._writer.write(camera.output(name), type_name(type(out)), message.time_ns, serialize(out))
        self.frames += 1

    def _reject(self, message: Message, reason: str, error: Exception) -> None:
        self.rejected[reason] += 1
        if self.rejected[reason] == 1:  # the first tells; all are counted
            logger.warning("%s at %d ns: %s: %s", message.topic, message.time_ns, reason, error)


def output_messages(
    frame: Frame, estimate: DepthEstimate, info: CameraInfo, header: Any, switches: Switches
) -> Iterator[tuple[str, Any]]:
    """(topic, message) of all that is switched on, as the node publishes them: all with the image's header."""
    if switches.depth:
        yield "depth/image", metres_message(estimate.depth_m, header)
    if switches.sigma:
        yield "depth/sigma", metres_message(estimate.sigma_m, header)
    if switches.mm:
        yield "depth/image_mm", millimetres_message(estimate.depth_m, header)
    if switches.depth or switches.sigma or switches.mm:
        yield "depth/camera_info", info_message(info, header)
    if switches.points:
        yield "points", cloud_message(frame, estimate, header, switches.points_stride, switches.points_rgb)


def _image(message: Message) -> Image | CompressedImage:
    return deserialize(message.data, CompressedImage if message.kind == COMPRESSED else Image)
