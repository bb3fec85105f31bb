# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Hint pixels count in no figure. The patterns that draw them: tests/lab/datasets/test_hint_patterns.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Settings
from grin_ros.lab.evaluation.command import main
from grin_ros.lab.evaluation.hinted import MODEL, evaluate_with_hints
from grin_ros.lab.evaluation.hinted_report import series
from tests.lab.evaluation.measured import HEIGHT, WIDTH, sample, write_dataset


def slope(nearest_m: float) -> NDArray[np.float32]:
    """A floor that rises to a wall: metres from `nearest_m` at the bottom to four times that at the top."""
    rows = np.geomspace(4.0 * nearest_m, nearest_m, HEIGHT, dtype=np.float32)
    return np.tile(rows[:, None], (1, WIDTH))


def test_a_pattern_without_samples_is_left_out_and_the_others_stay(
    tiny_artifact: Path, caplog: pytest.LogCaptureFixture
) -> None:
    samples = [sample("s", depth_m=slope(1.0))]
    engine = open_engine("ort", load_artifact(str(tiny_artifact)))
    too_many = f"uniform:{samples[0].depth_m.size}"
    results = evaluate_with_hints(samples, engine, Settings(), [too_many, "uniform:10"])
    assert [result.pattern for result in results] == ["uniform:10"]
    assert f"'{too_many}' is left out, because no sample has enough depth for it" in caplog.text
    with pytest.raises(ValueError, match="no sample has enough depth for"):
        evaluate_with_hints(samples, engine, Settings(), [too_many])


def test_hints_lower_the_error_and_their_pixels_do_not_count(tiny_artifact: Path) -> None:
    samples = [sample(f"s{i}", depth_m=slope(1.0 + i)) for i in range(3)]
    engine = open_engine("ort", load_artifact(str(tiny_artifact)))
    none, some = evaluate_with_hints(samples, engine, Settings(1, 1, 0, 1e-3, 1e4), ["none", "uniform:60"])
    domain = samples[0].domain
    assert some.evaluation.domain(domain)["abs_rel"] < none.evaluation.domain(domain)["abs_rel"]
    assert set(some.baselines) == {"scale", "inverse_depth_ls", "interpolation", "posterior_only"}
    assert none.baselines == {}
    for evaluation in (some.evaluation, *some.baselines.values()):
        for before, after in zip(none.evaluation.frames, evaluation.frames, strict=True):
            assert after.metrics.pixels == before.metrics.pixels - 60


def test_a_sample_without_depth_where_the_sensor_looks_is_left_out(tiny_artifact: Path) -> None:
    blind_m = slope(2.0)
    blind_m[HEIGHT // 2] = np.nan
    samples = [sample("seen", depth_m=slope(1.0)), sample("blind", depth_m=blind_m)]
    (line,) = evaluate_with_hints(samples, open_engine("ort", load_artifact(str(tiny_artifact))), Settings(), ["line"])
    assert [frame.name for frame in line.evaluation.frames] == ["seen"]


def test_the_command_writes_figures_by_pattern_and_baseline(tiny_artifact: Path, tmp_path: Path) -> None:
    samples = [sample(f"s{i}", depth_m=slope(1.0 + i)) for i in range(2)]
    folder = write_dataset(tmp_path / "set", samples)
    out = tmp_path / "hints.json"
    command = [str(folder), "--model", str(tiny_artifact), "--hints", "none", "uniform:30", "line"]
    assert main([*command, "--json", str(out), "--report", str(tmp_path / "report")]) == 0
    values = json.loads(out.read_text())["hints"]
    assert list(values) == ["none", "uniform:30", "line"]
    assert {"domains", "baselines"} <= values["line"].keys()
    assert [values[pattern]["hints_per_frame"] for pattern in ("none", "uniform:30")] == [0.0, 30.0]
    assert (tmp_path / "report" / "hints.png").is_file()
    assert "The pixels of hints count in no figure" in (tmp_path / "report" / "hints.md").read_text()


def test_the_picture_needs_matplotlib_and_says_so_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    command = [str(tmp_path / "no-such-set"), "--hints", "line", "--report", str(tmp_path / "report")]
    assert main(command) == 2
    assert "matplotlib is not installed" in capsys.readouterr().err


def test_the_picture_joins_what_differs_in_the_number_of_hints_only(tiny_artifact: Path) -> None:
    samples = [sample("one", depth_m=slope(1.0))]
    engine = open_engine("ort", load_artifact(str(tiny_artifact)))
    patterns = ["line", "none", "uniform:60", "uniform:10", "uniform:10,noise=0.1"]
    results = evaluate_with_hints(samples, engine, Settings(), patterns)
    joined = [
        [x for x, _ in points] for (name, _), points in series(results, samples[0].domain).items() if name == MODEL
    ]
    assert sorted(joined) == [[10.0], [10.0, 60.0], [80.0]]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--hints", "linee"], "did you mean 'line'"),
        (["--backend", "ortt"], "expected one of auto, "),
        (["--sweep", "--sweep-steps", "1,0"], "--sweep-steps: got '0', expected a whole number from 1 on"),
        (["--pose-noise", "0.1"], "--pose-noise: got '0.1', expected a share of the distance below 1 and degrees"),
        (["--pose-noise", "nan,1"], "--pose-noise: got 'nan,1', expected a share"),
    ],
)
def test_a_wrong_option_is_found_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], text: str
) -> None:
    folder = write_dataset(tmp_path / "set", [sample("s", depth_m=slope(1.0))])
    with pytest.raises(SystemExit) as stopped:
        main([str(folder), "--model", "no-such-model", *options])
    assert stopped.value.code == 2
    assert text in capsys.readouterr().err
