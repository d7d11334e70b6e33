"""The network between the agent and the broker: forwards TCP until it is cut, silently."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Proxy:
    """Listens on `port`. While it is cut, nothing passes and nobody is told, as with a pulled cable."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._cut = threading.Event()
        self._stop = threading.Event()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    def cut(self, cut: bool) -> None:
        """Pull the cable, or plug it in: connections of before are dead then, as after a change of address."""
        if cut:
            self._cut.set()
        else:
            self._cut.clear()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            was_cut = False
            while not self._stop.is_set():
                if self._cut.is_set():
                    was_cut = True
                    self._stop.wait(0.02)
                    continue
                if was_cut:
                    was_cut = False
                    for end in list(self._pairs):
                        self._close(end, selector)
                for key, _ in selector.select(0.05):
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._pairs:
                        self._forward(key.fileobj, selector)
            for end in list(self._pairs):
                self._close(end, selector)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target_port), 1.0)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._pairs[one] = other
            selector.register(one, selectors.EVENT_READ)

    def _forward(self, end: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            data = end.recv(65_536)
            if data:
                self._pairs[end].sendall(data)
                return
        except OSError:
            pass  # either end has gone: both are closed
        self._close(end, selector)

    def _close(self, end: socket.socket, selector: selectors.BaseSelector) -> None:
        other = self._pairs.pop(end, None)
        for one in (end, other):
            if one is not None:
                self._pairs.pop(one, None)
                with contextlib.suppress(KeyError, ValueError):
                    selector.unregister(one)
                one.close()
