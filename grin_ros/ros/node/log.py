# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Log messages of Python's logging module in the log of the node, and so on /rosout."""

from __future__ import annotations

import logging
from typing import Any


class RosHandler(logging.Handler):
    """Passes log records on to the logger of a node."""

    def __init__(self, ros_logger: Any) -> None:
        super().__init__()
        self._ros_logger = ros_logger

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record, unless an earlier node of this process does it already."""
        handlers = [each for each in logging.getLogger("grin_ros").handlers if isinstance(each, RosHandler)]
        if handlers and handlers[0] is not self:
            return
        text = self.format(record)
        # One call for each severity: rclpy remembers the severity of a line of code and refuses another one there.
        if record.levelno >= logging.ERROR:
            self._ros_logger.error(text)
        elif record.levelno >= logging.WARNING:
            self._ros_logger.warning(text)
        elif record.levelno >= logging.INFO:
            self._ros_logger.info(text)
        else:
            self._ros_logger.debug(text)


def log_to_ros(ros_logger: Any) -> RosHandler:
    """Send all messages of the package to `ros_logger`. Return the handler, for `stop_logging_to_ros`."""
    handler = RosHandler(ros_logger)
    package = logging.getLogger("grin_ros")
    package.addHandler(handler)
    package.setLevel(min(package.level or logging.INFO, logging.INFO))
    package.propagate = False
    return handler


def stop_logging_to_ros(handler: RosHandler) -> None:
    """Undo `log_to_ros`, which returned the handler."""
    package = logging.getLogger("grin_ros")
    package.removeHandler(handler)
    package.propagate = True
