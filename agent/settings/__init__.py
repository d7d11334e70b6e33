"""Settings of the agent: flags over SHELF_AGENT_* over the TOML file named by --config."""

from agent.settings.broker import BrokerAddress, BrokerAddressError
from agent.settings.load import SettingsError, load_settings
from agent.settings.model import ENV_PREFIX, AgentSettings

__all__ = [
    "ENV_PREFIX",
    "AgentSettings",
    "BrokerAddress",
    "BrokerAddressError",
    "SettingsError",
    "load_settings",
]
