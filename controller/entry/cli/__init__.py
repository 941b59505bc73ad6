"""The command `tidegate`: `main` is where it begins, one module a command."""
