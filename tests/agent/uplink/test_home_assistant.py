"""The discovery message, held to what Home Assistant documents of MQTT device discovery and of each platform."""

from __future__ import annotations

import json

import pytest

from agent.store import parse_store
from agent.uplink.home_assistant import discovery, discovery_topic
from bench.faults.shelf import store_text

STORE = parse_store(store_text().encode(), "store.toml")
COMMON = {"platform", "unique_id", "name", "state_topic", "value_template", "icon", "device_class"}
ALLOWED = {
    "sensor": COMMON | {"state_class", "unit_of_measurement", "suggested_display_precision"},
    "binary_sensor": COMMON | {"json_attributes_topic", "json_attributes_template"},
    "event": COMMON | {"event_types"},
}
REQUIRED = {"sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "event": {"state_topic", "event_types"}}


@pytest.fixture
def document() -> dict:  # type: ignore[type-arg] # JSON
    return json.loads(discovery(STORE.id, "a1", "1.2.3", STORE.plates_of("a1"), STORE.items))


def test_the_device_has_what_discovery_requires(document: dict) -> None:  # type: ignore[type-arg]
    assert discovery_topic("homeassistant", STORE.id, "a1") == f"homeassistant/device/shelf-{STORE.id}-a1/config"
    assert document["device"]["identifiers"] == [f"shelf-{STORE.id}-a1"]
    assert document["origin"]["name"]
    assert document["availability"][0]["topic"] == f"shelf/v1/{STORE.id}/agents/a1/status"
    assert document["payload_available"] == "online"
    assert document["payload_not_available"] == "offline"


def test_each_component_has_its_platforms_members_only(document: dict) -> None:  # type: ignore[type-arg]
    components = document["components"].values()
    assert len({component["unique_id"] for component in components}) == len(components)
    for component in components:
        platform = component["platform"]
        assert set(component) <= ALLOWED[platform]
        assert set(component) >= REQUIRED[platform] | {"platform", "unique_id"}


def test_each_plate_has_weight_stock_events_and_problem(document: dict) -> None:  # type: ignore[type-arg]
    for plate in STORE.plates_of("a1"):
        own = {key for key in document["components"] if key.startswith(f"{plate.id}-")}
        stock = {f"{plate.id}-stock-{lane.sku}" for lane in plate.lanes}
        assert own == {f"{plate.id}-weight", f"{plate.id}-problem", f"{plate.id}-events"} | stock
