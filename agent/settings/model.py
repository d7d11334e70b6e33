"""The settings as one frozen model; the names are the flags, the TOML keys and, in capitals, the environment's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from agent.settings.broker import BrokerAddress

ENV_PREFIX = "SHELF_AGENT_"
DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


def _address(text: str) -> str:
    return str(BrokerAddress.parse(text))


def _distinct(ports: list[str] | None) -> list[str] | None:
    if ports is not None and len(set(ports)) != len(ports):
        raise ValueError("a port is named twice")
    return ports


def _level(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


class AgentSettings(BaseSettings):
    """What the commands of the agent can be told."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    store: Path | None = None
    id: Id | None = None
    ports: Annotated[list[Annotated[str, Field(min_length=1)]] | None, AfterValidator(_distinct)] = None
    broker: Annotated[str, AfterValidator(_address)] = DEFAULT_BROKER
    broker_user: str | None = None
    broker_password: SecretStr | None = None
    broker_password_file: Path | None = None
    broker_ca: Path | None = None
    broker_cert: Path | None = None
    broker_key: Path | None = None
    state: Path | None = None
    record: Path | None = None
    clock: Literal["auto", "ntp", "host"] = "auto"
    home_assistant: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/-]+$")] | None = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_level)] = "info"

    @property
    def broker_address(self) -> BrokerAddress:
        return BrokerAddress.parse(self.broker)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, file. The file is told through the model's configuration by `load_settings`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
