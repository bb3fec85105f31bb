# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The estimator: the order of its steps, and what it guarantees with any engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grin_ros.core import estimator as estimator_module
from grin_ros.core.artifact.loading import Artifact, load_artifact
from grin_ros.core.artifact.manifest import Calibration, DepthRange, Manifest, Network, SigmaFactor
from grin_ros.core.backends.engine import Engine, EngineError
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.estimator import Estimator, Settings, limited
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.geometry.camera_inputs import CameraInputs, camera_inputs
from grin_ros.core.types import Frame

CAMERA = Camera(40, 30, 30.0, 30.0, 19.5, 14.5)
FRAME = Frame(np.zeros((30, 40, 3), np.uint8), CAMERA, stamp_ns=1_700_000_000_123_456_789)


class Recorder(Engine):
    """An engine that returns given depths and records its calls."""

    def __init__(self, depth_m: float = 2.0, sigma_m: float = 0.1, calibration: Calibration | None = None) -> None:
        manifest = Manifest(
            format=1,
            name="recorder",
            licence="Apache-2.0",
            depth=DepthRange(0.1, 100.0, 0.2),
            network=Network(6, 8, 2, 3, 4, 16),
            parameterisation="v",
            schedule_shift=0.35,
            calibration=calibration or Calibration(),
            tensors={},
            sha256={},
        )
        super().__init__(Artifact(Path(), manifest))
        self.answer = (depth_m, sigma_m)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    @property
    def description(self) -> str:
        return "recorder 1 CPU"

    def run(self, graph: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append((graph, inputs))
        if graph == "encode":
            return {"local_tokens": "tokens", "scene_kv": "kv"}
        if graph == "denoise":
            return {"x_next": inputs["x"], "log_variance": inputs["x"], "latents_next": inputs["latents"]}
        shape = inputs["image"].shape[1:3]
        return {
            "depth_m": np.full(shape, self.answer[0], np.float32),
            "sigma_m": np.full(shape, self.answer[1], np.float32),
        }


def test_one_encode_k_denoise_one_decode_with_shared_tokens() -> None:
    engine = Recorder()
    Estimator(engine, Settings(steps=3, members=5))(FRAME)
    assert [graph for graph, _ in engine.calls] == ["encode", "denoise", "denoise", "denoise", "decode"]
    encode, first, _, last, decode = (inputs for _, inputs in engine.calls)
    assert encode["image"].shape == (1, 30, 40, 3)
    assert encode["queries"].shape == (1, 48, 2)
    assert encode["scene_rays"].shape == (1, 6, 3)
    assert first["x"].shape == (1, 48), "members share the first step"
    assert first["latents"].shape == (1, 4, 16)
    assert last["x"].shape == (5, 48)
    assert last["latents"].shape == (5, 4, 16)
    assert not first["latents"].any()
    assert (first["local_tokens"], first["scene_kv"]) == ("tokens", "kv")
    assert first["levels"].tolist()[:2] == [0.0, 1.0]
    assert last["levels"].tolist()[2:] == [1.0, 0.0]
    assert decode["ray_z"].shape == (1, 30, 40)


def test_sigma_is_calibrated_for_the_settings_in_use() -> None:
    calibration = Calibration((SigmaFactor(1, 1, 2.0), SigmaFactor(4, 8, 3.0, 0.2)))
    estimator = Estimator(Recorder(2.0, 0.1, calibration))
    np.testing.assert_allclose(estimator(FRAME).sigma_m, 0.2, rtol=1e-6)
    estimator.settings = Settings(steps=4, members=8)
    np.testing.assert_allclose(estimator(FRAME).sigma_m, np.hypot(0.3, 0.4), rtol=1e-6)


def test_stamp_is_kept_and_stages_are_timed() -> None:
    estimate = Estimator(Recorder())(FRAME)
    assert estimate.stamp_ns == 1_700_000_000_123_456_789
    assert list(estimate.timings_ms) == ["prepare", "encode", "denoise", "decode", "limit"]
    assert all(value >= 0.0 for value in estimate.timings_ms.values())


def test_more_members_keep_the_noise_of_the_first() -> None:
    noises = []
    for members in (2, 4):
        engine = Recorder()
        Estimator(engine, Settings(members=members, seed=3))(FRAME)
        noises.append(engine.calls[1][1]["x"])
    np.testing.assert_array_equal(noises[0], noises[1][:2])
    assert not np.array_equal(noises[1][0], noises[1][1])


def test_settings_may_change_between_frames() -> None:
    engine = Recorder()
    estimator = Estimator(engine, Settings(steps=1, members=1, seed=0))
    estimator(FRAME)
    estimator.settings = Settings(steps=2, members=3, seed=1)
    estimator(FRAME)
    shapes = [inputs["x"].shape for graph, inputs in engine.calls if graph == "denoise"]
    assert shapes == [(1, 48), (1, 48), (3, 48)]


@pytest.mark.parametrize(
    ("depth_m", "sigma_m", "settings", "expected"),
    [
        (2.0, 0.1, Settings(), (2.0, 0.1)),
        (0.05, 0.1, Settings(min_depth_m=0.1), (np.nan, np.nan)),
        (0.1, 0.1, Settings(min_depth_m=0.1), (0.1, 0.1)),
        (9.0, 0.1, Settings(max_depth_m=8.0), (np.inf, np.nan)),
        (np.inf, np.nan, Settings(), (np.inf, np.nan)),
        (np.nan, np.nan, Settings(), (np.nan, np.nan)),
        (np.nan, 0.1, Settings(), (np.nan, np.nan)),
        (-1.0, 0.1, Settings(), (np.nan, np.nan)),
        (2.0, 1.1, Settings(max_relative_sigma=0.5), (np.nan, np.nan)),
        (2.0, 0.9, Settings(max_relative_sigma=0.5), (2.0, 0.9)),
        (9.0, 8.0, Settings(max_depth_m=8.0, max_relative_sigma=0.5), (np.nan, np.nan)),
        (2.0, 100.0, Settings(max_relative_sigma=0.0), (2.0, 100.0)),
    ],
)
def test_limits(depth_m: float, sigma_m: float, settings: Settings, expected: tuple[float, float]) -> None:
    got = limited(np.full((2, 3), depth_m, np.float32), np.full((2, 3), sigma_m, np.float32), settings)
    for values, value in zip(got[:2], expected, strict=True):
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, np.full((2, 3), value, np.float32))
    if depth_m > 0.0:
        estimate = Estimator(Recorder(depth_m, sigma_m), settings)(FRAME)
        np.testing.assert_array_equal(estimate.depth_m, np.full((30, 40), expected[0], np.float32))
        np.testing.assert_array_equal(estimate.sigma_m, np.full((30, 40), expected[1], np.float32))


