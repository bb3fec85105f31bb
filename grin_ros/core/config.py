# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses from YAML. Every key is checked; the error for an unknown key names the nearest known one.

This module imports nothing of the project, so all others may use it.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


def nearest(name: str, names: typing.Iterable[str]) -> str:
    """Return the most similar of `names` as the end of an error message; '' if none is similar."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def from_mapping(cls: type[T], values: Mapping[str, Any], where: str = "config") -> T:
    """Build the dataclass `cls` from `values`; nested dataclasses are built from nested mappings.

    Numbers are converted if nothing is lost (1 for a float field). Raises ValueError that names the key, what was
    got, what was expected, and the nearest known key.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}: got {type(values).__name__}, expected a mapping of keys to values")
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    built: dict[str, Any] = {}
    for key, value in values.items():
        if key not in fields:
            known = ", ".join(sorted(fields))
            raise ValueError(f"{where}: unknown key '{key}'{nearest(key, fields)} (known keys: {known})")
        built[key] = _convert(hints[key], value, f"{where}.{key}")
    missing = [
        name
        for name, field in fields.items()
        if name not in built and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ValueError(f"{where}: missing keys {', '.join(missing)}; add them")
    return cls(**built)


def _convert(kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        nested = typing.cast(type, kind)
        return value if isinstance(value, nested) else from_mapping(nested, value, where)
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{where}: got {value!r}, expected a list")
        return tuple(_convert(typing.get_args(kind)[0], item, where) for item in value)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where}: got {value!r}, expected a mapping of keys to values")
        return {str(key): _convert(typing.get_args(kind)[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    plain = {float: float, int: int, str: str, bool: bool}.get(kind)
    if plain is not None and (not isinstance(value, plain) or (kind is int and isinstance(value, bool))):
        raise ValueError(f"{where}: got {value!r} ({type(value).__name__}), expected {plain.__name__}")
    return value


def load_yaml(cls: type[T], path: str | Path) -> T:
    """Build the dataclass `cls` from the YAML file at `path`. Raises ValueError if it is unreadable or does not fit."""
    return from_mapping(cls, read_yaml(Path(path)), str(path))


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file, {} for an empty one. Raises ValueError if it is unreadable."""
    try:
        return yaml.safe_load(path.read_text()) or {}
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from error
