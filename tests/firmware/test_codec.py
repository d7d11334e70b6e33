"""The board's codec and command handler, compiled for this machine, against the contract's vectors and agent.wire."""

from __future__ import annotations

import binascii
import ctypes
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire import frames, host
from tests.firmware import host_library
from tests.firmware.host_library import Receiver, receive, seal

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data" / "serial-vectors.json").read_text())
BOARD_FRAMES = ("HELLO", "SAMPLE", "STATUS", "REPLY")
SOUND, BAD_ARGUMENT, UNKNOWN, NO_COMMAND = range(4)

bodies = st.binary(min_size=1, max_size=frames.MAX_BODY_BYTES)


@pytest.fixture(scope="module")
def library(toolchain: None) -> ctypes.CDLL:
    return host_library.build()


def _message(library: ctypes.CDLL, vector: dict[str, Any]) -> bytes:
    """The vector's fields as the board writes them."""
    fields = dict(vector["fields"])
    body = ctypes.create_string_buffer(frames.MAX_BODY_BYTES)
    if vector["type"] == "HELLO":
        hello = host_library.Hello(
            board_id=(ctypes.c_uint8 * 8)(*bytes.fromhex(fields["board_id"])),
            firmware=(ctypes.c_uint8 * 3)(*map(int, fields["firmware"].split("."))),
            **{name: fields[name] for name in ("channels", "gain", "rate", "reset_cause", "boot")},
        )
        length = library.message_hello(ctypes.byref(hello), body)
    elif vector["type"] == "SAMPLE":
        counts = fields.pop("counts")
        # What stands in an absent channel's place must not be sent.
        padded = [c if fields["present"] >> k & 1 else 0x5A5A5A for k, c in enumerate(counts)] + [7] * (8 - len(counts))
        sample = host_library.Sample(counts=(ctypes.c_int32 * 8)(*padded), **fields)
        length = library.message_sample(ctypes.byref(sample), ctypes.c_uint8(len(counts)), body)
    elif vector["type"] == "STATUS":
        if fields["temperature"] is None:
            fields["temperature"] = frames.NO_TEMPERATURE
        length = library.message_status(ctypes.byref(host_library.Status(**fields)), body)
    else:
        length = library.message_reply(ctypes.c_uint8(fields["command"]), ctypes.c_uint8(fields["result"]), body)
    return body.raw[:length]


def _parse(library: ctypes.CDLL, body: bytes) -> tuple[int, int, bytes]:
    command = host_library.Command()
    result = library.command_parse(body, ctypes.c_uint8(len(body)), ctypes.byref(command))
    return result, command.type, bytes(command.argument[: len(body) - 1])


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if v["ok"] and v["type"] in BOARD_FRAMES and v["fields"].get("protocol", 1) == 1],
    ids=lambda v: v["name"],
)
def test_the_board_writes_the_vectors(library: ctypes.CDLL, vector: dict[str, Any]) -> None:
    assert seal(library, _message(library, vector)).hex() == vector["wire"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_the_board_reads_the_vectors(library: ctypes.CDLL, vector: dict[str, Any]) -> None:
    wire = bytes.fromhex(vector["wire"])
    receiver = Receiver(joined=True)
    found = receive(library, receiver, wire)
    if vector["ok"]:
        assert found == [frames.unseal(wire[:-1])]
        assert receiver.errors == 0
        expected = NO_COMMAND if vector["type"] in BOARD_FRAMES else SOUND
        assert _parse(library, found[0])[0] == expected
    elif found:  # sound on the wire, and yet none of the contract
        assert _parse(library, found[0])[0] == NO_COMMAND
    else:
        assert receiver.errors == (0 if vector["name"] == "empty" else 1)


def test_a_body_of_every_length_comes_through(library: ctypes.CDLL) -> None:
    for length in range(1, frames.MAX_BODY_BYTES + 1):
        for body in (bytes(length), bytes([0xFF]) * length, bytes(range(length))):
            assert receive(library, Receiver(), seal(library, body)) == [body]


@given(body=bodies)
def test_both_ends_write_the_same(library: ctypes.CDLL, body: bytes) -> None:
    assert seal(library, body) == frames.seal(body)
    crc = frames.CRC_INIT
    for byte in body:
        crc = library.frame_crc(ctypes.c_uint16(crc), ctypes.c_uint8(byte))
    assert crc == binascii.crc_hqx(body, frames.CRC_INIT)


@given(sent=st.lists(bodies, max_size=6), start=st.integers(0, 40))
def test_joining_anywhere_loses_one_frame_at_most_and_counts_none(
    library: ctypes.CDLL, sent: list[bytes], start: int
) -> None:
    receiver = Receiver()
    first = frames.seal(bytes(range(1, 33)))
    found = receive(library, receiver, first[start % len(first) :] + b"".join(map(frames.seal, sent)))
    assert found[-len(sent) :] == sent if sent else len(found) <= 1
    assert receiver.errors == 0


@given(sent=st.lists(bodies, min_size=1, max_size=4), at=st.integers(0, 200), flip=st.integers(1, 255))
def test_damage_never_passes_for_a_frame(library: ctypes.CDLL, sent: list[bytes], at: int, flip: int) -> None:
    stream = bytearray(b"".join(map(frames.seal, sent)))
    stream[at % len(stream)] ^= flip
    receiver = Receiver(joined=True)
    found = receive(library, receiver, stream)
    assert [body for body in found if body not in sent] == []
    assert len(found) < len(sent)


@given(noise=st.binary(max_size=700), body=bodies)
def test_noise_is_outlived(library: ctypes.CDLL, noise: bytes, body: bytes) -> None:
    receiver = Receiver(joined=True)
    receive(library, receiver, noise + b"\x00")
    assert receive(library, receiver, frames.seal(body)) == [body]


def test_bytes_without_a_delimiter_are_counted_every_128(library: ctypes.CDLL) -> None:
    receiver = Receiver(joined=True)
    assert receive(library, receiver, b"\x01" * 127) == []
    assert receiver.errors == 0
    receive(library, receiver, b"\x01")
    assert receiver.errors == 1
    receive(library, receiver, b"\x01" * 127)
    assert receive(library, receiver, b"\x00" + frames.seal(b"\x81")) == [b"\x81"]
    assert receiver.errors == 1


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (host.identify(), b"\x81"),
        (host.set_gain(128), b"\x82\x80"),
        (host.set_gain(64), b"\x82\x40"),
        (host.set_board_id("b000000000000001"), b"\x83\xb0" + bytes(6) + b"\x01"),
        (host.reset(), b"\x84"),
        (host.set_rate(10), b"\x85\x0a"),
        (host.set_rate(80), b"\x85\x50"),
    ],
)
def test_every_command_of_the_host_is_understood(library: ctypes.CDLL, wire: bytes, body: bytes) -> None:
    assert receive(library, Receiver(), wire) == [body]
    assert _parse(library, body) == (SOUND, body[0], body[1:])


