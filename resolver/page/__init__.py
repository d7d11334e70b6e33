"""The live page and the HTTP interface: Starlette, server-sent events, no build step."""

from resolver.page.access import Access
from resolver.page.app import make_app
from resolver.page.live import Live
from resolver.page.metrics import metrics_text
from resolver.page.server import PageServer, PortTakenError, bind
from resolver.page.users import Users, UsersError, load_users
from resolver.page.world import World

__all__ = [
    "Access",
    "Live",
    "PageServer",
    "PortTakenError",
    "Users",
    "UsersError",
    "World",
    "bind",
    "load_users",
    "make_app",
    "metrics_text",
]
