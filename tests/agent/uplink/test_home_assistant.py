"""The discovery message, held to what Home Assistant's own schema takes, and its templates rendered.

The schema is that of `homeassistant.components.mqtt` 2026.2.3, under which this very document was found valid: unknown
members are refused there. What is used of it stands below.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from jinja2 import Environment

from agent.store import parse_store
from agent.uplink.home_assistant import discovery, discovery_topic
from bench.faults.shelf import store_text

STORE = parse_store(store_text().encode(), "store.toml")
DEVICE = {
    "availability", "availability_mode", "availability_template", "availability_topic", "command_topic", "components",
    "device", "encoding", "origin", "payload_available", "payload_not_available", "qos", "state_topic",
}  # fmt: skip
COMMON = {
    "availability", "availability_mode", "availability_template", "availability_topic", "default_entity_id", "device",
    "device_class", "enabled_by_default", "encoding", "entity_category", "entity_picture", "icon",
    "json_attributes_template", "json_attributes_topic", "name", "object_id", "origin", "payload_available",
    "payload_not_available", "qos", "state_topic", "unique_id", "value_template",
}  # fmt: skip
ALLOWED = {
    "sensor": COMMON | {
        "expire_after", "force_update", "last_reset_value_template", "options", "state_class",
        "suggested_display_precision", "unit_of_measurement",
    },
    "binary_sensor": COMMON | {"expire_after", "force_update", "off_delay", "payload_off", "payload_on"},
    "event": COMMON | {"event_types"},
}  # fmt: skip
CLASSES = {
    ("sensor", "weight"): (
        {"g", "kg", "lb", "mg", "oz", "st", "\u03bcg"},
        {"measurement", "total", "total_increasing"},
    ),
    ("sensor", None): ({None}, {"measurement"}),
    ("binary_sensor", "problem"): ({None}, {None}),
    ("event", None): ({None}, {None}),
}
REQUIRED = {"sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "event": {"state_topic", "event_types"}}


@pytest.fixture
def document() -> dict:  # type: ignore[type-arg] # JSON
    return json.loads(discovery(STORE.id, "a1", "1.2.3", STORE.plates_of("a1"), STORE.items))


def test_the_device_has_what_discovery_requires(document: dict) -> None:  # type: ignore[type-arg]
    assert discovery_topic("homeassistant", STORE.id, "a1") == f"homeassistant/device/shelf-{STORE.id}-a1/config"
    assert document["device"]["identifiers"] == [f"shelf-{STORE.id}-a1"]
    assert set(document) <= DEVICE
    assert set(document["device"]) <= {"identifiers", "name", "model", "sw_version"}
    assert set(document["origin"]) <= {"name", "sw_version", "support_url"}
    assert document["origin"]["name"]
    assert document["availability"][0]["topic"] == f"shelf/v1/{STORE.id}/agents/a1/status"
    assert document["payload_available"] == "online"
    assert document["payload_not_available"] == "offline"


def test_each_component_has_its_platforms_members_only(document: dict) -> None:  # type: ignore[type-arg]
    components = document["components"].values()
    assert len({component["unique_id"] for component in components}) == len(components)
    for component in components:
        platform = component["platform"]
        assert set(component) - {"platform"} <= ALLOWED[platform]
        units, states = CLASSES[platform, component.get("device_class")]
        assert component.get("unit_of_measurement") in units
        assert component.get("state_class") in states
        assert set(component) >= REQUIRED[platform] | {"platform", "unique_id"}


def test_each_plate_has_weight_stock_events_and_problem(document: dict) -> None:  # type: ignore[type-arg]
    for plate in STORE.plates_of("a1"):
        own = {key for key in document["components"] if key.startswith(f"{plate.id}-")}
        stock = {f"{plate.id}-stock-{lane.sku}" for lane in plate.lanes}
        assert own == {f"{plate.id}-weight", f"{plate.id}-problem", f"{plate.id}-events"} | stock


def rendered(template: str, payload: dict) -> str:  # type: ignore[type-arg] # JSON
    """As Home Assistant does it: `value_json` is the payload."""
    environment = Environment(autoescape=False)  # noqa: S701 # JSON, no HTML
    return environment.from_string(template).render(value_json=payload).strip()


def test_a_plates_state_is_shown(document: dict) -> None:  # type: ignore[type-arg]
    def shown(name: str, **state: Any) -> str:
        return rendered(document["components"][f"P1-{name}"]["value_template"], state)

    weighed = {"weight_g": 1234.5, "contents": {"can": 59}, "quality": ["gap"]}
    assert shown("weight", **weighed) == "1234.5"
    assert shown("stock-can", **weighed) == "59"
    assert shown("stock-jar", **weighed) == "0"
    assert shown("problem", **weighed) == "ON"
    blind = {"weight_g": None, "contents": {}, "quality": []}
    assert shown("weight", **blind) == "None"  # which Home Assistant shows as unknown
    assert shown("problem", **blind) == "OFF"


@pytest.mark.parametrize(("kind", "subject", "told"), [
    ("pick", "P1", True), ("put", "P1", True), ("change", "P1", True),
    ("pick", "P2", False), ("correction", "P1", False), ("fault", "P1", False),
])  # fmt: skip
def test_an_event_is_told_of_its_own_plate_alone(
    document: dict,  # type: ignore[type-arg]
    kind: str,
    subject: str,
    told: bool,
) -> None:
    component = document["components"]["P1-events"]
    data = {"items": [{"sku": "can", "qty": 1}], "delta_g": -351.2, "confidence": 0.998}
    text = rendered(component["value_template"], {"type": f"shelf.v1.{kind}", "subject": subject, "data": data})
    if not told:
        assert text == ""  # which Home Assistant leaves alone
        return
    event = json.loads(text)
    assert event.pop("event_type") == kind
    assert kind in component["event_types"]
    assert event == data
