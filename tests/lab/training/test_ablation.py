# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.datasets.shards import ShardDataset
from grin_ros.lab.network.checkpoint import load_model
from grin_ros.lab.network.grin import Prediction
from grin_ros.lab.training import ablation
from grin_ros.lab.training.ablation import VARIANTS, Variant, errors, main, measure, measured, rendered, run, table
from grin_ros.lab.training.config import TrainConfig, load_train_config
from grin_ros.lab.training.loop import train
from tests.lab.evaluation.measured import random_depth, sample, write_dataset
from tests.lab.network.tiny import TINY, StandIn, fresh
from tests.lab.training.recordings import write_shards
from tests.lab.training.runs import RUN

TWO_STEPS = dataclasses.replace(RUN, steps=2, low_steps=0, holdout=6)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(tmp_path_factory.mktemp("shards"), height_m=0.5)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use few pixels, and no ImageNet weights because there are none for the narrow encoder."""
    monkeypatch.setattr(ablation, "train", partial(train, pretrained=False))
    monkeypatch.setattr(ablation, "PIXELS", 64)


def variant(name: str) -> Variant:
    return next(v for v in VARIANTS if v.name == name)


def differences(one: object, other: object) -> dict[str, object]:
    return {k: getattr(one, k) for k in vars(one) if getattr(one, k) != getattr(other, k)}


# Variants


@pytest.mark.parametrize(
    ("name", "model", "sampling"),
    [
        ("both", {}, {}),
        ("local", {"scene": False}, {}),
        ("global", {"local": False}, {}),
        ("no_rays", {"rays": False}, {}),
        ("linear", {"depth": "linear"}, {}),
        ("no_mounting", {}, {"mounting_share": 0.0}),
        ("density_10", {}, {"density": 0.1}),
        ("density_1", {}, {"density": 0.01}),
        ("patterns", {}, {"pattern_share": 1.0}),
    ],
)
def test_a_variant_changes_one_thing(name: str, model: dict[str, object], sampling: dict[str, object]) -> None:
    changed = variant(name).change(TWO_STEPS)
    assert differences(changed.model, TWO_STEPS.model) == model
    assert differences(changed.sampling, TWO_STEPS.sampling) == sampling
    assert dataclasses.replace(changed, model=TWO_STEPS.model, sampling=TWO_STEPS.sampling) == TWO_STEPS


def test_every_variant_has_a_name_and_a_title_of_its_own() -> None:
    assert len({v.name for v in VARIANTS}) == len({v.title for v in VARIANTS}) == len(VARIANTS) == 9


# Errors


class Known(StandIn):
    """A network that always answers the given x_0."""

    def __init__(self, x_0: Tensor) -> None:
        super().__init__()
        self.x_0 = x_0

    def predict(self, x: Tensor, signal: Tensor, noise: Tensor, *_: Tensor) -> Prediction:
        assert (signal == 0.0).all()  # from pure noise
        assert (noise == 1.0).all()
        return Prediction(-self.x_0[: len(x)], torch.zeros_like(x), torch.zeros_like(x))

    def ln_range(self, x: Tensor) -> tuple[Tensor, Tensor | float]:
        return fresh().ln_range(x)


def given(ln_range: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield one batch with the true ln(range) (B, N), as `errors` takes it."""
    count, pixels = ln_range.shape
    yield *(torch.zeros(count, pixels, 2) for _ in range(5)), torch.zeros(count, pixels), ln_range


def test_errors_are_zero_for_the_truth_and_separate_scale_from_shape() -> None:
    x_0 = torch.linspace(-0.5, 0.5, 33).repeat(2, 1)
    known = Known(x_0)
    truth = known.ln_range(x_0)[0]
    exact = errors(known, given(truth))  # type: ignore[arg-type]
    assert exact == pytest.approx({"abs_rel": 0.0, "aligned": 0.0}, abs=1e-6)
    far = errors(known, given(truth - math.log(1.25)))  # type: ignore[arg-type]
    assert far == pytest.approx({"abs_rel": 0.25, "aligned": 0.0}, abs=1e-5)
    # Half of the pixels of one image of two are off by a factor of 2.
    truth[0, :16] -= math.log(2.0)
    assert errors(known, given(truth))["aligned"] == pytest.approx(0.5 * 16 / 33, abs=1e-5)  # type: ignore[arg-type]


