"""The CloudEvents 1.0 envelope, structured mode, and the reading of payloads from strangers."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from agent.messages.types import UtcNs

MAX_PAYLOAD_BYTES = 64 * 1024
CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "shelf.v1."

_Model = TypeVar("_Model", bound=BaseModel)


class MessageError(ValueError):
    """A payload that is not what its topic promises; `reason` is one line fit for a log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CloudEvent(BaseModel):
    """An event as published. Members that are not known are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: str = Field(default="1.0", pattern=r"^1\.0$")
    id: str = Field(min_length=1, max_length=128)
    source: str = Field(min_length=1, max_length=256)
    type: str = Field(min_length=1, max_length=128)
    time: UtcNs
    recordedtime: UtcNs | None = None
    subject: str | None = Field(default=None, max_length=128)
    datacontenttype: str = "application/json"
    epoch: str | None = Field(default=None, max_length=64)
    sequence: str | None = Field(default=None, pattern=r"^[0-9]{16}$")
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type without its prefix: `pick`, `watermark`, `entered` ..."""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def t_recorded(self) -> int:
        """When the event was made, ns since 1970; its `time` where the sender does not say."""
        return self.time if self.recordedtime is None else self.recordedtime

    def to_json(self) -> str:
        """The JSON text that is published; members without a value are left out of the envelope."""
        document = {name: value for name, value in self.model_dump(mode="json").items() if value is not None}
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def agent_source(store: str, agent: str) -> str:
    """The `source` of an agent's events."""
    return f"/stores/{store}/agents/{agent}"


def sequence_text(sequence: int) -> str:
    """A sequence number as it stands in an event: 16 digits with leading zeros."""
    return f"{sequence:016d}"


def event_id(epoch: str, sequence: int) -> str:
    """The `id` of an agent's event."""
    return f"{epoch}-{sequence_text(sequence)}"


def parse_json(payload: bytes | str) -> dict[str, Any]:
    """A JSON object from the wire.

    Raises:
        MessageError: too long, not UTF-8, not JSON, holds NaN, or is no object.
    """
    raw = payload.encode() if isinstance(payload, str) else payload
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise MessageError(f"payload of {len(raw)} bytes, at most {MAX_PAYLOAD_BYTES} are allowed")
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError:
        document = _strict_json(raw)  # slower; says what is wrong in words
    if not isinstance(document, dict):
        raise MessageError(f"payload is a JSON {type(document).__name__}, an object is needed")
    return document


def parse_payload(model: type[_Model], payload: bytes | str | dict[str, Any]) -> _Model:
    """A model from a payload.

    Raises:
        MessageError: says the first member that is wrong and how.
    """
    document = payload if isinstance(payload, dict) else parse_json(payload)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "payload"
        raise MessageError(f"{where}: {first['msg']}") from None


def _strict_json(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"payload is no JSON: {str(error)[:100]}") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not allowed")
