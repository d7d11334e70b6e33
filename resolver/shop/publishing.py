"""Effects as the messages that are published: CloudEvents of the resolver, and the retained baskets."""

from __future__ import annotations

import json
from typing import Any

from agent.messages import CloudEvent, Command, format_utc, parse_utc
from resolver.shop.effects import Adjusted, Ask, Basket, Issued

RECEIPT = "shelf.v1.receipt"
ADJUSTMENT = "shelf.v1.adjustment"
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def resolver_source(store: str) -> str:
    """The `source` of the resolver's events."""
    return f"/stores/{store}/resolver"


def cloud_event(store: str, effect: Issued | Adjusted) -> CloudEvent:
    """A receipt or an adjustment as it is published on `.../receipts`."""
    kind, at, subject = _head(effect)
    return CloudEvent(
        id=effect.event_id,
        source=resolver_source(store),
        type=kind,
        time=at,
        recordedtime=at,
        subject=subject,
        data=effect.body,
    )


def event_text(store: str, effect: Issued | Adjusted) -> str:
    """Its JSON text, as `cloud_event` gives it, without the detour by way of a model."""
    kind, at, subject = _head(effect)
    time = format_utc(at)
    document = {
        "specversion": "1.0",
        "id": effect.event_id,
        "source": resolver_source(store),
        "type": kind,
        "time": time,
        "recordedtime": time,
        "subject": subject,
        "datacontenttype": "application/json",
        "data": effect.body,
    }
    return to_json(document)


def basket_document(basket: Basket, session: str, currency: str) -> dict[str, Any]:
    """What is retained on `.../baskets/{session}`."""
    return {
        "session": session,
        "group": basket.group,
        "lines": [line.document() for line in basket.lines],
        "total": format(basket.total, "f"),
        "currency": currency,
        "probability": round(basket.probability, 3),
        "time": format_utc(basket.t_utc_ns),
    }


def command_document(ask: Ask) -> dict[str, Any]:
    """A command as it is published on `.../commands`."""
    command = Command(id=ask.id, expires=ask.expires_utc_ns, command=ask.command, **dict(ask.arguments))
    return command.model_dump(mode="json")


def shown(event: dict[str, Any], decided_by: str | None) -> dict[str, Any]:
    """A published receipt or adjustment as page and interface show it; `delay_s` is from exit to receipt."""
    data = event["data"]
    kind = event["type"].removeprefix("shelf.v1.")
    delay_s = (parse_utc(data["issued"]) - parse_utc(data["exited"])) / 1e9 if kind == "receipt" else None
    told = {"kind": kind, "time": event["time"], "decided_by": decided_by, "delay_s": delay_s}
    return {"id": event["id"], **told, "data": data}


def shown_effect(effect: Issued | Adjusted) -> dict[str, Any]:
    """The same of what is about to be published."""
    kind, at, _ = _head(effect)
    event = {"id": effect.event_id, "type": kind, "time": format_utc(at), "data": effect.body}
    return shown(event, effect.decided_by)


def to_json(document: dict[str, Any]) -> str:
    """Compact JSON text, never NaN."""
    return _ENCODER.encode(document)


def _head(effect: Issued | Adjusted) -> tuple[str, int, str]:
    """Type, instant and subject."""
    if isinstance(effect, Issued):
        return RECEIPT, effect.receipt.issued, effect.receipt.session
    return ADJUSTMENT, effect.made_utc_ns, effect.adjustment.receipt
