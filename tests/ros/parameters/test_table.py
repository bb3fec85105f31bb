# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The YAML file, the descriptors and the configuration agree with the table, and every parameter has an effect."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from typing import Any

import pytest
import yaml

from grin_ros.core.backends.registry import choices
from grin_ros.core.estimator import Settings
from grin_ros.core.geometry.mounting import Mounting
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.parameters.declare import descriptor
from grin_ros.ros.parameters.row import Parameter, Value
from grin_ros.ros.parameters.table import (
    PARAMETERS,
    defaults,
    main,
    markdown_table,
    node_config,
    yaml_text,
)
from tests.ros import ROOT

BACKEND_CHOICES = choices()  # without the backend that other tests add


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        out.update(flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return out


def test_the_parameter_file_is_made_from_the_table() -> None:
    text = (ROOT / "config" / "grin.yaml").read_text()
    assert text == yaml_text(), "run: grin parameters > config/grin.yaml"
    read = flat(yaml.safe_load(text)["/**"]["ros__parameters"])
    assert read == defaults()
    assert {name: type(value) for name, value in read.items()} == {p.name: type(p.default) for p in PARAMETERS}


def test_the_defaults_are_accepted_and_are_those_of_the_code() -> None:
    config = node_config({})
    assert config.settings == Settings()
    assert config.mounting is None
    assert config.backend in BACKEND_CHOICES


def test_the_table_for_the_documentation_has_every_parameter() -> None:
    rows = markdown_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [parameter.name for parameter in PARAMETERS]
    assert f"| `steps` | integer | `{Settings.steps}` | 1 to 50 | yes | " in markdown_table()
    assert all(name in markdown_table() for name in BACKEND_CHOICES)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_description_is_whole_sentences(parameter: Parameter) -> None:
    assert parameter.description[0].isupper()
    assert parameter.description.endswith(".")
    assert len(parameter.description.split()) >= 5


def changed(parameter: Parameter) -> Value:
    """Return another value that is accepted."""
    default = parameter.default
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        poses = {"tf": "0 0 0 0 0 0", "0 0 0 0 0 0": "tf"}
        return poses.get(default, default + "x")
    return default + 1 if isinstance(default, int) else default + 0.5


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_parameter_changes_the_configuration(parameter: Parameter) -> None:
    needed: dict[str, Value] = {}
    if parameter.name.startswith("mounting.") and parameter.name != "mounting.known":
        needed["mounting.known"] = True
    assert node_config({**needed, parameter.name: changed(parameter)}) != node_config(needed)


@pytest.mark.parametrize("frame_id", ["/camera_scan", "camera scan", " "])
def test_a_frame_of_the_scan_that_tf2_refuses_is_refused(frame_id: str) -> None:
    with pytest.raises(ValueError, match=f"scan.frame_id: got '{frame_id}', expected a name without spaces"):
        node_config({"scan.frame_id": frame_id})


def test_the_frame_of_the_scan_is_named_after_the_camera_unless_it_is_set() -> None:
    given: dict[str, Value] = {"scan.frame_id": "level"}
    assert node_config({}).navigation.scan_frame_id == "camera_scan"
    assert node_config(defaults(), "rear/left").navigation.scan_frame_id == "rear/left_scan"
    assert node_config(given, "rear").navigation.scan_frame_id == "level"


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_wrong_type_or_range_is_refused_with_got_and_expected(parameter: Parameter) -> None:
    wrong: list[Any] = [None, [1], b"x"]
    wrong += [value for value in (True, 3, 0.5, "text") if type(value) is not type(parameter.default)]
    if isinstance(parameter.default, float):
        wrong.remove(3)  # an integer serves for a double
    if parameter.low is not None and parameter.high is not None:
        kind, step = (int, 1) if isinstance(parameter.default, int) else (float, 1e-4)
        wrong += [kind(parameter.low) - step, kind(parameter.high) + step]
        wrong += [math.nan, math.inf] if kind is float else []
    wrong += [""] if isinstance(parameter.default, str) and not parameter.optional else []
    for value in wrong:
        with pytest.raises(ValueError, match=rf"^{parameter.name}: got .*, expected an? {parameter.type_name}"):
            parameter.accepted(value)


def test_an_integer_serves_for_a_double() -> None:
    assert node_config({"max_depth_m": 40}) == node_config({"max_depth_m": 40.0})
    with pytest.raises(ValueError, match="max_depth_m: got 0.0, expected a double from 0.001"):
        node_config({"max_depth_m": 0})


def test_contradictions_and_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 < min < max"):
        node_config({"min_depth_m": 5.0, "max_depth_m": 4.0})
    with pytest.raises(ValueError, match="parameter 'stepz' is not known; did you mean 'steps'"):
        node_config({"stepz": 3})


def test_degrees_become_radians() -> None:
    values: dict[str, Value] = {"mounting.known": True, "mounting.pitch_deg": 30.0, "mounting.roll_deg": -90.0}
    assert node_config(values).mounting == Mounting(1.0, math.radians(-90), math.radians(30))


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_the_descriptor_has_description_unit_range_and_read_only_from_the_table(parameter: Parameter) -> None:
    described = descriptor(parameter)
    assert described.description.startswith(parameter.description)
    assert parameter.unit in described.description
    assert described.read_only == parameter.read_only
    ranges = [*described.integer_range, *described.floating_point_range]
    limits = [] if parameter.low is None else [(parameter.low, parameter.high)]
    assert [(one.from_value, one.to_value) for one in ranges] == limits
    assert bool(described.floating_point_range) == (isinstance(parameter.default, float) and parameter.low is not None)


def test_parameters_of_the_start_are_read_only_and_settings_of_the_estimate_are_not() -> None:
    structural = {parameter.name for parameter in PARAMETERS if parameter.read_only}
    start = {
        "autostart",
        "compressed",
        "mounting.base_frame",
        "motion.fixed_frame",
    }
    sources = {kind.switch for kind in SOURCES.values()}
    assert structural == {"model", "backend", "fallback", "watchdog_s", "threads", *start, *sources}
    live = {field.name for field in dataclasses.fields(Settings)}
    assert live <= {parameter.name for parameter in PARAMETERS if not parameter.read_only}


def test_the_command_to_start_the_node_with_the_file_also_activates_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The printed file says autostart: false."""
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "grin_node --ros-args --params-file grin.yaml -p autostart:=true" in capsys.readouterr().out


def test_the_command_prints_both_forms_and_needs_no_ros(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; sys.modules['rclpy'] = None; from grin_ros.cli import main; main(['parameters'])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == yaml_text()
    assert main(["--markdown"]) == 0
    assert capsys.readouterr().out == markdown_table()
