# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop. One process, or several under torchrun:

    grin train config/train/nano.yaml --data renders/ --out runs/nano
    torchrun --nproc_per_node 2 -m grin_ros.lab.training.loop config/train/nano.yaml --data renders/ --out runs/nano

On CPUs, one process a core beats one process with many threads. The same command resumes a stopped run.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.config import ModelConfig
from grin_ros.lab.network.encoder import EfficientNetLite, load_imagenet
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import batch
from grin_ros.lab.training.config import TrainConfig, load_train_config
from grin_ros.lab.training.gate import Gate, measure
from grin_ros.lab.training.loss import LossConfig, Objective
from grin_ros.lab.training.state import Average, load_state, save_state

logger = logging.getLogger(__name__)


def train(
    config: TrainConfig,
    data: Path | Sequence[Path],
    out: Path,
    stop_after: int | None = None,
    pretrained: bool = True,
    start_from: Path | None = None,
    renders_through: Path | None = None,
) -> Gate:
    """Train to config.steps (or stop_after, to be resumed); returns the last gate. State, weights, logs go to out.

    start_from: weights to begin with instead of ImageNet's, those of a model to be tuned; ValueError where they do not
    fit. renders_through: weights whose encoder sees the renders, the model's own then sees photographs only: those
    that export/align.py began with; ValueError where the encoder is to learn.
    data: a folder of shards, or several of one image size; the last shards of the last one are held out.
    """
    if renders_through is not None and config.encoder_lr > 0.0:
        raise ValueError(
            f"encoder_lr: got {config.encoder_lr} with another encoder for renders, expected 0: the two would part"
        )
    rank, world = _processes()
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", rank % torch.cuda.device_count())
    train_set, held_out = ShardDataset(data).split(config.holdout)
    chances = _chances(train_set, config.worlds)
    torch.manual_seed(config.seed)
    model = Grin(config.model)
    if start_from is not None:
        model.load_state_dict(load_model(start_from).state_dict())
    elif pretrained:
        load_imagenet(model.pyramid.backbone)
    model.pyramid.style_share, model.pyramid.style_strength = config.style_share, config.style_strength
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = make_optimiser(model, config)
    average = Average(model, config.ema)
    out.mkdir(parents=True, exist_ok=True)
    step = load_state(out, model, average, optimiser)
    renders_encoder = None if renders_through is None else load_model(renders_through).pyramid.backbone.to(device)
    objective = Objective(model, config.loss, renders_encoder)
    network: nn.Module = DistributedDataParallel(objective) if world > 1 else objective
    share = config.batch // world
    writer = _writer(out) if rank == 0 else None
    last = config.steps if stop_after is None else min(stop_after, config.steps)
    gate: Gate | None = None
    progress = tqdm(total=config.steps, initial=step, desc="train", unit="step", disable=rank != 0, mininterval=5.0)
    while step < last:
        rng = np.random.default_rng((config.seed, step, rank))
        network_config = config.model_at(step)
        model.pyramid.size = (network_config.image_height, network_config.image_width)
        indices = rng.choice(len(train_set), share, p=chances)
        drawn = batch(train_set, indices, network_config, config.sampling, rng).to(device)
        draws = _draws(network_config, config.loss, share, rng, device)
        torch.manual_seed(int(rng.integers(2**63)))  # what the network itself draws belongs to the step too
        rate = learning_rate(step, config)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        with _autocast(device):
            losses = network(drawn, *draws)
        optimiser.zero_grad(set_to_none=True)
        losses["total"].backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
        if not bool(torch.isfinite(norm)):
            logger.warning("step %d: gradient norm %s, step skipped", step, float(norm))
        else:
            optimiser.step()
        average.update(model, step)
        step += 1
        progress.update()
        if writer and step % 20 == 0:
            values = {name: float(value.detach()) for name, value in losses.items()}
            _log(writer, "loss", values, step)
            _log(writer, "optimiser", {"lr": rate, "gradient_norm": float(norm)}, step)
            progress.set_postfix({name: f"{value:.3f}" for name, value in values.items()}, refresh=False)
        if rank == 0 and (step % config.save_every == 0 or step == last):
            save_state(out, model, average, optimiser, step)
        if rank == 0 and step % config.snapshot_every == 0:
            save_weights(out / f"weights_{step:06d}.safetensors", average.weights, config.model, torch.float32)
        if rank == 0 and (step % config.gate_every == 0 or step == last):
            gate = _measure(average, config, held_out, renders_encoder, device)
            progress.write(f"step {step}: {gate}")
            if writer:
                names = ("ratio", "abs_rel", "rmse_ln", "shape_rmse_ln")
                _log(writer, "gate", {name: getattr(gate, name) for name in names}, step)
        if world > 1 and step % config.gate_every == 0:
            dist.barrier()
    progress.close()
    if gate is None:
        gate = _measure(average, config, held_out, renders_encoder, device)
    if writer:
        writer.close()
    return gate


