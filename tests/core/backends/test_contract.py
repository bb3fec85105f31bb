# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The contract of all engines of the registry: they answer as the reference does for any size, members and steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from grin_ros.core.artifact.loading import load_artifact
from grin_ros.core.backends.engine import Engine, EngineError, EngineUnavailableError
from grin_ros.core.backends.golden_check import check_golden
from grin_ros.core.backends.opening import open_engine
from grin_ros.core.backends.registry import BACKENDS
from grin_ros.core.estimator import Estimator, Settings
from grin_ros.core.geometry.camera import Camera
from grin_ros.core.types import DepthEstimate, Frame

UNLIMITED = Settings(min_depth_m=1e-6, max_depth_m=1e6)
CASES = [pytest.param(name, marks=[pytest.mark.gpu] if name.startswith(("ort-", "trt")) else []) for name in BACKENDS]


@pytest.fixture(scope="module", params=CASES)
def engine(request: pytest.FixtureRequest, tiny_artifact: Path) -> Iterator[Engine]:
    """Each backend that this machine can run; one that is here and answers wrong fails, it is not skipped."""
    try:
        engine = open_engine(request.param, load_artifact(tiny_artifact), threads=1)
    except EngineUnavailableError as error:
        pytest.skip(str(error))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def reference(tiny_artifact: Path) -> Iterator[Engine]:
    engine = open_engine("reference", load_artifact(tiny_artifact), threads=1)
    yield engine
    engine.close()


def resized(frame: Frame, width: int, height: int) -> Frame:
    """The same view at another size, by nearest pixels."""
    v = (np.arange(height) * frame.camera.height) // height
    u = (np.arange(width) * frame.camera.width) // width
    return Frame(np.ascontiguousarray(frame.image[v][:, u]), frame.camera.resized(width, height))


def assert_same_depth(engine: Engine, got: DepthEstimate, expected: DepthEstimate) -> None:
    """Equal in where they are finite; ln(depth) and ln(sigma) within the tolerance of the engine's precision."""
    tolerance = engine.artifact.manifest.golden_tolerance_ln[engine.precision]
    for a, b in ((got.depth_m, expected.depth_m), (got.sigma_m, expected.sigma_m)):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
        known = np.isfinite(b)
        assert known.any()
        np.testing.assert_allclose(np.log(a[known]), np.log(b[known]), rtol=0.0, atol=tolerance)


def test_golden_sample_passes(engine: Engine) -> None:
    report = check_golden(engine)
    assert report.passed
    assert report.mean_error_ln <= report.max_error_ln <= report.tolerance_ln


def test_description_says_runtime_version_and_device(engine: Engine) -> None:
    assert len(engine.description.split()) >= 3


def test_the_same_frame_twice_is_the_same_depth(engine: Engine, tiny_frame: Frame) -> None:
    estimator = Estimator(engine)
    first, second = estimator(tiny_frame), estimator(tiny_frame)
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    np.testing.assert_array_equal(first.sigma_m, second.sigma_m)


@pytest.mark.parametrize(("steps", "members"), [(1, 1), (1, 2), (2, 3), (4, 1), (3, 6)])
def test_any_steps_and_members(engine: Engine, reference: Engine, tiny_frame: Frame, steps: int, members: int) -> None:
    settings = replace(UNLIMITED, steps=steps, members=members)
    assert_same_depth(engine, Estimator(engine, settings)(tiny_frame), Estimator(reference, settings)(tiny_frame))


@pytest.mark.parametrize(("width", "height"), [(640, 480), (97, 131), (33, 17), (96, 64), (1, 1), (2, 3), (400, 1)])
def test_any_image_size(engine: Engine, reference: Engine, tiny_frame: Frame, width: int, height: int) -> None:
    frame = resized(tiny_frame, width, height)
    got = Estimator(engine, UNLIMITED)(frame)
    assert got.depth_m.shape == got.sigma_m.shape == (height, width)
    assert_same_depth(engine, got, Estimator(reference, UNLIMITED)(frame))


