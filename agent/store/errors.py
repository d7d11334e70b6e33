"""What can be wrong with a store file, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault of a store file: `line` counts from 1 (0: the file as a whole)."""

    line: int
    key: str
    found: str
    allowed: str

    def text(self, path: str) -> str:
        where = f"{path}:{self.line}" if self.line else path
        key = f" {self.key}:" if self.key else ""
        return f"{where}:{key} {self.found}; {self.allowed}"


class StoreError(ValueError):
    """A store file that is refused. `problems` holds all that was found, in the order of the file."""

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(problems[0].text(path) + more)