def make_optimiser(model: Grin, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; matrices decay, vectors do not; the pretrained encoder learns slower, its first stages not at all.

    Its depthwise kernels stay too: they hold 6 % of its weights, and their gradients cost a third of the backward pass.
    """
    backbone = model.pyramid.backbone
    depthwise = [m for m in backbone.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    stages = list(backbone.stages)[: config.frozen_stages if config.encoder_lr > 0.0 else None]
    for frozen in (backbone.stem, *stages, *depthwise):
        frozen.requires_grad_(False)
    pretrained = {id(parameter) for parameter in backbone.parameters()}
    groups: list[dict[str, Any]] = []
    for scale, inside in ((1.0, False), (config.encoder_lr, True)):
        for decay, matrices in ((config.weight_decay, True), (0.0, False)):
            chosen = [
                p
                for p in model.parameters()
                if p.requires_grad and (id(p) in pretrained) == inside and (p.ndim > 1) == matrices
            ]
            groups.append({"params": chosen, "weight_decay": decay, "scale": scale})
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=(0.9, 0.98))


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then a cosine to a fiftieth of the peak."""
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    return config.lr * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0))))


def _chances(dataset: ShardDataset, worlds: dict[str, float]) -> NDArray[np.float64]:
    """Chance (n,) of each sample to be drawn, by how often its world is wanted. ValueError where nothing could be."""
    names = [dataset.world(i) for i in range(len(dataset))]
    absent = sorted(set(worlds) - set(names))
    if absent:
        raise ValueError(f"worlds: got {', '.join(absent)}, the training data shows {', '.join(sorted(set(names)))}")
    weights = np.array([worlds.get(name, 1.0) for name in names])
    if not (weights.min() >= 0.0 and 0.0 < weights.sum() < np.inf):
        raise ValueError(f"worlds: got {worlds}, expected numbers from 0 on, more than 0 for a world that is there")
    return np.asarray(weights / weights.sum())


def _draws(
    model: ModelConfig, loss: LossConfig, count: int, rng: np.random.Generator, device: torch.device
) -> tuple[torch.Tensor, ...]:
    """Times of the second pass (stratified over the batch), scene tokens kept, latents kept, and how far rolled out."""
    t = np.clip((rng.permutation(count) + rng.random(count)) / count, 0.02, 0.98)
    total = model.scene_rows * model.scene_cols
    kept = np.sort(rng.choice(total, max(1, round(total * rng.uniform(loss.scene_tokens, 1.0))), replace=False))
    latents = (rng.random(count) < loss.keep_latents).astype(np.float32)
    # Half of the rollouts go all the way: there a sampler's second step starts.
    rolled = ((rng.random(count) < loss.rollout) * np.minimum(1.0, 2.0 * rng.random(count))).astype(np.float32)
    return tuple(torch.from_numpy(a).to(device) for a in (t.astype(np.float32), kept, latents, rolled))


def _measure(
    average: Average,
    config: TrainConfig,
    held_out: ShardDataset,
    renders_encoder: EfficientNetLite | None,
    device: torch.device,
) -> Gate:
    model = Grin(config.model)
    model.load_state_dict(average.weights)
    if renders_encoder is not None:
        model.pyramid.backbone = renders_encoder
    model.to(device).eval()
    with _autocast(device):
        return measure(model, held_out, config.gate_frames)


def _autocast(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16)


def _processes() -> tuple[int, int]:
    """Rank and world size; joins the process group that torchrun describes, if any."""
    if "RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return dist.get_rank(), dist.get_world_size()


def _writer(out: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out / "tensorboard"))


def _log(writer: Any, group: str, values: dict[str, float], step: int) -> None:
    for name, value in values.items():
        writer.add_scalar(f"{group}/{name}", value, step)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("grin train", description="Train a model on recorded or rendered shards.")
    parser.add_argument("config", type=Path, help="YAML of the run, for example config/train/nano.yaml")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards (grin scenes)")
    parser.add_argument("--out", type=Path, required=True, help="folder for state, weights and logs; resumed")
    parser.add_argument("--start-from", type=Path, metavar="WEIGHTS", help="tune these weights instead of ImageNet's")
    parser.add_argument(
        "--renders-through",
        type=Path,
        metavar="WEIGHTS",
        help="see renders with the encoder of these (export/align.py)",
    )
    parser.add_argument("--stop-after", type=int, help="stop at this step; the same command goes on from there")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        config = load_train_config(arguments.config)
        gate = train(
            config,
            arguments.data,
            arguments.out,
            arguments.stop_after,
            start_from=arguments.start_from,
            renders_through=arguments.renders_through,
        )
    except ValueError as error:
        logger.error("%s", error)
        return 1
    logger.info("%s", gate)
    if dist.is_initialized():
        dist.destroy_process_group()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
