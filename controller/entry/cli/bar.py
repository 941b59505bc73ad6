"""A progress bar on stderr, where that is a terminal; nothing of it reaches stdout."""


class Bar:
    def __init__(self, what: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def step(self, by: int = 1, said: str | None = None) -> None:
        self._bar.update(self._task, advance=by, description=said)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
