"""How a command ends that cannot do what it was asked: one line, and an exit code of the contract."""

from __future__ import annotations

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_FOUND = 3
EXIT_INTERRUPTED = 130


class CommandError(Exception):
    """Ends the command with `exit_code`; the text is the one line on standard error."""

    exit_code = EXIT_FAILED


class UsageError(CommandError):
    """Wrong usage, settings, store file or recording: starting again would not help."""

    exit_code = EXIT_USAGE
