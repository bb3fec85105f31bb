# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node `grin`: what exists in each state. It contains no mathematics.

unconfigured: parameters and /diagnostics.
inactive: the checked artifact, the opened engine and the publishers too (after configure).
active: the subscriptions and the camera's queue too (after activate).

If a transition fails, the log and /diagnostics say why, and the process goes on.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import ChangeState
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import EngineError
from grin_ros.core.backends.preferences import named_backends
from grin_ros.core.backends.watchdog import WatchedEngine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.transform_tree import TransformTree
from grin_ros.ros import commands
from grin_ros.ros.frame.processor import Capture, FrameProcessor
from grin_ros.ros.frame.topics import DIAGNOSTICS
from grin_ros.ros.inputs.hints.gathering import HintInputs
from grin_ros.ros.inputs.images import open_converter
from grin_ros.ros.inputs.mounting import live_mounting
from grin_ros.ros.inputs.newest_info import NewestInfo
from grin_ros.ros.inputs.tf import TfListener
from grin_ros.ros.node.diagnostics.clock_watch import ClockWatch
from grin_ros.ros.node.diagnostics.frame_counts import FrameCounter
from grin_ros.ros.node.diagnostics.message import diagnostic_array, status_message
from grin_ros.ros.node.diagnostics.monitor import Monitor
from grin_ros.ros.node.diagnostics.snapshot import Failure, Identity
from grin_ros.ros.node.engines import Engines
from grin_ros.ros.node.live_frames import LiveFrames
from grin_ros.ros.node.log import log_to_ros, stop_logging_to_ros
from grin_ros.ros.node.publishers import Publishers
from grin_ros.ros.node.subscriptions import Subscriptions
from grin_ros.ros.node.worker import CameraQueue, Worker
from grin_ros.ros.parameters.declare import DeclaredParameters
from grin_ros.ros.parameters.table import NodeConfig
from grin_ros.ros.steady_timer import steady_timer

STOP_TIMEOUT_S = 30.0
"""A stop waits this long for the frame being processed. A backend that takes longer is taken to hang."""

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR


