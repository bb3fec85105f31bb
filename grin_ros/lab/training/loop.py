# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop, with one process or several under torchrun:

    grin train config/train/nano.yaml --data renders/ --out runs/nano
    torchrun --nproc_per_node 2 -m grin_ros.cli train config/train/nano.yaml --data renders/ --out runs/nano

On CPUs one process per core is faster than one process with many threads. The same command resumes a stopped run.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from grin_ros.core.artifact.manifest import WEIGHTS
from grin_ros.core.command_line import DONE, CommandParser, existing, new_folder, one_line_errors, whole
from grin_ros.lab.datasets.renders import train_and_held_out
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model, save_weights
from grin_ros.lab.network.encoder import load_imagenet
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.training.batches import batch, sample_probabilities
from grin_ros.lab.training.config import TrainConfig, load_train_config
from grin_ros.lab.training.diffusion_check import DiffusionCheck, check_diffusion
from grin_ros.lab.training.loss import Objective, draw_passes
from grin_ros.lab.training.optimiser import learning_rate, make_optimiser
from grin_ros.lab.training.processes import own_device, rank_and_world, wait
from grin_ros.lab.training.state import Average, differences, load_state, save_state

logger = logging.getLogger(__name__)

RATE = {"steps", "warmup_steps", "lr"}
"""The settings on which the learning rate of a step depends."""


def train(
    config: TrainConfig,
    data: Path | Sequence[Path],
    out: Path,
    stop_after: int | None = None,
    pretrained: bool = True,
    start_from: Path | None = None,
    renders_through: Path | None = None,
) -> DiffusionCheck:
    """Train to config.steps and return the last diffusion check. The folder `out` takes state, weights and logs.

    data: a folder of shards, or several with one image size; some of it is held out, as `train_and_held_out` says.
    stop_after: stop at this step; the same call resumes there. start_from: weights to start from instead of ImageNet's.
    renders_through: weights whose encoder encodes the renders, so that the encoder of the model encodes photographs
    only (`grin align`). Raises ValueError if weights do not fit, if the encoder is to learn with renders_through, or if
    the run in `out` is one of another model; the log warns if it is another run in other ways.
    """
    if renders_through is not None and config.encoder_lr > 0.0:
        raise ValueError(
            f"encoder_lr: got {config.encoder_lr} with another encoder for renders, expected 0; "
            "otherwise the two encoders would drift apart"
        )
    run = _Run(config, data, out, pretrained, start_from, renders_through)
    last = config.steps if stop_after is None else min(stop_after, config.steps)
    check: DiffusionCheck | None = None
    writer = _writer(out) if run.first else None
    progress = tqdm(
        total=config.steps, initial=run.step, desc="train", unit="step", disable=not run.first, mininterval=5
    )
    while run.step < last:
        taken = run.take_step()
        progress.update()
        if writer and run.step % 20 == 0:
            _log_step(writer, progress, taken, run.step)
        if run.first:
            run.save(last)
        checking = run.step % config.check_every == 0
        if run.first and (checking or run.step == last):
            check = run.check()
            progress.write(f"step {run.step}: {check}")
            if writer:
                _log_check(writer, check, run.step)
        if checking:
            wait()
    progress.close()
    if check is None:
        check = run.check()
    if writer:
        writer.close()
    return check


class _Taken(NamedTuple):
    """The result of a step: the parts of its loss, its learning rate and the norm of its gradient."""

    losses: dict[str, torch.Tensor]
    rate: float
    norm: float


