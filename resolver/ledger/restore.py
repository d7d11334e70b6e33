"""After a restart: the core as it was, from the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator

from agent.messages import MessageError
from resolver.inbox import Fact, Reader, SessionFact, arrival_time
from resolver.ledger.database import Database
from resolver.ledger.ledger import goods_of, receipt_of
from resolver.shop import Settled, Shop


def restore(database: Database, shop: Shop, reader: Reader) -> None:
    """Tell the shop again what it needs of what is recorded.

    That is: the epochs of the agents, all messages of as long as a visit and its corrections may last before the
    newest, all of the sessions that they name, and the receipts issued in that time.
    """
    for agent, epoch, state in database.rows("SELECT agent, epoch, state FROM epoch ORDER BY agent, place"):
        if agent in shop.logs:
            shop.logs[agent].load(epoch, json.loads(state))
    newest = database.rows("SELECT MAX(t_utc_ns) FROM message")[0][0]
    if newest is None:
        return
    horizon = newest - shop.rules.longest_visit_ns - shop.rules.keep_ns
    facts = sorted(_facts(database, reader, horizon), key=arrival_time)
    issued = _settled(database, horizon)
    for fact in facts:
        if isinstance(fact, SessionFact):
            while issued and issued[0][0] <= fact.recorded_utc_ns:
                shop.restore_receipt(*issued.pop(0)[1:])
        shop.recall(fact)
    for _, account, settled in issued:
        shop.restore_receipt(account, settled)
    shop.changed_baskets()


def _facts(database: Database, reader: Reader, horizon_utc_ns: int) -> Iterator[Fact]:
    rows = database.rows(
        "SELECT topic, payload FROM message WHERE t_utc_ns >= ? OR session IN "
        "(SELECT session FROM message WHERE session IS NOT NULL AND t_utc_ns >= ?)",
        (horizon_utc_ns, horizon_utc_ns),
    )
    for topic, payload in rows:
        try:
            fact = reader.read(topic, payload)
        except MessageError:
            continue  # recorded while its agent stood in the store file, which it does no more
        if fact is not None:
            yield fact


def _settled(database: Database, horizon_utc_ns: int) -> list[tuple[int, str, Settled]]:
    """Accounts with what was billed last, in the order of their receipts."""
    found: dict[str, tuple[int, str, Settled]] = {}
    rows = database.rows(
        "SELECT receipt, account, kind, billed, payload FROM issued WHERE receipt IN "
        "(SELECT receipt FROM issued WHERE at_utc_ns >= ?) ORDER BY at_utc_ns, event_id",
        (horizon_utc_ns,),
    )
    for number, account, kind, billed, payload in rows:
        goods = goods_of(json.loads(billed))
        if kind == "receipt":
            receipt = receipt_of(payload)
            first = found[number][0] if number in found else receipt.issued
            found[number] = (first, account, Settled(receipt, goods))
        elif number in found:
            settled = found[number][2]
            settled.billed, settled.adjustments = goods, settled.adjustments + 1
    for number, case in database.rows("SELECT receipt, review_case FROM review WHERE closed_utc_ns IS NULL"):
        if number in found:
            found[number][2].case = case
    return sorted(found.values(), key=lambda entry: (entry[0], entry[1]))
