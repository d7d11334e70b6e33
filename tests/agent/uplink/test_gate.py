"""Commands: once each, while they are valid; hostile bytes are counted and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.messages import format_utc
from agent.uplink.gate import REMEMBERED_IDS, Gate, RefusedError

NOW = 1_700_000_000_000_000_000
S = 1_000_000_000


def payload(**changes: Any) -> bytes:
    return json.dumps(
        {"id": "1", "expires": format_utc(NOW + 10 * S), "command": "tare", "plate": "P1", **changes}
    ).encode()


def test_a_good_one_passes_with_its_arguments() -> None:
    command = Gate().admit(payload(), retained=False, now_t_utc_ns=NOW)
    assert command is not None
    assert command.arguments == {"plate": "P1"}


@pytest.mark.parametrize(
    ("changes", "retained", "says"),
    [
        ({}, True, "retained"),
        ({"expires": format_utc(NOW - S)}, False, "expired 1.0 s ago"),
        ({"expires": format_utc(NOW + 31 * S)}, False, "31.0 s ahead"),
        ({"command": "open-door"}, False, "unknown command"),
    ],
)
def test_what_is_refused_with_a_reason(changes: dict[str, Any], retained: bool, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        Gate().admit(payload(**changes), retained=retained, now_t_utc_ns=NOW)


def test_an_id_counts_once_and_memory_is_bounded() -> None:
    gate = Gate()
    for number in range(3 * REMEMBERED_IDS):
        gate.admit(payload(id=str(number)), retained=False, now_t_utc_ns=NOW)
    with pytest.raises(RefusedError, match="used before"):
        gate.admit(payload(id=str(3 * REMEMBERED_IDS - 1)), retained=False, now_t_utc_ns=NOW)
    assert len(gate._seen) == REMEMBERED_IDS


@given(st.one_of(st.binary(max_size=200), st.text().map(str.encode), st.just(b"[" * 60_000), st.just(b"9" * 70_000)))
def test_what_is_no_command_is_counted_and_dropped(raw: bytes) -> None:
    gate = Gate()
    assert gate.admit(raw, retained=False, now_t_utc_ns=NOW) is None
    assert gate.dropped == 1
