"""Types that every message shares: instants, grams, probabilities, money."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

MICROSECOND_NS = 1_000
GRAMS_DIGITS = 1
_SECOND_NS = 1_000_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PLAIN_LENGTH = len("2026-01-31T12:00:00.000000Z")
_SECOND = dt.timedelta(seconds=1)
_PLAIN_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:\d\d)",
    re.ASCII,
)


def format_utc(t_utc_ns: int) -> str:
    """RFC 3339 in UTC with microseconds (rounded down) of an instant in ns since 1970."""
    seconds, rest_ns = divmod(t_utc_ns, _SECOND_NS)
    return f"{_second_text(seconds)}.{rest_ns // MICROSECOND_NS:06d}Z"


@lru_cache(maxsize=256)
def _second_text(seconds: int) -> str:
    """`2026-01-31T12:00:00` of a whole second since 1970: messages of one moment name the same few again and again."""
    return f"{_EPOCH + dt.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"


@lru_cache(maxsize=256)
def _whole_second(text: str) -> int:
    """Instant of `2026-01-31T12:00:00` in UTC; messages of one moment name the same few seconds again and again."""
    if _PLAIN_SECOND.fullmatch(text) is None:
        raise ValueError
    return (dt.datetime.fromisoformat(text + "Z") - _EPOCH) // _SECOND * _SECOND_NS


def parse_utc(text: str) -> int:
    """Instant in ns since 1970 of an RFC 3339 text.

    Raises:
        ValueError: the text is none, or has no offset from UTC.
    """
    digits = text[20:26]
    if len(text) == _PLAIN_LENGTH and text[19] == "." and text[26] == "Z" and digits.isascii() and digits.isdecimal():
        try:  # as every sender of ours writes it: ten times as fast
            return _whole_second(text[:19]) + int(digits) * MICROSECOND_NS
        except ValueError:
            pass  # another way to write it, or no such day: told below
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no RFC 3339 time with an offset, such as 2026-01-31T12:00:00.000000Z")
    *fields, fraction, offset = match.groups()
    when = dt.datetime(*(int(field) for field in fields), tzinfo=dt.UTC)  # type: ignore[misc, arg-type] # six ints
    delta = when - _EPOCH
    t_ns = (delta.days * 86_400 + delta.seconds) * _SECOND_NS + int((fraction or "").ljust(9, "0"))
    if offset not in "Zz":
        minutes = int(offset[1:3]) * 60 + int(offset[4:6])
        t_ns -= (1 if offset[0] == "+" else -1) * minutes * 60 * _SECOND_NS
    return t_ns


def _to_ns(value: Any) -> Any:
    return parse_utc(value) if isinstance(value, str) else value


def rounded_grams(weight_g: float) -> float:
    """A weight as it is published, to 0.1 g."""
    return round(weight_g, GRAMS_DIGITS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _rounded(digits: int) -> Any:
    def serialise(value: float) -> float:
        return round(value, digits) + 0.0  # likewise

    return PlainSerializer(serialise, return_type=float)


def _to_decimal(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("money is decimal text, never a float")
    return Decimal(value) if isinstance(value, (str, int)) else value


def _plain(value: Decimal) -> str:
    return format(value, "f")


UtcNs = Annotated[int, BeforeValidator(_to_ns), PlainSerializer(format_utc, return_type=str)]
"""An instant: ns since 1970 in Python, RFC 3339 with microseconds on the wire."""

Grams = Annotated[float, Field(allow_inf_nan=False), _rounded(GRAMS_DIGITS)]
Millimetres = Annotated[float, Field(allow_inf_nan=False), _rounded(1)]
Probability = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False), _rounded(3)]
Money = Annotated[Decimal, BeforeValidator(_to_decimal), PlainSerializer(_plain, return_type=str)]