class GrinNode(LifecycleNode):  # type: ignore[misc]  # rclpy is not typed
    """The node of one camera: it subscribes to image and camera_info, and publishes depth, sigma, points and more."""

    def __init__(
        self,
        *,
        engines: Engines | None = None,
        worker: Worker[Capture] | None = None,
        camera: str = "camera",
        **options: Any,
    ) -> None:
        """Make an unconfigured node.

        engines, worker: those of the process if it has several nodes; None: the node has its own. camera: the name of
        the camera, after which the frame of its scan is named. options: passed on to LifecycleNode.
        """
        super().__init__("grin", **options)
        self._engines = engines or Engines()
        self._owns_worker = worker is None
        self._worker: Worker[Capture] = worker or Worker()
        self._log: Any = self.get_logger()  # type: ignore[no-untyped-call]
        self._log_handler = log_to_ros(self._log)
        self._counter = FrameCounter()
        self._monitor = Monitor()
        self._newest_info = NewestInfo(self._monitor.camera_info_came)
        self._clock_watch = ClockWatch(self.get_clock())
        self._engine: WatchedEngine | None = None
        self._config: NodeConfig | None = None
        self._outputs: Publishers | None = None
        self._processor: FrameProcessor | None = None
        self._tf: TfListener | None = None
        self._hints: HintInputs | None = None
        self._queue: CameraQueue[Capture] | None = None
        self._inputs: Subscriptions | None = None
        self._diagnostics = self.create_publisher(DiagnosticArray, DIAGNOSTICS.name, DIAGNOSTICS.queue)
        self._diagnostics_period_s = 1.0
        self._start_diagnostics()
        self._declared = DeclaredParameters(self, self._on_config, camera)
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
        """Open the camera's queue and subscribe."""
        if not self._tried("activate", self._activate):
            self._stop()
            return FAILURE
        self._monitor.enter("active")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and close the queue. The frame being processed is still published."""
        if not self._stop():
            return ERROR
        self._monitor.enter("inactive")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the engine and remove the publishers."""
        if not self._release():
            return ERROR
        self._monitor.enter("unconfigured")
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from any state and for good."""
        released = self._release()
        self._monitor.enter("finalized", failing=not released)
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything after a transition that failed half-way. Then the node can be configured again."""
        released = self._release()
        self._monitor.enter("unconfigured" if released else "finalized", failing=not released)
        if released:
            text = "the backend answered late, so the node was not only deactivated: it is unconfigured"
            self._report_failure(text, commands.transitions(self.get_fully_qualified_name(), "configure", "activate"))
        return super().on_error(state) if released else FAILURE

    def autostart(self) -> None:
        """Configure and activate if the parameter autostart is true. If that fails, the services may try it again."""
        if not self.get_parameter("autostart").value:
            ways = (commands.transitions(self.get_fully_qualified_name(), "configure", "activate"), commands.AUTOSTART)
            self._log.info(
                "unconfigured: no depth is published until the node is activated. A lifecycle manager does it, or "
                + "; or ".join(dict.fromkeys(ways))
            )
        elif self.trigger_configure() == SUCCESS:  # type: ignore[no-untyped-call]
            self.trigger_activate()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Stop processing, close the engine and destroy the node, before the process ends."""
        if self._release() and self._owns_worker:
            self._worker.close(STOP_TIMEOUT_S)
        stop_logging_to_ros(self._log_handler)
        self.destroy_node()  # type: ignore[no-untyped-call]

    def _configure(self) -> None:
        config = self._declared.config()
        artifact = load_artifact(config.model)
        if caveat := artifact.manifest.sigma_caveat():
            self._log.warning(caveat)
        backends = (config.backend, *named_backends(config.fallback))
        self._engine = self._engines.take(backends, artifact, config.threads, config.watchdog_s)
        converter = open_converter()
        self._outputs = Publishers(self, config)
        tree = TransformTree()
        mounting = live_mounting(tree, config.mounting_frame) if config.mounting_frame else None
        if config.hints.on:
            self._hints = HintInputs(config.hints, tree)
        if mounting or self._hints:
            self._tf = TfListener(self, tree)
        self._processor = FrameProcessor(
            Estimator(self._engine),
            converter,
            self._log.warning,
            mounting=mounting,
            hints=self._hints,
            topic=self.resolve_topic_name("image/compressed" if config.compressed else "image"),
        )
        self._monitor.configured(
            Identity(
                f"{artifact.manifest.name} ({artifact.path})", artifact.digest, self._engine.description, converter.name
            )
        )
        self._on_config(config)

    def _activate(self) -> None:
        if self._processor is None or self._outputs is None or self._config is None:
            raise ValueError("the node is not configured; configure it first")
        self._monitor.restart()
        self._processor.forget()
        self._outputs.begin()
        frames = LiveFrames(
            self,
            self._processor,
            self._outputs,
            self._monitor,
            self._current_config,
            self._backend_description,
            self._tf.take if self._tf else lambda: None,
        )
        self._queue = self._worker.open_queue(frames, self._counter)
        self._inputs = Subscriptions(self, self._config, self._monitor, self._queue, self._newest_info, self._hints)
        self._declared.warn_of_unused_qos()
        self._log.info(f"active: listening on {', '.join(self._inputs.topics)}")

    def _current_config(self) -> NodeConfig:
        """Return the parameters of this moment, for the worker's thread."""
        assert self._config is not None, "frames come in the active state only"
        return self._config

    def _tried(self, transition: str, act: Callable[[], None]) -> bool:
        """Return True if `act` succeeded. If not, report why in the log and on /diagnostics."""
        try:
            act()
        except (ValueError, EngineError) as error:  # their texts are written for the operator
            text = str(error)
        except Exception as error:  # a runtime or rclpy may raise anything
            if not self.context.ok():  # a signal has ended ROS 2, so nobody hears a report
                return False
            self._log.error(traceback.format_exc())
            text = f"{type(error).__name__}: {error}"
        else:
            return True
        remedy = (
            "no depth is published until this is corrected: start the node again if it takes a parameter that is not "
            f"live, or else {commands.transitions(self.get_fully_qualified_name(), transition)}"
        )
        self._report_failure(f"{transition} failed: {text}", remedy)
        return False

    def _report_failure(self, text: str, remedy: str) -> None:
        self._monitor.failed(Failure(text, remedy))
        self._log.error(f"{text}; {remedy}")
        self._publish_diagnostics()

    def _backend_description(self) -> str:
        return self._engine.description if self._engine else ""

    def _stop(self) -> bool:
        """Unsubscribe and close the queue. If the backend hangs, report it and return False."""
        if self._inputs is not None:
            self._inputs.close()
            self._inputs = None
        if self._queue is not None:
            if not self._queue.close(STOP_TIMEOUT_S):
                text = f"the backend has not answered for {STOP_TIMEOUT_S:.0f} s, so the node cannot be stopped yet"
                self._report_failure(text, "start this process again if the node ends as finalized")
                return False
            self._queue = None
        return True

    def _release(self) -> bool:
        """Release everything. If the backend hangs, it is still in use and stays open: return False."""
        if not self._stop():
            return False
        self._processor = self._hints = self._config = None
        if self._tf is not None:
            self._tf.close()
            self._tf = None
        if self._outputs is not None:
            self._outputs.destroy()
            self._outputs = None
        if self._engine is not None:
            self._engines.give_back(self._engine)
            self._engine = None
        return True

    def _on_config(self, config: NodeConfig) -> None:
        """Use an accepted change of a parameter, from the next frame on."""
        self._config = config
        if config.diagnostics_period_s != self._diagnostics_period_s:
            self._diagnostics_period_s = config.diagnostics_period_s
            self.destroy_timer(self._diagnostics_timer)
            self._start_diagnostics()

    def _start_diagnostics(self) -> None:
        self._diagnostics_timer = steady_timer(self, self._diagnostics_period_s, self._publish_diagnostics)

    def diagnostic_status(self) -> DiagnosticStatus:
        """Return the status of this moment, as it is published on /diagnostics."""
        if self._engine is not None:
            self._monitor.runs_on(self._engine.description, self._engine.reason, self._engine.caveat)
        snapshot = self._monitor.snapshot(self._counter.counts())
        snapshot = replace(snapshot, clock_stands_s=self._clock_watch.stands_s())
        name = f"{self.get_fully_qualified_name().lstrip('/')}: depth"
        return status_message(snapshot, name, hardware_id=snapshot.frame.camera or "camera not known yet")

    def _publish_diagnostics(self) -> None:
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostic_array([self.diagnostic_status()], stamp))

    def _survive_illegal_transitions(self) -> None:
        """Answer success=False to requests of transitions that are not possible.

        Until Jazzy, rclpy never answers them: its RCLError leaves the callback, and so spin(). Kilted answers itself.
        """
        service = self._service_change_state
        change_state = service.callback

        def answer(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
            try:
                return change_state(request, response)
            except rclpy_implementation.RCLError:
                wanted = request.transition.label or request.transition.id
                here = self._monitor.lifecycle
                self._log.warning(
                    f"lifecycle: transition {wanted} is not possible from '{here}'; nothing was changed. To see the "
                    f"possible ones, type: ros2 lifecycle list {self.get_fully_qualified_name()}"
                )
                response.success = False
                return response

        service.callback = answer