def test_errors_without_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="got no samples"):
        errors(fresh(), iter(()))


def test_renders_have_a_mounting_only_if_asked(data: Path) -> None:
    dataset = ShardDataset(data)
    mounted = [i for i in range(len(dataset)) if dataset.sample(i).camera.mounting]
    for known_mounting in (False, True):
        batches = list(rendered(fresh(), dataset, mounted, known_mounting))
        assert sum(len(b[0]) for b in batches) == len(mounted)
        known = torch.cat([mounting[:, 4] for _, _, _, _, mounting, _, _ in batches])
        assert (known == float(known_mounting)).all()
    _, queries, *_, noise, ln_range = batches[0]
    assert queries.shape[:2] == noise.shape == ln_range.shape
    # The distance is that of the wall and never that of the sky.
    walls = [float(dataset.sample(i).range_m[-1, -1]) for i in mounted]
    np.testing.assert_allclose(ln_range.exp(), np.tile(walls, (ln_range.shape[1], 1)).T, rtol=1e-4)


def test_measured_frames_give_range_along_the_ray_where_there_is_one() -> None:
    depth_m = random_depth()
    depth_m[:10], depth_m[10:14], depth_m[14:16] = np.nan, np.inf, 0.0
    frame = sample(depth_m=depth_m)
    image, queries, rays, scene_rays, mounting, noise, ln_range = next(measured(fresh(), [frame]))
    assert image.shape == (1, *frame.frame.image.shape)
    assert queries.shape[1] == rays.shape[1] == noise.shape[1] == ln_range.shape[1] == 1024
    assert scene_rays.shape == (1, TINY.scene_rows * TINY.scene_cols, 3)
    assert (mounting == 0.0).all()
    assert torch.isfinite(ln_range).all()
    size = torch.tensor([frame.frame.camera.width, frame.frame.camera.height])
    pixels = ((queries[0] + 1.0) / 2.0 * size - 0.5).round().int().numpy()
    assert pixels[:, 1].min() == 16
    expected_m = depth_m[pixels[:, 1], pixels[:, 0]]
    np.testing.assert_allclose(ln_range[0].exp() * rays[0, :, 2], expected_m, rtol=1e-5)


def test_sets_are_worlds_robot_height_and_real_domains(data: Path, tmp_path: Path) -> None:
    samples: list[EvalSample] = [sample("a", depth_m=2.0), sample("b", domain="outdoor", depth_m=9.0)]
    real = write_dataset(tmp_path / "real", samples)
    values = measure(fresh(), ShardDataset(data), real)
    sets = ["renders", "room", "street", "robot", "robot, mounting known", "real indoor", "real outdoor"]
    assert [*values] == [f"{name}/{key}" for name in sets for key in ("abs_rel", "aligned")]
    assert all(math.isfinite(value) for value in values.values())


def test_a_set_without_frames_is_left_out(tmp_path: Path) -> None:
    values = measure(fresh(), ShardDataset(write_shards(tmp_path, shards=1, height_m=1.7)), None)
    assert {key.split("/")[0] for key in values} == {"renders", "room", "street"}


# Runs


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", [v.name for v in VARIANTS])
def test_each_variant_trains_and_is_measured(data: Path, tmp_path: Path, name: str) -> None:
    values = run(variant(name), TWO_STEPS, [data], None, tmp_path)
    assert all(math.isfinite(value) for value in values.values())
    assert load_model(tmp_path / name / "weights.safetensors").config == variant(name).change(TWO_STEPS).model
    assert json.loads((tmp_path / name / "errors.json").read_text())["errors"] == values


