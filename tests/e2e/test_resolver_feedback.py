"""What the resolver knows better goes back to the agent: over a real mosquitto, in the contract's own command."""

from __future__ import annotations

import json

from agent.messages import Command, parse_payload
from tests.e2e.test_resolver_service import (  # the fixtures and what they give
    BOUND_S,
    Resolver,
    Shopfront,
    resolver,
    shopfront,
)

__all__ = ["resolver", "shopfront"]


def test_a_foreign_thing_that_an_agent_took_for_goods_is_told(resolver: Resolver, shopfront: Shopfront) -> None:
    resolver.start()
    t = shopfront.now()
    shopfront.script.enter("s1", t - 1.0)
    shopfront.script.put(t - 0.8, {"juice": 1}, told=t - 0.6, plate="P2", confidence=0.5)
    shopfront.script.exit("s1", t - 0.5)
    shopfront.watermark()
    assert shopfront.receipt()[1]["data"]["lines"] == []
    state = {"weight_g": 352.0, "stable": True, "contents": {"juice": 1, "cola": 4}, "quality": []}
    topic = "shelf/v1/demo/agents/a1/plates/P2"
    payload = json.dumps({**state, "time": shopfront.script.at(shopfront.now())})
    shopfront.client.publish(topic, payload, retain=True).wait_for_publish(BOUND_S)
    command = parse_payload(Command, shopfront.commands.get(timeout=BOUND_S))
    assert command.command == "set-contents"
    assert command.arguments == {"plate": "P2", "contents": {"cola": 4}}
    shopfront.client.publish(topic, b"", retain=True).wait_for_publish(BOUND_S)
