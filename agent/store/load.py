"""Reads a store file whole: TOML, then shape, then sense; each fault with its line and what is allowed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.store.errors import Problem, StoreError
from agent.store.lines import LineIndex, Path
from agent.store.model import Agent, Cell, Item, Lane, Plate, PriceStep, Store, StoreFile, StoreHead
from agent.store.sense import check_sense, default_agents
from agent.store.words import allowed

FOREIGN_PREFIX = "x-"
REVISION_DIGITS = 12
EXACT_SCHEMA = "store/1"
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
_SECTIONS: dict[str, type[BaseModel]] = {
    "store": StoreHead,
    "agent": Agent,
    "item": Item,
    "plate": Plate,
    "cell": Cell,
    "lane": Lane,
    "price": PriceStep,
}


def load_store(path: FilePath) -> Store:
    """The store of a file.

    Raises:
        StoreError: the file cannot be read, or anything in it is wrong.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StoreError(str(path), (Problem(0, "", reason, "name a store file that can be read"),)) from None
    return parse_store(raw, str(path))


def parse_store(raw: bytes, name: str) -> Store:
    """The store of a file's bytes; `name` stands in messages.

    Raises:
        StoreError: anything in it is wrong.
    """
    text, document = _toml(raw, name)
    index = LineIndex(text)
    document = _without_foreign(document)
    if str(document.get("schema", "")).startswith(f"{EXACT_SCHEMA}."):
        document = _known_only(document, StoreFile)
    try:
        file = StoreFile.model_validate(document)
    except ValidationError as error:
        found = sorted(_problems(error, index, document), key=lambda problem: (not problem.line, problem.line))
        raise StoreError(name, tuple(found)) from None
    agents, plates = default_agents(file)
    problems = tuple(check_sense(file, agents, plates, index))
    if problems:
        raise StoreError(name, problems)
    return Store(
        id=file.store.id,
        currency=file.store.currency,
        agents=agents,
        items={item.sku: item for item in file.item},
        plates={plate.id: plate for plate in plates},
        revision=hashlib.sha256(raw).hexdigest()[:REVISION_DIGITS],
    )


def _toml(raw: bytes, name: str) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode()
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise StoreError(name, (Problem(line, "", "a byte that is not UTF-8", "save the file as UTF-8"),)) from None
    except tomllib.TOMLDecodeError as error:
        match = _AT_LINE.search(str(error))
        line = int(match[1]) if match and match[1] else len(text.splitlines())
        what = _AT_LINE.sub("", str(error)).strip()
        raise StoreError(name, (Problem(line, "", f"not TOML: {what}", "write it as TOML"),)) from None


def _without_foreign(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_foreign(v) for k, v in value.items() if not k.startswith(FOREIGN_PREFIX)}
    if isinstance(value, list):
        return [_without_foreign(entry) for entry in value]
    return value


def _known_only(document: Any, model: type[BaseModel]) -> Any:
    """A later minor schema adds optional keys only: what is not known is left out."""
    if isinstance(document, list):
        return [_known_only(entry, model) for entry in document]
    if not isinstance(document, dict):
        return document
    names = _key_names(model)
    return {
        key: _known_only(value, _SECTIONS[key]) if key in _SECTIONS else value
        for key, value in document.items()
        if key in names
    }


def _key_names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _problems(error: ValidationError, index: LineIndex, document: dict[str, Any]) -> Iterator[Problem]:
    found = error.errors(include_url=False)
    for entry in found:
        # A list whose entries are refused counts as too short, too: that is no fault of its own.
        within = len(entry["loc"])
        if entry["type"] == "too_short" and any(
            len(other["loc"]) > within and other["loc"][:within] == entry["loc"] for other in found
        ):
            continue
        yield _problem(entry, entry["loc"], index, document)


def _problem(entry: Any, path: Path, index: LineIndex, document: dict[str, Any]) -> Problem:
    line = index.line(path)
    names = [part for part in path if isinstance(part, str)]
    key = ".".join(names)
    if entry["type"] == "extra_forbidden":
        section = names[-2] if len(names) > 1 else ""
        model = _SECTIONS.get(section, StoreFile)
        return Problem(line, key, "unknown key", f"allowed here: {', '.join(_key_names(model))}")
    if entry["type"] == "missing" and isinstance(path[-1], str):
        return Problem(index.line(path[:-1]), key, "missing", "this key is needed")
    kind = "too_short" if entry["type"] == "missing" else entry["type"]  # the second number of a pair
    words = allowed(kind, entry.get("ctx", {}), names[-1]) or str(entry["msg"]).removeprefix("Value error, ")
    return Problem(line, key, f"found {_shown(document, path)}", words)


def _shown(document: Any, path: Path) -> str:
    value = document
    for part in path:
        if not isinstance(value, (dict, list)):
            break
        try:
            value = value[part]  # type: ignore[index] # a path fits its document, but for what is missing
        except (KeyError, IndexError):
            break
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return "a section" if isinstance(value, (dict, list)) and len(str(value)) > 60 else repr(value)  # a line's worth
