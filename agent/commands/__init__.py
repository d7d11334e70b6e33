"""The `shelf-agent` command: each subcommand is a module with `add_arguments` and `run`, imported when asked for."""

from agent.commands.main import main

__all__ = ["main"]
