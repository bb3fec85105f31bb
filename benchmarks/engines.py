# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How fast each engine is, side by side in one run: against the torch reference and against the machine's own floor.

    python benchmarks/engines.py                    every backend that is present; (steps, members) = (1,1) and (2,4)
    python benchmarks/engines.py --backend ort openvino --frames 50

Frames go round the engines, one each, so that what else the machine does falls on all alike. The floor is the graph's
multiplications and additions (counted in torch) over the best rate of a matrix product, measured between the rounds.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from grin_ros.artifact import GRAPHS, Artifact, load_artifact
from grin_ros.data.frames import Frame
from grin_ros.diffusion.noise import member_noise
from grin_ros.engine.base import ENGINES, Engine, EngineError, EngineUnavailableError, open_engine
from grin_ros.engine.cache import cpu_facts
from grin_ros.estimator import Estimator, Settings, camera_inputs
from grin_ros.geometry.camera import Camera
from grin_ros.model.checkpoint import load_model

STAGES = ("prepare", *GRAPHS, "limit")
CASES = ((1, 1), (2, 4))
REFERENCE = "reference"
FLOOR_SIZE = 1024
"""Of the matrix product: three of them fit the cache of a small CPU, and its edges cost little."""
FLOOR_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass
class Case:
    """One engine at one setting, and the milliseconds of its frames by stage."""

    backend: str
    precision: str
    settings: Settings
    estimator: Estimator
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    def run(self, frame: Frame, count: bool) -> None:
        start = time.perf_counter()
        estimate = self.estimator(frame)
        if count:
            laps = {**estimate.timings_ms, "total": (time.perf_counter() - start) * 1e3}
            for stage, value in laps.items():
                self.stages_ms.setdefault(stage, []).append(value)

    def percentile(self, stage: str, percent: float) -> float:
        return float(np.percentile(self.stages_ms[stage], percent))


def frame_of(width: int, height: int) -> Frame:
    """A view with detail everywhere, through a pinhole of 60 degrees."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    f_px = width / 2.0 / np.tan(np.radians(30.0))
    camera = Camera(width, height, f_px, f_px, (width - 1) / 2.0, (height - 1) / 2.0, "plumb_bob", (0.0,) * 5)
    return Frame(image, camera)


def opened(artifact: Artifact, options: argparse.Namespace) -> Iterator[tuple[str, Engine]]:
    """Each backend that is here and right; what is missing is told, and what answers wrong too."""
    for backend in options.backend:
        engine = _open(backend, artifact, options.threads)
        if engine is not None:
            yield backend, engine


def _open(backend: str, artifact: Artifact, threads: int) -> Engine | None:
    try:
        return open_engine(backend, artifact, threads)
    except EngineError as error:
        said = "not here" if isinstance(error, EngineUnavailableError) else "refused"
        print(f"{said}: {backend}: {error}", file=sys.stderr)
        return None


def flops(artifact: Artifact, frame: Frame, members: int) -> dict[str, int]:
    """graph -> multiplications and additions of one run in products and convolutions; elementwise work is not in it."""
    model = load_model(artifact.file("weights.safetensors")).eval()
    network = artifact.manifest.network
    camera = camera_inputs(
        frame.camera, (network.grid_rows, network.grid_cols), (network.scene_rows, network.scene_cols)
    )
    image, x = torch.tensor(frame.image[None]), torch.tensor(member_noise(camera.queries[0], members, 0))
    names = ("queries", "query_rays", "scene_rays", "mounting")
    latents = torch.zeros(members, network.latent_count, network.latent_dim)
    counted = {}
    with torch.no_grad():
        with FlopCounterMode(display=False) as counter:
            tokens = model.encode(image, *(torch.tensor(getattr(camera, name)) for name in names))
        counted["encode"] = counter.get_total_flops()
        with FlopCounterMode(display=False) as counter:
            out, _, log_variance = model.denoise(x, torch.tensor([0.0, 1.0, 1.0, 0.0]), latents, *tokens)
        counted["denoise"] = counter.get_total_flops()
        with FlopCounterMode(display=False) as counter:
            model.decode(out, log_variance, image, torch.tensor(camera.ray_z))
        counted["decode"] = counter.get_total_flops()
    return counted


def product_seconds(kind: torch.dtype) -> float:
    """One product of two FLOOR_SIZE squares."""
    a, b = (torch.ones(FLOOR_SIZE, FLOOR_SIZE, dtype=kind) for _ in range(2))
    start = time.perf_counter()
    torch.mm(a, b)
    return time.perf_counter() - start


def measure(cases: Sequence[Case], frame: Frame, options: argparse.Namespace) -> dict[str, float]:
    """Run all cases in turn. precision -> the machine's best rate, FLOP/s."""
    seconds: dict[str, list[float]] = {name: [] for name in FLOOR_TYPES}
    for index in tqdm(range(-options.warm_up, options.frames), unit="round"):
        for case in cases:
            case.run(frame, count=index >= 0)
        for name, kind in FLOOR_TYPES.items():
            seconds[name].append(product_seconds(kind))
    return {name: 2.0 * FLOOR_SIZE**3 / min(values) for name, values in seconds.items()}


