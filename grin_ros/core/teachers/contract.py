# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The contract of a teacher network: what its ONNX file takes, and how its answer becomes metres.

Files of one network differ from export to export, and none of them says whether it normalises the image itself, or
what the focal length does to its answer. A contract (contracts/*.yaml) says it once, and tests hold it to that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from grin_ros.core.config import load_yaml, nearest

CONTRACTS = Path(__file__).parent / "contracts"
MEANINGS = ("metres", "inverse_relative", "inverse_canonical", "points", "affine_points")


@dataclass(frozen=True)
class Contract:
    """The inputs and the answer of a teacher. Raises ValueError for a value that is not allowed.

    title, licence, source: for people. image: the name of the input (1, 3, h, w), RGB.
    """

    title: str
    licence: str
    source: str
    image: str
    output: str
    """The name of the output that holds the answer."""
    meaning: str
    """metres: depth along z, after the focal rule. inverse_relative: inverse depth up to scale and shift, which only
    the robot's measurements give. inverse_canonical: inverse depth for a focal length of one image width. points:
    (x, y, z) in metres. affine_points: (x, y, z) up to a shift of z, which follows from the focal length, times the
    output metric_scale."""
    height: int = 0
    """The size that the file takes; 0 for any size. Where the file fixes another size, that of the file counts."""
    width: int = 0
    multiple: int = 14
    """Sides of the image are rounded to multiples of this where the size is free."""
    pixels: int = 250_000
    """The area that a free size is brought to."""
    keep_aspect: bool = False
    """Keep the aspect of the image and pad it at its centre to the size; otherwise it is stretched."""
    pad_rgb: tuple[float, ...] = (0.0, 0.0, 0.0)
    """The colour of the padding, 0 to 255."""
    largest_value: float = 1.0
    """The value of white before mean and std: 1 or 255."""
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    """(value - mean) / std for each colour."""
    rays: str = ""
    """The name of an input (1, 3, h, w) for the unit rays of the camera; empty for none."""
    integers: dict[str, int] = field(default_factory=dict)
    """Further inputs, which are whole numbers."""
    focal_over: float = 0.0
    """The answer is multiplied by the focal length at the size of the network, in pixels, over this; 0 for no rule."""
    sky: str = ""
    """The name of an output that is small where there is no sky; pixels of the sky are left out."""
    not_sky_below: float = 0.3
    mask: str = ""
    """The name of an output that is large where the answer is valid."""
    valid_above: float = 0.5
    longest_m: float = 300.0
    """Farther answers are left out."""
    sigma_ln: float = 0.2
    """One sigma of ln(depth) before the robot's measurements are known."""

    def __post_init__(self) -> None:
        if self.meaning not in MEANINGS:
            raise ValueError(f"meaning: got '{self.meaning}', expected one of {', '.join(MEANINGS)}")
        if (self.height == 0) != (self.width == 0) or min(self.height, self.width) < 0:
            raise ValueError(f"height, width: got {self.height}, {self.width}, expected both, or 0 and 0")
        for name in ("pad_rgb", "mean", "std"):
            if len(getattr(self, name)) != 3:
                raise ValueError(f"{name}: got {getattr(self, name)}, expected three numbers")
        if self.largest_value not in (1.0, 255.0):
            raise ValueError(f"largest_value: got {self.largest_value}, expected 1 or 255")
        if self.keep_aspect and not self.height:
            raise ValueError("keep_aspect: got true without a size, expected height and width to pad to")


def contract_names() -> list[str]:
    """Return the names of the shipped contracts."""
    return sorted(path.stem for path in CONTRACTS.glob("*.yaml"))


def load_contract(name_or_path: str) -> Contract:
    """Return a shipped contract, or that of a YAML file. Raises ValueError that lists the shipped ones."""
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        return load_yaml(Contract, path)
    names = contract_names()
    if name_or_path not in names:
        raise ValueError(
            f"contract: got '{name_or_path}', expected one of {', '.join(names)} or a YAML file"
            f"{nearest(name_or_path, names)}"
        )
    return load_yaml(Contract, CONTRACTS / f"{name_or_path}.yaml")
