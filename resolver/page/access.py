"""Who is signed in: sessions in memory, one CSRF token each, and a bound on tries."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from resolver.page.users import Users

COOKIE = "shelf_session"
CSRF_HEADER = "x-csrf-token"
SESSION_S = 12 * 3600
MAX_SESSIONS = 1000
TRIES, TRIES_S = 5, 300.0
"""Failed tries of one user name or from one address in this time, before further ones are refused unread."""
MAX_ALL_TRIES = 60
"""Likewise of all together: behind a proxy all come from one address, and names can be invented."""
MAX_REMEMBERED = 10_000


@dataclass(frozen=True)
class SignedIn:
    """A person's session on the page."""

    user: str
    csrf: str
    until_s: float


class Access:
    """Signs in and out. `now_s` is a clock that never goes back."""

    def __init__(self, users: Users, now_s: Callable[[], float]) -> None:
        self._users, self._now_s = users, now_s
        self._sessions: OrderedDict[str, SignedIn] = OrderedDict()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    @property
    def possible(self) -> bool:
        """Whether there is anybody who could sign in."""
        return len(self._users) > 0

    def throttled(self, user: str, address: str) -> bool:
        """Whether too many tries failed lately."""
        with self._lock:
            return any(
                len(self._recent(key)) >= limit
                for key, limit in ((f"user {user}", TRIES), (f"from {address}", TRIES), ("all", MAX_ALL_TRIES))
            )

    def sign_in(self, user: str, password: str, address: str) -> tuple[str, SignedIn] | None:
        """A token for the cookie with its session; None where name or password is wrong. Slow on purpose."""
        with self._one_at_a_time:  # scrypt takes 32 MiB a try
            if self.throttled(user, address):
                return None
            good = self._users.check(user, password)
        with self._lock:
            if not good:
                for key in (f"user {user}", f"from {address}", "all"):
                    self._recent(key).append(self._now_s())
                return None
            token = secrets.token_urlsafe(32)
            signed_in = SignedIn(user, secrets.token_urlsafe(32), self._now_s() + SESSION_S)
            self._sessions[token] = signed_in
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
            return token, signed_in

    def who(self, token: str | None) -> SignedIn | None:
        """The session of a cookie, while it lasts."""
        with self._lock:
            signed_in = self._sessions.get(token or "")
            if signed_in is None or signed_in.until_s < self._now_s():
                return None
            return signed_in

    def sign_out(self, token: str | None) -> None:
        with self._lock:
            self._sessions.pop(token or "", None)

    @staticmethod
    def same_token(signed_in: SignedIn, told: str | None) -> bool:
        """Whether the CSRF token told is that of the session."""
        return told is not None and hmac.compare_digest(signed_in.csrf.encode(), told.encode())

    def _recent(self, key: str) -> deque[float]:
        tries = self._failures.setdefault(key, deque(maxlen=MAX_ALL_TRIES))
        self._failures.move_to_end(key)
        while tries and tries[0] < self._now_s() - TRIES_S:
            tries.popleft()
        while len(self._failures) > MAX_REMEMBERED:
            self._failures.popitem(last=False)
        return tries
