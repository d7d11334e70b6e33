"""Carries out the commands that reach the pipeline; `restock-end` comes by itself after 15 minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agent.journal import CalibrationError
from agent.messages import Command, MessageError, parse_payload
from agent.pipeline.told import ShelfPipeline, Told, Zeroed
from agent.service.timeline import SECOND_NS

RESTOCK_LIMIT_NS = 15 * 60 * SECOND_NS  # messages.md
MAX_UNITS = 10_000
_EXTRA = "restock"


class _PlateOrder(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    plate: str = Field(min_length=1, max_length=32)


class _ContentsOrder(_PlateOrder):
    contents: dict[str, int] = Field(max_length=256)


class OrderError(Exception):
    """A command that is refused; the text is the reason in the reply."""


class Orders:
    """Knows which plates are being restocked, and until when (on the agent's line)."""

    def __init__(
        self, pipeline: ShelfPipeline, extras: dict[str, Any], keep_zeros: Callable[[tuple[Zeroed, ...]], None]
    ) -> None:
        """`extras`: what `saved` gave in the life before. `keep_zeros` makes a tare durable, or raises OSError or
        CalibrationError."""
        self._pipeline, self._keep_zeros = pipeline, keep_zeros
        self._deadlines: dict[str, int] = {str(p): int(t) for p, t in extras.get(_EXTRA, {}).items()}

    def saved(self) -> dict[str, Any]:
        """What must outlive the process."""
        return {_EXTRA: dict(self._deadlines)}

    def carry_out(self, command: Command, now_ns: int) -> list[Told]:
        """Do it; what it made the pipeline tell.

        Raises:
            OrderError: with the reason to reply.
        """
        try:
            return self._do(command, now_ns)
        except MessageError as error:
            raise OrderError(error.reason) from None
        except KeyError as error:
            raise OrderError(f"{error.args[0] if error.args else error} is not known here") from None

    def _do(self, command: Command, now_ns: int) -> list[Told]:
        if command.command == "set-contents":
            order = parse_payload(_ContentsOrder, command.arguments)
            if any(not 0 <= number <= MAX_UNITS for number in order.contents.values()):
                raise OrderError(f"contents: from 0 to {MAX_UNITS} units are possible")
            self._pipeline.set_contents(order.plate, order.contents)
            return []
        plate = parse_payload(_PlateOrder, command.arguments).plate
        if command.command == "tare":
            self._tare(plate)
            return []
        begin = command.command == "restock-begin"
        told = self._pipeline.restock(plate, begin=begin, t_mono_ns=now_ns)
        if begin:
            self._deadlines[plate] = now_ns + RESTOCK_LIMIT_NS
        else:
            self._deadlines.pop(plate, None)
        return told

    def _tare(self, plate: str) -> None:
        try:
            refusal = self._pipeline.tare(plate, self._keep_zeros)
        except CalibrationError as error:
            raise OrderError(str(error)) from None
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise OrderError(f"the zero cannot be written, nothing is tared: {why}; make room on the disk") from None
        if refusal:
            raise OrderError(refusal)

    def overdue(self, now_ns: int) -> list[Told]:
        """End what has lasted too long."""
        told: list[Told] = []
        for plate in [plate for plate, deadline in self._deadlines.items() if deadline <= now_ns]:
            del self._deadlines[plate]
            try:
                told += self._pipeline.restock(plate, begin=False, t_mono_ns=now_ns)
            except KeyError:
                continue  # the store file no longer has this plate
        return told
