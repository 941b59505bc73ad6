"""Every guard taken out in turn, and the invariant of the simulation that notices: `python -m tests.mutate`.

```
 core/*.py  decision codes ──┐                              ┌ as it is: nothing breaks
 aws/*.py   conditions ──────┴─ one row each ─ its world ───┴ taken out: an invariant breaks
```
"""
