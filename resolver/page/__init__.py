"""The live page and the HTTP interface: Starlette, server-sent events, no build step."""

from resolver.page.app import World, make_app
from resolver.page.live import Live
from resolver.page.server import PageServer, PortTakenError, bind

__all__ = ["Live", "PageServer", "PortTakenError", "World", "bind", "make_app"]
