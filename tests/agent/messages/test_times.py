"""Instants: nanoseconds inside, RFC 3339 with microseconds on the wire."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.messages import format_utc, parse_utc

S = 1_000_000_000
LAST_NS = int(dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC).timestamp()) * S


@given(st.integers(0, LAST_NS))
def test_written_and_read_again_only_the_rest_of_a_microsecond_is_lost(t_ns: int) -> None:
    text = format_utc(t_ns)
    assert parse_utc(text) == t_ns - t_ns % 1_000
    assert len(text) == len("2026-01-01T00:00:00.000000Z")
    assert format_utc(parse_utc(text)) == text


@given(st.integers(0, LAST_NS), st.integers(0, LAST_NS))
def test_texts_sort_as_instants_do(a: int, b: int) -> None:
    assert (format_utc(a) <= format_utc(b)) == (a // 1_000 <= b // 1_000)


@given(st.integers(0, 4_000_000_000 * 1_000_000), st.integers(-23 * 60, 23 * 60))
def test_offsets_are_taken_off(t_us: int, minutes: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    local = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=t_us)
    assert parse_utc(local.astimezone(zone).isoformat()) == t_us * 1_000


@pytest.mark.parametrize(
    ("text", "t_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", S),
        ("1970-01-01 00:00:01+00:00", S),
        ("1970-01-01T00:00:00.5Z", S // 2),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T00:00:00.1234567899999Z", 123_456_789),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * S),
    ],
)
def test_what_is_allowed(text: str, t_ns: int) -> None:
    assert parse_utc(text) == t_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00Z\n",
        "２026-01-01T00:00:00Z",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_utc(text)
