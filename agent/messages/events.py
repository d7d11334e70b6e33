"""What an agent tells: movements, changes, corrections, faults, and how far it has told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from agent.messages.types import Grams, Millimetres, Probability, UtcNs

PICK = "shelf.v1.pick"
PUT = "shelf.v1.put"
CHANGE = "shelf.v1.change"
CORRECTION = "shelf.v1.correction"
FAULT = "shelf.v1.fault"
RECOVERED = "shelf.v1.recovered"
WATERMARK = "shelf.v1.watermark"
MAX_CANDIDATES = 8

Actor = Literal["shopper", "staff"]


class Message(BaseModel):
    """Base: frozen, unknown members ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ItemCount(Message):
    """So many of an item, counted in the event's direction; negative is the opposite movement."""

    sku: str = Field(min_length=1, max_length=128)
    qty: int
    weight_g: Grams | None = None

    @model_serializer(mode="wrap")
    def _leave_out_weight(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = handler(self)
        if self.weight_g is None:
            document.pop("weight_g", None)
        return document


class Candidate(Message):
    """One whole hypothesis of what moved."""

    items: tuple[ItemCount, ...]
    probability: Probability


class Movement(Message):
    """Data of a pick or a put. Empty `items` means "something else"."""

    plate: str
    delta_g: Grams
    sigma_g: Grams
    before_g: Grams
    after_g: Grams
    position_mm: tuple[Millimetres, Millimetres] | None
    position_sigma_mm: Millimetres | None
    items: tuple[ItemCount, ...]
    confidence: Probability
    candidates: tuple[Candidate, ...] = Field(max_length=MAX_CANDIDATES)
    started: UtcNs
    settled: UtcNs
    actor: Actor = "shopper"
    quality: tuple[str, ...] = ()


class Change(Movement):
    """A weight that changed while nobody measured, somewhere within `window`."""

    window: tuple[UtcNs, UtcNs]


class Correction(Message):
    """Replaces the interpretation of an earlier event whole."""

    corrects: str
    items: tuple[ItemCount, ...]
    confidence: Probability
    withdrawn: bool = False
    reason: str


class Fault(Message):
    """Data of `fault` and `recovered`: what, where, which plates suffer, what to do."""

    fault: str
    board: str | None = None
    channel: int | None = None
    plates: tuple[str, ...] = ()
    remedy: str = ""


class OpenPlate(Message):
    """A plate on which a contact goes on, or that is not measured, since an instant."""

    plate: str
    since: UtcNs


class PreviousEpoch(Message):
    """The last sequence of the epoch before."""

    epoch: str
    sequence: str = Field(pattern=r"^[0-9]{16}$")


class Watermark(Message):
    """Every movement before `until` has a sequence of at most `sequence`, but on plates open or blind."""

    epoch: str
    sequence: str = Field(pattern=r"^[0-9]{16}$")
    until: UtcNs
    open: tuple[OpenPlate, ...] = ()
    blind: tuple[OpenPlate, ...] = ()
    previous: PreviousEpoch | None = None
