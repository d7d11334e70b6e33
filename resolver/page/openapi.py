"""The OpenAPI description of the interface."""

from __future__ import annotations

from typing import Any

VERSION = "1"
_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}
_ERROR = {"type": "object", "required": ["error"], "properties": {"error": _TEXT}}
_MONEY = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: {"type": "array", "items": _OBJECT}}}


def _json(schema: dict[str, Any], what: str = "as asked") -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": schema}}}


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): _json(_ERROR, "refused, saying why") for status in statuses}


def _path(name: str, pattern: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def _get(
    summary: str, schema: dict[str, Any], *errors: int, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    told = {"summary": summary, "responses": {"200": _json(schema), **_errors(*errors)}}
    return {"get": {**told, **({"parameters": parameters} if parameters else {})}}


def _post(
    summary: str,
    body: dict[str, Any] | None,
    schema: dict[str, Any],
    *errors: int,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    told: dict[str, Any] = {"summary": summary, "responses": {"200": _json(schema), **_errors(*errors)}}
    if body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if parameters:
        told["parameters"] = parameters
    return told


_ME = {
    "type": "object",
    "required": ["user", "csrf", "possible"],
    "properties": {
        "user": {"type": ["string", "null"]},
        "csrf": {"type": ["string", "null"]},
        "possible": {"type": "boolean"},
    },
}
_CSRF = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": True,
    "schema": _TEXT,
    "description": "`csrf` of /api/v1/me",
}
_RECEIPT = _path("receipt", "^r-[0-9a-f]{16}$")
_CASE = _path("case", "^r-[0-9a-f]{16}(-charge-[0-9]{1,6})?$")
_SESSION = _path("session", "^[a-z0-9][a-z0-9_-]{0,31}$")
_LOGIN_BODY = {
    "type": "object",
    "required": ["user", "password"],
    "additionalProperties": False,
    "properties": {"user": _TEXT, "password": _TEXT},
}
_DECISION_BODY = {
    "type": "object",
    "required": ["option"],
    "additionalProperties": False,
    "properties": {"option": {"type": "integer", "minimum": 0}},
}
_BASKETS = {
    "type": "object",
    "required": ["baskets"],
    "properties": {
        "baskets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["session", "lines", "total"],
                "properties": {"session": _TEXT, "total": _MONEY},
            },
        }
    },
}


def description() -> dict[str, Any]:
    """OpenAPI 3.1, for clients and for tests."""
    signed_in: list[dict[str, list[str]]] = [{"session": []}]
    logout = _post("sign out", None, _ME, 401, 403, parameters=[_CSRF])
    decide = _post(
        "decide a case", _DECISION_BODY, _OBJECT, 400, 401, 403, 404, 409, 413, 415, 503, parameters=[_CASE, _CSRF]
    )
    erase = _post(
        "put a pseudonym in place of a session", None, _OBJECT, 401, 403, 404, 409, 503, parameters=[_SESSION, _CSRF]
    )
    before = {"name": "before", "in": "query", "schema": {"type": "string", "format": "date-time"}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}}
    day = {"name": "day", "in": "path", "required": True, "schema": {"type": "string", "format": "date"}}
    text = {"description": "Prometheus text", "content": {"text/plain": {"schema": _TEXT}}}
    epcis = {"description": "EPCIS 2.0", "content": {"application/ld+json": {"schema": _OBJECT}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "shelf-resolver",
            "version": VERSION,
            "description": "Baskets, receipts and reviews of one store.",
        },
        "components": {"securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "shelf_session"}}},
        "paths": {
            "/healthz": _get("whether it runs", _OBJECT),
            "/metrics": {"get": {"summary": "Prometheus metrics", "responses": {"200": text}}},
            "/api/v1/plan": _get("plates, lanes and items of the store file", _OBJECT),
            "/api/v1/me": _get("who is signed in", _ME),
            "/api/v1/login": {"post": _post("sign in", _LOGIN_BODY, _ME, 400, 401, 403, 413, 415, 429)},
            "/api/v1/logout": {"post": {**logout, "security": signed_in}},
            "/api/v1/baskets": _get("baskets of those inside", _BASKETS),
            "/api/v1/receipts": _get(
                "newest receipts and adjustments", _list_of("receipts"), 400, parameters=[limit, before]
            ),
            "/api/v1/receipts/{receipt}": _get(
                "a receipt and what followed", _list_of("receipts"), 404, parameters=[_RECEIPT]
            ),
            "/api/v1/reviews": _get("cases that wait for a person", _list_of("reviews")),
            "/api/v1/reviews/{case}": _get("a case", _OBJECT, 404, parameters=[_CASE]),
            "/api/v1/reviews/{case}/decision": {"post": {**decide, "security": signed_in}},
            "/api/v1/sessions/{session}": {
                **_get("all that is recorded of a session", _OBJECT, 404, parameters=[_SESSION]),
                "delete": {**erase, "security": signed_in},
            },
            "/api/v1/epcis/{day}": {
                "get": {
                    "summary": "a day's movements as EPCIS 2.0",
                    "parameters": [day],
                    "responses": {"200": epcis, **_errors(400)},
                }
            },
        },
    }