@given(body=bodies)
def test_any_body_is_a_command_or_is_not(library: ctypes.CDLL, body: bytes) -> None:
    lengths = {0x81: 1, 0x82: 2, 0x83: 9, 0x84: 1, 0x85: 2}
    allowed = {0x82: frames.GAINS, 0x85: frames.RATES_HZ}
    kind = body[0]
    if kind not in lengths:
        expected = UNKNOWN if kind & 0x80 else NO_COMMAND
    elif len(body) != lengths[kind]:
        expected = NO_COMMAND
    else:
        expected = BAD_ARGUMENT if kind in allowed and body[1] not in allowed[kind] else SOUND
    assert _parse(library, body)[0] == expected


def _handle(library: ctypes.CDLL, body: bytes) -> tuple[bool, bytes]:
    """Whether the handler took the body for one of the contract, and what it sent at once."""
    sent_bytes = ctypes.c_uint.in_dll(library, "sent_bytes")
    sent_bytes.value = 0
    sound = library.commands_handle_on_host(body, ctypes.c_uint8(len(body)))
    return sound, bytes((ctypes.c_uint8 * 256).in_dll(library, "sent")[: sent_bytes.value])


def test_the_handler_does_and_answers(library: ctypes.CDLL) -> None:
    def seen(name: str) -> int:
        return ctypes.c_uint8.in_dll(library, name).value

    hellos = ctypes.c_uint.in_dll(library, "hellos")
    hellos.value = 0
    assert _handle(library, b"\x81") == (True, b"")
    assert hellos.value == 1
    assert _handle(library, b"\x82\x40") == (True, b"\x04\x82\x00")
    assert (seen("gain"), hellos.value) == (64, 2)
    assert _handle(library, b"\x82\x20") == (True, b"\x04\x82\x02")
    assert (seen("gain"), hellos.value) == (64, 2)
    assert _handle(library, b"\x85\x0a") == (True, b"\x04\x85\x00")
    assert (seen("rate"), hellos.value) == (10, 3)
    assert _handle(library, b"\x85\x0b") == (True, b"\x04\x85\x02")
    assert _handle(library, b"\x90\x01\x02") == (False, b"\x04\x90\x01")
    assert _handle(library, b"\x82") == (False, b"")
    assert _handle(library, b"\x02" + bytes(31)) == (False, b"")  # an echo of ours is not answered
    assert _handle(library, b"\x84") == (True, b"")
    assert ctypes.c_uint.in_dll(library, "resets").value == 1


@pytest.mark.parametrize(("outcome", "result"), [(2, 0), (3, 3)])  # IDENTITY_WRITTEN, IDENTITY_FAILED
def test_an_id_is_answered_when_it_is_kept_or_could_not_be(library: ctypes.CDLL, outcome: int, result: int) -> None:
    state = ctypes.c_uint.in_dll(library, "write_state")
    assert _handle(library, b"\x83ABCDEFGH") == (True, b"")
    assert bytes((ctypes.c_uint8 * 8).in_dll(library, "id")) == b"ABCDEFGH"
    assert library.commands_busy()
    state.value = outcome
    sent_bytes = ctypes.c_uint.in_dll(library, "sent_bytes")
    sent_bytes.value = 0
    assert not library.commands_busy()
    assert bytes((ctypes.c_uint8 * 3).in_dll(library, "sent")) == bytes([4, 0x83, result])
    state.value = 0
    assert not library.commands_busy()


def _ntc_sum(temperature_c: float) -> int:
    ohm = 10_000 * math.exp(3950 * (1 / (temperature_c + 273.15) - 1 / 298.15))
    return round(16 * 1024 * ohm / (ohm + 10_000))


@pytest.mark.parametrize("temperature_c", [-39.9, -25, -18.5, -1, 0, 4, 24.99, 37, 60, 100, 124.9])
def test_temperature_follows_the_formula_of_the_sensor(library: ctypes.CDLL, temperature_c: float) -> None:
    measured_c = library.temperature_of(ctypes.c_uint16(_ntc_sum(temperature_c))) / 100
    assert measured_c == pytest.approx(temperature_c, abs=0.25)


@pytest.mark.parametrize("total", [0, 100, _ntc_sum(127), _ntc_sum(-42), 16 * 1020, 16 * 1023])
def test_an_open_or_shorted_sensor_is_none(library: ctypes.CDLL, total: int) -> None:
    assert library.temperature_of(ctypes.c_uint16(total)) == frames.NO_TEMPERATURE
