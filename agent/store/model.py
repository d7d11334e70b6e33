"""The store file as frozen models; every unit is in a name."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

GPIO_BOARD = "gpio"
MAX_CHANNEL = 7
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
PlateId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Sku = Annotated[str, Field(pattern=r"^\S{1,128}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('needs decimal text in quotes, such as "1.50"')
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f'{value!r} is no decimal text such as "1.50"') from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{value!r} is not a finite amount of at least 0")
    return amount


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Amount = Annotated[Decimal, BeforeValidator(_decimal)]
Span = Annotated[tuple[Finite, Finite], BeforeValidator(_pair)]
Size = Annotated[tuple[Positive, Positive], BeforeValidator(_pair)]


class Section(BaseModel):
    """Base of all sections: unknown keys refused, nothing coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class PriceStep(Section):
    """A price from an instant on."""

    from_: dt.datetime = Field(alias="from")
    amount: Amount

    @property
    def from_t_utc_ns(self) -> int:
        delta = self.from_ - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000

    @model_validator(mode="after")
    def _has_offset(self) -> PriceStep:
        if self.from_.tzinfo is None:
            raise ValueError("`from` needs an offset, such as 2026-01-01T00:00:00Z")
        return self


def _price(value: Any) -> Any:
    if isinstance(value, str):
        return ({"from": _EPOCH, "amount": value},)
    if isinstance(value, list) and value:
        return tuple(value)
    raise ValueError('needs decimal text such as "1.50", or a list [{from = 2026-01-01T00:00:00Z, amount = "1.50"}]')


class Item(Section):
    """A product. Price is per unit, or per kilogram when sold by weight."""

    sku: Sku
    name: str = Field(min_length=1, max_length=200)
    price: Annotated[tuple[PriceStep, ...], BeforeValidator(_price)]
    sold_by: Literal["unit", "weight"]
    unit_weight_g: Positive
    unit_sd_g: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    tax_rate: Amount | None = None
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

    @model_validator(mode="after")
    def _steps_in_order(self) -> Item:
        starts = [step.from_t_utc_ns for step in self.price]
        if starts != sorted(set(starts)):
            raise ValueError("price: the steps must follow each other in time")
        return self


class Cell(Section):
    """A load cell: where it carries the plate, and how counts become grams."""

    board: Annotated[str, Field(pattern=r"^([0-9a-f]{16}|gpio)$")]
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
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class StoreFile(Section):
    """The file's shape, before its sections are checked against each other."""

    schema_: Annotated[str, Field(pattern=r"^store/1(\.[0-9]+)?$")] = Field(alias="schema")
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
