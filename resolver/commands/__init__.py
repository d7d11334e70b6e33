"""The `shelf-resolver` command."""

from resolver.commands.main import main

__all__ = ["main"]
