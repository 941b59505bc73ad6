"""Months of evidence against a policy: what it would have done, beside what naive ones would have done.

```
 events ─> lines (a verdict over time for each signal) ─> leaves ─> conditions ─> moves, one after the other
           all of it as steps: values that change at moments, so a year costs as much as its changes
```
"""