class _Run:
    """A training run in this process: model, data and optimiser, from the state in its folder on."""

    def __init__(
        self,
        config: TrainConfig,
        data: Path | Sequence[Path],
        out: Path,
        pretrained: bool,
        start_from: Path | None,
        renders_through: Path | None,
    ) -> None:
        self.config, self.out = config, out
        self.rank, self.world = rank_and_world()
        self.device = own_device()
        self.train_set, self.held_out = train_and_held_out(ShardDataset(data), config.holdout)
        held_out = self.held_out.frames_by_world
        if self.first:
            _tell_held_out(self.train_set.frames_by_world, held_out)
        self.probabilities = sample_probabilities(self.train_set, config.worlds, config.by_place, held_out)
        self.model = _model(config, start_from, pretrained)
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = make_optimiser(self.model, config)
        self.average = Average(self.model, config.ema)
        self.facts = _facts(config, self.train_set, start_from, renders_through)
        self.step = self._resume()
        encoder = None if renders_through is None else load_model(renders_through).pyramid.backbone.to(self.device)
        self.renders_encoder = encoder
        objective = Objective(self.model, config.loss, encoder)
        self.network: nn.Module = DistributedDataParallel(objective) if self.world > 1 else objective

    @property
    def first(self) -> bool:
        """True in the process that logs, saves and checks."""
        return self.rank == 0

    def _resume(self) -> int:
        """Restore the state in the folder, and return the step to continue with."""
        self.out.mkdir(parents=True, exist_ok=True)
        differ = differences(self.out, self.facts)
        step = load_state(self.out, self.model, self.average, self.optimiser)
        if self.first and step:
            _tell(self.out, step, self.config, differ)
            if not (self.out / WEIGHTS).is_file():
                self._save_weights(WEIGHTS)
        return step

    def take_step(self) -> _Taken:
        """Draw a batch and take one step of the optimiser. A step whose gradient is not finite changes no weights."""
        config = self.config
        rng = np.random.default_rng((config.seed, self.step, self.rank))
        share = config.batch // self.world
        model = config.model_at(self.step)
        self.model.pyramid.size = (model.image_height, model.image_width)
        indices = rng.choice(len(self.train_set), share, p=self.probabilities)
        drawn = batch(self.train_set, indices, model, config.sampling, rng).to(self.device)
        passes = draw_passes(model, config.loss, share, rng, self.device)
        torch.manual_seed(int(rng.integers(2**63)))  # for the random draws inside the network
        rate = learning_rate(self.step, config)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["lr_factor"]
        with _autocast(self.device):
            losses = self.network(drawn, *passes)
        norm = _learn(losses["total"], self.model, self.optimiser, config.clip_norm)
        if not math.isfinite(norm):
            logger.warning("step %d was skipped: the gradient norm is %s", self.step, norm)
        self.average.update(self.model, self.step)
        self.step += 1
        return _Taken(losses, rate, norm)

    def save(self, last: int) -> None:
        """Save a snapshot of the averaged weights and the state, each where it is due. last: the last step."""
        if self.step % self.config.snapshot_every == 0:
            self._save_weights(f"weights_{self.step:06d}.safetensors")
        if self.step % self.config.save_every == 0 or self.step == last:
            save_state(self.out, self.model, self.average, self.optimiser, self.step, self.facts)

    def _save_weights(self, name: str) -> None:
        save_weights(self.out / name, self.average.weights, self.config.model, torch.float32)

    def check(self) -> DiffusionCheck:
        """Check the averaged weights on held-out samples."""
        model = Grin(self.config.model)
        model.load_state_dict(self.average.weights)
        if self.renders_encoder is not None:
            model.pyramid.backbone = self.renders_encoder
        model.to(self.device).eval()
        with _autocast(self.device):
            return check_diffusion(model, self.held_out, self.config.check_frames)


def _facts(
    config: TrainConfig, train_set: ShardDataset, start_from: Path | None, renders_through: Path | None
) -> dict[str, Any]:
    """Return what a state keeps about its run, so that the same folder is not taken for another run."""
    given = {"start_from": start_from, "renders_through": renders_through}
    return {
        **dataclasses.asdict(config),
        "data": [str(folder.resolve()) for folder in train_set.folders],
        "frames": len(train_set),
        **{name: None if path is None else str(path.resolve()) for name, path in given.items()},
    }


def _tell_held_out(learnt: Mapping[str, int], held_out: Mapping[str, int]) -> None:
    """Log the frames of each world that are held out. Both count them, world by world."""
    parts = [f"{count} of {count + learnt.get(world, 0)} {world}" for world, count in held_out.items()]
    logger.info("held out of the training, for checks: frames %s", ", ".join(parts))
    if whole := sorted(set(held_out) - set(learnt)):
        logger.warning(
            "all frames of %s are held out, so that nothing is learnt from them; set a smaller holdout in the YAML, or "
            "name another folder last in --data",
            ", ".join(whole),
        )


