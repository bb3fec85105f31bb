# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Reading of the fields of a PointCloud2 by their offsets, a sample of the points where there are many.

sensor_msgs_py is not used: its reader may change the size of the points of a cloud in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from grin_ros.core.input_error import InputError

MOST_POINTS = 30_000
"""The largest number of points that are read. They are a random sample, the same for every cloud of that size.
Every n-th point would not do: with a lidar of 16 rings it could be one ring only."""
FORMATS = {
    PointField.INT8: "i1",
    PointField.UINT8: "u1",
    PointField.INT16: "i2",
    PointField.UINT16: "u2",
    PointField.INT32: "i4",
    PointField.UINT32: "u4",
    PointField.FLOAT32: "f4",
    PointField.FLOAT64: "f8",
}


@dataclass(frozen=True)
class Field:
    """The place of a field in a point, and its NumPy type."""

    offset: int
    kind: np.dtype[np.generic]


class CloudFields:
    """The fields of a cloud. Raises InputError if its rows do not fit into its data."""

    def __init__(self, cloud: PointCloud2, topic: str, most: int | None = MOST_POINTS) -> None:
        """topic: where the cloud came from, for the remedies. most: read at most so many points; None for all."""
        self._cloud, self._topic = cloud, topic
        order = ">" if cloud.is_bigendian else "<"
        self._fields = {
            field.name: Field(field.offset, np.dtype(order + FORMATS[field.datatype]))
            for field in cloud.fields
            if field.datatype in FORMATS
        }
        row_bytes = cloud.width * (cloud.point_step or 1)  # points of no bytes fit into any data, however many
        self._row_step = cloud.row_step or row_bytes  # some drivers do not fill it in
        if self._row_step < row_bytes:
            raise _broken(
                f"row_step {cloud.row_step}, expected at least {row_bytes} ({cloud.width} points of {cloud.point_step} "
                "bytes)"
            )
        self._count = cloud.width * cloud.height
        needed = (cloud.height - 1) * self._row_step + row_bytes  # some drivers leave out the padding of the last row
        if self._count and len(cloud.data) < needed:
            raise _broken(
                f"{len(cloud.data)} bytes, expected at least {needed} for {cloud.width}x{cloud.height} points with "
                f"point_step {cloud.point_step} and row_step {self._row_step}"
            )
        self._chosen: NDArray[np.int64] | None = None
        """The indices of the points that are read; None for all."""
        if most is not None and self._count > most:
            self._chosen = np.unique(np.random.default_rng(0).integers(0, self._count, most))

    def __contains__(self, name: str) -> bool:
        """Return True if the cloud has this field."""
        return name in self._fields

    def __len__(self) -> int:
        """Return the number of points that are read."""
        return self._count if self._chosen is None else len(self._chosen)

    def is_float(self, name: str) -> bool:
        """Return True if the field holds floats."""
        return self._fields[name].kind.kind == "f"

    def points(self) -> NDArray[np.float64]:
        """Return the points (N, 3) in metres. Raises InputError if x, y or z is missing, or not a float.

        Integers would be in a unit that the message does not tell.
        """
        points = self.columns("xyz")
        if not all(map(self.is_float, "xyz")):
            kinds = ", ".join(self._fields[name].kind.name for name in "xyz")
            raise InputError(
                f"cloud: got x, y, z of the types {kinds}, expected float32 or float64, in metres",
                f"remap {self._topic} to a cloud of floats",
            )
        return points

    def columns(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the values (N, len(names)) of fields of any number type.

        Raises InputError if one is missing or does not lie within a point.
        """
        missing = [name for name in names if name not in self._fields]
        if missing:
            got = ", ".join(field.name for field in self._cloud.fields) or "none"
            raise InputError(
                f"cloud: got the fields {got}, expected {', '.join(names)} among them",
                f"remap {self._topic} to a cloud with these fields",
            )
        return np.stack([self.raw(name).astype(np.float64) for name in names], axis=1)

    def raw(self, name: str) -> NDArray[Any]:
        """Return the values (N,) of a field that the cloud has, in the type that they have there.

        Raises InputError if the field does not lie within a point.
        """
        field, cloud = self._fields[name], self._cloud
        if not self._count:
            return np.zeros(0, field.kind)
        end = field.offset + field.kind.itemsize
        if end > cloud.point_step:
            raise _broken(
                f"the field {name} up to byte {end} of a point, expected at most {cloud.point_step} (point_step)"
            )
        shape, steps = (cloud.height, cloud.width), (self._row_step, cloud.point_step)
        grid: NDArray[Any] = np.ndarray(shape, field.kind, memoryview(cloud.data), field.offset, steps)
        return grid.reshape(-1) if self._chosen is None else grid[np.divmod(self._chosen, cloud.width)]


def _broken(got: str) -> InputError:
    """Return the error for a cloud whose sizes do not fit together. got: what was got, and what was expected."""
    return InputError(f"cloud: got {got}", "correct the node that publishes the cloud")
