"""A running execution as plain data, so that it survives a restart.

```
 Execution ── strand 0: Assess ─> Hold ─> Both (Parallel)
                                            ├── strand 1: branch 0, in its state Left
                                            └── strand 2: branch 1, in its state Right
```

None of these has a repr that shows data: inputs and tasks carry task tokens.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Phase = Literal["enter", "start", "running", "submitted", "wait", "backoff", "parallel"]
"""What a strand does next, or waits for.

enter: its state is about to be entered. start: its task is scheduled, about to be started.
running: the call is in flight. submitted: the call answered, the callback has not.
wait: a Wait state until `due`. backoff: a retry at `due`. parallel: its branches.
"""


@dataclass(slots=True, repr=False)
class TaskRun:
    """One attempt of a Task state. Times in seconds since 1970."""

    serial: int
    service: str
    action: str
    callback: bool
    parameters: str
    token: str | None
    timeout_at: float | None
    heartbeat_every: float | None
    heartbeat_at: float | None


@dataclass(slots=True, repr=False)
class Strand:
    """One line of execution: the whole, or one branch of a Parallel state.

    `scope` is where its states lie in the definition.
    """

    number: int
    parent: int | None
    branch: int
    scope: list[str | int]
    state: str
    input: Any
    last_event: int
    phase: Phase = "enter"
    due: float = 0.0
    entered_at: float = 0.0
    attempts: list[int] = field(default_factory=list)
    retries: int = 0
    task: TaskRun | None = None
    forked: bool = False
    results: list[Any] = field(default_factory=list)
    pending: int = 0


@dataclass(slots=True, repr=False)
class Execution:
    number: int
    arn: str
    name: str
    machine_arn: str
    role_arn: str
    definition: str
    input: str
    start: float
    status: str = "RUNNING"
    stop: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    strands: dict[int, Strand] = field(default_factory=dict)
    next_strand: int = 0
    next_serial: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, repr=False)
class Machine:
    arn: str
    name: str
    definition: str
    role_arn: str
    created: float
    updated: float
