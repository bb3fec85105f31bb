# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The hint network: trained by one command, part of the artifact, the same on every backend, unheard without hints."""

from __future__ import annotations

import importlib.util
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.artifact.manifest import HintModel
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.hints.covariance import Features
from grin_ros.core.hints.likeness import CHANNELS, Likeness
from grin_ros.core.hints.posterior import Observed, posterior
from grin_ros.core.hints.process import Process
from grin_ros.core.types import DepthEstimate, Frame, Hints
from grin_ros.lab.datasets.shards import ShardWriter
from grin_ros.lab.hints import command
from grin_ros.lab.hints.command import frozen, main
from grin_ros.lab.hints.draws import PATTERNS, draw
from grin_ros.lab.hints.export import add_hint_network
from grin_ros.lab.hints.process import LearntProcess, Pixels
from grin_ros.lab.hints.train import HintTraining
from grin_ros.lab.network.hints import HintNetwork

WIDE = Settings(min_depth_m=1e-3, max_depth_m=1e4)
BACKENDS = ["ort", "reference", *(["openvino"] if importlib.util.find_spec("openvino") else [])]


@pytest.fixture(scope="module")
def artifact(tiny_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny artifact with a hint network of random weights."""
    folder = tmp_path_factory.mktemp("hints") / "tiny"
    shutil.copytree(tiny_artifact, folder)
    torch.manual_seed(0)
    manifest = load_artifact(folder).manifest
    network = HintNetwork(manifest.model["token_dim"], manifest.network.grid_rows, manifest.network.grid_cols, 16)
    torch.nn.init.normal_(network.hint_out.weight, std=0.3)
    add_hint_network(folder, network, HintModel(Process(own_ln=0.04)))
    return folder


def some_hints(frame: Frame, estimate: DepthEstimate, count: int = 30) -> Hints:
    """Exact measurements of a scene that is 1.3 times as far away as the estimate says."""
    v, u = np.nonzero(np.isfinite(estimate.depth_m))
    at = np.random.default_rng(1).choice(len(v), count, replace=False)
    u, v = u[at], v[at]
    return Hints.measured(np.stack([u, v], 1), 1.3 * estimate.depth_m[v, u] / frame.camera.rays()[v, u, 2])


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_repeats_the_golden_sample(artifact: Path, backend: str) -> None:
    assert check_golden(open_engine(backend, load_artifact(artifact), 1)).passed


def test_a_network_that_answers_otherwise_is_refused(artifact: Path, tmp_path: Path) -> None:
    with np.load(artifact / "golden.npz") as golden:
        values = {name: golden[name] for name in golden.files}
    engine = open_engine("ort", load_artifact(artifact), 1)
    other = tmp_path / "other"
    shutil.copytree(artifact, other)
    values["hints_features"] = values["hints_features"] + np.float32(0.1)
    np.savez(other / "golden.npz", **values)
    object.__setattr__(engine.artifact, "path", other)
    assert not check_golden(engine).passed


def test_without_hints_nothing_changes(artifact: Path, tiny_artifact: Path, tiny_frame: Frame) -> None:
    before, after = (Estimator(open_engine("ort", load_artifact(each), 1), WIDE) for each in (tiny_artifact, artifact))
    np.testing.assert_array_equal(after(tiny_frame).depth_m, before(tiny_frame).depth_m)
    np.testing.assert_array_equal(after(tiny_frame).sigma_m, before(tiny_frame).sigma_m)


def test_with_hints_the_network_is_heard_unless_it_is_left_out(
    artifact: Path, tiny_artifact: Path, tiny_frame: Frame
) -> None:
    before = Estimator(open_engine("ort", load_artifact(tiny_artifact), 1), WIDE)
    hints = some_hints(tiny_frame, before(tiny_frame))
    plain = before(tiny_frame, hints=hints)
    engine = open_engine("ort", load_artifact(artifact), 1)
    heard = Estimator(engine, WIDE)(tiny_frame, hints=hints)
    left_out = Estimator(engine, WIDE, hint_network=False)(tiny_frame, hints=hints)
    np.testing.assert_array_equal(left_out.depth_m, plain.depth_m)
    assert np.nanmax(np.abs(heard.sigma_m / plain.sigma_m - 1.0)) > 0.05
    assert heard.hints is not None


def test_training_and_robot_compute_the_same_posterior() -> None:
    rng = np.random.default_rng(0)
    process = Process(own_ln=0.04, scale_dof=7.0)

    def pixels(count: int) -> Features:
        position, ln = rng.uniform(0.0, 1.0, (count, 2)), rng.normal(1.0, 0.5, count)
        colour, features = rng.uniform(0.0, 1.0, (count, 3)), 0.5 * rng.normal(size=(count, CHANNELS))
        return Features(*(np.asarray(a, np.float32) for a in (position, ln, colour, features)))  # type: ignore[arg-type]

    grid, hints = pixels(120), pixels(20)
    residual, sigma = rng.normal(0.0, 0.2, 20).astype(np.float32), np.full(20, 0.02, np.float32)
    at_grid, at_hints = (each._replace(likeness=Likeness.of(each.likeness)) for each in (grid, hints))
    found = posterior(at_grid, Observed(at_hints, residual, sigma), process)
    given = [Pixels(*(torch.from_numpy(np.asarray(a))[None] for a in each)) for each in (grid, hints)]
    one = [torch.from_numpy(a)[None] for a in (residual, sigma, np.ones(20, np.float32))]
    middle = torch.tensor([[float(np.median(grid.ln_range))]])
    mean, variance = LearntProcess(process)(*given, *one, middle)
    np.testing.assert_allclose(mean[0].detach().numpy(), found.mean_ln, atol=2e-4)
    np.testing.assert_allclose(variance[0].detach().numpy(), found.deviation_ln**2, rtol=5e-3)


def test_every_pattern_draws_ranges_of_the_scene() -> None:
    rng = np.random.default_rng(0)
    range_m = np.tile(np.linspace(1.0, 4.0, 80, dtype=np.float32), (60, 1))
    grey = rng.integers(0, 255, (60, 80)).astype(np.uint8)
    seen: set[str] = set()
    for _ in range(150):
        name, hints = draw(grey, range_m, np.ones((60, 80), np.bool_), 50, rng)
        seen.add(name)
        if hints is not None:
            assert 0 < len(hints) <= 50
            assert 0.8 < np.median(hints.range_m) < 5.0
    assert seen == set(PATTERNS)


def test_the_command_trains_calibrates_and_exports(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_artifact, folder)
    rng = np.random.default_rng(0)
    camera = Camera(80, 60, 60.0, 60.0, 39.5, 29.5)
    for name, world in (("renders", "room"), ("places", "metric_places")):
        writer = ShardWriter(tmp_path / name, 80, 60, "CC0", worlds=(world,))
        images = rng.integers(0, 255, (3, 60, 80, 3)).astype(np.uint8)
        range_m = np.tile(np.linspace(1.0, 4.0, 80), (3, 60, 1))
        writer.write("one", images, range_m, [camera] * 3, np.array([(k, 0, 0) for k in range(3)]))
    monkeypatch.setattr(command, "HintTraining", partial(HintTraining, steps=4, batch=2))
    data = [str(tmp_path / name) for name in ("renders", "places")]
    kept, frozen = ["--kept-back", data[1]], ["--frozen", str(tmp_path / "frozen")]
    arguments = [str(folder), "--data", *data, *kept, *frozen]
    assert main(arguments) == 0
    answers = (tmp_path / "frozen" / "learnt" / "facts.json").stat().st_mtime_ns
    assert main(arguments) == 0  # the second run takes the answers of the model from the first one
    assert (tmp_path / "frozen" / "learnt" / "facts.json").stat().st_mtime_ns == answers
    artifact = load_artifact(folder)
    assert "hints" in artifact.graphs
    assert artifact.model_digest == load_artifact(tiny_artifact).model_digest
    factors = artifact.manifest.hints.calibration.factors
    assert {factor.kind for factor in factors} == {"level", "spread"}
    assert all(factor.scale > 0.0 for factor in factors)


def packed(folder: Path, world: str, count: int = 3, farthest_m: float = 4.0) -> Path:
    """Write one shard of noise in front of a slanted wall."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (count, 60, 80, 3)).astype(np.uint8)
    range_m = np.tile(np.linspace(1.0, farthest_m, 80), (count, 60, 1))
    origin = np.array([(k, 0, 0) for k in range(count)])
    camera = Camera(80, 60, 60.0, 60.0, 39.5, 29.5)
    ShardWriter(folder, 80, 60, "CC0", worlds=(world,)).write("one", images, range_m, [camera] * count, origin)
    return folder


def test_answers_are_used_again_only_for_the_same_frames(tiny_artifact: Path, tmp_path: Path) -> None:
    artifact = load_artifact(tiny_artifact)
    data = [packed(tmp_path / "renders", "room"), packed(tmp_path / "places", "metric_places")]
    first = frozen(artifact, tmp_path / "frozen", data, 2, 1)
    assert len(first) == 2 + 3
    facts = tmp_path / "frozen" / "facts.json"
    written = facts.stat().st_mtime_ns
    assert len(frozen(artifact, tmp_path / "frozen", data, 2, 1)) == 5
    assert facts.stat().st_mtime_ns == written
    assert len(frozen(artifact, tmp_path / "frozen", data, 3, 1)) == 3 + 3
    both = frozen(artifact, tmp_path / "frozen", data, 3, 2)
    assert len(both) == 3 + 6
    assert float(np.nanmax(both.range_m)) < 4.5
    packed(tmp_path / "places", "metric_places", farthest_m=8.0)  # in the same files of the same sizes
    again = frozen(artifact, tmp_path / "frozen", data, 3, 2)
    assert float(np.nanmax(again.range_m)) > 4.5


def test_answers_that_were_interrupted_are_not_used(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, data, folder = load_artifact(tiny_artifact), [packed(tmp_path / "renders", "room")], tmp_path / "frozen"
    frozen(artifact, folder, data, 1, 1)
    with monkeypatch.context() as patch:
        patch.setattr("grin_ros.lab.hints.frames.answer", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            frozen(artifact, folder, data, 2, 1)
    assert len(frozen(artifact, folder, data, 1, 1)) == 1
    (folder / "facts.json").write_text("")  # a full disk
    assert len(frozen(artifact, folder, data, 1, 1)) == 1


def test_no_threads_are_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["model", "--data", "a", "--kept-back", "b", "--frozen", "c", "--threads", "0"])
    assert "--threads: got '0', expected a whole number from 1 on" in capsys.readouterr().err
