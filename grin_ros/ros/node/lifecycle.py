# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node `grin`: what exists in which state, and who is told what. No mathematics.

unconfigured  parameters, /diagnostics
inactive      + checked artifact, opened engine, publishers (configure)
active        + subscriptions, worker thread (activate)

A transition that cannot be done fails with its reason in the log and in /diagnostics; the process lives on.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import CameraInfo

from grin_ros.core.artifact import load_artifact
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.preferences import named_backends
from grin_ros.core.backends.watchdog import WatchedEngine
from grin_ros.core.estimator import Estimator
from grin_ros.core.hints.config import FROM_TF
from grin_ros.ros.frame.processor import Capture, FrameProcessor
from grin_ros.ros.frame.topics import INPUTS
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.messages import AnyImage
from grin_ros.ros.inputs.mounting import TfMounting
from grin_ros.ros.inputs.range_scale import RangeScale
from grin_ros.ros.inputs.transforms import Transforms
from grin_ros.ros.message_types import message_class
from grin_ros.ros.node.diagnostics.message import diagnostic_array, status_message
from grin_ros.ros.node.diagnostics.monitor import Monitor
from grin_ros.ros.node.diagnostics.snapshot import Identity
from grin_ros.ros.node.engines import Engines
from grin_ros.ros.node.frame_counts import FrameCounter
from grin_ros.ros.node.live_frames import LiveFrames
from grin_ros.ros.node.log import log_to_ros, stop_logging_to_ros
from grin_ros.ros.node.memory import keep_freed_memory
from grin_ros.ros.node.publishers import Publishers
from grin_ros.ros.node.worker import CameraQueue, Worker
from grin_ros.ros.parameters.declare import DeclaredParameters
from grin_ros.ros.parameters.table import NodeConfig

STOP_TIMEOUT_S = 30.0
"""How long a stop waits for the frame under way; a backend that takes longer hangs."""

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR


