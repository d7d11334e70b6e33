"""How many events a second a resolver takes, durable, and whether a day replayed in disorder gives the same receipts:
`python -m tests.resolver.figures`, `... --day`.

The service's own worker with a real ledger, fed by a queue in place of the broker: twenty shoppers inside at all
times, a pick or a put each few seconds at their plate, which a zone sensor tells to be theirs; watermarks, receipts.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.messages import format_utc
from agent.store import Store, load_store
from resolver.inbox import SECOND_NS, Reader
from resolver.ledger import Ledger, open_database
from resolver.link import Incoming
from resolver.page import Live
from resolver.service.collecting import Collector
from resolver.service.worker import Worker
from resolver.shop import Shop
from resolver.shop.publishing import cloud_event
from resolver.shop.replay import Replay

SHOPPERS = 20
VISIT = 12
"""Movements of a visit."""
EVERY_NS = SECOND_NS // 4
"""Time of the store between two movements: four a second in all."""
DAY_NS = 86_400 * SECOND_NS
MUST = {"sqlite": 5_000, "postgresql": 10_000}
WATERMARK = 100
"""Movements to a watermark."""
T0 = 1_800_000_000 * SECOND_NS
EPOCH, STORE = "bench", "figures"


class Feed:
    """What the worker needs of a link; messages wait in its queue."""

    def __init__(self) -> None:
        self.incoming: queue.Queue[Incoming] = queue.Queue(10_000)
        self.connected = threading.Event()
        self.taken_over = threading.Event()
        self.acknowledged: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
        self.acks = self.receipts = 0
        self._number = 0

    def ack(self, message: Incoming) -> None:
        self.acks += 1

    def publish(self, topic: str, payload: str, *, qos: int = 1, retain: bool = False) -> int | None:
        self._number += 1
        self.receipts += topic.endswith("/receipts")
        self.acknowledged.put((self._number, True))
        return self._number


def store_file(folder: Path) -> Path:
    """A plate for each shopper."""
    lines = [f'schema = "store/1"\n[store]\nid = "{STORE}"\ncurrency = "EUR"\n[[agent]]\nid = "a1"']
    for number in range(SHOPPERS):
        lines.append(
            f'[[item]]\nsku = "item{number}"\nname = "Item {number}"\nprice = "1.50"\nsold_by = "unit"\n'
            f"unit_weight_g = 350.0\nunit_sd_g = 1.8\n"
            f'[[plate]]\nid = "P{number}"\nsize_mm = [450.0, 300.0]\nmax_g = 20000.0\n'
            f'[[plate.cell]]\nboard = "b{number:015x}"\nchannel = 0\nx_mm = 20.0\ny_mm = 20.0\nzero_counts = 0\n'
            f'counts_per_gram = 420.0\n[[plate.lane]]\nsku = "item{number}"\nx_mm = [0.0, 450.0]\nstock = 8'
        )
    path = folder / "store.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def messages(events: int, every_ns: int = EVERY_NS) -> Iterator[tuple[int, str, bytes]]:
    """(instant, topic, payload) in order of time, with so many movements."""
    base, sequence, number = f"shelf/v1/{STORE}", 0, 0
    stay_s = VISIT * SHOPPERS * every_ns / SECOND_NS
    for event in range(events):
        t_utc_ns = T0 + event * every_ns
        who, nth = event % SHOPPERS, event // SHOPPERS
        visit, of_visit = divmod(nth, VISIT)
        session = f"s{who}-{visit}"
        if of_visit == 0:
            number += 1
            yield t_utc_ns, f"{base}/sessions", _session(number, "entered", session, t_utc_ns - SECOND_NS)
            number += 1
            yield t_utc_ns, f"{base}/presence", _presence(number, who, session, t_utc_ns - SECOND_NS // 10, stay_s)
        sequence += 1
        kind = "put" if of_visit % 5 == 4 else "pick"
        yield t_utc_ns, f"{base}/agents/a1/events", _movement(sequence, kind, who, t_utc_ns)
        if event % WATERMARK == 0:
            yield t_utc_ns, f"{base}/agents/a1/watermark", _watermark(sequence, t_utc_ns)
        if of_visit == VISIT - 1:
            number += 1
            yield t_utc_ns, f"{base}/sessions", _session(number, "exited", session, t_utc_ns + SECOND_NS)
    end_utc_ns = T0 + events * every_ns + 10 * SECOND_NS
    yield end_utc_ns, f"{base}/agents/a1/watermark", _watermark(sequence, end_utc_ns)


@dataclass(frozen=True)
class Run:
    """Events a second by the clock and by this process's own time, resident kB at each tenth, receipts."""

    rate: float
    rate_cpu: float
    resident_kb: list[int]
    receipts: int


