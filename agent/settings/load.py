"""Reads the settings; whatever is wrong becomes one line that names the setting where it was written."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from agent.settings.model import ENV_PREFIX, AgentSettings

PASSWORD_CREDENTIAL = "broker-password"  # noqa: S105 # the name of a systemd credential, not a password
_STATE_BELOW = "shelf-agent"


class SettingsError(ValueError):
    """Settings that are refused: one line, with what to change."""


def load_settings(flags: Mapping[str, Any], config: Path | None) -> AgentSettings:
    """The settings of this process. `flags` holds what the command line named, `config` the TOML file.

    Raises:
        SettingsError: unknown or wrong setting, or a file of secrets that cannot be read.
    """
    _refuse_unknown_environment()
    _refuse_unreadable(config)
    try:
        settings = _with_file(config)(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise SettingsError(_refusal(first, flags, config)) from None
    except SourceError as error:
        raise SettingsError(str(error)) from None
    return settings.model_copy(update={"state": settings.state or default_state(), **_password(settings)})


def default_state() -> Path:
    """systemd's StateDirectory, else the user's state folder."""
    named = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if named:
        return Path(named)
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / _STATE_BELOW


def _with_file(config: Path | None) -> type[AgentSettings]:
    if config is None:
        return AgentSettings

    class FromFile(AgentSettings):
        model_config = SettingsConfigDict(toml_file=config)

    return FromFile


def _refuse_unreadable(config: Path | None) -> None:
    if config is None:
        return
    try:
        tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"{config}: {reason}; name a TOML file that can be read with --config") from None
    except ValueError as error:
        raise SettingsError(f"{config}: not TOML: {error}") from None


def _refuse_unknown_environment() -> None:
    names = {f"{ENV_PREFIX}{name.upper()}" for name in AgentSettings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in names:
            raise SettingsError(f"{name}: unknown setting{_meant(name.upper(), names)}")


def _refusal(entry: Any, flags: Mapping[str, Any], config: Path | None) -> str:
    name = str(entry["loc"][0])
    if entry["type"] == "extra_forbidden":
        return f"{config}: {name}: unknown setting{_meant(name, AgentSettings.model_fields)}"
    env = f"{ENV_PREFIX}{name.upper()}"
    if flags.get(name) is not None:
        where = f"--{name.replace('_', '-')}"
    else:
        where = env if any(key.upper() == env for key in os.environ) else f"{config}: {name}"
    message = str(entry["msg"]).removeprefix("Value error, ")
    if entry["type"] == "list_type":
        message = 'a list is needed (JSON in the environment), such as ["/dev/ttyUSB0"]'
    shown = "" if "password" in name or entry["type"] == "value_error" else f"found {entry['input']!r}; "
    return f"{where}: {shown}{message[0].lower() + message[1:]}"


def _meant(name: str, names: Any) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are: {', '.join(sorted(names))}"


def _password(settings: AgentSettings) -> dict[str, SecretStr]:
    """The password from its file, or from the systemd credential where neither is set."""
    if settings.broker_password is not None:
        if settings.broker_password_file is not None:
            raise SettingsError("broker_password and broker_password_file are both set; keep one of them")
        return {}
    path = settings.broker_password_file
    if path is None:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        path = Path(folder) / PASSWORD_CREDENTIAL if folder else None
        if path is None or not path.exists():
            return {}
    try:
        return {"broker_password": SecretStr(path.read_text(encoding="utf-8").rstrip("\r\n"))}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"broker_password_file {path}: {error}; name a text file that can be read") from None
