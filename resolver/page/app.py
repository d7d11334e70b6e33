"""The page and its interface: static files, the live picture as server-sent events, JSON over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.messages import format_utc
from agent.store import Store
from resolver.page.api import Api, ApiError, api_error
from resolver.page.live import TooManyViewersError
from resolver.page.world import World

HEARTBEAT_S = 15.0
ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
SECURITY_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


def make_app(world: World) -> Starlette:
    """The page of one store."""
    page = _Page(world)
    return Starlette(
        routes=[
            Route("/", page.index),
            Route("/assets/{name}", page.asset),
            Route("/events", page.events),
            Route("/api/v1/plan", page.plan),
            *Api(world).routes(),
        ],
        middleware=[Middleware(_Headers)],
        exception_handlers={ApiError: api_error, HTTPException: _http_error},
    )


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail.lower()}, error.status_code, error.headers)


class _Headers:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class _Page:
    def __init__(self, world: World) -> None:
        self._world = world
        folder = files("resolver.page") / "assets"
        self._assets = {name: (folder / name).read_bytes() for name in (*ASSETS, "index.html")}

    async def index(self, _request: Request) -> Response:
        return Response(self._assets["index.html"], media_type="text/html; charset=utf-8")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return JSONResponse({"error": "not found"}, 404)
        return Response(self._assets[name], media_type=ASSETS[name], headers={"cache-control": "no-cache"})

    async def plan(self, _request: Request) -> Response:
        return JSONResponse(plan_document(self._world.store()))

    async def events(self, _request: Request) -> Response:
        try:
            viewer, picture = self._world.live.join(asyncio.get_running_loop())
        except TooManyViewersError:
            return JSONResponse({"error": "too many live connections"}, 503, {"retry-after": "10"})
        picture["plan"] = plan_document(self._world.store())
        picture["now"] = format_utc(self._world.clock())

        async def stream() -> AsyncIterator[str]:
            try:
                yield _sse("picture", picture)
                while not viewer.behind:
                    updates = await viewer.updates(HEARTBEAT_S)
                    yield "".join(_sse(kind, document) for kind, document in updates) if updates else ": still here\n\n"
            finally:
                self._world.live.leave(viewer)

        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


def plan_document(store: Store) -> dict[str, Any]:
    """Plates with their lanes, for the drawing of the shop."""
    return {
        "store": store.id,
        "currency": store.currency,
        "revision": store.revision,
        "items": {
            sku: {"name": item.name, "sold_by": item.sold_by, "unit_weight_g": item.unit_weight_g}
            for sku, item in store.items.items()
        },
        "plates": [
            {
                "plate": plate.id,
                "agent": plate.agent,
                "size_mm": list(plate.size_mm),
                "max_g": plate.max_g,
                "lanes": [
                    {"sku": lane.sku, "x_mm": list(lane.x_mm), "y_mm": list(lane.y_mm or (0.0, plate.size_mm[1]))}
                    for lane in plate.lanes
                ],
            }
            for plate in store.plates.values()
        ],
    }


def _sse(kind: str, document: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(document, separators=(',', ':'), allow_nan=False)}\n\n"