def _tell(out: Path, step: int, config: TrainConfig, differ: dict[str, tuple[Any, Any]]) -> None:
    logger.info("%s: resumes at step %d of %d", out, step, config.steps)
    if "steps" in differ:
        earlier = dataclasses.replace(config, **{name: differ[name][0] for name in RATE & differ.keys()})
        before, now = differ.pop("steps")
        logger.warning(
            "%s: the run was saved with steps = %d. With %d its learning rate goes on with %.3g instead of %.3g",
            out,
            before,
            now,
            learning_rate(step, config),
            learning_rate(step, earlier),
        )
    if differ:
        logger.warning(
            "%s: the run was saved with %s. Now it has %s. It goes on from step %d with the weights of the run; for a "
            "run of its own, give another --out",
            out,
            ", ".join(f"{name} = {there}" for name, (there, _) in differ.items()),
            ", ".join(f"{name} = {here}" for name, (_, here) in differ.items()),
            step,
        )


def _model(config: TrainConfig, start_from: Path | None, pretrained: bool) -> Grin:
    """Return the model as it begins."""
    torch.manual_seed(config.seed)
    model = Grin(config.model)
    if start_from is not None:
        model.load_state_dict(load_model(start_from).state_dict())
    elif pretrained:
        load_imagenet(model.pyramid.backbone)
    model.pyramid.style_share, model.pyramid.style_strength = config.style_share, config.style_strength
    return model


def _learn(loss: torch.Tensor, model: Grin, optimiser: torch.optim.Optimizer, clip_norm: float) -> float:
    """Take a step down the gradient, and return its norm. The weights stay as they are if that is not finite."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), clip_norm))
    if math.isfinite(norm):
        optimiser.step()
    return norm


def _autocast(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16)


def _writer(out: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out / "tensorboard"))


def _log_step(writer: Any, progress: tqdm[Any], taken: _Taken, step: int) -> None:
    """Log a step, and show the parts of its loss beside the progress bar."""
    values = {name: float(value.detach()) for name, value in taken.losses.items()}
    _log(writer, "loss", values, step)
    _log(writer, "optimiser", {"lr": taken.rate, "gradient_norm": taken.norm}, step)
    progress.set_postfix({name: f"{value:.3f}" for name, value in values.items()}, refresh=False)


def _log_check(writer: Any, check: DiffusionCheck, step: int) -> None:
    names = ("ratio", "abs_rel", "rmse_ln", "shape_rmse_ln")
    _log(writer, "diffusion_check", {name: getattr(check, name) for name in names}, step)


def _log(writer: Any, group: str, values: dict[str, float], step: int) -> None:
    for name, value in values.items():
        writer.add_scalar(f"{group}/{name}", value, step)


@one_line_errors("train")
def main(argv: Sequence[str] | None = None) -> int:
    """Run `grin train`, and return its exit code."""
    parser = CommandParser(
        "train",
        "Train a model on rendered or recorded shards.",
        "grin train config/train/nano.yaml --data data/worlds --out runs/nano",
    )
    parser.add_argument("config", type=existing, help="YAML file of the run, for example config/train/nano.yaml")
    parser.add_argument(
        "--data",
        type=existing,
        nargs="+",
        required=True,
        help="folders of shards (grin scenes, grin pack). The last renders, at least `holdout` of the YAML, are held "
        "out for checks; without renders, the last photographs with a scale",
    )
    parser.add_argument(
        "--out",
        type=new_folder,
        required=True,
        help="folder for state, weights and logs; a run that is there is resumed",
    )
    parser.add_argument(
        "--start-from", type=existing, metavar="WEIGHTS", help="start from these weights instead of ImageNet's"
    )
    parser.add_argument(
        "--renders-through",
        type=existing,
        metavar="WEIGHTS",
        help="encode renders with the encoder of these weights, and photographs with that of the model (grin align)",
    )
    parser.add_argument("--stop-after", type=whole(0), help="stop at this step; the same command resumes there")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    config = load_train_config(arguments.config)
    check = train(
        config,
        arguments.data,
        arguments.out,
        arguments.stop_after,
        start_from=arguments.start_from,
        renders_through=arguments.renders_through,
    )
    logger.info("%s", check)
    if dist.is_initialized():
        dist.destroy_process_group()
    return DONE
