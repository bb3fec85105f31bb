# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The environment that ROS 2 reads at its start: which ROS, which middleware, which Fast DDS profile."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from grin_ros.core import remedies
from grin_ros.ros.dds_profile import PROFILE_VARIABLES, TRANSPORTS_VARIABLE, dds_profile, profile_variable
from grin_ros.ros.distribution import distribution_of, distribution_of_wheels
from grin_ros.ros.operator.doctor.finding import Finding, error, ok, warn

SHARED_MEMORY = Path("/dev/shm")
IMAGE_BYTES = 1280 * 720 * 3
"""The size of a large colour image."""
NEEDED_BYTES = 4 * IMAGE_BYTES
"""The size of a shared-memory segment that holds a few large images."""
SEGMENT_BYTES = 32 * 2**20
"""The size of the segment that every process takes with the shipped profile."""
MIB = 2**20
TRIAL = """
import rclpy
from rclpy.utilities import get_rmw_implementation_identifier
rclpy.init(args=[])
rclpy.create_node("grin_doctor_trial", start_parameter_services=False).destroy_node()
rclpy.shutdown()
print(get_rmw_implementation_identifier())
"""
"""The program that shows whether ROS 2 starts."""
TRIAL_LIMIT_S = 60.0
MAX_SAID = 300
"""At most so many characters of its last line are quoted."""


