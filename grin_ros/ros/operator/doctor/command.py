# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin doctor`: all findings, one a line, with what to do."""

from __future__ import annotations

import argparse
import importlib
from collections import Counter
from collections.abc import Iterator, Sequence

from grin_ros.core.command_line import CommandParser
from grin_ros.ros.operator.doctor import environment, installation
from grin_ros.ros.operator.doctor.finding import Finding, Level, error
from grin_ros.ros.operator.doctor.graph import Graph, judged


def findings(options: argparse.Namespace) -> Iterator[tuple[str, Finding]]:
    """(section, finding), as they are found: some take seconds."""
    yield from (("installation", each) for each in installation.packages())
    yield from (("models", each) for each in installation.models(engines=not options.no_engines))
    around = environment.this_environment()
    has_ros = True
    for each in environment.ros(around):
        has_ros = has_ros and each.level is Level.OK
        yield "ROS 2", each
    yield from (("ROS 2", each) for each in environment.discovery(around))
    if not has_ros or options.no_graph:
        return
    try:
        ros_graph = importlib.import_module("grin_ros.ros.operator.doctor.probe")
        graph: Graph = ros_graph.look(options.seconds)
    except Exception as fault:  # a broken ROS installation can raise anything
        text = f"ROS 2 cannot be started: {type(fault).__name__}: {fault}"
        yield "ROS 2", error(text, "source the setup.bash of your ROS 2 anew, in a terminal where no other is sourced")
        return
    shipped = importlib.import_module("grin_ros.ros.operator.harness").dds_profile
    yield from (("DDS", each) for each in environment.dds(around, graph.middleware, shipped))
    yield from (("graph", each) for each in judged(graph))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the findings. 0, or 1 where one of them is an ERROR."""
    parse = CommandParser(
        "doctor",
        "Find what is wrong with the installation, the environment and the ROS graph, and say what to type.",
        "grin doctor --no-engines",
        notes="It has failed (1) if a finding is an ERROR.",
    )
    parse.add_argument("--no-engines", action="store_true", help="do not run the golden samples: quicker")
    parse.add_argument("--no-graph", action="store_true", help="do not look at the running ROS graph")
    parse.add_argument("--seconds", type=float, default=3.0, help="how long to listen to the graph")
    options = parse.parse_args(argv)
    seen: Counter[Level] = Counter()
    section = ""
    for name, finding in findings(options):
        if name != section:
            print(f"\n{name}" if section else name)
            section = name
        print(f"  {finding}", flush=True)
        seen[finding.level] += 1
    print(f"\n{seen[Level.ERROR]} ERROR, {seen[Level.WARN]} WARN, {seen[Level.OK]} OK", end="")
    print("; -- is not installed, and needed for its own purpose only" if seen[Level.ABSENT] else "")
    return int(bool(seen[Level.ERROR]))
