# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag run takes the node's parameters, and refuses by name what only a live node can honour."""

from __future__ import annotations

import pytest

pytest.importorskip("rosbags", reason="bags need rosbags (pip install grin_ros[bags])")

from grin_ros.ros.bags import command
from grin_ros.ros.bags.parameters import LIVE_ONLY, bag_config
from grin_ros.ros.parameters.table import BY_NAME, defaults, node_config


@pytest.mark.parametrize("name", LIVE_ONLY)
def test_a_parameter_of_a_live_node_is_refused_even_with_its_default(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: a run over a bag does not have this parameter: .*; "):
        bag_config({name: BY_NAME[name].default})


def test_all_other_parameters_are_taken() -> None:
    others = {name: value for name, value in defaults().items() if name not in LIVE_ONLY}
    assert bag_config(others) == node_config({})


def test_the_command_refuses_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["in", "out", "-p", "watchdog_s:=5.0"])
    assert stop.value.code == command.WRONG_CALL
    assert "watchdog_s: a run over a bag does not have this parameter" in capsys.readouterr().err