def test_what_was_estimated_beyond_the_limit_is_kept_for_planners() -> None:
    depth_m = np.array([[9.0, np.inf, np.nan, 5.0]], np.float32)
    sigma_m = np.array([[0.6, np.nan, np.nan, 3.0]], np.float32)
    got_m, _, unlimited = limited(depth_m, sigma_m, Settings(max_depth_m=8.0))
    np.testing.assert_array_equal(got_m, [[np.inf, np.inf, np.nan, 5.0]])
    assert unlimited is not None
    np.testing.assert_array_equal(unlimited.depth_m, depth_m)
    np.testing.assert_array_equal(unlimited.sigma_m, sigma_m)
    assert limited(depth_m, sigma_m, Settings())[2] is None


@pytest.mark.parametrize("depth_m", [np.nan, -1.0, 0.0])
def test_a_frame_without_any_depth_is_an_error_of_the_backend(depth_m: float) -> None:
    with pytest.raises(EngineError, match="got no positive depth in 1200 pixels"):
        Estimator(Recorder(depth_m))(FRAME)


def test_noise_has_the_amplitude_that_the_model_wants() -> None:
    whole, part = Recorder(), Recorder()
    manifest = replace(part.artifact.manifest, temperature=0.25)
    part.artifact = replace(part.artifact, manifest=manifest)
    for engine in (whole, part):
        Estimator(engine)(FRAME)
    np.testing.assert_allclose(part.calls[1][1]["x"], 0.25 * whole.calls[1][1]["x"], rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"steps": 0}, "steps: got 0, expected 1 to 50"),
        ({"steps": 51}, "steps: got 51"),
        ({"members": 0}, "members: got 0, expected 1 to 32"),
        ({"members": 33}, "members: got 33"),
        ({"seed": -1}, "seed: got -1"),
        ({"steps": 1.5}, "steps: got 1.5, expected a whole number"),
        ({"members": "2"}, "members: got '2', expected a whole number"),
        ({"seed": 0.5}, "seed: got 0.5, expected a whole number"),
        ({"min_depth_m": 0.0}, "expected 0 < min < max"),
        ({"min_depth_m": 5.0, "max_depth_m": 5.0}, "expected 0 < min < max"),
        ({"max_depth_m": float("nan")}, "expected 0 < min < max"),
        ({"max_relative_sigma": -0.1}, "max_relative_sigma: got -0.1"),
        ({"max_relative_sigma": float("nan")}, "max_relative_sigma: got nan"),
    ],
)
def test_bad_settings(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Settings(**values)


def test_numbers_of_numpy_are_whole_numbers_too() -> None:
    Estimator(Recorder(), Settings(steps=np.int64(2), members=np.int32(3)))(FRAME)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hints", "got"), [(np.zeros((3, 3)), "ndarray"), ([], "list"), (lambda: np.zeros((3, 3)), "ndarray")]
)
def test_hints_of_another_type_are_refused(hints: Any, got: str) -> None:
    with pytest.raises(ValueError, match=rf"hints: got {got}, expected Hints; make them with Hints.measured\("):
        Estimator(Recorder())(FRAME, hints=hints)


