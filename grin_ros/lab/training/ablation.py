# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""An ablation: the same short training with one part of the model changed at a time.

    grin ablate config/train/ablation.yaml --data renders/ --real DIR --out runs/ablation

Errors are those of one step from pure noise at random pixels, on held-out renders, world by world, and with --real on
measured frames too. Finished variants are kept in OUT and are not trained again. The output is a Markdown table.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grin_ros.core.artifact.manifest import WEIGHTS
from grin_ros.core.command_line import DONE, CommandParser, existing, new_folder, one_line_errors, whole
from grin_ros.core.geometry.camera_inputs import camera_inputs, normalised, rays_at
from grin_ros.core.sampling.noise import noise_field
from grin_ros.lab.datasets.measured import EvalDataset, EvalSample
from grin_ros.lab.datasets.renders import ROBOT_HEIGHT_M, train_and_held_out
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import Sampling, batch
from grin_ros.lab.training.config import TrainConfig, load_train_config
from grin_ros.lab.training.loop import train
from grin_ros.lab.training.state import compared

ERRORS = "errors.json"
"""The file in the folder of a finished variant: its settings, data and errors."""
PIXELS = 1024
"""Pixels per image at which errors are measured."""
_BATCH = 16

Change = Callable[[TrainConfig], TrainConfig]


@dataclass(frozen=True)
class Variant:
    """One variant of the model.

    name: the name of its folder. title: its row in the table. change: its change of the configuration.
    """

    name: str
    title: str
    change: Change


def _model(**values: object) -> Change:
    return lambda config: replace(config, model=replace(config.model, **values))  # type: ignore[arg-type]


def _sampling(**values: object) -> Change:
    return lambda config: replace(config, sampling=replace(config.sampling, **values))  # type: ignore[arg-type]


VARIANTS = (
    Variant("both", "local and global conditioning, rays, log-depth", lambda config: config),
    Variant("local", "local conditioning only", _model(scene=False)),
    Variant("global", "global conditioning only", _model(local=False)),
    Variant("no_rays", "positions in the image instead of rays", _model(rays=False)),
    Variant("linear", "linear instead of log-depth", _model(depth="linear")),
    Variant("no_mounting", "mounting never known", _sampling(mounting_share=0.0)),
    Variant("density_10", "10 % of the pixels have a range", _sampling(density=0.1)),
    Variant("density_1", "1 % of the pixels have a range", _sampling(density=0.01)),
    Variant("patterns", "all samples supervised where a sensor would measure", _sampling(pattern_share=1.0)),
)


def errors(model: Grin, samples: Iterator[tuple[Tensor, ...]]) -> dict[str, float]:
    """Return AbsRel, and AbsRel after median scaling ('aligned'), as means over images.

    samples: batches of the inputs of `Grin.encode`, noise (B, N) and the true ln(range in metres) (B, N). Raises
    ValueError if there are none.
    """
    plain, aligned = [], []
    for *inputs, noise, truth in samples:
        with torch.no_grad():
            local, scene_kv = model.encode(*inputs)
            zeros = torch.zeros(len(noise))
            out = model.predict(noise, zeros, zeros + 1.0, model.empty_latents(local), local, scene_kv)
            error = model.ln_range(-out.velocity)[0] - truth
        plain.append((torch.exp(error) - 1.0).abs().mean(1))
        aligned.append((torch.exp(error - error.median(1, keepdim=True).values) - 1.0).abs().mean(1))
    if not plain:
        raise ValueError("errors: got no samples, expected at least one")
    return {"abs_rel": float(torch.cat(plain).mean()), "aligned": float(torch.cat(aligned).mean())}


def rendered(
    model: Grin, dataset: ShardDataset, indices: Sequence[int], mounting: bool
) -> Iterator[tuple[Tensor, ...]]:
    """Yield renders as `errors` takes them, without augmentation."""
    rng = np.random.default_rng(0)
    sampling = Sampling(PIXELS, mounting_share=float(mounting), pattern_share=0.0, sky=False, augment=False)
    for start in range(0, len(indices), _BATCH):
        b = batch(dataset, np.asarray(indices[start : start + _BATCH]), model.config, sampling, rng)
        yield *b.inputs, b.noise[0], model.ln_range(b.x_0)[0]


def measured(model: Grin, samples: Iterable[EvalSample]) -> Iterator[tuple[Tensor, ...]]:
    """Yield frames with measured depth as `errors` takes them."""
    network, rng = model.config, np.random.default_rng(0)
    grid, scene = (network.grid_rows, network.grid_cols), (network.scene_rows, network.scene_cols)
    for sample in samples:
        camera = sample.frame.camera
        forward = np.nan_to_num(camera.rays()[..., 2], nan=0.0)
        v, u = np.nonzero((sample.depth_m > 0.0) & np.isfinite(sample.depth_m) & (forward > 0.0))
        chosen = rng.choice(len(u), PIXELS, replace=len(u) < PIXELS)
        pixels = np.stack([u[chosen], v[chosen]], -1).astype(np.float64)
        queries, rays = normalised(pixels, camera), rays_at(camera, pixels)
        inputs = camera_inputs(camera, grid, scene)
        range_m = sample.depth_m[v[chosen], u[chosen]] / rays[:, 2]
        arrays = (
            sample.frame.image,
            queries,
            rays,
            inputs.scene_rays[0],
            inputs.mounting[0],
            noise_field(queries, rng),
        )
        yield tuple(torch.from_numpy(np.array(a))[None] for a in (*arrays, np.log(range_m).astype(np.float32)))


