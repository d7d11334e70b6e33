"""Settings: who wins, and the one line where something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import BrokerAddress, BrokerAddressError, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def test_flags_win_over_environment_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "agent.toml"
    config.write_text('store = "from-file"\nid = "file"\nbroker = "mqtt://file"\nports = ["/dev/f"]\n')
    monkeypatch.setenv("SHELF_AGENT_ID", "env")
    monkeypatch.setenv("SHELF_AGENT_BROKER", "mqtts://env:9000")
    settings = load_settings({"broker": "mqtt://flag:1", "id": None}, config)
    assert settings.broker == "mqtt://flag:1"
    assert settings.id == "env"
    assert settings.store == Path("from-file")
    assert settings.ports == ["/dev/f"]


def test_ports_of_the_environment_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_AGENT_PORTS", '["/dev/ttyUSB0","/dev/ttyUSB1"]')
    assert load_settings({"store": "s"}, None).ports == ["/dev/ttyUSB0", "/dev/ttyUSB1"]
    monkeypatch.setenv("SHELF_AGENT_PORTS", "/dev/ttyUSB0")
    with pytest.raises(SettingsError, match=r"SHELF_AGENT_PORTS.*JSON"):
        load_settings({"store": "s"}, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('stroe = "x"', "stroe: unknown setting; did you mean store"),
        ('store = "x"\nid = "A B"', "id: found 'A B'"),
        ('store = "x"\nbroker = "http://h"', "scheme 'http'"),
        ('store = "x"\nports = ["/dev/a", "/dev/a"]', "twice"),
        ('store = "x', "not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, says: str, tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(text)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings({}, config)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELF_AGENT_BROKR", "mqtt://h")
    with pytest.raises(SettingsError, match="SHELF_AGENT_BROKR: unknown setting; did you mean SHELF_AGENT_BROKER"):
        load_settings({"store": "s"}, None)


def test_the_password_comes_from_a_file_or_the_systemd_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "broker-password"
    secret.write_text("hush\n")
    by_file = load_settings({"store": "s", "broker_password_file": secret}, None)
    assert by_file.broker_password is not None
    assert by_file.broker_password.get_secret_value() == "hush"
    assert "hush" not in repr(by_file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    by_credential = load_settings({"store": "s"}, None)
    assert by_credential.broker_password == by_file.broker_password
    with pytest.raises(SettingsError, match="broker_password_file"):
        load_settings({"store": "s", "broker_password_file": tmp_path / "none"}, None)


@pytest.mark.parametrize("text", ["", "host", "mqtt://", "mqtt://h:0", "mqtt://h:99999", "mqtt://u:p@h", "mqtt://h/x"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(BrokerAddressError, match="mqtt://host:1883") as caught:
        BrokerAddress.parse(text)
    assert "u:p" not in str(caught.value)


def test_addresses() -> None:
    assert BrokerAddress.parse("mqtts://broker") == BrokerAddress("broker", 8883, tls=True)
    assert str(BrokerAddress.parse("mqtt://[::1]:7")) == "mqtt://[::1]:7"