class GrinNode(LifecycleNode):  # type: ignore[misc]  # rclpy is not typed
    """Image and camera_info in; depth, sigma, points and diagnostics out."""

    def __init__(
        self, *, engines: Engines | None = None, worker: Worker[Capture] | None = None, **options: Any
    ) -> None:
        """Make an unconfigured node. engines, worker: shared with other nodes of the process, which closes the worker
        after its nodes; without them the node has its own. options: those of LifecycleNode."""
        super().__init__("grin", **options)
        self._engines = engines or Engines()
        self._owns_worker = worker is None
        self._worker: Worker[Capture] = worker or Worker("grin_worker")
        self._log: Any = self.get_logger()  # type: ignore[no-untyped-call]
        self._log_handler = log_to_ros(self._log)
        self._counter = FrameCounter()
        self._monitor = Monitor()
        self._engine: WatchedEngine | None = None
        self._config: NodeConfig | None = None
        self._outputs: Publishers | None = None
        self._processor: FrameProcessor | None = None
        self._listeners: list[Transforms | TfMounting] = []
        self._range_scale: RangeScale | None = None
        self._queue: CameraQueue[Capture] | None = None
        self._inputs: list[Any] = []
        self._newest_info: CameraInfo | None = None
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 1)
        self._diagnostics_period_s = 1.0
        self._diagnostics_timer = self.create_timer(self._diagnostics_period_s, self._publish_diagnostics)
        self._declared = DeclaredParameters(self, self._on_config)
        self._survive_illegal_transitions()

    # Lifecycle: rclpy calls these in the executor's thread.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters, load and check the artifact, open the engine, create the publishers."""
        if not self._tried("configure", self._configure):
            self._release()
            return FAILURE
        self._monitor.enter("inactive")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker and subscribe."""
        if not self._tried("activate", self._activate):
            self._stop()
            return FAILURE
        self._monitor.enter("active")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the worker; the frame under way is still published."""
        if not self._stop():
            return ERROR
        self._monitor.enter("inactive")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the engine and take the publishers away."""
        if not self._release():
            return ERROR
        self._monitor.enter("unconfigured")
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """From any state: release everything, for good."""
        self._release()
        self._monitor.enter("finalized")
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """A transition broke half-way: release everything. If that works the node may be configured again."""
        released = self._release()
        self._monitor.enter("unconfigured" if released else "finalized")
        return super().on_error(state) if released else FAILURE

    def autostart(self) -> None:
        """Configure and activate where the parameter says so. What fails is told; the services may try it again."""
        wanted = bool(self.get_parameter("autostart").value)
        if wanted and self.trigger_configure() == SUCCESS:  # type: ignore[no-untyped-call]
            self.trigger_activate()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Before the process ends: stop the thread, close the engine, destroy the node."""
        if self._release() and self._owns_worker:
            self._worker.close(STOP_TIMEOUT_S)
        stop_logging_to_ros(self._log_handler)
        self.destroy_node()  # type: ignore[no-untyped-call]

    def _configure(self) -> None:
        config = self._declared.config()
        artifact = load_artifact(config.model)
        backends = (config.backend, *named_backends(config.fallback))
        self._engine = self._engines.take(backends, artifact, config.threads, config.watchdog_s)
        converter = open_converter()
        self._outputs = Publishers(self, config)
        mounting = None
        if config.mounting_frame:
            mounting = TfMounting(self, config.mounting_frame)
            self._listeners.append(mounting)
        if config.scale.from_ranges:
            self._range_scale = RangeScale(self._range_transforms(config))
        self._processor = FrameProcessor(
            Estimator(self._engine), converter, self._log.warning, mounting=mounting, scale=self._range_scale
        )
        self._monitor.configured(
            Identity(
                f"{artifact.manifest.name} ({artifact.path})", artifact.digest, self._engine.description, converter.name
            )
        )
        self._on_config(config)

    def _activate(self) -> None:
        if self._processor is None or self._outputs is None or self._config is None:
            raise ValueError("it is not configured; configure it first")
        self._newest_info = None
        self._monitor.restart()
        self._processor.forget()
        frames = LiveFrames(self, self._processor, self._outputs, self._monitor, self._current_config)
        self._queue = self._worker.open_queue(frames, self._counter)
        # The executor serves in this order: of an image and a camera_info that came together, camera_info is first.
        self._subscribe("camera_info", self.receive_camera_info)
        self._subscribe("image/compressed" if self._config.compressed else "image", self.receive_image)
        if self._range_scale is not None:
            for topic in ("range/scan", "range/points"):
                self._subscribe(topic, self._range_scale.add)

    def _range_transforms(self, config: NodeConfig) -> Transforms | None:
        """Return the source of the range sensor's pose, if it is tf2."""
        if config.scale.range_pose != FROM_TF:
            return None
        transforms = Transforms(self, "scale.range_pose: got 'tf'", "give the pose as six numbers")
        self._listeners.append(transforms)
        return transforms

    def _current_config(self) -> NodeConfig:
        """Return the parameters of this moment, for the worker's thread."""
        assert self._config is not None, "frames come in the active state only"
        return self._config

    def _tried(self, transition: str, act: Callable[[], None]) -> bool:
        """Whether `act` worked; else its reason is in the log and in /diagnostics."""
        try:
            act()
        except (ValueError, EngineError) as error:  # texts made for the operator
            self._tell_failure(f"{transition} failed: {error}")
            return False
        except Exception as error:  # a runtime or rclpy may raise anything
            self._log.error(traceback.format_exc())
            self._tell_failure(f"{transition} failed: {type(error).__name__}: {error}")
            return False
        self._monitor.succeeded()
        return True

    def _tell_failure(self, text: str) -> None:
        self._monitor.failed(text)
        self._log.error(text)
        self._publish_diagnostics()

    def _stop(self) -> bool:
        """Unsubscribe and end the worker; False, and told, if its frame hangs. Does nothing where nothing runs."""
        while self._inputs:
            self.destroy_subscription(self._inputs.pop())
        if self._queue is not None:
            if not self._queue.close(STOP_TIMEOUT_S):
                self._tell_failure(f"the backend has not answered for {STOP_TIMEOUT_S:.0f} s; start this process again")
                return False
            self._queue = None
        return True

    def _release(self) -> bool:
        """Back to nothing; False if the backend hangs, and then it stays open, for it is in use."""
        if not self._stop():
            return False
        self._processor = self._range_scale = self._config = None
        while self._listeners:
            self._listeners.pop().close()
        if self._outputs is not None:
            self._outputs.destroy()
            self._outputs = None
        if self._engine is not None:
            self._engines.give_back(self._engine)
            self._engine = None
        return True

    # Callbacks: they only take note.

    def _subscribe(self, topic: str, callback: Callable[[Any], None]) -> None:
        kind = message_class(INPUTS[topic].type)
        newest = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        overriding = QoSOverridingOptions.with_default_policies()
        self._inputs.append(self.create_subscription(kind, topic, callback, newest, qos_overriding_options=overriding))

    def receive_camera_info(self, info: CameraInfo) -> None:
        """Keep the newest camera_info for the images that follow."""
        self._monitor.camera_info_came()
        self._newest_info = info

    def receive_image(self, image: AnyImage) -> None:
        """Queue an image as the camera's next frame. Does nothing unless the node is active."""
        if self._queue is not None:
            self._monitor.image_came()
            self._queue.submit(Capture(image, self._newest_info, time.monotonic()))

    def _on_config(self, config: NodeConfig) -> None:
        """After every accepted change of a parameter: the next frame is worked on with it."""
        self._config = config
        if config.diagnostics_period_s != self._diagnostics_period_s:
            self._diagnostics_period_s = config.diagnostics_period_s
            self.destroy_timer(self._diagnostics_timer)
            self._diagnostics_timer = self.create_timer(self._diagnostics_period_s, self._publish_diagnostics)

    def diagnostic_status(self) -> DiagnosticStatus:
        """Return the status of this moment, as it is published on /diagnostics."""
        if self._engine is not None:
            self._monitor.runs_on(self._engine.description, self._engine.caveat)
        snapshot = self._monitor.snapshot(self._counter.counts())
        name = f"{self.get_fully_qualified_name().lstrip('/')}: depth"
        return status_message(snapshot, name, hardware_id=snapshot.camera or "camera not known yet")

    def _publish_diagnostics(self) -> None:
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostic_array([self.diagnostic_status()], stamp))

    def _survive_illegal_transitions(self) -> None:
        """rclpy lets the RCLError of an illegal request out of spin() and never answers it: answer success=False."""
        service = self._service_change_state
        change_state = service.callback

        def answer(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
            try:
                return change_state(request, response)
            except rclpy_implementation.RCLError:
                wanted = request.transition.label or request.transition.id
                here = self._monitor.lifecycle
                self._log.warning(f"lifecycle: transition {wanted} is not possible from '{here}'; nothing was changed")
                response.success = False
                return response

        service.callback = answer


def spin(node: GrinNode, *others: GrinNode) -> None:
    """Serve these nodes until the context is shut down. What goes wrong in a callback is logged; the node lives on.

    rclpy raises here for what others send: text that is not UTF-8, a parameter of a type that does not exist.
    """
    executor = SingleThreadedExecutor(context=node.context)
    for each in (node, *others):
        executor.add_node(each)
    while node.context.ok():
        _spin_until_trouble(executor, node.get_logger())  # type: ignore[no-untyped-call]
    executor.shutdown()


def _spin_until_trouble(executor: SingleThreadedExecutor, log: Any) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        return
    except Exception:
        log.error(f"a callback failed, the node goes on:\n{traceback.format_exc()}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point `grin_node`: runs until SIGINT or SIGTERM."""
    keep_freed_memory()
    rclpy.init(args=list(sys.argv if arguments is None else arguments))
    node = GrinNode()
    try:
        node.autostart()
        spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        node.close()
        try_shutdown()


if __name__ == "__main__":
    main()
