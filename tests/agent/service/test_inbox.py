"""The inbox: in order, stamped within the batch's time, bounded."""

from __future__ import annotations

import itertools
import threading

from agent.service.inbox import MAX_BYTES, MAX_NOTES, Inbox, ServiceFault


def test_a_batch_holds_all_that_came_before_its_time() -> None:
    ticks = itertools.count()
    inbox = Inbox(lambda: next(ticks))
    stop = threading.Event()

    def write(name: str) -> None:
        while not stop.is_set():
            inbox.put_bytes(name, b"x")

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    last = -1
    for _ in range(200):
        batch = inbox.take(0.01)
        times = [chunk.t_mono_ns for chunk in batch.chunks]
        assert times == sorted(times)
        assert all(last < t < batch.t_mono_ns for t in times)
        last = batch.t_mono_ns
    stop.set()
    for writer in writers:
        writer.join()


def test_bytes_beyond_the_bound_are_dropped_and_counted() -> None:
    inbox = Inbox(lambda: 0)
    half = bytes(MAX_BYTES // 2)
    assert inbox.put_bytes("a", half) and inbox.put_bytes("a", half)
    assert inbox.put_bytes("a", b"more") is None
    assert inbox.dropped_bytes == 4
    assert len(inbox.take(0).chunks) == 2
    assert inbox.put_bytes("a", b"again") is not None


def test_notes_are_bounded() -> None:
    inbox = Inbox(lambda: 0)
    for number in range(2 * MAX_NOTES):
        inbox.put_note(ServiceFault(str(number), "", "", recovered=False))
    assert len(inbox.take(0).notes) == MAX_NOTES


def test_only_a_note_ends_a_rest_and_is_still_there_to_be_taken() -> None:
    inbox = Inbox(lambda: 0)
    inbox.put_bytes("a", b"x")
    assert not inbox.rest(0.0)
    note = ServiceFault("f", "", "", recovered=False)
    threading.Thread(target=inbox.put_note, args=(note,)).start()
    assert inbox.rest(10.0)
    assert inbox.take(10.0).notes == [note]
