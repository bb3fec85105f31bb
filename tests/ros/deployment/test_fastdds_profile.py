# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile has shared memory for large images. All tests over DDS run with it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from tests.ros import ROOT

NAMESPACE = "{http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles}"


def test_the_default_participant_uses_large_shared_memory_and_udp_and_nothing_else() -> None:
    root = ElementTree.parse(ROOT / "config" / "fastdds.xml").getroot()
    transports = {}
    for transport in root.iter(f"{NAMESPACE}transport_descriptor"):
        values = {child.tag.removeprefix(NAMESPACE): child.text for child in transport}
        transports[values["transport_id"]] = values
    (participant,) = root.iter(f"{NAMESPACE}participant")
    assert participant.get("is_default_profile") == "true"
    used = [element.text for element in participant.iterfind(f".//{NAMESPACE}transport_id")]
    assert {transports[name]["type"] for name in used} == {"SHM", "UDPv4"}
    assert [element.text for element in participant.iter(f"{NAMESPACE}useBuiltinTransports")] == ["false"]
    (shared,) = (values for values in transports.values() if values["type"] == "SHM")
    assert int(shared["segment_size"] or 0) >= 4 * 1280 * 720 * 3, "holds a few 1280x720 images"
    assert int(shared["maxMessageSize"] or 0) >= 1280 * 720 * 3, "one of them in one piece"
