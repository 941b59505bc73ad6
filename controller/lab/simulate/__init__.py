"""The simulation: random outages with faults everywhere, and invariants after every step.

It is deterministic: the same seed gives the same run.
```
 seed ─> world (application, three controllers) ─┬─ safety: uniform random faults
                                                 └─ liveness: a core is healed for good, the rest stays broken
         every call, append, ARC change ─> fact ─> record of what was seen ─> invariants ─> break: seed, step
```
"""