def run(url: str, events: int, folder: Path) -> Run:
    """Feed so many movements, and look after them in the ledger."""
    feed = Feed()
    shop = Shop(load_store(store_file(folder)))
    database = open_database(url)
    Ledger(database, STORE).prepare()
    ledger = Ledger(database, STORE, open_database(url, read_only=True))
    now = [T0]
    worker = Worker(shop, ledger, feed, Live(), lambda: now[0], lambda _: None, 30)  # type: ignore[arg-type]
    worker.start()
    feed.connected.set()
    resident: list[int] = []
    spent: list[tuple[float, float]] = []
    fed = 0
    waiting: list[Incoming] = []
    for mid, (t_utc_ns, topic, payload) in enumerate(messages(events), start=1):
        waiting.append(Incoming(topic, payload, 1, False, mid, 1))
        fed += topic.endswith("/events")
        if len(waiting) == 2000:
            spent.append(_work(worker, feed, waiting, now, t_utc_ns))
            if fed * 10 // events > len(resident):
                resident.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    spent.append(_work(worker, feed, waiting, now, t_utc_ns, last=True))
    worker.finish()
    ledger.close()
    database = open_database(url, read_only=True)
    kept = database.rows("SELECT COUNT(*) FROM message WHERE kind IN ('pick', 'put')")[0][0]
    database.close()
    if kept != events:
        raise SystemExit(f"{kept} of {events} events are in the ledger")
    wall_s, cpu_s = (sum(part) for part in zip(*spent, strict=True))
    return Run(events / wall_s, events / cpu_s, resident, feed.receipts)


