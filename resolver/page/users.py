"""Who may decide: a file of `user:hash` lines, hashed with scrypt (RFC 7914)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from pathlib import Path

N, R, P = 2**15, 8, 1
"""32 MiB a try: one step below what OWASP's password cheat sheet names, for a small machine that limits the rate of
tries as well."""
SALT_BYTES, HASH_BYTES = 16, 32
MAX_PASSWORD = 256
MAX_MEMORY = 128 * R * N * 2
USER_PATTERN = re.compile(r"[A-Za-z0-9._@-]{1,64}")


class UsersError(ValueError):
    """The users file cannot be used; the text says which line and why."""


def hash_password(password: str) -> str:
    """`scrypt$N$r$p$salt$hash` of a password, with a fresh salt."""
    salt = secrets.token_bytes(SALT_BYTES)
    return f"scrypt${N}${R}${P}${_text(salt)}${_text(_derive(password, salt, N, R, P))}"


def verify(password: str, stored: str) -> bool:
    """Whether the password is the one that was hashed."""
    _, n, r, p, salt, digest = stored.split("$")
    found = _derive(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


class Users:
    """The users of a file. A name that is not there takes as long to refuse as a wrong password."""

    def __init__(self, hashes: dict[str, str]) -> None:
        self._hashes = hashes
        self._nobody = hash_password(secrets.token_urlsafe(16))

    def __len__(self) -> int:
        return len(self._hashes)

    def check(self, user: str, password: str) -> bool:
        known = self._hashes.get(user)
        good = verify(password[:MAX_PASSWORD], known or self._nobody)
        return good and known is not None and len(password) <= MAX_PASSWORD


def load_users(path: Path | None) -> Users:
    """Users of a file; nobody where there is none.

    Raises:
        UsersError: the file cannot be read, or a line is not `user:hash`.
    """
    if path is None:
        return Users({})
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsersError(f"users_file: {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    hashes = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        user, _, stored = line.strip().partition(":")
        if not USER_PATTERN.fullmatch(user) or not _sound(stored):
            raise UsersError(f"{path}:{number}: is no user:hash line; `shelf-resolver password USER` makes one")
        hashes[user] = stored
    return Users(hashes)


def _sound(stored: str) -> bool:
    match = re.fullmatch(r"scrypt\$(\d{1,8})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)", stored)
    if match is None:
        return False
    n, r, p = (int(match[k]) for k in (1, 2, 3))
    return n >= 2 and n & (n - 1) == 0 and r >= 1 and p >= 1 and 128 * r * n * 2 <= MAX_MEMORY


def _derive(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=MAX_MEMORY, dklen=HASH_BYTES)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
