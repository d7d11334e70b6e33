"""Messages from strangers are read or refused with one line, never with an exception of another kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopfloor import Script

from agent.messages import MessageError
from resolver.inbox import MovementFact, PresenceFact, Reader
from resolver.inbox.swift import read_movement, read_presence, read_session, read_watermark

READER = Reader("demo", ("a1",))
EVENTS = "shelf/v1/demo/agents/a1/events"


def a_pick() -> dict[str, Any]:
    script = Script()
    script.pick(1, {"cola": 1})
    return dict(script.messages[0]["payload"])


def test_a_pick_is_read() -> None:
    fact = READER.read(EVENTS, json.dumps(a_pick()))
    assert isinstance(fact, MovementFact)
    assert (fact.sequence, fact.movement.plate, fact.movement.items[0].qty) == (1, "P1", 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "/stores/demo/agents/a2"}, "does not match its topic"),
        ({"source": "/stores/other/agents/a1"}, "does not match its topic"),
        ({"sequence": None}, "sequence"),
        ({"epoch": None}, "epoch"),
        ({"sequence": "0000000000000000"}, "begins at 1"),
        ({"time": "yesterday"}, "time"),
        ({"time": "9999-01-01T00:00:00Z"}, "1970 to 2200"),
        ({"recordedtime": "1069-01-01T00:00:00Z"}, "1970 to 2200"),
        ({"data": {}}, "plate"),
        ({"specversion": "0.3"}, "specversion"),
    ],
)
def test_what_is_wrong_is_refused_and_named(change: dict[str, Any], said: str) -> None:
    payload = {key: value for key, value in (a_pick() | change).items() if value is not None}
    with pytest.raises(MessageError, match=said):
        READER.read(EVENTS, payload)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff\xfe", b'{"a":NaN}', b"[" * 60_000, b" " * 70_000])
def test_what_is_no_json_object_is_refused(payload: bytes) -> None:
    with pytest.raises(MessageError):
        READER.read(EVENTS, payload)


def test_an_agent_that_is_not_in_the_store_file_is_refused() -> None:
    with pytest.raises(MessageError, match="'a9' is not in the store file"):
        READER.read("shelf/v1/demo/agents/a9/events", a_pick() | {"source": "/stores/demo/agents/a9"})


def test_a_door_may_not_speak_as_an_agent() -> None:
    script = Script()
    script.enter("s1", 0)
    message = script.messages[0]
    with pytest.raises(MessageError, match="does not match"):
        READER.read(message["topic"], message["payload"] | {"source": "/stores/demo/agents/a1"})


def test_kinds_that_are_not_known_keep_their_number() -> None:
    fact = READER.read(EVENTS, a_pick() | {"type": "shelf.v1.something-later"})
    assert fact is not None
    assert not isinstance(fact, MovementFact)


def test_shares_above_one_are_scaled_down() -> None:
    script = Script()
    script.near(0, {"s1": 0.9, "s2": 0.9})
    fact = READER.read(script.messages[0]["topic"], script.messages[0]["payload"])
    assert isinstance(fact, PresenceFact)
    assert dict(fact.shares) == {"s1": pytest.approx(0.5), "s2": pytest.approx(0.5)}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(sorted(a_pick())), json_values)
def test_any_value_in_any_member_is_read_or_refused(member: str, value: Any) -> None:
    try:
        READER.read(EVENTS, json.dumps(a_pick() | {member: value}))
    except MessageError as error:
        assert "\n" not in error.reason


@given(st.sampled_from(sorted(a_pick()["data"])), json_values)
def test_any_value_in_any_member_of_data_is_read_or_refused(member: str, value: Any) -> None:
    payload = a_pick()
    try:
        READER.read(EVENTS, json.dumps(payload | {"data": payload["data"] | {member: value}}))
    except MessageError as error:
        assert "\n" not in error.reason


def said(payload: bytes | str, topic: str = EVENTS) -> object:
    """What is read, or why it is refused; bytes may be read in one pass, text never is."""
    try:
        return READER.read(topic, payload)
    except MessageError as error:
        return error.reason


def often() -> list[tuple[str, dict[str, Any]]]:
    """Topic and payload of each kind that is read in one pass."""
    script = Script()
    script.pick(1, {"cola": 1})
    script.watermark(2, open={"P1": 1.0}, blind={"P2": 0.5}, previous={"epoch": "e0", "sequence": f"{7:016d}"})
    script.enter("s1", 0, "g1")
    script.near(0, {"s1": 0.9, "s2": 0.9})
    return [(message["topic"], message["payload"]) for message in script.messages]


OFTEN = often()
WORDS = ("0", "1", "2", "5", "0.6", "1.0\n", "s1\n", "P1\x7f", "x" * 129, "pick", "exited", "shopper")
KINDS = ("shelf.v1.pick", "shelf.v1.exited", "shelf.v1.presence")
SOURCES = ("/stores/demo/agents/a1", "/stores/demo/apps/x", "/stores/other/doors/front")
near_misses = json_values | st.sampled_from([*WORDS, *KINDS, *SOURCES, 1.0, -0.0, 10**30, 1e300])
instants = st.from_regex(
    r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,9})?(Z|z|[+-]\d\d:\d\d)?", fullmatch=True
)
counts = st.lists(st.fixed_dictionaries({"sku": near_misses, "qty": near_misses}, optional={"weight_g": near_misses}))
candidates = st.lists(st.fixed_dictionaries({"items": counts, "probability": near_misses}), max_size=9)
plates = st.lists(st.fixed_dictionaries({"plate": near_misses, "since": instants | near_misses}), max_size=3)
shares = st.dictionaries(st.text(max_size=5), st.floats(-0.1, 1.1) | near_misses, max_size=4)


@pytest.mark.parametrize("number", range(len(OFTEN)))
@given(data=st.data())
def test_what_is_read_in_one_pass_is_what_the_full_check_says(number: int, data: st.DataObject) -> None:
    topic, sound = OFTEN[number]
    member = data.draw(st.sampled_from([*sorted(sound), "epoch", "sequence"]))
    value = data.draw(near_misses | instants | counts | candidates | plates | shares)
    if member == "data":
        payload = sound | {"data": sound["data"] | {data.draw(st.sampled_from(sorted(sound["data"]))): value}}
    else:
        payload = sound | {member: value}
    text = json.dumps(payload)
    assert repr(said(text.encode(), topic)) == repr(said(text, topic))


@pytest.mark.parametrize(("topic", "sound"), OFTEN)
def test_what_most_senders_write_is_read_in_one_pass(topic: str, sound: dict[str, Any]) -> None:
    raw = json.dumps(sound).encode()
    agent, source = "a1", "/stores/demo/agents/a1"
    shop = ("/stores/demo/", "/stores/demo/agents/")
    swift = [
        read_movement(agent, source, raw),
        read_watermark(agent, source, raw),
        read_session(*shop, raw),
        read_presence(*shop, raw),
    ]
    assert [fact for fact in swift if fact is not None] == [READER.read(topic, sound)]


@pytest.mark.parametrize(("topic", "sound"), OFTEN)
def test_what_is_passed_over_must_be_json_too(topic: str, sound: dict[str, Any]) -> None:
    text = json.dumps(sound | {"more": "x"})
    for odd in ('"\\ud800"', '"\x01"', '"\\q"', "NaN", "01", "[1,]", "[" * 60_000):
        broken = text.replace('"x"', odd)
        known = json.dumps(sound).replace('"P1"', odd).replace('"s1"', odd)
        for payload in (broken, known):
            assert repr(said(payload.encode(), topic)) == repr(said(payload, topic))
