"""The store of record, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest
from shopfloor import T0, Script, make_store

from resolver.inbox import SECOND_NS, Reader, SessionFact
from resolver.ledger import History, Ledger, LedgerError, LedgerLockedError, Stored, open_database, restore
from resolver.shop import Adjusted, Effect, Issued, Review, Rules, Shop
from resolver.shop.curves import Curves
from resolver.shop.publishing import cloud_event


class Keeper:
    """A shop with its ledger, as the service runs them."""

    def __init__(self, url: str, rules: Rules | None = None) -> None:
        self.store = make_store()
        self.reader = Reader(self.store.id, self.store.agents)
        self.database = open_database(url)
        self.ledger = Ledger(self.database, self.store.id)
        self.ledger.prepare()
        self.shop = Shop(self.store, rules)
        restore(self.database, self.shop, self.reader)

    def take(self, script: Script, t: float) -> list[Effect]:
        """Hear a script's messages, settle at the instant, keep all."""
        stored = []
        for message in script.messages:
            fact = self.reader.read(message["topic"], message["payload"])
            assert fact is not None
            if isinstance(fact, SessionFact) and self.ledger.known([fact]):
                continue
            if self.shop.hear(fact):
                stored.append(Stored(fact, message["topic"], json.dumps(message["payload"])))
        script.messages.clear()
        effects = self.shop.settle(T0 + round(t * SECOND_NS))
        self.ledger.record(stored)
        self.ledger.keep(effects, Curves())
        self.ledger.save_logs(self.shop.logs.values())
        self.ledger.commit()
        return effects

    def close(self) -> None:
        self.ledger.close()


def a_visit(confidence: float = 0.998) -> Script:
    script = Script()
    script.enter("s1", 0)
    likely = [{"items": [{"sku": "cola", "qty": 2}], "probability": confidence}]
    other = [{"items": [{"sku": "cola", "qty": 1}], "probability": round(1.0 - confidence, 3)}]
    script.pick(2, {"cola": 2}, confidence=confidence, candidates=likely + other)
    script.exit("s1", 5)
    return script