def report(
    cases: Sequence[Case], rates: Mapping[str, float], counted: Mapping[int, Mapping[str, int]], heading: str
) -> str:
    """Markdown: one table each (steps, members)."""
    fastest = max(rates, key=lambda name: rates[name])
    peak = ", ".join(f"{name} {rate / 1e12:.2f} TFLOP/s" for name, rate in rates.items())
    lines = [heading, "", f"Matrix product of {FLOOR_SIZE} squares, best of the run: {peak}.", ""]
    for settings in dict.fromkeys(case.settings for case in cases):
        same = [case for case in cases if case.settings == settings]
        base = next((case for case in same if case.backend == REFERENCE), None)
        work = {**counted[settings.members]}
        work["denoise"] *= settings.steps
        gflop = ", ".join(f"{graph} {work[graph] / 1e9:.2f}" for graph in GRAPHS)
        floor_ms = work["denoise"] / rates[fastest] * 1e3
        lines += [
            f"### {settings.steps} steps, {settings.members} members",
            "",
            f"GFLOP: {gflop}. Floor of denoise in {fastest}: {floor_ms:.2f} ms.",
            "",
            f"| backend | precision | {' | '.join(STAGES)} | total p50 (ms) | p95 | reference / it | denoise / floor |",
            f"|---|---|{'---:|' * (len(STAGES) + 4)}",
        ]
        for case in same:
            stages = " | ".join(f"{case.percentile(stage, 50):.1f}" for stage in STAGES)
            total = case.percentile("total", 50)
            ratio = f"{base.percentile('total', 50) / total:.1f}" if base else "-"
            lines.append(
                f"| {case.backend} | {case.precision} | {stages} | {total:.1f} | {case.percentile('total', 95):.1f} "
                f"| {ratio} | {case.percentile('denoise', 50) / floor_ms:.1f} |"
            )
        lines.append("")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """0, or 1 where no engine runs."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--model", default="nano", help="name of a shipped model, or path of an artifact (nano)")
    parse.add_argument("--backend", nargs="+", choices=list(ENGINES), default=list(ENGINES), help="default: all")
    parse.add_argument("--frames", type=int, default=30, help="that count, of each engine and setting (30)")
    parse.add_argument("--warm-up", type=int, default=3, help="frames before that (3)")
    parse.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of each engine (all cores)")
    parse.add_argument("--width", type=int, default=640)
    parse.add_argument("--height", type=int, default=480)
    options = parse.parse_args(argv)
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    artifact = load_artifact(options.model)
    frame = frame_of(options.width, options.height)
    cases = [
        Case(backend, engine.precision, settings, Estimator(engine, settings))  # its own: it keeps the members' noise
        for backend, engine in opened(artifact, options)
        for settings in (Settings(steps=steps, members=members) for steps, members in CASES)
    ]
    if not cases:
        print("engines: none of these backends runs here", file=sys.stderr)
        return 1
    counted = {members: flops(artifact, frame, members) for _, members in CASES}
    rates = measure(cases, frame, options)
    heading = (
        f"{artifact.manifest.name} {artifact.digest}, {options.width}x{options.height}, {options.threads} threads, "
        f"{options.frames} frames each; {cpu_facts()['name']}, {os.cpu_count()} cores, load before {load:.1f}, "
        f"Python {platform.python_version()}, "
        + ", ".join(dict.fromkeys(case.estimator.engine.description for case in cases))
        + ". Medians, milliseconds."
    )
    print(report(cases, rates, counted, heading))
    return 0


if __name__ == "__main__":
    sys.exit(main())
