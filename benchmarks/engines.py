# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Time all engines side by side in one run, and how cost grows with members, steps, queried pixels and cameras.

They are compared with the torch reference, with Depth Anything V2 Small in the same runtime, and with the floor of the
machine.

    python benchmarks/engines.py                        every backend that is present; about four minutes
    python benchmarks/engines.py --backend ort --no-peer --frames 50
    python benchmarks/engines.py --json speed.json

A frame goes from an image to serialised depth, sigma and full cloud; node_latency.py measures the transport. Every
engine runs once in each round, so that other load on the machine affects all of them alike. The floor is the number of
operations of the graph, counted in torch, over the best rate of a matrix product that is measured between the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import grin_ros  # noqa: F401 - before NumPy, whose products then run on one thread, as in the node

# isort: split
import torch

from benchmarks.timing import floor
from benchmarks.timing.frames import ROS, STAGES, frame_of, hints_of, loop, whole_frame
from benchmarks.timing.rounds import Timed, measure
from benchmarks.timing.targets import FAST, HINTED, OVERHEAD_MS, SLOW, EngineTimes, targets
from grin_ros.core import remedies
from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.backends.cpu import cpu_facts
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.estimator import Settings
from grin_ros.core.sampling.schedule import member_runs
from grin_ros.ros.node.memory import keep_freed_memory

CASES = (FAST, SLOW)
REFERENCE = "reference"
QUICK_ROUNDS = 2
"""The rounds that find the fastest engine, before the rounds that count."""


def opened(artifact: Artifact, options: argparse.Namespace) -> Iterator[tuple[str, Engine]]:
    """Yield each backend that runs here and answers right, and print why the others do not."""
    for backend in options.backend:
        engine = _open(backend, artifact, options.threads)
        if engine is not None:
            yield backend, engine


def _open(backend: str, artifact: Artifact, threads: int) -> Engine | None:
    try:
        return open_engine(backend, artifact, threads)
    except EngineError as error:
        said = "not available" if isinstance(error, EngineUnavailableError) else "refused"
        print(f"{said}: {backend}: {error}", file=sys.stderr)
        return None


def peers_of(engines: Mapping[str, Engine], folder: Path) -> dict[str, tuple[Timed, Timed]]:
    """Return backend -> Depth Anything V2 Small at 518x686 and 252x336; empty, with a message, without transformers."""
    from benchmarks.timing import depth_anything

    found: dict[str, tuple[Timed, Timed]] = {}
    try:
        paths = [depth_anything.export(size, folder) for size in depth_anything.SIZES]
    except ImportError as error:
        print(f"not available: Depth Anything V2 Small: {error}; type: {remedies.install('bench')}", file=sys.stderr)
        return found
    for backend, engine in engines.items():
        runs = [depth_anything.runner(engine, *each) for each in zip(paths, depth_anything.SIZES, strict=True)]
        if runs[0] is not None and runs[1] is not None:
            found[backend] = (Timed(f"{backend} 518x686", runs[0]), Timed(f"{backend} 252x336", runs[1]))
    return found


