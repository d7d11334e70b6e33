"""`shelf-agent run`: the service."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent import __version__
from agent.commands.errors import EXIT_DONE, CommandError, UsageError

if TYPE_CHECKING:
    from agent.journal import Journal
    from agent.pipeline.told import ShelfPipeline
    from agent.service.service import Service
    from agent.service.timeline import TimeLine
    from agent.settings import AgentSettings
    from agent.sources.recorder import Recorder
    from agent.store import Store

log = logging.getLogger(__name__)

RETRY_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `run`."""
    from agent.commands.flags import add_settings

    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the store file again."""
    gc.disable()  # what a start makes stays: looking for garbage among it would take a tenth of the time
    from agent.commands.common import opened_journal
    from agent.commands.flags import settings_of, start_log
    from agent.journal import JournalWriteError
    from agent.service.service import ServiceFailure

    settings = settings_of(arguments)
    start_log(settings.log_level)
    assert settings.state is not None  # load_settings fills it in
    store, agent = _load(settings)  # what is wrong with it is said before anything is touched
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(EXIT_DONE))  # until the service takes it over
    with opened_journal(settings.state, _opened_when_possible) as journal:
        try:
            journal.claim(f"store {store.id}, agent {agent}")
        except JournalWriteError as error:
            log.warning("the state folder is not marked as this agent's: %s", error)
        service = _service(settings, journal)
        gc.freeze()
        gc.enable()

        def stop(_number: int, _frame: object) -> None:
            service.stop_asked = True

        def reload(_number: int, _frame: object) -> None:
            service.reload_asked = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGHUP, reload)
        try:
            service.run(store, agent)
        except ServiceFailure as error:
            raise CommandError(str(error)) from None
    return EXIT_DONE


def _opened_when_possible(state: Path) -> Journal:
    """The journal, once the disk lets it be opened: starting again and again would not make room."""
    from agent.journal import Journal, StateUnavailableError
    from agent.service.notify import Notifier

    notifier = Notifier()
    said = False
    while True:
        try:
            return Journal(state)
        except StateUnavailableError as error:
            if not said:
                log.error("%s; nothing is measured until then, trying again every second", error)
                notifier.ready()
                notifier.status(f"waiting for the disk: {error}")
            said = True
            notifier.alive()
            time.sleep(RETRY_S)


def _service(settings: AgentSettings, journal: Journal) -> Service:
    from agent.commands.common import made_pipeline
    from agent.service.clock import SystemClock, SystemSync
    from agent.service.notify import Notifier
    from agent.service.service import Service, World
    from agent.sources.opener import open_port
    from agent.uplink.home_assistant import discovery, discovery_topic
    from agent.uplink.link import BrokerFilesError, Credentials, MqttLink, Will, tls_context

    password = settings.broker_password
    credentials = Credentials(
        settings.broker_user,
        password.get_secret_value() if password else None,
        settings.broker_ca,
        settings.broker_cert,
        settings.broker_key,
    )
    try:
        if settings.broker_address.tls or credentials.ca is not None or credentials.cert is not None:
            tls_context(credentials)
    except BrokerFilesError as error:
        raise UsageError(str(error)) from None

    def link(client_id: str, will: Will) -> MqttLink:
        return MqttLink(settings.broker_address, client_id, will, credentials)

    def pipeline(store: Store, agent: str, epoch: str) -> ShelfPipeline:
        return made_pipeline(store, agent, epoch, journal)

    def announce(store: Store, agent: str) -> list[tuple[str, str]]:
        prefix = settings.home_assistant
        if prefix is None:
            return []
        config = discovery(store.id, agent, __version__, store.plates_of(agent), store.items)
        return [(discovery_topic(prefix, store.id, agent), config)]

    world = World(SystemClock(), SystemSync(settings.clock), open_port, link, pipeline, Notifier(), announce)
    return Service(world, journal, lambda: _reloaded(settings), settings.ports, lambda line: _recorder(settings, line))


def _load(settings: AgentSettings) -> tuple[Store, str]:
    from agent.commands.common import agent_of, read_store, store_path

    store = read_store(store_path(settings.store), settings.state)
    return store, agent_of(store, settings.id)


def _reloaded(settings: AgentSettings) -> tuple[Store, str]:
    try:
        return _load(settings)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _recorder(settings: AgentSettings, line: TimeLine) -> Recorder | None:
    if settings.record is None:
        return None
    from agent.commands.attachments import explaining
    from agent.sources.recorder import Recorder, RecorderError

    try:
        return Recorder(settings.record, explaining(settings), line.now_ns(), line.now_utc_ns)
    except RecorderError as error:
        raise UsageError(str(error)) from None
