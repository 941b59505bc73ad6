"""The command `tidegate`: it begins in `main`; each command has a module."""