def ros(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Say which ROS 2 this Python finds."""
    distribution = environment.get("ROS_DISTRO", "")
    wheels = distribution_of_wheels()
    if find_spec("rclpy") is None:
        yield warn("no ROS 2 here: the estimator and grin evaluate work, the node does not", remedies.ros())
        return
    if distribution and wheels and wheels != distribution:
        yield error(
            f"two ROS 2 at once: {distribution} is sourced, and the wheels of {wheels} are installed",
            "use a virtual environment without ros-* wheels: messages of the two do not fit each other",
        )
        return
    if distribution:
        yield ok(f"ROS 2 {distribution} is sourced")
    elif wheels:
        yield ok(f"ROS 2 {wheels} from PyPI wheels")
    else:
        yield warn("rclpy is here, but ROS_DISTRO is not set", "source the setup.bash of your ROS 2")


def start(environment: Mapping[str, str]) -> Finding:
    """Start a node of ROS 2 in another process, and say whether it started.

    A middleware that is named but not installed ends the process that loads it, so the doctor itself must not.
    """
    run = partial(subprocess.run, check=False, capture_output=True, text=True, timeout=TRIAL_LIMIT_S)
    try:
        done = run([sys.executable, "-c", TRIAL], env=dict(environment))
    except subprocess.TimeoutExpired:
        return error(f"ROS 2 does not start within {TRIAL_LIMIT_S:.0f} s", "close other programs, then ask again")
    if done.returncode == 0:
        return ok(f"ROS 2 starts with the middleware {done.stdout.split()[-1]}")
    said = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-1:])[:MAX_SAID]
    named = environment.get("RMW_IMPLEMENTATION")
    if named:
        package = f"ros-{environment.get('ROS_DISTRO') or '$ROS_DISTRO'}-{named.replace('_', '-')}"
        return error(
            f"ROS 2 does not start with the middleware that RMW_IMPLEMENTATION names, {named}: {said}",
            f"unset RMW_IMPLEMENTATION, or install it for a ROS installation: apt install {package}",
        )
    again = "source the setup.bash of your ROS 2 anew, in a terminal where no other is sourced"
    return error(f"ROS 2 does not start (exit code {done.returncode}): {said}", again)


def discovery(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Say which other processes can be discovered from here."""
    domain = environment.get("ROS_DOMAIN_ID") or "0"
    if not (domain.isdigit() and int(domain) <= 232):
        yield error(f"ROS_DOMAIN_ID is '{domain}'", "export ROS_DOMAIN_ID=0 (0 to 101 on any system)")
        return
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or "SUBNET"
    if environment.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST"
    text = f"domain {domain}, discovery range {reach}"
    if reach.upper() == "OFF":
        yield warn(f"{text}: no other process can be seen", "unset ROS_AUTOMATIC_DISCOVERY_RANGE, or name peers")
    else:
        yield ok(text)


def dds(
    environment: Mapping[str, str], middleware: str, shipped: Callable[[], Path] = dds_profile
) -> Iterator[Finding]:
    """Say whether large images fit through the middleware, such as 'rmw_fastrtps_cpp'.

    shipped: returns the path of the profile that the package brings.
    """
    if "fastrtps" not in middleware:
        yield warn(
            f"middleware {middleware}: the Fast DDS profile of grin_ros does not apply to it",
            "if large images get lost: sysctl -w net.core.rmem_max=33554432, or: "
            "export RMW_IMPLEMENTATION=rmw_fastrtps_cpp",
        )
        return
    yield ok(f"middleware {middleware}")
    wanted = profile_variable(distribution_of(environment) or "jazzy")
    other = next(name for name in PROFILE_VARIABLES if name != wanted)
    try:
        remedy = f"{_export(wanted, shipped())}   (in the terminal of the camera driver)"
    except FileNotFoundError as fault:
        remedy = str(fault)
    path, transports = environment.get(wanted), environment.get(TRANSPORTS_VARIABLE)
    if not path and transports:
        yield warn(
            f"no Fast DDS profile, because {TRANSPORTS_VARIABLE} is {transports}, which the programs of grin_ros keep: "
            "large images may get lost",
            f"if they do: unset {TRANSPORTS_VARIABLE} for every program, then {remedy}",
        )
    elif not path:
        confused = f"; {other} is, which this distribution does not read" if environment.get(other) else ""
        yield warn(
            f"no Fast DDS profile ({wanted} is not set{confused}): the programs of grin_ros set their own, but a "
            "camera driver without one loses most large images",
            remedy,
        )
    else:
        yield _profile(Path(path), remedy)
    yield from _shared_memory()


def _profile(path: Path, remedy: str) -> Finding:
    """Judge whether the default participant of the profile has a shared memory that holds a few large images."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as fault:
        return error(f"Fast DDS profile {path} cannot be read: {fault}", remedy)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # with or without its namespace
    segments = {
        transport.findtext("transport_id"): int(transport.findtext("segment_size") or 0)
        for transport in root.iter("transport_descriptor")
        if transport.findtext("type") == "SHM"
    }
    used = {
        transport.text
        for participant in root.iter("participant")
        if participant.get("is_default_profile") == "true"
        for transport in participant.iter("transport_id")
    }
    largest = max((size for name, size in segments.items() if name in used), default=0)
    if largest < NEEDED_BYTES:
        held = f"a shared memory of {largest / MIB:.1f} MiB" if largest else "no shared memory of a size it names"
        return warn(f"Fast DDS profile {path}: {held}, 1280x720 images need {NEEDED_BYTES / MIB:.1f} MiB", remedy)
    return ok(f"Fast DDS profile {path}: shared memory of {largest / MIB:.0f} MiB")


def _shared_memory() -> Iterator[Finding]:
    if not SHARED_MEMORY.is_dir():
        return
    free = shutil.disk_usage(SHARED_MEMORY).free
    if free < 4 * SEGMENT_BYTES:
        yield warn(
            f"{SHARED_MEMORY}: {free / MIB:.0f} MiB free; every process takes {SEGMENT_BYTES / MIB:.0f} MiB",
            "give a container more (docker run --shm-size=1g, or --ipc=host); delete old /dev/shm/fastrtps_* files",
        )
    else:
        yield ok(f"{SHARED_MEMORY}: {free / MIB:.0f} MiB free")


def _export(variable: str, value: object) -> str:
    return f"export {variable}={value}"
