"""Finds the line of a key in a TOML text; the standard parser gives values without places."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*(\]\]?)\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\.?""")
_QUOTES = ('"""', "'''")


class LineIndex:
    """Lines of tables and keys by their path, such as ("plate", 0, "cell", 2, "channel")."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._scan(text)

    def line(self, path: Path) -> int:
        """Line of the longest known beginning of `path`; 0 where nothing of it is known."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return 0

    def _scan(self, text: str) -> None:
        table: Path = ()
        depth = 0
        quote = ""
        for number, line in enumerate(text.splitlines(), start=1):
            at_top = depth == 0 and not quote
            header = _HEADER.match(line) if at_top else None
            if header:
                table = self._enter(_parts(header[2]), number, array=header[1] == "[[")
                self._lines.setdefault(table, number)
                continue
            key = _KEY.match(line) if at_top else None
            if key:
                path = (*table, *_parts(key[1]))
                for length in range(len(table) + 1, len(path) + 1):
                    self._lines.setdefault(path[:length], number)
            depth, quote = _nesting(line, depth, quote)

    def _enter(self, names: list[str], line: int, *, array: bool) -> Path:
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            last = position == len(names) - 1
            if array and last:
                index = self._counts.get(path, -1) + 1
                self._counts[path] = index
                self._lines.setdefault(path, line)
                path = (*path, index)
            elif path in self._counts:
                path = (*path, self._counts[path])
        return path


def _parts(dotted: str) -> list[str]:
    return [next(group for group in match.groups() if group is not None) for match in _PART.finditer(dotted)]


def _nesting(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Bracket depth and open multi-line quote after a line."""
    position = 0
    while position < len(line):
        triple = line[position : position + 3]
        if quote:
            if triple == quote:
                quote, position = "", position + 3
                continue
        elif triple in _QUOTES:
            quote, position = triple, position + 3
            continue
        elif line[position] in "\"'":
            position = _string_end(line, position)
            continue
        elif line[position] == "#":
            break
        elif line[position] in "[{":
            depth += 1
        elif line[position] in "]}":
            depth -= 1
        position += 1
    return depth, quote


def _string_end(line: str, start: int) -> int:
    mark = line[start]
    position = start + 1
    while position < len(line) and line[position] != mark:
        position += 2 if mark == '"' and line[position] == "\\" else 1
    return position + 1
