# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""config/sros2_policy.xml allows what a live node does, with all its options on, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rclpy.impl.implementation_singleton import rclpy_implementation
from rosgraph_msgs.msg import Clock

from tests.ros.fakes import BACKEND
from tests.ros.harness import ROOT, Client, NodeProcess

POLICY = ROOT / "config" / "sros2_policy.xml"
NAMESPACE, NAME = "/robot", "grin"
OPTIONS: dict[str, Any] = {"use_sim_time": True, "scale.from_ranges": True}
WITHOUT_TF2 = {"/tf", "/tf_static"}
"""What only mounting.base_frame and the like bring; tf2_ros comes with a ROS installation."""


def resolved(name: str) -> str:
    """As SROS2 does, for a profile with ns=NAMESPACE."""
    if name.startswith("~/"):
        return f"{NAMESPACE}/{NAME}/{name[2:]}"
    return name if name.startswith("/") else f"{NAMESPACE}/{name}"


def allowed(kind: str, permission: str) -> set[str]:
    """kind: topic or service; permission: publish, subscribe, reply or request."""
    (profile,) = ElementTree.parse(POLICY).getroot().iter("profile")
    groups = [group for group in profile if group.get(permission) == "ALLOW"]
    return {resolved((each.text or "").strip()) for group in groups for each in group.iter(kind)}


@pytest.fixture(scope="module")
def client(fake_artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Two nodes, raw and compressed, with all options that need no tf2."""
    folder = tmp_path_factory.mktemp("sros2")
    common = {"model": str(fake_artifact), "backend": BACKEND, "autostart": True, "diagnostics_period_s": 0.1}
    nodes = [
        NodeProcess(folder / "raw", {**common, **OPTIONS}, "-r", f"__ns:={NAMESPACE}"),
        NodeProcess(folder / "compressed", {**common, "compressed": True}, "-r", "__ns:=/other"),
    ]
    client = Client(nodes[0], f"{NAMESPACE}/{NAME}")
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


def states(client: Client) -> dict[str, str]:
    """Node -> lifecycle state, of the newest diagnostics."""
    found = {}
    for message in list(client.received["/diagnostics"]):
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if "lifecycle state" in values:
                found[status.name.partition(":")[0]] = values["lifecycle state"]
    return found


def live(client: Client, ask: str) -> set[str]:
    """Names that both nodes have together, as if both were in NAMESPACE."""
    found = set()
    for namespace in (NAMESPACE, "/other"):
        try:
            names = getattr(client.ros, ask)(NAME, namespace)
        except rclpy_implementation.NodeNameNonExistentError:  # not discovered yet
            continue
        for name, _ in names:
            found.add(name.replace("/other/", f"{NAMESPACE}/", 1) if name.startswith("/other/") else name)
    return found


def wait_for(client: Client, ask: str, expected: set[str]) -> None:
    """Discovery takes its time; in the end the two sets are one."""
    try:
        client.wait(lambda: live(client, ask) == expected, ask, limit_s=20.0)
    except AssertionError:
        assert live(client, ask) == expected  # which says what differs
        raise


def test_topics_that_are_published(client: Client) -> None:
    wait_for(client, "get_publisher_names_and_types_by_node", allowed("topic", "publish"))


def test_topics_that_are_subscribed_to(client: Client) -> None:
    wait_for(client, "get_subscriber_names_and_types_by_node", allowed("topic", "subscribe") - WITHOUT_TF2)
    assert allowed("topic", "subscribe") >= WITHOUT_TF2


def test_services(client: Client) -> None:
    wait_for(client, "get_service_names_and_types_by_node", allowed("service", "reply"))
    assert live(client, "get_client_names_and_types_by_node") == allowed("service", "request") == set()


def test_the_policy_is_one_that_sros2_reads() -> None:
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.get("version")) == ("policy", "0.2.0")
    (enclave,) = root.iter("enclave")
    assert enclave.get("path") == "/grin"
    (profile,) = root.iter("profile")
    assert (profile.get("ns"), profile.get("node")) == ("/", "grin")
    assert {value for group in profile for value in group.attrib.values()} == {"ALLOW"}
