"""Settings of `shelf-resolver`: flags, then SHELF_RESOLVER_* in the environment, then the TOML file of --config."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SHELF_RESOLVER_"
BROKER_PORTS = {"mqtt": 1883, "mqtts": 8883}


class SettingsError(ValueError):
    """A setting that is missing or wrong; the text says which, where it came from and what to change."""


class Settings(BaseSettings):
    """What `shelf-resolver run` needs to know. `load` gathers the values, so that an error names where it came from."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    store: Path = Field(description="store file (TOML)")
    broker: str = Field(default="mqtt://127.0.0.1:1883", description="mqtt://host:1883 or mqtts://host:8883")
    user: str = Field(default="", description="user name at the broker")
    password_file: Path | None = Field(default=None, description="file with the password at the broker")
    ca_file: Path | None = Field(default=None, description="CA certificates (PEM) that the broker is checked against")
    cert_file: Path | None = Field(default=None, description="client certificate (PEM)")
    key_file: Path | None = Field(default=None, description="key of the client certificate (PEM)")
    state: Path = Field(default=Path("resolver-state"), description="folder of the default database")
    database: str = Field(default="", description="sqlite:///path (default: in the state folder) or postgresql://...")
    listen: str = Field(default="127.0.0.1:8080", description="address and port of the page")
    users_file: Path | None = Field(default=None, description="who may decide reviews (see `shelf-resolver password`)")
    secure_cookie: bool = Field(default=False, description="true where the page is reached over TLS, behind a proxy")
    receipt_wait_s: float = Field(default=120.0, ge=0, le=86_400, description="wait after an exit, s")
    skew_s: float = Field(default=0.5, ge=0, le=60, description="difference of clocks allowed for, s")
    loss_limit: Decimal = Field(
        default=Decimal("0.20"), ge=0, description="expected loss of a receipt, in the currency, that goes to review"
    )
    visit_max_h: float = Field(default=4.0, gt=0, le=168, description="a session is closed after this long, h")
    keep_days: int = Field(default=400, ge=1, description="days that receipts and events stay in the ledger, d")

    @field_validator("broker")
    @classmethod
    def _broker(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in BROKER_PORTS or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("needs mqtt://host:1883 or mqtts://host:8883")
        try:
            _ = parts.port
        except ValueError:
            raise ValueError("needs a port from 1 to 65535, as in mqtt://host:1883") from None
        return value

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", value)
        if match is None or int(match[2]) > 65_535:
            raise ValueError("needs address:port, as in 127.0.0.1:8080")
        return value

    @field_validator("database")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not re.match(r"(sqlite:///.|postgres(ql)?://.)", value):
            raise ValueError("needs sqlite:///path or postgresql://user@host/name")
        return value

    @property
    def broker_address(self) -> tuple[str, int, bool]:
        """Host, port, and whether TLS is used."""
        parts = urlsplit(self.broker)
        assert parts.hostname is not None
        return parts.hostname, parts.port or BROKER_PORTS[parts.scheme], parts.scheme == "mqtts"

    @property
    def listen_address(self) -> tuple[str, int]:
        host, port = self.listen.rsplit(":", 1)
        return host.strip("[]"), int(port)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.state / 'resolver.sqlite'}"


def load(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings.

    Raises:
        SettingsError: the file cannot be read, a key is not known, a value is missing or wrong.
    """
    environment = os.environ if environment is None else environment
    config = flags.get("config") or environment.get(f"{PREFIX}CONFIG")
    values, origin = _file(Path(config)) if config else ({}, {})
    for name in Settings.model_fields:
        if f"{PREFIX}{name.upper()}" in environment:
            values[name], origin[name] = environment[f"{PREFIX}{name.upper()}"], f"{PREFIX}{name.upper()}"
        if flags.get(name) is not None:
            values[name], origin[name] = flags[name], flag(name)
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        if first["type"] == "missing":
            raise SettingsError(f"{name} is not set: give {flag(name)} or {PREFIX}{name.upper()}") from None
        message = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{origin.get(name, name)}: {values.get(name)!r}: {message}") from None


def flag(name: str) -> str:
    """The flag of a setting: `--receipt-wait-s` of `receipt_wait_s`."""
    return "--" + name.replace("_", "-")


def _file(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {(error.strerror or str(error)).lower()}; name a file that can be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None
    unknown = sorted(set(document) - set(Settings.model_fields))
    if unknown:
        raise SettingsError(f"{path}: unknown key {unknown[0]!r}; allowed: {', '.join(Settings.model_fields)}")
    return document, {name: f"{path}: {name}" for name in document}