@pytest.mark.usefixtures("quick")
def test_a_finished_variant_is_not_trained_again(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(variant("both"), TWO_STEPS, [data], None, tmp_path)

    def again(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(ablation, "train", again)
    assert run(variant("both"), TWO_STEPS, [data], None, tmp_path) == first
    with pytest.raises(AssertionError, match="trained again"):
        run(variant("local"), TWO_STEPS, [data], None, tmp_path)


@pytest.mark.usefixtures("quick")
def test_a_stopped_variant_is_resumed(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(variant("both"), TWO_STEPS, [data], None, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(ablation, "measure", lambda *_: 1 / 0)
        patch.setattr(ablation, "train", partial(train, pretrained=False, stop_after=1))
        with pytest.raises(ZeroDivisionError):
            run(variant("both"), TWO_STEPS, [data], None, tmp_path / "stopped")
    assert run(variant("both"), TWO_STEPS, [data], None, tmp_path / "stopped") == whole


def test_the_table_has_a_row_per_variant_and_a_column_per_set() -> None:
    results = {
        "both": {"renders/abs_rel": 0.1, "renders/aligned": 0.05, "robot/abs_rel": 0.2, "robot/aligned": 0.1234},
        "linear": {"renders/abs_rel": 0.3, "renders/aligned": 0.25},
    }
    assert table(results).splitlines() == [
        "| variant | renders | robot |",
        "|---|---:|---:|",
        "| local and global conditioning, rays, log-depth | 0.100 / 0.050 | 0.200 / 0.123 |",
        "| linear instead of log-depth | 0.300 / 0.250 |  |",
    ]


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "ablation.yaml"
    path.write_text(yaml.safe_dump({"steps": 2, "batch": 2}))
    return path


def finished(out: Path, data: Path, config: TrainConfig, names: Iterable[str], values: dict[str, float]) -> None:
    """Write the errors of variants, as their runs do."""
    for name in names:
        (out / name).mkdir()
        facts = {**dataclasses.asdict(variant(name).change(config)), "data": [str(data)], "real": None}
        (out / name / "errors.json").write_text(json.dumps({"run": facts, "errors": values}))


def test_errors_of_a_run_with_other_settings_are_not_shown(
    data: Path, tmp_path: Path, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(tmp_path, data, load_train_config(config_file), ["both"], {"renders/abs_rel": 0.1})
    for text, said in (("steps: 9, batch: 2", "got steps = 9, expected 2"), ("steps: 2, batch: 4", "got batch = 4")):
        config_file.write_text(f"{{{text}}}")
        call = [str(config_file), "--data", str(data), "--out", str(tmp_path), "--only", "both", "--workers", "1"]
        assert main(call) == 2
        error = capsys.readouterr().err
        assert f"{tmp_path / 'both' / 'errors.json'}: {said}" in error and "give another --out" in error


@pytest.mark.parametrize("text", ["", '{"renders/abs_rel": 0.1}', "[]", '{"run": {}, "errors": 1}'])
def test_errors_that_cannot_be_read_are_named(data: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "errors.json").write_text(text)
    with pytest.raises(ValueError, match=r"both/errors.json: got something else .*remove the file"):
        run(variant("both"), TWO_STEPS, [data], None, tmp_path)


def test_the_command_prints_the_table_of_finished_variants(
    data: Path, tmp_path: Path, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"renders/abs_rel": 0.1, "renders/aligned": 0.05}
    finished(tmp_path, data, load_train_config(config_file), ("local", "global"), values)
    options = ["--data", str(data), "--out", str(tmp_path), "--only", "global", "local", "--workers", "1"]
    assert main([str(config_file), *options]) == 0
    head, _, *lines = capsys.readouterr().out.strip().splitlines()
    assert head == "AbsRel / after median scaling, 2 steps of 2"
    assert lines == table({"local": values, "global": values}).splitlines()
    assert {p.name for p in tmp_path.iterdir()} == {"ablation.yaml", "local", "global"}


def test_the_command_reports_a_mistake(
    data: Path, tmp_path: Path, config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--out", str(tmp_path / "out"), "--only", "both", "--workers", "1"]
    with pytest.raises(SystemExit, match="2"):
        main([str(config_file), "--data", str(tmp_path / "nothing"), *options])
    assert "there is no" in capsys.readouterr().err
    assert main([str(config_file), "--data", str(tmp_path), *options]) == 2
    assert "no index.json" in capsys.readouterr().err
    config_file.write_text("stepz: 3")
    assert main([str(config_file), "--data", str(data), *options]) == 2
    assert "did you mean 'steps'" in capsys.readouterr().err