def test_a_receipt_waits_in_the_outbox_until_it_is_sent(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit()
    script.watermark(6)
    (issued,) = keeper.take(script, 6)
    assert isinstance(issued, Issued)
    (waiting,) = keeper.ledger.outbox(10)
    assert waiting.payload == cloud_event("demo", issued).to_json()
    keeper.ledger.sent([waiting.event_id])
    keeper.ledger.commit()
    assert keeper.ledger.outbox(10) == []
    keeper.close()


@pytest.mark.parametrize("known", [[], [3], [0, 299], range(300)])
def test_messages_that_are_known_are_left_out_and_all_others_kept(url: str, known: Sequence[int]) -> None:
    keeper = Keeper(url)
    script = Script()
    for number in range(300):
        script.pick(number, {"cola": 1})
    stored = []
    for message in script.messages:
        fact = keeper.reader.read(message["topic"], message["payload"])
        assert fact is not None
        stored.append(Stored(fact, message["topic"], json.dumps(message["payload"])))
    keeper.ledger.record([Stored(stored[number].fact, "as it came first", "{}") for number in known])
    keeper.ledger.commit()
    keeper.ledger.record(stored)
    keeper.ledger.record(stored[:10])
    keeper.ledger.commit()
    rows = keeper.database.rows("SELECT topic, payload FROM message ORDER BY t_utc_ns")
    expected = [(entry.topic, entry.payload) for entry in stored]
    for number in known:
        expected[number] = ("as it came first", "{}")
    assert rows == expected
    keeper.close()


def test_a_restart_goes_on_where_it_was(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit()
    keeper.take(script, 5)
    keeper.close()
    again = Keeper(url)
    script.watermark(6)
    (issued,) = again.take(script, 6)
    assert isinstance(issued, Issued)
    assert issued.receipt.total == Decimal("3.00")
    assert issued.receipt.state == "final"
    again.close()


def test_a_receipt_is_issued_once_though_everything_comes_again_after_a_restart(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit()
    script.watermark(6)
    messages = list(script.messages)
    assert len(keeper.take(script, 6)) == 1
    keeper.close()
    again = Keeper(url)
    script.messages = messages
    assert again.take(script, 7) == []
    again.close()


def test_a_correction_after_a_restart_finds_its_receipt(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit()
    script.watermark(6)
    keeper.take(script, 6)
    keeper.close()
    again = Keeper(url)
    script.correct(20, "e1-0000000000000001", {"cola": 1})
    (adjusted,) = again.take(script, 20)
    assert isinstance(adjusted, Adjusted)
    assert adjusted.adjustment.amount == Decimal("-1.50")
    again.close()


def test_a_decision_is_written_once_with_who_and_when(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit(confidence=0.6)
    script.watermark(6)
    issued, review = keeper.take(script, 6)
    assert isinstance(issued, Issued)
    assert isinstance(review, Review)
    history = keeper.ledger.history
    (case,) = history.open_cases(10)
    assert case["reasons"] == list(issued.receipt.reasons)
    assert keeper.ledger.close_case(review.case, T0, "anna", "{}")
    assert not keeper.ledger.close_case(review.case, T0, "bert", "{}")
    keeper.ledger.commit()
    found = history.case(review.case)
    assert found is not None
    assert (found["closed"], found["decided_by"]) == (True, "anna")
    assert history.open_cases(10) == []
    (final,) = keeper.shop.decide(review.case, review.options[0].goods, "anna", T0 + 60 * SECOND_NS)
    assert isinstance(final, Issued)
    assert final.receipt.state == "final"
    assert final.receipt.receipt == issued.receipt.receipt
    keeper.close()


def test_a_session_tells_its_whole_story_and_can_be_erased_while_sums_stay(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit()
    script.near(1, {"s1": 1.0})
    script.watermark(6)
    keeper.take(script, 6)
    story = keeper.ledger.history.session("s1")
    assert [door["type"] for door in story["doors"]] == ["shelf.v1.entered", "shelf.v1.exited"]
    assert [entry["data"]["total"] for entry in story["receipts"]] == ["3.00"]
    assert [event["data"]["items"][0]["sku"] for event in story["events"]] == ["cola"]
    assert keeper.ledger.erase("s1", "erased-1") > 0
    keeper.ledger.commit()
    gone = keeper.ledger.history.session("s1")
    assert gone.pop("session") == "s1" and not any(gone.values())
    assert [entry["data"]["total"] for entry in keeper.ledger.history.recent(10)] == ["3.00"]
    everything = json.dumps(keeper.database.rows("SELECT payload FROM message")) + json.dumps(
        keeper.database.rows("SELECT payload, sessions, account FROM issued")
    )
    assert '"s1"' not in everything
    keeper.close()


def test_the_story_holds_corrections_who_was_near_and_who_decided(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit(confidence=0.6)
    event = str(script.messages[1]["payload"]["id"])
    for t in (1.5, 2.5, 30.0):
        script.near(t, {"s1": 0.9})
    script.near(2.0, {"s2": 1.0}, plates=("P2",))
    script.correct(4, event, {"cola": 2}, confidence=0.15)
    script.watermark(7)
    _, review = keeper.take(script, 7)
    assert isinstance(review, Review)
    assert keeper.ledger.close_case(review.case, T0 + 60 * SECOND_NS, "anna", '{"goods": []}')
    keeper.ledger.commit()
    story = keeper.ledger.history.session("s1")
    assert [entry["data"]["corrects"] for entry in story["corrections"]] == [event]
    assert [entry["time"] for entry in story["presence"]] == [script.at(1.5), script.at(2.5)]
    (case,) = story["cases"]
    assert (case["decided"], case["decided_by"], case["decision"]) == (script.at(60), "anna", {"goods": []})
    keeper.close()


def test_a_days_movements_are_told_as_they_were_corrected(url: str) -> None:
    keeper = Keeper(url)
    script = Script()
    script.enter("s1", 0)
    kept, changed, withdrawn = (script.pick(t, {"cola": 1}) for t in (2, 4, 6))
    script.correct(8, changed, {"juice": 1})
    script.correct(9, changed, {"juice": 2})
    script.correct(9, withdrawn, {}, withdrawn=True)
    keeper.take(script, 10)
    told = keeper.ledger.history.movements(T0, T0 + 60 * SECOND_NS, 10)
    assert [(event["id"], event["data"]["items"]) for event in told] == [
        (kept, [{"sku": "cola", "qty": 1}]),
        (changed, [{"sku": "juice", "qty": 2}]),
    ]
    keeper.close()


def test_an_underscore_in_a_session_stands_for_itself(url: str) -> None:
    keeper = Keeper(url)
    for session in ("a_b", "axb"):
        script = Script(epoch=f"e{session}")
        script.enter(session, 0)
        script.exit(session, 5)
        script.messages[0]["payload"]["id"] = f"in-{session}"
        script.messages[1]["payload"]["id"] = f"out-{session}"
        script.watermark(6)
        keeper.take(script, 6)
    assert len(keeper.ledger.history.session("a_b")["receipts"]) == 1
    keeper.close()


def test_a_second_writer_is_refused(url: str) -> None:
    keeper = Keeper(url)
    with pytest.raises(LedgerLockedError):
        open_database(url)
    with open_read_only(url) as _:
        pass
    keeper.close()
    open_database(url).close()


def test_another_stores_ledger_is_refused(url: str) -> None:
    Keeper(url).close()
    database = open_database(url)
    with pytest.raises(LedgerError, match="'demo', not 'other'"):
        Ledger(database, "other").prepare()
    database.close()


def test_what_is_older_than_the_retention_is_dropped(url: str) -> None:
    keeper = Keeper(url)
    script = a_visit()
    script.watermark(6)
    keeper.take(script, 6)
    keeper.ledger.sent([entry.event_id for entry in keeper.ledger.outbox(10)])
    keeper.ledger.forget_before(T0 + 1000 * SECOND_NS)
    keeper.ledger.commit()
    assert keeper.database.rows("SELECT COUNT(*) FROM message") == [(0,)]
    assert keeper.ledger.history.recent(10) == []
    keeper.close()


def test_a_database_that_cannot_be_opened_is_one_line() -> None:
    for url in ("sqlite:////proc/nowhere/ledger.sqlite", "postgresql://nobody@127.0.0.1:1/none"):
        with pytest.raises(LedgerError) as caught:
            open_database(url)
        assert "\n" not in str(caught.value)


class open_read_only:  # noqa: N801 # reads as a verb where it is used
    """A history of its own, as the page opens it."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url, read_only=True)

    def __enter__(self) -> History:
        return History(self._database)

    def __exit__(self, *_: object) -> None:
        self._database.close()
