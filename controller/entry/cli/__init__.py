"""The command `tidegate`."""

from controller.entry.cli.run import main

__all__ = ["main"]
