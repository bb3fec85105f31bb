# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin COMMAND ...`: finds the room that does the work, and says what to install where something is missing."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Command(NamedTuple):
    """module: its `main(argv) -> int` does the work, imported only then. extra: of pip, what it needs besides."""

    module: str
    help: str
    extra: str


COMMANDS: Mapping[str, Command] = {
    "demo": Command("grin_ros.ros.operator.demo.command", "a photograph through the node", "ros-wheels,bags,demo"),
    "bag": Command("grin_ros.ros.bags.command", "depth for recorded bags, written as bags", "ros-wheels,bags"),
    "replay": Command("grin_ros.ros.bags.replay", "publish a bag over DDS, with /clock", "ros-wheels,bags"),
    "evaluate": Command("grin_ros.lab.evaluation.command", "figures and pictures on real frames or renders", "demo"),
    "scenes": Command("grin_ros.lab.datasets.rendering", "render procedural worlds to train on", "train"),
    "pack": Command("grin_ros.lab.datasets.places", "pack measured frames of real places to train on", "train"),
    "train": Command("grin_ros.lab.training.loop", "train on sparse depth", "train"),
    "engine": Command("grin_ros.core.backends.command", "build, list, clear and verify what runs the network", ""),
    "view": Command("grin_ros.ros.operator.view", "a running node in the Rerun viewer", "ros-wheels,bags,rerun"),
    "doctor": Command("grin_ros.ros.operator.doctor", "find what is wrong, and say what to type", ""),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point `grin`. The command's exit code; 1 with the remedy where a package is missing, 2 for a wrong call."""
    arguments = parser().parse_args(argv)
    command = COMMANDS[arguments.command]
    try:
        run: Callable[[Sequence[str]], int | None] = importlib.import_module(command.module).main
        return run(arguments.arguments) or 0
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "grin_ros"):  # not something to install
            raise
        what_to_do = remedy(missing, command.extra)
        print(f"grin {arguments.command}: {missing} is not installed. {what_to_do}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\ngrin {arguments.command}: interrupted", file=sys.stderr)
        return 130


def remedy(missing: str, extra: str) -> str:
    """What to type. Messages and rclpy may come from a ROS installation instead of from wheels."""
    wanted = f"grin_ros[{extra}]" if extra else "grin_ros"
    if missing == "rclpy" or missing.endswith("_msgs"):
        return f"Source a ROS 2 (source /opt/ros/<distro>/setup.bash), or where there is none: pip install '{wanted}'"
    return f"Install what it needs: pip install '{wanted}'"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="grin",
        description="Metric depth with calibrated uncertainty from one camera.",
        epilog="\n".join(f"  {name:<10}{command.help}" for name, command in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see below; COMMAND -h tells more")
    made.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="the command's own arguments")
    return made


if __name__ == "__main__":
    sys.exit(main())
