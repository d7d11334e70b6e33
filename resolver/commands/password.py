"""`shelf-resolver password`: a line for the users file."""

from __future__ import annotations

import getpass
import sys

from resolver.page.users import MAX_PASSWORD, USER_PATTERN, hash_password
from resolver.settings import SettingsError

LEAST = 10
"""Characters that a password needs: whoever guesses it decides what customers pay."""


def password(user: str) -> int:
    """Print `user:hash`.

    Raises:
        SettingsError: the name or the password will not do.
    """
    if not USER_PATTERN.fullmatch(user):
        raise SettingsError(f"{user!r} is no user name: 1 to 64 letters, digits and ._@-")
    secret = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not LEAST <= len(secret) <= MAX_PASSWORD:
        raise SettingsError(f"the password needs {LEAST} to {MAX_PASSWORD} characters")
    print(f"{user}:{hash_password(secret)}")
    return 0
