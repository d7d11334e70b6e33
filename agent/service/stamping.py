"""Events that were journalled before UTC was known: read back, to be stamped with the offset learnt since."""

from __future__ import annotations

from agent.messages import Change, CloudEvent, Correction, Fault, Movement
from agent.messages.events import CHANGE, CORRECTION, FAULT, PICK, PUT, RECOVERED
from agent.pipeline.told import Data, Told

_MODELS: dict[str, type[Data]] = {
    PICK: Movement,
    PUT: Movement,
    CHANGE: Change,
    CORRECTION: Correction,
    FAULT: Fault,
    RECOVERED: Fault,
}


def told_of(body: str) -> Told:
    """What `stamp` made with an offset of zero, as it was before (instants to the microsecond).

    Raises:
        ValueError: the body is no event of an agent.
    """
    event = CloudEvent.model_validate_json(body)
    if event.type not in _MODELS or event.epoch is None or event.sequence is None or event.recordedtime is None:
        raise ValueError(
            f"{event.type!r} with epoch {event.epoch!r} and sequence {event.sequence!r} is no agent's event"
        )
    return Told(
        epoch=event.epoch,
        sequence=int(event.sequence),
        type=event.type,
        subject=event.subject or "",
        t_mono_ns=event.time,
        made_t_mono_ns=event.recordedtime,
        data=_MODELS[event.type].model_validate(event.data),
    )