def same_day(folder: Path, every_ns: int) -> tuple[int, int, bool]:
    """Messages and receipts of a day, and whether disorder within 5 s and duplicates leave the receipts' bytes."""
    store = load_store(store_file(folder))
    day = list(messages(DAY_NS // every_ns, every_ns))
    rng = random.Random(len(day))
    late = sorted((t_utc_ns + rng.uniform(0, 4.9) * SECOND_NS, number) for number, (t_utc_ns, *_) in enumerate(day))
    disorder = [day[number] for _, number in late for _ in range(rng.choice((1, 1, 2)))]
    told = [_receipts(store, stream) for stream in (day, disorder)]
    return len(day), len(told[0]), told[0] == told[1]


def _receipts(store: Store, stream: list[tuple[int, str, bytes]]) -> list[str]:
    driver = Replay(Shop(store), Reader(store.id, store.agents))
    issued = driver.run((topic, payload) for _, topic, payload in stream)
    return [cloud_event(store.id, effect).to_json() for effect in issued]


def _work(
    worker: Worker, feed: Feed, waiting: list[Incoming], now: list[int], t_utc_ns: int, *, last: bool = False
) -> tuple[float, float]:
    """Hand one batch over, as soon as the worker takes it; the last is waited for until all are acknowledged."""
    for message in waiting:
        feed.incoming.put(message)
    now[0] = t_utc_ns
    begun_s = time.perf_counter(), time.process_time()
    worker.step()
    while last and feed.acks < waiting[-1].mid:
        worker.step()
    spent_s = time.perf_counter() - begun_s[0], time.process_time() - begun_s[1]
    waiting.clear()
    return spent_s


def _event(
    source: str, event_id: str, kind: str, t_utc_ns: int, subject: str, data: dict[str, object]
) -> dict[str, object]:
    return {
        "specversion": "1.0", "id": event_id, "source": f"/stores/{STORE}/{source}", "type": f"shelf.v1.{kind}",
        "time": format_utc(t_utc_ns), "recordedtime": format_utc(t_utc_ns), "subject": subject,
        "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def _packed(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def _session(number: int, kind: str, session: str, t_utc_ns: int) -> bytes:
    return _packed(_event("doors/front", f"d{number}", kind, t_utc_ns, session, {"session": session, "group": None}))


def _presence(number: int, who: int, session: str, t_utc_ns: int, valid_s: float) -> bytes:
    data = {"plates": [f"P{who}"], "shares": {session: 0.99}, "valid_s": valid_s, "sensor": "zone"}
    return _packed(_event("trackers/cam", f"p{number}", "presence", t_utc_ns, f"P{who}", data))


def _watermark(sequence: int, t_utc_ns: int) -> bytes:
    data = {
        "epoch": EPOCH, "sequence": f"{sequence:016d}", "until": format_utc(t_utc_ns), "open": [], "blind": [],
        "previous": None,
    }  # fmt: skip
    return _packed(_event("agents/a1", f"w{sequence}-{t_utc_ns}", "watermark", t_utc_ns, "a1", data))


def _movement(sequence: int, kind: str, who: int, t_utc_ns: int) -> bytes:
    items = [{"sku": f"item{who}", "qty": 1}]
    data = {
        "plate": f"P{who}", "delta_g": 350.0 if kind == "put" else -350.0, "sigma_g": 0.6, "before_g": 7000.0,
        "after_g": 6650.0, "position_mm": [102.4, 133.0], "position_sigma_mm": 3.1, "items": items,
        "confidence": 0.997, "candidates": [{"items": items, "probability": 0.997}],
        "started": format_utc(t_utc_ns - SECOND_NS // 5), "settled": format_utc(t_utc_ns + SECOND_NS // 5),
        "actor": "shopper", "quality": [],
    }  # fmt: skip
    event = _event("agents/a1", f"{EPOCH}-{sequence:016d}", kind, t_utc_ns, f"P{who}", data)
    return _packed({**event, "epoch": EPOCH, "sequence": f"{sequence:016d}"})


def main() -> int:
    """Print the figure beside what it must be; exit 1 where it is missed."""
    parser = argparse.ArgumentParser(prog="resolver-figures", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="movements fed (default 100000)")
    parser.add_argument("--database", default="", help="postgresql://... (default: SQLite in a fresh folder)")
    parser.add_argument("--day", action="store_true", help="replay a day twice instead, once in disorder")
    chosen = parser.parse_args()
    Collector(time.monotonic())
    with tempfile.TemporaryDirectory(prefix="resolver-figures-") as folder:
        if chosen.day:
            fed, receipts, same = same_day(Path(folder), 2 * SECOND_NS)
            verdict = "the same bytes" if same else "OTHER BYTES"
            sys.stdout.write(f"a day of {fed} messages, in order and in disorder: {receipts} receipts, {verdict}\n")
            return 0 if same else 1
        url = chosen.database or f"sqlite:///{folder}/ledger.sqlite"
        done = run(url, chosen.events, Path(folder))
    must = MUST[url.split(":")[0]]
    mb = ", ".join(f"{kb / 1024:.0f}" for kb in done.resident_kb)
    sys.stdout.write(
        f"events a second, durable, {url.split(':')[0]}: {done.rate:.0f} (must {must}); by the process's own time "
        f"{done.rate_cpu:.0f}; {chosen.events} events, {done.receipts} receipts; resident MB at each tenth: {mb}\n"
    )
    return 0 if done.rate >= must else 1


if __name__ == "__main__":
    sys.exit(main())
