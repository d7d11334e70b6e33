"""What several subcommands share: finding and reading the store file, the agent's id, the state folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.errors import CommandError, UsageError
from agent.store import Store, StoreError, load_store

if TYPE_CHECKING:
    from agent.journal import Journal
    from agent.pipeline.told import ShelfPipeline

# Settings and journal are loaded where they are needed: a replay of a named store file needs neither.


def store_path(named: Path | None) -> Path:
    """The store file of the settings, else of the environment (for commands that take no other settings).

    Raises:
        UsageError: neither names one.
    """
    if named is not None:
        return named
    from agent.settings import ENV_PREFIX

    path = os.environ.get(f"{ENV_PREFIX}STORE")
    if not path:
        raise UsageError(f"no store file named; say --store FILE or {ENV_PREFIX}STORE")
    return Path(path)


def read_store(path: Path, state: Path | None = None) -> Store:
    """The store, with the calibration of the state folder.

    Raises:
        UsageError: what is wrong with either, in one line.
    """
    try:
        store = load_store(path)
    except StoreError as error:
        raise UsageError(str(error)) from None
    return store if state is None else _calibrated(store, state)


def _calibrated(store: Store, state: Path) -> Store:
    from agent.journal import CalibrationError, calibrated, load_calibration

    try:
        return calibrated(store, load_calibration(state))
    except (StoreError, CalibrationError) as error:
        raise UsageError(str(error)) from None


def agent_of(store: Store, named: str | None) -> str:
    """Which agent of the store this is.

    Raises:
        UsageError: not one of the store's, or none named where it has several.
    """
    known = ", ".join(store.agents)
    if named is None:
        if len(store.agents) == 1:
            return store.agents[0]
        raise UsageError(f"the store has several agents; name one of them: {known}")
    if named not in store.agents:
        raise UsageError(f"agent {named!r} is not in the store file; it has: {known}")
    return named


def _open_now(state: Path) -> Journal:
    from agent.journal import Journal

    return Journal(state)


@contextmanager
def opened_journal(state: Path, open_journal: Callable[[Path], Journal] = _open_now) -> Iterator[Journal]:
    """The state folder, for as long as it is needed.

    Raises:
        UsageError: another version's, another agent's, or no folder that can be written.
        CommandError: locked, or not to be used.
    """
    from agent.journal import (
        BeliefRefusedError,
        JournalError,
        StateForeignError,
        StateTooNewError,
        StateUnusableError,
    )

    try:
        journal = open_journal(state)
    except (StateTooNewError, StateUnusableError) as error:
        raise UsageError(str(error)) from None
    except JournalError as error:
        raise CommandError(str(error)) from None
    try:
        yield journal
    except (StateForeignError, BeliefRefusedError) as error:
        raise UsageError(str(error)) from None
    except JournalError as error:
        raise CommandError(str(error)) from None
    finally:
        journal.close()


def made_pipeline(store: Store, agent: str, epoch: str, journal: Journal | None) -> ShelfPipeline:
    """The pipeline with the belief of the journal, where there is one.

    Raises:
        BeliefRefusedError: it does not fit this version or store file.
    """
    from agent.pipeline import Pipeline

    belief = journal.load_belief() if journal else None
    if journal is None or belief is None:
        return Pipeline(store, agent, epoch)
    try:
        return Pipeline(store, agent, epoch, belief)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        from agent.journal import BeliefRefusedError

        raise BeliefRefusedError(journal.folder, f"{type(error).__name__}: {error}") from error
