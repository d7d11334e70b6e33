"""What is allowed where a value has the wrong shape: pydantic's error in the words of a store file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECTION_LISTS = {name: name for name in ("agent", "item", "plate")} | {"cell": "plate.cell", "lane": "plate.lane"}
"""Key to the header of its sections."""
_PLAIN = {
    "string_type": "text in quotes",
    "string_too_short": "some text",
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a finite number",
    "datetime_type": "a time with an offset, not in quotes, such as 2026-01-01T00:00:00Z",
}
_WITH_BOUND = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than_equal": ("le", "at most {}"),
    "string_too_long": ("max_length", "at most {} characters"),
    "literal_error": ("expected", "one of: {}"),
}
_PAIR = "two numbers, such as [0.0, 150.0]"


def allowed(kind: str, context: Mapping[str, Any], key: str) -> str | None:
    """The words for an error of pydantic's type `kind` at the last part `key` of a path; None for one without."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _WITH_BOUND:
        name, words = _WITH_BOUND[kind]
        bound = context[name]
        return words.format(f"{bound:g}" if isinstance(bound, (int, float)) else bound)
    if kind in ("tuple_type", "too_short", "too_long"):
        return f"at least one section [[{SECTION_LISTS[key]}]]" if key in SECTION_LISTS else _PAIR
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        if key == "price":
            return 'steps such as {from = 2026-01-01T00:00:00Z, amount = "1.50"}'
        return f"sections [[{SECTION_LISTS[key]}]]" if key in SECTION_LISTS else f"a section [{key}]"
    return None
