"""MQTT discovery for Home Assistant: one device an agent, in one retained message. Pure.

After Home Assistant's MQTT device discovery (`homeassistant/device/ID/config`); valid by the schema of its 2026.2.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.messages import Topics
from agent.store import Item, Plate

_NOT_ID = re.compile(r"[^A-Za-z0-9_-]")
EVENT_TYPES = ("pick", "put", "change")


def discovery_topic(prefix: str, store: str, agent: str) -> str:
    """Where the device's configuration is retained; an empty payload there removes the device."""
    return f"{prefix}/device/{_device(store, agent)}/config"


def discovery(store: str, agent: str, version: str, plates: Sequence[Plate], items: Mapping[str, Item]) -> str:
    """The configuration as JSON: weight, stock, problems and events of each plate; available while the agent is on."""
    topics = Topics(store)
    components: dict[str, dict[str, Any]] = {}
    for plate in plates:
        state = topics.plate(agent, plate.id)
        key = f"{_device(store, agent)}-{plate.id}"
        components[f"{plate.id}-weight"] = {
            "platform": "sensor",
            "unique_id": f"{key}-weight",
            "name": f"{plate.id} weight",
            "state_topic": state,
            "value_template": "{{ value_json.weight_g }}",
            "device_class": "weight",
            "state_class": "measurement",
            "unit_of_measurement": "g",
            "suggested_display_precision": 0,
        }
        components[f"{plate.id}-problem"] = {
            "platform": "binary_sensor",
            "unique_id": f"{key}-problem",
            "name": f"{plate.id} problem",
            "state_topic": state,
            "value_template": "{{ 'ON' if value_json.quality else 'OFF' }}",
            "json_attributes_topic": state,
            "json_attributes_template": "{{ {'quality': value_json.quality} | tojson }}",
            "device_class": "problem",
        }
        for sku in dict.fromkeys(lane.sku for lane in plate.lanes):
            components[f"{plate.id}-stock-{_NOT_ID.sub('_', sku)}"] = {
                "platform": "sensor",
                "unique_id": f"{key}-stock-{_NOT_ID.sub('_', sku)}",
                "name": f"{plate.id} {items[sku].name}",
                "state_topic": state,
                "value_template": f"{{{{ value_json.contents.get({json.dumps(sku)}, 0) }}}}",
                "state_class": "measurement",
                "icon": "mdi:package-variant",
            }
        components[f"{plate.id}-events"] = {
            "platform": "event",
            "unique_id": f"{key}-events",
            "name": f"{plate.id} taken or put",
            "state_topic": topics.events(agent),
            "event_types": list(EVENT_TYPES),
            "value_template": _event_template(plate.id),
        }
    document = {
        "device": {
            "identifiers": [_device(store, agent)],
            "name": f"Shelf {agent}",
            "model": "Shelf agent",
            "sw_version": version,
        },
        "origin": {"name": "shelf-agent", "sw_version": version},
        "components": components,
        "availability": [{"topic": topics.status(agent), "value_template": "{{ value_json.state }}"}],
        "payload_available": "online",
        "payload_not_available": "offline",
        "qos": 1,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _device(store: str, agent: str) -> str:
    return f"shelf-{store}-{agent}"


def _event_template(plate: str) -> str:
    """Picks, puts and changes of one plate; an empty result is ignored by the event platform."""
    kinds = ", ".join(f"'shelf.v1.{kind}'" for kind in EVENT_TYPES)
    found = "{'event_type': value_json.type.split('.')[-1], 'items': value_json.data['items'], "
    found += "'delta_g': value_json.data.delta_g, 'confidence': value_json.data.confidence}"
    return (
        f"{{% if value_json.type in ({kinds}) and value_json.subject == '{plate}' %}}"
        f"{{{{ {found} | tojson }}}}{{% endif %}}"
    )
