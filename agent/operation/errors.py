"""Why an operator's tool cannot do what it was asked."""

from __future__ import annotations


class OperationError(Exception):
    """One line, with what to do."""


class BrokerError(OperationError):
    """The broker cannot be used: `reason` is what was found, `remedy` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy
