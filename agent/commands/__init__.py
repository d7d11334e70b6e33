"""The `shelf-agent` command."""


def main() -> int:
    """Entry point."""
    return 0
