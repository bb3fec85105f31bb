# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin doctor`: collect the findings of all sections and print them, each with what to do."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence

from grin_ros.core.command_line import DONE, FAILED, CommandParser, positive
from grin_ros.ros.operator.doctor import environment, installation
from grin_ros.ros.operator.doctor.finding import Finding, Severity, error
from grin_ros.ros.operator.doctor.graph import graph_findings
from grin_ros.ros.operator.doctor.lost_ports import lost_port_findings
from grin_ros.ros.operator.doctor.offers import frame_findings, offers
from grin_ros.ros.operator.doctor.transforms import transform_findings


def findings(options: argparse.Namespace) -> Iterator[tuple[str, Finding]]:
    """Yield (section, finding) as soon as each is known: some take seconds."""
    yield from (("installation", each) for each in installation.packages())
    yield from (("models", each) for each in installation.models(engines=not options.no_engines))
    has_ros = True
    for each in environment.ros(os.environ):
        has_ros = has_ros and each.level is Severity.OK
        yield "ROS 2", each
    yield from (("ROS 2", each) for each in environment.discovery(os.environ))
    if not has_ros:
        return
    started = environment.start(os.environ)
    yield "ROS 2", started
    if started.level is not Severity.OK or options.no_graph:
        return
    given = dict(os.environ)
    try:
        from grin_ros.ros.operator.doctor import probe  # it needs rclpy

        graph = probe.look(options.seconds)
    except Exception as fault:  # a broken ROS installation can raise anything
        text = f"ROS 2 cannot be started: {type(fault).__name__}: {fault}"
        yield "ROS 2", error(text, "source the setup.bash of your ROS 2 anew, in a terminal where no other is sourced")
        return
    yield from (("DDS", each) for each in environment.dds(given, graph.middleware))
    yield from (("DDS", each) for each in lost_port_findings())
    yield from (("graph", each) for each in graph_findings(graph))
    yield from (("graph", each) for each in transform_findings(graph))
    yield from (("graph", each) for each in frame_findings(graph))
    yield from (("what would help", each) for each in offers(graph))


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin doctor`."""
    made = CommandParser(
        "doctor",
        "Find what is wrong with the installation, the environment and the ROS graph, and say what to type.",
        "grin doctor --no-engines",
        notes="It has failed (1) if a finding is an ERROR.",
    )
    made.add_argument("--no-engines", action="store_true", help="do not run the golden samples: quicker")
    made.add_argument("--no-graph", action="store_true", help="do not look at the running ROS graph")
    made.add_argument("--seconds", type=positive, default=3.0, help="how long to listen to the graph")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin doctor`. The exit code is FAILED if a finding is an ERROR."""
    options = parser().parse_args(argv)
    seen: Counter[Severity] = Counter()
    section = ""
    for name, finding in findings(options):
        if name != section:
            print(f"\n{name}" if section else name)
            section = name
        print(f"  {finding}", flush=True)
        seen[finding.level] += 1
    print(f"\n{seen[Severity.ERROR]} ERROR, {seen[Severity.WARN]} WARN, {seen[Severity.OK]} OK", end="")
    print("; -- is not installed, and needed only for what its line says" if seen[Severity.ABSENT] else "")
    return FAILED if seen[Severity.ERROR] else DONE
