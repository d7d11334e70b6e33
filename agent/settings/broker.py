"""Where the broker is: `mqtt://host:1883` or `mqtts://host:8883`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAddressError(ValueError):
    """An address that is none; the text says what one looks like."""

    def __init__(self, found: str, what: str) -> None:
        super().__init__(f"{what} in {found!r}; write mqtt://host:1883 or mqtts://host:8883")
        self.found = found


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Host, port, and whether TLS is spoken."""

    host: str
    port: int
    tls: bool

    @classmethod
    def parse(cls, text: str) -> BrokerAddress:
        """The address of a URL.

        Raises:
            BrokerAddressError: another scheme, no host, a port out of range, or parts that belong into other settings.
        """
        try:
            url = urlsplit(text)
            port = url.port
        except ValueError:
            raise BrokerAddressError(text, "no port from 1 to 65535") from None
        if url.scheme not in DEFAULT_PORTS:
            raise BrokerAddressError(text, f"scheme {url.scheme!r}" if url.scheme else "no scheme")
        if not url.hostname:
            raise BrokerAddressError(text, "no host")
        if url.username is not None or url.password is not None:
            shown = text.replace(url.netloc, url.netloc.rpartition("@")[2])
            raise BrokerAddressError(shown, "a user or password (they have their own settings)")
        if url.path.strip("/") or url.query or url.fragment:
            raise BrokerAddressError(text, "something behind the port")
        if port == 0:
            raise BrokerAddressError(text, "no port from 1 to 65535")
        return cls(url.hostname, port or DEFAULT_PORTS[url.scheme], url.scheme == "mqtts")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"
