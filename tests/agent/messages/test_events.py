"""What is published: rounded, never NaN, and shaped as the contract says."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.messages import (
    Candidate,
    CloudEvent,
    Correction,
    Fault,
    ItemCount,
    MessageError,
    Movement,
    PlateState,
    Presence,
    ReceiptLine,
    SessionData,
    Topics,
    Watermark,
    agent_source,
    parse_json,
    parse_payload,
)
from agent.messages.envelope import MAX_PAYLOAD_BYTES, event_id, sequence_text
from agent.messages.events import MAX_CANDIDATES, PICK

S = 1_000_000_000


def movement(**change: Any) -> Movement:
    values: dict[str, Any] = {
        "plate": "P1",
        "delta_g": -351.2345,
        "sigma_g": 0.6411,
        "before_g": 7203.06,
        "after_g": -0.01,
        "position_mm": (102.449, 133.0),
        "position_sigma_mm": 3.14159,
        "items": (ItemCount(sku="cola", qty=1),),
        "confidence": 0.99849,
        "candidates": (Candidate(items=(ItemCount(sku="cola", qty=1),), probability=0.99849),),
        "started": 0,
        "settled": S,
    }
    return Movement(**(values | change))


def event(**change: Any) -> CloudEvent:
    values: dict[str, Any] = {
        "id": event_id("e", 7),
        "source": agent_source("demo", "a1"),
        "type": PICK,
        "time": S,
        "recordedtime": 2 * S,
        "subject": "P1",
        "epoch": "e",
        "sequence": sequence_text(7),
        "data": movement().model_dump(mode="json"),
    }
    return CloudEvent(**(values | change))


def test_the_envelope_holds_what_the_contract_names() -> None:
    document = json.loads(event().to_json())
    assert list(document) == [
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "recordedtime",
        "subject",
        "datacontenttype",
        "epoch",
        "sequence",
        "data",
    ]
    assert document["specversion"] == "1.0"
    assert document["id"] == "e-0000000000000007"
    assert document["source"] == "/stores/demo/agents/a1"
    assert document["type"] == "shelf.v1.pick"
    assert document["time"] == "1970-01-01T00:00:01.000000Z"
    assert document["datacontenttype"] == "application/json"
    assert document["sequence"] == "0000000000000007"
    assert "null" not in json.dumps({name: document[name] for name in document if name != "data"})


def test_grams_and_places_are_told_to_a_tenth_and_probabilities_to_a_thousandth() -> None:
    data = json.loads(event().to_json())["data"]
    assert (data["delta_g"], data["sigma_g"], data["before_g"]) == (-351.2, 0.6, 7203.1)
    assert data["position_mm"] == [102.4, 133.0]
    assert data["position_sigma_mm"] == 3.1
    assert data["confidence"] == data["candidates"][0]["probability"] == 0.998
    assert str(data["after_g"]) == "0.0"  # never -0.0
    assert data["items"] == [{"sku": "cola", "qty": 1}]  # no weight where an item is sold by the unit


def test_one_cell_tells_no_place_and_says_so() -> None:
    data = movement(position_mm=None, position_sigma_mm=None).model_dump(mode="json")
    assert data["position_mm"] is None
    assert data["position_sigma_mm"] is None


@pytest.mark.parametrize("field", ["delta_g", "sigma_g", "before_g", "after_g", "confidence", "position_sigma_mm"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_never_told(field: str, value: float) -> None:
    with pytest.raises(ValidationError):
        movement(**{field: value})


def test_nan_is_not_written_even_where_a_model_does_not_look() -> None:
    text = event(data={"anything": math.nan, "more": [math.inf]}).to_json()
    assert parse_json(text)["data"] == {"anything": None, "more": [None]}


def test_at_most_eight_candidates_are_told() -> None:
    candidate = movement().candidates[0]
    assert len(movement(candidates=(candidate,) * MAX_CANDIDATES).candidates) == 8
    with pytest.raises(ValidationError):
        movement(candidates=(candidate,) * (MAX_CANDIDATES + 1))


@pytest.mark.parametrize("share", [-0.001, 1.001])
def test_a_probability_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(ValidationError):
        movement(confidence=share)


json_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    delta=st.floats(-1e6, 1e6),
    confidence=st.floats(0, 1),
    t_ns=st.integers(0, 4_000_000_000 * S),
    subject=json_text,
)
def test_an_event_is_read_as_it_was_written(delta: float, confidence: float, t_ns: int, subject: str) -> None:
    sent = event(
        time=t_ns, subject=subject, data=movement(delta_g=delta, confidence=confidence).model_dump(mode="json")
    )
    got = parse_payload(CloudEvent, sent.to_json().encode())
    assert got.time == t_ns - t_ns % 1_000
    assert got.subject == subject
    data = parse_payload(Movement, got.data)
    assert data.delta_g == pytest.approx(delta, abs=0.0500001)
    assert data.confidence == pytest.approx(confidence, abs=0.000501)
    assert parse_payload(CloudEvent, got.to_json()).to_json() == got.to_json()


def test_unknown_members_are_ignored_at_every_depth() -> None:
    document = json.loads(event().to_json())
    document["tracestate"] = "x"
    document["data"]["mood"] = "good"
    document["data"]["items"][0]["colour"] = "red"
    got = parse_payload(CloudEvent, json.dumps(document))
    assert not hasattr(got, "tracestate")
    assert parse_payload(Movement, got.data).items == (ItemCount(sku="cola", qty=1),)
    assert parse_payload(SessionData, b'{"session":"s1","group":null,"door":3}') == SessionData(session="s1")


def test_an_event_without_recordedtime_was_made_when_it_happened() -> None:
    assert event(recordedtime=None).t_recorded == S
    assert event().t_recorded == 2 * S
    assert event().kind == "pick"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[1]", "JSON list"),
        (b"null", "JSON NoneType"),
        (b'{"a":NaN}', "NaN is not allowed"),
        (b'{"a":-Infinity}', "-Infinity is not allowed"),
        (b"[" * 60_000, "no JSON"),
        (b" " * (MAX_PAYLOAD_BYTES + 1), "at most 65536"),
    ],
)
def test_what_is_no_message_is_refused_in_one_line(payload: bytes, why: str) -> None:
    with pytest.raises(MessageError, match=why) as caught:
        parse_json(payload)
    assert "\n" not in caught.value.reason
    assert len(caught.value.reason) < 200


def test_a_payload_may_be_64_kib() -> None:
    assert parse_json(b'{"a":"' + b"x" * (MAX_PAYLOAD_BYTES - 8) + b'"}').keys() == {"a"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"time": "yesterday"}, "time"),
        ({"time": None}, "time"),
        ({"id": ""}, "id"),
        ({"specversion": "0.3"}, "specversion"),
        ({"sequence": "7"}, "sequence"),
        ({"data": []}, "data"),
        ({"source": 7}, "source"),
    ],
)
def test_the_first_member_that_is_wrong_is_named(change: dict[str, Any], where: str) -> None:
    document = json.loads(event().to_json()) | change
    with pytest.raises(MessageError) as caught:
        parse_payload(CloudEvent, json.dumps(document))
    assert caught.value.reason.startswith(f"{where}: ")
    assert "\n" not in caught.value.reason


@given(st.binary(max_size=100))
def test_any_bytes_are_a_message_or_refused(payload: bytes) -> None:
    try:
        parse_payload(CloudEvent, payload)
    except MessageError as error:
        assert error.reason


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (SessionData, {"session": "S 1"}),
        (SessionData, {"session": "s1", "group": "a/b"}),
        (Presence, {"plates": ["P1"], "shares": {"s1": 1.5}, "valid_s": 2.0}),
        (Presence, {"plates": ["P1"], "shares": {}, "valid_s": 0.0}),
        (Watermark, {"epoch": "e", "sequence": "1", "until": "2026-01-01T00:00:00Z"}),
        (PlateState, {"weight_g": math.nan, "stable": True, "contents": {}, "time": 0}),
        (Correction, {"corrects": "e-1", "items": [], "confidence": 2.0, "reason": ""}),
    ],
)
def test_other_messages_refuse_what_the_contract_forbids(model: type[Any], document: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        parse_payload(model, document)


def test_a_fault_says_what_where_and_what_to_do() -> None:
    fault = Fault(fault="cell-silent", board="b0", channel=3, plates=("P1",), remedy="check the wires")
    assert fault.model_dump(mode="json") == {
        "fault": "cell-silent",
        "board": "b0",
        "channel": 3,
        "plates": ["P1"],
        "remedy": "check the wires",
    }


def test_money_is_decimal_text_and_never_a_float() -> None:
    line = ReceiptLine(sku="cola", name="Cola", qty=2, unit_price=Decimal("1.50"), amount=Decimal("3.00"))
    assert line.model_dump(mode="json") == {
        "sku": "cola",
        "name": "Cola",
        "qty": 2,
        "weight_g": None,
        "unit_price": "1.50",
        "amount": "3.00",
    }
    large = line.model_copy(update={"amount": Decimal("1E+3"), "deposit": Decimal("0.25")})
    assert large.model_dump(mode="json")["amount"] == "1000"
    assert large.model_dump(mode="json")["deposit"] == "0.25"
    with pytest.raises(MessageError, match="never a float"):
        parse_payload(ReceiptLine, {"sku": "a", "name": "A", "qty": 1, "unit_price": 1.5, "amount": "1.50"})


def test_topics_are_those_of_the_contract() -> None:
    topics = Topics("demo")
    assert topics.events("a1") == "shelf/v1/demo/agents/a1/events"
    assert topics.plate("a1", "P1") == "shelf/v1/demo/agents/a1/plates/P1"
    assert topics.basket("s1") == "shelf/v1/demo/baskets/s1"