def test_settings_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match="settings: got dict, expected Settings, such as Settings"):
        Estimator(Recorder())(FRAME, {"steps": 2})  # type: ignore[arg-type]


def test_the_inputs_of_the_last_cameras_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[float] = []

    def counted(camera: Camera, *sizes: tuple[int, int]) -> CameraInputs:
        computed.append(camera.fx)
        return camera_inputs(camera, *sizes)

    monkeypatch.setattr(estimator_module, "camera_inputs", counted)
    estimator = Estimator(Recorder())
    for fx in (30.0, 31.0, 32.0, 33.0, 34.0, 34.0, 30.0):
        estimator(Frame(FRAME.image, replace(CAMERA, fx=fx)))
    assert computed == [30.0, 31.0, 32.0, 33.0, 34.0, 30.0]  # four are kept, so the first one is computed again


def test_a_real_engine_end_to_end(tiny_artifact: Path, tiny_frame: Frame) -> None:
    engine = open_engine("ort", load_artifact(tiny_artifact), threads=1)
    settings = Settings(min_depth_m=1e-6, max_depth_m=1e6)
    first, again = Estimator(engine, settings)(tiny_frame), Estimator(engine, settings)(tiny_frame)
    np.testing.assert_array_equal(first.depth_m, again.depth_m)
    assert first.stamp_ns == tiny_frame.stamp_ns
    assert first.depth_m.shape == first.sigma_m.shape == tiny_frame.image.shape[:2]
    assert np.isfinite(first.depth_m).all()
    assert (first.sigma_m > 0.0).all()
    other = Estimator(engine, replace(settings, seed=1))(tiny_frame)
    assert not np.array_equal(first.depth_m, other.depth_m)
    engine.close()
