# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.labels.folder import LabelFolder
from grin_ros.core.types import DepthEstimate, Frame
from grin_ros.lab.datasets.measured import EvalSample
from grin_ros.lab.evaluation.results import Evaluation
from grin_ros.lab.evaluation.run import evaluate
from grin_ros.lab.network.grin import Grin
from grin_ros.lab.teaching.choosing import between
from grin_ros.lab.teaching.config import TeachConfig
from grin_ros.lab.teaching.judging import SiteFigures, forgotten
from grin_ros.lab.teaching.report import report_json, summary, write_report
from grin_ros.lab.teaching.teach import Judgement, Taught, better, teach
from grin_ros.lab.teaching.tune import TuneConfig
from grin_ros.lab.training.batches import Sampling
from tests.lab.network.tiny import awake
from tests.lab.teaching.site import site, write_site
from tests.lab.training.recordings import write_shards

TUNE = TuneConfig(
    steps=40, batch=4, replay=1, warmup_steps=4, lr=3e-3,
    sampling=Sampling(queries=24, pattern_share=0.0), old_sampling=Sampling(queries=24, pattern_share=0.0),
)  # fmt: skip


@pytest.fixture(scope="module")
def taught(tiny_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Taught]:
    """A teaching of the tiny model that may forget everything, with its folder."""
    folder = tmp_path_factory.mktemp("teach")
    old = write_shards(folder / "old", shards=2, frames=2)
    config = TeachConfig(str(tiny_artifact), TUNE, [old], [old], between=False, forgetting=100.0, threads=1)
    found = teach([write_site(folder / "site")], folder / "taught", config)
    assert found is not None
    write_report(found, folder / "taught", str(tiny_artifact), LabelFolder(folder / "site"), threads=1)
    return folder, found


def test_a_taught_model_is_better_on_the_robots_later_frames(taught: tuple[Path, Taught]) -> None:
    _, found = taught
    assert found.installed
    assert found.after.site.abs_rel < 0.8 * found.before.site.abs_rel


def test_it_is_an_artifact_that_an_engine_opens(taught: tuple[Path, Taught]) -> None:
    folder, found = taught
    artifact = load_artifact(folder / "taught")
    labelled = site(folder / "again")[0]
    estimate = Estimator(open_engine("ort", artifact, 1))(labelled.frame)
    assert estimate.depth_m.shape == (48, 64)
    assert artifact.manifest.training["taught"]["frames"] == len(found.split.learn)
    assert artifact.manifest.calibration.fitted_on.endswith("that were not learnt")


def test_the_report_says_what_it_was_and_is(taught: tuple[Path, Taught]) -> None:
    folder, found = taught
    values = json.loads((folder / "taught" / "report.json").read_text())
    assert values == report_json(found)
    assert set(values) == {"site", "old_domain", "frames", "minutes", "installed"}
    assert set(values["site"]["before"]) == {"abs_rel", "delta1", "coverage_1sigma"}
    assert "Installed" in (folder / "taught" / "report.md").read_text()
    assert (folder / "taught" / "report.png").stat().st_size > 10_000
    text = summary(found, folder / "taught", "nano")
    assert f"{found.after.site.abs_rel:.3f}" in text
    assert f"model:={folder / 'taught'}" in text
    refused = summary(replace(found, installed=False), folder / "taught", "nano")
    made = Path(refused.splitlines()[-1].rpartition(" ")[2])
    assert (made / "manifest.json").is_file()


def test_no_model_is_replaced(taught: tuple[Path, Taught], tiny_artifact: Path) -> None:
    folder, _ = taught
    with pytest.raises(ValueError, match="no model is replaced"):
        teach([folder / "site"], folder / "taught", TeachConfig(str(tiny_artifact), TUNE))
    (folder / "notes").mkdir(exist_ok=True)
    (folder / "notes" / "mine.txt").write_text("x")
    with pytest.raises(ValueError, match="was not begun by grin teach"):
        teach([folder / "site"], folder / "notes", TeachConfig(str(tiny_artifact), TUNE))


