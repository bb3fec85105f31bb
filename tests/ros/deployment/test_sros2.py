# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""config/sros2_policy.xml allows what a running node does with all its options, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rclpy.impl.implementation_singleton import rclpy_implementation
from rosgraph_msgs.msg import Clock

from benchmarks.stand_in.engine import BACKEND
from benchmarks.stand_in.process import start_node
from grin_ros.ros.frame.topics import INPUTS
from grin_ros.ros.inputs.hints.registry import SOURCES
from grin_ros.ros.message_types import TF_MESSAGE, message_class
from grin_ros.ros.operator.harness.client import NodeClient
from grin_ros.ros.operator.harness.process import HarnessError
from tests.ros import ROOT

POLICY = ROOT / "config" / "sros2_policy.xml"
NAMESPACE, NAME = "/robot", "grin"
OPTIONS: dict[str, Any] = {"use_sim_time": True}
OPTIONS |= {kind.switch: True for kind in SOURCES.values()}
NOT_INSTALLED = {"/tf", "/tf_static"} if message_class(TF_MESSAGE) is None else set()
NOT_INSTALLED |= {f"{NAMESPACE}/{topic.name}" for topic in INPUTS.values() if message_class(topic.type) is None}
"""Topics that a node cannot use here, because their message types are not installed."""


def resolved(name: str) -> str:
    """Return the full name, as SROS2 expands it for a profile with ns=NAMESPACE."""
    if name.startswith("~/"):
        return f"{NAMESPACE}/{NAME}/{name[2:]}"
    return name if name.startswith("/") else f"{NAMESPACE}/{name}"


def allowed(kind: str, permission: str) -> set[str]:
    """Return the names that the policy allows. kind: topic or service. permission: publish, for example."""
    (profile,) = ElementTree.parse(POLICY).getroot().iter("profile")
    groups = [group for group in profile if group.get(permission) == "ALLOW"]
    return {resolved((each.text or "").strip()) for group in groups for each in group.iter(kind)}


@pytest.fixture(scope="module")
def client(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeClient]:
    """Return a client of two nodes, raw and compressed, with all options that need no tf2."""
    folder = tmp_path_factory.mktemp("sros2")
    common = {"model": str(fake_artifact), "backend": BACKEND, "autostart": True, "diagnostics_period_s": 0.1}
    nodes = [
        start_node(folder / "raw", {**common, **OPTIONS}, "-r", f"__ns:={NAMESPACE}"),
        start_node(folder / "compressed", {**common, "compressed": True}, "-r", "__ns:=/other"),
    ]
    client = NodeClient(nodes[0], f"{NAMESPACE}/{NAME}")
    clock = client.ros.create_publisher(Clock, "/clock", 10)
    message = Clock()

    def tick() -> None:
        message.clock.sec += 1
        clock.publish(message)

    client.ros.create_timer(0.02, tick)
    client.wait(lambda: states(client) == {f"{NAMESPACE[1:]}/{NAME}": "active", f"other/{NAME}": "active"}, "both")
    yield client
    client.close()
    for node in nodes:
        assert node.stop() == 0, node.text()


def states(client: NodeClient) -> dict[str, str]:
    """Return node name -> lifecycle state of the newest diagnostics."""
    found = {}
    for message in list(client.received["/diagnostics"]):
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if "lifecycle state" in values:
                found[status.name.partition(":")[0]] = values["lifecycle state"]
    return found


def live(client: NodeClient, ask: str) -> set[str]:
    """Return the names that the two nodes use together, as if both were in NAMESPACE."""
    found = set()
    for namespace in (NAMESPACE, "/other"):
        try:
            names = getattr(client.ros, ask)(NAME, namespace)
        except rclpy_implementation.NodeNameNonExistentError:  # not discovered yet
            continue
        for name, _ in names:
            found.add(name.replace("/other/", f"{NAMESPACE}/", 1) if name.startswith("/other/") else name)
    return found


def wait_for(client: NodeClient, ask: str, expected: set[str]) -> None:
    """Wait until discovery has found all names, and compare them with those of the policy."""
    try:
        client.wait(lambda: live(client, ask) == expected, ask, timeout_s=20.0)
    except HarnessError:
        assert live(client, ask) == expected  # which says what differs
        raise


def test_the_policy_allows_exactly_the_published_topics(client: NodeClient) -> None:
    wait_for(client, "get_publisher_names_and_types_by_node", allowed("topic", "publish"))


def test_the_policy_allows_exactly_the_subscribed_topics(client: NodeClient) -> None:
    wait_for(client, "get_subscriber_names_and_types_by_node", allowed("topic", "subscribe") - NOT_INSTALLED)
    assert allowed("topic", "subscribe") >= NOT_INSTALLED


def test_the_policy_allows_exactly_the_services(client: NodeClient) -> None:
    wait_for(client, "get_service_names_and_types_by_node", allowed("service", "reply"))
    assert live(client, "get_client_names_and_types_by_node") == allowed("service", "request") == set()


def test_the_policy_has_the_form_that_sros2_reads() -> None:
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.get("version")) == ("policy", "0.2.0")
    (enclave,) = root.iter("enclave")
    assert enclave.get("path") == "/grin"
    (profile,) = root.iter("profile")
    assert (profile.get("ns"), profile.get("node")) == ("/", "grin")
    assert {value for group in profile for value in group.attrib.values()} == {"ALLOW"}
