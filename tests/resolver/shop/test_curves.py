"""A plate's weight around a movement, from what its agent told."""

from __future__ import annotations

from shopfloor import T0, Script, make_store

from resolver.inbox import SECOND_NS, MovementFact, Reader
from resolver.shop.curves import KEPT, Curves


def told(script: Script) -> list[MovementFact]:
    store = make_store()
    reader = Reader(store.id, store.agents)
    facts = [reader.read(message["topic"], message["payload"]) for message in script.messages]
    return [fact for fact in facts if isinstance(fact, MovementFact)]


def at(seconds: float) -> int:
    return T0 + round(seconds * SECOND_NS)


def test_levels_of_a_movement_stand_among_the_plates_weights_in_order_of_time() -> None:
    curves = Curves()
    script = Script()
    script.pick(10, {"cola": 1}, before_g=7000.0, after_g=6650.0)
    for t in (1.0, 9.5, 10.2):
        curves.hear("P1", at(t), 7000.0 if t < 10 else 6649.0)
    for fact in told(script):
        curves.hear_movement(fact)
    drawn = curves.around("P1", at(9.8), at(10.4))
    assert drawn == [
        [-8.8, 7000.0], [-0.3, 7000.0], [0.0, 7000.0], [0.2, 7000.0], [0.2, 6650.0], [0.4, 6649.0], [0.6, 6650.0],
    ]  # fmt: skip


def test_what_was_told_of_another_plate_or_long_after_is_left_out() -> None:
    curves = Curves()
    script = Script()
    script.pick(10, {"cola": 1}, plate="P2")
    script.pick(60, {"cola": 1})
    for fact in told(script):
        curves.hear_movement(fact)
    assert curves.around("P1", at(10), at(11)) == []


def test_old_weights_make_room() -> None:
    curves = Curves()
    for second in range(2 * KEPT):
        curves.hear("P1", at(second), float(second))
    assert curves.around("P1", at(0), at(2 * KEPT))[0][1] == float(KEPT)
