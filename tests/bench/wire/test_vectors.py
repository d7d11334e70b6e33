"""The board's codec against the contract's vectors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.wire import CobsError, CommandReader, Hello, Reply, Status, frame, sample_body, sample_frames, unframe

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "serial-vectors.json").read_text(encoding="utf-8")
)
FROM_BOARD = {"HELLO", "SAMPLE", "STATUS", "REPLY"}


def named(kind: str) -> list[Any]:
    chosen = [v for v in VECTORS if v["ok"] and v["type"] == kind and v["fields"].get("protocol", 1) == 1]
    return [pytest.param(v, id=v["name"]) for v in chosen]


@pytest.mark.parametrize("vector", named("HELLO"))
def test_hello_is_encoded_as_the_contract_has_it(vector: dict[str, Any]) -> None:
    f = vector["fields"]
    hello = Hello(
        bytes.fromhex(f["board_id"]),
        f["channels"],
        f["rate"],
        tuple(int(part) for part in f["firmware"].split(".")),  # type: ignore[arg-type]
        f["gain"],
        f["reset_cause"],
        f["boot"],
    )
    assert hello.encode().hex() == vector["wire"]


@pytest.mark.parametrize("vector", named("SAMPLE"))
def test_sample_is_encoded_as_the_contract_has_it_alone_and_in_bulk(vector: dict[str, Any]) -> None:
    f = vector["fields"]
    assert frame(sample_body(f["seq"], f["t_us"], f["present"], f["counts"])).hex() == vector["wire"]
    bulk = sample_frames(
        np.array([f["seq"]] * 3), np.array([f["t_us"]] * 3), np.array([f["present"]] * 3), np.array([f["counts"]] * 3)
    )
    assert [row.tobytes().hex() for row in bulk] == [vector["wire"]] * 3


@pytest.mark.parametrize("vector", named("STATUS"))
def test_status_is_encoded_as_the_contract_has_it(vector: dict[str, Any]) -> None:
    assert Status(**vector["fields"]).encode().hex() == vector["wire"]


@pytest.mark.parametrize("vector", named("REPLY"))
def test_reply_is_encoded_as_the_contract_has_it(vector: dict[str, Any]) -> None:
    assert Reply(**vector["fields"]).encode().hex() == vector["wire"]


COMMANDS = {"IDENTIFY": 0x81, "SET_GAIN": 0x82, "SET_BOARD_ID": 0x83, "RESET": 0x84, "SET_RATE": 0x85}
FROM_HOST = [v for v in VECTORS if v["ok"] and v["type"] in COMMANDS]


@pytest.mark.parametrize("vector", FROM_HOST, ids=[v["name"] for v in FROM_HOST])
def test_commands_of_the_host_are_understood(vector: dict[str, Any]) -> None:
    reader = CommandReader()
    (command,) = reader.feed(bytes.fromhex(vector["wire"]))
    assert command.command == COMMANDS[vector["type"]]
    assert command.known
    assert command.sound
    assert reader.errors == 0


BROKEN = [v for v in VECTORS if not v["ok"] and any(w in v["name"] for w in ("damaged", "cut", "COBS"))]


@pytest.mark.parametrize("vector", BROKEN, ids=[v["name"] for v in BROKEN])
def test_damage_is_noticed(vector: dict[str, Any]) -> None:
    with pytest.raises(CobsError):
        unframe(bytes.fromhex(vector["wire"])[:-1])


def test_every_good_frame_of_the_contract_has_a_sound_crc() -> None:
    good = [v for v in VECTORS if v["ok"]]
    assert len(good) >= 15
    for vector in good:
        assert unframe(bytes.fromhex(vector["wire"])[:-1])
