# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The golden sample: one small frame whose answer is known, which every engine must repeat before it may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grin_ros.core.artifact.manifest import GOLDEN, HINTS
from grin_ros.core.backends.engine import OF_CAMERA, Engine, EngineError
from grin_ros.core.geometry.log_depth import BEYOND, LogDepth
from grin_ros.core.sampling.sampler import Tensor, sample


@dataclass(frozen=True)
class GoldenReport:
    """The errors of ln(range) on the golden sample, against what torch answered at export."""

    max_error_ln: float
    mean_error_ln: float
    tolerance_ln: float

    @property
    def passed(self) -> bool:
        return self.max_error_ln <= self.tolerance_ln  # False for NaN too


def check_golden(engine: Engine) -> GoldenReport:
    """Run the golden sample through all graphs and compare the answer with that of torch at export.

    The clean sample is compared pixel by pixel, and so are the logarithms of depth and sigma and where they are NaN,
    and the features of a hint network.
    Raises EngineError if the engine fails or if shapes differ.
    """
    manifest = engine.artifact.manifest
    with np.load(engine.artifact.file(GOLDEN), allow_pickle=False) as file:
        golden = {name: file[name] for name in file.files}
    tokens = engine.encode({name: golden[name] for name in ("image", *OF_CAMERA)})
    noise = golden["noise"]
    latents = manifest.network.zero_latents(len(noise))
    found = sample(engine.denoiser(tokens), noise, latents, golden["levels"], share_first_step=False)
    depth_m, sigma_m = engine.decode(
        {"x": found.x, "log_variance": found.log_variance, "image": golden["image"], "ray_z": golden["ray_z"]}
    )
    depth = manifest.depth
    to_ln = depth.data_std * LogDepth(depth.min_m, depth.max_m).ln_per_unit
    errors = [np.abs(_shaped("x", engine.to_host(found.x), golden["x"]) - golden["x"]).ravel() * to_ln]
    with np.errstate(all="ignore"):
        # +inf counts as the range where "beyond" begins: an engine may round to the other side of that limit.
        limit_m = BEYOND * depth.max_m * golden["ray_z"][0]
        ends = [
            np.where(np.isposinf(d), limit_m, d)
            for d in (_shaped("depth_m", depth_m, golden["depth_m"]), golden["depth_m"])
        ]
        errors.append(_ln_error(*ends))
        both = np.isfinite(depth_m) & np.isfinite(golden["depth_m"])
        _shaped("sigma_m", sigma_m, golden["sigma_m"])
        errors.append(_ln_error(*(np.where(both, s, np.nan) for s in (sigma_m, golden["sigma_m"]))))
    if HINTS in manifest.graphs:
        errors.append(_of_hints(engine, tokens, golden).ravel())
    error = np.concatenate(errors)
    tolerance = manifest.golden_tolerance_ln.get(engine.precision, 0.0)
    return GoldenReport(float(np.max(error)), float(np.mean(error)), tolerance)


def _of_hints(engine: Engine, tokens: Mapping[str, Tensor], golden: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the errors of the features of hints. A unit of them is a factor of e on a deviation, or a length."""
    given = {name: golden[f"hints_{name}"] for name in ("x", "log_variance")}
    found = engine.to_host(engine.run(HINTS, {"local_tokens": tokens["local_tokens"], **given})["features"])
    return np.asarray(np.abs(_shaped("features", found, golden["hints_features"]) - golden["hints_features"]))


def _ln_error(got: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    """Return |ln got - ln expected|: 0 where both are NaN, inf where only one of them is."""
    error = np.abs(np.log(got) - np.log(expected))
    return np.where(np.isnan(got) & np.isnan(expected), 0.0, np.where(np.isnan(error), np.inf, error)).ravel()


def _shaped(name: str, got: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    """Return `got`. Raises EngineError if its shape is not the expected one."""
    if got.shape != expected.shape:
        raise EngineError(f"golden sample: got {name} of shape {got.shape}, expected {expected.shape}; it is not used")
    return got