def scaling_of(engine: Engine, options: argparse.Namespace) -> dict[str, Timed]:
    """Return the cases that show how cost grows.

    'pixels' and 'steps' time 'encode' and the loop, because 'decode' has one grid; the others time whole frames.
    """
    network = engine.artifact.manifest.network
    frame, rows, cols = frame_of(options.width, options.height), network.grid_rows, network.grid_cols
    made = {
        "pixels x0.5": loop(engine, frame, rows // 2, cols, Settings(1, 1)),
        "pixels x1": loop(engine, frame, rows, cols, Settings(1, 1)),
        "pixels x2": loop(engine, frame, rows * 2, cols, Settings(1, 1)),
        "steps 2": loop(engine, frame, rows, cols, Settings(2, 1)),
        "steps 4": loop(engine, frame, rows, cols, Settings(4, 1)),
    }
    for members in (1, 2, 4, 8):
        made[f"members {members}"] = whole_frame(engine, Settings(1, members), frame)
    made[HINTED] = whole_frame(engine, Settings(1, 1), frame, hints=hints_of(frame, 200))
    other = frame_of(options.width, options.height, shift_px=3.0)
    made["cameras 2"] = whole_frame(engine, Settings(1, 1), frame, other)
    return {name: Timed(name, run) for name, run in made.items()}


def fastest(cases: Mapping[tuple[str, int, int], Timed]) -> str:
    """Return the backend that is fastest at SLOW."""
    slow = [case for key, case in cases.items() if key[1:] == SLOW]
    measure(slow, QUICK_ROUNDS, 1, "find the fastest")
    best = min((key for key in cases if key[1:] == SLOW), key=lambda key: cases[key].median())
    for case in slow:
        case.stages_ms.clear()
    return best[0]


def engine_table(measured: EngineTimes, engines: Mapping[str, Engine], case: tuple[int, int], gflop: str) -> list[str]:
    """Return a Markdown table with a row for each backend."""
    base = measured.engines.get((REFERENCE, *case))
    lines = [
        f"### {case[0]} steps, {case[1]} members",
        "",
        gflop,
        "",
        f"| backend | precision | {' | '.join(STAGES)} | total p50 (ms) | p95 | reference / it | of the peer |",
        f"|---|---|{'---:|' * (len(STAGES) + 4)}",
    ]
    for backend, engine in engines.items():
        timed = measured.engines[(backend, *case)]
        stages = " | ".join(f"{timed.median(stage):.1f}" for stage in STAGES)
        ratio = f"{base.median() / timed.median():.1f}" if base else "-"
        peer = measured.peers.get(backend)
        of_peer = f"{timed.median() / peer[0].median():.2f}" if peer else "-"
        lines.append(
            f"| {backend} | {engine.precision} | {stages} | {timed.median():.1f} | {timed.percentile('total', 95):.1f} "
            f"| {ratio} | {of_peer} |"
        )
    return [*lines, ""]


def report(measured: EngineTimes, engines: Mapping[str, Engine], heading: str, gflop: Mapping[int, str]) -> str:
    """Return the whole report as Markdown."""
    lines = [heading, ""]
    for case in CASES:
        lines += engine_table(measured, engines, case, gflop[case[1]])
    lines += ["### Depth Anything V2 Small, the network alone", "", "| in | 518x686 p50 (ms) | 252x336 p50 (ms) |"]
    lines += ["|---|---:|---:|"]
    lines += [f"| {name} | {a.median():.1f} | {b.median():.1f} |" for name, (a, b) in measured.peers.items()]
    lines += ["", f"### How cost grows: {measured.best}", "", "| what | p50 (ms) |", "|---|---:|"]
    lines += [f"| {name} | {timed.median():.1f} |" for name, timed in measured.scaling.items()]
    lines += ["", "### Targets", "", "| what | measured | at most | |", "|---|---:|---:|---|"]
    return "\n".join([*lines, *(target.row() for target in targets(measured))])


def as_json(measured: EngineTimes, heading: str, rates: Mapping[str, float]) -> dict[str, Any]:
    """Return all figures for a JSON file."""
    return {
        "heading": heading,
        "best": measured.best,
        "flop_per_s": dict(rates),
        "denoise_floor_ms": measured.floor_ms,
        "engines": [
            {"backend": backend, "steps": steps, "members": members, "stages": timed.to_json()}
            for (backend, steps, members), timed in measured.engines.items()
        ],
        "peers": {name: [timed.to_json() for timed in pair] for name, pair in measured.peers.items()},
        "scaling": {name: timed.to_json() for name, timed in measured.scaling.items()},
        "overheads": {name: timed.to_json() for name, timed in measured.overheads.items()},
        "targets": [target.to_json() for target in targets(measured)],
    }


def parser() -> argparse.ArgumentParser:
    """Return the parser of this program."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--model", default="nano", help="name of a shipped model, or path of an artifact (nano)")
    made.add_argument("--backend", nargs="+", choices=list(BACKENDS), default=list(BACKENDS), help="default: all")
    made.add_argument("--frames", type=int, default=20, help="rounds that count (20)")
    made.add_argument("--warm-up", type=int, default=2, help="rounds before that (2)")
    made.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of each engine (all cores)")
    made.add_argument("--width", type=int, default=640)
    made.add_argument("--height", type=int, default=480)
    made.add_argument("--no-peer", action="store_true", help="without Depth Anything V2 Small")
    made.add_argument("--peer-folder", type=Path, help="keep its graphs there (100 MB each), and take them from there")
    made.add_argument("--json", type=Path, metavar="FILE", help="file for all figures")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program. Return 1 if no engine runs; a missed target is printed and is no failure."""
    options = parser().parse_args(argv)
    keep_freed_memory()  # as the node does
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    artifact = load_artifact(options.model)
    engines = dict(opened(artifact, options))
    if not engines:
        print("engines: none of these backends runs here", file=sys.stderr)
        return 1
    if not ROS:
        print("not available: rclpy; messages are not measured", file=sys.stderr)
    frame = frame_of(options.width, options.height)
    cases = {
        (backend, *case): Timed(f"{backend} {case}", whole_frame(engine, Settings(*case), frame))
        for backend, engine in engines.items()
        for case in CASES
    }
    best = fastest(cases)
    sizes = {size: tuple(map(int, size.split("x"))) for size in OVERHEAD_MS} if ROS else {}
    overheads = {
        size: Timed(size, whole_frame(engines[best], Settings(*FAST), frame_of(width, height)))
        for size, (width, height) in sizes.items()
    }
    products = {name: Timed(name, floor.Product(name)) for name in floor.TYPES}
    with tempfile.TemporaryDirectory() as temporary:
        if options.peer_folder:
            options.peer_folder.mkdir(parents=True, exist_ok=True)
        peers = {} if options.no_peer else peers_of(engines, options.peer_folder or Path(temporary))
        scaling = scaling_of(engines[best], options)
        each = [*cases.values(), *scaling.values(), *overheads.values(), *products.values()]
        each += [timed for pair in peers.values() for timed in pair]
        measure(each, options.frames, options.warm_up, "all in turn")
    rates = {name: floor.rate(product.best()) for name, product in products.items()}
    counted = {members: floor.flops(artifact, frame, members) for _, members in CASES}
    floor_ms = member_runs(*SLOW) * counted[FAST[1]]["denoise"] / max(rates.values()) * 1e3
    measured = EngineTimes(cases, peers, best, scaling, overheads, floor_ms)
    heading = (
        f"{artifact.manifest.name} {artifact.digest}, {options.width}x{options.height}, {options.threads} threads, "
        f"{options.frames} rounds; {cpu_facts()['name']}, {os.cpu_count()} cores, load before {load:.1f}, "
        f"Python {platform.python_version()}, {', '.join(dict.fromkeys(e.description for e in engines.values()))}; "
        f"matrix product of {floor.SIZE} squares, best of the run: "
        + ", ".join(f"{name} {value / 1e12:.2f} TFLOP/s" for name, value in rates.items())
        + ". Medians, milliseconds."
    )
    gflop = {
        members: "GFLOP a run: " + ", ".join(f"{name} {value / 1e9:.2f}" for name, value in counts.items())
        for members, counts in counted.items()
    }
    print(report(measured, engines, heading, gflop))
    if options.json:
        options.json.write_text(json.dumps(as_json(measured, heading, rates), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
