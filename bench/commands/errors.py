"""What a user can set right."""

from __future__ import annotations


class UsageError(Exception):
    """Wrong usage; the message says what is wrong, where, and what is allowed."""