def judged(site_error: float, old: float | None) -> Judgement:
    return Judgement(SiteFigures(site_error, 0.5, 0.6), old)


@pytest.mark.parametrize(
    ("after", "installed", "reason"),
    [
        (judged(0.10, 0.30), True, "fell by 50%"),
        (judged(0.10, 0.32), False, "old domain rose by 6.7%"),
        (judged(0.20, 0.30), False, "expected at least 2%"),
        (judged(float("nan"), 0.30), False, "expected at least 2%"),
        (judged(0.10, None), True, "what was forgotten is not known"),
    ],
)
def test_a_model_is_better_if_it_gains_here_and_keeps_the_rest(after: Judgement, installed: bool, reason: str) -> None:
    got, text = better(judged(0.20, 0.30), after, 0.05)
    assert got == installed
    assert reason in text


def test_weights_between_two_models_are_on_the_straight_line() -> None:
    old, new = awake(0).state_dict(), awake(1).state_dict()
    middle = between(old, new, 0.25)["head.weight"]
    assert (middle - (0.75 * old["head.weight"] + 0.25 * new["head.weight"])).abs().max() < 1e-6


def evaluation(*abs_rel: float) -> Evaluation:
    """An evaluation of one domain with a scene for each figure."""
    truth = np.ones((4, 4), np.float32)

    def frame(number: int) -> EvalSample:
        camera = Camera(4, 4, 4.0, 4.0, 1.5, 1.5)
        return EvalSample(str(number), str(number), "old", Frame(np.zeros((4, 4, 3), np.uint8), camera), truth)

    errors = iter(abs_rel)
    return evaluate(
        [frame(number) for number in range(len(abs_rel))],
        lambda got: DepthEstimate(truth * (1.0 + next(errors)), truth, got.stamp_ns),
    )


def test_what_is_forgotten_comes_with_how_sure_it_is() -> None:
    before = evaluation(0.2, 0.2, 0.2, 0.2)
    alike = forgotten(before, evaluation(0.21, 0.21, 0.21, 0.21))
    assert (alike.share, alike.error) == pytest.approx((0.05, 0.0), abs=1e-3)
    unlike = forgotten(before, evaluation(0.17, 0.25, 0.17, 0.25))
    assert unlike.share == pytest.approx(0.05, abs=1e-3)
    assert unlike.error == pytest.approx(0.04 / 3**0.5 / 0.2, abs=1e-3)


def test_what_follows_from_other_options_is_made_again(
    tiny_artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each teaching ends after its tuning."""

    def stop(model: Grin) -> None:
        del model
        raise KeyboardInterrupt

    monkeypatch.setattr("grin_ros.lab.teaching.teach.merge_adapters", stop)
    old, places = write_shards(tmp_path / "old", shards=2, frames=2), [write_site(tmp_path / "site")]
    first = TeachConfig(str(tiny_artifact), replace(TUNE, steps=2), [old], [old], threads=1)

    def again(config: TeachConfig) -> set[str]:
        """Return the folders that are made again."""
        caplog.clear()
        with pytest.raises(KeyboardInterrupt):
            teach(places, tmp_path / "taught", config)
        told = [record.message for record in caplog.records if "so it is made again" in record.message]
        return {Path(text.partition(":")[0]).name for text in told}

    def lesson() -> NDArray[np.float16]:
        made: NDArray[np.float16] = np.load(tmp_path / "taught" / "work" / "lessons" / "drive-0003.npy")
        return made

    assert again(first) == set()
    assert np.isfinite(lesson()[0]).mean() > 0.5
    assert again(first) == set()
    assert again(replace(first, tune=replace(first.tune, adapters=2))) == {"tune"}
    assert again(replace(first, between=False)) == {"lessons", "tune"}
    assert np.isfinite(lesson()[0]).mean() < 0.1
    others = [write_shards(tmp_path / "others", shards=2, frames=2)]
    assert again(replace(first, replay=others)) == {"lessons", "answers", "tune"}
    write_site(tmp_path / "site", sigma_ln=0.05)
    assert again(replace(first, replay=others)) == {"before", "lessons", "tune"}
