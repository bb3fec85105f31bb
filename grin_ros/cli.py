# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin COMMAND ...`: find the module that does the work, and say what to install if a package is missing."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import NamedTuple

from grin_ros import __version__
from grin_ros.core import remedies
from grin_ros.core.command_line import DONE, EXIT_CODES, INTERRUPTED, WRONG_CALL, did_you_mean, fail


class Command(NamedTuple):
    """A subcommand. module: its `main(argv) -> int` is imported when needed; extra: of setup.py, what it needs."""

    module: str
    help: str
    extra: str = ""


GROUPS: Mapping[str, Mapping[str, Command]] = {
    "See it work": {
        "depth": Command("grin_ros.core.photo.command", "estimate the depth of your own photographs and videos"),
        "demo": Command(
            "grin_ros.ros.operator.demo.command", "run a photograph through the node", "ros-wheels,bags,demo"
        ),
        "doctor": Command("grin_ros.ros.operator.doctor.command", "find what is wrong, and say what to type"),
        "view": Command(
            "grin_ros.ros.operator.view", "show a running node in the Rerun viewer", "ros-wheels,bags,rerun"
        ),
    },
    "Recordings": {
        "bag": Command("grin_ros.ros.bags.command", "write bags with the depth of recorded bags", "ros-wheels,bags"),
        "replay": Command("grin_ros.ros.bags.replay", "publish a bag over DDS, with /clock", "ros-wheels,bags"),
    },
    "Settings": {
        "parameters": Command("grin_ros.ros.parameters.table", "print a parameter file of the node, with all defaults"),
    },
    "Models and backends": {
        "engine": Command("grin_ros.core.backends.command", "build, list, clear and verify engines"),
        "dataset": Command("grin_ros.lab.datasets.own", "make a data set of your own images, depth and calibration"),
        "evaluate": Command("grin_ros.lab.evaluation.command", "measure a model on real frames or renders"),
        "flicker": Command(
            "grin_ros.lab.evaluation.flicker", "measure how still depth is from frame to frame", "train"
        ),
        "verify": Command("grin_ros.lab.export.verify", "compare a backend with the torch reference", "train"),
        "precision": Command("grin_ros.lab.export.precision", "add fp16, bf16 or int8 graphs to an artifact", "train"),
        "calibrate": Command("grin_ros.lab.training.calibrate", "fit sigma on renders not trained on", "train"),
    },
    "Training": {
        "teach": Command("grin_ros.teach", "teach a model the robot's own building, from bags", "teach"),
        "teacher": Command("grin_ros.core.teachers.command", "check the ONNX file of a teacher network"),
        "scenes": Command("grin_ros.lab.datasets.rendering", "render procedural worlds to train on", "train"),
        "pack": Command("grin_ros.lab.datasets.places", "pack measured frames of real places to train on", "train"),
        "pack-recording": Command("grin_ros.lab.datasets.recordings", "pack one recording with depth", "train"),
        "train": Command("grin_ros.lab.training.loop", "train a model on sparse depth", "train"),
        "train-hints": Command("grin_ros.lab.hints.command", "train the hint network of an artifact", "train"),
        "check": Command("grin_ros.lab.training.diffusion_check", "check that weights use their noisy input", "train"),
        "ablate": Command("grin_ros.lab.training.ablation", "train variants with one part changed", "train"),
        "blend": Command("grin_ros.lab.training.blend", "average the weights of a run", "train"),
        "align": Command("grin_ros.lab.training.align", "fit the encoder to photographs", "train"),
        "export": Command("grin_ros.lab.export.command", "write trained weights as an artifact", "train"),
        "baselines": Command("grin_ros.lab.evaluation.baselines", "learn the baselines of `grin evaluate`", "train"),
    },
}
COMMANDS: Mapping[str, Command] = {name: command for group in GROUPS.values() for name, command in group.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin` with these arguments (default: those of the process), and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal may not know every character of the texts
            stream.reconfigure(errors="replace")
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help", "help"):
        print(overview())
        return DONE
    if name == "--version":
        print(f"grin {__version__}")
        return DONE
    if name not in COMMANDS:
        wanted = f"expected a command{did_you_mean(name, COMMANDS) or '; `grin` lists them'}"
        print(f"grin: got {name!r}, {wanted}", file=sys.stderr)
        return WRONG_CALL
    with suppress(ValueError):  # not in the main thread
        # `timeout`, systemd and CI send SIGTERM: it ends a command as Ctrl-C does, with the processes that it started.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run: Callable[[Sequence[str]], int] = importlib.import_module(COMMANDS[name].module).main
        return run(arguments)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "grin_ros"):  # a fault of this package, not something to install
            raise
        return fail(name, f"{missing} is not installed. Type: {remedy(missing, COMMANDS[name].extra)}")
    except OSError as error:
        return fail(name, f"{error}; check the path, its permissions and the free space of the disk")
    except KeyboardInterrupt:
        print(f"\ngrin {name}: interrupted", file=sys.stderr)
        return INTERRUPTED


def remedy(missing: str, extra: str) -> str:
    """Return what to type for a missing package. rclpy and messages may come from a ROS installation."""
    if missing == "rclpy" or missing.endswith("_msgs"):
        return remedies.ros()
    return remedies.install(extra)


def overview() -> str:
    """Return the list of all commands, by group."""
    lines = ["usage: grin COMMAND ...", "", "Metric depth with calibrated uncertainty from one camera."]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:<16}{command.help}" for name, command in commands.items())]
    return "\n".join([*lines, "", "`grin COMMAND --help` explains a command, with an example.", EXIT_CODES])


if __name__ == "__main__":
    sys.exit(main())
