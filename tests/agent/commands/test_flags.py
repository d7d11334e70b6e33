"""Flags, environment and file speak of the same settings."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from agent.commands.errors import UsageError
from agent.commands.flags import SETTINGS, add_settings, settings_of
from agent.settings import AgentSettings


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return parser.parse_args(words)


def test_every_setting_has_a_flag_but_the_password() -> None:
    assert set(AgentSettings.model_fields) - set(SETTINGS) == {"broker_password"}
    assert set(SETTINGS) <= set(AgentSettings.model_fields)


@pytest.mark.parametrize("words", [['["/dev/a","/dev/b"]'], ["/dev/a", "/dev/b"]])
def test_ports_as_a_json_list_or_one_after_another(words: list[str]) -> None:
    settings = settings_of(parsed("--store", "s.toml", "--ports", *words))
    assert settings.ports == ["/dev/a", "/dev/b"]
    assert settings.store == Path("s.toml")


def test_a_wrong_setting_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--clock"):
        settings_of(parsed("--clock", "sundial"))
