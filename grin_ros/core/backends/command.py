# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`grin engine`: build engines before a robot needs them, and look after the cache that keeps them."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence

from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends import cache
from grin_ros.core.backends.engine import EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS, choices
from grin_ros.core.backends.warm_up import warm_up
from grin_ros.core.command_line import DONE, CommandParser, one_line_errors, whole


def build(artifact: Artifact, backends: Sequence[str], options: argparse.Namespace) -> int:
    """Open each backend, which builds and stores what it needs, and run the requested sizes. Returns the faults."""
    faults = 0
    for backend in backends:
        start = time.perf_counter()
        try:
            engine = open_engine(backend, artifact, options.threads)
            for members in options.members:
                warm_up(engine, options.width, options.height, members)
                print(f"  {options.width}x{options.height}, {members} members: ready", flush=True)
            engine.close()
        except EngineError as error:
            print(f"!!  {backend}: {error}", flush=True)
            faults += 1
            continue
        print(f"ok  {backend}: {engine.description} in {time.perf_counter() - start:.1f} s", flush=True)
    return faults


def list_entries() -> int:
    """Print a line for each entry. Returns how many would not be loaded."""
    faults = 0
    for entry in cache.entries():
        what = entry.fault or (
            f"{entry.key.graph}{size(entry.key)}, {entry.key.runtime}, {entry.key.precision}, {entry.key.device}"
            if entry.key
            else "it is being written"
        )
        faults += bool(entry.fault)
        print(f"{'!!' if entry.fault else 'ok'}  {entry.path.name}  {entry.size_bytes / 1e6:.1f} MB  {what}")
    print(f"{cache.engine_folder()}" + (f": {faults} will be built again" if faults else ""))
    return faults


def size(key: cache.EngineKey) -> str:
    """Return ' 640x480' if the engine was built for one size of images, ' of one member' if for a single member."""
    shapes = json.loads(key.shapes)
    axes = shapes.get("image", shapes.get("x", []))
    if not all(isinstance(axis, int) for axis in axes):
        return ""
    return f" {axes[2]}x{axes[1]}" if "image" in shapes else " of one member"


def verify(artifact: Artifact, backends: Sequence[str], threads: int) -> int:
    """Check the golden sample on each backend. Returns how many are installed and answer wrong."""
    faults = 0
    for backend in backends:
        try:
            engine = open_engine(backend, artifact, threads)
        except EngineUnavailableError as error:
            print(f"--  {backend}: {error}", flush=True)
            continue
        except EngineError as error:
            print(f"!!  {backend}: {error}", flush=True)
            faults += 1
            continue
        report = check_golden(engine)
        print(
            f"ok  {backend}: {engine.description}, ln(range) off by up to {report.max_error_ln:.1e}, mean "
            f"{report.mean_error_ln:.1e} (accepted {report.tolerance_ln:.0e})",
            flush=True,
        )
        engine.close()
    return faults


def parser() -> argparse.ArgumentParser:
    """Return the parser of `grin engine`."""
    made = CommandParser(
        "engine",
        "Build engines before a robot needs them, and look after the cache that keeps them.",
        "grin engine build                      what backend 'auto' chooses, for the shipped model",
        "grin engine build --backend openvino   one backend",
        "grin engine verify                     all backends that are present, on the golden sample, and the cache",
    )
    made.add_argument("action", choices=("build", "list", "clear", "verify"), help="what to do with the engines")
    made.add_argument("--model", default="nano", help="name of a shipped model, or folder of an artifact")
    made.add_argument(
        "--backend",
        nargs="+",
        choices=choices(),
        metavar="NAME",
        help="names of backends (default: auto to build, all to verify)",
    )
    made.add_argument("--threads", type=whole(0), default=0, help="CPU threads, as the node's parameter has it")
    made.add_argument("--width", type=whole(1), default=640, help="of the image to build for, pixels")
    made.add_argument("--height", type=whole(1), default=480, help="of the image to build for, pixels")
    made.add_argument("--members", type=whole(1), nargs="+", default=[1], help="ensemble sizes to build for")
    return made


@one_line_errors("engine")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin engine`. The exit code is FAILED if a backend fails or answers wrong, or a cache entry is corrupt."""
    options = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="    %(message)s", stream=sys.stdout)
    if options.action == "list":
        return int(list_entries() > 0)
    if options.action == "clear":
        count, size = cache.clear()
        print(f"{cache.cache_home()}: deleted {count} files, {size / 1e6:.1f} MB")
        return DONE
    artifact = load_artifact(options.model)
    if options.action == "build":
        return int(build(artifact, options.backend or ["auto"], options) > 0)
    wrong = verify(artifact, options.backend or list(BACKENDS), options.threads)
    return int(wrong + list_entries() > 0)