def measure(model: Grin, held_out: ShardDataset, real: Path | None) -> dict[str, float]:
    """Return the errors on every set of frames, named 'set/error'. Sets without frames are left out.

    The sets are all renders, those of each world, those at the height of a robot (with the mounting unknown and known)
    and each domain of the measured frames in the folder `real`.
    """
    everything = list(range(len(held_out)))
    sets = {"renders": everything}
    for i in everything:
        sets.setdefault(held_out.world(i), []).append(i)
    mountings = {i: held_out.sample(i).camera.mounting for i in everything}
    robot = [i for i, mounting in mountings.items() if mounting and mounting.height_m <= ROBOT_HEIGHT_M]
    found = {name: errors(model, rendered(model, held_out, indices, False)) for name, indices in sets.items()}
    if robot:
        found["robot"] = errors(model, rendered(model, held_out, robot, False))
        found["robot, mounting known"] = errors(model, rendered(model, held_out, robot, True))
    if real is not None:
        frames = EvalDataset.open(real)
        for domain in frames.domains:
            found[f"real {domain}"] = errors(model, measured(model, frames.select(domain)))
    return {f"{name}/{key}": value for name, values in found.items() for key, value in values.items()}


def run(variant: Variant, config: TrainConfig, data: Sequence[Path], real: Path | None, out: Path) -> dict[str, float]:
    """Train one variant and return its errors. Errors that a former call with the same settings wrote are read back.

    Raises ValueError if the former call had other settings, or if its errors cannot be read.
    """
    folder = out / variant.name
    result = folder / ERRORS
    config = variant.change(config)
    facts = {
        **dataclasses.asdict(config),
        "data": [str(path.resolve()) for path in data],
        "real": None if real is None else str(real.resolve()),
    }
    if result.exists():
        return _kept(result, facts)
    train(config, list(data), folder)
    _, held_out = train_and_held_out(ShardDataset(data), config.holdout)
    values = measure(load_model(folder / WEIGHTS), held_out, real)
    result.write_text(json.dumps({"run": facts, "errors": values}, indent=1) + "\n")
    return values


def _kept(path: Path, facts: Mapping[str, Any]) -> dict[str, float]:
    """Read the errors of a finished run back, if it is the run that the facts describe. Raises ValueError if not."""
    try:
        kept = json.loads(path.read_text())
        run, values = kept["run"], {str(name): float(value) for name, value in kept["errors"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: got something else than the errors of a run and its settings ({error!r}); remove the file, and "
            "the variant is measured again"
        ) from error
    for name, (there, here) in compared(run, facts).items():
        raise ValueError(
            f"{path}: got {name} = {here}, expected {there} as in the finished run; give another --out for a run with "
            "other settings"
        )
    return values


def table(results: dict[str, dict[str, float]]) -> str:
    """Return a Markdown table: AbsRel / AbsRel after median scaling of every variant."""
    sets = list(dict.fromkeys(key.split("/")[0] for values in results.values() for key in values))
    lines = ["| variant | " + " | ".join(sets) + " |", "|---|" + "---:|" * len(sets)]
    for name, values in results.items():
        cells = [
            f"{values[f'{s}/abs_rel']:.3f} / {values[f'{s}/aligned']:.3f}" if f"{s}/abs_rel" in values else ""
            for s in sets
        ]
        title = next(variant.title for variant in VARIANTS if variant.name == name)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@one_line_errors("ablate")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin ablate`, and return its exit code."""
    parser = CommandParser(
        "ablate",
        "Train variants of a small model with one part changed at a time, and compare them.",
        "grin ablate config/train/ablation.yaml --data data/worlds --real data/real --out runs/ablation",
    )
    parser.add_argument("config", type=existing, help="YAML file of the run: config/train/ablation.yaml")
    parser.add_argument("--data", type=existing, nargs="+", required=True, help="folders of shards (grin scenes)")
    parser.add_argument("--real", type=existing, help="folder of measured frames for grin evaluate")
    parser.add_argument("--out", type=new_folder, required=True, help="folder of all runs; finished runs are kept")
    parser.add_argument("--workers", type=whole(1), default=2, help="variants trained side by side")
    parser.add_argument("--only", nargs="+", choices=[v.name for v in VARIANTS], help="train only these variants")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    config = load_train_config(arguments.config)
    chosen = [v for v in VARIANTS if arguments.only is None or v.name in arguments.only]
    task = partial(_run, config=config, data=arguments.data, real=arguments.real, out=arguments.out)
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        results = dict(zip([v.name for v in chosen], pool.map(task, [v.name for v in chosen]), strict=True))
    print(f"AbsRel / after median scaling, {config.steps} steps of {config.batch}\n\n{table(results)}")
    return DONE


def _run(name: str, config: TrainConfig, data: Sequence[Path], real: Path | None, out: Path) -> dict[str, float]:
    """Call `run` in a worker process, with the name of the variant because functions cannot be sent to processes."""
    torch.set_num_threads(1)
    return run(next(variant for variant in VARIANTS if variant.name == name), config, data, real, out)
