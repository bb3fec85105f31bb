# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every shipped contract brings the answer of a file with the real interface to metres, and a wrong one does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the tiny teachers are made with onnx (pip install grin_ros[teach])")

from grin_ros.core.command_line import DONE, FAILED, WRONG_CALL
from grin_ros.core.teachers.aligning import AlignedTeacher
from grin_ros.core.teachers.command import check, main
from grin_ros.core.teachers.contract import Contract, contract_names, load_contract
from grin_ros.core.teachers.teacher import Teacher
from grin_ros.core.types import Hints
from tests.core.teachers import tiny

METRIC = sorted(tiny.TINY.keys() - {"depth_anything_v2_relative"})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("teachers")
    return {name: make(folder / f"{name}.onnx") for name, make in tiny.TINY.items()}


def error(path: Path, contract: Contract) -> float:
    """The median relative error of a teacher on the scene, away from the border."""
    frame, truth_m = tiny.scene()
    depth_m = Teacher(path, contract, 1).depth_m(frame)
    inner = np.s_[10:-10, 10:-30]
    return float(np.nanmedian(np.abs(depth_m[inner] / truth_m[inner] - 1.0)))


def labels(count: int = 40, factor: float = 1.0, wrong: int = 0) -> Hints:
    rng = np.random.default_rng(3)
    frame, truth_m = tiny.scene()
    u, v = rng.integers(10, 290, count), rng.integers(10, 190, count)
    range_m = factor * truth_m[v, u] / frame.camera.rays()[v, u, 2]
    range_m[:wrong] *= 3.0
    return Hints.measured(np.stack([u, v], -1), range_m)


def test_every_shipped_contract_is_tested() -> None:
    assert contract_names() == sorted(tiny.TINY)


@pytest.mark.parametrize("name", METRIC)
def test_a_contract_brings_the_answer_to_metres(files: dict[str, Path], name: str) -> None:
    assert error(files[name], load_contract(name)) < 0.015


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("depth_anything_v2_metric", {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}),
        ("depth_anything_3_metric", {"focal_over": 0.0}),
        ("depth_anything_3_metric", {"focal_over": 1000.0}),
        ("metric3d_v2", {"largest_value": 1.0}),
        ("metric3d_v2", {"focal_over": 0.0}),
        ("metric3d_v2", {"keep_aspect": False}),
        ("unidepth_v2", {"largest_value": 255.0}),
        ("moge_2", {"meaning": "points"}),
        ("depth_pro", {"meaning": "inverse_relative"}),
        ("depth_pro", {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}),
    ],
)
def test_a_wrong_rule_is_found(files: dict[str, Path], name: str, wrong: dict[str, Any]) -> None:
    assert error(files[name], replace(load_contract(name), **wrong)) > 0.03


def test_the_sky_of_depth_anything_3_has_no_depth(files: dict[str, Path]) -> None:
    frame, _ = tiny.scene()
    depth_m = Teacher(files["depth_anything_3_metric"], load_contract("depth_anything_3_metric"), 1).depth_m(frame)
    assert np.isnan(depth_m[:, -5:]).all()
    assert np.isfinite(depth_m[:, 5:250]).all()


def test_relative_depth_becomes_metric_by_the_robots_measurements_despite_outliers(files: dict[str, Path]) -> None:
    frame, truth_m = tiny.scene()
    name = "depth_anything_v2_relative"
    answer = AlignedTeacher(Teacher(files[name], load_contract(name), 1))
    depth_m = answer(frame, labels(wrong=4)).depth_m
    assert np.nanmedian(np.abs(depth_m / truth_m - 1.0)) < 0.03
    assert np.isnan(answer(frame, labels(count=4)).depth_m).all()


def test_the_answer_of_a_metric_teacher_is_corrected_by_the_measurements(files: dict[str, Path]) -> None:
    frame, truth_m = tiny.scene()
    answer = AlignedTeacher(Teacher(files["unidepth_v2"], load_contract("unidepth_v2"), 1))
    got = answer(frame, labels(factor=1.3))
    assert abs(float(np.nanmedian(got.depth_m / truth_m)) - 1.3) < 0.05
    assert np.nanmedian(got.sigma_m / got.depth_m) < 0.2


def test_a_file_that_keeps_its_contract_passes(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert check(files["moge_2"], "moge_2") == []
    assert main(["check", str(files["unidepth_v2"])]) == DONE
    assert "keeps the contract unidepth_v2" in capsys.readouterr().out


def test_a_file_that_answers_zeros_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import onnx
    from onnx import numpy_helper

    path = tiny.depth_anything_v2_metric(tmp_path / "zeros.onnx")
    model = onnx.load(path)
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values in (np.float32(tiny.DEEPER_M), np.float32(tiny.NEAREST_M)):
            constant.CopyFrom(numpy_helper.from_array(np.float32(0.0), constant.name))
    onnx.save(model, path)
    assert main(["check", str(path), "--contract", "depth_anything_v2_metric"]) == FAILED
    assert "answer zeros" in capsys.readouterr().out


def test_a_file_under_the_contract_of_another_is_refused(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(files["moge_2"]), "--contract", "depth_pro"]) == WRONG_CALL
    assert "it takes image, num_tokens, the contract says input" in capsys.readouterr().err
    assert main(["check", str(files["moge_2"]), "--contract", "moge"]) == WRONG_CALL
    assert "did you mean 'moge_2'" in capsys.readouterr().err


def test_names_that_several_contracts_have_must_be_chosen(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["check", str(files["depth_anything_3_metric"])])
    assert code == WRONG_CALL
    assert "depth_anything_v2_metric" in capsys.readouterr().err