def test_sizes_and_members_may_change_from_frame_to_frame(engine: Engine, tiny_frame: Frame) -> None:
    estimator = Estimator(engine, UNLIMITED)
    first = estimator(tiny_frame)
    estimator(resized(tiny_frame, 61, 47))
    estimator.settings = replace(UNLIMITED, members=2, steps=1)
    estimator(tiny_frame)
    estimator.settings = UNLIMITED
    np.testing.assert_array_equal(estimator(tiny_frame).depth_m, first.depth_m)


def test_any_number_of_queried_pixels(engine: Engine, reference: Engine, tiny_frame: Frame) -> None:
    random = np.random.default_rng(0)
    for count in (2, 57):
        x = random.standard_normal((3, count)).astype(np.float32)
        inputs = encode_inputs(engine, tiny_frame, count)
        level = np.array([0.6, 0.8, 1.0, 0.0], np.float32)
        network = engine.artifact.manifest.network
        latents = np.zeros((3, network.latent_count, network.latent_dim), np.float32)
        got, expected = (
            each.run("denoise", {"x": x, "levels": level, "latents": latents, **each.encode(inputs)})
            for each in (engine, reference)
        )
        for name in ("x_next", "latents_next", "log_variance"):
            atol = 10.0 * engine.artifact.manifest.golden_tolerance_ln[engine.precision]
            np.testing.assert_allclose(engine.to_host(got[name]), reference.to_host(expected[name]), atol=atol)


def encode_inputs(engine: Engine, frame: Frame, count: int) -> dict[str, NDArray[Any]]:
    """Inputs of `encode` with `count` random queries."""
    random = np.random.default_rng(count)
    network = engine.artifact.manifest.network
    rays = random.standard_normal((1, count + network.scene_rows * network.scene_cols, 3)) * 0.3 + [0.0, 0.0, 1.0]
    rays = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).astype(np.float32)
    return {
        "image": frame.image[None],
        "queries": random.uniform(-1.0, 1.0, (1, count, 2)).astype(np.float32),
        "query_rays": rays[:, :count],
        "scene_rays": rays[:, count:],
        "mounting": np.array([[0.0, -1.0, 0.0, 1.2, 1.0]], np.float32),
    }


def test_read_only_and_strided_inputs_are_taken(engine: Engine, tiny_frame: Frame) -> None:
    image = np.frombuffer(tiny_frame.image.tobytes(), np.uint8).reshape(tiny_frame.image.shape)
    height, width, channels = tiny_frame.image.shape
    padded = np.zeros((height, width + 5, channels), np.uint8)
    padded[:, 5:] = image
    expected = Estimator(engine)(tiny_frame).depth_m
    for same in (image, padded[:, 5:]):
        np.testing.assert_array_equal(Estimator(engine)(Frame(same, tiny_frame.camera)).depth_m, expected)


def test_a_pixel_without_a_ray_stays_nan(engine: Engine, tiny_frame: Frame) -> None:
    fisheye = Camera(101, 75, 20.0, 20.0, 50.0, 37.0, "equidistant", (0.0,) * 4)  # corners beyond 180 degrees
    estimate = Estimator(engine, UNLIMITED)(Frame(tiny_frame.image, fisheye))
    forward = fisheye.rays()[..., 2] > 0.0
    assert not forward[0, 0]
    np.testing.assert_array_equal(np.isfinite(estimate.depth_m), forward)
    np.testing.assert_array_equal(np.isfinite(estimate.sigma_m), forward)


def test_bad_input_is_an_error_that_names_the_graph(engine: Engine, tiny_frame: Frame) -> None:
    inputs = encode_inputs(engine, tiny_frame, 5)
    inputs["queries"] = np.zeros((1, 5, 7), np.float32)
    with pytest.raises(EngineError, match="'encode' failed on image 1x75x101x3, queries 1x5x7"):
        engine.encode(inputs)
    engine.encode(encode_inputs(engine, tiny_frame, 5))  # and the engine lives on


def test_closed_engines_say_so(engine: Engine) -> None:
    again = type(engine)(engine.artifact, threads=1)
    again.close()
    with pytest.raises(EngineError, match="was closed, open a new one"):
        again.run("encode", {})
    again.close()
