"""The store file as frozen models; every unit is in a name."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

GPIO_BOARD = "gpio"
MAX_CHANNEL = 7
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _matching(pattern: str, allowed: str) -> AfterValidator:
    """Text that matches whole; who wrote another is told in words what is allowed."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(allowed)
        return value

    return AfterValidator(check)


_ID_TAIL = "digits, - and _, beginning with a letter or digit, at most 32 characters"
Id = Annotated[str, _matching(r"[a-z0-9][a-z0-9_-]{0,31}", f"lower-case letters a to z, {_ID_TAIL}")]
PlateId = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", f"letters A to Z and a to z, {_ID_TAIL}")]
Sku = Annotated[str, _matching(r"\S{1,128}", "1 to 128 characters without spaces")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


def _decimal(value: Any) -> Decimal:
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise ValueError('decimal text of at least 0 in quotes, such as "1.50"')
    return amount


def _share(value: Decimal) -> Decimal:
    if value > 1:
        raise ValueError('a share of at most 1, such as "0.20" for 20 %')
    return value


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Amount = Annotated[Decimal, BeforeValidator(_decimal)]
Rate = Annotated[Amount, AfterValidator(_share)]
Span = Annotated[tuple[Finite, Finite], BeforeValidator(_pair)]
Size = Annotated[tuple[Positive, Positive], BeforeValidator(_pair)]


class Section(BaseModel):
    """Base of all sections: unknown keys refused, nothing coerced. Built as the file is read, each section once."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def _with_offset(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError("a time with an offset, such as 2026-01-01T00:00:00Z")
    return value


class PriceStep(Section):
    """A price from an instant on."""

    from_: Annotated[dt.datetime, AfterValidator(_with_offset)] = Field(alias="from")
    amount: Amount

    @property
    def from_t_utc_ns(self) -> int:
        delta = self.from_ - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000


def _price(value: Any) -> Any:
    if isinstance(value, str):
        return ({"from": _EPOCH, "amount": value},)
    if isinstance(value, list) and value:
        return tuple(value)
    raise ValueError('decimal text such as "1.50", or a list [{from = 2026-01-01T00:00:00Z, amount = "1.50"}]')


def _in_order(steps: tuple[PriceStep, ...]) -> tuple[PriceStep, ...]:
    starts = [step.from_t_utc_ns for step in steps]
    if starts != sorted(set(starts)):
        raise ValueError("steps that follow each other in time, each `from` later than the one before")
    return steps


class Item(Section):
    """A product. Price is per unit, or per kilogram when sold by weight."""

    sku: Sku
    name: str = Field(min_length=1, max_length=200)
    price: Annotated[tuple[PriceStep, ...], AfterValidator(_in_order), BeforeValidator(_price)]
    sold_by: Literal["unit", "weight"]
    unit_weight_g: Positive
    unit_sd_g: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    tax_rate: Rate | None = None
    deposit: Amount | None = None

    @property
    def by_weight(self) -> bool:
        return self.sold_by == "weight"

    def price_at(self, t_utc_ns: int) -> Decimal:
        """The price at an instant: the last step begun by then, else the first."""
        current = self.price[0]
        for step in self.price[1:]:
            if step.from_t_utc_ns <= t_utc_ns:
                current = step
        return current.amount


class Cell(Section):
    """A load cell: where it carries the plate, and how counts become grams."""

    board: Annotated[str, _matching(r"[0-9a-f]{16}|gpio", f'16 hex digits in lower case, or "{GPIO_BOARD}"')]
    channel: Annotated[int, Field(ge=0, le=MAX_CHANNEL)]
    x_mm: Finite
    y_mm: Finite
    zero_counts: Finite
    counts_per_gram: Finite


class Lane(Section):
    """Where an item stands on a plate; `y_mm` of None is the whole depth."""

    sku: Sku
    x_mm: Span
    y_mm: Span | None = None
    stock: Annotated[int, Field(ge=0)]


class Plate(Section):
    """What rests on one or several load cells."""

    id: PlateId
    size_mm: Size
    max_g: Positive
    agent: Id = ""
    cells: Annotated[tuple[Cell, ...], BeforeValidator(_pair)] = Field(alias="cell", min_length=1)
    lanes: Annotated[tuple[Lane, ...], BeforeValidator(_pair)] = Field(alias="lane", default=())


class Agent(Section):
    """A Raspberry Pi that serves plates."""

    id: Id


class StoreHead(Section):
    """The store itself."""

    id: Id
    currency: Annotated[str, _matching(r"[A-Z]{3}", "three capitals (ISO 4217), such as EUR")]


class StoreFile(Section):
    """The file's shape, before its sections are checked against each other."""

    schema_: Annotated[str, _matching(r"store/1(\.[0-9]+)?", 'this agent reads "store/1"')] = Field(alias="schema")
    store: StoreHead
    agent: Annotated[tuple[Agent, ...], BeforeValidator(_pair)] = ()
    item: Annotated[tuple[Item, ...], BeforeValidator(_pair)] = ()
    plate: Annotated[tuple[Plate, ...], BeforeValidator(_pair)] = Field(min_length=1)


class Store(Section):
    """A whole and sound store. `revision` is the first 12 hex digits of the file's SHA-256."""

    id: str
    currency: str
    agents: tuple[str, ...]
    items: dict[str, Item]
    plates: dict[str, Plate]
    revision: str

    def plates_of(self, agent: str) -> tuple[Plate, ...]:
        """The plates that an agent serves, in the order of the file."""
        return tuple(plate for plate in self.plates.values() if plate.agent == agent)
