"""The web server in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn
from starlette.applications import Starlette

MAX_CONNECTIONS = 500
BACKLOG = 128


class PortTakenError(Exception):
    """The page's address cannot be had."""


def bind(host: str, port: int) -> socket.socket:
    """The page's socket.

    Raises:
        PortTakenError: another program listens there, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise PortTakenError(
            f"the page cannot listen on {host}:{port}: {reason}; name another address with --listen"
        ) from None
    return listener


class PageServer:
    """uvicorn on a socket that is bound already."""

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End at once: live connections are cut, browsers come back by themselves."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(1.0)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))
