# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Declares the table of parameters to a node, and checks start values and later changes.

A wrong start value must not end the process. It is noted, the default is used in its place, and configure fails with
the reason until a right value is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from grin_ros.core.config import nearest
from grin_ros.ros.parameters.row import Parameter, Value
from grin_ros.ros.parameters.table import BY_NAME, PARAMETERS, NodeConfig, node_config

_TYPES = {
    bool: RosParameter.Type.BOOL,
    int: RosParameter.Type.INTEGER,
    float: RosParameter.Type.DOUBLE,
    str: RosParameter.Type.STRING,
}
_OF_RCLPY = ("use_sim_time", "start_type_description_service")
_QOS = "qos_overrides."


def descriptor(parameter: Parameter) -> ParameterDescriptor:
    """Return the ROS descriptor: type, description with unit, range, read-only."""
    unit = f" Unit: {parameter.unit}." if parameter.unit else ""
    described = ParameterDescriptor(
        name=parameter.name,
        type=_TYPES[type(parameter.default)].value,
        description=f"{parameter.description}{unit}",
        read_only=parameter.read_only,
    )
    if parameter.low is not None and parameter.high is not None:
        if isinstance(parameter.default, float):
            described.floating_point_range = [FloatingPointRange(from_value=parameter.low, to_value=parameter.high)]
        else:
            described.integer_range = [IntegerRange(from_value=int(parameter.low), to_value=int(parameter.high))]
    return described


class DeclaredParameters:
    """The parameters of one node."""

    def __init__(self, node: Node, changed: Callable[[NodeConfig], None], camera: str) -> None:
        """Declare the parameters.

        changed: called with the new configuration after every accepted change. camera: the name of the camera.
        """
        self._node = node
        self._camera = camera
        self._changed = changed
        self._problems: dict[str, str] = {}
        """Parameter -> why its start value was refused. A right value that is set later removes the entry."""
        for parameter in PARAMETERS:
            self._declare(parameter)
        self._warn_of_unknown()
        node.add_on_set_parameters_callback(self._check)
        self._has_post_set = hasattr(
            node, "add_post_set_parameters_callback"
        )  # Humble has no such callback: there a change is used when it is checked
        if self._has_post_set:
            node.add_post_set_parameters_callback(self._apply)

    def config(self) -> NodeConfig:
        """Return the configuration of now. Raises ValueError if start values were refused or contradict each other."""
        if self._problems:
            raise ValueError("; ".join(self._problems.values()))
        return node_config(self._values(), self._camera)

    def _values(self) -> dict[str, Value]:
        """Return all values. The default replaces a refused start value, which may still be set in the node."""
        return {
            parameter.name: parameter.default
            if parameter.name in self._problems
            else self._node.get_parameter(parameter.name).value
            for parameter in PARAMETERS
        }

    def _declare(self, parameter: Parameter) -> None:
        name, described, start = parameter.name, descriptor(parameter), self._start_values().get(parameter.name)
        try:
            if start is None:
                parameter.accepted(self._node.declare_parameter(name, parameter.default, described).value)
            else:
                self._node.declare_parameter(name, parameter.accepted(start.value), described, ignore_override=True)
            return
        except (InvalidParameterTypeException, InvalidParameterValueException):
            reason = f"{name}: the start value is refused"
        except ValueError as error:
            reason = str(error)
        if not self._node.has_parameter(name):
            self._node.declare_parameter(name, parameter.default, descriptor(parameter), ignore_override=True)
        remedy = "correct it and start the node again" if parameter.read_only else "set it to a right value"
        self._problems[name] = f"parameter {reason}; {remedy}"

    def _start_values(self) -> dict[str, Any]:
        """Return the values from command line and parameter files.

        rclpy has no public way to read them. Without them the messages are less detailed.
        """
        return getattr(self._node, "_parameter_overrides", {})

    def _warn_of_unknown(self) -> None:
        for name in self._start_values():
            if name not in BY_NAME and name not in _OF_RCLPY and not name.startswith(_QOS):
                self._node.get_logger().warning(
                    f"parameter '{name}' is not known and has no effect{nearest(name, BY_NAME)}"
                )

    def warn_of_unused_qos(self) -> None:
        """Log the QoS overrides that no topic of the node has taken. To be called when all topics are there."""
        for name in self._start_values():
            if name.startswith(_QOS) and not self._node.has_parameter(name):
                self._node.get_logger().warning(
                    f"parameter '{name}' has no effect; expected {_QOS}<full topic name>.<subscription or publisher>."
                    "<history, depth, reliability or durability> for a topic of this node, after remapping"
                )

    def _check(self, changes: Sequence[RosParameter]) -> SetParametersResult:
        """Accept or refuse a change, before it is made."""
        ours = {change.name: change.value for change in changes if change.name in BY_NAME}
        if not ours:
            return SetParametersResult(successful=True)
        try:
            config = node_config({**self._values(), **ours}, self._camera)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if not self._has_post_set:
            self._accept(ours, config)
        return SetParametersResult(successful=True)

    def _apply(self, changes: Sequence[RosParameter]) -> None:
        """Use a change that was accepted."""
        ours = {change.name: change.value for change in changes if change.name in BY_NAME}
        if ours:
            self._accept(ours, node_config({**self._values(), **ours}, self._camera))

    def _accept(self, accepted: Mapping[str, Value], config: NodeConfig) -> None:
        for name in accepted:
            self._problems.pop(name, None)
        self._changed(config)
