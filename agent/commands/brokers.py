"""The broker's credentials of the settings, for the commands that speak to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.commands.errors import CommandError, UsageError

if TYPE_CHECKING:
    from agent.operation.desk import Desk
    from agent.settings import AgentSettings
    from agent.uplink.link import Credentials


def credentials_of(settings: AgentSettings) -> Credentials:
    """How whoever runs this shows who it is."""
    from agent.uplink.link import Credentials

    password = settings.broker_password
    return Credentials(
        settings.broker_user,
        password.get_secret_value() if password else None,
        settings.broker_ca,
        settings.broker_cert,
        settings.broker_key,
    )


def opened_desk(settings: AgentSettings, store: str, topics: list[str]) -> Desk:
    """A connection that hears `topics`.

    Raises:
        UsageError: files of certificates that cannot be used.
        CommandError: the broker cannot be used.
    """
    from agent.operation.desk import Desk
    from agent.operation.errors import BrokerError
    from agent.uplink.link import BrokerFilesError

    try:
        desk = Desk(settings.broker_address, credentials_of(settings), store)
        desk.open(topics)
    except BrokerFilesError as error:
        raise UsageError(str(error)) from None
    except BrokerError as error:
        desk.close()
        raise CommandError(str(error)) from None
    return desk
